//! Serves the figures in Prometheus' text format, and nothing else.

use super::figures::Figures;
use super::probe::Probe;
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use prometheus::{Encoder, TEXT_FORMAT, TextEncoder};

/// `GET /metrics`.
pub fn router(figures: Figures, probe: Probe) -> Router {
    Router::new().route("/metrics", get(scrape)).with_state((figures, probe))
}

async fn scrape(State((figures, probe)): State<(Figures, Probe)>) -> Response {
    let mut text = Vec::new();
    // The disk is asked on a thread that may wait: a network file system can hang.
    let looked = figures.clone();
    if let Err(error) = tokio::task::spawn_blocking(move || probe.look(&looked)).await {
        tracing::error!(%error, "a probe failed");
    }
    match TextEncoder::new().encode(&figures.registry.gather(), &mut text) {
        Ok(()) => ([(header::CONTENT_TYPE, TEXT_FORMAT)], text).into_response(),
        Err(error) => {
            tracing::error!(%error, "cannot write the figures");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
