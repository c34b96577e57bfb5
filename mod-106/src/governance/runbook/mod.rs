//! Runbooks: procedures as Markdown that people read and a program runs, so that what is written is what works.
//!
//! A runbook holds one block of variables (```` ```toml variables ````) and steps: ```` ```sh step=NAME exit=0 expect="REGEX" limit=60 ````.
//! A step must end with one of its exit codes and print what it expects; the first that does not ends the run. Variables reach steps
//! through the environment only: a model's name is never pasted into a command.
//!
//! - `write.rs`: generates one from what the registry holds
//! - `parse.rs`: reads one, with the line of every mistake
//! - `run.rs`: runs its steps

mod parse;
mod run;
mod write;

pub use parse::{Runbook, Step};
pub use run::{Outcome, Progress, StepResult, run};
pub use write::{Kind, write};

use std::path::PathBuf;

/// Why a runbook cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is malformed.
    #[error("{}:{line}: {problem}", path.display())]
    Malformed {
        /// The runbook.
        path: PathBuf,
        /// Where, from 1.
        line: usize,
        /// What was found, what is expected.
        problem: String,
    },
    /// It could not be read.
    #[error("{}: {reason}; is this the file, and may you read it?", path.display())]
    File {
        /// The runbook.
        path: PathBuf,
        /// What the system said.
        reason: std::io::Error,
    },
    /// A variable has no value, or is not one of the runbook's.
    #[error("{0}")]
    Variable(String),
}
