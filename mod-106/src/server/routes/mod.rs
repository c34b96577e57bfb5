//! The routes: MLflow's REST API 2.0, one file for each kind of thing.
//!
//! [`table`] lists every route with what it demands of its sender; [`dispatch`] carries a request through sign-in,
//! permission and handler. Handlers read fields, check limits, and ask the store or the artifacts; they never see headers.

pub mod artifacts;
pub mod dispatch;
pub mod experiments;
pub mod inputs;
pub mod logging;
pub mod metrics;
pub mod model_versions;
pub mod multipart;
pub mod permissions;
pub mod registered_models;
pub mod runs;
pub mod search;
pub mod table;
pub mod users;

#[cfg(test)]
mod tests;

use crate::server::auth::sign_in::Sender;
use crate::server::error::ApiError;
use crate::server::parameters::Parameters;
use crate::server::records::Tag;
use crate::server::state::ServerState;
use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use serde::Serialize;
use std::sync::Arc;

/// A request that was let in.
#[derive(Debug)]
pub struct Call {
    /// The server's state.
    pub state: Arc<ServerState>,
    /// Who sends it.
    pub sender: Sender,
    /// Its fields.
    pub parameters: Parameters,
    /// What follows the route's own part of the URL, as it came.
    pub tail: String,
}

/// What a handler gives back.
pub type Answer = Result<Response, ApiError>;

/// A JSON response.
///
/// # Errors
/// When the value cannot be written as JSON.
pub fn json(value: &impl Serialize) -> Answer {
    let body = serde_json::to_vec(value).map_err(|error| ApiError::Internal(format!("cannot write JSON: {error}")))?;
    let mut response = Response::new(Body::from(body));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}

/// The response of a call that gives nothing back.
///
/// # Errors
/// Never; it is an answer like any other.
pub fn nothing() -> Answer {
    json(&serde_json::Map::new())
}

/// Tags or params of a request; an absent value is the empty text.
///
/// # Errors
/// When the field is no list of objects with a text key.
fn pairs(parameters: &Parameters, field: &str) -> Result<Vec<Tag>, ApiError> {
    parameters
        .objects(field)?
        .iter()
        .map(|pair| {
            let key = pair.text("key")?.unwrap_or_default().to_owned();
            Ok(Tag { key, value: pair.text("value")?.unwrap_or_default().to_owned() })
        })
        .collect()
}
