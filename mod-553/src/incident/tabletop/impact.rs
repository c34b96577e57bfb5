//! What an exercise cost, counted by the service itself between the first fault and the end.

use super::exposition::Scrape;
use serde::{Deserialize, Serialize};

/// In numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Impact {
    /// Predictions that were asked for.
    pub requests: f64,
    /// Answered with an error.
    pub failed: f64,
    /// Answered later than 0.25 s.
    pub slow: f64,
    /// Proven wrong by a label.
    pub wrong: f64,
    /// That would have been wrong anyway, by the share before.
    pub wrong_expected: f64,
    /// Tokens that were spent.
    pub tokens: f64,
    /// That would have been spent anyway, by the rate before.
    pub tokens_expected: f64,
    /// Fraud that was let through, in US dollars.
    pub loss_usd: f64,
}

const REQUESTS: &str = "http_server_request_duration_seconds_count{http_route=\"/v1/predict\"}";
const FAST: &str = "http_server_request_duration_seconds_bucket{http_route=\"/v1/predict\",le=\"0.25\"}";

impl Impact {
    /// What happened between `begins` and `ends`, held against what happened between `first` and `begins`.
    pub(super) fn between(first: &Scrape, begins: &Scrape, ends: &Scrape) -> Self {
        let during = |wanted: &str| ends.sum(wanted) - begins.sum(wanted);
        let before = |wanted: &str| begins.sum(wanted) - first.sum(wanted);
        let share = |part: &str, whole: &str| if before(whole) > 0.0 { before(part) / before(whole) } else { 0.0 };
        let (labels, wrong) = ("model_labels_total", "model_labels_total{correct=\"false\"}");
        let tokens = "gen_ai_client_token_usage_sum";
        Self {
            requests: during(REQUESTS),
            failed: during("model_predictions_total{outcome=\"error\"}"),
            slow: (during(REQUESTS) - during(FAST)).max(0.0),
            wrong: during(wrong),
            wrong_expected: (during(labels) * share(wrong, labels)).round(),
            tokens: during(tokens),
            tokens_expected: (during(REQUESTS) * share(tokens, REQUESTS)).round(),
            loss_usd: during("business_loss_usd_total"),
        }
    }
}
