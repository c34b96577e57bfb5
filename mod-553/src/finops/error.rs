//! Why a cost could not be computed, a budget not judged, a decision not made: one variant for each decision that a caller makes.

use std::path::{Path, PathBuf};

/// Why something about cost was refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file cannot be read or written.
    #[error("cannot read {}: {source}; is it a file that you may read, in UTF-8?", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file says something impossible.
    #[error("{place}: {found}; expected {expected}")]
    Malformed {
        /// The file, with the line where there is one.
        place: String,
        /// What was found.
        found: String,
        /// What should be there.
        expected: String,
    },
    /// A file cannot be written.
    #[error(transparent)]
    Unwritten(#[from] mod_106::documents::Error),
    /// A table cannot be written as Parquet, or read from it.
    #[error("{}: {reason}", path.display())]
    Table {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A figure has more digits than fit: nothing is rounded silently.
    #[error(
        "{what} has more digits than 96 bits hold; nothing is rounded silently: shorten the period, or split the usage"
    )]
    TooLarge {
        /// Which figure.
        what: String,
    },
    /// The trail of overrides cannot be written, or is not what it was.
    #[error(transparent)]
    Trail(#[from] mod_106::audit::Error),
    /// An argument that makes no sense.
    #[error("{0}")]
    Input(String),
    /// Everything was understood, and the answer is no.
    #[error("{0}")]
    Refused(String),
    /// There are too few data to tell.
    #[error("{0}")]
    Inconclusive(String),
    /// A server's address cannot be used.
    #[error("cannot listen on {address}: {source}; is it taken?")]
    Bind {
        /// The address.
        address: String,
        /// What the system said.
        source: std::io::Error,
    },
}

impl Error {
    pub(super) fn file(path: &Path, source: std::io::Error) -> Self {
        Self::File { path: path.to_owned(), source }
    }

    pub(super) fn malformed(place: impl ToString, found: impl Into<String>, expected: impl Into<String>) -> Self {
        Self::Malformed { place: place.to_string(), found: found.into(), expected: expected.into() }
    }

    /// The exit code that this error stands for: 2 malformed, 1 refused, 4 inconclusive.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::File { .. } | Self::Malformed { .. } | Self::Input(_) | Self::Table { .. } => 2,
            Self::Trail(error) if error.is_tampering() => 2,
            Self::Unwritten(_) | Self::TooLarge { .. } | Self::Trail(_) | Self::Refused(_) | Self::Bind { .. } => 1,
            Self::Inconclusive(_) => 4,
        }
    }
}

/// Where something stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file, as it was named.
    pub file: std::sync::Arc<str>,
    /// The line, from 1.
    pub line: u64,
}

impl std::fmt::Display for Place {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}:{}", self.file, self.line)
    }
}
