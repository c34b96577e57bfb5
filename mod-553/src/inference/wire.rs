//! Requests, answers and refusals, as they go over the wire.

use super::spend::Restraint;
use crate::inference_log::{Usage, Value};
use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a caller sends to be told about a payment.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Question {
    /// Made up when absent.
    pub(super) request_id: Option<String>,
    pub(super) tenant: Option<String>,
    pub(super) features: BTreeMap<String, Value>,
    #[serde(default)]
    pub(super) explain: bool,
}

/// What they are told.
#[derive(Debug, Serialize)]
pub(super) struct Answer {
    pub(super) request_id: String,
    pub(super) model: String,
    pub(super) version: String,
    pub(super) variant: String,
    /// Whether it is fraud.
    pub(super) prediction: bool,
    pub(super) score: f64,
    pub(super) decision: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) explanation: Option<String>,
    /// Why it is not there, or not as usual.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) spend: Option<Restraint>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) usage: Option<Usage>,
}

/// What was true.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Feedback {
    pub(super) request_id: String,
    pub(super) label: bool,
}

/// Why there is no answer.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    /// For the label `error_type`: one of a few words.
    pub(super) kind: &'static str,
    pub(super) message: String,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, kind: &'static str, message: impl Into<String>) -> Self {
        Self { status, kind, message: message.into() }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = serde_json::json!({ "error": { "type": self.kind, "message": self.message } });
        (self.status, Json(body)).into_response()
    }
}
