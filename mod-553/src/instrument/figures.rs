//! Every metric of a process that serves models, and the registry that shows them. Counters that an alert divides by start at 0,
//! so that `rate` sees the very first failure.

use super::budget::Budget;
use super::business::Business;
use super::drift::Window;
use super::quality::Quality;
use super::register::{add, counter, gauges, histogram};
use prometheus::{GaugeVec, HistogramVec, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry};
use std::sync::{Mutex, PoisonError};

/// OpenTelemetry's advice for durations of HTTP requests; 0.25 s is the objective's bound, so it has to be one of these.
const SECONDS: [f64; 14] = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];
/// Scores are probabilities.
const SCORES: [f64; 10] = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0];

const MODEL: [&str; 3] = ["model", "version", "variant"];
/// A process sees few versions between two restarts; a rollout loop gone wild sees many.
const VERSIONS: usize = 20;

/// Which deployment of which version answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Served {
    /// The model's registered name.
    pub model: String,
    /// Its version.
    pub version: String,
    /// `stable` or `canary`.
    pub variant: String,
}

/// Everything that is counted.
#[derive(Debug)]
pub struct Figures {
    /// What a scrape reads.
    pub registry: Registry,
    /// By method, route and status code.
    pub request_seconds: HistogramVec,
    /// Requests that have no response yet.
    pub active_requests: IntGauge,
    /// The model alone, without the way to it, by model.
    pub inference_seconds: HistogramVec,
    /// By model and `outcome`: `ok`, `error` (ours) or `rejected` (the caller's).
    pub predictions: IntCounterVec,
    /// By model and `error_type`.
    pub errors: IntCounterVec,
    /// Always 1; what is served now, by model and `digest`.
    pub info: IntGaugeVec,
    /// Probabilities of the positive class, by model.
    pub score: HistogramVec,
    /// By model and `class`.
    pub predicted_class: IntCounterVec,
    /// Labels that came, by model and `correct`.
    pub labels: IntCounterVec,
    /// Labels that came, by model, `predicted` and `actual`.
    pub confusion: IntCounterVec,
    /// What it is worth to the business, and what it costs.
    pub business: Business,
    /// By model, `feature` and `state`.
    pub input_values: IntCounterVec,
    /// By `result`: `written` or `failed`.
    pub log_records: IntCounterVec,
    /// 1 while a fault is injected on purpose, by `fault`.
    pub faults: IntGaugeVec,
    feature_psi: GaugeVec,
    window_requests: IntGaugeVec,
    versions: Budget,
    window: Mutex<Option<(String, Window)>>,
}

impl Figures {
    /// All figures at nothing; so many tenants may have names of their own.
    ///
    /// # Errors
    /// When two figures have one name, which a test rules out.
    pub fn new(tenant_budget: usize) -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        let r = &registry;
        let overflow = counter(r, "telemetry_label_overflow_total", "Values beyond a label's budget.", &["label"])?;
        let budgets = gauges(r, "telemetry_label_budget", "Values that a label may take.", &["label"])?;
        let budget = |label: &str, limit: usize| {
            budgets.with_label_values(&[label]).set(i64::try_from(limit).unwrap_or(i64::MAX));
            Budget::new(limit, overflow.with_label_values(&[label]))
        };
        let log_records = log_records(r)?;
        let active = IntGauge::new("http_server_active_requests", "Requests that have no response yet.")?;
        show_version(r)?;
        let model_and = |label: &'static str| [&MODEL[..], &[label]].concat();
        let http = ["http_request_method", "http_route", "http_response_status_code"];
        Ok(Self {
            request_seconds: histogram(
                r,
                "http_server_request_duration_seconds",
                "Duration of HTTP server requests.",
                &SECONDS,
                &http,
            )?,
            active_requests: add(r, active)?,
            inference_seconds: histogram(r, "model_inference_duration_seconds", "The model alone.", &SECONDS, &MODEL)?,
            predictions: counter(r, "model_predictions_total", "Predictions asked for.", &model_and("outcome"))?,
            errors: counter(r, "model_errors_total", "Predictions that could not be made.", &model_and("error_type"))?,
            info: gauges(r, "model_info", "Always 1; what is served now.", &model_and("digest"))?,
            score: histogram(r, "model_prediction_score", "Probability of the positive class.", &SCORES, &MODEL)?,
            predicted_class: counter(r, "model_predicted_class_total", "Predictions by class.", &model_and("class"))?,
            labels: counter(
                r,
                "model_labels_total",
                "Labels that came, and whether they proved the model right.",
                &model_and("correct"),
            )?,
            confusion: counter(
                r,
                "model_confusion_total",
                "Labels beside predictions.",
                &[&MODEL[..], &["predicted", "actual"]].concat(),
            )?,
            business: Business::new(r, budget("tenant", tenant_budget))?,
            input_values: counter(
                r,
                "model_input_values_total",
                "Values of features, judged against training.",
                &["model", "feature", "state"],
            )?,
            log_records,
            faults: gauges(r, "inference_fault_active", "1 while a fault is injected on purpose.", &["fault"])?,
            feature_psi: add(
                r,
                GaugeVec::new(
                    Opts::new("model_feature_psi", "Bias-corrected PSI of the last requests against training."),
                    &["model", "feature"],
                )?,
            )?,
            window_requests: gauges(
                r,
                "model_drift_window_requests",
                "Requests that the drift signal looks at.",
                &["model"],
            )?,
            versions: budget("version", VERSIONS),
            window: Mutex::default(),
            registry,
        })
    }

    /// The labels of a deployment, within their budgets.
    pub fn labels_of(&self, served: &Served) -> [String; 3] {
        [served.model.clone(), self.versions.admit(&served.version), served.variant.clone()]
    }

    /// A deployment is there: its counters begin at 0.
    pub fn announce(&self, served: &Served, digest: &str, features: &[String]) {
        let [model, version, variant] = self.labels_of(served);
        let with = |last: &str| [model.clone(), version.clone(), variant.clone(), last.to_owned()];
        self.info.with_label_values(&with(digest)).set(1);
        for outcome in ["ok", "error", "rejected"] {
            self.predictions.with_label_values(&with(outcome));
        }
        for correct in ["true", "false"] {
            self.labels.with_label_values(&with(correct));
        }
        for class in ["fraud", "legitimate"] {
            self.predicted_class.with_label_values(&with(class));
            for actual in ["fraud", "legitimate"] {
                self.confusion.with_label_values(&[model.as_str(), &version, &variant, class, actual]);
            }
        }
        for decision in ["approve", "decline"] {
            self.business.decisions.with_label_values(&[&model, &variant, decision]);
            self.business.amount_usd.with_label_values(&[&model, &variant, decision]);
        }
        self.business.loss_usd.with_label_values(&[&model, &variant]);
        for feature in features {
            for quality in Quality::ALL {
                self.input_values.with_label_values(&[&model, feature, quality.word()]);
            }
        }
    }

    /// A deployment is gone: nothing says any more that it is served.
    pub fn retire(&self, served: &Served, digest: &str) {
        let [model, version, variant] = self.labels_of(served);
        // It may never have been announced.
        let _ = self.info.remove_label_values(&[&model, &version, &variant, digest]);
    }

    /// Watches drift against this training data from now on.
    pub fn watch(&self, model: &str, window: Window) {
        *self.window.lock().unwrap_or_else(PoisonError::into_inner) = Some((model.to_owned(), window));
    }

    /// Takes a request into the drift window.
    pub fn saw(&self, features: &std::collections::BTreeMap<String, crate::inference_log::Value>) {
        if let Some((_, window)) = &mut *self.window.lock().unwrap_or_else(PoisonError::into_inner) {
            window.add(features);
        }
    }

    /// Computes what changes without being set: at each scrape.
    pub fn refresh(&self) {
        if let Some((model, window)) = &*self.window.lock().unwrap_or_else(PoisonError::into_inner) {
            self.window_requests.with_label_values(&[model]).set(i64::try_from(window.len()).unwrap_or(i64::MAX));
            for (feature, psi) in window.stability() {
                self.feature_psi.with_label_values(&[model.as_str(), feature]).set(psi);
            }
        }
    }
}

/// Which build of ours it is.
fn show_version(registry: &Registry) -> Result<(), prometheus::Error> {
    let built = gauges(registry, "mod553_build_info", "Always 1; the version is the label.", &["version"])?;
    built.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
    Ok(())
}

/// Records of the inference log, written and failed, from 0.
fn log_records(registry: &Registry) -> Result<IntCounterVec, prometheus::Error> {
    let records = counter(registry, "inference_log_records_total", "Records of the inference log.", &["result"])?;
    for result in ["written", "failed"] {
        records.with_label_values(&[result]);
    }
    Ok(records)
}

#[cfg(test)]
mod tests {
    use super::{Figures, Served};

    #[test]
    fn no_tenant_and_no_version_makes_a_series_beyond_the_budget() {
        let figures = Figures::new(50).unwrap();
        for number in 0..1_000 {
            figures.business.tenant(Some(&format!("tenant-{number}")));
            let served = Served { model: "m".to_owned(), version: number.to_string(), variant: "stable".to_owned() };
            figures
                .predictions
                .with_label_values(&[&figures.labels_of(&served)[..], &["ok".to_owned()]].concat())
                .inc();
        }
        let series = |name: &str| {
            let families = figures.registry.gather();
            families.iter().find(|family| family.name() == name).map_or(0, |family| family.get_metric().len())
        };
        assert_eq!((series("business_requests_total"), series("model_predictions_total")), (51, 21));
        let overflow = figures.registry.gather().iter().find(|family| family.name().contains("overflow")).cloned();
        let counts: Vec<f64> =
            overflow.unwrap().get_metric().iter().map(|metric| metric.get_counter().get_value()).collect();
        assert_eq!(counts, [950.0, 980.0]);
    }
}
