//! Corrective actions: each has an owner, a day until which it is due, and evidence. What is due and shows nothing fails.

use super::super::Error;
use super::super::yaml::{self, Mistakes};
use super::evidence::{Evidence, Look};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_saphyr::Spanned;
use std::path::Path;

/// What follows from an incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Actions {
    /// The incident.
    pub incident: String,
    /// In the file's order.
    pub actions: Vec<Action>,
}

/// One action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Action {
    /// Its name.
    pub id: String,
    /// One line.
    pub title: String,
    /// Who does it.
    pub owner: String,
    /// Until when.
    pub due: Date,
    /// What shows that it was done; all of it must be there.
    pub evidence: Vec<Evidence>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    incident: String,
    actions: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: Spanned<String>,
    title: String,
    owner: Spanned<String>,
    due: Spanned<String>,
    #[serde(default)]
    evidence: Vec<Evidence>,
}

/// Where an action stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// All of its evidence is there.
    Done,
    /// It is not due yet, and has no evidence.
    Open,
    /// It was due, and has no evidence.
    Overdue,
    /// It claims evidence that is not there, whether due or not.
    Unfounded,
}

impl Standing {
    /// The word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Open => "open",
            Self::Overdue => "overdue",
            Self::Unfounded => "unfounded",
        }
    }

    /// Whether the check fails because of it.
    #[must_use]
    pub fn fails(self) -> bool {
        matches!(self, Self::Overdue | Self::Unfounded)
    }
}

/// An action that was looked into.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// The action.
    #[serde(flatten)]
    pub action: Action,
    /// Where it stands.
    pub standing: Standing,
    /// What is missing, or what is there.
    pub found: String,
}

impl Actions {
    /// Reads a file of actions.
    ///
    /// # Errors
    /// [`Error::File`], or [`Error::Malformed`] with every mistake and its place.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let text = std::fs::read_to_string(path).map_err(|source| Error::file(path, source))?;
        let file: File = yaml::parse(path, &text)?;
        let mut mistakes = Mistakes::of(path);
        let mut actions: Vec<Action> = Vec::new();
        for entry in file.actions {
            let due = entry.due.value.parse::<Date>();
            let due = due.map_err(|_| format!("found {:?}, expected a day such as 2026-04-01", entry.due.value));
            let due = mistakes.take(&entry.due, due).unwrap_or_default();
            if entry.owner.value.trim().is_empty() {
                mistakes.at(&entry.owner, "found no owner, expected somebody: what everybody owns nobody does");
            }
            if actions.iter().any(|known| known.id == entry.id.value) {
                mistakes.at(&entry.id, format!("found {:?} twice, expected a name of its own", entry.id.value));
            }
            let (id, owner) = (entry.id.value, entry.owner.value);
            actions.push(Action { id, title: entry.title, owner, due, evidence: entry.evidence });
        }
        mistakes.unless_any(Self { incident: file.incident, actions })
    }
}

/// Looks into each action.
#[must_use]
pub fn check(actions: &Actions, look: &Look, today: Date) -> Vec<Checked> {
    let checked = |action: &Action| {
        let missing: Vec<_> = action.evidence.iter().filter_map(|evidence| look.missing(evidence)).collect();
        let (standing, found) = if !missing.is_empty() {
            (Standing::Unfounded, missing.join("; "))
        } else if !action.evidence.is_empty() {
            let there: Vec<_> = action.evidence.iter().map(Evidence::words).collect();
            (Standing::Done, there.join("; "))
        } else if action.due < today {
            (Standing::Overdue, format!("no evidence, and it was due on {}", action.due))
        } else {
            (Standing::Open, format!("no evidence yet, due on {}", action.due))
        };
        Checked { action: action.clone(), standing, found }
    };
    actions.actions.iter().map(checked).collect()
}
