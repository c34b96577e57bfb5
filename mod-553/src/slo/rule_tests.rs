//! What promtool holds the rules against, generated for each objective and each pair of windows: a burn a twentieth above the factor
//! fires, though not before the long window minds; one a twentieth below does not; neither does a burn of few events, one of few bad
//! events, nor no traffic at all.
//!
//! Each burn follows a clean history as long as the longest window of its severity, so that it is *this* pair that speaks: without the
//! history, a window of six hours holds one hour of data and says the same as a window of one.
//!
//! A file for each pair, because a file has one step: days are played in hours, where the shortest window is hours long. All in steps of
//! minutes took promtool a minute.

use super::rules::{self, burn_annotations, burn_description, burn_labels, burn_name, plain_annotations, plain_labels};
use super::spec::{Alert, AlertTest, BurnRate, Slo, Spec};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Events a minute; large, so that minimums are no matter.
const BUSY: f64 = 1_000.0;

/// A test file for one pair of an objective. Prometheus evaluates once a step, of which the short window holds two.
pub(super) fn burns(spec: &Spec, slo: &Slo, burn: &BurnRate) -> Value {
    let pairs = spec.pairs(slo, burn.severity);
    let step = (burn.short.seconds() / 2).max(1);
    let longest = pairs.iter().map(|burn| burn.long.seconds()).max().unwrap_or(0);
    // In whole steps, so that what is asked for is asked at a sample.
    let history = longest.div_ceil(step) * step;
    let mut tests = pair(spec, slo, burn, history, step);
    let first = pairs.first().is_some_and(|first| first.pair() == burn.pair());
    tests.extend(first.then(|| quiet(slo, burn, history, step)));
    json!({
        "rule_files": [format!("{}.rules.yml", slo.name)],
        "evaluation_interval": format!("{step}s"),
        "tests": tests,
    })
}

/// Test files for the plain alerts, as the specification tells them: one for each interval between samples, which is how often
/// Prometheus evaluates there.
pub(super) fn signals(spec: &Spec) -> BTreeMap<String, Value> {
    let minute = || "1m".to_owned();
    let mut by_interval: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for alert in &spec.alerts {
        for test in &alert.tests {
            let interval = test.interval.as_ref().map_or_else(minute, ToString::to_string);
            by_interval.entry(interval.clone()).or_default().push(signal(spec, alert, test, &interval));
        }
    }
    let file = |(interval, tests): (String, Vec<Value>)| {
        let file = json!({ "rule_files": ["signals.rules.yml"], "evaluation_interval": interval, "tests": tests });
        (interval, file)
    };
    by_interval.into_iter().map(file).collect()
}

fn signal(spec: &Spec, alert: &Alert, test: &AlertTest, interval: &str) -> Value {
    let series = test.series.iter().map(|(series, values)| json!({ "series": series, "values": values }));
    let quiet = test.quiet.iter().map(|at| json!({ "eval_time": at, "alertname": alert.name, "exp_alerts": [] }));
    let fires = test.fires.iter().map(|fires| {
        let mut labels = plain_labels(alert);
        for (name, value) in &fires.labels {
            labels[name] = json!(value);
        }
        let annotations = plain_annotations(spec, alert, &fires.description);
        let expected = json!([{ "exp_labels": labels, "exp_annotations": annotations }]);
        json!({ "eval_time": fires.at, "alertname": alert.name, "exp_alerts": expected })
    });
    json!({
        "name": format!("{}: {}", alert.name, test.name),
        "interval": interval,
        "input_series": series.collect::<Vec<_>>(),
        "alert_rule_test": quiet.chain(fires).collect::<Vec<_>>(),
    })
}

fn pair(spec: &Spec, slo: &Slo, burn: &BurnRate, history: u64, step: u64) -> Vec<Value> {
    let budget = 1.0 - slo.target;
    let named = |what: &str| format!("{} {}: {what}", slo.name, burn.pair());
    let name = burn_name(slo, burn.severity);
    let end = history + burn.long.seconds().div_ceil(step) * step;
    // It must have held for a while, too; the alert comes a little after the long window is full.
    let at = format!("{}s", end + step);
    let silent = json!([{ "eval_time": at, "alertname": name, "exp_alerts": [] }]);
    // Above the factor, but never so far that not even every event could be bad.
    let above = (burn.factor * 1.05).min((burn.factor + 1.0 / budget) / 2.0);
    let description = burn_description(slo, &humanized(above * budget));
    let alert = json!({
        "exp_labels": burn_labels(slo, burn.severity),
        "exp_annotations": burn_annotations(spec, slo, burn.severity, &description),
    });
    // Twice the short window: it is full of bad events, and the long one is not.
    let burst = history + (2 * burn.short.seconds()).div_ceil(step) * step;
    let fires = json!([
        { "eval_time": format!("{history}s"), "alertname": name, "exp_alerts": [] },
        { "eval_time": format!("{burst}s"), "alertname": name, "exp_alerts": [] },
        { "eval_time": at, "alertname": name, "exp_alerts": [alert] },
    ]);
    let test = |what: &str, series: Vec<Value>, checks: Value| json!({ "name": named(what), "interval": format!("{step}s"), "input_series": series, "alert_rule_test": checks });
    let minutes = step as f64 / 60.0;
    // So few that not even the longest window reaches the minimum.
    let few = slo.minimum_events as f64 / (history as f64 / 60.0) * 0.8;
    // So many that the events are enough, and the bad ones among them are not.
    let few_bad = slo.minimum_bad_events as f64 / (above * budget) / (burn.long.seconds() as f64 / 60.0) * 0.8;
    let series = |per_minute: f64, factor: f64| example(slo, per_minute * minutes, factor * budget, history, end, step);
    vec![
        test(
            &format!("{} times the budget fires, once it has lasted", rules::number(above)),
            series(BUSY, above),
            fires,
        ),
        test("just below the factor is silent", series(BUSY, burn.factor * 0.95), silent.clone()),
        test("nearly all bad, with too few events to say so", series(few, 0.9 / budget), silent.clone()),
        test("as bad, with too few bad events to say so", series(few_bad, above), silent),
    ]
}

/// No traffic any more, then no numbers, then no series: every ratio is without a value.
fn quiet(slo: &Slo, burn: &BurnRate, history: u64, step: u64) -> Value {
    let steps = history / step;
    let numbers = "NaN ".repeat(10);
    let series = counted(slo)
        .into_iter()
        .map(|name| json!({ "series": name, "values": format!("7x{steps} {numbers}_x{steps}") }));
    let at = |seconds: u64| json!({ "eval_time": format!("{seconds}s"), "alertname": burn_name(slo, burn.severity), "exp_alerts": [] });
    json!({
        "name": format!("{}: no traffic, then no numbers, then no series is silence", slo.name),
        "interval": format!("{step}s"),
        "input_series": series.collect::<Vec<_>>(),
        "alert_rule_test": [at(history), at(history + 8 * step), at(2 * history)],
    })
}

/// Every series of the examples, once.
fn counted(slo: &Slo) -> Vec<&String> {
    let mut names: Vec<&String> = slo.example.bad.iter().chain(&slo.example.good).collect();
    names.sort();
    names.dedup();
    names
}

/// Series that count clean traffic until `history`, and a share of bad events from then to a little after `end`.
fn example(slo: &Slo, per_step: f64, share: f64, history: u64, end: u64, step: u64) -> Vec<Value> {
    let (clean, burning) = (history / step, (end - history) / step + 5);
    let of = |name: &String| {
        let good = if slo.example.good.contains(name) { 1.0 } else { 0.0 };
        let bad = if slo.example.bad.contains(name) { 1.0 } else { 0.0 };
        let (before, after) = (good * per_step, (good * (1.0 - share) + bad * share) * per_step);
        let number = rules::number;
        let (turn, before, after) = (number(before * clean as f64 + after), number(before), number(after));
        json!({ "series": name, "values": format!("0+{before}x{clean} {turn}+{after}x{burning}") })
    };
    counted(slo).into_iter().map(of).collect()
}

/// As Prometheus' `humanizePercentage` writes a share: four significant digits.
fn humanized(share: f64) -> String {
    let percent = share * 100.0;
    let whole = percent.abs().log10().floor() as i32 + 1;
    let decimals = usize::try_from(4 - whole).unwrap_or(0);
    let text = format!("{percent:.decimals$}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    format!("{text}%")
}
