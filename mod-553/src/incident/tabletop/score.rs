//! How it went: a rubric, which is data, over the facts of a timeline. Pure, so that a timeline can be scored again.

use super::super::Error;
use super::super::escalation::After;
use super::super::schedule::length;
use super::super::yaml;
use super::scenario::{Effect, Expects, Scenario};
use super::timeline::{Entry, What};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// What counts how much.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rubric {
    /// Fewer points than this are not enough.
    pub pass: u32,
    lines: Vec<RubricLine>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct RubricLine {
    id: String,
    points: u32,
    rule: Rule,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Rule {
    /// After the alert.
    AcknowledgedWithin(After),
    /// As bad as it is.
    Severity,
    /// The one that helps, before anything is done.
    Runbook,
    /// After the alert.
    MitigatedWithin(After),
    /// The impact was lessened before the cause was named.
    MitigatedBeforeCause,
    /// After the alert.
    ToldWithin(After),
    /// The right one.
    Cause,
    /// The alert had ended when it was said to be over.
    Recovered,
    /// Nothing was done that makes it worse.
    NoHarm,
}

/// How it went.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Score {
    /// Points.
    pub points: u32,
    /// Points there are.
    pub of: u32,
    /// Whether they are enough.
    pub passed: bool,
    /// Line by line.
    pub lines: Vec<Line>,
}

/// One line of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Line {
    /// The rubric's line.
    pub id: String,
    /// Points.
    pub points: u32,
    /// Points there are.
    pub of: u32,
    /// What was found.
    pub found: String,
}

impl Rubric {
    /// Reads it.
    ///
    /// # Errors
    /// [`Error::File`], or [`Error::Malformed`] with its place.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let text = std::fs::read_to_string(path).map_err(|source| Error::file(path, source))?;
        yaml::parse(path, &text)
    }
}

/// Scores a timeline.
#[must_use]
pub fn score(rubric: &Rubric, scenario: &Scenario, timeline: &[Entry]) -> Score {
    let line = |line: &RubricLine| {
        let (holds, found) = judged(&line.rule, scenario, timeline);
        Line { id: line.id.clone(), points: if holds { line.points } else { 0 }, of: line.points, found }
    };
    let lines: Vec<_> = rubric.lines.iter().map(line).collect();
    let points = lines.iter().map(|line| line.points).sum();
    Score { points, of: lines.iter().map(|line| line.of).sum(), passed: points >= rubric.pass, lines }
}

fn judged(rule: &Rule, scenario: &Scenario, timeline: &[Entry]) -> (bool, String) {
    let expects = &scenario.expects;
    let fired = first(timeline, |what| matches!(what, What::Fired { alert, .. } if *alert == expects.alert));
    let word = |wanted: &str, value: Option<&str>| {
        first(
            timeline,
            |what| matches!(what, What::Decided { word, value: said, .. } if word == wanted && value.is_none_or(|value| value == said)),
        )
    };
    let last = |wanted: &str| {
        timeline.iter().rev().find_map(|entry| match &entry.what {
            What::Decided { word, value, .. } if word == wanted => Some(value.clone()),
            _ => None,
        })
    };
    let of_kind = |kind: Effect| {
        let mut done = timeline.iter().filter(|entry| match &entry.what {
            What::Decided { word, value, .. } if word == "act" => {
                scenario.action(value).is_some_and(|action| action.kind == kind)
            }
            _ => false,
        });
        done.next()
    };
    let mitigated = of_kind(Effect::Mitigates).map(|entry| entry.at);
    let within = |at: Option<Timestamp>, limit: &After, what: &str| match (fired, at) {
        (None, _) => (false, format!("{} never fired", expects.alert)),
        (_, None) => (false, format!("never {what}")),
        (Some(fired), Some(at)) => {
            let took = at.duration_since(fired);
            (took <= limit.0, format!("{what} {} after the alert", length(took.as_secs().max(0))))
        }
    };
    let said = |found: Option<String>, expected: &str| {
        let holds = found.as_deref() == Some(expected);
        let found = found.unwrap_or_else(|| "nothing".to_owned());
        (holds, if holds { found } else { format!("{found}, expected {expected}") })
    };
    match rule {
        Rule::AcknowledgedWithin(limit) => within(word("acknowledge", None), limit, "acknowledged"),
        Rule::MitigatedWithin(limit) => within(mitigated, limit, "mitigated"),
        Rule::ToldWithin(limit) => within(word("tell", None), limit, "told others"),
        Rule::Severity => said(last("severity"), expects.severity.word()),
        Rule::Cause => said(last("cause"), &expects.cause),
        Rule::Runbook => match (word("runbook", Some(&expects.runbook)), word("act", None)) {
            (None, _) => said(last("runbook"), &expects.runbook),
            (Some(read), Some(acted)) if acted < read => (false, "read after something was done".to_owned()),
            (Some(_), _) => (true, expects.runbook.clone()),
        },
        Rule::MitigatedBeforeCause => match (mitigated, word("cause", None)) {
            (None, _) => (false, "never mitigated".to_owned()),
            (Some(done), Some(named)) if named < done => (false, "the cause was named first".to_owned()),
            _ => (true, "the impact came first".to_owned()),
        },
        Rule::Recovered => recovered(expects, timeline, word("resolve", None)),
        Rule::NoHarm => match of_kind(Effect::Harmful).map(|entry| &entry.what) {
            Some(What::Decided { value, .. }) => {
                let why = scenario.action(value).and_then(|action| action.why.clone()).unwrap_or_default();
                (false, format!("{value}: {why}"))
            }
            _ => (true, "nothing harmful was done".to_owned()),
        },
    }
}

/// Whether the alert had ended when it was said to be over.
fn recovered(expects: &Expects, timeline: &[Entry], over: Option<Timestamp>) -> (bool, String) {
    let ended = |entry: &&Entry| matches!(&entry.what, What::Cleared { alert, .. } if *alert == expects.alert);
    match (timeline.iter().rev().find(ended), over) {
        (None, _) => (false, format!("{} never ended", expects.alert)),
        (Some(_), None) => (false, "never said to be over".to_owned()),
        (Some(cleared), Some(over)) if over < cleared.at => (false, "said to be over while it was not".to_owned()),
        _ => (true, "said to be over after the alert had ended".to_owned()),
    }
}

fn first(timeline: &[Entry], wanted: impl Fn(&What) -> bool) -> Option<Timestamp> {
    timeline.iter().find(|entry| wanted(&entry.what)).map(|entry| entry.at)
}
