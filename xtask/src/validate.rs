//! `cargo xtask validate`: parses the words, so that `--help` and wrong usage answer without building anything; builds
//! `lab-runner` and the reference's `mod-106`; then *becomes* `lab-runner` with the very same words, so that signals, exit
//! codes and the terminal are its own. What the words do is decided there: `tests/src/cli/validate.rs`.

use crate::cargo::{self, Profile};
use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use std::{env, os::unix::process::CommandExt, path::PathBuf, process::Command, process::ExitCode};

/// The words of `validate`: those of `tests/src/cli/validate.rs`, and a test holds them side by side.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct Arguments {
    /// Labs (`mod-106/lab-1`) or whole modules (`mod-106`); all of them when none is named.
    #[arg(value_name = "LAB|MODULE")]
    labs: Vec<String>,
    /// Grade this folder, which holds a `submission.toml`, instead of the reference solution.
    #[arg(long, value_name = "DIR", conflicts_with = "attach")]
    submission: Option<PathBuf>,
    /// Check a service that already runs; credentials come from LAB_ADMIN_USERNAME and LAB_ADMIN_PASSWORD.
    #[arg(long, value_name = "URL")]
    attach: Option<String>,
    /// The kind of world to stand on; may be given more than once.
    #[arg(long, value_enum)]
    backend: Vec<Backend>,
    /// Also prove each check on the known-bad variants that it is meant to catch.
    #[arg(long)]
    mutants: bool,
    /// Compare what the same checks see on every backend at hand.
    #[arg(long)]
    parity: bool,
    /// Write results.json, report.html, junit.xml, summary.md and results.gradescope.json into this folder.
    #[arg(long, value_name = "DIR")]
    report: Option<PathBuf>,
    /// Print what happens as one JSON object a line on standard output.
    #[arg(long)]
    json: bool,
    /// List the checks, and run none.
    #[arg(long)]
    list: bool,
    /// How many checks may run at once.
    #[arg(long, value_name = "N", default_value_t = 8)]
    jobs: usize,
    /// Multiply every limit of time, on a machine that many share.
    #[arg(long, value_name = "TIMES", default_value_t = 1)]
    patience: u32,
    /// The seed of every generated name and value, to repeat a run.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Exit with 3 when a backend cannot be had here, instead of reporting it as *not run*.
    #[arg(long)]
    require_all: bool,
}

/// What a world is made of.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Backend {
    /// The cheapest at hand; with --parity, all at hand.
    Auto,
    /// Our own services, started in a fraction of a second.
    Embedded,
    /// Programs installed on this machine.
    Process,
    /// Containers.
    Containers,
}

const EXIT_CODES: &str = "\
Exit codes:
  0  every check that ran has passed
  1  a check failed
  2  wrong usage, or a malformed lab.toml or submission.toml
  3  nothing could be run, a required backend is not to be had, or the harness itself failed";

/// Builds what is needed and hands over; returns only when handing over fails.
pub(crate) fn run(_parsed: &Arguments) -> Result<ExitCode> {
    let programs = cargo::build_programs(Profile::Debug)?;
    let runner = programs.join("lab-runner");
    // The words as they were typed: to print them again from the parsed form would be a second place to keep in step.
    let words = env::args_os().skip_while(|word| word != "validate");
    let refused = Command::new(&runner).args(words).exec();
    Err(refused).with_context(|| format!("cannot start {}", runner.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{CommandFactory, Parser};

    #[derive(Debug, Parser)]
    struct Words {
        #[command(flatten)]
        arguments: Arguments,
    }

    fn parse(line: &str) -> Result<Arguments, clap::Error> {
        Words::try_parse_from(std::iter::once("validate").chain(line.split_whitespace())).map(|words| words.arguments)
    }

    #[test]
    fn every_word_of_the_contract_is_known() {
        let line = "mod-106/lab-1 mod-206 --backend embedded --backend process --mutants --parity --report out --json \
                    --list --jobs 2 --seed 7 --require-all --submission folder";
        let arguments = parse(line).expect("these words are the contract");
        assert_eq!(arguments.labs, ["mod-106/lab-1", "mod-206"]);
        assert_eq!(arguments.backend.len(), 2);
    }

    #[test]
    fn lab_runner_knows_the_same_words() {
        let theirs = include_str!("../../tests/src/cli/validate.rs");
        let (words, _) = theirs.split_once("\n}\n").expect("the struct of words comes first");
        let visible = words.matches("#[arg(").count() - words.matches("hide = true").count();
        let command = Words::command();
        let ours: Vec<_> = command.get_arguments().filter(|word| word.get_id() != "help").collect();
        assert_eq!(ours.len(), visible);
        for word in ours {
            let help = word.get_help().map(ToString::to_string).unwrap_or_default();
            assert!(words.contains(&format!("/// {help}")), "--{} is explained otherwise: {help}", word.get_id());
        }
    }

    #[test]
    fn wrong_usage_exits_with_two_before_anything_is_built() {
        for line in ["--submission a --attach http://b", "--jobs many", "--backend cloud", "--colour"] {
            let refused = parse(line).expect_err("wrong usage");
            assert_eq!(refused.exit_code(), 2, "{line}");
        }
    }
}
