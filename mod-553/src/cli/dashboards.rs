//! `mod-553 dashboards`: make Grafana's files from the templates, lint their queries, and preview them from a Prometheus.

use super::Ended;
use crate::dashboards::{self, Dashboard, Error, Preview};
use crate::slo::{self, Spec, prometheus::Prometheus};
use anyhow::Result;
use clap::{Args, Subcommand};
use jiff::Timestamp;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Dashboards: make them, lint their queries, see them without Grafana.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Lint every query, then write a file for each dashboard, as Grafana imports it.
    Generate {
        #[command(flatten)]
        objectives: Objectives,
        /// Where they go.
        #[arg(long, value_name = "FOLDER", default_value = "mod-553/observability/dashboards")]
        out: PathBuf,
        /// Write nothing; exit with 1 if anything would change.
        #[arg(long)]
        check: bool,
    },
    /// Ask a Prometheus every query, and write one page of what all panels show; exit with 4 if some show nothing.
    Preview {
        #[command(flatten)]
        objectives: Objectives,
        /// Where Prometheus is.
        #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:9090")]
        prometheus: String,
        /// The page.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// The end of the stretch that is shown; now, when absent.
        #[arg(long, value_name = "TIME")]
        until: Option<Timestamp>,
        /// How long the stretch is, in minutes.
        #[arg(long, default_value_t = 360, value_parser = clap::value_parser!(u64).range(1..=44_640))]
        minutes: u64,
        /// How long to wait for each answer, in seconds.
        #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=600))]
        patience: u64,
    },
}

/// What is promised.
#[derive(Debug, Args)]
struct Objectives {
    /// Objectives and alerts; each objective gets its figure on a dashboard.
    #[arg(long, value_name = "FILE", default_value = "mod-553/observability/slos.yaml")]
    slos: PathBuf,
}

impl Objectives {
    fn dashboards(&self) -> Result<Vec<Dashboard>, slo::Error> {
        Ok(dashboards::all(&Spec::read(&self.slos)?))
    }
}

/// Runs it.
///
/// # Errors
/// What the part reports.
pub async fn run(arguments: Arguments) -> Result<()> {
    match arguments.command {
        Command::Generate { objectives, out, check } => generate(&objectives.dashboards()?, &out, check),
        Command::Preview { objectives, prometheus, out, until, minutes, patience } => {
            let preview = Preview { until: until.unwrap_or_else(Timestamp::now), seconds: minutes * 60, points: 120 };
            show(&objectives.dashboards()?, &prometheus, &out, preview, patience).await
        }
    }
}

fn generate(all: &[Dashboard], out: &Path, check: bool) -> Result<()> {
    let findings: Vec<String> = all
        .iter()
        .flat_map(dashboards::lint)
        .map(|finding| format!("{}, {}: {}: {}", finding.dashboard, finding.panel, finding.query, finding.reason))
        .collect();
    if !findings.is_empty() {
        return Err(Error::Lint { findings }.into());
    }
    let file = |dashboard: &Dashboard| {
        let text = serde_json::to_string_pretty(&dashboard.grafana())?;
        Ok((out.join(format!("{}.json", dashboard.uid)), format!("{text}\n").into_bytes()))
    };
    let files = all.iter().map(file).collect::<Result<Vec<_>>>()?;
    let stale = files.iter().filter(|(path, text)| std::fs::read(path).ok().as_ref() != Some(text));
    let stale: Vec<String> = stale.map(|(path, _)| path.display().to_string()).collect();
    if check && !stale.is_empty() {
        return Err(Error::Stale { files: stale }.into());
    }
    if !check {
        mod_106::documents::write_all(&files).map_err(Error::from)?;
    }
    let panels: usize = all.iter().map(|dashboard| dashboard.panels().count()).sum();
    println!("{} dashboards, {panels} panels in {}", all.len(), out.display());
    Ok(())
}

async fn show(all: &[Dashboard], url: &str, out: &Path, preview: Preview, patience: u64) -> Result<()> {
    let prometheus = Prometheus::new(url, Duration::from_secs(patience)).map_err(Error::from)?;
    let answers = dashboards::ask(all, &prometheus, preview).await?;
    let page = dashboards::page(all, &answers, preview)?;
    mod_106::documents::write(out, page.as_bytes()).map_err(Error::from)?;
    let empty: Vec<String> = answers
        .iter()
        .filter(|answer| !answer.has_data())
        .map(|answer| format!("{}, {}: {}", answer.dashboard, answer.panel, answer.query))
        .collect();
    println!("{}: {} queries, {} without data", out.display(), answers.len(), empty.len());
    if empty.is_empty() {
        return Ok(());
    }
    Err(Ended { code: 4, message: format!("nothing to show for:\n{}", empty.join("\n")) }.into())
}
