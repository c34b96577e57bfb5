//! A training job, as small as one can be that leaves everything a governed model needs: its run, params, metrics by epoch, the
//! dataset that it read with its digest, the model with its signature, the code's revision, and scored files to validate.
//!
//! `data.rs` draws loans, `model.rs` learns from them; here is what is tracked. The last line on standard output is the run's id.
//!
//! ```text
//! MLFLOW_TRACKING_URI=… cargo run -p mod-106 --example train -- FOLDER [SEED] [SHIFT]
//! ```
//!
//! FOLDER receives `reference.csv` (held-out loans of the same population) and `current.csv` (later loans, whose applicants moved by
//! SHIFT standard deviations; 0 unless it is given).

mod data;
mod model;

use anyhow::Context;
use bytes::Bytes;
use data::{FEATURES, Loan};
use mod_106::client::{
    ArtifactPath, ArtifactRoot, Batch, CONTEXT_TAG, Client, Config, Dataset, DatasetInput, ExperimentId, Metric,
    NewRun, Param, RunId, RunStatus, RunUpdate, Tag,
};
use model::Model;
use serde_json::json;
use sha2::{Digest, Sha256};
use std::{
    path::Path,
    time::{SystemTime, UNIX_EPOCH},
};

const EXPERIMENT: &str = "loan-default";
const ROWS: usize = 6000;
const EPOCHS: usize = 80;
const RATE: f64 = 0.8;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().context("name the folder for reference.csv and current.csv")?;
    let seed: u64 = arguments.next().map_or(Ok(1), |text| text.parse()).context("SEED is a whole number")?;
    let shift: f64 = arguments.next().map_or(Ok(0.0), |text| text.parse()).context("SHIFT is a number")?;
    let folder = Path::new(&folder);
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;

    let client = Client::new(&Config::from_env()?)?;
    let experiment = experiment(&client).await?;
    let run = start(&client, &experiment, seed).await?;

    let training = data::draw(ROWS, seed, 0.0);
    let mut losses = Vec::new();
    let model =
        Model::train(&training, EPOCHS, RATE, |epoch, done| losses.push(metric("train.loss", done.loss, epoch)));
    let training_file = save(folder, "training.csv", &training, &model)?;
    log(&client, &run, seed, &losses, &training_file).await?;

    let held_out = data::draw(ROWS, seed.wrapping_add(1_000_003), 0.0);
    save(folder, "reference.csv", &held_out, &model)?;
    save(folder, "current.csv", &data::draw(ROWS, seed.wrapping_add(2_000_003), shift), &model)?;
    let auc = model::roc_auc(&held_out, &scores(&held_out, &model));
    client.log_batch(&run, &Batch { metrics: &[metric("test.auc", auc, 0)], ..Batch::default() }).await?;

    upload_model(&client, &run, &model).await?;
    let ended = RunUpdate { status: Some(RunStatus::Finished), end_time: Some(now_ms()), run_name: None };
    client.update_run(&run, &ended).await?;
    eprintln!("trained on {ROWS} loans in {EPOCHS} epochs: AUC {auc:.3} on held-out loans");
    println!("{run}");
    Ok(())
}

/// The experiment, made by whoever comes first.
async fn experiment(client: &Client) -> anyhow::Result<ExperimentId> {
    match client.experiment_by_name(EXPERIMENT).await {
        Ok(found) => Ok(found.experiment_id),
        Err(error) if error.is_not_found() => Ok(client.create_experiment(EXPERIMENT, None, &[]).await?),
        Err(error) => Err(error.into()),
    }
}

async fn start(client: &Client, experiment: &ExperimentId, seed: u64) -> anyhow::Result<RunId> {
    let user = std::env::var("USER").unwrap_or_else(|_| "trainer".to_owned());
    let mut tags = vec![
        Tag::new("mlflow.source.name", "mod-106/examples/train/main.rs"),
        Tag::new("mlflow.source.type", "JOB"),
        Tag::new("mlflow.user", user.as_str()),
    ];
    tags.extend(revision().map(|commit| Tag::new("mlflow.source.git.commit", commit)));
    let new = NewRun { run_name: Some(format!("logistic-{seed}")), start_time: now_ms(), tags, user_id: user };
    Ok(client.create_run(experiment, &new).await?.info.run_id)
}

/// The commit that this was built from, where git knows one.
fn revision() -> Option<String> {
    let output = std::process::Command::new("git").args(["rev-parse", "HEAD"]).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn scores(loans: &[Loan], model: &Model) -> Vec<f64> {
    loans.iter().map(|loan| model.score(loan)).collect()
}

fn save(folder: &Path, name: &str, loans: &[Loan], model: &Model) -> anyhow::Result<Vec<u8>> {
    let path = folder.join(name);
    data::write(&path, loans, &scores(loans, model)).with_context(|| format!("cannot write {}", path.display()))
}

async fn log(client: &Client, run: &RunId, seed: u64, losses: &[Metric], training: &[u8]) -> anyhow::Result<()> {
    let params = [
        Param::new("seed", seed.to_string()),
        Param::new("rows", ROWS.to_string()),
        Param::new("epochs", EPOCHS.to_string()),
        Param::new("learning_rate", RATE.to_string()),
    ];
    client.log_batch(run, &Batch { metrics: losses, params: &params, ..Batch::default() }).await?;
    // MLflow keeps at most 36 characters of a digest.
    let digest = mod_106::digest::hex(&Sha256::digest(training));
    let dataset = Dataset {
        name: "loans".to_owned(),
        digest: digest[..32].to_owned(),
        source_type: "code".to_owned(),
        source: json!({"file": "training.csv", "sha256": digest, "seed": seed}).to_string(),
        schema: Some(json!({"mlflow_colspec": columns()}).to_string()),
        profile: Some(json!({"num_rows": ROWS}).to_string()),
    };
    let input = DatasetInput { tags: vec![Tag::new(CONTEXT_TAG, "training")], dataset };
    Ok(client.log_inputs(run, &[input]).await?)
}

fn columns() -> Vec<serde_json::Value> {
    FEATURES.iter().map(|name| json!({"type": "double", "name": name, "required": true})).collect()
}

/// The model with its `MLmodel` file, which carries the signature.
async fn upload_model(client: &Client, run: &RunId, model: &Model) -> anyhow::Result<()> {
    let root: ArtifactRoot = client.artifact_root(run).await?;
    let inputs = serde_json::to_string(&columns())?;
    let outputs = json!([{"type": "double", "name": "score", "required": true}]).to_string();
    let created = jiff::Timestamp::now();
    let description = json!({
        "artifact_path": "model",
        "flavors": {"json_parameters": {"data": "model.json"}},
        "run_id": run.as_str(),
        "utc_time_created": created.strftime("%Y-%m-%d %H:%M:%S").to_string(),
        "signature": {"inputs": inputs, "outputs": outputs},
    });
    // JSON is YAML, which is what MLflow reads here.
    let files = [
        ("model/MLmodel", serde_json::to_vec_pretty(&description)?),
        ("model/model.json", serde_json::to_vec_pretty(&model.parameters())?),
    ];
    for (path, bytes) in files {
        client.upload_bytes(&root, &ArtifactPath::parse(path)?, Bytes::from(bytes)).await?;
    }
    Ok(client.log_model(run, &description.to_string()).await?)
}

fn metric(key: &str, value: f64, step: usize) -> Metric {
    let step = i64::try_from(step).unwrap_or(i64::MAX);
    Metric { key: key.to_owned(), value, timestamp: now_ms(), step }
}

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
