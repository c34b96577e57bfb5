//! The audit trail as documents see it: its entries, and whether they can be believed. A broken trail is read as far as it is sound
//! and shown as broken, never silently cut.

use super::error::Error;
use crate::audit::{self, Entry};
use serde::Serialize;
use std::path::Path;

/// Whether a trail's chain holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ChainState {
    /// Every digest was computed again and every entry follows the one before.
    Verified,
    /// An entry is not what it was, or the end was cut off.
    Broken,
    /// No trail was given.
    NotGiven,
}

/// A trail and what its verification says.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TrailFacts {
    /// Whether its chain holds.
    pub chain: ChainState,
    /// What is wrong, when it does not.
    pub problem: Option<String>,
    /// The last entry's digest.
    pub head: Option<String>,
    /// A last line that was never finished: its line, and how many bytes there are.
    pub torn: Option<(u64, u64)>,
    /// The entries before the first broken one.
    pub entries: Vec<Entry>,
}

impl TrailFacts {
    /// When no trail was given.
    pub fn not_given() -> Self {
        Self { chain: ChainState::NotGiven, problem: None, head: None, torn: None, entries: Vec::new() }
    }

    /// Reads and verifies a trail; `head` is the digest that the registry says the trail has had.
    ///
    /// # Errors
    /// [`Error::Input`] when the file cannot be read. A broken chain is no error here, but a fact.
    pub fn read(path: &Path, head: Option<&str>) -> Result<Self, Error> {
        let failed = |problem: String| Error::Input { path: path.to_owned(), problem };
        let bytes = std::fs::read(path)
            .map_err(|error| failed(format!("{error}; give the audit trail that `mod-106 promote` writes")))?;
        let (reading, unreadable) = match audit::read_text(path, &bytes) {
            Ok(reading) => (reading, None),
            Err(error @ audit::Error::Broken { line, .. }) => {
                let lines = bytes.split_inclusive(|byte| *byte == b'\n');
                let sound: Vec<u8> =
                    lines.take(usize::try_from(line - 1).unwrap_or_default()).flatten().copied().collect();
                let reading = audit::read_text(path, &sound).map_err(|error| failed(error.to_string()))?;
                (reading, Some(error))
            }
            Err(error) => return Err(failed(error.to_string())),
        };
        let problem = match audit::verify_reading(path, &reading, head) {
            Err(error) => Some(error),
            Ok(()) => unreadable,
        };
        let sound = match &problem {
            Some(audit::Error::Broken { line, .. }) => usize::try_from(line - 1).unwrap_or_default(),
            _ => reading.entries.len(),
        };
        let entries: Vec<_> = reading.entries.into_iter().take(sound).collect();
        Ok(Self {
            chain: if problem.is_some() { ChainState::Broken } else { ChainState::Verified },
            problem: problem.map(|error| without_path(&error)),
            head: entries.last().map(|entry| entry.digest.clone()),
            torn: reading.torn.map(|torn| (torn.line, torn.bytes)),
            entries,
        })
    }

    /// The entries about a subject such as `model:fraud/3`, or about anything below it.
    pub fn about(&self, subject: &str) -> Vec<&Entry> {
        let below = format!("{subject}/");
        let entries = self.entries.iter();
        entries.filter(|entry| entry.subject == subject || entry.subject.starts_with(&below)).collect()
    }
}

/// What is wrong, without where the file lies on this machine: documents travel.
fn without_path(error: &audit::Error) -> String {
    match error {
        audit::Error::Broken { line, problem, .. } => format!("line {line}: {problem}"),
        audit::Error::Short { entries, head, .. } => {
            format!("{entries} entries, and none has the digest {head} that the registry knows: the end was cut off")
        }
        other @ audit::Error::File { .. } => other.to_string(),
    }
}
