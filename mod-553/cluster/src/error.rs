//! What can go wrong, each with what to do about it.

use std::path::PathBuf;

/// Why there is no profile, or no cluster.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The data cannot be read.
    #[error("{at}: {found}; {advice}")]
    Data {
        /// The file.
        at: String,
        /// What is wrong.
        found: String,
        /// What to do.
        advice: &'static str,
    },
    /// The scheduler cannot be reached, or has nobody to give work to.
    #[error("{address}: {reason}; {advice}")]
    Cluster {
        /// The scheduler, or the address that was to be listened on.
        address: String,
        /// What went wrong.
        reason: String,
        /// What to do.
        advice: &'static str,
    },
    /// The plan failed while it ran.
    #[error("the plan failed: {0}")]
    Plan(#[from] datafusion::error::DataFusionError),
    /// A profile cannot be read back.
    #[error(transparent)]
    Profile(#[from] crate::profile::Error),
    /// It took too long.
    #[error("no answer after {seconds} seconds; give it more time with --timeout, or look at the executors")]
    Late {
        /// How long was waited.
        seconds: u64,
    },
    /// An output cannot be written.
    #[error("cannot write {path}: {reason}; look at the folder and the space on the disk", path = path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        reason: String,
    },
}

impl Error {
    /// The exit code that this error stands for.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Data { .. } => 2,
            Self::Cluster { .. } => 3,
            Self::Late { .. } => 4,
            Self::Plan(_) | Self::Profile(_) | Self::Unwritable { .. } => 1,
        }
    }
}
