//! `cargo xtask`: the front of the workspace. It parses, dispatches and sets the exit code; each command is one file.
//!
//! It imports no lab and no container library, so it builds in seconds and `--help` answers at once. What judges a
//! submission is `lab-runner` in `tests/`; `validate.rs` builds it and hands over.

mod bench;
mod cargo;
mod demo;
mod images;
mod test;
mod tidy;
mod validate;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// The exit code when the harness itself is at fault, not a submission and not the caller.
const HARNESS_FAILED: u8 = 3;

/// Run, prove and grade the labs of this workspace.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Front {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Put a lab's checks to the reference solution, to a learner's folder or to a running service.
    Validate(validate::Arguments),
    /// Run everything that continuous integration runs, and sum it up.
    Test(test::Arguments),
    /// Check what a program can check of the house style.
    Tidy,
    /// Build the container images and install the programs that the labs' other backends need.
    Images(images::Arguments),
    /// Measure this workspace beside its peers, in one run.
    Bench(bench::Arguments),
    /// Walk a module's whole lifecycle once, narrated.
    Demo(demo::Arguments),
}

fn main() -> ExitCode {
    let outcome = match Front::parse().command {
        Command::Validate(arguments) => validate::run(&arguments),
        Command::Test(arguments) => test::run(&arguments),
        Command::Tidy => tidy::run(),
        Command::Images(arguments) => images::run(&arguments),
        Command::Bench(arguments) => bench::run(&arguments),
        Command::Demo(arguments) => demo::run(&arguments),
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::from(HARNESS_FAILED)
    })
}
