//! Schema and quality: shares of values that break an expectation, against the share that may.

use super::{blank, bounds, number, percent, within};
use crate::validation::measure::breaks::{Breaks, Measured};
use crate::validation::outcome::{Expectation, Threshold, Verdict, finite};
use crate::validation::read::Source;
use crate::validation::spec::{Check, Expected};
use std::collections::HashSet;

/// Judges what was measured of one expectation.
pub(in crate::validation) fn decide(
    expected: &Expected,
    measured: &Measured,
    source: &Source,
    now_us: i64,
) -> Expectation {
    let check = &expected.check;
    let mut found = blank(&expected.care, check.word(), check.column(), measure(check));
    found.on = expected.on;
    found.threshold = threshold(check);
    let column = check.column().unwrap_or_default();
    match measured {
        Measured::NoColumn => {
            found.verdict = Verdict::Failed;
            let names = source.fields.iter().map(|field| field.name.as_str());
            let near = crate::validation::error::nearest(column, names);
            let near = near.map_or_else(String::new, |near| format!("; there is `{near}`"));
            found.why = format!("{} has no column `{column}`{near}", source.given);
        }
        Measured::WrongKind(kind) => {
            found.verdict = Verdict::Error;
            let word = check.word();
            found.why = format!("`{column}` holds {}, of which {word} cannot be measured", plural(kind.word()));
        }
        Measured::Breaks(breaks) => shares(&mut found, check, breaks),
        Measured::Mean(mean) => mean_between(&mut found, check, *mean),
        Measured::Latest(latest) => age(&mut found, check, *latest, now_us),
    }
    found
}

/// Judges expectations of the data set as a whole.
pub(in crate::validation) fn decide_whole(expected: &Expected, source: &Source) -> Expectation {
    let check = &expected.check;
    let mut found = blank(&expected.care, check.word(), None, measure(check));
    found.on = expected.on;
    found.threshold = threshold(check);
    match check {
        Check::Rows { min, max } => {
            let rows = source.rows as f64;
            found.measured = Some(rows);
            found.verdict = if within(rows, *min, *max) { Verdict::Passed } else { Verdict::Failed };
            found.why = format!("{} has {} rows; expected {}", source.given, source.rows, bounds(*min, *max));
        }
        Check::Columns { values, exact } => {
            let missing: Vec<&str> = values.iter().map(String::as_str).filter(|name| !source.has(name)).collect();
            let known: HashSet<&str> = values.iter().map(String::as_str).collect();
            let plain = source.fields.iter().map(|field| field.name.as_str());
            let all = plain.chain(source.nested.iter().map(|nested| nested.name.as_str()));
            let unknown: Vec<&str> = all.filter(|name| *exact && !known.contains(name)).collect();
            found.measured = Some((missing.len() + unknown.len()) as f64);
            let wrong = !missing.is_empty() || !unknown.is_empty();
            found.verdict = if wrong { Verdict::Failed } else { Verdict::Passed };
            let mut parts = Vec::new();
            if !missing.is_empty() {
                parts.push(format!("missing: {}", listed(&missing)));
            }
            if !unknown.is_empty() {
                parts.push(format!("not expected: {}", listed(&unknown)));
            }
            found.why = if wrong { parts.join("; ") } else { format!("all {} columns are there", values.len()) };
        }
        _ => {}
    }
    found
}

fn listed(names: &[&str]) -> String {
    let shown = names.iter().take(10).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    if names.len() > 10 { format!("{shown} and {} more", names.len() - 10) } else { shown }
}

fn measure(check: &Check) -> &'static str {
    match check {
        Check::Type { .. } => "other_type_share",
        Check::Nulls { .. } => "null_share",
        Check::Finite { .. } => "not_finite_share",
        Check::Range { .. } => "outside_share",
        Check::Mean { .. } => "mean",
        Check::Unique { .. } | Check::Duplicates { .. } => "repeated_share",
        Check::Categories { .. } => "unknown_share",
        Check::Pattern { .. } => "unmatched_share",
        Check::Freshness { .. } => "age_seconds",
        Check::Rows { .. } => "rows",
        Check::Columns { .. } => "wrong_columns",
    }
}

fn threshold(check: &Check) -> Threshold {
    let at_most = |max_share: f64, words: String| Threshold { min: None, max: Some(max_share), words: Some(words) };
    match check {
        Check::Type { kind, max_share, .. } => at_most(*max_share, format!("of type {}", kind.word())),
        Check::Nulls { max_share, .. } => at_most(*max_share, "present".to_owned()),
        Check::Finite { max_share, .. } => at_most(*max_share, "finite".to_owned()),
        Check::Range { min, max, max_share, .. } => at_most(*max_share, bounds(*min, *max)),
        Check::Unique { max_share, .. } => at_most(*max_share, "unique".to_owned()),
        Check::Duplicates { max_share, .. } => at_most(*max_share, "unique".to_owned()),
        Check::Categories { values, max_share, .. } => {
            at_most(*max_share, format!("one of {} categories", values.len()))
        }
        Check::Pattern { pattern, max_share, .. } => at_most(*max_share, format!("matching {pattern}")),
        Check::Mean { min, max, .. } | Check::Rows { min, max } => Threshold { min: *min, max: *max, words: None },
        Check::Freshness { max_age_seconds, .. } => Threshold { min: None, max: Some(*max_age_seconds), words: None },
        Check::Columns { exact, .. } => {
            at_most(0.0, if *exact { "exactly these columns" } else { "these columns" }.to_owned())
        }
    }
}

fn shares(found: &mut Expectation, check: &Check, breaks: &Breaks) {
    let max_share = found.threshold.max.unwrap_or(0.0);
    let wanted = found.threshold.words.clone().unwrap_or_default();
    found.examples.clone_from(&breaks.examples);
    let subject = match check.column() {
        Some(column) => format!("`{column}`"),
        None => "the rows".to_owned(),
    };
    if breaks.of == 0 {
        found.verdict = Verdict::Inconclusive;
        found.why = format!("{subject}: there is no value to look at");
        return;
    }
    let share = breaks.share();
    found.measured = Some(share);
    found.verdict = if share <= max_share { Verdict::Passed } else { Verdict::Failed };
    let (broken, of) = (breaks.broken, breaks.of);
    found.why = match (broken, found.verdict) {
        (0, _) => format!("{subject}: all {of} are {wanted}"),
        (_, Verdict::Passed) => {
            format!(
                "{subject}: {broken} of {of} ({}) are not {wanted}; up to {} may be",
                percent(share),
                percent(max_share)
            )
        }
        _ => {
            let example = breaks.examples.first().map_or_else(String::new, |example| format!(", such as {example}"));
            let allowed = if max_share == 0.0 { "none".to_owned() } else { percent(max_share) };
            format!("{subject}: {broken} of {of} ({}) are not {wanted}{example}; allowed: {allowed}", percent(share))
        }
    };
}

fn mean_between(found: &mut Expectation, check: &Check, mean: Option<f64>) {
    let Check::Mean { column, min, max } = check else { return };
    found.measured = mean.and_then(finite);
    let Some(mean) = mean else {
        found.verdict = Verdict::Inconclusive;
        found.why = format!("`{column}`: there is no finite value to take the mean of");
        return;
    };
    found.verdict = if within(mean, *min, *max) { Verdict::Passed } else { Verdict::Failed };
    found.why = format!("`{column}`: the mean is {}; expected {}", number(mean), bounds(*min, *max));
}

fn age(found: &mut Expectation, check: &Check, latest_us: Option<i64>, now_us: i64) {
    let Check::Freshness { column, max_age_seconds } = check else { return };
    let Some(latest) = latest_us else {
        found.verdict = Verdict::Inconclusive;
        found.why = format!("`{column}`: there is no time to look at");
        return;
    };
    let age = (now_us - latest) as f64 / 1e6;
    found.measured = finite(age);
    let allowed = duration(*max_age_seconds);
    // A clock that is a little ahead is no time from the future.
    if age < -300.0 {
        found.verdict = Verdict::Failed;
        found.why =
            format!("`{column}`: the latest time lies {} in the future; check clocks and time zones", duration(-age));
    } else {
        found.verdict = if age <= *max_age_seconds { Verdict::Passed } else { Verdict::Failed };
        found.why = format!("`{column}`: the latest time is {} ago; allowed: {allowed}", duration(age.max(0.0)));
    }
}

fn duration(seconds: f64) -> String {
    match seconds {
        s if s >= 172_800.0 => format!("{:.1} days", s / 86_400.0),
        s if s >= 7200.0 => format!("{:.1} hours", s / 3600.0),
        s if s >= 120.0 => format!("{:.1} minutes", s / 60.0),
        s => format!("{s:.0} seconds"),
    }
}

fn plural(kind: &str) -> &'static str {
    match kind {
        "boolean" => "booleans",
        "integer" => "whole numbers",
        "float" => "numbers",
        "timestamp" => "times",
        _ => "text",
    }
}
