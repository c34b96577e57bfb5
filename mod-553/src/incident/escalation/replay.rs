//! Events from a file, decided on a clock that jumps from one to the next: what a policy would do, without waiting for it and
//! without telling anybody. A night of escalation is tried in a blink, and a postmortem is made of events that another program kept.

use super::super::Error;
use super::event::{Event, Incidents, NoteKind, Reason};
use super::machine::{Input, Trigger, decide, due};
use super::policy::Policy;
use jiff::Timestamp;
use mod_106::alerts::Severity;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// One line of the file: when, which alert it is about, and what. All times in RFC 3339.
type Line = (Timestamp, String, What);

#[derive(Debug, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case", deny_unknown_fields)]
enum What {
    /// The harm began; somebody found out later.
    Began,
    /// The alert is delivered.
    Firing { starts_at: Timestamp, title: String, severity: Severity, service: String, runbook: Option<String> },
    /// Somebody has it in hand.
    Acknowledged { by: String },
    /// Somebody adds something to the timeline.
    Noted { by: String, kind: NoteKind, text: String },
    /// It is over.
    Resolved { by: String, cause: Option<String> },
}

/// A file of events, in the order of time.
#[derive(Debug, Clone)]
pub struct Script {
    /// The line, the time, whom it is about, and what.
    inputs: Vec<(usize, Timestamp, String, Input)>,
    /// When the harm began, by fingerprint.
    pub began: BTreeMap<String, Timestamp>,
    /// What the file is called.
    name: String,
}

/// Somebody is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Notification {
    /// When.
    pub at: Timestamp,
    /// Which alert.
    pub fingerprint: String,
    /// Who.
    pub person: String,
    /// Which time through the levels, from 1.
    pub round: u32,
    /// Which level, from 1; the fallback's is one more than the last.
    pub level: usize,
    /// Why now.
    pub reason: Reason,
}

/// What became of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replayed {
    /// Everybody who was told, in the order of time.
    pub notifications: Vec<Notification>,
    /// All incidents.
    pub incidents: Incidents,
    /// What people did that the state did not allow, by line.
    pub refused: Vec<(usize, String)>,
}

impl Script {
    /// Reads JSON Lines.
    ///
    /// # Errors
    /// [`Error::File`], or [`Error::Malformed`] with every line that is none, or comes before the one above it.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let text = std::fs::read_to_string(path).map_err(|source| Error::file(path, source))?;
        let name = path.display().to_string();
        let (mut script, mut mistakes) = (Self { inputs: Vec::new(), began: BTreeMap::new(), name }, Vec::new());
        let mut last = Timestamp::MIN;
        for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let number = number + 1;
            match read(line) {
                Err(why) => mistakes.push(format!("{}:{number}: {why}", script.name)),
                Ok((at, ..)) if at < last => {
                    let name = &script.name;
                    mistakes.push(format!("{name}:{number}: at: found {at}, expected a time not before {last}"));
                }
                Ok(line) => {
                    last = line.0;
                    script.take(number, line);
                }
            }
        }
        if mistakes.is_empty() { Ok(script) } else { Err(Error::Malformed { mistakes }) }
    }

    /// When its last event is.
    #[must_use]
    pub fn ends(&self) -> Timestamp {
        self.inputs.last().map_or(Timestamp::MIN, |(_, at, ..)| *at)
    }

    fn take(&mut self, number: usize, (at, key, what): Line) {
        let input = match what {
            What::Began => {
                self.began.entry(key).or_insert(at);
                return;
            }
            What::Firing { starts_at, title, severity, service, runbook } => {
                let starts_at = Some(starts_at);
                Input::Trigger(Trigger { key: key.clone(), title, severity, service, runbook, starts_at })
            }
            What::Acknowledged { by } => Input::Acknowledge { by },
            What::Noted { by, kind, text } => Input::Note { by, kind, text },
            What::Resolved { by, cause } => Input::Resolve { by, cause },
        };
        self.inputs.push((number, at, key, input));
    }
}

/// A line: `at` and `fingerprint`, which every event has, then what its kind says.
fn read(text: &str) -> Result<Line, String> {
    let mut fields: Map<String, Value> =
        serde_json::from_str(text).map_err(|error| format!("no JSON object: {error}"))?;
    let mut text_of = |name: &str, expected: &str| match fields.remove(name) {
        Some(Value::String(text)) => Ok(text),
        found => Err(format!(
            "{name}: found {}, expected {expected}",
            found.map_or("nothing".to_owned(), |it| it.to_string())
        )),
    };
    let (time, key) = (text_of("at", "an instant such as 2026-03-02T10:00:00Z")?, text_of("fingerprint", "a text")?);
    let at =
        time.parse().map_err(|_| format!("at: found {time:?}, expected an instant such as 2026-03-02T10:00:00Z"))?;
    let what = serde_json::from_value(Value::Object(fields)).map_err(|error| error.to_string())?;
    Ok((at, key, what))
}

/// Plays a script under a policy until a time. At one instant the file's events come first, then what time alone brings.
///
/// # Errors
/// [`Error::Malformed`] with the line where it speaks of people or alerts that do not exist. What the state does not allow, such as
/// a second acknowledgement, is noted and changes nothing, as in life.
pub fn replay(script: &Script, policy: &Policy, until: Timestamp) -> Result<Replayed, Error> {
    let (incidents, notifications, refused) = (Incidents::default(), Vec::new(), Vec::new());
    let mut played = Replayed { notifications, incidents, refused };
    for (number, at, key, input) in script.inputs.iter().filter(|(_, at, ..)| *at <= until) {
        played.let_pass(policy, *at, false)?;
        let id = played.incidents.last_of(key).map(|incident| incident.id.clone());
        let malformed =
            |problem: String| Error::Malformed { mistakes: vec![format!("{}:{number}: {problem}", script.name)] };
        if id.is_none() && !matches!(input, Input::Trigger(_)) {
            return Err(malformed(format!("fingerprint: found {key:?}, expected one that has fired before")));
        }
        match decide(&played.incidents, id.as_deref(), input, policy, *at) {
            Ok((id, events)) => played.apply(&id, *at, &events),
            Err(Error::Refused(reason)) => played.refused.push((*number, reason)),
            Err(error) => return Err(malformed(error.to_string())),
        }
    }
    played.let_pass(policy, until, true)?;
    Ok(played)
}

impl Replayed {
    /// Decides all that time alone brings before this instant, and at it when `inclusive`.
    fn let_pass(&mut self, policy: &Policy, until: Timestamp, inclusive: bool) -> Result<(), Error> {
        let mut still = BTreeSet::new();
        loop {
            let open = self.incidents.0.values().filter(|it| !still.contains(&it.id));
            let next = open.filter_map(|it| Some((due(it, policy)?, it.id.clone()))).min();
            let Some((at, id)) = next.filter(|(at, _)| *at < until || (inclusive && *at == until)) else {
                return Ok(());
            };
            let (id, events) = decide(&self.incidents, Some(&id), &Input::Tick, policy, at)?;
            if events.is_empty() {
                // Nothing came of it: it would be due for ever.
                still.insert(id);
                continue;
            }
            self.apply(&id, at, &events);
        }
    }

    fn apply(&mut self, id: &str, at: Timestamp, events: &[Event]) {
        for event in events {
            self.incidents.apply(id, at, event);
            let Event::Paged { round, level, people, reason } = event else { continue };
            let key = self.incidents.0.get(id).map(|incident| incident.key.clone()).unwrap_or_default();
            let told = |person: &String| {
                let (fingerprint, person, round, level, reason) =
                    (key.clone(), person.clone(), *round, *level, *reason);
                Notification { at, fingerprint, person, round, level, reason }
            };
            self.notifications.extend(people.iter().map(told));
        }
    }
}
