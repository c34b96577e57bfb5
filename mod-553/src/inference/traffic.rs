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

/// Somebody who asks, one question after the other.
#[derive(Debug)]
pub struct Caller {
    client: reqwest::Client,
    population: Population,
    url: String,
    labels: bool,
    explain: bool,
}

impl Caller {
    /// A caller of the service at `url`, whose questions follow from the seed.
    #[must_use]
    pub fn new(client: reqwest::Client, url: &str, seed: u64, labels: bool, explain: bool) -> Self {
        Self { client, population: Population::new(seed), url: url.to_owned(), labels, explain }
    }

    /// Asks once, tells what was true if labels are to follow, and counts what came back.
    ///
    /// # Errors
    /// When the service cannot be reached.
    pub async fn ask(&mut self, tenant: Option<&str>, report: &mut Report) -> Result<(), Error> {
        let unreachable = |error: reqwest::Error| Error::Unreachable { url: self.url.clone(), reason: cause(&error) };
        let payment = self.population.draw();
        let mut question = json!({ "features": payment.features() });
        if let Some(tenant) = tenant {
            question["tenant"] = json!(tenant);
        }
        if self.explain {
            question["explain"] = json!(true);
        }
        report.requests += 1;
        let sent = self.client.post(format!("{}/v1/predict", self.url)).json(&question).send().await;
        let answer = sent.map_err(unreachable)?;
        if !answer.status().is_success() {
            *report.refused.entry(answer.status().as_u16()).or_default() += 1;
            return Ok(());
        }
        let answer: serde_json::Value = answer.json().await.map_err(unreachable)?;
        report.answered += 1;
        report.correct += u64::from(answer["prediction"] == payment.fraud);
        if self.labels {
            let label = json!({ "request_id": answer["request_id"], "label": payment.fraud });
            let told = self.client.post(format!("{}/v1/feedback", self.url)).json(&label).send().await;
            report.labels += u64::from(told.map_err(unreachable)?.status().is_success());
        }
        Ok(())
    }
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
    let mut caller = Caller::new(client, &traffic.url, traffic.seed, traffic.labels, traffic.explain);
    let mut report = Report::default();
    let begun = Instant::now();
    for number in 0..traffic.requests {
        if let Some(per_second) = traffic.per_second.filter(|rate| *rate > 0.0) {
            sleep_until(begun + Duration::from_secs_f64(number as f64 / per_second)).await;
        }
        let tenant = traffic.tenants.get(number as usize % traffic.tenants.len().max(1));
        caller.ask(tenant.map(String::as_str), &mut report).await?;
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
