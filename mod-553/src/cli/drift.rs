//! `mod-553 drift`: reference against current data, one verdict a column. The verdict is the exit code; reports are written whole or not
//! at all.

use super::{Ended, drift_log, drift_serve};
use crate::drift::outcome::{Outcome, Verdict};
use crate::drift::report::{self, Budget};
use crate::drift::spec::{self, DataSpec, Described, Spec};
use crate::drift::{Data, Error, Settings, check, fetch, kernels, profile};
use anyhow::Context;
use clap::{Args, Subcommand};
use indicatif::ProgressBar;
use mod_106::alerts::Config;
use mod_106::client::RunId;
use mod_106::documents;
use mod_106::validation::read::Watch;
use mod_106::validation::spec::bytes;
use nix::sys::resource::{UsageWho, getrusage};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const EXIT_CODES: &str = "\
Exit codes: 0 stable · 1 drift was found, or a column is gone or of another type · 2 the spec or the data are malformed · 3 a server \
could not be reached · 4 inconclusive: too few values, or sketches too coarse, to tell";

/// What is said of `dependence`, wherever a spec is taken.
pub(super) const DEPENDENCE: &str = "\
In the spec, `dependence: {kind: autocorrelated}` or `{kind: hour_of_week, time: COLUMN, zone: Europe/Berlin}` judges columns of numbers by \
exchanging blocks of rows, or the same hours of other weeks. Without it rows count as independent, which is right for samples and \
wrong for a sensor's readings or a Saturday beside a week. A window compared by the hour of the week is best a day long, and the \
reference several weeks.";

/// Find drift: reference against current data, one verdict a column.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Compare two data sets: which columns drifted, how far, and whether chance explains it.
    #[command(after_help = format!("{EXIT_CODES}\n\n{DEPENDENCE}"))]
    Check(Check),
    /// Sketch each column of a data set into a profile, to be merged, kept and compared instead of the data.
    Profile(Profile),
    /// Merge profiles of parts of a data set into one.
    Merge {
        /// Profiles.
        #[arg(required = true)]
        profiles: Vec<PathBuf>,
        /// Where to write the merged one.
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
    },
    /// Watch inference logs as they grow: a verdict for each window that closes, and alerts that do not flap.
    Serve(drift_serve::Arguments),
    /// Print the JSON Schema of drift.json.
    Schema,
    /// For benchmarks: the CPU seconds that sorting, walking and counting take on one core, without reading.
    #[command(hide = true)]
    Kernels {
        /// What the data were like.
        reference: String,
        /// What they are like now.
        current: String,
    },
}

#[derive(Debug, Args)]
struct Check {
    /// What is compared and how, in YAML; without it, both data sets by the defaults.
    spec: Option<PathBuf>,
    /// What the data were like: CSV, Parquet, Arrow, JSON Lines, an inference log or a profile; a path, file://, s3:// or http(s)://.
    #[arg(long, value_name = "DATA")]
    reference: Option<String>,
    /// What they are like now.
    #[arg(long, value_name = "DATA")]
    current: Option<String>,
    /// Write drift.json, drift.html and drift.prom into this folder.
    #[arg(long, value_name = "FOLDER")]
    report: Option<PathBuf>,
    /// Print the outcome as JSON, for programs.
    #[arg(long)]
    json: bool,
    /// Tell the people who mind, by this configuration; what holds again is resolved.
    #[arg(long, value_name = "CONFIG")]
    alerts: Option<PathBuf>,
    /// Log reports and metrics to this run of the tracking server, which MLFLOW_TRACKING_URI names.
    #[arg(long, value_name = "RUN")]
    log_to_run: Option<RunId>,
    /// What collected columns may take; beyond it, columns are sketched.
    #[arg(long, value_name = "SIZE", default_value = "1GiB", value_parser = bytes)]
    memory_limit: u64,
    /// Cores to use; all of them when it is not given.
    #[arg(long, value_name = "COUNT")]
    threads: Option<usize>,
}

#[derive(Debug, Args)]
struct Profile {
    /// The data: a path, file://, s3:// or http(s)://.
    data: String,
    /// Where to write the profile; a name that ends in `.profile.json` is known again.
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
    /// Cores to use; all of them when it is not given.
    #[arg(long, value_name = "COUNT")]
    threads: Option<usize>,
}

/// Runs it.
///
/// # Errors
/// What is malformed or cannot be reached, and a verdict that is not *stable*.
pub async fn run(arguments: Arguments) -> anyhow::Result<()> {
    match arguments.command {
        Command::Check(arguments) => run_check(arguments).await,
        Command::Profile(arguments) => run_profile(arguments).await,
        Command::Merge { profiles, to } => merge(&profiles, &to),
        Command::Serve(arguments) => drift_serve::run(arguments).await,
        Command::Schema => print(report::SCHEMA),
        Command::Kernels { reference, current } => run_kernels(&reference, &current).await,
    }
}

async fn run_check(arguments: Check) -> anyhow::Result<()> {
    let (spec, folder) = read_spec(arguments.spec.as_deref())?;
    // What is given as words is looked for where they were typed, what the spec names beside the spec.
    // Who is to be told, and a server that is named wrongly, are found out before an hour of reading.
    let alerts = arguments.alerts.as_deref().map(Config::read).transpose()?;
    let tracking = arguments.log_to_run.map(drift_log::Run::open).transpose()?;
    let side = |given: Option<String>, named: Option<&DataSpec>, word: &str| match (given, named) {
        (Some(path), _) => Ok((Described::at(&path), PathBuf::new())),
        (None, Some(data)) => Ok((data.described(), folder.clone())),
        (None, None) => {
            Err(Ended { code: 2, message: format!("there is no {word} data: give --{word} or `{word}:` in the spec") })
        }
    };
    let reference = side(arguments.reference, spec.reference.as_ref(), "reference")?;
    let current = side(arguments.current, spec.current.as_ref(), "current")?;
    let (reference, current) = tokio::try_join!(fetch(&reference.0, &reference.1), fetch(&current.0, &current.1))?;
    let settings = Settings {
        memory_limit: arguments.memory_limit,
        threads: arguments.threads.unwrap_or_else(cores),
        now: jiff::Timestamp::now(),
    };
    let judged = spec.clone();
    let outcome = watched(move |watch| {
        let (reference, current) = (Data::open(reference, watch)?, Data::open(current, watch)?);
        check(&judged, &reference, &current, None, settings, watch)
    })
    .await?;
    if let Some(folder) = &arguments.report {
        documents::write_all(&files(&outcome, folder)?)?;
    }
    if arguments.json {
        print(&report::json(&outcome))?;
    } else {
        show(&outcome)?;
    }
    if let Some(run) = &tracking {
        run.log(&outcome).await?;
    }
    if let Some(config) = &alerts {
        drift_log::alert(config, &outcome).await?;
    }
    judge(&outcome)
}

pub(super) fn read_spec(path: Option<&Path>) -> anyhow::Result<(Spec, PathBuf)> {
    let Some(path) = path else { return Ok((Spec::default(), PathBuf::new())) };
    let text = std::fs::read_to_string(path)
        .map_err(|error| Ended { code: 2, message: format!("{}: {error}; is it the spec's file?", path.display()) })?;
    let spec = spec::parse(&path.display().to_string(), &text)?;
    Ok((spec, path.parent().unwrap_or(Path::new("")).to_owned()))
}

fn files(outcome: &Outcome, folder: &Path) -> anyhow::Result<Vec<(PathBuf, Vec<u8>)>> {
    let metrics = report::prometheus(&[outcome], Budget::default()).context("cannot write the metrics")?;
    let reports =
        [("drift.json", report::json(outcome)), ("drift.html", report::html(outcome)), ("drift.prom", metrics)];
    Ok(reports.into_iter().map(|(name, text)| (folder.join(name), text.into_bytes())).collect())
}

/// What needs a person comes last, next to the prompt.
fn show(outcome: &Outcome) -> anyhow::Result<()> {
    let mut columns: Vec<_> = outcome.columns.iter().collect();
    columns.sort_by_key(|column| column.verdict);
    let mut text = String::new();
    for column in columns {
        let evidence = column.values.as_ref().map(|decision| &decision.evidence);
        let number = |value: Option<f64>| value.map_or_else(|| "—".to_owned(), documents::number);
        text.push_str(&format!(
            "{:<12} {:<24} effect {:<10} p {:<12} {}\n",
            column.verdict.word(),
            clean(&column.column),
            number(evidence.and_then(|it| it.effect)),
            number(column.values.as_ref().and_then(|it| it.adjusted_p_value)),
            clean(&column.why)
        ));
    }
    text.push_str(&format!("{}: {}\n", outcome.verdict.word(), outcome.why));
    print(&text)?;
    outcome.notes.iter().for_each(|note| eprintln!("note: {}", clean(note)));
    Ok(())
}

/// Text from data must not move the cursor.
fn clean(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { '\u{fffd}' } else { character }).collect()
}

fn print(text: &str) -> anyhow::Result<()> {
    // Not `print!`: it panics when the reader has gone.
    Ok(write!(std::io::stdout().lock(), "{text}")?)
}

fn judge(outcome: &Outcome) -> anyhow::Result<()> {
    match outcome.verdict {
        Verdict::Stable => Ok(()),
        verdict => {
            Err(Ended { code: verdict.exit_code(), message: format!("{}: {}", outcome.monitor, outcome.why) }.into())
        }
    }
}

async fn run_profile(arguments: Profile) -> anyhow::Result<()> {
    let fetched = fetch(&Described::at(&arguments.data), Path::new("")).await?;
    let threads = arguments.threads.unwrap_or_else(cores);
    let made = watched(move |watch| match Data::open(fetched, watch)? {
        Data::Table(table) => profile(&table, threads, watch),
        Data::Profile { profile, .. } => Ok(profile),
    })
    .await?;
    documents::write(&arguments.to, crate::profile::write(&made).as_bytes())?;
    print(&format!("{}: {} rows, {} columns\n", arguments.to.display(), made.rows, made.columns.len()))
}

async fn run_kernels(reference: &str, current: &str) -> anyhow::Result<()> {
    let (reference, current) = (Described::at(reference), Described::at(current));
    let (reference, current) = tokio::try_join!(fetch(&reference, Path::new("")), fetch(&current, Path::new("")))?;
    let seconds = watched(move |watch| {
        let (reference, current) = (Data::open(reference, watch)?, Data::open(current, watch)?);
        kernels(&Spec::default(), &reference, &current, cpu_seconds)
    })
    .await?;
    print(&format!("{seconds}\n"))
}

/// What this process has used of its processors, in its own code.
fn cpu_seconds() -> f64 {
    getrusage(UsageWho::RUSAGE_SELF).map_or(0.0, |usage| {
        let time = usage.user_time();
        time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6
    })
}

fn merge(profiles: &[PathBuf], to: &Path) -> anyhow::Result<()> {
    let mut merged = crate::profile::Profile::default();
    for path in profiles {
        merged.merge(&crate::profile::read(path)?).with_context(|| path.display().to_string())?;
    }
    documents::write(to, crate::profile::write(&merged).as_bytes())?;
    print(&format!("{}: {} rows, {} columns\n", to.display(), merged.rows, merged.columns.len()))
}

pub(super) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// Works on a thread of its own, with progress on a terminal, until it is done or Ctrl-C.
pub(super) async fn watched<T: Send + 'static>(
    work: impl FnOnce(&Screen) -> Result<T, Error> + Send + 'static,
) -> anyhow::Result<T> {
    // It draws on standard error, and only if that is a terminal.
    let bar = ProgressBar::new_spinner();
    bar.enable_steady_tick(Duration::from_millis(120));
    let screen = Arc::new(Screen { bar, stop: AtomicBool::new(false) });
    let watch = screen.clone();
    let work = tokio::task::spawn_blocking(move || work(&watch));
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
    Ok(done.context("the comparison broke off")??)
}

/// Shows where the work is; does not when nobody looks.
pub(super) struct Screen {
    bar: ProgressBar,
    stop: AtomicBool,
}

impl Watch for Screen {
    fn at(&self, what: &str, rows: u64) {
        if !self.bar.is_hidden() {
            self.bar.set_message(format!("{what}: {rows} rows"));
        }
    }

    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}
