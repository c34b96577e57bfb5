//! From numbers to verdicts: pure functions, one file a section of the outcome. Each verdict comes with a sentence that says what was
//! found, what was expected and, of a failure, what to do next.

pub(super) mod drift;
pub(super) mod expectations;
pub(super) mod performance;

use super::outcome::{Expectation, Precision, Side, Threshold, Verdict};
use super::spec::Care;

/// An expectation with nothing said about it yet.
pub(super) fn blank(care: &Care, kind: &str, column: Option<&str>, measure: &str) -> Expectation {
    Expectation {
        id: care.id.clone(),
        kind: kind.to_owned(),
        severity: care.severity,
        owner: care.owner.clone(),
        column: column.map(str::to_owned),
        on: Side::Current,
        verdict: Verdict::Passed,
        measure: measure.to_owned(),
        measured: None,
        interval: None,
        threshold: Threshold::default(),
        precision: Precision::Exact,
        why: String::new(),
        examples: Vec::new(),
    }
}

/// A share as people read it.
pub(super) fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if percent == 0.0 || percent.abs() >= 10.0 {
        format!("{percent:.0} %")
    } else if percent.abs() >= 0.01 {
        format!("{percent:.2} %")
    } else {
        format!("{percent:.1e} %")
    }
}

/// A number as people read it: four significant digits, large ones whole.
pub(super) fn number(value: f64) -> String {
    if value == value.round() && value.abs() < 1e15 {
        return format!("{value:.0}");
    }
    let magnitude = value.abs().log10().floor();
    if (-4.0..7.0).contains(&magnitude) {
        let decimals = (3.0 - magnitude).max(0.0) as usize;
        format!("{value:.decimals$}")
    } else {
        format!("{value:.3e}")
    }
}

/// `at least 1 and at most 2`.
pub(super) fn bounds(min: Option<f64>, max: Option<f64>) -> String {
    match (min, max) {
        (Some(min), Some(max)) => format!("at least {} and at most {}", number(min), number(max)),
        (Some(min), None) => format!("at least {}", number(min)),
        (None, Some(max)) => format!("at most {}", number(max)),
        (None, None) => "anything".to_owned(),
    }
}

/// Whether a value lies between bounds that are included.
pub(super) fn within(value: f64, min: Option<f64>, max: Option<f64>) -> bool {
    min.is_none_or(|min| value >= min) && max.is_none_or(|max| value <= max)
}
