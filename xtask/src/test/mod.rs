//! `cargo xtask test`: what continuous integration runs, one step after another. A failing step does not hide those that
//! come after it; the table at the end says what became of each. This file is the order of the steps; `count.rs` reads how
//! many tests ran, `deny.rs` looks at the dependencies, `summary.rs` is what a person reads last.

mod count;
mod deny;
mod summary;

use crate::{
    cargo::{self, Profile},
    tidy,
};
use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use std::{
    io::{BufRead, BufReader, Write},
    process::{Command, ExitCode, Stdio},
    time::Instant,
};
use summary::{Count, Outcome};

/// Which steps to run, and how strictly.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Only these steps; when none is named, all but `cluster`, which is run then where `CI_LONG` is set.
    #[arg(value_enum, value_name = "STEP")]
    steps: Vec<Step>,
    /// Fail when a backend cannot be had here, instead of reporting its checks as *not run*.
    #[arg(long)]
    require_all: bool,
}

/// The steps, in the order they run: the quick ones first, so that a slip shows early.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Step {
    /// The source is formatted.
    Fmt,
    /// The house style, as far as a program can check it.
    Tidy,
    /// The dependencies' licences, and the crates that must stay out.
    Deny,
    /// The compiler and Clippy have nothing to say.
    Clippy,
    /// Unit tests, doc tests, real peers; alone, the labs' checks and mutants too.
    Tests,
    /// The labs as an instructor runs them: every check on every backend at hand, every mutant, reports, parity.
    Validate,
    /// The documentation builds without a warning.
    Docs,
    /// Profiles on a Ballista cluster that is started for it. To build it takes longer than all the others together.
    Cluster,
}

impl Step {
    /// Whether it runs when no step is named.
    fn is_usual(self) -> bool {
        self != Self::Cluster || std::env::var_os("CI_LONG").is_some()
    }

    /// The step's name, as it is typed and printed.
    fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }
}

/// Runs the steps and prints the summary; exits with 1 when one of them failed.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let usual = || Step::value_variants().iter().copied().filter(|step| step.is_usual()).collect();
    let steps: Vec<Step> = if arguments.steps.is_empty() { usual() } else { arguments.steps.clone() };
    let outcomes: Vec<Outcome> = steps.iter().map(|&step| timed(step, &steps, arguments.require_all)).collect();
    print!("\n{}", summary::render(&outcomes));
    let failed = outcomes.iter().any(|outcome| outcome.fault.is_some());
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn timed(step: Step, steps: &[Step], require_all: bool) -> Outcome {
    println!("\n== {}", step.name());
    let started = Instant::now();
    let mut count = Count::default();
    let fault = perform(step, steps, require_all, &mut count).err().map(|error| format!("{error:#}"));
    if let Some(fault) = &fault {
        eprintln!("{}: {fault}", step.name());
    }
    Outcome { step: step.name(), fault, count, took: started.elapsed() }
}

fn perform(step: Step, steps: &[Step], require_all: bool, count: &mut Count) -> Result<()> {
    match step {
        Step::Fmt => succeed(cargo::command().args(["fmt", "--all", "--check"])),
        Step::Tidy => tidy::expect_clean(),
        Step::Deny => deny::check(),
        Step::Clippy => succeed(cargo::command().args([
            "clippy",
            "--quiet",
            "--workspace",
            "--all-targets",
            "--",
            "--deny",
            "warnings",
        ])),
        Step::Tests => tests(steps.contains(&Step::Validate), count),
        Step::Validate => validate(require_all),
        Step::Docs => succeed(
            cargo::command()
                .args(["doc", "--quiet", "--workspace", "--no-deps"])
                .env("RUSTDOCFLAGS", "--deny warnings"),
        ),
        Step::Cluster => cluster(count),
    }
}

/// The labs' tests by their names, `mod-106/lab-1::embedded::…`: the same checks and mutants as `validate` runs.
const LABS: [&str; 2] = ["/lab-", "/assessment"];

/// Runs every test of the workspace, passing its output through and counting what it says. What `validate` proves in the same
/// run (every check on every backend, and every mutant) is not run twice.
fn tests(labs_are_validated: bool, count: &mut Count) -> Result<()> {
    let skipped = if labs_are_validated { &LABS[..] } else { &[] };
    let mut cargo = cargo::command();
    cargo.args(["test", "--workspace", "--no-fail-fast", "--"]);
    counted(cargo.args(skipped.iter().flat_map(|name| ["--skip", name])), count)
}

/// The workspace of its own in `mod-553/cluster`: its build stays under our target folder, apart from ours.
fn cluster(count: &mut Count) -> Result<()> {
    let manifest = ["--manifest-path", "mod-553/cluster/Cargo.toml"];
    succeed(cargo::command().arg("fmt").args(manifest).arg("--check"))?;
    let mut cargo = cargo::command();
    cargo.arg("test").args(manifest).arg("--locked").env("CARGO_TARGET_DIR", cargo::target()?.join("cluster"));
    counted(&mut cargo, count)
}

/// Runs cargo's tests, and counts what they say.
fn counted(cargo: &mut Command, count: &mut Count) -> Result<()> {
    let mut child = cargo.stdout(Stdio::piped()).spawn().context("cannot start cargo test")?;
    if let Some(output) = child.stdout.take() {
        for line in BufReader::new(output).lines() {
            let line = line.context("cannot read what cargo test prints")?;
            writeln!(std::io::stdout(), "{line}")?;
            count.add(count::read(&line));
        }
    }
    let status = child.wait().context("cannot wait for cargo test")?;
    anyhow::ensure!(status.success(), "cargo test: {status}");
    Ok(())
}

/// Runs the labs as an instructor does, with a report under `target/report/`.
fn validate(require_all: bool) -> Result<()> {
    let programs = cargo::build_programs(Profile::Debug)?;
    let mut runner = Command::new(programs.join("lab-runner"));
    runner.current_dir(cargo::root()).args(["validate", "--mutants", "--parity", "--report"]);
    runner.arg(cargo::target()?.join("report"));
    // Where this runs, others may build and test as well: what a limit has to end is what hangs.
    runner.args(["--patience", "3"]);
    if require_all {
        runner.arg("--require-all");
    }
    succeed(&mut runner)
}

fn succeed(command: &mut Command) -> Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let status = command.status().with_context(|| format!("cannot start {program}"))?;
    anyhow::ensure!(status.success(), "{program} {}: {status}", words(command));
    Ok(())
}

fn words(command: &Command) -> String {
    command.get_args().map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
