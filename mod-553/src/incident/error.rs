//! Why something about an incident was refused: one variant for each decision that a caller makes.

use std::path::{Path, PathBuf};

/// Why a schedule, a policy, a journal or a scenario could not be used, or an action was refused.
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
    /// A file says something impossible; every mistake is named at once.
    #[error("{}", mistakes.join("\n       "))]
    Malformed {
        /// `file:line:column: what was found, what was expected`, in the file's order.
        mistakes: Vec<String>,
    },
    /// A journal cannot be written, or is not what it was when it was written.
    #[error(transparent)]
    Journal(#[from] mod_106::audit::Error),
    /// An argument that does not fit what the files say.
    #[error("{0}")]
    Input(String),
    /// Everything was understood, and the answer is no.
    #[error("{0}")]
    Refused(String),
}

impl Error {
    /// A file that the system does not give.
    pub(super) fn file(path: &Path, source: std::io::Error) -> Self {
        Self::File { path: path.to_owned(), source }
    }

    /// The exit code that this error stands for: 2 for malformed input, 1 for a refusal.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::File { .. } | Self::Malformed { .. } | Self::Input(_) => 2,
            Self::Journal(error) if error.is_tampering() => 2,
            Self::Refused(_) | Self::Journal(_) => 1,
        }
    }
}
