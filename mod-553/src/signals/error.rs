//! Why something cannot be exported. Each message names the file and place, what was found, and what to do.

use crate::{incident, inference_log};
use std::path::{Path, PathBuf};

/// Why something cannot be exported.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file cannot be read.
    #[error("cannot read {path}: {source}; is it a file that you may read?", path = path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file is not what it should be.
    #[error("{at}: {found}; {advice}")]
    Malformed {
        /// The file, and the line or field.
        at: String,
        /// What is wrong.
        found: String,
        /// What to do.
        advice: String,
    },
    /// A file of controls is malformed or not there.
    #[error("{0}; the lab's brief has the form of such a file")]
    Controls(#[from] mod_106::governance::Error),
    /// An inference log or its labels cannot be read.
    #[error(transparent)]
    Log(#[from] inference_log::Error),
    /// A journal of incidents cannot be read.
    #[error(transparent)]
    Journal(#[from] incident::Error),
    /// An output cannot be written.
    #[error("cannot write {path}: {reason}; look at the folder and the space on the disk", path = path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        reason: String,
    },
    /// The receiver is not there, or says that it cannot take anything now.
    #[error("{url}: {reason}; {waiting} findings wait in {spool}: run this again when it is back", spool = spool.display())]
    Down {
        /// The receiver.
        url: String,
        /// What went wrong.
        reason: String,
        /// How many wait.
        waiting: usize,
        /// Where they wait.
        spool: PathBuf,
    },
    /// The receiver will not have it.
    #[error("{url} answered {status}: {said}; {waiting} findings wait in {spool}: {advice}", spool = spool.display())]
    Refused {
        /// The receiver.
        url: String,
        /// The HTTP status.
        status: u16,
        /// The beginning of its answer.
        said: String,
        /// How many wait.
        waiting: usize,
        /// Where they wait.
        spool: PathBuf,
        /// What to do.
        advice: &'static str,
    },
}

impl Error {
    /// The exit code that this error stands for.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Unreadable { .. } | Self::Malformed { .. } => 2,
            Self::Controls(error) => error.exit_code(),
            Self::Log(error) => error.exit_code(),
            Self::Journal(error) => error.exit_code(),
            Self::Unwritable { .. } | Self::Refused { .. } => 1,
            Self::Down { .. } => 3,
        }
    }

    pub(super) fn malformed(at: impl Into<String>, found: impl std::fmt::Display, advice: impl Into<String>) -> Self {
        Self::Malformed { at: at.into(), found: found.to_string(), advice: advice.into() }
    }

    pub(super) fn unwritable(path: &Path, reason: impl std::fmt::Display) -> Self {
        Self::Unwritable { path: path.to_owned(), reason: reason.to_string() }
    }
}
