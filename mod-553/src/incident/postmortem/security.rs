//! What security asks of every incident, whether it looked like one of theirs or not: which data could be seen, which credentials were
//! rotated, who was told. *None* is an answer; silence is a gap. Requirements are data, each with what shows that it was met.

use super::super::Error;
use super::super::escalation::{After, Event, Incident, NoteKind};
use super::super::schedule::length;
use super::super::yaml;
use super::actions::{Checked, Standing};
use super::words::without_names;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// What security requires of an incident.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Requirements {
    /// In the file's order.
    pub requirements: Vec<Required>,
}

/// One requirement, as it is written.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Required {
    /// Its name, by which auditors ask.
    id: String,
    /// One line.
    title: String,
    /// What shows that it was met.
    shown_by: ShownBy,
    /// Only a note that says this word counts.
    #[serde(default)]
    saying: Option<String>,
    /// Not later than this after the alert.
    #[serde(default)]
    within: Option<After>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum ShownBy {
    Exposure,
    Credentials,
    Communication,
    /// At least one corrective action, and none overdue or unfounded.
    Actions,
}

/// What was found about security.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Security {
    /// What was said of data, without names.
    pub exposure: Vec<String>,
    /// What was said of credentials, without names.
    pub credentials: Vec<String>,
    /// Who was told: when and what.
    pub told: Vec<(Timestamp, String)>,
    /// Requirement by requirement.
    pub requirements: Vec<Requirement>,
}

/// A requirement that was looked into.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Requirement {
    /// Its name.
    pub id: String,
    /// One line.
    pub title: String,
    /// Whether it was met.
    pub met: Met,
    /// What shows it, or what is missing.
    pub found: String,
}

/// Whether a requirement was met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Met {
    /// In time.
    Met,
    /// Too late.
    Late,
    /// Not at all, as far as anybody said.
    Gap,
}

impl Requirements {
    /// Reads a file of requirements.
    ///
    /// # Errors
    /// [`Error::File`], or [`Error::Malformed`] with its place.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let text = std::fs::read_to_string(path).map_err(|source| Error::file(path, source))?;
        yaml::parse(path, &text)
    }
}

/// What an incident's notes and actions answer.
#[must_use]
pub fn security(
    incident: &Incident,
    people: &[String],
    requirements: Option<&Requirements>,
    actions: &[Checked],
) -> Security {
    let notes = |wanted: NoteKind| -> Vec<(Timestamp, String)> {
        let said = incident.timeline.iter().filter_map(|(at, event)| match event {
            Event::Noted { kind, text, .. } if *kind == wanted => Some((*at, without_names(text, people))),
            _ => None,
        });
        said.collect()
    };
    let texts = |notes: Vec<(Timestamp, String)>| notes.into_iter().map(|(_, text)| text).collect();
    let judged = |required: &Required| {
        let (met, found) = match required.shown_by {
            ShownBy::Exposure => noted(&notes(NoteKind::Exposure), required, incident.opened_at),
            ShownBy::Credentials => noted(&notes(NoteKind::Credentials), required, incident.opened_at),
            ShownBy::Communication => noted(&notes(NoteKind::Communication), required, incident.opened_at),
            ShownBy::Actions => planned(actions),
        };
        Requirement { id: required.id.clone(), title: required.title.clone(), met, found }
    };
    Security {
        exposure: texts(notes(NoteKind::Exposure)),
        credentials: texts(notes(NoteKind::Credentials)),
        told: notes(NoteKind::Communication),
        requirements: requirements.map(|all| all.requirements.iter().map(judged).collect()).unwrap_or_default(),
    }
}

/// The first note that says what it has to say, and whether it came in time.
fn noted(notes: &[(Timestamp, String)], required: &Required, opened: Timestamp) -> (Met, String) {
    let says =
        |text: &str| required.saying.as_ref().is_none_or(|word| text.to_lowercase().contains(&word.to_lowercase()));
    let Some((at, text)) = notes.iter().find(|(_, text)| says(text)) else {
        return (Met::Gap, "nobody has said it".to_owned());
    };
    let took = at.duration_since(opened);
    let late = required.within.filter(|within| took > within.0);
    let met = if late.is_some() { Met::Late } else { Met::Met };
    (met, format!("{} after the alert: {text}", length(took.as_secs().max(0))))
}

fn planned(actions: &[Checked]) -> (Met, String) {
    let failing: Vec<_> = actions.iter().filter(|it| it.standing.fails()).map(|it| it.action.id.as_str()).collect();
    let done = actions.iter().filter(|it| it.standing == Standing::Done).count();
    match (actions.len(), failing.is_empty()) {
        (0, _) => (Met::Gap, "there is no corrective action".to_owned()),
        (count, true) => (Met::Met, format!("{done} of {count} done, none overdue or unfounded")),
        (_, false) => (Met::Gap, format!("overdue or unfounded: {}", failing.join(", "))),
    }
}
