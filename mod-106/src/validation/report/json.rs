//! `report.json`: the outcome as it is. Whoever signs or gates on a report takes the digest of these bytes.

use crate::validation::outcome::Outcome;

/// The report for programs.
#[must_use]
pub fn json(outcome: &Outcome) -> String {
    let text = serde_json::to_string_pretty(outcome).expect("an outcome holds texts, numbers and lists of them");
    format!("{text}\n")
}
