//! Alerts for whoever owns what did not hold: one a column, and one in place of all when a whole data set moved. Sent as all alerts of one
//! source, the absence of one resolves it.

use super::prometheus::by_concern;
use crate::drift::outcome::{Column, Outcome, Verdict};
use mod_106::alerts::{Alert, Severity};

/// More columns than this are one event, and one alert: a broken feed must not be a hundred pages.
const MOST: usize = 5;

/// What somebody must know. Labels name the monitor and the column: what stays the same from day to day; figures stand in the summary.
pub fn alerts(outcome: &Outcome) -> Vec<Alert> {
    let concerning = by_concern(&outcome.columns).into_iter().filter(|column| column.verdict.is_concern());
    fold(concerning.map(|column| alert(outcome, column)).collect())
}

/// The alert of one column.
pub fn alert(outcome: &Outcome, column: &Column) -> Alert {
    let name = if column.verdict == Verdict::Broken { "DataColumnBroken" } else { "DataDrift" };
    let mut alert = Alert::new(name, severity(column), &column.owner, column.why.clone());
    alert
        .labels
        .extend([("monitor".to_owned(), outcome.monitor.clone()), ("column".to_owned(), column.column.clone())]);
    alert.description = described(outcome);
    alert
}

/// Many alerts of one monitor as one.
pub fn fold(alerts: Vec<Alert>) -> Vec<Alert> {
    let Some(first) = alerts.first().filter(|_| alerts.len() > MOST) else { return alerts };
    let worst = alerts.iter().map(|alert| alert.severity).max().unwrap_or(Severity::Warning);
    let monitor = first.labels.get("monitor").cloned().unwrap_or_default();
    let columns = alerts.iter().filter_map(|alert| alert.labels.get("column"));
    let named: Vec<String> = columns.take(MOST).map(|column| format!("`{column}`")).collect();
    let (all, more) = (alerts.len(), alerts.len() - named.len());
    let summary = format!(
        "{all} columns of {monitor} drifted: {} and {more} more; look for one cause that they share",
        named.join(", ")
    );
    let mut alert = Alert::new("DataDriftWidespread", worst, &first.owner, summary);
    alert.labels.insert("monitor".to_owned(), monitor);
    let lines = std::iter::once(first.description.clone()).chain(alerts.iter().map(|alert| alert.summary.clone()));
    alert.description = lines.collect::<Vec<_>>().join("\n");
    vec![alert]
}

fn described(outcome: &Outcome) -> String {
    let window = outcome
        .window
        .as_ref()
        .map_or_else(String::new, |window| format!(", window {} to {}", window.start, window.end));
    format!("{} against {}{window}", outcome.current.location, outcome.reference.location)
}

fn severity(column: &Column) -> Severity {
    [Severity::Info, Severity::Warning, Severity::Error, Severity::Critical]
        .into_iter()
        .find(|severity| severity.word() == column.severity)
        .unwrap_or(Severity::Warning)
}
