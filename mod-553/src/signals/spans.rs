//! Drift reports as OpenInference spans with evaluations: one span a comparison and one a column beneath it, of the kind `EVALUATOR`
//! (<https://github.com/Arize-ai/openinference/blob/main/spec/semantic_conventions.md>), and for each an evaluation called `drift` with
//! label, score and explanation. The keys are the columns that Arize's `log_spans` and Phoenix's trace tables take.

use super::identity::name;
use super::sources::{Report, Source};
use crate::drift::outcome::{Column, Outcome};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Rows of two tables that belong together by `context.span_id`.
#[derive(Clone, Debug, Default)]
pub struct Rows {
    /// Spans.
    pub spans: Vec<Value>,
    /// Their evaluations.
    pub evaluations: Vec<Value>,
}

/// The rows of some reports; a report that is given twice is there once.
pub fn rows(reports: &[Source<Report>]) -> Rows {
    let mut rows = Rows::default();
    let mut seen = BTreeSet::new();
    for report in reports {
        let trace = trace(&report.content.outcome);
        if seen.insert(trace.clone()) {
            rows.add(&report.content, &trace);
        }
    }
    rows
}

/// What names a comparison: who looked, when, and at what.
fn trace(outcome: &Outcome) -> String {
    let digest = |side: &crate::drift::outcome::Dataset| side.digest.clone().unwrap_or_else(|| side.location.clone());
    let sides = (digest(&outcome.reference), digest(&outcome.current));
    name(32, &["drift", &outcome.monitor, &outcome.started_at, &sides.0, &sides.1])
}

impl Rows {
    fn add(&mut self, report: &Report, trace: &str) {
        let outcome = &report.outcome;
        let root = name(16, &[trace]);
        let seconds = outcome.duration_seconds.clamp(0.0, 1e9);
        let end = report.at.checked_add(SignedDuration::from_secs_f64(seconds)).unwrap_or(report.at);
        let times = (shown(report.at), shown(end));
        let input = json!({
            "reference": { "location": outcome.reference.location, "digest": outcome.reference.digest, "rows": outcome.reference.rows },
            "current": { "location": outcome.current.location, "digest": outcome.current.digest, "rows": outcome.current.rows },
        });
        let metadata = json!({
            "monitor": outcome.monitor, "tool": outcome.tool, "window": outcome.window,
            "counts": outcome.family.counts, "policy": outcome.family.policy,
        });
        self.spans.push(span(
            &times,
            trace,
            &root,
            None,
            &format!("drift {}", outcome.monitor),
            &input,
            &outcome.why,
            &metadata,
        ));
        let drifted = outcome.columns.iter().filter(|column| column.verdict.is_concern()).count();
        let share = if outcome.columns.is_empty() { 0.0 } else { drifted as f64 / outcome.columns.len() as f64 };
        self.evaluations.push(evaluation(&root, outcome.verdict.word(), Some(share), &outcome.why));
        for column in &outcome.columns {
            let id = name(16, &[trace, &column.column]);
            let called = format!("drift {} {}", outcome.monitor, column.column);
            let (input, metadata) = facts(column);
            self.spans.push(span(&times, trace, &id, Some(&root), &called, &input, &column.why, &metadata));
            let effect = column.values.as_ref().and_then(|decision| decision.evidence.effect);
            self.evaluations.push(evaluation(&id, column.verdict.word(), effect, &column.why));
        }
    }
}

/// What a column was judged from: as input what both sides are like, as metadata what was decided and how.
fn facts(column: &Column) -> (Value, Value) {
    let decision = |decision: &Option<crate::decision::Decision>| {
        decision.as_ref().map(|decision| {
            let evidence = &decision.evidence;
            json!({
                "method": evidence.method, "test": evidence.test, "statistic": evidence.statistic,
                "p_value": evidence.p_value, "adjusted_p_value": decision.adjusted_p_value,
                "effect": evidence.effect, "effect_name": evidence.effect_name, "least_effect": evidence.least_effect,
            })
        })
    };
    let input = json!({ "column": column.column, "kind": column.kind, "reference": column.reference, "current": column.current });
    let metadata = json!({
        "owner": column.owner, "severity": column.severity, "values": decision(&column.values),
        "missing": decision(&column.missing), "new_categories": column.new_categories,
    });
    (input, metadata)
}

/// Microseconds and a numeric offset: the form that Arize's client reads unasked.
fn shown(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%Y-%m-%dT%H:%M:%S.%6f+00:00").to_string()
}

#[expect(
    clippy::too_many_arguments,
    reason = "a row has that many columns, and a type for them would only repeat their names"
)]
fn span(
    times: &(String, String),
    trace: &str,
    id: &str,
    parent: Option<&str>,
    name: &str,
    input: &Value,
    output: &str,
    metadata: &Value,
) -> Value {
    json!({
        "name": name,
        "context.trace_id": trace,
        "context.span_id": id,
        "parent_id": parent,
        "start_time": times.0,
        "end_time": times.1,
        "status_code": "OK",
        "status_message": "",
        "attributes.openinference.span.kind": "EVALUATOR",
        "attributes.input.value": input.to_string(),
        "attributes.input.mime_type": "application/json",
        "attributes.output.value": output,
        "attributes.output.mime_type": "text/plain",
        "attributes.metadata": metadata,
    })
}

fn evaluation(span: &str, label: &str, score: Option<f64>, explanation: &str) -> Value {
    json!({
        "context.span_id": span,
        "eval.drift.label": label,
        "eval.drift.score": score,
        "eval.drift.explanation": explanation,
    })
}
