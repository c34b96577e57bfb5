//! `mod-553 exhibits`: where drift monitors are fooled, how often ours are wrong, and what they see.

use super::Ended;
use crate::decision::Method;
use crate::exhibits::{self, Error, Shown, calibration, power};
use anyhow::Result;
use clap::{Args, Subcommand};
use mod_106::documents;
use std::path::PathBuf;

/// Show where drift monitors are fooled, and measure how often ours are wrong.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Give the same data to other tools and to this module; write `exhibits.md` and `exhibits.html`.
    Page {
        /// The folder to write to.
        #[arg(long, default_value = "exhibits")]
        output: PathBuf,
        /// Where the tools' environments are; what is not there is not run.
        #[arg(long, default_value = "target/labs")]
        labs: PathBuf,
        /// Runs of each exhibit that is about a rate.
        #[arg(long, default_value_t = 500)]
        runs: usize,
    },
    /// Measure how often each decision is wrong when nothing has changed; write `calibration.md` and `calibration.json`.
    Calibrate {
        /// The folder to write to.
        #[arg(long, default_value = "calibration")]
        output: PathBuf,
        /// Runs of each null hypothesis.
        #[arg(long, default_value_t = 10_000)]
        runs: u32,
        /// Only decisions or data whose name contains this.
        #[arg(long)]
        only: Option<String>,
    },
    /// Measure how often each decision sees a shift; write `power.md`, `power.json` and `power.svg`.
    Power {
        /// The folder to write to.
        #[arg(long, default_value = "calibration")]
        output: PathBuf,
        /// Runs of each method and shift.
        #[arg(long, default_value_t = 400)]
        runs: u32,
    },
}

/// Runs it.
///
/// # Errors
/// When a tool that is there does not answer, a file cannot be written, or a calibration does not hold.
pub fn run(arguments: &Arguments) -> Result<()> {
    let done = match &arguments.command {
        Command::Page { output, labs, runs } => page(output, labs, *runs),
        Command::Calibrate { output, runs, only } => calibrate(output, *runs, only.as_deref()),
        Command::Power { output, runs } => measure_power(output, *runs),
    };
    done.map_err(|error| Ended { code: error.exit_code(), message: error.to_string() }.into())
}

fn page(output: &std::path::Path, labs: &std::path::Path, runs: usize) -> Result<(), Error> {
    let cases = exhibits::cases(runs.max(1));
    cases.iter().for_each(|case| eprintln!("{}: {}", case.id, case.title));
    let answers = exhibits::answer(&cases, labs)?;
    let all: Vec<Shown> = cases.into_iter().zip(answers).map(|(case, answers)| Shown { case, answers }).collect();
    let markdown = exhibits::markdown(&all)?;
    let page = exhibits::page(&markdown)?;
    let files = [("exhibits.md", markdown), ("exhibits.html", page)];
    write(output, files.map(|(name, text)| (name, text.into_bytes())))
}

fn calibrate(output: &std::path::Path, runs: u32, only: Option<&str>) -> Result<(), Error> {
    let mut rates = Vec::new();
    for scenario in calibration::scenarios() {
        if only.is_some_and(|only| !scenario.decision.contains(only) && !scenario.data.contains(only)) {
            continue;
        }
        let rate = calibration::rate(&scenario, runs, 553);
        eprintln!("{}: {}: {}", rate.decision, rate.data, if rate.holds() { "holds" } else { "violated" });
        rates.push(rate);
    }
    let table = exhibits::calibration_table(&rates);
    write(output, [("calibration.md", table.into_bytes()), ("calibration.json", json(&rates))])?;
    match rates.iter().filter(|rate| !rate.holds()).count() {
        0 => Ok(()),
        violated => Err(Error::Miscalibrated(violated)),
    }
}

fn measure_power(output: &std::path::Path, runs: u32) -> Result<(), Error> {
    let mut points = Vec::new();
    for method in Method::ALL.into_iter().filter(|method| method.compares_numbers()) {
        eprintln!("{}", method.title());
        points.extend(power::points(method, runs, 553));
    }
    let files = [
        ("power.md", exhibits::power_table(&points).into_bytes()),
        ("power.json", json(&points)),
        ("power.svg", exhibits::power_chart(&points).into_bytes()),
    ];
    write(output, files)
}

fn json(value: &impl serde::Serialize) -> Vec<u8> {
    // Plain structs of numbers and texts always have a JSON form.
    let mut text = serde_json::to_vec_pretty(value).unwrap_or_default();
    text.push(b'\n');
    text
}

fn write<const COUNT: usize>(output: &std::path::Path, files: [(&str, Vec<u8>); COUNT]) -> Result<(), Error> {
    let files = files.map(|(name, content)| (output.join(name), content));
    documents::write_all(&files)?;
    for (path, _) in files {
        println!("{}", path.display());
    }
    Ok(())
}
