//! `mod-553 signals`: what monitoring tells governance, security, and whoever watches models with Arize or Phoenix.

use super::Ended;
use crate::incident::schedule::WallClock;
use crate::signals::sources::{self, Source};
use crate::signals::{
    self, Controls, Dossier, EVIDENCE_SCHEMA, Export, FINDING_SCHEMA, Finding, Outbox, Receiver, security,
};
use anyhow::{Context, Result};
use clap::{Args, Subcommand, ValueEnum};
use jiff::Timestamp;
use mod_106::documents;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Tell governance, security and other monitors what was found.
///
/// Everything is named after what it was made from: exporting the same thing again adds nothing.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  mod-553 signals evidence --controls controls.toml --model payments --model-version 3 --drift drift.json --journal incidents.jsonl --to evidence.json
  mod-553 signals security --journal incidents.jsonl --inbox inbox.jsonl --send https://siem.example/ocsf --spool spool --authorization-env SIEM_TOKEN
  mod-553 signals inferences inference.jsonl --labels labels.jsonl --to arize
  mod-553 signals drift drift.json --to phoenix";

#[derive(Debug, Subcommand)]
enum Command {
    /// Evidence for governance: which record shows that a control holds. Exit code 1 when one does not.
    Evidence(Evidence),
    /// Findings for security, as OCSF 1.7.0 Detection Findings, one a line: drift, alerts, escalations, changed audit trails.
    Security(Security),
    /// The inference log in OpenInference's columns, with the schema by which Arize and Phoenix read them.
    Inferences(Inferences),
    /// Drift reports as OpenInference spans, and evaluations of them, one a line.
    Drift {
        /// Drift reports, as `mod-553 drift check --json` prints them.
        #[arg(required = true)]
        reports: Vec<PathBuf>,
        /// Where `spans.jsonl` and `evaluations.jsonl` go.
        #[arg(long, value_name = "FOLDER")]
        to: PathBuf,
    },
    /// Print a JSON Schema.
    Schema {
        /// Of what.
        of: Shape,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Shape {
    /// What `evidence` writes.
    Evidence,
    /// A line of `security`.
    Finding,
}

#[derive(Debug, Args)]
struct Evidence {
    /// What must hold, and which evidence shows it, in TOML.
    #[arg(long, value_name = "FILE")]
    controls: PathBuf,
    /// The model's registered name.
    #[arg(long, value_name = "NAME")]
    model: String,
    /// Its version.
    #[arg(long, value_name = "VERSION")]
    model_version: String,
    /// A drift report; may be given again, as all below.
    #[arg(long, value_name = "FILE")]
    drift: Vec<PathBuf>,
    /// A journal of incidents.
    #[arg(long, value_name = "FILE")]
    journal: Vec<PathBuf>,
    /// An audit trail, such as that of promotions or retrainings.
    #[arg(long, value_name = "FILE")]
    trail: Vec<PathBuf>,
    /// A postmortem.json.
    #[arg(long, value_name = "FILE")]
    postmortem: Vec<PathBuf>,
    /// Where the evidence goes, as JSON.
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
    /// Where it goes for people besides: Markdown and a page, as `mod-106` writes compliance reports.
    #[arg(long, value_name = "FOLDER")]
    report: Option<PathBuf>,
    /// The time up to which records count, RFC 3339; now, when it is not given.
    #[arg(long, value_name = "TIME")]
    as_of: Option<Timestamp>,
}

#[derive(Debug, Args)]
struct Security {
    /// A drift report; may be given again, as all below.
    #[arg(long, value_name = "FILE")]
    drift: Vec<PathBuf>,
    /// What `mod-553 slo receive` wrote down.
    #[arg(long, value_name = "FILE")]
    inbox: Vec<PathBuf>,
    /// A journal of incidents.
    #[arg(long, value_name = "FILE")]
    journal: Vec<PathBuf>,
    /// Add to this file what it does not hold yet.
    #[arg(long, value_name = "FILE", conflicts_with = "send", required_unless_present = "send")]
    to: Option<PathBuf>,
    /// Post to this URL, as JSON Lines.
    #[arg(long, value_name = "URL", requires = "spool")]
    send: Option<String>,
    /// Where findings wait while the receiver is down, and what was sent is remembered.
    #[arg(long, value_name = "FOLDER", requires = "send")]
    spool: Option<PathBuf>,
    /// The environment variable that holds the header `Authorization`, such as `Bearer …`.
    #[arg(long, value_name = "VARIABLE", requires = "send")]
    authorization_env: Option<String>,
}

#[derive(Debug, Args)]
struct Inferences {
    /// Inference logs, in JSON Lines.
    #[arg(required = true)]
    logs: Vec<PathBuf>,
    /// Labels that came to be known later; may be given again.
    #[arg(long, value_name = "FILE")]
    labels: Vec<PathBuf>,
    /// Only records of this model.
    #[arg(long, value_name = "NAME")]
    model: Option<String>,
    /// Where the tables and `schema.json` go.
    #[arg(long, value_name = "FOLDER")]
    to: PathBuf,
    /// How the tables are written.
    #[arg(long, value_enum, default_value = "parquet")]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Apache Parquet.
    Parquet,
    /// One JSON object a line.
    Jsonl,
}

/// Runs it.
///
/// # Errors
/// What cannot be read, written or sent; exit code 1 when a control is not resolved.
pub async fn run(arguments: Arguments) -> Result<()> {
    match arguments.command {
        Command::Evidence(words) => evidence(&words),
        Command::Security(words) => security(&words).await,
        Command::Inferences(words) => inferences(&words),
        Command::Drift { reports, to } => drift(&reports, &to),
        Command::Schema { of } => {
            let text = match of {
                Shape::Evidence => EVIDENCE_SCHEMA,
                Shape::Finding => FINDING_SCHEMA,
            };
            // Not `print!`: it panics when the reader has gone.
            Ok(write!(std::io::stdout().lock(), "{text}")?)
        }
    }
}

fn each<T>(
    paths: &[PathBuf],
    read: impl Fn(&Path) -> Result<Source<T>, signals::Error>,
) -> Result<Vec<Source<T>>, signals::Error> {
    paths.iter().map(|path| read(path)).collect()
}

fn evidence(words: &Evidence) -> Result<()> {
    let controls = Controls::read(&words.controls).map_err(signals::Error::from)?;
    let folder = words.controls.parent().unwrap_or(Path::new("")).to_owned();
    let dossier = Dossier {
        model: words.model.clone(),
        model_version: words.model_version.clone(),
        folder,
        now: words.as_of.unwrap_or_else(Timestamp::now),
        drift: each(&words.drift, sources::drift)?,
        journals: each(&words.journal, sources::journal)?,
        trails: each(&words.trail, sources::trail)?,
        postmortems: each(&words.postmortem, sources::postmortem)?,
    };
    let export = dossier.resolve(&controls);
    let text = serde_json::to_string_pretty(&export)? + "\n";
    documents::write(&words.to, text.as_bytes())?;
    if let Some(folder) = &words.report {
        mod_106::governance::compliance(&export.compliance())?.write(folder)?;
    }
    tell(&export);
    if export.resolved {
        return Ok(());
    }
    let open = export.controls.len() - export.resolved_controls;
    let message =
        format!("{open} of {} controls are not resolved; {} says why", export.controls.len(), words.to.display());
    Err(Ended { code: 1, message }.into())
}

fn tell(export: &Export) {
    for line in &export.controls {
        let word = match line.finding {
            Finding::Resolved => "resolved",
            Finding::Missing => "missing",
            Finding::Contradicted => "contradicted",
        };
        println!("{:<12}  {}  {}", word, line.id, line.title);
        for piece in line.evidence.iter().filter(|piece| piece.finding != Finding::Resolved) {
            println!("              {}: {}", piece.kind, piece.sentence);
        }
    }
}

async fn security(words: &Security) -> Result<()> {
    let watched = security::Watched {
        drift: each(&words.drift, sources::drift)?,
        alerts: each(&words.inbox, sources::alerts)?,
        journals: each(&words.journal, sources::journal)?,
    };
    let clock = WallClock::of("UTC").map_err(|message| Ended { code: 1, message })?;
    let findings = watched.findings(&clock);
    if let Some(path) = &words.to {
        let delivered = signals::append(path, &findings)?;
        println!("{}: {} new findings, {} known", path.display(), delivered.new, delivered.known);
        return Ok(());
    }
    let (Some(url), Some(spool)) = (&words.send, &words.spool) else {
        return Err(Ended { code: 2, message: "name --to, or --send with --spool".to_owned() }.into());
    };
    let authorization = match &words.authorization_env {
        Some(variable) => {
            let value = std::env::var(variable);
            Some(value.map_err(|error| Ended { code: 2, message: format!("the variable {variable}: {error}") })?)
        }
        None => None,
    };
    let receiver = Receiver::new(url, authorization)?;
    let mut outbox = Outbox::open(spool)?;
    let delivered = outbox.take(&findings)?;
    let taken = outbox.send(&receiver).await?;
    println!("{} new findings, {} known; {taken} sent", delivered.new, delivered.known);
    Ok(())
}

fn inferences(words: &Inferences) -> Result<()> {
    let lines = words.format == Format::Jsonl;
    let written = signals::export(&words.logs, &words.labels, words.model.as_deref(), &words.to, lines)?;
    println!(
        "{}: {} inferences, {} unanswered, {} labelled; {} duplicates left out, {} labels of other requests",
        written.table.display(),
        written.inferences,
        written.unanswered,
        written.labelled,
        written.duplicates,
        written.late_labels
    );
    Ok(())
}

fn drift(reports: &[PathBuf], to: &Path) -> Result<()> {
    let rows = signals::rows(&each(reports, sources::drift)?);
    let lines = |rows: &[serde_json::Value]| rows.iter().map(|row| format!("{row}\n")).collect::<String>().into_bytes();
    let files = [("spans.jsonl", lines(&rows.spans)), ("evaluations.jsonl", lines(&rows.evaluations))];
    let files: Vec<_> = files.into_iter().map(|(name, text)| (to.join(name), text)).collect();
    documents::write_all(&files).context("the spans cannot be written")?;
    println!("{}: {} spans", to.display(), rows.spans.len());
    Ok(())
}
