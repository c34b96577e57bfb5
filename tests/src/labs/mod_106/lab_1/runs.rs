//! Runs and what belongs to them: their life from RUNNING to deleted and back, params that never change, tags that do, and the
//! datasets that went in.

use crate::{
    check::{Check, Fault},
    context::Context,
    expect,
    tracking::{Tracking, observe},
};
use serde_json::{Value, json};
use std::time::Duration;

const FOLLOWS: &[&str] = &["server-speaks-mlflow"];
const LIMIT: Duration = Duration::from_secs(30);

pub(super) const LIFECYCLE: Check = Check {
    id: "runs-are-kept",
    title: "Runs start, finish, are deleted and restored, and refuse writes while deleted",
    follows: FOLLOWS,
    needs: &[],
    limit: LIMIT,
    exclusive: false,
    run: |ctx| Box::pin(lifecycle(ctx)),
};

pub(super) const PARAMS: Check = Check {
    id: "params-are-immutable",
    title: "A param keeps its first value: the same again is accepted, another is refused",
    follows: FOLLOWS,
    needs: &[],
    limit: LIMIT,
    exclusive: false,
    run: |ctx| Box::pin(params_are_immutable(ctx)),
};

pub(super) const TAGS: Check = Check {
    id: "tags-can-change",
    title: "Tags of a run are set, overwritten and deleted",
    follows: FOLLOWS,
    needs: &[],
    limit: LIMIT,
    exclusive: false,
    run: |ctx| Box::pin(tags_can_change(ctx)),
};

pub(super) const DATASETS: Check = Check {
    id: "datasets-are-recorded",
    title: "The datasets that went into a run are recorded with their context",
    follows: FOLLOWS,
    needs: &[],
    limit: LIMIT,
    exclusive: false,
    run: |ctx| Box::pin(datasets_are_recorded(ctx)),
};

async fn lifecycle(ctx: Context) -> Result<(), Fault> {
    let admin = Tracking::as_admin(&ctx)?;
    let experiment = admin.experiment(&ctx.name("experiment")).await?;
    let body = json!({
        "experiment_id": experiment, "start_time": 1_700_000_000_123_i64, "run_name": "first try",
        "tags": [{"key": "branch", "value": "main"}],
    });
    let created = admin.did("runs/create", body).await?;
    let id = expect::text(&created, "/run/info/run_id")?;
    let run = admin.run_now(id).await?;
    expect::equal("the status of a new run", "RUNNING", expect::text(&run, "/info/status")?)?;
    expect::equal("start_time", &1_700_000_000_123, &expect::integer(&run, "/info/start_time")?)?;
    expect::equal("run_name", "first try", expect::text(&run, "/info/run_name")?)?;
    holds(&run, "/data/tags", "branch", Some("main"))?;
    // MLflow's own pages read the name from this tag.
    holds(&run, "/data/tags", "mlflow.runName", Some("first try"))?;

    let end = json!({"run_id": id, "status": "FINISHED", "end_time": 1_700_000_000_456_i64, "run_name": "renamed"});
    admin.did("runs/update", end).await?;
    let run = admin.run_now(id).await?;
    expect::equal("the status of a finished run", "FINISHED", expect::text(&run, "/info/status")?)?;
    expect::equal("end_time", &1_700_000_000_456, &expect::integer(&run, "/info/end_time")?)?;
    expect::equal("run_name after the update", "renamed", expect::text(&run, "/info/run_name")?)?;

    admin.did("runs/delete", json!({"run_id": id})).await?;
    let stage = admin.run_now(id).await?;
    expect::equal("lifecycle_stage after deletion", "deleted", expect::text(&stage, "/info/lifecycle_stage")?)?;
    let late = admin.post("runs/log-parameter", json!({"run_id": id, "key": "late", "value": "1"})).await?;
    observe(&ctx, "a param for a deleted run", &late);
    expect::error(&late, 400, "INVALID_PARAMETER_VALUE")?;
    let search = json!({"experiment_ids": [experiment], "run_view_type": "ACTIVE_ONLY"});
    let active = admin.did("runs/search", search).await?;
    expect::equal("deleted runs among the active ones", &0, &expect::list(&active, "/runs").len())?;
    admin.did("runs/restore", json!({"run_id": id})).await?;
    admin.did("runs/log-parameter", json!({"run_id": id, "key": "late", "value": "1"})).await?;
    let run = admin.run_now(id).await?;
    expect::equal("lifecycle_stage after restoring", "active", expect::text(&run, "/info/lifecycle_stage")?)
}

async fn params_are_immutable(ctx: Context) -> Result<(), Fault> {
    let admin = Tracking::as_admin(&ctx)?;
    let run = admin.run(&admin.experiment(&ctx.name("experiment")).await?).await?.id;
    let log =
        |key: &str, value: &str| admin.post("runs/log-parameter", json!({"run_id": run, "key": key, "value": value}));
    expect::status(&log("learning_rate", "0.01").await?, 200)?;
    // A client that retries after a lost answer must not be punished.
    expect::status(&log("learning_rate", "0.01").await?, 200)?;
    let changed = log("learning_rate", "0.02").await?;
    observe(&ctx, "another value", &changed);
    expect::error(&changed, 400, "INVALID_PARAMETER_VALUE")?;

    let batch =
        json!({"run_id": run, "params": [{"key": "epochs", "value": "3"}, {"key": "learning_rate", "value": "1"}]});
    let changed = admin.post("runs/log-batch", batch).await?;
    observe(&ctx, "another value in a batch", &changed);
    expect::error(&changed, 400, "INVALID_PARAMETER_VALUE")?;
    expect::status(&log("empty spaces/slashes.ok", "").await?, 200)?;
    expect::status(&log("unicode", "größe = 10 µm").await?, 200)?;
    let now = admin.run_now(&run).await?;
    holds(&now, "/data/params", "learning_rate", Some("0.01"))?;
    holds(&now, "/data/params", "unicode", Some("größe = 10 µm"))
}

async fn tags_can_change(ctx: Context) -> Result<(), Fault> {
    let admin = Tracking::as_admin(&ctx)?;
    let run = admin.run(&admin.experiment(&ctx.name("experiment")).await?).await?.id;
    let set = |value: &str| admin.did("runs/set-tag", json!({"run_id": run, "key": "stage", "value": value}));
    set("draft").await?;
    set("reviewed").await?;
    let batch =
        json!({"run_id": run, "tags": [{"key": "note", "value": "line\nbreak"}, {"key": "owner", "value": "ana"}]});
    admin.did("runs/log-batch", batch).await?;
    let now = admin.run_now(&run).await?;
    holds(&now, "/data/tags", "stage", Some("reviewed"))?;
    holds(&now, "/data/tags", "note", Some("line\nbreak"))?;

    admin.did("runs/delete-tag", json!({"run_id": run, "key": "stage"})).await?;
    let now = admin.run_now(&run).await?;
    holds(&now, "/data/tags", "stage", None)?;
    holds(&now, "/data/tags", "owner", Some("ana"))?;
    let again = admin.post("runs/delete-tag", json!({"run_id": run, "key": "stage"})).await?;
    observe(&ctx, "deleting a tag twice", &again);
    expect::error(&again, 404, "RESOURCE_DOES_NOT_EXIST")
}

async fn datasets_are_recorded(ctx: Context) -> Result<(), Fault> {
    let admin = Tracking::as_admin(&ctx)?;
    let run = admin.run(&admin.experiment(&ctx.name("experiment")).await?).await?.id;
    let dataset = json!({
        "name": "wine", "digest": "a1b2c3d4", "source_type": "http", "source": "{\"url\":\"http://example.test/wine.csv\"}",
        "schema": "{\"columns\":2}", "profile": "{\"rows\":150}",
    });
    let tags = json!([{"key": "mlflow.data.context", "value": "training"}]);
    let inputs = json!({"run_id": run, "datasets": [{"tags": tags, "dataset": dataset}]});
    admin.did("runs/log-inputs", inputs.clone()).await?;
    // The same input again is the same input, not a second one.
    admin.did("runs/log-inputs", inputs).await?;
    let now = admin.run_now(&run).await?;
    let recorded = expect::list(&now, "/inputs/dataset_inputs");
    expect::equal("the number of dataset_inputs", &1, &recorded.len())?;
    expect::equal("the dataset", &dataset, expect::at(&recorded[0], "/dataset")?)?;
    expect::equal("its context", &tags, expect::at(&recorded[0], "/tags")?)
}

/// Requires that a list of `{key, value}` holds this value under a key, or no such key at all.
fn holds(run: &Value, pointer: &str, key: &str, expected: Option<&str>) -> Result<(), Fault> {
    let entry = expect::list(run, pointer).iter().find(|entry| entry["key"] == key);
    let actual = entry.and_then(|entry| entry["value"].as_str());
    expect::equal(&format!("`{key}` of the run's {}", pointer.trim_start_matches("/data/")), &expected, &actual)
}
