//! The `mod-553` command line: one file a subcommand. Parsing lives here, work lives in the parts. Results go to standard output,
//! all else to standard error.

pub mod dashboards;
pub mod drift;
mod drift_log;
pub mod drift_serve;
pub mod exhibits;
pub mod finops;
pub mod incident;
pub mod inference;
pub mod log;
pub mod performance;
pub mod playbook;
pub mod retrain;
pub mod signals;
pub mod slo;
pub mod stream;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Model monitoring and drift response.
#[derive(Debug, Parser)]
#[command(name = "mod-553", version, after_help = EXIT_CODES)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const EXIT_CODES: &str = "\
Exit codes: 0 done · 1 refused, failed, or drift was found · 2 wrong usage or malformed input · 3 a server could not be reached ·
4 inconclusive";

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Find drift: reference against current data, one verdict a column.
    Drift(drift::Arguments),
    /// Show where drift monitors are fooled, and measure how often ours are wrong.
    Exhibits(exhibits::Arguments),
    /// What models cost, whether it is too much, and what happens then.
    Finops(finops::Arguments),
    /// The reference inference service: train its model, serve it, send it traffic.
    Inference(inference::Arguments),
    /// Schedules, escalation, tabletop exercises and postmortems.
    Incident(incident::Arguments),
    /// Read inference logs: check them, and say what they hold.
    Log(log::Arguments),
    /// How good a model still is: estimated while labels are missing, measured when they have come.
    Performance(performance::Arguments),
    /// Retraining: decide, propose, approve, roll out, verify, roll back.
    Retrain(retrain::Arguments),
    /// Find the moment a stream changed.
    Stream(stream::Arguments),
    /// Dashboards: make them, lint their queries, see them without Grafana.
    Dashboards(dashboards::Arguments),
    /// The alert playbook: check that nothing leads nowhere, and render it.
    Playbook(playbook::Arguments),
    /// Tell governance, security and other monitors what was found.
    Signals(signals::Arguments),
    /// Objectives: make rules of them, see where they stand, receive what Alertmanager says.
    Slo(slo::Arguments),
}

/// Runs the parsed command.
///
/// # Errors
/// Whatever the command reports; the message is for people.
pub async fn run(arguments: Arguments) -> anyhow::Result<()> {
    match arguments.command {
        Command::Drift(arguments) => drift::run(arguments).await,
        Command::Exhibits(arguments) => exhibits::run(&arguments),
        Command::Finops(arguments) => finops::run(arguments).await,
        Command::Inference(arguments) => inference::run(arguments).await,
        Command::Incident(arguments) => incident::run(arguments).await,
        Command::Log(arguments) => log::run(&arguments),
        Command::Performance(arguments) => performance::run(&arguments),
        Command::Retrain(arguments) => retrain::run(arguments),
        Command::Stream(arguments) => stream::run(arguments).await,
        Command::Dashboards(arguments) => dashboards::run(arguments).await,
        Command::Playbook(arguments) => playbook::run(&arguments),
        Command::Signals(arguments) => signals::run(arguments).await,
        Command::Slo(arguments) => slo::run(arguments).await,
    }
}

/// An error that knows the exit code it stands for; every part's error type is made into one where the command ends.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Ended {
    /// The exit code.
    pub code: u8,
    /// What is said on standard error.
    pub message: String,
}

/// What is said of an error: its message, and its causes as far as the message does not tell them already.
pub fn said(error: &anyhow::Error) -> String {
    error.chain().map(ToString::to_string).fold(String::new(), |said, cause| match said.as_str() {
        "" => cause,
        before if before.contains(&cause) => said,
        before => format!("{before}: {cause}"),
    })
}

/// The exit code that an error stands for.
pub fn exit_code(error: &anyhow::Error) -> ExitCode {
    if let Some(ended) = error.downcast_ref::<Ended>() {
        return ExitCode::from(ended.code);
    }
    if let Some(error) = error.downcast_ref::<crate::inference::Error>() {
        return ExitCode::from(error.exit_code());
    }
    if let Some(error) = error.downcast_ref::<crate::drift::Error>() {
        return ExitCode::from(error.exit_code());
    }
    if let Some(error) = error.downcast_ref::<crate::profile::Error>() {
        return ExitCode::from(error.exit_code());
    }
    if let Some(error) = error.downcast_ref::<crate::dashboards::Error>() {
        return ExitCode::from(error.exit_code());
    }
    if let Some(error) = error.downcast_ref::<crate::playbook::Error>() {
        return ExitCode::from(error.exit_code());
    }
    if let Some(error) = error.downcast_ref::<crate::slo::Error>() {
        return ExitCode::from(error.exit_code());
    }
    if let Some(error) = error.downcast_ref::<crate::inference_log::Error>() {
        return ExitCode::from(error.exit_code());
    }
    if let Some(error) = error.downcast_ref::<crate::incident::Error>() {
        return ExitCode::from(error.exit_code());
    }
    if let Some(error) = error.downcast_ref::<crate::finops::Error>() {
        return ExitCode::from(error.exit_code());
    }
    if let Some(error) = error.downcast_ref::<crate::online::Error>() {
        return ExitCode::from(error.exit_code());
    }
    if let Some(error) = error.downcast_ref::<crate::performance::Error>() {
        return ExitCode::from(error.exit_code());
    }
    if let Some(error) = error.downcast_ref::<crate::retraining::Error>() {
        return ExitCode::from(error.exit_code());
    }
    if let Some(error) = error.downcast_ref::<crate::signals::Error>() {
        return ExitCode::from(error.exit_code());
    }
    mod_106::cli::exit_code(error)
}

#[cfg(test)]
mod tests {
    use super::{Arguments, said};
    use anyhow::Context;
    use clap::CommandFactory;

    #[test]
    fn what_a_message_tells_already_is_not_told_again() {
        let gone = || std::io::Error::other("gone");
        let error = crate::slo::file::FileError::reading("a.yaml".as_ref())(gone());
        assert_eq!(said(&error.into()), "cannot read a.yaml: gone; is the path right, seen from where this runs?");
        let error = Err::<(), _>(gone()).context("cannot look").unwrap_err();
        assert_eq!(said(&error), "cannot look: gone");
    }

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }
}
