//! `mod-106 runs`: one training each; what was logged, and logging more.

use super::connection::{Connection, Limit, now_ms, pair};
use super::experiments::View;
use super::output::{Output, pairs, time, word};
use crate::client::{
    Batch, Client, ExperimentId, Metric, NewRun, Param, Run, RunId, RunSearch, RunStatus, RunUpdate, Tag,
};
use clap::{Subcommand, ValueEnum};
use serde_json::json;

/// `mod-106 runs …`
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    connection: Connection,
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List the runs of experiments, newest first
    List {
        /// Where to look; may be repeated
        #[arg(long = "experiment", value_name = "ID", default_value = "0")]
        experiments: Vec<ExperimentId>,
        /// MLflow's filter language, such as "metrics.auc > 0.9 AND params.depth = '8'"
        #[arg(long, default_value = "", hide_default_value = true)]
        filter: String,
        /// Such as "metrics.auc DESC"; may be repeated
        #[arg(long, value_name = "COLUMN")]
        order_by: Vec<String>,
        #[command(flatten)]
        view: View,
        #[command(flatten)]
        limit: Limit,
    },
    /// Show one run with all that was logged
    Get {
        /// Its id
        id: RunId,
    },
    /// Start a run
    Create {
        /// Where it belongs
        #[arg(long = "experiment", value_name = "ID", default_value = "0")]
        experiment: ExperimentId,
        /// Its name; the server makes one up otherwise
        #[arg(long)]
        name: Option<String>,
        /// A tag; may be repeated
        #[arg(long, value_name = "KEY=VALUE", value_parser = pair)]
        tag: Vec<(String, String)>,
    },
    /// Log metrics, params and tags in one call
    Log(Log),
    /// Show a metric's history
    History {
        /// The run's id
        id: RunId,
        /// The metric
        key: String,
        #[command(flatten)]
        limit: Limit,
    },
    /// End a run
    Finish {
        /// Its id
        id: RunId,
        /// How it ended
        #[arg(long, value_enum, default_value_t = Ending::Finished)]
        status: Ending,
    },
    /// Remove a tag
    DeleteTag {
        /// The run's id
        id: RunId,
        /// The tag's key
        key: String,
    },
    /// Move a run to the bin
    Delete {
        /// Its id
        id: RunId,
    },
    /// Take a run out of the bin
    Restore {
        /// Its id
        id: RunId,
    },
}

#[derive(Debug, clap::Args)]
struct Log {
    /// The run's id
    id: RunId,
    /// A metric, such as loss=0.5, loss=nan or loss=inf; may be repeated
    #[arg(long, value_name = "KEY=NUMBER", value_parser = number, required_unless_present_any = ["param", "tag"])]
    metric: Vec<(String, f64)>,
    /// The step of these metrics
    #[arg(long, value_name = "N", default_value_t = 0, allow_negative_numbers = true)]
    step: i64,
    /// A param; may be repeated
    #[arg(long, value_name = "KEY=VALUE", value_parser = pair)]
    param: Vec<(String, String)>,
    /// A tag; may be repeated
    #[arg(long, value_name = "KEY=VALUE", value_parser = pair)]
    tag: Vec<(String, String)>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Ending {
    Finished,
    Failed,
    Killed,
}

/// Does what was asked.
///
/// # Errors
/// What the server, the network or the settings say.
pub async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let (client, output) = arguments.connection.open()?;
    match arguments.action {
        Action::List { experiments, filter, order_by, view, limit } => {
            let (run_view_type, page_size) = (view.view_type(), limit.page_size());
            let search = RunSearch { experiment_ids: experiments, filter, order_by, run_view_type, page_size };
            list(&limit.take(client.search_runs(search)).await?, output)
        }
        Action::Get { id } => show(&client.run(&id).await?, output),
        Action::Create { experiment, name, tag } => {
            let tags = tag.into_iter().map(|(key, value)| Tag { key, value }).collect();
            let new = NewRun { run_name: name, start_time: now_ms(), tags, user_id: String::new() };
            let run = client.create_run(&experiment, &new).await?;
            output.done(&run, &format!("created run {} ({})", run.info.run_id, run.info.run_name))
        }
        Action::Log(log) => self::log(&client, log, output).await,
        Action::History { id, key, limit } => {
            let points = limit.take(client.metric_history_by(&id, &key, limit.page_size())).await?;
            output.list(&points, ["STEP", "TIME", "VALUE"], |point| {
                [point.step.to_string(), time(Some(point.timestamp)), point.value.to_string()]
            })
        }
        Action::Finish { id, status } => {
            let status = match status {
                Ending::Finished => RunStatus::Finished,
                Ending::Failed => RunStatus::Failed,
                Ending::Killed => RunStatus::Killed,
            };
            let update = RunUpdate { status: Some(status), end_time: Some(now_ms()), run_name: None };
            let info = client.update_run(&id, &update).await?;
            output.done(&info, &format!("run {id} is {}", word(status)))
        }
        Action::DeleteTag { id, key } => {
            client.delete_tag(&id, &key).await?;
            output.done(&json!({ "run_id": id }), &format!("removed tag {key} of run {id}"))
        }
        Action::Delete { id } => {
            client.delete_run(&id).await?;
            let sentence = format!("deleted run {id}; `mod-106 runs restore {id}` brings it back");
            output.done(&json!({ "run_id": id }), &sentence)
        }
        Action::Restore { id } => {
            client.restore_run(&id).await?;
            output.done(&json!({ "run_id": id }), &format!("restored run {id}"))
        }
    }
}

async fn log(client: &Client, log: Log, output: Output) -> anyhow::Result<()> {
    let (timestamp, step) = (now_ms(), log.step);
    let metrics: Vec<_> = log.metric.into_iter().map(|(key, value)| Metric { key, value, timestamp, step }).collect();
    let params: Vec<_> = log.param.into_iter().map(|(key, value)| Param { key, value }).collect();
    let tags: Vec<_> = log.tag.into_iter().map(|(key, value)| Tag { key, value }).collect();
    client.log_batch(&log.id, &Batch { metrics: &metrics, params: &params, tags: &tags }).await?;
    let (metrics, params, tags) = (metrics.len(), params.len(), tags.len());
    let counts = json!({ "run_id": log.id, "metrics": metrics, "params": params, "tags": tags });
    output.done(&counts, &format!("logged {metrics} metrics, {params} params and {tags} tags to run {}", log.id))
}

fn list(runs: &[Run], output: Output) -> anyhow::Result<()> {
    output.list(runs, ["ID", "NAME", "STATUS", "STARTED", "METRICS"], |run| {
        let metrics: Vec<_> =
            run.data.metrics.iter().map(|metric| format!("{}={}", metric.key, metric.value)).collect();
        let info = &run.info;
        let name = info.run_name.clone();
        [info.run_id.to_string(), name, word(info.status), time(info.start_time), metrics.join(", ")]
    })
}

fn show(run: &Run, output: Output) -> anyhow::Result<()> {
    let info = &run.info;
    let metrics: Vec<_> = run.data.metrics.iter().map(|metric| format!("{}={}", metric.key, metric.value)).collect();
    let datasets =
        run.inputs.dataset_inputs.iter().map(|input| format!("{} ({})", input.dataset.name, input.dataset.digest));
    output.one(
        run,
        vec![
            ("id", info.run_id.to_string()),
            ("name", info.run_name.clone()),
            ("experiment", info.experiment_id.to_string()),
            ("status", word(info.status)),
            ("stage", word(info.lifecycle_stage)),
            ("started", time(info.start_time)),
            ("ended", time(info.end_time)),
            ("artifacts", info.artifact_uri.clone()),
            ("metrics", metrics.join(", ")),
            ("params", pairs(run.data.params.iter().map(|param| (param.key.as_str(), param.value.as_str())))),
            ("tags", pairs(run.data.tags.iter().map(|tag| (tag.key.as_str(), tag.value.as_str())))),
            ("datasets", datasets.collect::<Vec<_>>().join(", ")),
        ],
    )
}

fn number(text: &str) -> Result<(String, f64), String> {
    let (key, value) = pair(text)?;
    value
        .parse()
        .map(|value| (key, value))
        .map_err(|_| format!("{value:?} is not a number; give KEY=NUMBER, such as loss=0.5"))
}
