//! Alerts for whoever owns what did not pass. What passes is not mentioned: sent as all alerts of one source, its absence resolves it.

use super::view::title;
use crate::alerts::{Alert, Severity as Urgency};
use crate::validation::outcome::{Expectation, Outcome, Severity, Verdict};

/// One alert for each expectation that did not pass.
///
/// The labels name the suite, the expectation and its column: what stays the same from day to day. Figures go into the summary,
/// for as labels they would make each day's alert another one.
#[must_use]
pub fn alerts(outcome: &Outcome) -> Vec<Alert> {
    let concerning = outcome.expectations.iter().filter(|expectation| expectation.verdict != Verdict::Passed);
    concerning.map(|expectation| alert(outcome, expectation)).collect()
}

fn alert(outcome: &Outcome, expectation: &Expectation) -> Alert {
    let name = match expectation.verdict {
        Verdict::Inconclusive => "ValidationInconclusive".to_owned(),
        Verdict::Error => "ValidationImpossible".to_owned(),
        Verdict::Failed | Verdict::Passed => format!("Validation{}Failed", pascal(&expectation.kind)),
    };
    let mut alert = Alert::new(name, urgency(expectation), &expectation.owner, expectation.why.clone());
    let label = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    alert.labels.extend([label("suite", &outcome.suite), label("expectation", &expectation.id)]);
    alert
        .labels
        .extend(expectation.column.iter().filter(|column| !column.is_empty()).map(|name| label("column", name)));
    alert.description = [title(expectation), format!("spec {}", outcome.spec)]
        .into_iter()
        .chain(expectation.examples.clone())
        .collect::<Vec<_>>()
        .join("\n");
    alert.starts_at = None;
    alert
}

/// What cannot be told is a warning even where a failure would be critical: it asks for more data, not for somebody's night.
fn urgency(expectation: &Expectation) -> Urgency {
    match (expectation.severity, expectation.verdict) {
        (Severity::Info, _) => Urgency::Info,
        (Severity::Warning, _) | (Severity::Critical, Verdict::Inconclusive) => Urgency::Warning,
        (Severity::Critical, _) => Urgency::Critical,
    }
}

/// `drift` → `Drift`, `row_count` → `RowCount`.
fn pascal(kind: &str) -> String {
    let capital = |word: &str| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_uppercase().chain(letters).collect::<String>()).unwrap_or_default()
    };
    kind.split(['_', '-', ' ', '.']).map(capital).collect()
}
