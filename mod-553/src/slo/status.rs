//! Where each objective stands: what is left of its budget, and how fast it burns.

use super::prometheus::{Error, Prometheus};
use super::spec::{Severity, Spec};
use jiff::Timestamp;
use serde::Serialize;

/// One objective.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Standing {
    /// Its name.
    pub slo: String,
    /// The share of good events that is promised.
    pub target: f64,
    /// The share of the budget that is left; absent without any traffic.
    pub remaining: Option<f64>,
    /// How many times faster than it may the budget burns, over the longest window that pages; absent without traffic.
    pub burn_rate: Option<f64>,
    /// What fires for it now.
    pub firing: Vec<String>,
}

impl Standing {
    /// Whether anything is known at all.
    pub fn is_known(&self) -> bool {
        self.remaining.is_some() || self.burn_rate.is_some()
    }
}

/// Asks for all objectives.
///
/// # Errors
/// The first question that Prometheus does not answer: half a picture looks like a whole one.
pub async fn standings(spec: &Spec, prometheus: &Prometheus, now: Timestamp) -> Result<Vec<Standing>, Error> {
    let mut standings = Vec::new();
    for slo in &spec.slos {
        let label = format!("{{slo=\"{}\"}}", slo.name);
        let pairs = [Severity::Page, Severity::Ticket].into_iter().flat_map(|severity| spec.pairs(slo, severity));
        let window = pairs.map(|burn| burn.long.to_string()).next().unwrap_or_else(|| "1h".to_owned());
        let budget = 1.0 - slo.target;
        let ratio = one(prometheus, &format!("slo:error_ratio:rate{window}{label}"), now).await?;
        let remaining = one(prometheus, &format!("slo:error_budget_remaining:ratio{label}"), now).await?;
        let firing = prometheus.instant(&format!("ALERTS{{alertstate=\"firing\", slo=\"{}\"}}", slo.name), now).await?;
        let mut firing: Vec<String> =
            firing.iter().filter_map(|series| series.labels.get("alertname").cloned()).collect();
        firing.sort();
        standings.push(Standing {
            slo: slo.name.clone(),
            target: slo.target,
            remaining,
            burn_rate: ratio.map(|ratio| ratio / budget),
            firing,
        });
    }
    Ok(standings)
}

async fn one(prometheus: &Prometheus, query: &str, now: Timestamp) -> Result<Option<f64>, Error> {
    let series = prometheus.instant(query, now).await?;
    Ok(series
        .first()
        .and_then(|series| series.points.first())
        .map(|(_, value)| *value)
        .filter(|value| value.is_finite()))
}
