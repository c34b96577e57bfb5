//! `mod-553 finops`: what models cost, whether it is too much, and what happens then. One file for each group of commands.

mod control;
mod look;
mod price;
mod prometheus;

use crate::finops::Error;
use anyhow::Result;
use clap::{Args, Subcommand};
use jiff::tz::TimeZone;
use std::path::Path;

/// What models cost, whether it is too much, and what happens then.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Price usage: cost rows in FOCUS columns; exit with 1 if a call has no price.
    Price(price::Price),
    /// Hold rows against token counters; exit with 1 if they differ.
    Reconcile(price::Reconcile),
    /// Hold a table of costs against what FOCUS 1.2 asks for; exit with 1 if it is not that.
    Check(price::Check),
    /// Where budgets stand: 0 within, 1 burning or exceeded.
    Budget(look::Budget),
    /// What the coming days will cost, with an interval; exit with 4 if there are too few days to tell.
    Forecast(look::Forecast),
    /// Whether a day's cost is strange: 0 it is not, 1 it is, 4 there are too few days to tell.
    Anomalies(look::Anomalies),
    /// How much a service takes, and when it needs more; exit with 1 if it needs more now.
    Capacity(look::Capacity),
    /// What is to be done with a request; exit with 1 if it is to be refused.
    Decide(control::Decide),
    /// Decide as a service, until SIGTERM or Ctrl-C.
    Serve(control::Serve),
    /// Write Prometheus' rules and the dashboard of what models cost.
    Rules(prometheus::Rules),
    /// Tell Prometheus what is exact: budgets and costs, as a text file.
    Export(prometheus::Export),
    /// Overrule a budget for a while, and say why; or end that.
    Override(control::Overrule),
}

/// Runs it.
///
/// # Errors
/// What the part reports.
pub async fn run(arguments: Arguments) -> Result<()> {
    match arguments.command {
        Command::Price(arguments) => price::price(&arguments),
        Command::Reconcile(arguments) => price::reconcile(&arguments),
        Command::Check(arguments) => price::check(&arguments),
        Command::Budget(arguments) => look::budget(&arguments).await,
        Command::Forecast(arguments) => look::forecast(&arguments),
        Command::Anomalies(arguments) => look::anomalies(&arguments),
        Command::Capacity(arguments) => look::capacity(&arguments),
        Command::Decide(arguments) => control::decide(&arguments),
        Command::Serve(arguments) => control::serve(arguments).await,
        Command::Rules(arguments) => prometheus::rules(&arguments),
        Command::Export(arguments) => prometheus::export(&arguments),
        Command::Override(arguments) => control::overrule(&arguments),
    }
}

/// A time zone by its name, from the machine or built in.
fn zone(name: &str) -> Result<TimeZone, String> {
    crate::finops::zone(name)
}

/// Writes JSON, whole or not at all.
fn write_json(path: &Path, value: &impl serde::Serialize) -> Result<()> {
    let mut text = serde_json::to_string_pretty(value)?;
    text.push('\n');
    mod_106::documents::write(path, text.as_bytes()).map_err(Error::from)?;
    Ok(())
}
