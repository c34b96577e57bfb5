//! Every way a request can fail, and the one place where failures become responses.
//!
//! Bodies are MLflow's: `{"error_code": …, "message": …}`, but for 401 and 403, which MLflow's basic-auth app answers in
//! plain text. What went wrong inside (SQL, storage) goes to the log and never to the caller.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// A failed request. One variant for each way of answering.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// The request itself is wrong, or what it asks for is not there.
    #[error("{message}")]
    Refused {
        /// MLflow's name for the kind of failure; it decides the status.
        code: ErrorCode,
        /// What was refused and why.
        message: String,
    },
    /// Nobody, or somebody with a wrong password.
    #[error("not authenticated")]
    Unauthenticated,
    /// Somebody who may not do this.
    #[error("permission denied")]
    Forbidden,
    /// The path exists, the method does not.
    #[error("method not allowed")]
    MethodNotAllowed,
    /// The body is larger than the server reads.
    #[error("the request body is larger than {limit_bytes} bytes")]
    BodyTooLarge {
        /// The most that is read.
        limit_bytes: usize,
    },
    /// The database failed.
    #[error("database: {0}")]
    Database(#[from] sqlx::Error),
    /// The artifact store failed.
    #[error("artifact store: {0}")]
    ArtifactStore(#[from] object_store::Error),
    /// A defect of this server.
    #[error("{0}")]
    Internal(String),
}

/// MLflow's error codes, as far as this server sends them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorCode {
    /// A parameter is missing, malformed or against the rules.
    InvalidParameterValue,
    /// The request cannot be understood, or the database refuses it.
    BadRequest,
    /// There is no such thing.
    ResourceDoesNotExist,
    /// The name is taken. MLflow answers 400, not 409.
    ResourceAlreadyExists,
    /// The thing is in a state that does not allow this. MLflow answers 500.
    InvalidState,
    /// There is no such route.
    EndpointNotFound,
    /// This server, with these settings, cannot do it.
    NotImplemented,
    /// Too busy; worth trying again.
    TemporarilyUnavailable,
    /// Anything else.
    InternalError,
}

impl ErrorCode {
    /// The name on the wire and the HTTP status that goes with it.
    #[must_use]
    pub fn wire(self) -> (&'static str, StatusCode) {
        match self {
            Self::InvalidParameterValue => ("INVALID_PARAMETER_VALUE", StatusCode::BAD_REQUEST),
            Self::BadRequest => ("BAD_REQUEST", StatusCode::BAD_REQUEST),
            Self::ResourceDoesNotExist => ("RESOURCE_DOES_NOT_EXIST", StatusCode::NOT_FOUND),
            Self::ResourceAlreadyExists => ("RESOURCE_ALREADY_EXISTS", StatusCode::BAD_REQUEST),
            Self::InvalidState => ("INVALID_STATE", StatusCode::INTERNAL_SERVER_ERROR),
            Self::EndpointNotFound => ("ENDPOINT_NOT_FOUND", StatusCode::NOT_FOUND),
            Self::NotImplemented => ("NOT_IMPLEMENTED", StatusCode::NOT_IMPLEMENTED),
            Self::TemporarilyUnavailable => ("TEMPORARILY_UNAVAILABLE", StatusCode::SERVICE_UNAVAILABLE),
            Self::InternalError => ("INTERNAL_ERROR", StatusCode::INTERNAL_SERVER_ERROR),
        }
    }
}

impl ApiError {
    /// A parameter that is missing, malformed or against the rules (400).
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::Refused { code: ErrorCode::InvalidParameterValue, message: message.into() }
    }

    /// Something that is not there (404).
    pub fn missing(message: impl Into<String>) -> Self {
        Self::Refused { code: ErrorCode::ResourceDoesNotExist, message: message.into() }
    }

    /// A name that is taken (400, as MLflow has it).
    pub fn exists(message: impl Into<String>) -> Self {
        Self::Refused { code: ErrorCode::ResourceAlreadyExists, message: message.into() }
    }

    /// Any other refusal.
    pub fn refused(code: ErrorCode, message: impl Into<String>) -> Self {
        Self::Refused { code, message: message.into() }
    }

    /// Whether this is a violated uniqueness constraint of the database.
    #[must_use]
    pub fn is_unique_violation(&self) -> bool {
        matches!(self, Self::Database(sqlx::Error::Database(error)) if error.is_unique_violation())
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        match self {
            Self::Refused { code, message } => coded(code, &message),
            Self::Unauthenticated => unauthenticated(),
            Self::Forbidden => plain(StatusCode::FORBIDDEN, "Permission denied"),
            Self::MethodNotAllowed => {
                let body = json!({"error_code": "BAD_REQUEST", "message": "This path does not answer this method."});
                (StatusCode::METHOD_NOT_ALLOWED, Json(body)).into_response()
            }
            Self::BodyTooLarge { limit_bytes } => {
                let message = format!("The request body is larger than the {limit_bytes} bytes this server reads.");
                let body = json!({"error_code": "INVALID_PARAMETER_VALUE", "message": message});
                (StatusCode::PAYLOAD_TOO_LARGE, Json(body)).into_response()
            }
            Self::Database(error) => database(&error),
            Self::ArtifactStore(object_store::Error::NotFound { path, .. }) => {
                coded(ErrorCode::ResourceDoesNotExist, &format!("No such artifact: '{path}'"))
            }
            Self::ArtifactStore(error) => {
                tracing::error!(%error, "the artifact store failed");
                coded(ErrorCode::InternalError, "The artifact store failed; the server's log says why.")
            }
            Self::Internal(message) => {
                tracing::error!(message, "a request failed inside the server");
                coded(ErrorCode::InternalError, "The server failed; its log says why.")
            }
        }
    }
}

fn coded(code: ErrorCode, message: &str) -> Response {
    let (name, status) = code.wire();
    (status, Json(json!({"error_code": name, "message": message}))).into_response()
}

fn plain(status: StatusCode, text: &'static str) -> Response {
    (status, text).into_response()
}

fn unauthenticated() -> Response {
    let mut response = plain(
        StatusCode::UNAUTHORIZED,
        "You are not authenticated. Please see \
         https://www.mlflow.org/docs/latest/auth/index.html#authenticating-to-mlflow on how to authenticate.",
    );
    response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"mlflow\""));
    response
}

fn database(error: &sqlx::Error) -> Response {
    tracing::error!(%error, "the database failed");
    let busy = matches!(error, sqlx::Error::PoolTimedOut)
        || matches!(error, sqlx::Error::Database(error) if error.code().is_some_and(|code| code == "5"));
    if busy {
        coded(ErrorCode::TemporarilyUnavailable, "The database is busy; try again.")
    } else {
        coded(ErrorCode::InternalError, "The database failed; the server's log says why.")
    }
}
