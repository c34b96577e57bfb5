//! `mod-553 log`: reads inference logs strictly, and says what they hold.

use crate::inference_log;
use anyhow::Result;
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// Read inference logs: check them, and say what they hold.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Read logs to their end; the first line that is not a record is named with its place.
    Check {
        /// JSON Lines files.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
}

/// Runs it.
///
/// # Errors
/// The first record that cannot be read.
pub fn run(arguments: &Arguments) -> Result<()> {
    let Command::Check { files } = &arguments.command;
    for file in files {
        let mut records = 0_u64;
        for record in inference_log::open(file)? {
            record?;
            records += 1;
        }
        println!("{}: {records} records", file.display());
    }
    Ok(())
}
