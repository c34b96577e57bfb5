//! Callers: payments of the same population as training, one after the other, and later what was true of them. A seed is a rehearsal
//! that can be played again.

use super::error::Error;
use super::population::Population;
use serde::Serialize;
use serde_json::json;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// What to send.
#[derive(Clone, Debug)]
pub struct Traffic {
    /// The API door.
    pub url: String,
    /// How many questions.
    pub requests: u64,
    /// Questions a second; without it, as fast as they are answered.
    pub per_second: Option<f64>,
    /// What they are drawn from.
    pub seed: u64,
    /// Who asks, in turn.
    pub tenants: Vec<String>,
    /// Whether labels follow.
    pub labels: bool,
    /// Whether explanations are wanted.
    pub explain: bool,
}

/// What came back.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Report {
    /// Questions that were sent.
    pub requests: u64,
    /// Answered with a prediction.
    pub answered: u64,
    /// Refused or failed, by status.
    pub refused: std::collections::BTreeMap<u16, u64>,
    /// Predictions that were right.
    pub correct: u64,
    /// Labels that were taken.
    pub labels: u64,
}

/// Sends it, and says what came back.
///
/// # Errors
/// When the service cannot be reached.
pub async fn send(traffic: &Traffic) -> Result<Report, Error> {
    // A second provider in one process is no reason not to send.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let unreachable = |error: reqwest::Error| Error::Unreachable { url: traffic.url.clone(), reason: cause(&error) };
    let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(90)).build().map_err(unreachable)?;
    let mut population = Population::new(traffic.seed);
    let mut report = Report::default();
    let begun = Instant::now();
    for number in 0..traffic.requests {
        if let Some(per_second) = traffic.per_second.filter(|rate| *rate > 0.0) {
            sleep_until(begun + Duration::from_secs_f64(number as f64 / per_second)).await;
        }
        let payment = population.draw();
        let mut question = json!({ "features": payment.features() });
        if let Some(tenant) = traffic.tenants.get(number as usize % traffic.tenants.len().max(1)) {
            question["tenant"] = json!(tenant);
        }
        if traffic.explain {
            question["explain"] = json!(true);
        }
        report.requests += 1;
        let sent = client.post(format!("{}/v1/predict", traffic.url)).json(&question).send().await;
        let answer = sent.map_err(unreachable)?;
        if !answer.status().is_success() {
            *report.refused.entry(answer.status().as_u16()).or_default() += 1;
            continue;
        }
        let answer: serde_json::Value = answer.json().await.map_err(unreachable)?;
        report.answered += 1;
        report.correct += u64::from(answer["prediction"] == payment.fraud);
        if traffic.labels {
            let label = json!({ "request_id": answer["request_id"], "label": payment.fraud });
            let told = client.post(format!("{}/v1/feedback", traffic.url)).json(&label).send().await;
            report.labels += u64::from(told.map_err(unreachable)?.status().is_success());
        }
    }
    Ok(report)
}

/// What lies at the bottom of a chain of errors: `connection refused` rather than `error sending request`.
fn cause(error: &dyn std::error::Error) -> String {
    let mut deepest = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    deepest.to_string()
}
