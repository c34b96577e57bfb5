//! `mod-553 incident runbook`: shows or runs a procedure, step by step.

use super::schedule::{print, refused};
use crate::incident::Error;
use anyhow::Result;
use clap::Subcommand;
use mod_106::governance::runbook::{self, Outcome, Progress, Runbook, Step, StepResult};
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub(super) enum Action {
    /// Run a runbook's steps; without --execute, only show them. The first step that deviates ends the run with exit code 1
    Run {
        /// The runbook (Markdown)
        file: PathBuf,
        /// A variable's value, NAME=VALUE; may be repeated
        #[arg(long = "set", value_name = "NAME=VALUE")]
        set: Vec<String>,
        /// Do it, instead of showing what would be done
        #[arg(long)]
        execute: bool,
        /// Print the outcome as JSON; without --execute, the steps that there are
        #[arg(long)]
        json: bool,
    },
}

/// Says on standard error what is going on.
struct Told;

impl Progress for Told {
    fn begins(&mut self, step: &Step) {
        eprintln!("{}\n\n{}: …", step.prose, step.name);
    }

    fn ended(&mut self, result: &StepResult) {
        for line in result.output.lines().chain(result.errors.lines()) {
            eprintln!("  {line}");
        }
        eprintln!("{}: {}\n", result.name, result.deviation.as_deref().unwrap_or("done"));
    }
}

pub(super) async fn run(action: &Action) -> Result<()> {
    let Action::Run { file, set, execute, json } = action;
    let runbook = Runbook::read(file).map_err(|error| Error::Input(error.to_string()))?;
    let given = set.iter().map(|pair| {
        let (name, value) =
            pair.split_once('=').ok_or_else(|| Error::Input(format!("--set: found {pair:?}, expected NAME=VALUE")))?;
        Ok((name.to_owned(), value.to_owned()))
    });
    let given = given.collect::<Result<Vec<_>, Error>>()?;
    let variables = runbook.filled(&given).map_err(|error| Error::Input(error.to_string()))?;
    if !execute && *json {
        let steps = runbook.steps.iter().map(not_run).collect();
        let shown = Outcome { title: runbook.title, done: false, steps };
        return print(&(serde_json::to_string_pretty(&shown)? + "\n"));
    }
    if !execute {
        let steps = runbook.steps.iter().map(|step| {
            format!("\n{}\n\n  {}: {}", step.prose, step.name, step.command.trim().replace('\n', "\n    "))
        });
        return print(&format!(
            "{}\n{}\n\nNothing was done. Give --execute to do it.\n",
            runbook.title,
            steps.collect::<String>()
        ));
    }
    let outcome = runbook::run(&runbook, &variables, &mut Told).await;
    if *json {
        print(&(serde_json::to_string_pretty(&outcome)? + "\n"))?;
    } else {
        print(&outcome.steps.iter().map(|step| format!("{}: {}\n", step.name, step.state)).collect::<String>())?;
    }
    if outcome.done {
        Ok(())
    } else {
        Err(refused(format!("{}: a step deviated; those after it were not run", runbook.title)))
    }
}

fn not_run(step: &Step) -> StepResult {
    let (name, output, errors) = (step.name.clone(), String::new(), String::new());
    StepResult { name, state: "not run", exit: None, deviation: None, output, errors }
}
