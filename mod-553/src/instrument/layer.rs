//! Around every request: how many, how long, with which outcome. What a request is called is said in one place for all servers of the
//! house, `mod_106::server::observe::request`.

use super::figures::Figures;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use mod_106::server::observe::request::{self, InFlight};
use std::sync::Arc;
use std::time::Instant;

/// Counts and times; for `axum::middleware::from_fn_with_state`.
pub async fn observe(State(figures): State<Arc<Figures>>, request: Request, next: Next) -> Response {
    let (route, method) = (request::route(&request), request::method(&request));
    let (started, active) = (Instant::now(), InFlight::new(figures.active_requests.clone()));
    let response = next.run(request).await;
    drop(active);
    let status = response.status();
    let labels = [method, &route, status.as_str()];
    figures.request_seconds.with_label_values(&labels).observe(started.elapsed().as_secs_f64());
    response
}
