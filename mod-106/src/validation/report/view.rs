//! Words and groups that Markdown and HTML share: what a template cannot say well.

use crate::documents::{number, percent};
use crate::validation::outcome::{
    Bin, BinKind, Correction, DriftColumn, Expectation, Metric, Outcome, Performance, Precision, Severity, Threshold,
    Verdict,
};
use serde::Serialize;

/// What both templates see.
#[derive(Serialize)]
pub(super) struct View<'a> {
    pub(super) outcome: &'a Outcome,
    pub(super) headline: String,
    pub(super) tone: &'static str,
    pub(super) took_ms: u64,
    /// What did not pass, what decides first.
    pub(super) attention: Vec<Line<'a>>,
    pub(super) lines: Vec<Line<'a>>,
    pub(super) drift: Option<String>,
}

/// An expectation, said in words.
#[derive(Serialize)]
pub(super) struct Line<'a> {
    pub(super) it: &'a Expectation,
    pub(super) tone: &'static str,
    pub(super) title: String,
    pub(super) measured: String,
    pub(super) expected: String,
    pub(super) precision: String,
}

impl<'a> View<'a> {
    pub(super) fn new(outcome: &'a Outcome) -> Self {
        let mut attention: Vec<_> = outcome.expectations.iter().filter(|it| it.verdict != Verdict::Passed).collect();
        attention.sort_by_key(|it| (std::cmp::Reverse(it.severity), order(it.verdict)));
        Self {
            outcome,
            headline: headline(outcome),
            tone: tone(outcome.verdict),
            took_ms: (outcome.duration_seconds.max(0.0) * 1000.0) as u64,
            attention: attention.into_iter().map(Line::new).collect(),
            lines: outcome.expectations.iter().map(Line::new).collect(),
            drift: drift(outcome),
        }
    }
}

impl<'a> Line<'a> {
    pub(super) fn new(it: &'a Expectation) -> Self {
        Self {
            it,
            tone: tone(it.verdict),
            title: title(it),
            measured: measured(it),
            expected: expected(&it.threshold, &it.measure),
            precision: precision(&it.precision),
        }
    }
}

fn order(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Failed => 0,
        Verdict::Error => 1,
        Verdict::Inconclusive => 2,
        Verdict::Passed => 3,
    }
}

/// The class of a pill.
pub(super) fn tone(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Passed => "good",
        Verdict::Failed | Verdict::Error => "bad",
        Verdict::Inconclusive => "wait",
    }
}

fn headline(outcome: &Outcome) -> String {
    let suite = &outcome.suite;
    let deciding = |verdict| {
        let critical = |it: &&Expectation| it.severity == Severity::Critical && it.verdict == verdict;
        outcome.expectations.iter().filter(critical).count()
    };
    match outcome.verdict {
        Verdict::Passed => format!("{suite} passed"),
        Verdict::Failed => format!("{suite} failed: {} broken", expectations(deciding(Verdict::Failed))),
        Verdict::Error => {
            format!("{suite} could not be decided: {} impossible to check", expectations(deciding(Verdict::Error)))
        }
        Verdict::Inconclusive => {
            format!("{suite} is inconclusive: {} without enough data", expectations(deciding(Verdict::Inconclusive)))
        }
    }
}

fn expectations(count: usize) -> String {
    if count == 1 { "1 expectation".to_owned() } else { format!("{count} expectations") }
}

/// What is expected of what, in a few words.
pub(super) fn title(it: &Expectation) -> String {
    let kind = it.kind.replace(['_', '-'], " ");
    match &it.column {
        Some(column) => format!("{kind} of {column}"),
        None if it.id == it.kind => kind,
        None => format!("{kind} ({})", it.id),
    }
}

fn measured(it: &Expectation) -> String {
    let Some(value) = it.measured else { return "—".to_owned() };
    let text = figure(value, &it.measure);
    match &it.interval {
        Some(interval) => format!(
            "{text} ({} to {}, {} sure)",
            figure(interval.lower, &it.measure),
            figure(interval.upper, &it.measure),
            percent(interval.confidence).replace(".0", "")
        ),
        None => text,
    }
}

/// Shares as percent, all else as it is.
pub(super) fn figure(value: f64, measure: &str) -> String {
    if measure.ends_with("share") { percent_of(value) } else { number(value) }
}

/// A share that is not nothing must not read `0.0 %`.
fn percent_of(share: f64) -> String {
    if share != 0.0 && share.abs() < 0.000_5 { format!("{} %", number(share * 100.0)) } else { percent(share) }
}

pub(super) fn expected(threshold: &Threshold, measure: &str) -> String {
    let figure = |value: f64| figure(value, measure);
    if let Some(words) = &threshold.words {
        return words.clone();
    }
    match (threshold.min, threshold.max) {
        (Some(min), Some(max)) if min == max => figure(min),
        (Some(min), Some(max)) => format!("{} to {}", figure(min), figure(max)),
        (Some(min), None) => format!("at least {}", figure(min)),
        (None, Some(max)) => format!("at most {}", figure(max)),
        (None, None) => "—".to_owned(),
    }
}

pub(super) fn precision(precision: &Precision) -> String {
    match precision {
        Precision::Exact => "exact".to_owned(),
        Precision::Sketched { error, sketch } => format!("sketched, ± {} ({sketch})", number(*error)),
    }
}

/// How drift was decided, in a sentence.
fn drift(outcome: &Outcome) -> Option<String> {
    let drift = outcome.drift.as_ref()?;
    let correction = match drift.correction {
        Correction::BenjaminiHochberg => "corrected for a false discovery rate of",
        Correction::Holm => "corrected for a family-wise error rate of",
        Correction::None => "not corrected, each at a level of",
    };
    Some(format!(
        "{} of {} columns drifted. A column has drifted only if its effect exceeds the threshold, its p-value is significant \
         ({correction} {}), and there are enough rows to find such an effect with a probability of {}; without enough rows it \
         is inconclusive.",
        drift.drifted,
        drift.columns.len(),
        percent(drift.significance).replace(".0", ""),
        percent(drift.power).replace(".0", "")
    ))
}

/// The share that a bin holds on each side: missing ones of all rows, others of the values.
pub(super) fn shares(column: &DriftColumn, bin: &Bin) -> (f64, f64) {
    let share = |count: u64, values: u64, rows: u64| {
        let whole = if bin.kind == BinKind::Missing { rows } else { values };
        if whole == 0 { 0.0 } else { count as f64 / whole as f64 }
    };
    (
        share(bin.reference, column.reference_n, column.reference.rows),
        share(bin.current, column.current_n, column.current.rows),
    )
}

/// Which rows a metric is of.
pub(super) fn slice(metric: &Metric) -> String {
    if metric.slice.is_empty() {
        return "all rows".to_owned();
    }
    metric.slice.iter().map(|(column, value)| format!("{column} = {value}")).collect::<Vec<_>>().join(", ")
}

/// The metrics' names, each once, in their order.
pub(super) fn metric_names(performance: &Performance) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    for metric in &performance.metrics {
        if !names.contains(&metric.metric.as_str()) {
            names.push(&metric.metric);
        }
    }
    names
}
