//! `mod-553 incident`: schedules, escalation, tabletop exercises and postmortems.

mod escalation;
mod schedule;

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
