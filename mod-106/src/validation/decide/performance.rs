//! Is a model good enough? The whole confidence interval must lie within the bounds. A value that is good by luck of a small sample
//! is *inconclusive*, and so is one that is bad by bad luck; both come with the number of rows that would settle it.

use super::{blank, bounds, number, within};
use crate::validation::measure::metrics::Estimate;
use crate::validation::outcome::{Expectation, Metric, Threshold, Verdict};
use crate::validation::spec::MetricSpec;
use std::collections::BTreeMap;

/// Judges one metric; without bounds it is only shown.
pub(in crate::validation) fn decide(
    spec: &MetricSpec,
    estimate: Estimate,
    rows: u64,
    slice: &BTreeMap<String, String>,
) -> (Metric, Option<Expectation>) {
    let asked = spec.min.is_some() || spec.max.is_some();
    let (verdict, needed_n, why) =
        if asked { verdict(spec, &estimate, rows) } else { (Verdict::Passed, None, String::new()) };
    let word = spec.metric.word();
    let threshold = Threshold { min: spec.min, max: spec.max, words: None };
    let metric = Metric {
        id: asked.then(|| spec.care.id.clone()),
        metric: word.to_owned(),
        slice: slice.clone(),
        value: estimate.value,
        interval: estimate.interval.clone(),
        threshold: threshold.clone(),
        n: rows,
        needed_n,
        verdict,
    };
    let of = slice.iter().map(|(column, value)| format!(" of {column} = {value}")).collect::<String>();
    let expectation = asked.then(|| Expectation {
        verdict,
        measured: estimate.value,
        interval: estimate.interval,
        threshold,
        why: format!("{word}{of}: {why}"),
        ..blank(&spec.care, "performance", None, word)
    });
    (metric, expectation)
}

fn verdict(spec: &MetricSpec, estimate: &Estimate, rows: u64) -> (Verdict, Option<u64>, String) {
    let wanted = bounds(spec.min, spec.max);
    let Some(value) = estimate.value else {
        let why =
            format!("it is not defined on these {rows} rows, such as when one class is absent; expected {wanted}");
        return (Verdict::Inconclusive, None, why);
    };
    let Some(interval) = &estimate.interval else {
        let why = format!("{} on {rows} rows, too few for a confidence interval; expected {wanted}", number(value));
        return (Verdict::Inconclusive, None, why);
    };
    let percent = interval.confidence * 100.0;
    let found =
        format!("{} ({percent:.0} % interval {} to {})", number(value), number(interval.lower), number(interval.upper));
    let inside = within(interval.lower, spec.min, spec.max) && within(interval.upper, spec.min, spec.max);
    let outside = spec.min.is_some_and(|min| interval.upper < min) || spec.max.is_some_and(|max| interval.lower > max);
    if inside {
        return (Verdict::Passed, None, format!("{found}; expected {wanted}"));
    }
    if outside {
        return (
            Verdict::Failed,
            None,
            format!("{found}; expected {wanted}; look at the slices and at the drift of the inputs"),
        );
    }
    let needed = needed_rows(spec, value, interval.upper - interval.lower, rows);
    let advice = needed.map_or_else(String::new, |needed| format!("; about {needed} rows would settle it"));
    (Verdict::Inconclusive, needed, format!("{found} on {rows} rows neither meets nor misses {wanted}{advice}"))
}

/// Intervals shrink with the square root of the rows: how many make it as narrow as the way to the nearest bound.
fn needed_rows(spec: &MetricSpec, value: f64, width: f64, rows: u64) -> Option<u64> {
    let ways = [spec.min, spec.max].into_iter().flatten().map(|bound| (value - bound).abs());
    let way = ways.fold(f64::INFINITY, f64::min);
    let factor = (width / 2.0 / way).powi(2);
    (factor.is_finite() && factor < 1e9).then(|| (rows as f64 * factor.max(1.0)).ceil() as u64 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validation::outcome::{Interval, Severity};
    use crate::validation::spec::{Care, MetricName};

    #[test]
    fn the_interval_decides() {
        fn check(value: f64, half: f64, expected: Verdict) {
            let care = Care { id: "a".to_owned(), severity: Severity::Critical, owner: "b".to_owned() };
            let spec = MetricSpec { care, metric: MetricName::Accuracy, min: Some(0.8), max: None, slices: true };
            let interval =
                Interval { lower: value - half, upper: value + half, confidence: 0.95, method: "wilson".to_owned() };
            let estimate = Estimate { value: Some(value), interval: Some(interval) };
            let (metric, expectation) = decide(&spec, estimate, 100, &BTreeMap::new());
            assert_eq!(metric.verdict, expected, "{expectation:?}");
            assert_eq!(metric.needed_n.is_some(), expected == Verdict::Inconclusive);
        }
        check(0.9, 0.05, Verdict::Passed);
        check(0.9, 0.15, Verdict::Inconclusive);
        check(0.75, 0.1, Verdict::Inconclusive);
        check(0.7, 0.05, Verdict::Failed);
    }
}
