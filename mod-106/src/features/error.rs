//! What can go wrong with features, one variant for each decision a caller makes. A message names the file, line, column or
//! feature, what was found, what was expected, and the next step. Next: `definitions.rs`.

use std::path::{Path, PathBuf};

/// Why something about features did not work.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A definition, a table or an argument is not what it must be.
    #[error("{place}: {problem}")]
    Malformed {
        /// The file, with line or column where known.
        place: String,
        /// What was found, what was expected, and what to do.
        problem: String,
    },
    /// A name that the feature repository does not define.
    #[error("no {kind} named {name:?}; the feature repository defines {known}")]
    Unknown {
        /// `feature view`, `feature`, `feature service`, `push source`, `entity` …
        kind: &'static str,
        /// The name that was asked for.
        name: String,
        /// The names that there are.
        known: String,
    },
    /// Two feature rows that nothing tells apart: same entity, same event and creation time, other values.
    #[error(
        "{view}: {key} has two rows with event time {event} and the same creation time but other values (data rows {first} and {second}); \
         remove one, or give the later one a later creation time"
    )]
    Ambiguous {
        /// The feature view.
        view: String,
        /// The entity.
        key: String,
        /// The event time.
        event: String,
        /// A data row of the source, counted from 1.
        first: usize,
        /// The other one.
        second: usize,
    },
    /// A local file could not be read or written.
    #[error("{}: {reason}; is the path right, and may it be read and written?", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        reason: std::io::Error,
    },
    /// The online store refused.
    #[error("the online store {store}: {reason}")]
    Store {
        /// Which store.
        store: String,
        /// What SQLite said.
        reason: sqlx::Error,
    },
    /// The feature server did not answer, or broke the connection.
    #[error(
        "{call}: no connection to the feature server at {server} ({reason}); is it running, and is the address right?"
    )]
    Connection {
        /// Method and path.
        call: String,
        /// Scheme, host and port.
        server: String,
        /// What the network said.
        reason: String,
    },
    /// The feature server understood and said no.
    #[error("{call}: the feature server refused ({status}): {message}")]
    Refused {
        /// Method and path.
        call: String,
        /// The HTTP status.
        status: u16,
        /// Its own words.
        message: String,
    },
    /// The answer is not one of a feature server.
    #[error("{call}: the answer is not a feature server's ({reason}): {excerpt:?}; does the address point at one?")]
    Garbage {
        /// Method and path.
        call: String,
        /// What is wrong with it.
        reason: String,
        /// How it began.
        excerpt: String,
    },
    /// A page could not be made or written.
    #[error(transparent)]
    Document(#[from] crate::documents::Error),
    /// The tracking server said no, or nothing.
    #[error(transparent)]
    Tracking(#[from] crate::client::Error),
}

impl Error {
    pub(super) fn malformed(place: impl ToString, problem: impl Into<String>) -> Self {
        Self::Malformed { place: place.to_string(), problem: problem.into() }
    }

    pub(super) fn file(path: &Path, reason: std::io::Error) -> Self {
        Self::File { path: path.to_owned(), reason }
    }

    /// A name that is none of those that exist.
    pub(super) fn unknown<'a>(kind: &'static str, name: &str, known: impl IntoIterator<Item = &'a str>) -> Self {
        let mut known: Vec<_> = known.into_iter().collect();
        known.sort_unstable();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        Self::Unknown { kind, name: name.to_owned(), known }
    }

    /// The exit code of a command that ends with it: 2 for input that is at fault, 3 for a server that was not reached. What
    /// the tracking server said is for its own part to judge.
    pub fn exit_code(&self) -> Option<u8> {
        match self {
            Self::Malformed { .. } | Self::Unknown { .. } | Self::Ambiguous { .. } => Some(2),
            Self::File { reason, .. } if reason.kind() == std::io::ErrorKind::NotFound => Some(2),
            Self::Connection { .. } => Some(3),
            Self::Tracking(_) => None,
            _ => Some(1),
        }
    }
}
