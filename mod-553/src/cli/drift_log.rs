//! What a comparison leaves with others: reports and metrics at a run of the tracking server, alerts with whoever owns a column.

use crate::drift::outcome::Outcome;
use crate::drift::report::{self, Budget};
use anyhow::Context;
use mod_106::alerts::{Config as Receivers, Dispatcher, Options};
use mod_106::client::{ArtifactPath, Batch, Client, Config, MOST_METRICS, Metric, RunId, Tag};

/// A run that is logged to.
pub(super) struct Run {
    client: Client,
    run: RunId,
}

impl Run {
    /// Prepares the client from MLflow's variables.
    pub(super) fn open(run: RunId) -> anyhow::Result<Self> {
        let config =
            Config::from_env().context("set MLFLOW_TRACKING_URI, and credentials where the server asks for them")?;
        Ok(Self { client: Client::new(&config)?, run })
    }

    /// Artifacts under `drift/`, one metric a column, and the verdict as a tag.
    pub(super) async fn log(&self, outcome: &Outcome) -> anyhow::Result<()> {
        let root = self.client.artifact_root(&self.run).await?;
        let metrics = report::prometheus(&[outcome], Budget::default())?;
        let reports =
            [("drift.json", report::json(outcome)), ("drift.html", report::html(outcome)), ("drift.prom", metrics)];
        for (name, text) in reports {
            self.client.upload_bytes(&root, &ArtifactPath::parse(format!("drift/{name}"))?, text.into()).await?;
        }
        let timestamp = outcome.started_at.parse::<jiff::Timestamp>().map_or(0, jiff::Timestamp::as_millisecond);
        let metric = |key: String, value: f64| Metric { key, value, timestamp, step: 0 };
        let counts = outcome.family.counts;
        let mut metrics = vec![
            metric("drift.columns_drifted".to_owned(), counts.drift as f64),
            metric("drift.columns_broken".to_owned(), counts.broken as f64),
            metric("drift.columns_inconclusive".to_owned(), (counts.inconclusive + counts.unresolved) as f64),
        ];
        let effects = outcome.columns.iter().filter_map(|column| {
            let effect = column.values.as_ref()?.evidence.effect?;
            Some(metric(format!("drift.{}.effect", metric_name(&column.column)), effect))
        });
        // The server's own limit for a key.
        metrics.extend(effects.filter(|metric| metric.key.len() <= 250));
        for metrics in metrics.chunks(MOST_METRICS - 10) {
            self.client.log_batch(&self.run, &Batch { metrics, ..Batch::default() }).await?;
        }
        let tags =
            [Tag::new("drift.verdict", outcome.verdict.word()), Tag::new("drift.time", outcome.started_at.clone())];
        self.client.log_batch(&self.run, &Batch { tags: &tags, ..Batch::default() }).await?;
        Ok(())
    }
}

/// What a metric may be called: MLflow takes letters, digits, `_`, `-`, `.`, spaces and `/`.
fn metric_name(column: &str) -> String {
    let allowed = |character: char| character.is_ascii_alphanumeric() || "_-. /".contains(character);
    column.chars().map(|character| if allowed(character) { character } else { '_' }).collect()
}

/// Alerts by the columns' owners and severities. That somebody was not reached changes no verdict; it is said.
pub(super) async fn alert(config: &Receivers, outcome: &Outcome) -> anyhow::Result<()> {
    let dispatcher = Dispatcher::new(config);
    let options = Options { source: Some(format!("drift/{}", outcome.monitor)), dry_run: false };
    let variable = |name: &str| std::env::var(name).ok();
    let sent = dispatcher.send(&report::alerts(outcome), &options, jiff::Timestamp::now(), &variable).await?;
    if let Some(error) = dispatcher.undelivered(&sent) {
        eprintln!("warning: {error}");
    }
    Ok(())
}
