//! What stops an exhibit.

use std::path::PathBuf;

/// Why there is no page and no figure.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A document could not be rendered or written.
    #[error(transparent)]
    Document(#[from] mod_106::documents::Error),
    /// A peer's program could not be run.
    #[error("{}: {problem}; make it anew with `cargo xtask images --process`, or name another folder with --labs", program.display())]
    Peer {
        /// The program.
        program: PathBuf,
        /// What went wrong.
        problem: String,
    },
    /// A decision was wrong more often than it may be.
    #[error("{0} of the calibrations do not hold; the table says which")]
    Miscalibrated(usize),
}

impl Error {
    /// The exit code it stands for.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Miscalibrated(_) => 1,
            Self::Document(_) => 2,
            Self::Peer { .. } => 3,
        }
    }
}
