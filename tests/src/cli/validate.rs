//! `lab-runner validate`: words to a request, the request to results, results to reports and an exit code.

use super::catalogue::{choose, repository};
use crate::{
    backend::Backend,
    fixture,
    labs::{self, Lab},
    module::{About, Module},
    patience, report,
    run::{self, Event, Listener, NOT_TO_BE_HAD, Request, Selection, Source, Surroundings, WRONG_USAGE, progress},
    submission::{ManifestError, launch::Tools},
};
use clap::{Args, ValueEnum};
use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme};
use std::{
    io::Write,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

/// The words of `validate`.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub struct Validate {
    /// Labs (`mod-106/lab-1`) or whole modules (`mod-106`); all of them when none is named.
    #[arg(value_name = "LAB|MODULE")]
    labs: Vec<String>,
    /// Grade this folder, which holds a `submission.toml`, instead of the reference solution.
    #[arg(long, value_name = "DIR", conflicts_with = "attach")]
    submission: Option<PathBuf>,
    /// Check a service that already runs; credentials come from LAB_ADMIN_USERNAME and LAB_ADMIN_PASSWORD.
    #[arg(long, value_name = "URL")]
    attach: Option<String>,
    /// The kind of world to stand on; may be given more than once.
    #[arg(long, value_enum)]
    backend: Vec<Choice>,
    /// Also prove each check on the known-bad variants that it is meant to catch.
    #[arg(long)]
    mutants: bool,
    /// Compare what the same checks see on every backend at hand.
    #[arg(long)]
    parity: bool,
    /// Write results.json, report.html, junit.xml, summary.md and results.gradescope.json into this folder.
    #[arg(long, value_name = "DIR")]
    report: Option<PathBuf>,
    /// Print what happens as one JSON object a line on standard output.
    #[arg(long)]
    json: bool,
    /// List the checks, and run none.
    #[arg(long)]
    list: bool,
    /// How many checks may run at once.
    #[arg(long, value_name = "N", default_value_t = 8)]
    jobs: usize,
    /// Multiply every limit of time, on a machine that many share.
    #[arg(long, value_name = "TIMES", default_value_t = 1)]
    patience: u32,
    /// The seed of every generated name and value, to repeat a run.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Exit with 3 when a backend cannot be had here, instead of reporting it as *not run*.
    #[arg(long)]
    require_all: bool,
    /// Run the labs of the harness's own tests instead.
    #[arg(long, hide = true)]
    fixtures: bool,
}

/// What a world is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Choice {
    /// The cheapest at hand; with --parity, all at hand.
    Auto,
    /// Our own services, started in a fraction of a second.
    Embedded,
    /// Programs installed on this machine.
    Process,
    /// Containers.
    Containers,
}

const EXIT_CODES: &str = "\
Exit codes:
  0  every check that ran has passed
  1  a check failed
  2  wrong usage, or a malformed lab.toml or submission.toml
  3  nothing could be run, a required backend is not to be had, or the harness itself failed";

/// Does it.
pub async fn validate(words: Validate, tools: Tools) -> ExitCode {
    let repository = repository();
    let loaded = if words.fixtures { fixture::labs(&repository) } else { labs::load_all(&repository) };
    let labs = match loaded {
        Ok(labs) => labs,
        Err(error) => return wrong_usage(&pointing(&*error)),
    };
    let all_labs = labs.clone();
    let labs = match named(&words, labs) {
        Ok(labs) => labs,
        Err(reason) => return wrong_usage(&reason),
    };
    if words.list {
        return list(&labs);
    }
    let modules = match Module::of_labs(&labs, &all_labs, &repository) {
        Ok(modules) => modules,
        Err(error) => return wrong_usage(&pointing(&*error)),
    };
    let about = About { modules, all_labs, repository };
    let request = match request(&words, labs, about, tools) {
        Ok(request) => request,
        Err(reason) => return wrong_usage(&reason),
    };
    let listener = if words.json { events_to_standard_output() } else { progress::printing() };
    let results = match run::conduct(&request, &listener).await {
        Ok(results) => results,
        Err(error) => return wrong_usage(&pointing(&error)),
    };
    if let Some(folder) = &words.report {
        if let Err(error) = report::write(&results, folder) {
            eprintln!("{error}");
            return ExitCode::from(NOT_TO_BE_HAD);
        }
        eprintln!("{:>11} {}", "report", folder.join("report.html").display());
    }
    ExitCode::from(results.summary.exit_code)
}

/// A diagnostic with the lines that it points at. Nothing is wrapped: `file:line:column` must stay whole, so that editors find it.
fn pointing(error: &dyn Diagnostic) -> String {
    let mut text = format!("{error}\n");
    // Writing to a string does not fail.
    let _ = GraphicalReportHandler::new_themed(GraphicalTheme::unicode_nocolor())
        .with_wrap_lines(false)
        .render_report(&mut text, error);
    text
}

fn no_such_lab(folder: &Path, answered: &str, reason: String) -> Box<ManifestError> {
    let names = |path: &PathBuf| std::fs::read_to_string(path).is_ok_and(|text| text.contains(answered));
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let path = files.into_iter().find(names).unwrap_or_else(|| folder.join("submission.toml"));
    let text = std::fs::read_to_string(&path).unwrap_or_default();
    Box::new(ManifestError::naming(&path, &text, answered, reason))
}

/// The labs that are meant: those that were named, or the one that the learner's manifest names.
fn named(words: &Validate, labs: Vec<Lab>) -> Result<Vec<Lab>, String> {
    let Some(folder) = &words.submission else { return choose(labs, &words.labs) };
    let manifests = run::manifests(folder).map_err(|error| pointing(&*error))?;
    let answered = manifests.first().map(|(_, manifest)| manifest.lab.clone()).unwrap_or_default();
    let chosen = choose(labs, std::slice::from_ref(&answered))
        .map_err(|reason| pointing(&*no_such_lab(folder, &answered, reason)))?;
    if words.labs.is_empty()
        || words.labs.iter().any(|word| *word == answered || answered.starts_with(&format!("{word}/")))
    {
        return Ok(chosen);
    }
    Err(format!("{} answers {answered}, and not {}", folder.display(), words.labs.join(", ")))
}

fn request(words: &Validate, labs: Vec<Lab>, about: About, tools: Tools) -> Result<Request, String> {
    let source = match (&words.submission, &words.attach) {
        (Some(folder), _) => {
            Source::Folder(folder.canonicalize().map_err(|error| format!("{}: {error}", folder.display()))?)
        }
        (None, Some(url)) => Source::Attached(address(url)?),
        (None, None) => Source::Reference,
    };
    if matches!(source, Source::Attached(_)) && labs.len() != 1 {
        return Err("--attach needs the name of one lab".to_owned());
    }
    if source != Source::Reference && words.mutants {
        return Err("--mutants are variants of the reference solution; leave --submission and --attach out".to_owned());
    }
    patience::grant(words.patience);
    let around =
        Surroundings { tools, seed: words.seed.unwrap_or_else(|| fastrand::u64(..1 << 32)), jobs: words.jobs.max(1) };
    Ok(Request {
        labs,
        about,
        source,
        selection: selection(words),
        mutants: words.mutants,
        parity: words.parity,
        require_all: words.require_all,
        replay: replay(around.seed),
        around,
    })
}

/// The same run again: the words as they were typed, and the seed.
fn replay(seed: u64) -> String {
    let typed: Vec<String> = std::env::args().skip(1).collect();
    let seeded = typed.iter().any(|word| word == "--seed" || word.starts_with("--seed="));
    let words = typed.join(" ");
    if seeded { format!("cargo xtask {words}") } else { format!("cargo xtask {words} --seed {seed}") }
}

fn selection(words: &Validate) -> Selection {
    let named: Vec<Backend> = words
        .backend
        .iter()
        .filter_map(|choice| match choice {
            Choice::Auto => None,
            Choice::Embedded => Some(Backend::Embedded),
            Choice::Process => Some(Backend::Process),
            Choice::Containers => Some(Backend::Containers),
        })
        .collect();
    match (named.is_empty(), words.parity) {
        (false, _) => Selection::These(named),
        (true, true) => Selection::All,
        (true, false) => Selection::Cheapest,
    }
}

fn address(url: &str) -> Result<String, String> {
    let refused =
        |reason: String| format!("--attach {url}: {reason}; expected an address such as https://127.0.0.1:5000");
    let parsed = url::Url::parse(url).map_err(|error| refused(error.to_string()))?;
    if matches!(parsed.scheme(), "http" | "https") { Ok(url.to_owned()) } else { Err(refused("not HTTP".to_owned())) }
}

fn list(labs: &[Lab]) -> ExitCode {
    let mut out = std::io::stdout().lock();
    for lab in labs {
        for check in lab.checks {
            // Whoever closes the pipe has seen enough.
            let _ = writeln!(out, "{}/{}  {}", lab.manifest.id, check.id, check.title);
        }
    }
    ExitCode::SUCCESS
}

fn events_to_standard_output() -> Listener {
    Arc::new(|event: &Event| {
        if let Ok(line) = serde_json::to_string(event) {
            // One write a line, so that lines of parallel checks never mix; a closed pipe ends nothing but the printing.
            let _ = std::io::stdout().lock().write_all((line + "\n").as_bytes());
        }
    })
}

fn wrong_usage(reason: &str) -> ExitCode {
    eprintln!("{reason}");
    ExitCode::from(WRONG_USAGE)
}
