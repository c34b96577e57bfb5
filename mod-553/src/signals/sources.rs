//! What signals are made from, read strictly, each with the digest of its bytes as they are now.

use super::error::Error;
use super::identity;
use crate::drift::outcome::{Outcome, VERSION};
use crate::incident::escalation::{Incidents, Journal};
use crate::slo::Folded;
use jiff::Timestamp;
use mod_106::governance::{ChainState, TrailFacts};
use serde::Deserialize;
use std::path::Path;

/// Something that was read.
#[derive(Clone, Debug)]
pub struct Source<T> {
    /// Where it was read.
    pub path: String,
    /// `sha256:…` of the file.
    pub digest: String,
    /// What it says.
    pub content: T,
}

/// A drift report and the time at which its comparison began.
#[derive(Clone, Debug)]
pub struct Report {
    /// When it began.
    pub at: Timestamp,
    /// What was found.
    pub outcome: Outcome,
}

/// An audit trail of any part, or a journal of incidents.
#[derive(Clone, Debug)]
pub struct Trail {
    /// Its entries as far as they are sound, and whether its chain holds.
    pub facts: TrailFacts,
    /// The incidents that a sound journal leads to; none for other trails.
    pub incidents: Incidents,
}

impl Trail {
    /// Whether every digest was computed again, and fits.
    pub fn is_sound(&self) -> bool {
        self.facts.chain == ChainState::Verified
    }
}

/// A postmortem, as far as it is evidence.
#[derive(Clone, Debug, Deserialize)]
pub struct Postmortem {
    /// Of which incident.
    pub facts: PostmortemFacts,
    /// What follows.
    pub actions: Vec<CorrectiveAction>,
}

/// The incident of a postmortem.
#[derive(Clone, Debug, Deserialize)]
pub struct PostmortemFacts {
    /// Its name, such as `INC-1`.
    pub id: String,
}

/// What follows from an incident, and where it stands.
#[derive(Clone, Debug, Deserialize)]
pub struct CorrectiveAction {
    /// Its name.
    pub id: String,
    /// `done`, `open`, `overdue` or `unfounded`.
    pub standing: String,
}

fn read(path: &Path) -> Result<Source<Vec<u8>>, Error> {
    let bytes = std::fs::read(path).map_err(|source| Error::Unreadable { path: path.to_owned(), source })?;
    Ok(Source { path: path.display().to_string(), digest: identity::digest(&bytes), content: bytes })
}

/// A drift report: what `mod-553 drift check --json` prints, `drift.json`, or a window of the service.
///
/// # Errors
/// A file that cannot be read, or is another version's report, or none.
pub fn drift(path: &Path) -> Result<Source<Report>, Error> {
    #[derive(Deserialize)]
    struct Versioned {
        version: u32,
    }
    const ADVICE: &str = "give what `mod-553 drift check --json` prints";
    let Source { path, digest, content } = read(path)?;
    let wrong = |found: &dyn std::fmt::Display| Error::malformed(&path, found, ADVICE);
    let Versioned { version } =
        serde_json::from_slice(&content).map_err(|error| wrong(&format!("not a drift report: {error}")))?;
    if version != VERSION {
        return Err(wrong(&format!("a drift report of version {version}, and this program reads version {VERSION}")));
    }
    let outcome: Outcome =
        serde_json::from_slice(&content).map_err(|error| wrong(&format!("not a drift report: {error}")))?;
    let at = outcome.started_at.parse();
    let at = at.map_err(|error| wrong(&format!("started_at {:?} is no time: {error}", outcome.started_at)))?;
    Ok(Source { path, digest, content: Report { at, outcome } })
}

/// An audit trail that need not be about incidents. A broken chain is no error here, but a fact.
///
/// # Errors
/// A file that cannot be read.
pub fn trail(path: &Path) -> Result<Source<Trail>, Error> {
    let Source { path: place, digest, .. } = read(path)?;
    let facts = TrailFacts::read(path, None)
        .map_err(|error| Error::malformed(&place, error, "give an audit trail, one entry a line"))?;
    Ok(Source { path: place, digest, content: Trail { facts, incidents: Incidents::default() } })
}

/// A journal of incidents, as `mod-553 incident` writes it.
///
/// # Errors
/// A file that cannot be read, or a sound trail of something else.
pub fn journal(path: &Path) -> Result<Source<Trail>, Error> {
    let mut source = trail(path)?;
    if source.content.is_sound() {
        source.content.incidents = Journal::new(path).state()?;
    }
    Ok(source)
}

/// The changes that `mod-553 slo receive` wrote down: alerts that began or ended. A last line without its end was never acknowledged,
/// and is left out: Alertmanager sends it again.
///
/// # Errors
/// A file that cannot be read, or a line that is no change.
pub fn alerts(path: &Path) -> Result<Source<Vec<Folded>>, Error> {
    let Source { path, digest, content } = read(path)?;
    let whole = content.iter().rposition(|byte| *byte == b'\n').map_or(0, |place| place + 1);
    let lines = content[..whole].split(|byte| *byte == b'\n').enumerate();
    let lines = lines.filter(|(_, line)| !line.trim_ascii().is_empty());
    let changes = lines.map(|(number, line)| {
        serde_json::from_slice(line).map_err(|error| {
            let at = format!("{path}:{}", number + 1);
            Error::malformed(at, format!("not an alert: {error}"), "give the inbox of `mod-553 slo receive`")
        })
    });
    let content = changes.collect::<Result<Vec<Folded>, Error>>()?;
    Ok(Source { path, digest, content })
}

/// What `mod-553 incident postmortem` wrote for programs.
///
/// # Errors
/// A file that cannot be read, or is none.
pub fn postmortem(path: &Path) -> Result<Source<Postmortem>, Error> {
    let Source { path, digest, content } = read(path)?;
    let content = serde_json::from_slice(&content).map_err(|error| {
        let advice = "give the postmortem.json of `mod-553 incident postmortem`";
        Error::malformed(&path, format!("not a postmortem: {error}"), advice)
    })?;
    Ok(Source { path, digest, content })
}

/// Any file: only its digest is of interest.
///
/// # Errors
/// A file that cannot be read.
pub fn file(path: &Path) -> Result<Source<()>, Error> {
    let Source { path, digest, .. } = read(path)?;
    Ok(Source { path, digest, content: () })
}
