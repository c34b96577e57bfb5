//! Rules from objectives: recorded ratios over each window, and alerts that look at two of them at once.
//!
//! Ratios weigh events, not minutes: over 30 days the bad events are divided by all events. Averaging five-minute ratios instead, as
//! some generators do, lets a quiet night weigh as much as a busy day. A window without traffic has no ratio at all (`> 0` drops it),
//! so that no NaN reaches an alert: no traffic is silence, and `InferenceDown` is there for services that are gone.

use super::spec::{Alert, BurnRate, Severity, Slo, Spec};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// The budget's window.
pub(super) const BUDGET_WINDOW: &str = "30d";
/// How long a burn has to last, beside its windows, and how long it stays against flapping.
pub(super) const HOLD: [(Severity, &str, &str); 2] = [(Severity::Page, "2m", "5m"), (Severity::Ticket, "15m", "30m")];

/// An objective's rules: what is recorded of it, then the alerts over that. In one group, for rules of a group are evaluated in their
/// order: an alert that is evaluated before what it reads sees the values of the time before, or none.
pub(super) fn objective(spec: &Spec, slo: &Slo) -> Value {
    let alerts = [Severity::Page, Severity::Ticket].into_iter().filter_map(|severity| burn_alert(spec, slo, severity));
    let rules: Vec<Value> = recorded(spec, slo).into_iter().chain(alerts).collect();
    json!({ "groups": [{ "name": slo.name, "rules": rules }] })
}

/// The alerts that no objective stands behind.
pub(super) fn signals(spec: &Spec) -> Value {
    let alerts = spec.alerts.iter().map(|alert| plain_alert(spec, alert));
    json!({ "groups": [{ "name": "signals", "rules": alerts.collect::<Vec<_>>() }] })
}

/// What an objective's alert is called.
pub(super) fn burn_name(slo: &Slo, severity: Severity) -> String {
    let speed = if severity == Severity::Page { "Fast" } else { "Slow" };
    format!("{}Burn{speed}", slo.title)
}

/// The labels that every alert of an objective has.
pub(super) fn burn_labels(slo: &Slo, severity: Severity) -> Value {
    json!({ "severity": severity.word(), "owner": slo.owner, "service": slo.service, "slo": slo.name })
}

/// The annotations of an objective's alert, with this description.
pub(super) fn burn_annotations(spec: &Spec, slo: &Slo, severity: Severity, description: &str) -> Value {
    let pace = if severity == Severity::Page { "days" } else { "weeks" };
    json!({
        "summary": format!("At this rate the error budget of {} is gone within {pace}", slo.name),
        "description": description,
        "runbook_url": runbook(spec, &slo.runbook, &burn_name(slo, severity)),
        "first_command": slo.first_command,
    })
}

/// The labels that a plain alert sets.
pub(super) fn plain_labels(alert: &Alert) -> Value {
    json!({ "severity": alert.severity.word(), "owner": alert.owner, "service": alert.service })
}

/// A plain alert's annotations, with this description.
pub(super) fn plain_annotations(spec: &Spec, alert: &Alert, description: &str) -> Value {
    json!({
        "summary": alert.summary,
        "description": description,
        "runbook_url": runbook(spec, &alert.runbook, &alert.name),
        "first_command": alert.first_command,
    })
}

/// What a burn alert says of what it measured.
pub(super) fn burn_description(slo: &Slo, value: &str) -> String {
    format!(
        "{value} of events were bad over the long window; the objective allows {}. {}",
        percent(1.0 - slo.target),
        slo.description
    )
}

/// A share without the noise of binary fractions: `0.1%`.
fn percent(share: f64) -> String {
    format!("{}%", number(share * 100.0))
}

/// At most ten decimals, without trailing zeros.
pub(super) fn number(value: f64) -> String {
    let text = format!("{value:.10}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn runbook(spec: &Spec, file: &str, name: &str) -> String {
    format!("{}{file}#{}", spec.runbook_base, name.to_lowercase())
}

fn recorded(spec: &Spec, slo: &Slo) -> Vec<Value> {
    let labels = json!({ "service": slo.service, "slo": slo.name });
    let rule = |record: String, expr: String| json!({ "record": record, "expr": expr, "labels": labels });
    let burns: Vec<&BurnRate> =
        [Severity::Page, Severity::Ticket].into_iter().flat_map(|severity| spec.pairs(slo, severity)).collect();
    let windows: BTreeSet<_> = burns.iter().flat_map(|burn| [&burn.short, &burn.long]).collect();
    let long: BTreeSet<_> = burns.iter().map(|burn| &burn.long).collect();
    let mut rules = vec![
        rule("slo:objective:ratio".to_owned(), format!("vector({})", number(slo.target))),
        rule("slo:events_bad:rate5m".to_owned(), bad(slo, "5m")),
        rule("slo:events:rate5m".to_owned(), total(slo, "5m")),
    ];
    for window in windows {
        let (bad, total) = (bad(slo, &window.to_string()), total(slo, &window.to_string()));
        rules.push(rule(format!("slo:error_ratio:rate{window}"), format!("({bad})\n/ ({total} > 0)")));
    }
    for window in long {
        rules.push(rule(
            format!("slo:events:increase{window}"),
            format!("sum(increase({}[{window}]))", slo.indicator.total),
        ));
    }
    let sum = |series: &str| format!("sum_over_time({series}{{slo=\"{}\"}}[{BUDGET_WINDOW}])", slo.name);
    let ratio = format!("{}\n/ ({} > 0)", sum("slo:events_bad:rate5m"), sum("slo:events:rate5m"));
    rules.push(rule(format!("slo:error_ratio:rate{BUDGET_WINDOW}"), ratio));
    let remaining =
        format!("1 - slo:error_ratio:rate{BUDGET_WINDOW}{{slo=\"{}\"}} / {}", slo.name, number(1.0 - slo.target));
    rules.push(rule("slo:error_budget_remaining:ratio".to_owned(), remaining));
    rules
}

/// Bad events a second; a counter that does not exist yet is 0, as long as there is traffic at all.
fn bad(slo: &Slo, window: &str) -> String {
    let total = total(slo, window);
    match (&slo.indicator.bad, &slo.indicator.good) {
        (Some(bad), _) => format!("sum(rate({bad}[{window}])) or 0 * {total}"),
        (None, good) => {
            let good = good.as_deref().unwrap_or(&slo.indicator.total);
            // Counters are scraped one after the other: good may run a step ahead of total.
            format!("clamp_min({total} - (sum(rate({good}[{window}])) or 0 * {total}), 0)")
        }
    }
}

fn total(slo: &Slo, window: &str) -> String {
    format!("sum(rate({}[{window}]))", slo.indicator.total)
}

fn burn_alert(spec: &Spec, slo: &Slo, severity: Severity) -> Option<Value> {
    let pairs = spec.pairs(slo, severity);
    if pairs.is_empty() {
        return None;
    }
    let one = |burn: &&BurnRate| {
        let ratio = |window: &dyn std::fmt::Display| format!("slo:error_ratio:rate{window}{{slo=\"{}\"}}", slo.name);
        let events = format!("slo:events:increase{}{{slo=\"{}\"}}", burn.long, slo.name);
        let (long, short, threshold) =
            (ratio(&burn.long), ratio(&burn.short), number(burn.factor * (1.0 - slo.target)));
        format!(
            "(\n  {long} > {threshold}\n  and {short} > {threshold}\n  and {events} >= {}\n  and {long} * {events} >= {}\n)",
            slo.minimum_events, slo.minimum_bad_events
        )
    };
    let expr = pairs.iter().map(one).collect::<Vec<_>>().join(" or ");
    let (_, hold, keep) = HOLD[usize::from(severity == Severity::Ticket)];
    Some(json!({
        "alert": burn_name(slo, severity),
        "expr": expr,
        "for": hold,
        "keep_firing_for": keep,
        "labels": burn_labels(slo, severity),
        "annotations": burn_annotations(spec, slo, severity, &burn_description(slo, "{{ $value | humanizePercentage }}")),
    }))
}

fn plain_alert(spec: &Spec, alert: &Alert) -> Value {
    let mut rule = Map::new();
    rule.insert("alert".to_owned(), json!(alert.name));
    rule.insert("expr".to_owned(), json!(alert.expr));
    rule.insert("for".to_owned(), json!(alert.hold));
    if let Some(keep) = &alert.keep_firing_for {
        rule.insert("keep_firing_for".to_owned(), json!(keep));
    }
    rule.insert("labels".to_owned(), plain_labels(alert));
    rule.insert("annotations".to_owned(), plain_annotations(spec, alert, &alert.description));
    Value::Object(rule)
}
