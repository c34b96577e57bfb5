//! `mod-106 governance runbook`: write procedures from the registry's data, and run them step by step.

use super::connection::{Connection, pair};
use super::governance::{About, hand_over, lifted};
use super::output::Output;
use crate::documents;
use crate::governance::runbook::{self, Kind, Outcome, Progress, Runbook, Step, StepResult};
use clap::{Subcommand, ValueEnum};
use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub(super) enum Action {
    /// Generate a runbook for a version
    Write {
        /// Which procedure
        kind: KindOfRunbook,
        #[command(flatten)]
        about: About,
    },
    /// Run a runbook's steps; without --execute, only show them
    Run {
        /// The runbook (Markdown)
        file: PathBuf,
        /// A variable's value; may be repeated
        #[arg(long = "set", value_name = "NAME=VALUE", value_parser = pair)]
        set: Vec<(String, String)>,
        /// Do it, instead of showing what would be done
        #[arg(long)]
        execute: bool,
        /// Do it, and tell the runbook's own words before each step
        #[arg(long)]
        narrate: bool,
        /// Keep a record of the run (JSON), whatever became of it
        #[arg(long, value_name = "FILE")]
        record: Option<PathBuf>,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum KindOfRunbook {
    Deploy,
    Rollback,
    Rotate,
    Restore,
    Drift,
}

impl KindOfRunbook {
    fn kind(self) -> Kind {
        match self {
            Self::Deploy => Kind::Deploy,
            Self::Rollback => Kind::Rollback,
            Self::Rotate => Kind::Rotate,
            Self::Restore => Kind::Restore,
            Self::Drift => Kind::Drift,
        }
    }
}

pub(super) async fn run(action: Action, connection: &Connection) -> anyhow::Result<()> {
    match action {
        Action::Write { kind, about } => {
            let (client, output) = connection.open()?;
            let (dossier, _) = about.read(&client).await?;
            let document = runbook::write(kind.kind(), &dossier).map_err(lifted)?;
            hand_over(&document, about.place(), output)
        }
        Action::Run { file, set, execute, narrate, record } => {
            let output = connection.output();
            let runbook = Runbook::read(&file)?;
            let variables = runbook.filled(&set)?;
            if !execute && !narrate {
                return show(&runbook, &variables, output);
            }
            let outcome = if narrate {
                runbook::run(&runbook, &variables, &mut Narrated).await
            } else {
                runbook::run(&runbook, &variables, &mut OnTerminal).await
            };
            if let Some(path) = record {
                documents::write(&path, (serde_json::to_string_pretty(&outcome)? + "\n").as_bytes())?;
            }
            finish(&outcome, output, narrate)
        }
    }
}

fn show(runbook: &Runbook, variables: &BTreeMap<String, String>, output: Output) -> anyhow::Result<()> {
    let steps = runbook.steps.iter().map(|step| {
        let expect = step.expect.as_ref().map(regex::Regex::as_str);
        serde_json::json!({ "name": step.name, "command": step.command, "exit": step.exits, "expect": expect })
    });
    let plan =
        serde_json::json!({ "title": runbook.title, "variables": variables, "steps": steps.collect::<Vec<_>>() });
    if output.is_json() {
        return Ok(writeln!(std::io::stdout().lock(), "{}", serde_json::to_string_pretty(&plan)?)?);
    }
    let mut text = format!("{}\n\n", runbook.title);
    for (name, value) in variables {
        text += &format!("{name} = {value:?}\n");
    }
    for step in &runbook.steps {
        let exits: Vec<_> = step.exits.iter().map(i32::to_string).collect();
        text += &format!("\n{} (exit {})\n", step.name, exits.join(" or "));
        text.extend(step.command.lines().map(|line| format!("    {line}\n")));
    }
    text += "\nNothing was done. Give --execute to do it.\n";
    Ok(std::io::stdout().lock().write_all(text.as_bytes())?)
}

/// Says on standard error what is going on; standard output is the result's.
struct OnTerminal;

impl Progress for OnTerminal {
    fn begins(&mut self, step: &Step) {
        eprintln!("{}: …", step.name);
    }

    fn ended(&mut self, result: &StepResult) {
        for line in result.output.lines().chain(result.errors.lines()) {
            eprintln!("  {line}");
        }
        match &result.deviation {
            None => eprintln!("{}: done", result.name),
            Some(deviation) => eprintln!("{}: {deviation}", result.name),
        }
    }
}

/// Tells the story on standard output: the words, the command, what it answered.
struct Narrated;

impl Progress for Narrated {
    fn begins(&mut self, step: &Step) {
        let bold = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        println!();
        for line in step.prose.lines() {
            match line.strip_prefix('#') {
                Some(heading) if bold => println!("\u{1b}[1m{}\u{1b}[0m", heading.trim_start_matches('#').trim()),
                _ => println!("{line}"),
            }
        }
        println!();
        for line in step.command.lines() {
            println!("  $ {line}");
        }
    }

    fn ended(&mut self, result: &StepResult) {
        for line in result.output.lines().chain(result.errors.lines()) {
            println!("    {line}");
        }
        if let Some(deviation) = &result.deviation {
            println!("  {deviation}");
        }
    }
}

fn finish(outcome: &Outcome, output: Output, told: bool) -> anyhow::Result<()> {
    let mut text = String::new();
    if output.is_json() {
        text = serde_json::to_string_pretty(outcome)? + "\n";
    } else if !told {
        for step in &outcome.steps {
            text += &format!("{}: {}\n", step.name, step.state);
        }
    }
    std::io::stdout().lock().write_all(text.as_bytes())?;
    let deviated = outcome.steps.iter().find(|step| step.state == "deviated");
    if let Some(step) = deviated {
        let left = outcome.steps.iter().filter(|step| step.state == "not run").count();
        anyhow::bail!(
            "step {} deviated: {}; {left} steps after it were not run",
            step.name,
            step.deviation.as_deref().unwrap_or("for no known reason")
        );
    }
    Ok(())
}
