//! Why the service does not start, or a command beside it fails.

use std::path::PathBuf;

/// One variant for each thing that a caller can do about it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A model's file is not one.
    #[error("{path}: not a model: {reason}; `mod-553 inference train` writes one", path = path.display())]
    Model {
        /// The file.
        path: PathBuf,
        /// What is wrong, with its place.
        reason: String,
    },
    /// A file cannot be read.
    #[error("cannot read {path}: {source}", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Training data do not fit.
    #[error("{path}:{line}: {reason}", path = path.display())]
    Data {
        /// The file.
        path: PathBuf,
        /// The line, counting the header.
        line: u64,
        /// The column, what was found, and what was expected.
        reason: String,
    },
    /// A setting makes no sense.
    #[error("{setting} is {found}; expected {expected}")]
    Setting {
        /// Which.
        setting: &'static str,
        /// What was given.
        found: String,
        /// What would do.
        expected: &'static str,
    },
    /// An address is taken, or not this machine's.
    #[error("cannot listen on {address}: {source}; stop what listens there, or give port 0 for a free one")]
    Bind {
        /// The address.
        address: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file could not be written.
    #[error(transparent)]
    Write(#[from] mod_106::documents::Error),
    /// A log could not be opened or finished.
    #[error(transparent)]
    Log(#[from] crate::instrument::LogError),
    /// The policy of what may be spent is none.
    #[error(transparent)]
    Spend(#[from] crate::finops::Error),
    /// The figures contradict each other: a defect.
    #[error("cannot count: {0}")]
    Figures(#[from] prometheus::Error),
    /// The service that traffic goes to does not answer.
    #[error("cannot reach {url}: {reason}; is `mod-553 inference serve` running there?")]
    Unreachable {
        /// Where.
        url: String,
        /// What the client said.
        reason: String,
    },
    /// The system refuses to serve.
    #[error("the system refuses to serve: {0}")]
    Io(#[from] std::io::Error),
}

impl Error {
    /// The exit code that this error stands for.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Model { .. } | Self::Read { .. } | Self::Data { .. } | Self::Setting { .. } => 2,
            Self::Unreachable { .. } => 3,
            _ => 1,
        }
    }
}
