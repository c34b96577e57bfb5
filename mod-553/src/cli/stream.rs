//! `mod-553 stream`: one column of a stream through an online detector, an alarm a line, and a state file to go on from.

mod session;
mod source;

use super::Ended;
use crate::online::{Detector, Settings};
use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use session::Session;
use source::{Row, Rows};
use std::io::Write;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

/// Find the moment a stream changed.
///
/// Reads numbers, one a row, and prints a line for each alarm as soon as it is raised. Rows where nothing is are counted and left out;
/// a value that is not a number stops it, with its place. Exit code 1 says that there was an alarm.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// CSV (.csv), JSON Lines (.jsonl, .ndjson), or one number a line (anything else); `-` is standard input.
    #[arg(required = true)]
    files: Vec<String>,
    /// The column; in JSON Lines, dots lead into objects: `features.amount`.
    #[arg(long, value_name = "NAME")]
    column: Option<String>,
    /// How the rows are written, where the name does not say it.
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// adwin, page_hinkley and kswin take numbers; ddm and eddm take errors, 0 or 1; hddm_a and hddm_w take values from 0 to 1.
    #[arg(long, value_name = "NAME", required_unless_present = "state")]
    detector: Option<String>,
    /// A setting of the detector, by River's name; may be given again.
    #[arg(long = "set", value_name = "NAME=VALUE", requires = "detector")]
    settings: Vec<String>,
    /// Goes on from this file where it is there, and keeps in it what the next run goes on from. A file that was read before is
    /// read from where it was left.
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    /// Print warnings as well; only ddm, eddm, hddm_a and hddm_w warn.
    #[arg(long)]
    warnings: bool,
    /// Print a JSON object for each alarm.
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  mod-553 stream scores.csv --column score --detector adwin --set delta=0.001
  tail -f inference.jsonl | mod-553 stream - --format jsonl --column latency_ms --detector page_hinkley --set threshold=200
  mod-553 stream errors.jsonl --column wrong --detector ddm --state ddm.json --json";

/// How rows are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Separated values with a header.
    Csv,
    /// One JSON object a line.
    Jsonl,
    /// One number a line.
    Values,
}

/// Runs it; Ctrl-C keeps the state before it ends.
///
/// # Errors
/// What cannot be read or is no setting; exit code 1 when there was an alarm.
pub async fn run(arguments: Arguments) -> Result<()> {
    let session = Arc::new(Mutex::new(open(&arguments)?));
    let (told, outcome) = tokio::sync::oneshot::channel();
    let reader = Arc::clone(&session);
    // A thread of its own: a read of standard input that nobody feeds must not keep the program from ending.
    std::thread::spawn(move || {
        // Nobody listens any more after Ctrl-C.
        let _ = told.send(read_all(&arguments, &reader));
    });
    tokio::select! {
        outcome = outcome => outcome.context("the reader stopped")??,
        interrupted = tokio::signal::ctrl_c() => {
            interrupted.context("cannot wait for Ctrl-C")?;
            let session = session.lock().unwrap_or_else(PoisonError::into_inner);
            session.keep()?;
            return Err(Ended { code: 130, message: format!("interrupted after {} values; the state is kept", session.seen()) }.into());
        }
    }
    let session = session.lock().unwrap_or_else(PoisonError::into_inner);
    session.keep()?;
    eprintln!("{}", session.summary());
    match session.raised() {
        0 => Ok(()),
        1 => Err(Ended { code: 1, message: "1 alarm".to_owned() }.into()),
        count => Err(Ended { code: 1, message: format!("{count} alarms") }.into()),
    }
}

fn open(arguments: &Arguments) -> Result<Session> {
    let settings = match &arguments.detector {
        Some(name) => Some(settings(name, &arguments.settings)?),
        None => None,
    };
    let kept = match arguments.state.as_deref() {
        Some(path) => Session::load(path)?,
        None => None,
    };
    match (kept, settings) {
        (Some(session), None) => Ok(session),
        (Some(session), Some(asked)) if session.settings() == asked => Ok(session),
        (Some(session), Some(asked)) => {
            let said = |settings: &Settings| serde_json::to_string(settings).unwrap_or_default();
            let message = format!(
                "the state is of {}, and {} was asked for; leave --detector out to go on, or name another --state",
                said(&session.settings()),
                said(&asked)
            );
            Err(Ended { code: 2, message }.into())
        }
        (None, Some(settings)) => Ok(Session::new(Detector::new(&settings)?, arguments.state.clone())),
        (None, None) => Err(Ended {
            code: 2,
            message: "the state file is not there yet; name a --detector to begin with".to_owned(),
        }
        .into()),
    }
}

/// Settings by their names: values are JSON, or else text.
fn settings(detector: &str, given: &[String]) -> Result<Settings> {
    let wrong = |message: String| anyhow::Error::from(Ended { code: 2, message });
    let mut object = serde_json::Map::from_iter([("detector".to_owned(), detector.into())]);
    for setting in given {
        let Some((name, value)) = setting.split_once('=') else {
            return Err(wrong(format!("--set {setting}: expected NAME=VALUE, such as delta=0.001")));
        };
        let value = serde_json::from_str(value).unwrap_or_else(|_| value.into());
        object.insert(name.to_owned(), value);
    }
    serde_json::from_value(object.into()).map_err(|error| wrong(format!("--detector {detector}: {error}")))
}

fn read_all(arguments: &Arguments, session: &Mutex<Session>) -> Result<()> {
    for file in &arguments.files {
        let format = arguments.format.unwrap_or_else(|| Format::of_name(file));
        if format != Format::Values && arguments.column.is_none() {
            bail!(Ended { code: 2, message: format!("{file} has columns: say which with --column") });
        }
        let lock = || session.lock().unwrap_or_else(PoisonError::into_inner);
        let before = lock().begin(file);
        let mut read = 0;
        let mut found = false;
        for row in Rows::open(file, format, arguments.column.as_deref())? {
            let Row { line, value } = row?;
            read += 1;
            if read <= before {
                continue;
            }
            found |= value.is_some();
            let raised = lock().take(file, line, value)?;
            if let Some(raised) = raised.filter(|raised| raised.is_alarm() || arguments.warnings) {
                let text = if arguments.json { serde_json::to_string(&raised)? } else { raised.to_string() };
                let mut output = std::io::stdout().lock();
                writeln!(output, "{text}")?;
                output.flush()?;
                lock().keep()?;
            }
        }
        if read < before {
            let message = format!(
                "{file} has {read} rows, and {before} were read before: was it rotated? Give the new one another name, or remove the state"
            );
            return Err(Ended { code: 2, message }.into());
        }
        if read > before
            && !found
            && let Some(column) = &arguments.column
        {
            let message =
                format!("{file}: none of {} rows has a value in {column:?}; is that its name?", read - before);
            return Err(Ended { code: 2, message }.into());
        }
    }
    Ok(())
}

impl Format {
    fn of_name(name: &str) -> Self {
        match name.rsplit_once('.').map(|(_, ending)| ending) {
            Some("csv") => Self::Csv,
            Some("jsonl" | "ndjson") => Self::Jsonl,
            _ => Self::Values,
        }
    }
}
