//! `mod-553 slo`: from objectives to rules, where they stand, and what Alertmanager says of them.

use super::Ended;
use crate::slo::{self, Error, Owners, Severity, Spec, prometheus::Prometheus};
use anyhow::Result;
use clap::{Args, Subcommand};
use jiff::Timestamp;
use std::path::PathBuf;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};

/// Objectives: make rules of them, see where they stand, receive what Alertmanager says.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write Prometheus' rules, their tests and Alertmanager's configuration.
    Generate {
        #[command(flatten)]
        source: Source,
        /// Where they go.
        #[arg(long, value_name = "FOLDER", default_value = "mod-553/observability/rules")]
        out: PathBuf,
        /// Write nothing; exit with 1 if anything would change.
        #[arg(long)]
        check: bool,
    },
    /// List the objectives: what is promised, who minds, and what it takes to wake somebody.
    Show {
        #[command(flatten)]
        source: Source,
    },
    /// Ask a Prometheus where each objective stands: 0 within budget, 1 burning or spent, 4 nothing is known.
    Status {
        #[command(flatten)]
        source: Source,
        /// Where Prometheus is.
        #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:9090")]
        prometheus: String,
        /// How long to wait for an answer, in seconds.
        #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=600))]
        patience: u64,
        /// Print JSON, for programs.
        #[arg(long)]
        json: bool,
    },
    /// Receive Alertmanager's webhooks until SIGTERM or Ctrl-C; each alert is written once, however often it comes.
    Receive {
        /// The file of alerts, one line for each beginning and end.
        #[arg(long, value_name = "FILE")]
        inbox: PathBuf,
        /// The address to listen on; port 0 takes a free one.
        #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:9095")]
        listen: String,
        /// A file that receives the webhook's address once it answers.
        #[arg(long, value_name = "FILE")]
        ready_file: Option<PathBuf>,
    },
}

/// What is promised, and who minds.
#[derive(Debug, Args)]
pub(super) struct Source {
    /// Objectives and alerts.
    #[arg(long, value_name = "FILE", default_value = "mod-553/observability/slos.yaml")]
    pub(super) slos: PathBuf,
    /// Owners and routing.
    #[arg(long, value_name = "FILE", default_value = "mod-553/observability/owners.yaml")]
    pub(super) owners: PathBuf,
}

impl Source {
    pub(super) fn read(&self) -> Result<(Spec, Owners), Error> {
        let spec = Spec::read(&self.slos)?;
        let owners = Owners::read(&self.owners, &spec)?;
        Ok((spec, owners))
    }
}

/// Runs it.
///
/// # Errors
/// What the part reports.
pub async fn run(arguments: Arguments) -> Result<()> {
    match arguments.command {
        Command::Generate { source, out, check } => generate(&source, &out, check),
        Command::Show { source } => show(&source),
        Command::Status { source, prometheus, patience, json } => status(&source, &prometheus, patience, json).await,
        Command::Receive { inbox, listen, ready_file } => receive(inbox, &listen, ready_file).await,
    }
}

fn generate(source: &Source, out: &std::path::Path, check: bool) -> Result<()> {
    let (spec, owners) = source.read()?;
    let files = slo::files(&spec, &owners);
    let stale = slo::differences(out, &files);
    if check && !stale.is_empty() {
        return Err(Error::Stale { files: stale }.into());
    }
    if !check {
        slo::write(out, &files)?;
    }
    println!(
        "{} objectives, {} alerts: {} files in {}",
        spec.slos.len(),
        spec.alerts.len(),
        files.len(),
        out.display()
    );
    Ok(())
}

fn show(source: &Source) -> Result<()> {
    let (spec, _) = source.read()?;
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.force_no_tty();
    table.set_header(["OBJECTIVE", "TARGET", "OWNER", "PAGES WHEN", "MEASURED BY"]);
    for slo in &spec.slos {
        let budget = 1.0 - slo.target;
        let pages = spec.pairs(slo, Severity::Page);
        let pages = pages.iter().map(|burn| format!("{} > {:.3} %", burn.pair(), burn.factor * budget * 100.0));
        let measured = slo.indicator.bad.as_ref().or(slo.indicator.good.as_ref()).unwrap_or(&slo.indicator.total);
        let target = format!("{} %", mod_106::documents::number(slo.target * 100.0));
        let pages = pages.collect::<Vec<_>>().join("\n");
        table.add_row([slo.name.as_str(), &target, &slo.owner, &pages, measured]);
    }
    println!("{}", table.to_string().lines().map(str::trim_end).collect::<Vec<_>>().join("\n"));
    Ok(())
}

async fn status(source: &Source, url: &str, patience: u64, json: bool) -> Result<()> {
    let (spec, _) = source.read()?;
    let prometheus = Prometheus::new(url, Duration::from_secs(patience)).map_err(Error::from)?;
    let standings = slo::standings(&spec, &prometheus, Timestamp::now()).await.map_err(Error::from)?;
    if json {
        println!("{}", serde_json::to_string_pretty(&standings)?);
    } else {
        for standing in &standings {
            let shown = |value: Option<f64>, show: fn(f64) -> String| value.map_or_else(|| "unknown".to_owned(), show);
            let firing =
                if standing.firing.is_empty() { "nothing fires".to_owned() } else { standing.firing.join(", ") };
            println!(
                "{}: {} of the budget left, burning at {} times what it may; {firing}",
                standing.slo,
                shown(standing.remaining, mod_106::documents::percent),
                shown(standing.burn_rate, |rate| format!("{rate:.2}")),
            );
        }
    }
    let spent =
        |standing: &&slo::Standing| !standing.firing.is_empty() || standing.remaining.is_some_and(|left| left <= 0.0);
    let bad: Vec<&str> = standings.iter().filter(spent).map(|standing| standing.slo.as_str()).collect();
    if !bad.is_empty() {
        return Err(Ended { code: 1, message: format!("burning, or without budget: {}", bad.join(", ")) }.into());
    }
    let unknown: Vec<&str> =
        standings.iter().filter(|standing| !standing.is_known()).map(|standing| standing.slo.as_str()).collect();
    if !unknown.is_empty() {
        let message =
            format!("nothing is known of {}; are the rules loaded, and is there traffic?", unknown.join(", "));
        return Err(Ended { code: 4, message }.into());
    }
    Ok(())
}

async fn receive(inbox: PathBuf, listen: &str, ready_file: Option<PathBuf>) -> Result<()> {
    // A second subscriber in one process is no reason not to receive.
    let _ = tracing_subscriber::fmt().with_writer(std::io::stderr).try_init();
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let stop = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    };
    let ready = |url: &str| {
        tracing::info!(url, "receiving");
        if let Some(path) = &ready_file
            && let Err(error) = mod_106::documents::write(path, url.as_bytes())
        {
            tracing::error!(%error, "nobody is told the address");
        }
    };
    Ok(slo::receive(&inbox, listen, ready, stop).await?)
}
