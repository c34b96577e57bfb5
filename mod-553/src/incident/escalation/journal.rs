//! The journal: what happened, a line for each decision, in an audit trail whose entries are chained by digest. All events of one
//! decision stand in one line, so that a crash leaves a decision whole or not at all.

use super::super::Error;
use super::event::{Event, Incidents};
use super::machine::{Input, decide};
use super::policy::Policy;
use jiff::Timestamp;
use mod_106::audit::{self, Entry, Recovered, Trail};
use serde_json::json;
use std::path::{Path, PathBuf};

/// The events on disk.
#[derive(Debug, Clone)]
pub struct Journal {
    trail: Trail,
}

/// What a decision wrote.
#[derive(Debug, Clone)]
pub struct Written {
    /// The incident.
    pub id: String,
    /// What happened; empty when nothing did.
    pub events: Vec<Event>,
    /// The state after it.
    pub state: Incidents,
    /// What a writer left that was stopped in the middle of a line.
    pub recovered: Option<Recovered>,
}

impl Journal {
    /// The journal in this file, which the first decision makes.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { trail: Trail::new(path) }
    }

    /// Its file.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.trail.path()
    }

    /// The state that all entries lead to; a torn last line is nobody's decision and left out.
    ///
    /// # Errors
    /// [`Error::Journal`] when an entry is not what it was, [`Error::Input`] when it is another program's trail.
    pub fn state(&self) -> Result<Incidents, Error> {
        if !self.path().exists() {
            return Ok(Incidents::default());
        }
        folded(self.path(), &audit::verify(self.path(), None)?.entries)
    }

    /// Decides and writes under one lock: of two who act at once the second decides with the first one's entry before it. A clock
    /// that was set back does not turn the journal's time back.
    ///
    /// # Errors
    /// As [`decide`], and [`Error::Journal`].
    pub fn decide(&self, id: Option<&str>, input: &Input, policy: &Policy, now: Timestamp) -> Result<Written, Error> {
        let mut written = None;
        let (_, recovered) = self.trail.append_decided(now, |entries| {
            let mut state = folded(self.path(), entries)?;
            let now = state.last_at().map_or(now, |last| last.max(now));
            let (id, events) = decide(&state, id, input, policy, now)?;
            for event in &events {
                state.apply(&id, now, event);
            }
            let event = (!events.is_empty()).then(|| {
                let detail = json!({ "at": now, "events": events });
                audit::Event::new(actor(input), &format!("incident.{}", verb(input)), format!("incident:{id}"), detail)
            });
            written = Some((id, events, state));
            Ok::<_, Error>(event)
        })?;
        let (id, events, state) = written.expect("what was not refused was decided");
        Ok(Written { id, events, state, recovered })
    }

    /// Lets time pass for every open incident: what is due is decided until nothing is.
    ///
    /// # Errors
    /// As [`Journal::decide`].
    pub fn tick(&self, policy: &Policy, now: Timestamp) -> Result<(Incidents, Vec<(String, Event)>), Error> {
        let mut state = self.state()?;
        let open: Vec<_> = state.0.values().filter(|incident| incident.is_open()).map(|it| it.id.clone()).collect();
        let mut happened = Vec::new();
        for id in open {
            let written = self.decide(Some(&id), &Input::Tick, policy, now)?;
            happened.extend(written.events.into_iter().map(|event| (id.clone(), event)));
            state = written.state;
        }
        Ok((state, happened))
    }
}

fn folded(path: &Path, entries: &[Entry]) -> Result<Incidents, Error> {
    let mut state = Incidents::default();
    for entry in entries {
        let foreign = |problem: String| {
            let line = entry.sequence;
            Error::Input(format!("{}:{line}: {problem}; expected a journal of incidents", path.display()))
        };
        let id = entry.subject.strip_prefix("incident:");
        let id = id.ok_or_else(|| foreign(format!("found an entry about {:?}", entry.subject)))?;
        let events = entry.detail.get("events").cloned().unwrap_or_default();
        let events: Vec<Event> = serde_json::from_value(events).map_err(|error| foreign(error.to_string()))?;
        let at = entry.detail.get("at").and_then(|at| at.as_str()?.parse().ok());
        let at = at.ok_or_else(|| foreign("found no time".to_owned()))?;
        for event in &events {
            state.apply(id, at, event);
        }
    }
    Ok(state)
}

fn actor(input: &Input) -> &str {
    match input {
        Input::Trigger(_) | Input::Tick => "monitor",
        Input::Acknowledge { by }
        | Input::Snooze { by, .. }
        | Input::Reclassify { by, .. }
        | Input::Note { by, .. }
        | Input::Resolve { by, .. } => by,
        Input::HandOver { from, .. } => from,
    }
}

fn verb(input: &Input) -> &'static str {
    match input {
        Input::Trigger(_) => "triggered",
        Input::Acknowledge { .. } => "acknowledged",
        Input::Snooze { .. } => "snoozed",
        Input::HandOver { .. } => "handed-over",
        Input::Reclassify { .. } => "reclassified",
        Input::Note { .. } => "noted",
        Input::Resolve { .. } => "resolved",
        Input::Tick => "escalated",
    }
}
