//! Everything that only shows on the real `lab-runner` and on real deployments, each case a test by its own name.
//!
//! - `labs.rs` — every check on every backend at hand, and every mutant
//! - `bad_input/` — what goes wrong in earnest
//! - `services.rs` — the services that labs give
//! - `sandbox.rs` — learners' folders in containers without a way out
//! - `runner.rs` — starts `lab-runner` in a private temporary folder and looks for leftovers

#![expect(clippy::unwrap_used, reason = "a panic is how these tests fail")]

mod bad_input;
mod labs;
mod runner;
mod sandbox;
mod services;

use libtest_mimic::{Arguments, run};
use std::{path::Path, process::ExitCode, sync::Arc};
use tests::{
    cli::{repository, tools_beside},
    private::Keeper,
    run::Surroundings,
};

/// One seed for every run of the tests, so that a failure is found again.
const SEED: u64 = 106;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let lab_runner = Path::new(env!("CARGO_BIN_EXE_lab-runner"));
    let keeper = Keeper::start(lab_runner).unwrap();
    let tools = tools_beside(lab_runner, &repository(), keeper.clone());
    let runtime = Arc::new(tokio::runtime::Runtime::new().unwrap());
    let around = Surroundings { tools, seed: SEED, jobs: 8 };
    let mut trials = labs::trials(&arguments, &around, &runtime);
    trials.extend(bad_input::trials());
    trials.extend(sandbox::trials(&runtime));
    trials.extend(services::trials());
    let conclusion = run(&arguments, trials);
    drop(runtime);
    keeper.finish();
    conclusion.exit_code()
}
