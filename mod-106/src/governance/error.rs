//! Why a governance document could not be made. Nothing was written then.

use crate::{client, documents};
use std::path::PathBuf;

/// Why a document could not be made, or a runbook not be run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What the tracking server or the way to it said.
    #[error("{0}")]
    Client(#[source] client::Error),
    /// There is no such model or version.
    #[error("{what} is not registered on {server}; {known}")]
    Unknown {
        /// What was asked for.
        what: String,
        /// Where it was asked.
        server: String,
        /// What there is instead.
        known: String,
    },
    /// A file that was given is malformed or not there.
    #[error("{}: {problem}", path.display())]
    Input {
        /// The file.
        path: PathBuf,
        /// What was found, what was expected.
        problem: String,
    },
    /// The data does not bear out what the document would say.
    #[error("{0}")]
    Refused(String),
    /// A template or a file.
    #[error(transparent)]
    Document(#[from] documents::Error),
}

impl Error {
    /// The exit code that it stands for, unless the client's own error decides.
    pub fn exit_code(&self) -> u8 {
        if matches!(self, Self::Input { .. }) { 2 } else { 1 }
    }
}

impl From<client::Error> for Error {
    fn from(error: client::Error) -> Self {
        Self::Client(error)
    }
}
