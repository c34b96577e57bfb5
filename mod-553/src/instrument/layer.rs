//! Around every request: how many, how long, with which outcome.

use super::figures::Figures;
use axum::extract::{MatchedPath, Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::Response;
use prometheus::IntGauge;
use std::sync::Arc;
use std::time::Instant;

/// What a request is called that no route answers: the path itself would be a series for each typing mistake.
const NO_ROUTE: &str = "none";

/// Counts and times; for `axum::middleware::from_fn_with_state`.
pub async fn observe(State(figures): State<Arc<Figures>>, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map_or(NO_ROUTE, MatchedPath::as_str).to_owned();
    let method = method_label(request.method());
    let (started, active) = (Instant::now(), Active::new(figures.active_requests.clone()));
    let response = next.run(request).await;
    drop(active);
    let status = response.status();
    let labels = [method, &route, status.as_str()];
    figures.request_seconds.with_label_values(&labels).observe(started.elapsed().as_secs_f64());
    response
}

/// One more while it lives, also when the caller hangs up half-way.
struct Active(IntGauge);

impl Active {
    fn new(gauge: IntGauge) -> Self {
        gauge.inc();
        Self(gauge)
    }
}

impl Drop for Active {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// Methods are free text on the wire; OpenTelemetry calls those that it does not know `_OTHER`.
fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "_OTHER",
    }
}
