//! `mod-553 performance`: how good a model still is.

mod estimate;
mod measure;
mod table;

use anyhow::Result;
use clap::{Args, Subcommand};

/// How good a model still is: estimated while labels are missing, measured when they have come.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Estimate metrics of rows without labels, from labelled rows of the same model (CBPE; of numbers, DLE).
    Estimate(estimate::Arguments),
    /// Measure windows of an inference log as their labels come, and say which never did.
    Measure(measure::Arguments),
}

/// Runs it.
///
/// # Errors
/// What cannot be read; exit code 1 when something changed or broke, 4 when nobody can tell.
pub fn run(arguments: &Arguments) -> Result<()> {
    match &arguments.command {
        Command::Estimate(arguments) => estimate::run(arguments),
        Command::Measure(arguments) => measure::run(arguments),
    }
}
