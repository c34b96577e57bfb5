//! `mod-106 validate`: data, and a model's predictions on them, against a spec.
//!
//! The verdict is the exit code. Reports are written whole or not at all, and after Ctrl-C not at all; `validate_reports` does it. What
//! fails afterwards, such as a server that is away, takes nothing back.

use super::connection::Connection;
use super::output::Output;
use super::validate_reports as reports;
use crate::alerts::{Config, Dispatcher, Options};
use crate::audit::digest_text;
use crate::client::{ArtifactPath, Batch, Client, MOST_METRICS, Metric, ModelName, RunId, Tag, VersionNumber};
use crate::validation::outcome::{Outcome, Verdict};
use crate::validation::read::Watch;
use crate::validation::{Error, Settings, report, spec, validate};
use anyhow::Context;
use indicatif::ProgressBar;
use sha2::{Digest, Sha256};
use std::future::Future;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const EXIT_CODES: &str = "\
Data and models that the spec names are looked for beside it.

Exit codes: 0 passed · 1 failed · 2 the spec or the data are malformed · 3 the server could not be reached · 4 inconclusive: too \
few data to tell · 130 stopped by Ctrl-C";

/// `mod-106 validate …`
#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_CODES)]
pub struct Arguments {
    /// What is expected, in YAML
    spec: PathBuf,
    /// Write report.json, report.md, report.html and junit.xml into this folder
    #[arg(long, value_name = "FOLDER")]
    report: Option<PathBuf>,
    /// What collected columns may take; beyond it, columns are sketched
    #[arg(long, value_name = "SIZE", default_value = "1GiB", value_parser = spec::bytes)]
    memory_limit: u64,
    /// Tell the people who mind, by this configuration; what passes again is resolved
    #[arg(long, value_name = "CONFIG")]
    alerts: Option<PathBuf>,
    /// Log reports and metrics to this run of the tracking server
    #[arg(long, value_name = "RUN")]
    log_to_run: Option<RunId>,
    /// Tag this registered model's version with the verdict
    #[arg(long, value_name = "NAME", requires = "version", requires = "log_to_run")]
    model: Option<ModelName>,
    /// The version to tag
    #[arg(long, value_name = "VERSION", requires = "model")]
    version: Option<VersionNumber>,
    #[command(flatten)]
    connection: Connection,
}

/// A suite that did not pass: the exit code, and what is said of it.
#[derive(Debug, thiserror::Error)]
#[error("the suite `{suite}` {}: {what}", .verdict.word())]
pub struct NotPassed {
    suite: String,
    verdict: Verdict,
    what: String,
}

impl NotPassed {
    /// 1, or 4 when there was too little to tell.
    pub fn exit_code(&self) -> u8 {
        if self.verdict == Verdict::Inconclusive { 4 } else { 1 }
    }
}

/// Ctrl-C, once there was a verdict.
#[derive(Debug, thiserror::Error)]
#[error("stopped")]
pub struct Interrupted;

/// As shells say that a program ended by Ctrl-C.
pub(super) const INTERRUPTED: u8 = 130;

/// The exit code of a validation that came to no verdict.
pub(super) fn exit_code(error: &Error) -> ExitCode {
    match error {
        Error::Spec { .. } | Error::Data { .. } | Error::Io { .. } | Error::Memory { .. } => ExitCode::from(2),
        Error::Stopped => ExitCode::from(INTERRUPTED),
    }
}

/// Does what was asked.
///
/// # Errors
/// What is malformed, what the server says, and a verdict that is not *passed*.
pub async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let alerts = arguments.alerts.as_deref().map(Config::read).transpose()?;
    // A server that is named wrongly is found out before an hour of reading.
    let server = arguments.log_to_run.as_ref().map(|_| arguments.connection.open()).transpose()?;
    let folder = arguments.report.as_deref();
    folder.map_or(Ok(()), reports::can_be_written)?;
    let outcome = watched(arguments.spec.clone(), arguments.memory_limit).await;
    let outcome = outcome.inspect_err(|_| folder.into_iter().for_each(reports::say_what_is_old))?;
    let reports = render(&outcome);
    let written = folder.map_or(Ok(()), |folder| reports::write(folder, &reports));
    // A verdict that took an hour is said, also when the disk is full.
    show(&outcome, arguments.connection.output())?;
    written?;
    let logged = match (&server, &arguments.log_to_run) {
        (Some((client, _)), Some(run)) => unless_interrupted(log(client, run, &arguments, &outcome, &reports)).await,
        _ => Ok(()),
    };
    // Whoever minds is told, also when the tracking server is away.
    if let Some(config) = &alerts {
        unless_interrupted(send_alerts(config, &outcome)).await?;
    }
    logged.map_err(|error| error.context(not_logged(&arguments)))?;
    judge(&outcome)
}

/// What became of the reports that the server did not take, and how to give them to it later.
fn not_logged(arguments: &Arguments) -> String {
    let kept = match &arguments.report {
        Some(folder) => format!("the reports are in {}", folder.display()),
        None => "the reports are not kept elsewhere (--report FOLDER keeps them)".to_owned(),
    };
    let again = "when the server answers, the same command logs them again";
    format!("not everything was logged; {kept}, and {again}")
}

/// Work until Ctrl-C.
async fn unless_interrupted<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::select! {
        done = work => done,
        Ok(()) = tokio::signal::ctrl_c() => Err(Interrupted.into()),
    }
}

/// Alerts by the spec's owners and severities. That somebody was not reached changes no verdict; it is said.
async fn send_alerts(config: &Config, outcome: &Outcome) -> anyhow::Result<()> {
    let dispatcher = Dispatcher::new(config);
    let options = Options { source: Some(format!("validate/{}", outcome.suite)), dry_run: false };
    let variable = |name: &str| std::env::var(name).ok();
    let sent = dispatcher.send(&report::alerts(outcome), &options, jiff::Timestamp::now(), &variable).await?;
    if let Some(error) = dispatcher.undelivered(&sent) {
        eprintln!("warning: {error}");
    }
    Ok(())
}

fn judge(outcome: &Outcome) -> anyhow::Result<()> {
    if outcome.verdict == Verdict::Passed {
        return Ok(());
    }
    let counts = outcome.counts;
    let all = counts.passed + counts.failed + counts.inconclusive + counts.error;
    let what = format!(
        "of {all} expectations {} failed, {} were inconclusive and {} could not be looked at",
        counts.failed, counts.inconclusive, counts.error
    );
    Err(NotPassed { suite: outcome.suite.clone(), verdict: outcome.verdict, what }.into())
}

/// Validates on a thread of its own, with progress on a terminal, until it is done or Ctrl-C.
async fn watched(path: PathBuf, memory_limit: u64) -> anyhow::Result<Outcome> {
    let screen = Arc::new(Screen { bar: progress(), stop: AtomicBool::new(false) });
    let watch = screen.clone();
    let work = tokio::task::spawn_blocking(move || -> Result<Outcome, Error> {
        let shown = path.display().to_string();
        let yaml = std::fs::read_to_string(&path).map_err(|error| unreadable(&path, error))?;
        let spec = spec::parse(&shown, &yaml)?;
        let settings = Settings { spec_path: &path, memory_limit, now: jiff::Timestamp::now() };
        validate(&spec, &yaml, settings, &*watch)
    });
    tokio::pin!(work);
    let done = loop {
        tokio::select! {
            done = &mut work => break done,
            signal = tokio::signal::ctrl_c(), if !screen.stop.load(Ordering::Relaxed) => {
                if signal.is_ok() {
                    screen.stop.store(true, Ordering::Relaxed);
                }
            }
        }
    };
    screen.bar.finish_and_clear();
    let outcome = done.context("the validation broke off")??;
    // Also when it was done before it looked up.
    if screen.stopped() { Err(Error::Stopped.into()) } else { Ok(outcome) }
}

fn unreadable(path: &Path, error: std::io::Error) -> Error {
    let shown = path.display().to_string();
    match error.kind() {
        ErrorKind::NotFound => Error::spec(shown, "there is no such spec", "name a YAML file"),
        ErrorKind::IsADirectory => Error::spec(shown, "this is a folder, not a spec", "name a YAML file in it"),
        ErrorKind::InvalidData => {
            Error::spec(shown, "the spec is not UTF-8", "convert it: `iconv -f ORIGINAL -t UTF-8`")
        }
        _ => Error::io(path)(error),
    }
}

/// Shows where the work is; does not when nobody looks.
struct Screen {
    bar: ProgressBar,
    stop: AtomicBool,
}

impl Watch for Screen {
    fn at(&self, what: &str, rows: u64) {
        self.bar.set_message(format!("{what}: {rows} rows"));
    }

    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

fn progress() -> ProgressBar {
    // It draws on standard error, and only if that is a terminal.
    let bar = ProgressBar::new_spinner();
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}

/// File names and what is in them.
fn render(outcome: &Outcome) -> Vec<(&'static str, String)> {
    vec![
        ("report.json", report::json(outcome)),
        ("report.md", report::markdown(outcome)),
        ("report.html", report::html(outcome)),
        ("junit.xml", report::junit(outcome)),
    ]
}

fn show(outcome: &Outcome, output: Output) -> anyhow::Result<()> {
    if output.is_json() {
        return output.done(outcome, "");
    }
    let mut shown: Vec<_> = outcome.expectations.iter().collect();
    // What needs a person comes last, next to the prompt.
    shown.sort_by_key(|expectation| (expectation.verdict == Verdict::Failed, expectation.verdict != Verdict::Passed));
    output.list(&shown, ["VERDICT", "EXPECTATION", "SEVERITY", "OWNER", "WHY"], |expectation| {
        [
            expectation.verdict.word().to_owned(),
            expectation.id.clone(),
            expectation.severity.word().to_owned(),
            expectation.owner.clone(),
            expectation.why.clone(),
        ]
    })?;
    outcome.notes.iter().for_each(|note| eprintln!("note: {note}"));
    let counts = outcome.counts;
    let summary = format!(
        "{}: {} passed, {} failed, {} inconclusive, {} errors",
        outcome.verdict.word(),
        counts.passed,
        counts.failed,
        counts.inconclusive,
        counts.error
    );
    output.done(outcome, &summary)
}

/// Artifacts, metrics and tags of the run, and the tags of the model version.
async fn log(
    client: &Client,
    run: &RunId,
    arguments: &Arguments,
    outcome: &Outcome,
    reports: &[(&str, String)],
) -> anyhow::Result<()> {
    let root = client.artifact_root(run).await?;
    for (name, text) in reports {
        let path = ArtifactPath::parse(format!("validation/{name}"))?;
        client.upload_bytes(&root, &path, text.clone().into()).await?;
    }
    let timestamp = super::connection::now_ms();
    let metric = |key: String, value: f64| Metric { key, value, timestamp, step: 0 };
    let measured = outcome.expectations.iter().filter_map(|expectation| {
        let value = expectation.measured?;
        Some(metric(format!("validation.{}.{}", expectation.id, expectation.measure), value))
    });
    let counts = outcome.counts;
    let totals = [
        ("passed", counts.passed),
        ("failed", counts.failed),
        ("inconclusive", counts.inconclusive),
        ("error", counts.error),
    ];
    let totals = totals.map(|(word, count)| metric(format!("validation.{word}"), count as f64));
    let metrics: Vec<Metric> = totals.into_iter().chain(measured.filter(|metric| metric.key.len() <= 250)).collect();
    for metrics in metrics.chunks(MOST_METRICS - 10) {
        client.log_batch(run, &Batch { metrics, ..Batch::default() }).await?;
    }
    client.log_batch(run, &Batch { tags: &tags(outcome, reports), ..Batch::default() }).await?;
    if let (Some(model), Some(version)) = (&arguments.model, arguments.version) {
        for tag in tags(outcome, reports) {
            client.set_version_tag(model, version, &tag).await?;
        }
    }
    Ok(())
}

/// What the promotion's gate reads.
fn tags(outcome: &Outcome, reports: &[(&str, String)]) -> Vec<Tag> {
    let status = match outcome.verdict {
        Verdict::Error => Verdict::Failed,
        verdict => verdict,
    };
    let json = reports.iter().find(|(name, _)| *name == "report.json").map_or("", |(_, text)| text.as_str());
    vec![
        Tag::new("validation.status", status.word()),
        Tag::new("validation.report_digest", digest_text(&Sha256::digest(json))),
        Tag::new("validation.time", outcome.started_at.clone()),
    ]
}
