//! Signals as other programs write them: drift reports (`mod-553 drift check`), performance (`mod-553 performance estimate --json`, or
//! `measure --json` once labels came) and alerts (Alertmanager's webhook, version 4). What a file is, it says itself; fields that nobody here needs are not read.
//! Next: `ledger.rs`, where observations become streaks.

use super::error::Error;
use super::proposal::{Window, digest};
use crate::slo::{Notification, Received};
use jiff::Timestamp;
use mod_106::validation::spec::MetricName;
use serde::Deserialize;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// One signal, read.
#[derive(Debug, Clone)]
pub struct Reading {
    /// The file's name, without its folder.
    pub file: String,
    /// `sha256:` and the digest of its bytes.
    pub digest: String,
    /// What it says.
    pub says: Observation,
}

/// What a signal says.
#[derive(Debug, Clone)]
pub enum Observation {
    /// A drift report.
    Drift {
        /// Which monitor's.
        monitor: String,
        /// What was compared, and when.
        window: Window,
        /// The share of columns that drifted or broke; nothing when there was too little to tell.
        share: Option<f64>,
        /// The report's own sentence.
        why: String,
    },
    /// Estimates of performance.
    Performance {
        /// Of which time, where the file says so.
        window: Option<Window>,
        /// Each metric that it estimates.
        metrics: Vec<Performance>,
    },
    /// What Alertmanager posted.
    Alerts(Vec<Received>),
}

/// How good the model is by one metric.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Performance {
    /// Which metric.
    pub metric: MetricName,
    /// The interval in which it lies; nothing when that cannot be told.
    pub interval: Option<[f64; 2]>,
    /// How much worse than the reference it is.
    pub loss: Option<Loss>,
}

/// How much of a metric is lost, in its unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Loss {
    /// At least; negative when something was gained.
    pub low: f64,
    /// Most likely.
    pub point: f64,
    /// At most.
    pub high: f64,
}

/// The files of one call, and the window of those that do not say theirs.
#[derive(Debug, Clone, Default)]
pub struct Files {
    /// Where they are.
    pub paths: Vec<PathBuf>,
    /// Of estimates without `window`.
    pub window: Option<Window>,
}

#[derive(Deserialize)]
struct DriftReport {
    version: u32,
    monitor: String,
    started_at: Timestamp,
    verdict: crate::drift::outcome::Verdict,
    why: String,
    window: Option<Window>,
    columns: Vec<DriftColumn>,
}

#[derive(Deserialize)]
struct DriftColumn {
    verdict: crate::drift::outcome::Verdict,
}

#[derive(Deserialize)]
struct Estimates {
    window: Option<Window>,
    chunks: Vec<Chunk>,
}

#[derive(Deserialize)]
struct Chunk {
    estimates: Vec<Estimated>,
}

#[derive(Deserialize)]
struct Estimated {
    metric: MetricName,
    estimated: Option<f64>,
    lower: Option<f64>,
    upper: Option<f64>,
    reference: f64,
    state: Option<String>,
}

#[derive(Deserialize)]
struct Labelled {
    windows: Vec<LabelledWindow>,
}

#[derive(Deserialize)]
struct LabelledWindow {
    start: Timestamp,
    end: Timestamp,
    standing: String,
    measures: Vec<Measured>,
}

#[derive(Deserialize)]
struct Measured {
    metric: MetricName,
    value: Option<f64>,
    interval: Option<Band>,
    limit: Option<f64>,
}

#[derive(Deserialize)]
struct Band {
    lower: f64,
    upper: f64,
}

impl Files {
    /// Reads them all.
    ///
    /// # Errors
    /// [`Error::Malformed`] with the file, what was found and what is expected.
    pub fn read(&self) -> Result<Vec<Reading>, Error> {
        self.paths.iter().map(|path| read(path, self.window)).collect()
    }
}

/// Reads one signal.
///
/// # Errors
/// [`Error::Malformed`] with the file, what was found and what is expected.
pub(super) fn read(path: &Path, window: Option<Window>) -> Result<Reading, Error> {
    let place = path.display().to_string();
    let bytes = std::fs::read(path).map_err(|error| Error::unreadable(&place, &error))?;
    let value: Value = serde_json::from_slice(&bytes)
        .map_err(|error| Error::malformed(&place, format!("{error}; expected a signal in JSON")))?;
    let says = if value.get("alerts").is_some() {
        alerts(value)
    } else if value.get("chunks").is_some() {
        estimates(value, window)
    } else if value.get("windows").is_some() {
        labelled(value)
    } else if value.get("monitor").is_some() {
        drift(value)
    } else {
        let keys: Vec<&str> =
            value.as_object().map(|object| object.keys().map(String::as_str).collect()).unwrap_or_default();
        Err(format!(
            "neither a drift report (`monitor`), nor estimates of performance (`chunks`), nor what labels say of it (`windows`), nor \
             Alertmanager's webhook (`alerts`), but an object with {keys:?}"
        ))
    };
    let says = says.map_err(|problem| Error::malformed(&place, problem))?;
    let file = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Ok(Reading { file, digest: digest(&bytes), says })
}

fn drift(value: Value) -> Result<Observation, String> {
    let version = value.get("version").cloned().unwrap_or_default();
    if version != crate::drift::outcome::VERSION {
        return Err(format!(
            "a drift report of version {version}; expected {}: write it with this version of `mod-553 drift check`",
            crate::drift::outcome::VERSION
        ));
    }
    let report: DriftReport = serde_json::from_value(value).map_err(|error| format!("no drift report: {error}"))?;
    debug_assert_eq!(report.version, crate::drift::outcome::VERSION, "looked at above");
    if report.columns.is_empty() {
        return Err("a drift report without columns".to_owned());
    }
    let concerns = report.columns.iter().filter(|column| column.verdict.is_concern()).count();
    let told = report.verdict.exit_code() != 4 || concerns > 0;
    let share = told.then(|| concerns as f64 / report.columns.len() as f64);
    let window = report.window.unwrap_or(Window { start: report.started_at, end: report.started_at });
    ordered(window)?;
    Ok(Observation::Drift { monitor: report.monitor, window, share, why: report.why })
}

fn estimates(value: Value, given: Option<Window>) -> Result<Observation, String> {
    let read: Estimates =
        serde_json::from_value(value).map_err(|error| format!("no estimates of performance: {error}"))?;
    // The latest rows stand last.
    let last = read.chunks.into_iter().next_back().ok_or("estimates of performance without a chunk")?;
    let window = read.window.or(given);
    window.map(ordered).transpose()?;
    let metrics = last.estimates.into_iter().map(performance).collect::<Result<_, String>>()?;
    Ok(Observation::Performance { window, metrics })
}

/// The latest window whose labels had their time. What is lost is lost against the limit: labels know no reference.
fn labelled(value: Value) -> Result<Observation, String> {
    let read: Labelled = serde_json::from_value(value).map_err(|error| format!("no windows of labels: {error}"))?;
    let ripe = read.windows.into_iter().rfind(|window| window.standing != "pending");
    let last = ripe.ok_or("no window whose labels had their time yet; ask again when one is ripe")?;
    let window = Window { start: last.start, end: last.end };
    ordered(window)?;
    let told = last.standing != "unlabelled";
    let metrics = last.measures.into_iter().filter_map(|seen| {
        let Measured { metric, value, interval, limit } = seen;
        let (lower, upper) = interval.map(|band| (Some(band.lower), Some(band.upper))).unwrap_or_default();
        let state = (!told).then(|| "inconclusive".to_owned());
        // Without a limit nothing says what would be a loss.
        limit.map(|reference| performance(Estimated { metric, estimated: value, lower, upper, reference, state }))
    });
    Ok(Observation::Performance { window: Some(window), metrics: metrics.collect::<Result<_, String>>()? })
}

fn performance(seen: Estimated) -> Result<Performance, String> {
    let Estimated { metric, reference, .. } = seen;
    let told = seen.state.as_deref() != Some("inconclusive");
    let known = (seen.estimated).zip(seen.lower.zip(seen.upper)).filter(|_| told);
    let Some((point, (lower, upper))) = known else { return Ok(Performance { metric, interval: None, loss: None }) };
    if !(lower <= point && point <= upper) {
        return Err(format!("{} is {point}, outside of its own band {lower} to {upper}", metric.word()));
    }
    let loss = if more_is_better(metric) {
        Loss { low: reference - upper, point: reference - point, high: reference - lower }
    } else {
        Loss { low: lower - reference, point: point - reference, high: upper - reference }
    };
    Ok(Performance { metric, interval: Some([lower, upper]), loss: Some(loss) })
}

/// Whether a model is the better, the larger this is.
pub(super) fn more_is_better(metric: MetricName) -> bool {
    use MetricName::{Brier, Ece, LogLoss, Mae, Rmse};
    !matches!(metric, LogLoss | Brier | Ece | Mae | Rmse)
}

fn alerts(value: Value) -> Result<Observation, String> {
    let posted: Notification =
        serde_json::from_value(value).map_err(|error| format!("no notification of Alertmanager's: {error}"))?;
    if posted.version != "4" {
        return Err(format!("version {:?} of Alertmanager's webhook; expected \"4\"", posted.version));
    }
    let odd = posted.alerts.iter().find(|alert| alert.status != "firing" && alert.status != "resolved");
    if let Some(alert) = odd {
        return Err(format!("an alert's status is {:?}; expected \"firing\" or \"resolved\"", alert.status));
    }
    Ok(Observation::Alerts(posted.alerts))
}

fn ordered(window: Window) -> Result<(), String> {
    if window.start <= window.end { Ok(()) } else { Err(format!("a window that ends before it begins: {window}")) }
}

/// How good the model is by one metric, in a file.
///
/// # Errors
/// A file that is something else, or that says nothing of it.
pub(super) fn performance_of(path: &Path, metric: MetricName) -> Result<(Reading, Performance), Error> {
    let reading = read(path, None)?;
    let place = path.display().to_string();
    let Observation::Performance { metrics, .. } = &reading.says else {
        return Err(Error::malformed(
            place,
            "expected performance (`mod-553 performance estimate --json` or `measure --json`)",
        ));
    };
    let found = metrics.iter().find(|seen| seen.metric == metric).copied();
    let found = found.ok_or_else(|| {
        Error::malformed(&place, format!("says nothing of {}, which the policy asks for", metric.word()))
    })?;
    Ok((reading, found))
}
