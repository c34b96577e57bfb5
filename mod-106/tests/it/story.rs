//! What the tests write, how our client writes it, and how it reads it back: the twin of `python/peer.py`.

use futures::TryStreamExt;
use libtest_mimic::Failed;
use mod_106::client::{
    Batch, CONTEXT_TAG, Client, Dataset, DatasetInput, Error, Metric, ModelName, NewRun, NewVersion, Param,
    RegistrySearch, RunId, RunStatus, RunUpdate, Stage, Tag, VersionNumber,
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

type Pair = (String, String);
type Point = (String, String, i64, i64);

/// `story.json`.
#[derive(Deserialize)]
pub(crate) struct Story {
    run_name: String,
    start_time: i64,
    end_time: i64,
    experiment_tags: Vec<Pair>,
    first_tags: Vec<Pair>,
    metrics: Vec<Point>,
    single_metric: Point,
    params: Vec<Pair>,
    single_param: Pair,
    tags: Vec<Pair>,
    single_tag: Pair,
    datasets: Vec<Map<String, Value>>,
    model_tags: Vec<Pair>,
    description: String,
    pub(crate) artifacts: Vec<Pair>,
}

impl Story {
    pub(crate) fn read() -> Self {
        serde_json::from_str(include_str!("story.json")).unwrap()
    }
}

/// Where a run was written.
#[derive(Deserialize)]
pub(crate) struct Written {
    pub(crate) run: RunId,
}

fn tag((key, value): &Pair) -> Tag {
    Tag::new(key, value)
}

fn param((key, value): &Pair) -> Param {
    Param::new(key, value)
}

fn metric((key, value, timestamp, step): &Point) -> Metric {
    Metric { key: key.clone(), value: value.parse().unwrap(), timestamp: *timestamp, step: *step }
}

fn dataset(fields: &Map<String, Value>) -> DatasetInput {
    let text = |key: &str| fields.get(key).and_then(Value::as_str).map(str::to_owned);
    let dataset = Dataset {
        name: text("name").unwrap_or_default(),
        digest: text("digest").unwrap_or_default(),
        source_type: text("source_type").unwrap_or_default(),
        source: text("source").unwrap_or_default(),
        schema: text("schema"),
        profile: text("profile"),
    };
    DatasetInput { tags: vec![Tag::new(CONTEXT_TAG, text("context").unwrap_or_default())], dataset }
}

/// Tells the whole story to a new experiment with a new run.
pub(crate) async fn write_run(client: &Client, name: &str) -> Result<Written, Error> {
    let story = Story::read();
    let experiment_tags: Vec<_> = story.experiment_tags.iter().map(tag).collect();
    let experiment = client.create_experiment(name, None, &experiment_tags).await?;
    let new = NewRun {
        run_name: Some(story.run_name.clone()),
        start_time: story.start_time,
        tags: story.first_tags.iter().map(tag).collect(),
        user_id: String::new(),
    };
    let run = client.create_run(&experiment, &new).await?.info.run_id;
    let metrics: Vec<_> = story.metrics.iter().map(metric).collect();
    let params: Vec<_> = story.params.iter().map(param).collect();
    let tags: Vec<_> = story.tags.iter().map(tag).collect();
    client.log_batch(&run, &Batch { metrics: &metrics, params: &params, tags: &tags }).await?;
    client.log_metric(&run, &metric(&story.single_metric)).await?;
    client.log_param(&run, &param(&story.single_param)).await?;
    client.set_tag(&run, &tag(&story.single_tag)).await?;
    client.set_tag(&run, &Tag::new("gone", "soon")).await?;
    client.delete_tag(&run, "gone").await?;
    client.log_inputs(&run, &story.datasets.iter().map(dataset).collect::<Vec<_>>()).await?;
    let end = RunUpdate { status: Some(RunStatus::Finished), end_time: Some(story.end_time), run_name: None };
    client.update_run(&run, &end).await?;
    Ok(Written { run })
}

fn bits(value: f64) -> String {
    if value.is_nan() { "nan".to_owned() } else { format!("{:016x}", value.to_bits()) }
}

fn pairs<'a>(pairs: impl Iterator<Item = (&'a String, &'a String)>) -> Vec<[&'a str; 2]> {
    let mut pairs: Vec<_> = pairs.map(|(key, value)| [key.as_str(), value]).collect();
    pairs.sort_unstable();
    pairs
}

fn tag_pairs(tags: &[Tag]) -> Vec<[&str; 2]> {
    pairs(tags.iter().map(|tag| (&tag.key, &tag.value)))
}

/// The history of a metric as Python puts it.
pub(crate) async fn read_history(client: &Client, run: &RunId, key: &str, page_size: u32) -> Result<Value, Error> {
    let points: Vec<Metric> = client.metric_history_by(run, key, page_size).try_collect().await?;
    Ok(points.iter().map(|point| json!([point.key, bits(point.value), point.timestamp, point.step])).collect())
}

/// All that our client sees of a run.
pub(crate) async fn read_run(client: &Client, id: &RunId) -> Result<Value, Error> {
    let run = client.run(id).await?;
    let experiment = client.experiment(&run.info.experiment_id).await?;
    let mut history = Map::new();
    let mut metrics = Vec::new();
    for metric in &run.data.metrics {
        history.insert(metric.key.clone(), read_history(client, id, &metric.key, 2).await?);
        metrics.push([metric.key.clone(), bits(metric.value)]);
    }
    metrics.sort_unstable();
    let mut inputs: Vec<_> = run.inputs.dataset_inputs.iter().collect();
    inputs.sort_by_key(|input| &input.dataset.name);
    let inputs: Vec<_> = inputs
        .iter()
        .map(|DatasetInput { tags, dataset }| {
            let (schema, profile) = (dataset.schema.as_deref().unwrap_or(""), dataset.profile.as_deref().unwrap_or(""));
            json!([dataset.name, dataset.digest, dataset.source_type, dataset.source, schema, profile, tag_pairs(tags)])
        })
        .collect();
    Ok(json!({
        "experiment": {
            "id": experiment.experiment_id, "name": experiment.name, "stage": experiment.lifecycle_stage,
            "artifacts": experiment.artifact_location, "tags": tag_pairs(&experiment.tags),
            "created": experiment.creation_time, "updated": experiment.last_update_time,
        },
        "name": run.info.run_name, "status": run.info.status, "stage": run.info.lifecycle_stage,
        "start": run.info.start_time, "end": run.info.end_time, "artifacts": run.info.artifact_uri,
        "metrics": metrics, "params": pairs(run.data.params.iter().map(|param| (&param.key, &param.value))),
        "tags": tag_pairs(&run.data.tags), "inputs": inputs, "history": history,
    }))
}

/// Registers a model with two versions.
pub(crate) async fn write_model(client: &Client, name: &ModelName, run: &RunId) -> Result<(), Error> {
    let story = Story::read();
    let tags: Vec<_> = story.model_tags.iter().map(tag).collect();
    client.create_model(name, &story.description, &tags).await?;
    for _ in 0..2 {
        let (source, description) = (format!("runs:/{run}/model"), story.description.clone());
        let new = NewVersion { source, run_id: Some(run.clone()), description, tags: tags.clone() };
        client.create_version(name, &new).await?;
    }
    let (one, two) = (VersionNumber(1), VersionNumber(2));
    client.update_version(name, two, "second").await?;
    client.set_model_tag(name, &Tag::new("gone", "soon")).await?;
    client.delete_model_tag(name, "gone").await?;
    client.set_version_tag(name, two, &Tag::new("late", "ja")).await?;
    client.set_alias(name, "champion", one).await?;
    client.set_alias(name, "challenger", two).await?;
    client.transition_stage(name, one, Stage::Production, false).await?;
    client.transition_stage(name, two, Stage::Production, true).await?;
    Ok(())
}

/// All that our client sees of a model.
pub(crate) async fn read_model(client: &Client, name: &ModelName) -> Result<Value, Failed> {
    let model = client.model(name).await?;
    let search = RegistrySearch { filter: format!("name = '{name}'"), order_by: Vec::new(), page_size: 1 };
    let mut found: Vec<_> = client.search_versions(search).try_collect().await?;
    found.sort_by_key(|version| version.version);
    let mut versions = Vec::new();
    for version in &found {
        let mut aliases = client.version(name, version.version).await?.aliases;
        aliases.sort_unstable();
        versions.push(json!([
            version.version.0,
            version.current_stage,
            version.source,
            version.run_id,
            version.status,
            version.description,
            tag_pairs(&version.tags),
            aliases
        ]));
    }
    let mut aliases: Vec<_> = model.aliases.iter().map(|alias| (&alias.alias, alias.version.0)).collect();
    aliases.sort_unstable();
    let production = client.latest_versions(name, &[Stage::Production]).await?;
    Ok(json!({
        "description": model.description, "tags": tag_pairs(&model.tags), "aliases": aliases,
        "created": model.creation_timestamp, "updated": model.last_updated_timestamp, "versions": versions,
        "champion": client.version_by_alias(name, "champion").await?.version.0,
        "production": production.iter().map(|version| version.version.0).collect::<Vec<_>>(),
    }))
}

/// Fails with both values where they differ.
pub(crate) fn same(what: &str, left: &Value, right: &Value) -> Result<(), Failed> {
    fn differ(path: &str, left: &Value, right: &Value, into: &mut Vec<String>) {
        match (left, right) {
            (Value::Object(a), Value::Object(b)) if a.keys().eq(b.keys()) => {
                a.iter().for_each(|(key, value)| differ(&format!("{path}.{key}"), value, &b[key], into));
            }
            (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
                a.iter().zip(b).enumerate().for_each(|(n, (a, b))| differ(&format!("{path}[{n}]"), a, b, into));
            }
            (a, b) if a != b => into.push(format!("{path}: {} is not {}", short(a), short(b))),
            _ => {}
        }
    }
    let mut differences = Vec::new();
    differ("", left, right, &mut differences);
    if differences.is_empty() { Ok(()) } else { Err(Failed::from(format!("{what}:\n{}", differences.join("\n")))) }
}

fn short(value: &Value) -> String {
    value.to_string().chars().take(200).collect()
}

/// The value without what differs between any two writings: ids, times, and places made of ids.
pub(crate) fn without(mut value: Value, paths: &[&str]) -> Value {
    for path in paths {
        if let Some(place) = value.pointer_mut(path) {
            *place = Value::Null;
        }
    }
    value
}
