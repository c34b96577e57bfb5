//! What the server has acknowledged survives a restart: the moment its answer was read, it was on disk and not in memory.

use super::keepsake::Keepsake;
use crate::{
    check::{Check, Fault, Need},
    context::Context,
    expect,
    tracking::Tracking,
};
use futures::{StreamExt as _, TryStreamExt as _};
use serde_json::json;
use std::time::Duration;

pub(super) const RESTART: Check = Check {
    id: "restart-loses-nothing",
    title: "Everything that was acknowledged is still there after a restart",
    follows: &["server-speaks-mlflow"],
    needs: &[Need::Restart],
    limit: Duration::from_secs(180),
    exclusive: true,
    run: |ctx| Box::pin(restart_loses_nothing(ctx)),
};

/// How many writes are acknowledged last, right before the restart.
const LAST_WRITES: usize = 200;

async fn restart_loses_nothing(ctx: Context) -> Result<(), Fault> {
    let admin = Tracking::as_admin(&ctx)?;
    let kept = Keepsake::leave(&ctx, &admin).await?;
    let run = admin.run(&admin.experiment(&ctx.name("experiment")).await?).await?.id;
    let writes = (0..LAST_WRITES).map(|step| {
        admin.did("runs/log-metric", json!({"run_id": run, "key": "last", "value": 1.5, "timestamp": 1, "step": step}))
    });
    futures::stream::iter(writes).buffer_unordered(8).try_for_each(|_| async { Ok(()) }).await?;

    ctx.restart().await?;

    // The account is read anew: a deployment may make its secrets when it starts, but then these must be the old ones.
    let admin = Tracking::as_admin(&ctx)?;
    kept.is_whole(&admin, "a restart").await?;
    let history = [("run_id", run.as_str()), ("metric_key", "last"), ("max_results", "1000")];
    let history = admin.read("metrics/get-history", &history).await?;
    let what = "the metrics that were acknowledged right before a restart";
    expect::equal(what, &LAST_WRITES, &expect::list(&history, "/metrics").len())?;
    Keepsake::leave(&ctx, &admin).await?.is_whole(&admin, "writing again").await
}
