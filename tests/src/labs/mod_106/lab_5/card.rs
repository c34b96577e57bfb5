//! The model card: every fact on it is one that the server tells, and what the server does not know is a gap.

use super::document::{Document, document};
use super::story::{Story, Version};
use crate::{
    check::{Check, Fault, Need},
    context::Context,
    expect,
    tracking::tags,
};
use serde_json::{Value, json};
use std::{collections::BTreeMap, time::Duration};

pub(super) const FACTS: Check = Check {
    id: "card-says-what-the-server-says",
    title: "Every fact of a model card is the server's",
    follows: &[],
    needs: &[Need::Command("model-card")],
    limit: Duration::from_secs(60),
    exclusive: false,
    run: |ctx| Box::pin(facts(ctx)),
};

pub(super) const PEOPLE: Check = Check {
    id: "card-is-for-people",
    title: "Markdown and page of a model card show the same facts as its data",
    follows: &[],
    needs: &[Need::Command("model-card")],
    limit: Duration::from_secs(60),
    exclusive: false,
    run: |ctx| Box::pin(people(ctx)),
};

pub(super) const GAPS: Check = Check {
    id: "gaps-are-shown",
    title: "What nobody recorded is a gap on the card, until somebody does",
    follows: &[],
    needs: &[Need::Command("model-card")],
    limit: Duration::from_secs(60),
    exclusive: false,
    run: |ctx| Box::pin(gaps(ctx)),
};

pub(super) const SLICES: Check = Check {
    id: "slices-and-concerns-are-told",
    title: "The card tells how the model does for parts of the data, and what did not pass",
    follows: &[],
    needs: &[Need::Command("model-card")],
    limit: Duration::from_secs(60),
    exclusive: false,
    run: |ctx| Box::pin(slices(ctx)),
};

pub(super) const HISTORY: Check = Check {
    id: "history-is-told",
    title: "The card tells the model's versions and what the audit trail says of this one",
    follows: &[],
    needs: &[Need::Command("model-card")],
    limit: Duration::from_secs(60),
    exclusive: false,
    run: |ctx| Box::pin(history(ctx)),
};

/// A model with one approved version, and its card.
async fn one(ctx: &Context) -> Result<(Story, Version, String, Document), Fault> {
    let mut story = Story::begin(ctx, "card").await?;
    let version = story.version(ctx).await?;
    let approver = story.word();
    story.approve(&version, &approver).await?;
    story.record("promotion.completed", &approver, &version);
    story.server.alias(&story.model, "champion", &version.number).await?;
    let card = card(ctx, &story, &version.number).await?;
    Ok((story, version, approver, card))
}

async fn card(ctx: &Context, story: &Story, version: &str) -> Result<Document, Fault> {
    let trail = story.trail()?;
    document(ctx, "model-card", "model-card", &[&story.model, version, "--trail", &trail], 0).await
}

async fn facts(ctx: Context) -> Result<(), Fault> {
    let (story, version, approver, card) = one(&ctx).await?;
    let (run, now) =
        (story.server.run_now(&version.run.id).await?, story.server.version_now(&story.model, &version.number).await?);
    let text = |pointer: &str| expect::text(&card.json, pointer).map(str::to_owned);
    expect::equal("the card's model", &story.model, &text("/model")?)?;
    expect::equal("the card's version", &version.number, &text("/version")?)?;
    expect::equal("the card's run", &version.run.id, &text("/run/id")?)?;
    expect::equal("the card's source", expect::text(&now, "/source")?, &text("/source")?)?;
    expect::equal("the card's aliases", &json!(["champion"]), expect::at(&card.json, "/aliases")?)?;
    let data = expect::at(&run, "/data")?;
    expect::equal("the card's commit", &tags(data)["mlflow.source.git.commit"], &text("/run/commit")?)?;
    expect::equal("the card's params", &keyed(data, "/params"), &keyed(&card.json, "/params"))?;
    let wanted: BTreeMap<_, _> = version.metrics.iter().map(|(key, value)| (key.clone(), value.to_string())).collect();
    expect::equal("the card's metrics", &wanted, &keyed(&card.json, "/metrics"))?;
    let dataset = card.entry("/data", "name", &version.dataset)?;
    expect::equal("the dataset's digest", version.dataset_digest.as_str(), expect::text(dataset, "/digest")?)?;
    expect::equal("the dataset's role", "training", expect::text(dataset, "/context")?)?;
    let weights = card.entry("/files", "path", "model/weights.bin")?;
    expect::equal("the weights' digest", version.weights_digest.as_str(), expect::text(weights, "/digest")?)?;
    expect::equal("the report's digest", &version.report_digest, &text("/validation/digest")?)?;
    let metric = card.entry("/metrics", "key", "auc")?;
    expect::equal("the validation's verdict on auc", "passed", expect::text(metric, "/verdict")?)?;
    let owner = card.entry("/stated", "key", "owner")?;
    expect::equal("the owner", story.owner.as_str(), expect::text(owner, "/value")?)?;
    let approval = card.entry("/approvals/approvals", "approver", &approver)?;
    expect::equal("whether the approval counts", &Value::Bool(true), expect::at(approval, "/counts")?)
}

async fn people(ctx: Context) -> Result<(), Fault> {
    let (story, version, approver, card) = one(&ctx).await?;
    let facts = [
        ("the model's name", &story.model),
        ("the owner", &story.owner),
        ("the author", &story.author),
        ("the approver", &approver),
        ("the run", &version.run.id),
        ("the commit", &version.commit),
        ("the dataset", &version.dataset),
        ("the dataset's digest", &version.dataset_digest),
        ("the weights' digest", &version.weights_digest),
        ("the report's digest", &version.report_digest),
        ("the version's description", &version.description),
    ];
    for (what, value) in facts {
        card.shows(what, value)?;
    }
    for (key, value) in &version.params {
        card.shows("a param", key)?;
        card.shows("a param's value", value)?;
    }
    for (key, value) in &version.metrics {
        card.shows("a metric", key)?;
        card.shows("a metric's value", &value.to_string())?;
    }
    Ok(())
}

async fn gaps(ctx: Context) -> Result<(), Fault> {
    let server = ctx.tracking()?;
    let (model, experiment) = (ctx.name("bare"), server.experiment(&ctx.name("experiment")).await?);
    server.model(&model).await?;
    let run = server.run(&experiment).await?;
    let version = server.version(&model, &run).await?;
    let bare = document(&ctx, "model-card", "model-card", &[&model, &version], 0).await?;
    for key in ["owner", "intended_use", "limitations"] {
        let fact = bare.entry("/stated", "key", key)?;
        expect::equal(&format!("the value of {key}, which nobody stated"), &Value::Null, expect::at(fact, "/value")?)?;
    }
    for what in ["Owner", "Intended use", "Known limits", "Training data", "Code revision", "Metrics"] {
        bare.entry("/gaps", "what", what)?;
        bare.shows("a gap", what)?;
    }
    bare.shows("gaps", "gap")?;
    let said = ctx.name("owner");
    let tag = json!({"name": model, "key": "owner", "value": said});
    server.did("registered-models/set-tag", tag).await?;
    let mended = document(&ctx, "model-card", "model-card", &[&model, &version], 0).await?;
    mended.shows("the owner", &said)?;
    let left = expect::texts(&mended.json, "/gaps", "/what");
    expect::holds("the gap of a fact that was stated", !left.contains(&"Owner".to_owned()), "no gap", &left)?;
    expect::holds("the other gaps", left.contains(&"Intended use".to_owned()), "still there", &left)
}

async fn slices(ctx: Context) -> Result<(), Fault> {
    let (_, version, _, card) = one(&ctx).await?;
    let slices = expect::list(&card.json, "/slices");
    let found =
        slices.iter().any(|slice| slice.pointer("/slice/country").and_then(Value::as_str) == Some(&version.slice));
    expect::holds("the card's slices", found, &format!("country {}", version.slice), slices)?;
    card.shows("the slice", &version.slice)?;
    card.shows("the slice's rows", "321")?;
    let concern = card.entry("/concerns", "id", &version.concern)?;
    expect::equal("the verdict on what did not pass", "failed", expect::text(concern, "/verdict")?)?;
    card.shows("what did not pass", &version.concern)
}

async fn history(ctx: Context) -> Result<(), Fault> {
    let mut story = Story::begin(&ctx, "history").await?;
    let (first, second) = (story.version(&ctx).await?, story.version(&ctx).await?);
    let (actor, other) = (story.word(), story.word());
    story.record("promotion.completed", &other, &first);
    story.record("promotion.completed", &actor, &second);
    let card = card(&ctx, &story, &second.number).await?;
    for version in [&first, &second] {
        card.entry("/versions", "version", &version.number)?;
        card.shows("a version's run", &version.run.id)?;
    }
    card.entry("/history", "actor", &actor)?;
    card.shows("who promoted it", &actor)?;
    card.hides("who promoted another version", &other)?;
    expect::equal("the audit trail's state", "verified", expect::text(&card.json, "/trail")?)
}

fn keyed(value: &Value, pointer: &str) -> BTreeMap<String, String> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let entries = expect::list(value, pointer).iter();
    entries.filter_map(|entry| Some((text(entry.get("key")?), text(entry.get("value")?)))).collect()
}
