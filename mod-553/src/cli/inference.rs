//! `mod-553 inference`: train the reference model, serve it, and send it traffic.

use crate::finops::policy::Files;
use crate::inference::{self, Data, Job, Settings, Traffic};
use anyhow::Result;
use clap::{Args, Subcommand};
use jiff::Timestamp;
use std::path::PathBuf;
use tracing_subscriber::EnvFilter;

/// The reference inference service: train its model, serve it, send it traffic.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Draw payments with the truth about them into a CSV file, to train on.
    Draw(Draw),
    /// Train the model on a file or on drawn payments, and write its file and the job's figures.
    Train(Train),
    /// Serve a model until SIGTERM or Ctrl-C.
    Serve(Serve),
    /// Send payments, and tell later what was true of them.
    Traffic(Send),
}

#[derive(Debug, Args)]
struct Draw {
    /// Where they go.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// How many.
    #[arg(long, default_value_t = 20_000)]
    rows: usize,
    /// What they are drawn from.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

#[derive(Debug, Args)]
struct Train {
    /// CSV with the columns amount_usd, account_age_days, attempts_24h, hour, channel, merchant and fraud; without it, rows are drawn.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["rows", "seed"])]
    data: Option<PathBuf>,
    /// Where the model goes.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Its registered name.
    #[arg(long, default_value = "payments")]
    model: String,
    /// Its version.
    #[arg(long, default_value = "1")]
    version: String,
    /// Rows to draw; a fifth is held out.
    #[arg(long, default_value_t = 20_000)]
    rows: usize,
    /// What they are drawn from.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Where the job's figures go, for node_exporter's textfile collector.
    #[arg(long, value_name = "FILE")]
    metrics: Option<PathBuf>,
    /// Print JSON, for programs.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct Serve {
    /// The model that answers.
    #[arg(long, value_name = "FILE")]
    model: PathBuf,
    /// A model that answers a share of the requests.
    #[arg(long, value_name = "FILE")]
    canary: Option<PathBuf>,
    /// That share.
    #[arg(long, default_value_t = 0.1, requires = "canary")]
    canary_share: f64,
    /// The address of both doors.
    #[arg(long, default_value = "127.0.0.1")]
    host: String,
    /// The API's port; 0 takes a free one.
    #[arg(long, default_value_t = 8553)]
    port: u16,
    /// Show metrics on the API's port, too: where a proxy keeps strangers from them, or there are none.
    #[arg(long)]
    one_door: bool,
    /// How many tenants have names of their own in metrics; all others are `other`.
    #[arg(long, default_value_t = 50)]
    tenant_budget: usize,
    /// The port of metrics, readiness and faults; 0 takes a free one.
    #[arg(long, default_value_t = 9553)]
    management_port: u16,
    /// Where the inference log and the labels go.
    #[arg(long, value_name = "FOLDER")]
    log_folder: Option<PathBuf>,
    /// A log file is put aside when it is larger, in MiB.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u64).range(1..))]
    rotate_mib: u64,
    /// A file that receives both addresses as JSON once they answer.
    #[arg(long, value_name = "FILE")]
    ready_file: Option<PathBuf>,
    /// Let the management door inject faults and roll out models: for rehearsals.
    #[arg(long)]
    faults: bool,
    /// What injected faults are drawn from.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// What follows from budgets: explanations are throttled, written by a cheaper model or left out; predictions never are.
    #[arg(long, value_name = "FILE", requires = "spend_state")]
    spend_policy: Option<PathBuf>,
    /// Where budgets stand: what `mod-553 finops budget --state` wrote.
    #[arg(long, value_name = "FILE", requires = "spend_policy")]
    spend_state: Option<PathBuf>,
    /// The trail of overrides.
    #[arg(long, value_name = "FILE", requires = "spend_policy")]
    spend_trail: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct Send {
    /// The service's API door.
    #[arg(long, default_value = "http://127.0.0.1:8553")]
    url: String,
    /// How many payments.
    #[arg(long, default_value_t = 1_000)]
    requests: u64,
    /// So many a second; without it, as fast as they are answered.
    #[arg(long)]
    per_second: Option<f64>,
    /// What they are drawn from.
    #[arg(long, default_value_t = 2)]
    seed: u64,
    /// Who asks, in turn; may be repeated.
    #[arg(long, value_name = "NAME")]
    tenant: Vec<String>,
    /// Tell what was true of each.
    #[arg(long)]
    labels: bool,
    /// Ask for explanations, which cost tokens.
    #[arg(long)]
    explain: bool,
    /// Print JSON, for programs.
    #[arg(long)]
    json: bool,
}

/// Runs it.
///
/// # Errors
/// What the part reports.
pub async fn run(arguments: Arguments) -> Result<()> {
    match arguments.command {
        Command::Draw(Draw { out, rows, seed }) => {
            inference::write_rows(&out, &inference::drawn(rows, seed))?;
            println!("{}: {rows} payments", out.display());
            Ok(())
        }
        Command::Train(words) => train(words),
        Command::Serve(words) => serve(words).await,
        Command::Traffic(words) => send(words).await,
    }
}

fn train(words: Train) -> Result<()> {
    let Train { data, out, model, version, rows, seed, metrics, json } = words;
    let data = data.map_or(Data::Drawn { rows, seed }, Data::File);
    let job = Job { model, version, data, out, metrics };
    let model = inference::train(&job, Timestamp::now(), |_, _| {})?;
    let evaluation = &model.evaluation;
    if json {
        println!("{}", serde_json::to_string_pretty(evaluation)?);
    } else {
        println!(
            "{}: {} version {}, fitted to {} rows; on {} others accuracy {:.3}, AUC {:.3}, log loss {:.3}",
            job.out.display(),
            model.name,
            model.version,
            model.training_rows,
            evaluation.rows,
            evaluation.accuracy,
            evaluation.auc,
            evaluation.log_loss
        );
    }
    Ok(())
}

async fn serve(words: Serve) -> Result<()> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    // A second subscriber in one process is no reason not to serve.
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).try_init();
    let overrides = words.spend_trail;
    let spend = words.spend_policy.zip(words.spend_state).map(|(policy, state)| Files { policy, state, overrides });
    let settings = Settings {
        model: words.model,
        canary: words.canary.map(|path| (path, words.canary_share)),
        host: words.host,
        port: words.port,
        management_port: words.management_port,
        one_door: words.one_door,
        tenant_budget: words.tenant_budget,
        log_folder: words.log_folder,
        rotate_bytes: words.rotate_mib << 20,
        ready_file: words.ready_file,
        faults: words.faults,
        seed: words.seed,
        spend,
    };
    Ok(inference::serve(settings).await?)
}

async fn send(words: Send) -> Result<()> {
    let Send { url, requests, per_second, seed, tenant, labels, explain, json } = words;
    let traffic = Traffic { url, requests, per_second, seed, tenants: tenant, labels, explain };
    let report = inference::send(&traffic).await?;
    if json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        let share = report.correct as f64 / report.answered.max(1) as f64;
        println!(
            "{} sent, {} answered, {} of them right; refused by status: {:?}; {} labels taken",
            report.requests,
            report.answered,
            mod_106::documents::percent(share),
            report.refused,
            report.labels
        );
    }
    Ok(())
}
