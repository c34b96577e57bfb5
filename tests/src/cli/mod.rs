//! The words of `lab-runner`, parsed. `validate.rs` is what people and `cargo xtask validate` call; the other words are the
//! harness calling itself: as a supervisor of submissions, as a world in a process of its own, as the one who cleans up.

mod catalogue;
mod validate;

pub use catalogue::{repository, tools_beside};
pub use validate::{Validate, validate};

use crate::{run::WRONG_USAGE, submission::supervise::supervise, world::s3};
use clap::{Parser, Subcommand};
use std::{process::ExitCode, time::Duration};

/// Runs the checks of labs against submissions.
#[derive(Debug, Parser)]
#[command(name = "lab-runner", version, about)]
pub struct Cli {
    #[command(subcommand)]
    word: Word,
}

#[derive(Debug, Subcommand)]
enum Word {
    /// Run the checks of labs against the reference solution, a learner's folder or a running service.
    Validate(Box<Validate>),
    /// Run a command, and leave none of its processes behind.
    #[command(hide = true)]
    Supervise {
        /// Between SIGTERM and SIGKILL.
        #[arg(long)]
        grace_ms: u64,
        /// Program and arguments.
        #[arg(last = true, required = true)]
        command: Vec<String>,
    },
    /// Serve a world until standard input ends.
    #[command(hide = true)]
    World {
        #[command(subcommand)]
        world: World,
    },
}

#[derive(Debug, Subcommand)]
enum World {
    /// A bucket; its settings come as one line of standard input.
    S3,
}

impl Cli {
    /// Does what was asked for.
    #[must_use]
    pub fn run(self) -> ExitCode {
        match self.word {
            // Neither needs a runtime with threads, and the supervisor must be small: there is one for every submission.
            Word::Supervise { grace_ms, command } => supervise(&command, Duration::from_millis(grace_ms)),
            Word::World { world: World::S3 } => on_runtime(async {
                match s3::serve_from_standard_input().await {
                    Ok(()) => ExitCode::SUCCESS,
                    Err(error) => {
                        eprintln!("the S3 world: {error}");
                        ExitCode::FAILURE
                    }
                }
            }),
            Word::Validate(words) => on_runtime(validate(*words)),
        }
    }
}

fn on_runtime(work: impl Future<Output = ExitCode>) -> ExitCode {
    match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => {
            let code = runtime.block_on(work);
            // Standard input may still be read by a thread that nobody can wake.
            runtime.shutdown_background();
            code
        }
        Err(error) => {
            eprintln!("no runtime: {error}");
            ExitCode::from(WRONG_USAGE)
        }
    }
}
