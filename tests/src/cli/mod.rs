//! The words of `lab-runner`, parsed. `validate.rs` is what people and `cargo xtask validate` call; the other words are the
//! harness calling itself: as a supervisor of submissions, as a world in a process of its own, as the one who cleans up.

mod catalogue;
mod validate;

pub use catalogue::{repository, tools_beside};
pub use validate::{Validate, validate};

use crate::{
    private::{Keeper, keep},
    run::{NOT_TO_BE_HAD, WRONG_USAGE},
    submission::supervise::supervise,
    world::s3,
};
use clap::{Parser, Subcommand};
use std::{process::ExitCode, time::Duration};
use tokio::signal::unix::{SignalKind, signal};

/// How long the runtime may take to let go of its threads.
const SHUTDOWN_LIMIT: Duration = Duration::from_millis(200);

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
    /// Clear away what the harness could not, once standard input ends.
    #[command(hide = true)]
    Keep,
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
            Word::Keep => on_runtime(async {
                keep().await;
                ExitCode::SUCCESS
            }),
            Word::Validate(words) => validate_and_clear_away(*words),
        }
    }
}

/// The keeper outlives the runtime: what a run leaves when it is interrupted is cleared away before we end.
fn validate_and_clear_away(words: Validate) -> ExitCode {
    let started = std::env::current_exe().and_then(|lab_runner| Ok((Keeper::start(&lab_runner)?, lab_runner)));
    match started {
        Ok((keeper, lab_runner)) => {
            let code = on_runtime(unless_interrupted(validate(
                words,
                tools_beside(&lab_runner, &repository(), keeper.clone()),
            )));
            keeper.finish();
            code
        }
        Err(error) => {
            eprintln!("lab-runner cannot start itself: {error}");
            ExitCode::from(NOT_TO_BE_HAD)
        }
    }
}

/// Gives up the work on Ctrl-C or SIGTERM; dropping it closes the pipes at which everything hangs.
async fn unless_interrupted(work: impl Future<Output = ExitCode>) -> ExitCode {
    let Ok(mut terminated) = signal(SignalKind::terminate()) else { return work.await };
    tokio::select! {
        code = work => code,
        _ = tokio::signal::ctrl_c() => interrupted(),
        _ = terminated.recv() => interrupted(),
    }
}

fn interrupted() -> ExitCode {
    eprintln!("interrupted; clearing away");
    ExitCode::from(NOT_TO_BE_HAD)
}

fn on_runtime(work: impl Future<Output = ExitCode>) -> ExitCode {
    match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => {
            let code = runtime.block_on(work);
            // Tasks end at once; a thread that still reads standard input cannot be woken, and is left behind.
            runtime.shutdown_timeout(SHUTDOWN_LIMIT);
            code
        }
        Err(error) => {
            eprintln!("no runtime: {error}");
            ExitCode::from(WRONG_USAGE)
        }
    }
}
