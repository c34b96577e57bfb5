//! The figures of a training job. A job ends before anybody scrapes it, so it writes them as a file, which node_exporter's textfile
//! collector shows (<https://github.com/prometheus/node_exporter#textfile-collector>). A push gateway would keep showing a job that
//! was deleted a year ago.

use super::exposition::text;
use super::register::add;
use prometheus::{GaugeVec, Opts, Registry};
use std::path::Path;

const LABELS: [&str; 2] = ["model", "version"];

/// What one job says about itself.
#[derive(Debug)]
pub struct TrainingFigures {
    registry: Registry,
    labels: [String; 2],
    duration_seconds: GaugeVec,
    rows: GaugeVec,
    loss: GaugeVec,
    epochs: GaugeVec,
    evaluation: GaugeVec,
    last_success: GaugeVec,
}

impl TrainingFigures {
    /// Nothing has been measured yet, and nothing is shown.
    ///
    /// # Errors
    /// When two figures have one name, which a test rules out.
    pub fn new(model: &str, version: &str) -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        let gauge = |name: &str, help: &str, labels: &[&str]| {
            let gauge = GaugeVec::new(Opts::new(name, help), labels)?;
            add(&registry, gauge)
        };
        let duration_seconds = gauge("training_duration_seconds", "How long the job took.", &LABELS)?;
        let rows = gauge("training_rows", "Rows that the model was fitted to.", &LABELS)?;
        let loss = gauge("training_loss", "Mean log loss after the last epoch.", &LABELS)?;
        let epochs = gauge("training_epochs", "Epochs until the fit had settled.", &LABELS)?;
        let evaluation = gauge("training_evaluation", "On held-out rows.", &["model", "version", "measure"])?;
        let last_success = gauge(
            "training_last_success_timestamp_seconds",
            "When a job last ended with a model that may be used.",
            &LABELS,
        )?;
        let labels = [model.to_owned(), version.to_owned()];
        Ok(Self { registry, labels, duration_seconds, rows, loss, epochs, evaluation, last_success })
    }

    /// How far the fit has come.
    pub fn progress(&self, rows: usize, epochs: usize, loss: f64) {
        self.rows.with_label_values(&self.labels).set(rows as f64);
        self.epochs.with_label_values(&self.labels).set(epochs as f64);
        self.loss.with_label_values(&self.labels).set(loss);
    }

    /// How good the model is on rows that it has not seen.
    pub fn evaluated(&self, measure: &str, value: f64) {
        self.evaluation.with_label_values(&[self.labels[0].as_str(), &self.labels[1], measure]).set(value);
    }

    /// It ended well, so long after it began, at this time.
    pub fn succeeded(&self, duration_seconds: f64, at_seconds: f64) {
        self.duration_seconds.with_label_values(&self.labels).set(duration_seconds);
        self.last_success.with_label_values(&self.labels).set(at_seconds);
    }

    /// Writes the file, whole or not at all: node_exporter reads whenever it likes.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), mod_106::documents::Error> {
        let text = text(&self.registry).unwrap_or_else(|error| format!("# cannot be shown: {error}\n").into_bytes());
        mod_106::documents::write(path, &text)
    }
}

#[cfg(test)]
mod tests {
    use super::TrainingFigures;

    #[test]
    fn the_file_holds_what_was_measured() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("training.prom");
        let figures = TrainingFigures::new("payments", "3").unwrap();
        figures.progress(20_000, 41, 0.25);
        figures.evaluated("auc", 0.91);
        figures.succeeded(1.5, 1_800_000_000.0);
        figures.write(&path).unwrap();
        insta::assert_snapshot!(std::fs::read_to_string(path).unwrap());
    }
}
