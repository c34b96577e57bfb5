//! Experiments: made once, found by id and by name, renamed, deleted without being lost, brought back.

use crate::{
    check::{Check, Fault},
    context::Context,
    expect,
    tracking::{Tracking, observe},
};
use serde_json::json;
use std::time::Duration;

pub(super) const LIFECYCLE: Check = Check {
    id: "experiments-are-kept",
    title: "Experiments are made once, found by id and name, renamed, deleted and restored",
    follows: &["server-speaks-mlflow"],
    needs: &[],
    limit: Duration::from_secs(30),
    exclusive: false,
    run: |ctx| Box::pin(lifecycle(ctx)),
};

async fn lifecycle(ctx: Context) -> Result<(), Fault> {
    let admin = Tracking::as_admin(&ctx)?;
    // Names come from people: with spaces, accents and signs.
    let name = format!("{} é 'quoted' 100%", ctx.name("experiment"));
    let tags = json!([{"key": "team", "value": "vision"}]);
    let created = admin.did("experiments/create", json!({"name": name, "tags": tags})).await?;
    let id = expect::text(&created, "/experiment_id")?;

    let by_name = admin.read("experiments/get-by-name", &[("experiment_name", &name)]).await?;
    expect::equal("the experiment found by name", id, expect::text(&by_name, "/experiment/experiment_id")?)?;
    expect::equal("its tags", &tags, expect::at(&by_name, "/experiment/tags")?)?;
    let again = admin.post("experiments/create", json!({"name": name})).await?;
    observe(&ctx, "a second experiment of the same name", &again);
    expect::error(&again, 400, "RESOURCE_ALREADY_EXISTS")?;

    let renamed = ctx.name("renamed");
    admin.did("experiments/update", json!({"experiment_id": id, "new_name": renamed})).await?;
    let tag = json!({"experiment_id": id, "key": "team", "value": "speech"});
    admin.did("experiments/set-experiment-tag", tag).await?;
    let found = admin.read("experiments/get", &[("experiment_id", id)]).await?;
    expect::equal("the name after renaming", renamed.as_str(), expect::text(&found, "/experiment/name")?)?;
    expect::equal("the tag `team`", "speech", expect::text(&found, "/experiment/tags/0/value")?)?;

    admin.did("experiments/delete", json!({"experiment_id": id})).await?;
    let gone = admin.read("experiments/get", &[("experiment_id", id)]).await?;
    expect::equal("lifecycle_stage after deletion", "deleted", expect::text(&gone, "/experiment/lifecycle_stage")?)?;
    let late = admin.post("runs/create", json!({"experiment_id": id, "start_time": 1})).await?;
    observe(&ctx, "a run in a deleted experiment", &late);
    expect::error(&late, 400, "INVALID_PARAMETER_VALUE")?;
    let filter = format!("name = '{renamed}'");
    let active = admin.did("experiments/search", json!({"max_results": 10, "filter": filter})).await?;
    expect::equal("deleted experiments among the active ones", &0, &expect::list(&active, "/experiments").len())?;
    let deleted = json!({"max_results": 10, "filter": filter, "view_type": "DELETED_ONLY"});
    let deleted = admin.did("experiments/search", deleted).await?;
    expect::equal("deleted experiments found as such", &1, &expect::list(&deleted, "/experiments").len())?;

    admin.did("experiments/restore", json!({"experiment_id": id})).await?;
    admin.run(id).await?;
    let missing = admin.get("experiments/get", &[("experiment_id", "999999999")]).await?;
    observe(&ctx, "an experiment that does not exist", &missing);
    expect::error(&missing, 404, "RESOURCE_DOES_NOT_EXIST")
}
