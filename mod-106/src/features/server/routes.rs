//! The table of routes, and what is read from a request before anybody acts on it.

use super::problem::Problem;
use super::{State, answer, load, registry};
use crate::features::time;
use crate::features::wire::{
    MaterializeIncrementalRequest, MaterializeRequest, OnlineRequest, OnlineResponse, PushRequest,
};
use axum::Router;
use axum::extract::State as Shared;
use axum::http::StatusCode;
use axum::routing::{get, post};
use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::sync::Arc;

/// Feast's own paths; registry reads lie where its registry server puts them.
pub(super) fn router(state: Arc<State>) -> Router {
    Router::new()
        .route("/health", get(|| async { StatusCode::OK }))
        .route("/get-online-features", post(get_online_features))
        .route("/push", post(push))
        .route("/materialize", post(materialize))
        .route("/materialize-incremental", post(materialize_incremental))
        .nest("/api/v1", registry::router())
        .layer(tower_http::catch_panic::CatchPanicLayer::new())
        .with_state(state)
}

/// A body as JSON, whatever its content type says, as FastAPI reads it.
fn read<T: DeserializeOwned>(body: &Bytes) -> Result<T, Problem> {
    serde_json::from_slice(body).map_err(|error| Problem::unprocessable(format!("the body does not fit: {error}")))
}

async fn get_online_features(state: Shared<Arc<State>>, body: Bytes) -> Result<axum::Json<OnlineResponse>, Problem> {
    let request: OnlineRequest = read(&body)?;
    answer::online(&state, request, time::now()).await.map(axum::Json)
}

async fn push(state: Shared<Arc<State>>, body: Bytes) -> Result<StatusCode, Problem> {
    let request: PushRequest = read(&body)?;
    load::push(&state, request).await.map(|()| StatusCode::OK)
}

async fn materialize(state: Shared<Arc<State>>, body: Bytes) -> Result<axum::Json<Value>, Problem> {
    let request: MaterializeRequest = read(&body)?;
    let (Some(start), Some(end)) = (&request.start_ts, &request.end_ts) else {
        return Err(Problem::unprocessable("start_ts and end_ts are required"));
    };
    let (start, end) = (moment("start_ts", start)?, moment("end_ts", end)?);
    if start >= end {
        return Err(Problem::unprocessable("start_ts must be before end_ts"));
    }
    load::materialize(&state.repository, &state.online, request.feature_views.as_deref(), Some(start), end).await?;
    Ok(axum::Json(Value::Null))
}

async fn materialize_incremental(state: Shared<Arc<State>>, body: Bytes) -> Result<axum::Json<Value>, Problem> {
    let request: MaterializeIncrementalRequest = read(&body)?;
    let end = moment("end_ts", &request.end_ts)?;
    load::materialize(&state.repository, &state.online, request.feature_views.as_deref(), None, end).await?;
    Ok(axum::Json(Value::Null))
}

fn moment(name: &str, text: &str) -> Result<time::Nanoseconds, Problem> {
    time::parse(text).map_err(|problem| Problem::unprocessable(format!("{name}: {problem}")))
}
