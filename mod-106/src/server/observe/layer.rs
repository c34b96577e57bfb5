//! Counts every request, its time, its outcome and, for artifacts, its bytes.

use super::figures::Figures;
use super::request::{self, InFlight};
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use futures::StreamExt;
use prometheus::IntCounter;
use std::time::Instant;

/// Around every request.
pub async fn observe(State(figures): State<Figures>, request: Request, next: Next) -> Response {
    let (route, method) = (request::route(&request), request::method(&request));
    let credentials = had_credentials(request.headers());
    let artifact = moves_artifact(&route);
    let request = if artifact && method == "PUT" { counting_in(request, &figures) } else { request };
    let (started, in_flight) = (Instant::now(), InFlight::new(figures.in_flight.clone()));
    let response = next.run(request).await;
    drop(in_flight);
    figures.duration_seconds.with_label_values(&[method, &route]).observe(started.elapsed().as_secs_f64());
    figures.requests.with_label_values(&[method, &route, class(response.status())]).inc();
    match response.status() {
        StatusCode::UNAUTHORIZED => {
            figures.sign_in_failures.with_label_values(&[if credentials { "wrong" } else { "missing" }]).inc();
        }
        StatusCode::SERVICE_UNAVAILABLE => figures.database_busy.inc(),
        _ => {}
    }
    if artifact && method == "GET" { counting_out(response, &figures) } else { response }
}

fn class(status: StatusCode) -> &'static str {
    match status.as_u16() / 100 {
        1 => "1xx",
        2 => "2xx",
        3 => "3xx",
        4 => "4xx",
        _ => "5xx",
    }
}

fn had_credentials(headers: &HeaderMap) -> bool {
    headers.contains_key(header::AUTHORIZATION)
}

fn moves_artifact(route: &str) -> bool {
    route.ends_with("/get-artifact") || route.contains("/mlflow-artifacts/artifacts/")
}

fn counting_in(request: Request, figures: &Figures) -> Request {
    let counter = figures.artifact_bytes.with_label_values(&["in"]);
    let (parts, body) = request.into_parts();
    Request::from_parts(parts, counted(body, counter))
}

fn counting_out(response: Response, figures: &Figures) -> Response {
    // An error's body is no artifact.
    if !response.status().is_success() {
        return response;
    }
    let counter = figures.artifact_bytes.with_label_values(&["out"]);
    let (parts, body) = response.into_parts();
    Response::from_parts(parts, counted(body, counter))
}

fn counted(body: Body, counter: IntCounter) -> Body {
    Body::from_stream(body.into_data_stream().inspect(move |chunk| {
        if let Ok(chunk) = chunk {
            counter.inc_by(chunk.len() as u64);
        }
    }))
}

#[cfg(test)]
mod tests {
    use super::{class, moves_artifact};
    use axum::http::StatusCode;

    #[test]
    fn labels_are_few() {
        assert_eq!(class(StatusCode::from_u16(299).unwrap()), "2xx");
        assert_eq!(class(StatusCode::from_u16(999).unwrap()), "5xx");
        assert!(moves_artifact("/api/2.0/mlflow-artifacts/artifacts/{*path}") && moves_artifact("/get-artifact"));
        assert!(!moves_artifact("/api/2.0/mlflow-artifacts/artifacts") && !moves_artifact("/api/2.0/mlflow/runs/get"));
    }
}
