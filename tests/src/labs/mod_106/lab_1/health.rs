//! The server runs and speaks MLflow's REST API. Everything else follows from this one: without it no other failure means anything.

use crate::{
    check::{Check, Fault},
    context::Context,
    expect,
    tracking::{Tracking, observe},
};
use http::Method;
use serde_json::json;
use std::time::Duration;

pub(super) const SPEAKS_REST: Check = Check {
    id: "server-speaks-mlflow",
    title: "The server is healthy and speaks MLflow's REST API",
    follows: &[],
    needs: &[],
    limit: Duration::from_secs(30),
    exclusive: false,
    run: |ctx| Box::pin(speaks_rest(ctx)),
};

async fn speaks_rest(ctx: Context) -> Result<(), Fault> {
    let admin = Tracking::as_admin(&ctx)?;
    // A load balancer asks for its health, and a load balancer has no password.
    let nobody = admin.seen_by(None);
    let health = nobody.send(nobody.request(Method::GET, "/health")).await?;
    expect::status(&health, 200)?;

    let found = admin.did("experiments/search", json!({"max_results": 1})).await?;
    expect::text(&found, "/experiments/0/experiment_id")?;
    expect::text(&found, "/experiments/0/name")?;

    let missing = admin.get("runs/get", &[("run_id", "00000000000000000000000000000000")]).await?;
    observe(&ctx, "a run that does not exist", &missing);
    expect::error(&missing, 404, "RESOURCE_DOES_NOT_EXIST")?;
    let incomplete = admin.post("experiments/create", json!({})).await?;
    observe(&ctx, "an experiment without a name", &incomplete);
    expect::error(&incomplete, 400, "INVALID_PARAMETER_VALUE")
}
