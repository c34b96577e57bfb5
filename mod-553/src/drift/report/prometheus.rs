//! The outcome as Prometheus metrics. Columns are a label, and labels multiply: beyond the budget, columns that did not drift are summed
//! up as `_other`, and what drifted goes first. A metric that is not there for a quiet column is better than a server that falls over.

use crate::drift::outcome::{Column, Outcome, Verdict};
use prometheus::{GaugeVec, IntGaugeVec, Opts, Registry, TextEncoder};

/// So many columns get a time series of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget(pub usize);

impl Default for Budget {
    fn default() -> Self {
        Self(100)
    }
}

/// What all columns beyond the budget are called.
const OTHER: &str = "_other";

/// The text that Prometheus scrapes, of one monitor or several.
///
/// # Errors
/// None for names and labels that are valid, and these are.
pub fn prometheus(outcomes: &[&Outcome], budget: Budget) -> Result<String, prometheus::Error> {
    let registry = Registry::new();
    let gauge = |name: &str, help: &str, labels: &[&str]| {
        let gauge = GaugeVec::new(Opts::new(name, help), labels)?;
        registry.register(Box::new(gauge.clone()))?;
        Ok::<_, prometheus::Error>(gauge)
    };
    let effect = gauge(
        "drift_effect_ratio",
        "Effect divided by its threshold; from 1 it is large enough to matter.",
        &["monitor", "column"],
    )?;
    let missing = gauge("drift_missing_ratio", "Share of the current rows without a value.", &["monitor", "column"])?;
    let state =
        IntGaugeVec::new(Opts::new("drift_column_drifted", "1 when the column drifted."), &["monitor", "column"])?;
    registry.register(Box::new(state.clone()))?;
    let columns = gauge("drift_columns", "Columns by verdict.", &["monitor", "verdict"])?;
    let rows = gauge("drift_rows", "Rows that were compared.", &["monitor", "side"])?;
    let new = gauge("drift_new_columns", "Columns that the reference does not have.", &["monitor"])?;
    let seconds = gauge("drift_last_check_timestamp_seconds", "When the last comparison began.", &["monitor"])?;
    for outcome in outcomes {
        let monitor = outcome.monitor.as_str();
        for (place, column) in by_concern(&outcome.columns).into_iter().enumerate() {
            if place >= budget.0 {
                state.with_label_values(&[monitor, OTHER]).add(i64::from(column.verdict == Verdict::Drift));
                continue;
            }
            let labels = [monitor, column.column.as_str()];
            state.with_label_values(&labels).set(i64::from(column.verdict == Verdict::Drift));
            if let Some(ratio) = ratio(column) {
                effect.with_label_values(&labels).set(ratio);
            }
            if column.current.rows > 0 {
                let gone = column.current.nulls + column.current.nans;
                missing.with_label_values(&labels).set(gone as f64 / column.current.rows as f64);
            }
        }
        let counts = outcome.family.counts;
        let by_verdict = [
            (Verdict::Stable, counts.stable),
            (Verdict::Inconclusive, counts.inconclusive),
            (Verdict::Unresolved, counts.unresolved),
            (Verdict::Broken, counts.broken),
            (Verdict::Drift, counts.drift),
        ];
        for (verdict, count) in by_verdict {
            columns.with_label_values(&[monitor, verdict.word()]).set(count as f64);
        }
        new.with_label_values(&[monitor]).set(outcome.new_columns.len() as f64);
        rows.with_label_values(&[monitor, "reference"]).set(outcome.reference.rows as f64);
        rows.with_label_values(&[monitor, "current"]).set(outcome.current.rows as f64);
        if let Ok(at) = outcome.started_at.parse::<jiff::Timestamp>() {
            seconds.with_label_values(&[monitor]).set(at.as_millisecond() as f64 / 1000.0);
        }
    }
    TextEncoder::new().encode_to_string(&registry.gather())
}

/// How far a column moved, measured by what is allowed: methods differ in their units, and all have the limit 1.
pub(super) fn ratio(column: &Column) -> Option<f64> {
    let evidence = &column.values.as_ref()?.evidence;
    Some(evidence.effect? / evidence.least_effect).filter(|ratio| ratio.is_finite())
}

/// The worst first; of equals the most moved, then by name.
pub(super) fn by_concern(columns: &[Column]) -> Vec<&Column> {
    let mut sorted: Vec<&Column> = columns.iter().collect();
    sorted.sort_by(|a, b| {
        let moved = |column: &Column| ratio(column).unwrap_or(-1.0);
        b.verdict.cmp(&a.verdict).then(moved(b).total_cmp(&moved(a))).then_with(|| a.column.cmp(&b.column))
    });
    sorted
}
