//! The `mod-106` command line: one file a subcommand. Parsing lives here, work lives in the parts.

pub mod serve;

use clap::{Parser, Subcommand};

/// MLOps and experiment tracking: an MLflow client and tracking server.
#[derive(Debug, Parser)]
#[command(name = "mod-106", version)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start the tracking server.
    Serve(serve::Arguments),
}

/// Runs the parsed command.
///
/// # Errors
/// Whatever the command reports; the message is for people.
pub async fn run(arguments: Arguments) -> anyhow::Result<()> {
    match arguments.command {
        Command::Serve(arguments) => serve::run(arguments).await,
    }
}
