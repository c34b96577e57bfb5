//! What can go wrong, one variant for each decision a caller makes; the transport maps every answer to one of them.
//!
//! Messages name the thing, the value and the way out. They never hold credentials: URLs are cut to their path, and text from a
//! server passes through the transport's redaction first. Next: `config.rs`.

use reqwest::StatusCode;
use std::time::Duration;

/// Why a call did not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The server understood and said no. Match on `code`.
    #[error("{endpoint}: {code} ({status}): {message}")]
    Api {
        /// The method and path that were called.
        endpoint: String,
        /// The HTTP status.
        status: StatusCode,
        /// MLflow's own code.
        code: ErrorCode,
        /// MLflow's own words.
        message: String,
    },
    /// The server's address did not answer, or broke the connection.
    #[error("{endpoint}: no connection to {server} ({reason}); is it running, and is MLFLOW_TRACKING_URI right?")]
    Connection {
        /// The method and path that were called.
        endpoint: String,
        /// Scheme, host and port.
        server: String,
        /// What the network said.
        reason: String,
    },
    /// The server's certificate, or ours, was not accepted.
    #[error(
        "{endpoint}: no trusted connection to {server} ({reason}); set MLFLOW_TRACKING_SERVER_CERT_PATH to the PEM file of its authority"
    )]
    Untrusted {
        /// The method and path that were called.
        endpoint: String,
        /// Scheme, host and port.
        server: String,
        /// What TLS said.
        reason: String,
    },
    /// The server did not answer in time. The call may or may not have taken effect.
    #[error("{endpoint}: no answer within {} s; set MLFLOW_HTTP_REQUEST_TIMEOUT higher if the server is only slow", limit.as_secs_f32())]
    Timeout {
        /// The method and path that were called.
        endpoint: String,
        /// The time that was allowed.
        limit: Duration,
    },
    /// The answer was not what MLflow answers: another service lives there, or a proxy spoke in its place.
    #[error(
        "{endpoint}: the answer is not MLflow's ({reason}): {excerpt:?}; does the tracking URI point at an MLflow server?"
    )]
    Garbage {
        /// The method and path that were called.
        endpoint: String,
        /// What was wrong with it.
        reason: String,
        /// How the answer began.
        excerpt: String,
    },
    /// The client refused a value before sending it.
    #[error("{what} {value:?} is not valid: {way_out}")]
    Refused {
        /// What the value was meant to be.
        what: &'static str,
        /// The value, cut to 80 characters.
        value: String,
        /// What is accepted.
        way_out: &'static str,
    },
    /// A setting is unusable.
    #[error("{setting}: {problem}")]
    Config {
        /// The setting, by the name of its environment variable.
        setting: &'static str,
        /// What is wrong with it and what to give instead.
        problem: String,
    },
    /// The run keeps its artifacts where only direct access to the store could reach them.
    #[error(
        "artifacts at {uri} are not served by the tracking server; start it with --serve-artifacts and an mlflow-artifacts:/ root"
    )]
    NotProxied {
        /// Where the artifacts are.
        uri: String,
    },
    /// Reading or writing a local file failed.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: String,
        /// What the operating system said.
        source: std::io::Error,
    },
}

impl Error {
    pub(super) fn refused(what: &'static str, value: &str, way_out: &'static str) -> Self {
        Self::Refused { what, value: value.chars().take(80).collect(), way_out }
    }

    pub(super) fn file(path: &std::path::Path, source: std::io::Error) -> Self {
        Self::File { path: path.display().to_string(), source }
    }

    /// MLflow's code, when it was the server that refused.
    pub fn code(&self) -> Option<&ErrorCode> {
        match self {
            Self::Api { code, .. } => Some(code),
            _ => None,
        }
    }

    /// Whether the thing asked for does not exist.
    pub fn is_not_found(&self) -> bool {
        matches!(self.code(), Some(ErrorCode::ResourceDoesNotExist))
    }

    /// Whether the server refused what was *sent*, so that sending a part of it may still succeed.
    pub fn is_invalid_input(&self) -> bool {
        matches!(
            self.code(),
            Some(ErrorCode::InvalidParameterValue | ErrorCode::BadRequest | ErrorCode::MalformedRequest)
        )
    }
}

/// MLflow's `error_code`s (`databricks.proto`, `ErrorCode`), those that its open-source server can answer.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorCode {
    /// A value is missing, too long, of the wrong form, or contradicts what is stored (params are immutable).
    InvalidParameterValue,
    /// A name is taken. MLflow answers 400, not 409.
    ResourceAlreadyExists,
    /// No such experiment, run, model, version, user or artifact.
    ResourceDoesNotExist,
    /// The thing exists but is in a state that forbids this.
    InvalidState,
    /// The route exists nowhere on this server.
    EndpointNotFound,
    /// The server cannot do this, as multipart uploads to a local folder.
    NotImplemented,
    /// Known credentials, not enough permission (403).
    PermissionDenied,
    /// No credentials, or wrong ones (401).
    Unauthenticated,
    /// The request could not be parsed.
    BadRequest,
    /// A part of the request could not be parsed.
    MalformedRequest,
    /// More than the server takes at once.
    RequestLimitExceeded,
    /// Too heavily loaded; later calls may succeed (503, 429).
    TemporarilyUnavailable,
    /// The server's own fault.
    InternalError,
    /// A code of another server or a later version, as it was written.
    Other(String),
}

const WORDS: [(&str, ErrorCode); 13] = [
    ("INVALID_PARAMETER_VALUE", ErrorCode::InvalidParameterValue),
    ("RESOURCE_ALREADY_EXISTS", ErrorCode::ResourceAlreadyExists),
    ("RESOURCE_DOES_NOT_EXIST", ErrorCode::ResourceDoesNotExist),
    ("INVALID_STATE", ErrorCode::InvalidState),
    ("ENDPOINT_NOT_FOUND", ErrorCode::EndpointNotFound),
    ("NOT_IMPLEMENTED", ErrorCode::NotImplemented),
    ("PERMISSION_DENIED", ErrorCode::PermissionDenied),
    ("UNAUTHENTICATED", ErrorCode::Unauthenticated),
    ("BAD_REQUEST", ErrorCode::BadRequest),
    ("MALFORMED_REQUEST", ErrorCode::MalformedRequest),
    ("REQUEST_LIMIT_EXCEEDED", ErrorCode::RequestLimitExceeded),
    ("TEMPORARILY_UNAVAILABLE", ErrorCode::TemporarilyUnavailable),
    ("INTERNAL_ERROR", ErrorCode::InternalError),
];

impl ErrorCode {
    pub(super) fn from_word(word: &str) -> Self {
        WORDS
            .iter()
            .find(|(known, _)| *known == word)
            .map_or_else(|| Self::Other(word.to_owned()), |(_, code)| code.clone())
    }

    /// The code that a bare HTTP status stands for: the basic-auth app and proxies answer plain text.
    pub(super) fn from_status(status: StatusCode) -> Self {
        match status.as_u16() {
            400 => Self::BadRequest,
            401 => Self::Unauthenticated,
            403 => Self::PermissionDenied,
            404 | 405 => Self::EndpointNotFound,
            413 => Self::RequestLimitExceeded,
            429 | 502..=504 => Self::TemporarilyUnavailable,
            500 => Self::InternalError,
            501 => Self::NotImplemented,
            other => Self::Other(format!("HTTP_{other}")),
        }
    }
}

impl std::fmt::Display for ErrorCode {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let word = match self {
            Self::Other(word) => word,
            known => WORDS.iter().find(|(_, code)| code == known).map_or("", |(word, _)| word),
        };
        formatter.write_str(word)
    }
}

#[cfg(test)]
mod tests {
    use super::{ErrorCode, WORDS};
    use reqwest::StatusCode;

    #[test]
    fn every_word_is_read_and_written_alike() {
        for (word, code) in WORDS {
            assert_eq!(ErrorCode::from_word(word), code);
            assert_eq!(code.to_string(), word);
        }
        assert_eq!(ErrorCode::from_word("ABORTED").to_string(), "ABORTED");
    }

    #[test]
    fn a_bare_status_still_gives_a_code() {
        fn check(status: u16, expected: &str) {
            assert_eq!(ErrorCode::from_status(StatusCode::from_u16(status).unwrap()).to_string(), expected);
        }
        check(401, "UNAUTHENTICATED");
        check(403, "PERMISSION_DENIED");
        check(404, "ENDPOINT_NOT_FOUND");
        check(503, "TEMPORARILY_UNAVAILABLE");
        check(418, "HTTP_418");
    }
}
