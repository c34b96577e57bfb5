//! What has been sent to whom, and what still must be: a file that is replaced, never edited, under a lock.
//!
//! An entry's `due` is set before anything is sent and cleared after the receiver said yes. Whoever dies in between leaves it set,
//! and the next run sends the same again, under the same key.

use super::alert::{Alert, Fingerprint, Status};
use super::bucket::Bucket;
use super::error::Error;
use crate::documents;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The form of the file; another is refused.
pub const STATE_FILE_VERSION: u32 = 1;

/// All that is known of what was sent.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    version: u32,
    pub(super) receivers: BTreeMap<String, Told>,
}

/// What one receiver was told.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Told {
    pub(super) bucket: Option<Bucket>,
    pub(super) alerts: BTreeMap<Fingerprint, Entry>,
}

/// What one receiver was told of one alert.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    /// With its start, and its end once it has one.
    pub(super) alert: Alert,
    /// Who speaks for it: the source that no longer reports it resolves it.
    pub(super) source: Option<String>,
    /// What the receiver must still be told.
    pub(super) due: Option<Status>,
    /// What it was told last, and when.
    pub(super) told: Option<(Status, Timestamp)>,
    /// How often it was reminded.
    pub(super) reminders: u32,
    /// The summary in which it was told, if it was not told by itself.
    pub(super) summary: Option<Fingerprint>,
}

impl Entry {
    /// Whether the receiver believes, or will believe, that it fires.
    pub(super) fn fires(&self) -> bool {
        match self.due {
            Some(due) => due == Status::Firing,
            None => matches!(self.told, Some((Status::Firing, _))),
        }
    }
}

/// Tells one message from all others, and the same message from itself: fingerprint, start, status and reminder.
pub(super) fn idempotency_key(entry: &Entry, status: Status) -> String {
    let start_ms = entry.alert.starts_at.unwrap_or_default().as_millisecond();
    let reminder = if entry.reminders == 0 { String::new() } else { format!("-{}", entry.reminders) };
    format!("{}-{start_ms}-{}{reminder}", entry.alert.fingerprint(), status.word())
}

/// The right to read and replace a state file; others wait for it.
#[derive(Debug)]
pub(super) struct Locked {
    path: PathBuf,
    // Held: the lock goes when this does, also when the process is killed.
    _lock: fs::File,
}

impl Locked {
    /// Waits for everybody else who sends with this file.
    pub(super) fn acquire(path: &Path) -> Result<Self, Error> {
        let folder = path.parent().unwrap_or(Path::new(""));
        if !folder.as_os_str().is_empty() {
            fs::create_dir_all(folder).map_err(|source| Error::file(folder, source))?;
        }
        // A file of its own: the state file is replaced, and a lock on it would go with the old one.
        let lock_path = path.with_extension("lock");
        let open = fs::OpenOptions::new().create(true).truncate(false).write(true).open(&lock_path);
        let lock = open.and_then(|file| file.lock().map(|()| file));
        let lock = lock.map_err(|source| Error::file(&lock_path, source))?;
        Ok(Self { path: path.to_owned(), _lock: lock })
    }

    pub(super) fn load(&self) -> Result<State, Error> {
        State::load(&self.path)
    }

    pub(super) fn replace(&self, state: &State) -> Result<(), Error> {
        let text = serde_json::to_vec_pretty(state).map_err(|error| Error::file(&self.path, error.into()))?;
        Ok(documents::write(&self.path, &text)?)
    }
}

impl State {
    /// Reads a state file; an absent one is an empty one.
    ///
    /// # Errors
    /// [`Error::File`], or [`Error::Malformed`] when it was not written by this program.
    pub fn load(path: &Path) -> Result<Self, Error> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Self { version: STATE_FILE_VERSION, receivers: BTreeMap::new() });
            }
            Err(error) => return Err(Error::file(path, error)),
        };
        let malformed = |place: String, problem: String| Error::Malformed {
            place,
            problem,
            advice: "move the file away to begin anew; alerts that fire are then sent once more".to_owned(),
        };
        let state: Self = serde_json::from_str(&text).map_err(|error| {
            let place = format!("{}:{}:{}", path.display(), error.line(), error.column());
            malformed(place, format!("not a state file: {error}"))
        })?;
        if state.version != STATE_FILE_VERSION {
            let problem = format!("found version {}, expected {STATE_FILE_VERSION}", state.version);
            return Err(malformed(path.display().to_string(), problem));
        }
        Ok(state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_absent_file_is_empty_and_a_strange_one_is_refused_with_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/state.json");
        let locked = Locked::acquire(&path).unwrap();
        let state = locked.load().unwrap();
        locked.replace(&state).unwrap();
        assert!(locked.load().unwrap().receivers.is_empty());
        fs::write(&path, "{\n  \"version\": 1,\n  \"receiv").unwrap();
        let error = locked.load().unwrap_err().to_string();
        assert!(error.contains("state.json:3:") && error.contains("begin anew"), "{error}");
        fs::write(&path, "{\"version\": 2, \"receivers\": {}}").unwrap();
        assert!(locked.load().unwrap_err().to_string().contains("found version 2, expected 1"));
    }
}
