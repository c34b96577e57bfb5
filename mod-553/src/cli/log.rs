//! `mod-553 log`: reads inference logs strictly, says what they hold, and writes them as columns.

use crate::inference_log::{self, LABEL_SCHEMA, RECORD_SCHEMA};
use anyhow::Result;
use clap::{Args, Subcommand};
use std::io::Write;
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
        /// They hold labels that came to be known later.
        #[arg(long)]
        labels: bool,
    },
    /// Write logs as one Parquet file, with features as columns `feature.<name>`.
    Columns {
        /// JSON Lines files.
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// Where to write it.
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
    },
    /// Print the JSON Schema of a line.
    Schema {
        /// Of a label instead of a record.
        #[arg(long)]
        labels: bool,
    },
}

/// Runs it.
///
/// # Errors
/// The first record that cannot be read.
pub fn run(arguments: &Arguments) -> Result<()> {
    match &arguments.command {
        Command::Check { files, labels } => {
            for file in files {
                let count = if *labels { inference_log::read_labels(file)?.len() as u64 } else { count(file)? };
                println!("{}: {count} {}", file.display(), if *labels { "labels" } else { "records" });
            }
        }
        Command::Columns { files, to } => {
            // Beside the place where it goes, so that a rename is enough.
            let folder =
                to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(std::path::Path::new("."));
            let part = tempfile::Builder::new().prefix(".").suffix(".part").tempfile_in(folder)?.into_temp_path();
            let rows = inference_log::to_parquet(files, &part)?;
            part.persist(to)?;
            println!("{}: {rows} records", to.display());
        }
        Command::Schema { labels } => {
            // Not `print!`: it panics when the reader has gone.
            write!(std::io::stdout().lock(), "{}", if *labels { LABEL_SCHEMA } else { RECORD_SCHEMA })?;
        }
    }
    Ok(())
}

fn count(file: &std::path::Path) -> Result<u64> {
    let mut records = 0;
    for record in inference_log::open(file)? {
        record?;
        records += 1;
    }
    Ok(records)
}
