//! The decision as a service that a gateway asks before each call: `POST /v1/decide` with a model and a tenant. Files are read anew for
//! each question, so that a new state, policy or override holds at once; a gateway that asks a thousand times a second should remember
//! an answer for a second.

use super::error::Error;
use super::policy::{Files, Request};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{get, post};
use jiff::Timestamp;
use serde_json::json;
use std::sync::Arc;
use tokio::net::TcpListener;

/// Serves until `stop` is done. `ready` is told the address.
///
/// # Errors
/// An address that is taken.
pub async fn serve(
    files: Files,
    address: &str,
    ready: impl FnOnce(&str),
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), Error> {
    let bind = |source| Error::Bind { address: address.to_owned(), source };
    let listener = TcpListener::bind(address).await.map_err(bind)?;
    ready(&format!("http://{}", listener.local_addr().map_err(bind)?));
    let router = Router::new().route("/v1/decide", post(decide)).route("/health", get(|| async { "alive\n" }));
    axum::serve(listener, router.with_state(Arc::new(files))).with_graceful_shutdown(stop).await.map_err(bind)
}

/// 200 with a decision, 400 to what is no question, 500 where nobody has said what follows.
async fn decide(State(files): State<Arc<Files>>, body: Bytes) -> Response {
    let request: Request = match serde_json::from_slice(&body) {
        Ok(request) => request,
        Err(error) => return (StatusCode::BAD_REQUEST, Json(json!({ "error": error.to_string() }))).into_response(),
    };
    match files.decide(&request, Timestamp::now()) {
        Ok(decision) => Json(decision).into_response(),
        Err(error) => {
            tracing::error!(%error, "no policy, so no decision");
            (StatusCode::INTERNAL_SERVER_ERROR, Json(json!({ "error": error.to_string() }))).into_response()
        }
    }
}
