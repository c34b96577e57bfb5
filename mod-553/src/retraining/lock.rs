//! Locks that a killed process left behind. git takes `refs/heads/<branch>.lock` while it moves a branch, and never removes one that it
//! finds: whoever is killed in these microseconds locks everybody out for ever.
//!
//! So a move is announced first, in `retraining.intent`, by whoever holds `retraining.lock` (a lock of the operating system's, which dies
//! with its process). Whoever comes next and finds an intent knows that its author is dead; a branch lock that then stays, and holds
//! nothing else than what was intended, is theirs and goes. The tempting wrong choice is to remove any lock that is old: it may belong
//! to a push over a slow line.

use super::error::Error;
use git2::Oid;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A lock of somebody alive is gone by then: git holds it while it writes 41 bytes.
const PATIENCE: Duration = Duration::from_millis(400);

/// Where it is said what the branch is about to move to.
const INTENT: &str = "retraining.intent";

/// The right to move the branch, among processes of this program.
#[derive(Debug)]
pub(super) struct Turn {
    intent: PathBuf,
    reference: PathBuf,
    // Dropped last: whoever waits for it must find no intent of ours.
    _lock: File,
}

impl Turn {
    /// Waits for it, and clears away what a killed process left.
    pub(super) fn take(repository: &Path, branch: &str) -> Result<Self, Error> {
        let failed = |path: &Path, error: std::io::Error| Error::Repository {
            path: path.to_owned(),
            problem: format!("{error}; the repository must be writable, on a file system with locks"),
        };
        let path = repository.join("retraining.lock");
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(|error| failed(&path, error))?;
        lock.lock().map_err(|error| failed(&path, error))?;
        let reference = repository.join(format!("refs/heads/{branch}.lock"));
        let turn = Self { intent: repository.join(INTENT), reference, _lock: lock };
        turn.clear().map_err(|error| failed(&turn.intent, error))?;
        Ok(turn)
    }

    /// Whether somebody was killed in their turn, or is at it.
    pub(super) fn is_left(repository: &Path) -> bool {
        repository.join(INTENT).exists()
    }

    /// Says that the branch is about to move there.
    pub(super) fn announce(&self, to: Oid) -> std::io::Result<()> {
        fs::write(&self.intent, to.to_string())
    }

    /// Says that it has moved, or will not.
    pub(super) fn done(&self) -> std::io::Result<()> {
        match fs::remove_file(&self.intent) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Removes the branch's lock if it is that of the process whose intent is here.
    fn clear(&self) -> std::io::Result<()> {
        let Ok(intended) = fs::read_to_string(&self.intent) else { return Ok(()) };
        let ours = |content: &str| content.is_empty() || content.trim_end() == intended.trim_end();
        let born = |path: &Path| fs::metadata(path).and_then(|seen| seen.modified()).ok();
        let (since, first) = (Instant::now(), born(&self.reference));
        while first.is_some() && born(&self.reference) == first {
            if !fs::read_to_string(&self.reference).is_ok_and(|content| ours(&content)) {
                break;
            }
            if since.elapsed() > PATIENCE {
                // It may go in this very moment; that is what was wanted.
                let _ = fs::remove_file(&self.reference);
                break;
            }
            std::thread::park_timeout(Duration::from_millis(10));
        }
        self.done()
    }
}
