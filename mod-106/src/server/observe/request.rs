//! What a request is called in metrics, and how many are under way: for each server of ours, so that one dashboard reads them all.
//!
//! Paths and methods are free text on the wire. As labels they would be a series for each typing mistake.

use axum::extract::{MatchedPath, Request};
use axum::http::Method;
use prometheus::IntGauge;

/// What a request is called that no route answers.
const NO_ROUTE: &str = "none";

/// The pattern of the route that answers it.
pub fn route(request: &Request) -> String {
    request.extensions().get::<MatchedPath>().map_or(NO_ROUTE, MatchedPath::as_str).to_owned()
}

/// Its method; OpenTelemetry calls those that it does not know `_OTHER`
/// (<https://opentelemetry.io/docs/specs/semconv/http/http-metrics/>).
pub fn method(request: &Request) -> &'static str {
    match *request.method() {
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

/// One more while it lives, also when the caller hangs up half-way.
#[derive(Debug)]
pub struct InFlight(IntGauge);

impl InFlight {
    /// One more.
    pub fn new(gauge: IntGauge) -> Self {
        gauge.inc();
        Self(gauge)
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.dec();
    }
}

#[cfg(test)]
mod tests {
    use super::{InFlight, method, route};
    use axum::extract::Request;
    use prometheus::IntGauge;

    #[test]
    fn names_are_few_whatever_is_asked() {
        let request = Request::builder().method("BREW").uri("/coffee/17").body(axum::body::Body::empty()).unwrap();
        assert_eq!((method(&request), route(&request).as_str()), ("_OTHER", "none"));
    }

    #[test]
    fn what_is_dropped_is_no_longer_under_way() {
        let gauge = IntGauge::new("active", "Active.").unwrap();
        let one = InFlight::new(gauge.clone());
        assert_eq!(gauge.get(), 1);
        drop(one);
        assert_eq!(gauge.get(), 0);
    }
}
