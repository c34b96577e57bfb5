//! What a responder can say: the same words on a terminal and in a file of decisions.

use super::super::Error;
use super::super::escalation::After;
use super::super::yaml::{self, Mistakes};
use super::scenario::Scenario;
use jiff::SignedDuration;
use mod_106::alerts::Severity;
use serde::Deserialize;
use serde_saphyr::Spanned;
use std::path::Path;

/// One decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// I have it.
    Acknowledge,
    /// It is this bad.
    Severity(Severity),
    /// I follow this runbook.
    Runbook(String),
    /// I do this.
    Act(String),
    /// I tell others.
    Tell(String),
    /// It is this.
    Cause(String),
    /// It is over.
    Resolve,
}

/// What every word means, for whoever sits at the terminal.
pub const WORDS: &str = "acknowledge · severity info|warning|error|critical · runbook NAME · act ACTION · tell TEXT · cause CAUSE · resolve";

impl Decision {
    /// Reads a line; names of actions and causes must be the scenario's.
    ///
    /// # Errors
    /// Says what was found and expected.
    pub fn parse(line: &str, scenario: &Scenario) -> Result<Self, String> {
        let (word, rest) = line.trim().split_once(' ').unwrap_or((line.trim(), ""));
        let rest = rest.trim();
        let needed =
            |what: &str| if rest.is_empty() { Err(format!("{word}: expected {what}")) } else { Ok(rest.to_owned()) };
        let one_of = |names: Vec<&str>| {
            if names.contains(&rest) {
                return Ok(rest.to_owned());
            }
            Err(format!("{word}: found {rest:?}, expected one of {}", names.join(", ")))
        };
        match word {
            "acknowledge" => Ok(Self::Acknowledge),
            "severity" => {
                let read = serde_json::from_value(serde_json::Value::String(rest.to_owned()));
                read.map(Self::Severity)
                    .map_err(|_| format!("severity: found {rest:?}, expected info, warning, error or critical"))
            }
            "runbook" => needed("a runbook's name").map(Self::Runbook),
            "act" => one_of(scenario.actions.iter().map(|action| action.id.as_str()).collect()).map(Self::Act),
            "tell" => needed("the words").map(Self::Tell),
            "cause" => one_of(scenario.causes.iter().map(|cause| cause.id.as_str()).collect()).map(Self::Cause),
            "resolve" => Ok(Self::Resolve),
            _ => Err(format!("found {word:?}, expected one of: {WORDS}")),
        }
    }
}

/// A responder's decisions, for an exercise without one.
#[derive(Debug, Clone)]
pub struct Decisions {
    /// Who decides; a person of the schedule. Without a name: whoever is on call.
    pub responder: Option<String>,
    /// How long after the first page, and what; in order.
    pub decisions: Vec<(SignedDuration, Decision)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    responder: Option<String>,
    decisions: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    after: After,
    #[serde(rename = "do")]
    decision: Spanned<String>,
}

impl Decisions {
    /// Reads a file of decisions.
    ///
    /// # Errors
    /// [`Error::File`], or [`Error::Malformed`] with every mistake and its place.
    pub fn read(path: &Path, scenario: &Scenario) -> Result<Self, Error> {
        let text = std::fs::read_to_string(path).map_err(|source| Error::file(path, source))?;
        let file: File = yaml::parse(path, &text)?;
        let mut mistakes = Mistakes::of(path);
        let mut decisions = Vec::new();
        for entry in &file.decisions {
            let read = mistakes.take(&entry.decision, Decision::parse(&entry.decision.value, scenario));
            decisions.extend(read.map(|decision| (entry.after.0, decision)));
        }
        decisions.sort_by_key(|(after, _)| *after);
        mistakes.unless_any(Self { responder: file.responder, decisions })
    }
}
