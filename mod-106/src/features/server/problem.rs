//! Errors as answers, in one place. Feast answers 404 for a view or service that it does not know and 422 for a push source and for
//! JSON that does not fit, each as here; where it answers 500 to a caller's own mistake (an unknown feature, a missing join
//! key, a time that is none), this server answers 422.

use crate::features::error::Error;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// An error on its way out.
#[derive(Debug)]
pub(super) struct Problem {
    status: StatusCode,
    detail: String,
}

impl Problem {
    pub(super) fn unprocessable(detail: impl Into<String>) -> Self {
        Self { status: StatusCode::UNPROCESSABLE_ENTITY, detail: detail.into() }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let status = match &error {
            Error::Unknown { kind: "feature" | "push source", .. } => StatusCode::UNPROCESSABLE_ENTITY,
            Error::Unknown { .. } => StatusCode::NOT_FOUND,
            Error::Malformed { .. } | Error::Ambiguous { .. } => StatusCode::UNPROCESSABLE_ENTITY,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        if status.is_server_error() {
            tracing::error!(%error, "a request failed");
        }
        Self { status, detail: error.to_string() }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = json!({ "status_code": self.status.as_u16(), "detail": self.detail });
        (self.status, axum::Json(body)).into_response()
    }
}
