//! Shows the figures as Prometheus reads them.

use super::figures::Figures;
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use prometheus::{Encoder, Registry, TEXT_FORMAT, TextEncoder};
use std::sync::Arc;

/// `GET /metrics`.
pub fn router(figures: Arc<Figures>) -> Router {
    Router::new().route("/metrics", get(scrape)).with_state(figures)
}

/// Everything in a registry, in Prometheus' text format.
///
/// # Errors
/// When a metric has no name or no type, which its constructor rules out.
pub fn text(registry: &Registry) -> Result<Vec<u8>, prometheus::Error> {
    let mut text = Vec::new();
    TextEncoder::new().encode(&registry.gather(), &mut text)?;
    Ok(text)
}

async fn scrape(State(figures): State<Arc<Figures>>) -> Response {
    figures.refresh();
    match text(&figures.registry) {
        Ok(text) => ([(header::CONTENT_TYPE, TEXT_FORMAT)], text).into_response(),
        Err(error) => {
            tracing::error!(%error, "cannot write the figures");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
