//! `mod-553 playbook`: every alert with its runbook, owner, severity and first command; checked, and rendered as a page.

use super::slo::Source;
use crate::playbook::{self, Entry, Error, Section};
use anyhow::Result;
use clap::{Args, CommandFactory, Subcommand};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// The alert playbook: check that nothing leads nowhere, and render it.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Follow every link in both directions; exit with 1 if something leads nowhere.
    Check {
        #[command(flatten)]
        from: From,
        /// Print JSON, for programs.
        #[arg(long)]
        json: bool,
    },
    /// Write the playbook as one page.
    Render {
        #[command(flatten)]
        from: From,
        /// The page.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
}

#[derive(Debug, Args)]
struct From {
    #[command(flatten)]
    source: Source,
    /// The rules, as Prometheus loads them.
    #[arg(long, value_name = "FOLDER", default_value = "mod-553/observability/rules")]
    rules: PathBuf,
    /// The runbooks.
    #[arg(long, value_name = "FOLDER", default_value = "mod-553/observability/runbooks")]
    runbooks: PathBuf,
}

struct Playbook {
    entries: Vec<Entry>,
    base: String,
    sections: BTreeMap<String, Section>,
    owners: BTreeSet<String>,
}

/// Runs it.
///
/// # Errors
/// What the part reports.
pub fn run(arguments: &Arguments) -> Result<()> {
    match &arguments.command {
        Command::Check { from, json } => check(&read(from)?, *json),
        Command::Render { from, out } => {
            let playbook = read(from)?;
            let page = playbook::page(&playbook.entries, &playbook.base, &playbook.sections)?;
            mod_106::documents::write(out, page.as_bytes()).map_err(Error::from)?;
            println!("{}: {} alerts", out.display(), playbook.entries.len());
            Ok(())
        }
    }
}

fn read(from: &From) -> Result<Playbook> {
    let (spec, owners) = from.source.read()?;
    let (entries, sections) = (playbook::entries(&from.rules)?, playbook::sections(&from.runbooks)?);
    Ok(Playbook { entries, base: spec.runbook_base, sections, owners: owners.owners.into_keys().collect() })
}

fn check(playbook: &Playbook, json: bool) -> Result<()> {
    let Playbook { entries, base, sections, owners } = playbook;
    let problems = playbook::check(entries, base, sections, owners, &understood);
    if json {
        println!("{}", serde_json::to_string_pretty(&problems)?);
    } else if problems.is_empty() {
        println!(
            "{} alerts, {} runbook sections, {} owners: nothing leads nowhere",
            entries.len(),
            sections.len(),
            owners.len()
        );
    }
    if problems.is_empty() {
        return Ok(());
    }
    let problems = problems.iter().map(|problem| format!("{}: {}", problem.of, problem.reason)).collect();
    Err(Error::Problems { problems }.into())
}

/// Whether this very program would understand a command line; nothing is run.
fn understood(words: &[String]) -> Result<(), String> {
    let parsed = super::Arguments::command().try_get_matches_from(words);
    parsed.map(drop).map_err(|error| error.to_string().lines().next().unwrap_or("it is not understood").to_owned())
}
