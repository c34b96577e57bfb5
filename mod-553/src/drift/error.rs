//! What stops a comparison before it has a verdict. Each message names the file and the place, what was found, and what to do.

use crate::{inference_log, profile};

/// Why there is no outcome.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The spec is malformed, or asks for what does not exist.
    #[error("{at}: {found}; {advice}")]
    Spec {
        /// The file, and the line where it is known.
        at: String,
        /// What is wrong.
        found: String,
        /// What to do.
        advice: String,
    },
    /// Data cannot be read.
    #[error(transparent)]
    Data(#[from] mod_106::validation::Error),
    /// An inference log cannot be read.
    #[error(transparent)]
    Log(#[from] inference_log::Error),
    /// A profile cannot be made or read.
    #[error(transparent)]
    Profile(#[from] profile::Error),
    /// A URL cannot be fetched.
    #[error("{url}: {reason}; {advice}")]
    Fetch {
        /// As it was given.
        url: String,
        /// What went wrong.
        reason: String,
        /// What to do.
        advice: String,
        /// Whether the server could not even be reached.
        unreachable: bool,
    },
    /// The service's state or output cannot be written.
    #[error("{at}: {reason}; {advice}")]
    State {
        /// The file.
        at: String,
        /// What is wrong.
        reason: String,
        /// What to do.
        advice: String,
    },
}

impl Error {
    /// The exit code that this error stands for.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Fetch { unreachable: true, .. } => 3,
            Self::State { .. } | Self::Data(mod_106::validation::Error::Stopped) => 1,
            Self::Spec { .. } | Self::Data(_) | Self::Log(_) | Self::Profile(_) | Self::Fetch { .. } => 2,
        }
    }

    pub(super) fn spec(at: impl Into<String>, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::Spec { at: at.into(), found: found.into(), advice: advice.into() }
    }
}
