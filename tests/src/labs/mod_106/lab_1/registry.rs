//! The model registry: versions that count up and are never handed out twice, stages, aliases, and search.

use crate::{
    check::{Check, Fault},
    context::Context,
    expect,
    tracking::{Tracking, observe},
};
use futures::{StreamExt as _, TryStreamExt as _};
use http::Method;
use serde_json::{Value, json};
use std::time::Duration;

const FOLLOWS: &[&str] = &["server-speaks-mlflow"];
const LIMIT: Duration = Duration::from_secs(60);

pub(super) const VERSIONS: Check = Check {
    id: "model-versions-count-up",
    title: "Models are registered once; their versions count up, remember their run, and leave no number for reuse",
    follows: FOLLOWS,
    needs: &[],
    limit: LIMIT,
    exclusive: false,
    run: |ctx| Box::pin(versions_count_up(ctx)),
};

pub(super) const CONCURRENT: Check = Check {
    id: "concurrent-versions-are-unique",
    title: "Sixteen versions created at once get sixteen different numbers",
    follows: &["model-versions-count-up"],
    needs: &[],
    limit: LIMIT,
    exclusive: false,
    run: |ctx| Box::pin(concurrent_versions(ctx)),
};

pub(super) const STAGES: Check = Check {
    id: "stages-move-versions",
    title: "A version moves through the stages, archiving its predecessor when asked",
    follows: &["model-versions-count-up"],
    needs: &[],
    limit: LIMIT,
    exclusive: false,
    run: |ctx| Box::pin(stages_move_versions(ctx)),
};

pub(super) const ALIASES: Check = Check {
    id: "aliases-point-to-one-version",
    title: "An alias points to one version, moves in one step, and vanishes when it is deleted",
    follows: &["model-versions-count-up"],
    needs: &[],
    limit: LIMIT,
    exclusive: false,
    run: |ctx| Box::pin(aliases(ctx)),
};

pub(super) const SEARCH: Check = Check {
    id: "registry-is-searched",
    title: "Models and versions are found by name, run and tag, page by page",
    follows: &["model-versions-count-up"],
    needs: &[],
    limit: LIMIT,
    exclusive: false,
    run: |ctx| Box::pin(registry_is_searched(ctx)),
};

async fn versions_count_up(ctx: Context) -> Result<(), Fault> {
    let admin = Tracking::as_admin(&ctx)?;
    let run = admin.run(&admin.experiment(&ctx.name("experiment")).await?).await?;
    let model = ctx.name("model");
    let tags = json!([{"key": "task", "value": "ranking"}]);
    admin.did("registered-models/create", json!({"name": model, "tags": tags, "description": "ranks"})).await?;
    let again = admin.post("registered-models/create", json!({"name": model})).await?;
    observe(&ctx, "a second model of the same name", &again);
    expect::error(&again, 400, "RESOURCE_ALREADY_EXISTS")?;

    for expected in ["1", "2", "3"] {
        expect::equal("the number of a new version", expected, admin.version(&model, &run).await?.as_str())?;
    }
    let version = admin.read("model-versions/get", &[("name", &model), ("version", "2")]).await?;
    expect::equal("its run", run.id.as_str(), expect::text(&version, "/model_version/run_id")?)?;
    expect::equal("its status", "READY", expect::text(&version, "/model_version/status")?)?;
    let source = format!("mlflow-artifacts:/{}/model", run.artifacts);
    expect::equal("its source", source.as_str(), expect::text(&version, "/model_version/source")?)?;
    let uri = admin.read("model-versions/get-download-uri", &[("name", &model), ("version", "2")]).await?;
    expect::equal("its download URI", source.as_str(), expect::text(&uri, "/artifact_uri")?)?;

    expect::json(&admin.call(Method::DELETE, "model-versions/delete", json!({"name": model, "version": "2"})).await?)?;
    let gone = admin.get("model-versions/get", &[("name", &model), ("version", "2")]).await?;
    observe(&ctx, "a deleted version", &gone);
    expect::error(&gone, 404, "RESOURCE_DOES_NOT_EXIST")?;
    expect::equal("the number after a deletion", "4", admin.version(&model, &run).await?.as_str())?;
    let tag = json!({"name": model, "version": "4", "key": "validated", "value": "yes"});
    admin.did("model-versions/set-tag", tag).await?;
    let tagged = admin.read("model-versions/get", &[("name", &model), ("version", "4")]).await?;
    expect::equal("its tag", "yes", expect::text(&tagged, "/model_version/tags/0/value")?)?;

    let renamed = ctx.name("renamed");
    admin.did("registered-models/rename", json!({"name": model, "new_name": renamed})).await?;
    let found = admin.read("registered-models/get", &[("name", &renamed)]).await?;
    expect::equal("its description", "ranks", expect::text(&found, "/registered_model/description")?)?;
    expect::equal("its tags", &tags, expect::at(&found, "/registered_model/tags")?)?;
    let old = admin.get("registered-models/get", &[("name", &model)]).await?;
    observe(&ctx, "a model by its old name", &old);
    expect::error(&old, 404, "RESOURCE_DOES_NOT_EXIST")
}

async fn concurrent_versions(ctx: Context) -> Result<(), Fault> {
    const AT_ONCE: usize = 16;
    let admin = Tracking::as_admin(&ctx)?;
    let run = admin.run(&admin.experiment(&ctx.name("experiment")).await?).await?;
    let model = ctx.name("model");
    admin.model(&model).await?;
    let creations = (0..AT_ONCE).map(|_| admin.version(&model, &run));
    let created: Vec<String> = futures::stream::iter(creations).buffer_unordered(AT_ONCE).try_collect().await?;
    let mut numbers: Vec<u64> = created.iter().filter_map(|version| version.parse().ok()).collect();
    numbers.sort_unstable();
    expect::equal("the numbers of 16 versions created at once", &(1..=16).collect::<Vec<u64>>(), &numbers)
}

async fn stages_move_versions(ctx: Context) -> Result<(), Fault> {
    let admin = Tracking::as_admin(&ctx)?;
    let run = admin.run(&admin.experiment(&ctx.name("experiment")).await?).await?;
    let model = ctx.name("model");
    admin.model(&model).await?;
    for _ in 0..3 {
        admin.version(&model, &run).await?;
    }
    let move_to = |version: &str, stage: &str, archive: bool| {
        let body = json!({"name": model, "version": version, "stage": stage, "archive_existing_versions": archive});
        admin.post("model-versions/transition-stage", body)
    };
    let moved = expect::json(&move_to("1", "Production", false).await?)?;
    expect::equal("the stage after the move", "Production", expect::text(&moved, "/model_version/current_stage")?)?;
    expect::json(&move_to("2", "Production", true).await?)?;
    expect::json(&move_to("3", "staging", false).await?)?;
    let stages = stages_of(&admin, &model).await?;
    expect::equal(
        "the stages of versions 1, 2, 3",
        &["Archived", "Production", "Staging"].map(str::to_owned)[..],
        &stages[..],
    )?;

    let latest =
        admin.did("registered-models/get-latest-versions", json!({"name": model, "stages": ["Production"]})).await?;
    let latest = expect::texts(&latest, "/model_versions", "/version");
    expect::equal("the latest version in Production", &["2".to_owned()][..], &latest[..])?;
    let refused = move_to("3", "Nirvana", false).await?;
    observe(&ctx, "a stage that does not exist", &refused);
    expect::error(&refused, 400, "INVALID_PARAMETER_VALUE")
}

async fn aliases(ctx: Context) -> Result<(), Fault> {
    let admin = Tracking::as_admin(&ctx)?;
    let run = admin.run(&admin.experiment(&ctx.name("experiment")).await?).await?;
    let model = ctx.name("model");
    admin.model(&model).await?;
    admin.version(&model, &run).await?;
    admin.version(&model, &run).await?;
    let champion = [("name", model.as_str()), ("alias", "champion")];
    for version in ["1", "2"] {
        admin.did("registered-models/alias", json!({"name": model, "alias": "champion", "version": version})).await?;
        let found = admin.read("registered-models/alias", &champion).await?;
        expect::equal("the champion", version, expect::text(&found, "/model_version/version")?)?;
    }
    let first = admin.read("model-versions/get", &[("name", &model), ("version", "1")]).await?;
    expect::equal("the aliases left on version 1", &0, &expect::list(&first, "/model_version/aliases").len())?;
    let second = admin.read("model-versions/get", &[("name", &model), ("version", "2")]).await?;
    expect::equal("the aliases of version 2", &json!(["champion"]), expect::at(&second, "/model_version/aliases")?)?;

    let nowhere = json!({"name": model, "alias": "challenger", "version": "99"});
    let refused = admin.post("registered-models/alias", nowhere).await?;
    observe(&ctx, "an alias for a version that does not exist", &refused);
    expect::error(&refused, 404, "RESOURCE_DOES_NOT_EXIST")?;
    let body = json!({"name": model, "alias": "champion"});
    expect::json(&admin.call(Method::DELETE, "registered-models/alias", body).await?)?;
    let gone = admin.get("registered-models/alias", &champion).await?;
    observe(&ctx, "a deleted alias", &gone);
    expect::error(&gone, 400, "INVALID_PARAMETER_VALUE")
}

async fn registry_is_searched(ctx: Context) -> Result<(), Fault> {
    let admin = Tracking::as_admin(&ctx)?;
    let run = admin.run(&admin.experiment(&ctx.name("experiment")).await?).await?;
    let family = ctx.name("family");
    let names: Vec<String> = ["a", "b", "c"].iter().map(|letter| format!("{family}-{letter}")).collect();
    for name in &names {
        let tags = json!([{"key": "family", "value": family}]);
        admin.did("registered-models/create", json!({"name": name, "tags": tags})).await?;
        admin.version(name, &run).await?;
    }
    admin.version(&names[0], &run).await?;

    let like = format!("name LIKE '{family}%'");
    let mut query = vec![("filter", like), ("max_results", "2".to_owned()), ("order_by", "name DESC".to_owned())];
    let mut found = Vec::new();
    for _ in 0..3 {
        let borrowed: Vec<_> = query.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let page = admin.read("registered-models/search", &borrowed).await?;
        found.extend(expect::texts(&page, "/registered_models", "/name"));
        match page["next_page_token"].as_str() {
            Some(token) if !token.is_empty() => query = with_token(query, token),
            _ => break,
        }
    }
    let expected: Vec<&String> = names.iter().rev().collect();
    expect::equal("the models of one family, over pages", &expected, &found.iter().collect::<Vec<_>>())?;
    let by_tag = format!("tags.family = '{family}'");
    let by_tag = admin.read("registered-models/search", &[("filter", &by_tag)]).await?;
    expect::equal("the models with the tag", &3, &expect::list(&by_tag, "/registered_models").len())?;
    let by_run = format!("run_id = '{}'", run.id);
    let by_run = admin.read("model-versions/search", &[("filter", &by_run)]).await?;
    expect::equal("the versions of the run", &4, &expect::list(&by_run, "/model_versions").len())?;
    let refused = admin.get("registered-models/search", &[("filter", "colour = 'red'")]).await?;
    observe(&ctx, "a filter over what models do not have", &refused);
    expect::error(&refused, 400, "INVALID_PARAMETER_VALUE")
}

fn with_token(mut query: Vec<(&'static str, String)>, token: &str) -> Vec<(&'static str, String)> {
    query.retain(|(name, _)| *name != "page_token");
    query.push(("page_token", token.to_owned()));
    query
}

async fn stages_of(admin: &Tracking, model: &str) -> Result<Vec<String>, Fault> {
    let mut stages = Vec::new();
    for version in ["1", "2", "3"] {
        let found: Value = admin.read("model-versions/get", &[("name", model), ("version", version)]).await?;
        stages.push(expect::text(&found, "/model_version/current_stage")?.to_owned());
    }
    Ok(stages)
}
