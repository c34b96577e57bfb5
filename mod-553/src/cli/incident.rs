//! `mod-553 incident`: schedules, escalation, tabletop exercises and postmortems.

mod escalation;
mod postmortem;
mod runbook;
mod schedule;
mod tabletop;

use anyhow::Result;
use clap::{Args, Subcommand};
use jiff::Timestamp;

/// Schedules, escalation, tabletop exercises and postmortems.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Who is on call: check a schedule at every instant, ask it, show it
    #[command(subcommand)]
    Schedule(schedule::Action),
    /// Play a scenario against the reference service, decide, and be scored. Exit code 1 when the points are not enough
    Tabletop(tabletop::Arguments),
    /// Procedures that people read and a program runs
    #[command(subcommand)]
    Runbook(runbook::Action),
    /// Write a postmortem from what the journal holds: Markdown, HTML, JSON
    Postmortem(postmortem::Arguments),
    /// Corrective actions and their evidence
    #[command(subcommand)]
    Actions(postmortem::ActionsAction),
    #[command(flatten)]
    Escalation(escalation::Action),
}

/// Runs it.
///
/// # Errors
/// Whatever the action reports; the message is for people.
pub async fn run(arguments: Arguments) -> Result<()> {
    match arguments.command {
        Command::Schedule(action) => schedule::run(&action, Timestamp::now()),
        Command::Tabletop(words) => tabletop::run(words).await,
        Command::Runbook(action) => runbook::run(&action).await,
        Command::Postmortem(words) => postmortem::run(&words),
        Command::Actions(action) => postmortem::actions(&action),
        Command::Escalation(action) => escalation::run(action, Timestamp::now()).await,
    }
}

/// Columns for people; without borders, so that other programs may cut them too.
fn rows<const N: usize>(headers: &[&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_header(headers);
    for row in rows {
        table.add_row(row);
    }
    let lines = table.to_string();
    lines.lines().map(|line| format!("{}\n", line.trim())).collect()
}
