//! What can go wrong on the wire, and who answers for it. A submission that does not answer has failed; only a request that we
//! wrote wrongly is the harness's own fault.

use crate::check::Fault;
use std::path::PathBuf;

/// No whole answer came back.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// The submission's address cannot be read.
    #[error("`{address}` is no address: {reason}; write it like https://127.0.0.1:4711")]
    Address {
        /// As given under `[endpoints]`.
        address: String,
        /// What the parser says.
        reason: String,
    },
    /// We wrote a request that cannot be sent.
    #[error("{what}: this request cannot be written: {reason}")]
    Unwritable {
        /// Method and path.
        what: String,
        /// What the parser says.
        reason: String,
    },
    /// Nobody listens.
    #[error("{what}: nobody answers at {address}: {reason}")]
    Unreachable {
        /// Method and path.
        what: String,
        /// Host and port.
        address: String,
        /// What the system says.
        reason: String,
    },
    /// The certificates to trust cannot be read.
    #[error("the certificate file {} cannot be used: {reason}", .file.display())]
    Certificates {
        /// As given under `[tls]`.
        file: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The handshake failed.
    #[error("{what}: no TLS with {address}: {reason}")]
    Tls {
        /// Method and path.
        what: String,
        /// Host and port.
        address: String,
        /// What the handshake says.
        reason: String,
    },
    /// The answer is no HTTP, or it broke off.
    #[error("{what}: the connection broke: {reason}")]
    Broken {
        /// Method and path.
        what: String,
        /// What the protocol says.
        reason: String,
    },
    /// No whole answer within the request's limit.
    #[error("{what}: no whole answer within {limit_s} s")]
    Late {
        /// Method and path.
        what: String,
        /// The request's limit.
        limit_s: u64,
    },
    /// The answer never ends, or nearly so.
    #[error("{what}: the answer is longer than {limit_bytes} bytes")]
    TooLong {
        /// Method and path.
        what: String,
        /// What a check reads at most.
        limit_bytes: usize,
    },
}

impl From<WireError> for Fault {
    fn from(error: WireError) -> Self {
        let actual = error.to_string();
        match error {
            WireError::Unwritable { .. } => Self::Harness(actual),
            WireError::Address { .. } => Self::failed("`[endpoints]` of submission.toml", "an address", actual),
            WireError::Certificates { .. } => {
                Self::failed("`[tls] ca_file` of submission.toml", "PEM certificates", actual)
            }
            WireError::Unreachable { what, .. }
            | WireError::Tls { what, .. }
            | WireError::Broken { what, .. }
            | WireError::Late { what, .. }
            | WireError::TooLong { what, .. } => Self::failed(what, "a whole HTTP answer", actual),
        }
    }
}
