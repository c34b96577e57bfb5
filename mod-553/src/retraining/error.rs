//! What can go wrong on the way, one variant for each decision a caller makes.

use std::path::PathBuf;

/// Why a step was not made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file that somebody wrote makes no sense.
    #[error("{place}: {problem}")]
    Malformed {
        /// The file, with line and column where they are known.
        place: String,
        /// What was found, what was expected, and what to do.
        problem: String,
    },
    /// What is asked for is not allowed.
    #[error("{0}")]
    Refused(String),
    /// The repository cannot be used as it is.
    #[error("{}: {problem}", path.display())]
    Repository {
        /// Where it is.
        path: PathBuf,
        /// What was found, and what to do.
        problem: String,
    },
    /// Others were always faster.
    #[error("{branch} moved {attempts} times while a commit was made; try again when there is less traffic")]
    Busy {
        /// The branch.
        branch: String,
        /// How often it was tried.
        attempts: u32,
    },
}

impl Error {
    /// The exit code: 1 refused, 2 malformed, 3 the repository cannot be reached or used.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Refused(_) => 1,
            Self::Malformed { .. } => 2,
            Self::Repository { .. } | Self::Busy { .. } => 3,
        }
    }

    /// A file that makes no sense.
    pub(super) fn malformed(place: impl ToString, problem: impl ToString) -> Self {
        Self::Malformed { place: place.to_string(), problem: problem.to_string() }
    }

    /// A file that cannot be read.
    pub(super) fn unreadable(place: impl ToString, error: &std::io::Error) -> Self {
        Self::malformed(place, format!("cannot be read: {error}; is it a file that you may read?"))
    }
}
