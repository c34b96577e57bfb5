//! What can go wrong with alerts: one variant for each decision that a caller makes.

use std::io;
use std::path::{Path, PathBuf};

/// Why alerts could not be read, routed or delivered.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file that should hold receivers and routes, or alerts, does not.
    #[error("{place}: {problem}; {advice}")]
    Malformed {
        /// File, line and column, as far as known.
        place: String,
        /// What was found and what was expected.
        problem: String,
        /// The next step.
        advice: String,
    },
    /// An alert that no receiver should be sent.
    #[error("alert {name:?}: field {field}: found {found:?}, expected {expected}")]
    Alert {
        /// The alert's name.
        name: String,
        /// Its field.
        field: String,
        /// What it holds.
        found: String,
        /// What it should hold.
        expected: String,
    },
    /// A secret is not where the file says.
    #[error("receiver {receiver}: {field}: {problem}")]
    Secret {
        /// Whose.
        receiver: String,
        /// The field of the file.
        field: String,
        /// What is wrong, and the way out; never the secret.
        problem: String,
    },
    /// A file cannot be read or written.
    #[error("{}: {reason}; is this the file, and may you read it?", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: io::Error,
    },
    /// A file could not be written.
    #[error(transparent)]
    Document(#[from] crate::documents::Error),
    /// Some receivers were not told. What they miss is written down, and is sent again next time.
    #[error("not delivered to {}; kept in {}, and sent again next time", receivers.join(", "), state.display())]
    Undelivered {
        /// Which, each with the reason.
        receivers: Vec<String>,
        /// Where it is kept.
        state: PathBuf,
        /// Whether none of them could even be reached.
        unreachable: bool,
    },
    /// A test alert did not arrive.
    #[error("the test did not reach {}; mend the receiver and test again", receivers.join(", "))]
    Untested {
        /// Where, each with the reason.
        receivers: Vec<String>,
        /// Whether none of them could even be reached.
        unreachable: bool,
    },
}

impl Error {
    pub(super) fn file(path: &Path, reason: io::Error) -> Self {
        Self::File { path: path.to_owned(), reason }
    }

    /// The command line's exit code: 2 for malformed input, 3 where nobody could be reached, 1 for all else.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Malformed { .. } | Self::Alert { .. } | Self::Secret { .. } => 2,
            Self::File { reason, .. } if reason.kind() == io::ErrorKind::NotFound => 2,
            Self::Undelivered { unreachable: true, .. } | Self::Untested { unreachable: true, .. } => 3,
            Self::File { .. } | Self::Document(_) | Self::Undelivered { .. } | Self::Untested { .. } => 1,
        }
    }
}
