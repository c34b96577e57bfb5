//! The management door's knobs: faults, and rollouts by hand. Both exist only where the service was started with `--faults`.

use super::faults::Faults;
use super::model::Model;
use super::state::{Deployments, Service};
use super::wire::Refusal;
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rollout {
    variant: Variant,
    /// A model's file; without one, the canary is taken away.
    model: Option<PathBuf>,
    /// The canary's share of requests.
    share: Option<f64>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Variant {
    Stable,
    Canary,
}

pub(super) async fn show(State(service): State<Arc<Service>>) -> Result<Json<Faults>, Refusal> {
    allowed(&service)?;
    Ok(Json(service.faults()))
}

pub(super) async fn put(State(service): State<Arc<Service>>, body: Bytes) -> Result<Json<Faults>, Refusal> {
    allowed(&service)?;
    let faults: Faults = serde_json::from_slice(&body).map_err(|error| malformed(&error))?;
    faults.check().map_err(|error| malformed(&error))?;
    Ok(Json(turn(&service, faults)))
}

pub(super) async fn delete(State(service): State<Arc<Service>>) -> Result<Json<Faults>, Refusal> {
    allowed(&service)?;
    Ok(Json(turn(&service, Faults::default())))
}

/// Puts another model in a variant's place.
pub(super) async fn deploy(
    State(service): State<Arc<Service>>,
    body: Bytes,
) -> Result<Json<serde_json::Value>, Refusal> {
    allowed(&service)?;
    let rollout: Rollout = serde_json::from_slice(&body).map_err(|error| malformed(&error))?;
    let model = rollout.model.as_deref().map(Model::read).transpose().map_err(|error| malformed(&error))?;
    let now = service.deployments();
    let canary = now.canary.as_ref().map(|(canary, share)| (canary.model.clone(), *share));
    let (stable, canary) = match (rollout.variant, model) {
        (Variant::Stable, Some(model)) => (model, canary),
        (Variant::Stable, None) => return Err(malformed(&"variant stable needs a model")),
        (Variant::Canary, Some(model)) => (now.stable.model.clone(), Some((model, rollout.share.unwrap_or(0.1)))),
        (Variant::Canary, None) => (now.stable.model.clone(), None),
    };
    service.deploy(Deployments::new(stable, canary).map_err(|error| malformed(&error))?);
    Ok(Json(served(&service)))
}

/// What is served, for `GET /v1/model`.
pub(super) fn served(service: &Service) -> serde_json::Value {
    let (deployments, faults) = (service.deployments(), service.faults());
    let stable = if faults.bad_deploy { &deployments.skewed } else { &deployments.stable };
    let canary = deployments.canary.as_ref();
    let one = |deployment: &super::state::Deployment, share: f64| {
        serde_json::json!({
            "model": deployment.served.model, "version": deployment.served.version, "variant": deployment.served.variant,
            "share": share, "digest": deployment.digest, "threshold": deployment.model.threshold,
            "features": deployment.expected.keys().collect::<Vec<_>>(), "inputs": deployment.expected,
            "evaluation": deployment.model.evaluation,
        })
    };
    let share = canary.map_or(0.0, |(_, share)| *share);
    let all = [one(stable, 1.0 - share)].into_iter().chain(canary.map(|(canary, share)| one(canary, *share)));
    serde_json::json!({ "deployments": all.collect::<Vec<_>>() })
}

fn turn(service: &Service, faults: Faults) -> Faults {
    let on: Vec<&str> = faults.active().iter().filter(|(_, on)| *on).map(|(name, _)| *name).collect();
    tracing::warn!(faults = ?on, "faults are injected on purpose");
    *service.faults.write().unwrap_or_else(PoisonError::into_inner) = faults;
    service.show_faults();
    service.faults()
}

fn allowed(service: &Service) -> Result<(), Refusal> {
    let message = "faults are off: this service was started without --faults";
    if service.open_to_faults { Ok(()) } else { Err(Refusal::new(StatusCode::NOT_FOUND, "off", message)) }
}

fn malformed(error: &impl std::fmt::Display) -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, "malformed", error.to_string())
}
