//! The `mod-106` command line: one file a subcommand. Parsing lives here, work lives in the parts.
//!
//! `connection` and `output` are shared: where the server is, and how results are shown. Results go to standard output, all else
//! to standard error.

pub mod alerts;
pub mod approve;
pub mod artifacts;
pub mod audit;
pub mod backup;
pub mod catalogue;
mod conducting;
mod connection;
pub mod experiments;
pub mod features;
pub mod governance;
mod governance_runbook;
pub mod models;
mod output;
pub mod promote;
pub mod quiz;
pub mod rollback;
pub mod runs;
pub mod serve;
pub mod users;
pub mod validate;
mod validate_reports;
pub mod workflow;

use crate::{client, promotion};
use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// MLOps and experiment tracking: an MLflow client and tracking server.
#[derive(Debug, Parser)]
#[command(name = "mod-106", version, after_help = EXIT_CODES)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const EXIT_CODES: &str = "\
Credentials come from MLflow's variables: MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN.

Exit codes: 0 done · 1 refused or failed · 2 wrong usage · 3 the server could not be reached";

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start the tracking server.
    Serve(serve::Arguments),
    /// Copy what a tracking server keeps into a folder.
    Backup(backup::Arguments),
    /// Put a backup back.
    Restore(backup::Arguments),
    /// List, create and change experiments.
    Experiments(experiments::Arguments),
    /// List, create and change runs; log to them.
    Runs(runs::Arguments),
    /// List, create and change registered models and their versions.
    Models(models::Arguments),
    /// List, upload, download and delete a run's files.
    Artifacts(artifacts::Arguments),
    /// Tell the people who mind, once, and again when it is over.
    Alerts(alerts::Arguments),
    /// Promote a model version, one stage at a time.
    Promote(promote::Arguments),
    /// Say that a version may go on, with the validation report that you read.
    Approve(approve::Arguments),
    /// Roll a version back, and restore the champion before.
    Rollback(rollback::Arguments),
    /// Read the audit trail, and check that nobody changed it.
    Audit(audit::Arguments),
    /// Make, change and delete accounts.
    Users(users::Arguments),
    /// Model cards, compliance reports, approval records, messages, runbooks: from the records.
    Governance(governance::Arguments),
    /// Take the module's quiz; print, grade and explain its papers.
    Quiz(quiz::Arguments),
    /// Online features, training sets, and a feature server.
    Features(features::Arguments),
    /// Write a page of which model used which features, data, code and run.
    Catalogue(catalogue::Arguments),
    /// Validate data, and a model's predictions on them, against a spec.
    Validate(validate::Arguments),
    /// Find every way to production in GitHub Actions workflows, without running them.
    Workflow(workflow::Arguments),
}

/// Runs the parsed command.
///
/// # Errors
/// Whatever the command reports; the message is for people.
pub async fn run(arguments: Arguments) -> anyhow::Result<()> {
    match arguments.command {
        Command::Serve(arguments) => serve::run(arguments).await,
        Command::Backup(arguments) => backup::back_up(arguments).await,
        Command::Restore(arguments) => backup::restore(arguments).await,
        Command::Experiments(arguments) => experiments::run(arguments).await,
        Command::Runs(arguments) => runs::run(arguments).await,
        Command::Models(arguments) => models::run(arguments).await,
        Command::Artifacts(arguments) => artifacts::run(arguments).await,
        Command::Alerts(arguments) => alerts::run(arguments).await,
        Command::Promote(arguments) => promote::run(arguments).await,
        Command::Approve(arguments) => approve::run(arguments).await,
        Command::Rollback(arguments) => rollback::run(arguments).await,
        Command::Audit(arguments) => audit::run(arguments).await,
        Command::Users(arguments) => users::run(arguments).await,
        Command::Governance(arguments) => governance::run(arguments).await,
        Command::Quiz(arguments) => quiz::run(arguments),
        Command::Features(arguments) => features::run(arguments).await,
        Command::Catalogue(arguments) => catalogue::run(arguments).await,
        Command::Validate(arguments) => validate::run(arguments).await,
        Command::Workflow(arguments) => workflow::run(arguments),
    }
}

/// The exit code that an error stands for.
pub fn exit_code(error: &anyhow::Error) -> ExitCode {
    if let Some(error) = error.downcast_ref::<crate::alerts::Error>() {
        return ExitCode::from(error.exit_code());
    }
    if let Some(error) = error.downcast_ref::<crate::quiz::Error>() {
        return ExitCode::from(error.exit_code());
    }
    if let Some(error) = error.downcast_ref::<crate::governance::Error>() {
        return ExitCode::from(error.exit_code());
    }
    if error.is::<crate::governance::runbook::Error>() {
        return ExitCode::from(2);
    }
    if let Some(error) = error.downcast_ref::<validate::NotPassed>() {
        return ExitCode::from(error.exit_code());
    }
    if error.is::<validate::Interrupted>() {
        return ExitCode::from(validate::INTERRUPTED);
    }
    if error.is::<validate_reports::Unwritable>() {
        return ExitCode::from(2);
    }
    if let Some(error) = error.downcast_ref::<crate::validation::Error>() {
        return validate::exit_code(error);
    }
    if let Some(workflow::Failure::Malformed(_)) = error.downcast_ref() {
        return ExitCode::from(2);
    }
    use client::Error::{Config, Connection, Refused, Timeout, Untrusted};
    if let Some(error) = error.downcast_ref::<promotion::Error>() {
        return ExitCode::from(error.exit_code());
    }
    if let Some(ended) = error.downcast_ref::<conducting::Ended>() {
        return ExitCode::from(ended.code);
    }
    if let Some(code) = error.downcast_ref::<crate::features::Error>().and_then(crate::features::Error::exit_code) {
        return ExitCode::from(code);
    }
    match client_error(error) {
        Some(Config { .. } | Refused { .. }) => ExitCode::from(2),
        Some(Connection { .. } | Timeout { .. } | Untrusted { .. }) => ExitCode::from(3),
        _ if is_closed_pipe(error) => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

/// What the tracking client said, also where a part passed it on.
fn client_error(error: &anyhow::Error) -> Option<&client::Error> {
    match error.downcast_ref::<crate::features::Error>() {
        Some(crate::features::Error::Tracking(error)) => Some(error),
        _ => error.downcast_ref::<client::Error>(),
    }
}

/// Whether the reader of our output went away, as `head` does: nothing is wrong then, and nobody is there to be told.
pub fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests {
    use super::Arguments;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn help_is_what_people_read() {
        fn check(name: &str, words: &[&str]) {
            let command = [&["mod-106"], words, &["--help"]].concat();
            let help = Arguments::command().term_width(100).try_get_matches_from(command).unwrap_err().to_string();
            insta::assert_snapshot!(format!("help_{name}"), help);
        }
        check("experiments", &["experiments"]);
        check("governance", &["governance"]);
        check("governance_report", &["governance", "report"]);
        check("governance_runbook_run", &["governance", "runbook", "run"]);
        check("users", &["users"]);
        check("features", &["features"]);
        check("features_get", &["features", "get"]);
        check("features_push", &["features", "push"]);
        check("features_materialize", &["features", "materialize"]);
        check("features_ingest", &["features", "ingest"]);
        check("features_join", &["features", "join"]);
        check("features_serve", &["features", "serve"]);
        check("features_registry", &["features", "registry"]);
        check("catalogue", &["catalogue"]);
        check("alerts_test", &["alerts", "test"]);
        check("alerts_routes", &["alerts", "routes"]);
        check("quiz", &["quiz"]);
        check("quiz_take", &["quiz", "take"]);
        check("runs", &["runs"]);
        check("runs_log", &["runs", "log"]);
        check("models", &["models"]);
        check("artifacts", &["artifacts"]);
        check("validate", &["validate"]);
        check("workflow_check", &["workflow", "check"]);
        check("artifacts_upload", &["artifacts", "upload"]);
        check("alerts_send", &["alerts", "send"]);
        check("promote", &["promote"]);
        check("promote_to", &["promote", "to"]);
        check("approve", &["approve"]);
        check("rollback", &["rollback"]);
        check("audit_verify", &["audit", "verify"]);
    }
}
