//! `cargo xtask bench`: measures this workspace beside its peers, in one run, on this machine. One file a figure; each says
//! what it runs and what it must reach. `measure.rs` holds the instruments, `page.rs` writes BENCHMARKS.md.
//!
//! CPU time is what we trust: it hardly moves when other programs use the machine. Wall time is given where a person waits.

mod drift;
mod flake;
mod kills;
mod log_batch;
pub(crate) mod measure;
mod online;
mod overhead;
mod page;
pub(crate) mod server;
mod validate;
mod validation;

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use page::Figure;
use std::{fs, process::ExitCode};

/// What to measure, and whether to keep it.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Only these figures; all of them when none is named.
    #[arg(value_enum, value_name = "NAME")]
    names: Vec<Name>,
    /// Put the figures into BENCHMARKS.md, in the place of earlier ones of the same name.
    #[arg(long, requires = "date")]
    write: bool,
    /// The date that BENCHMARKS.md says of them.
    #[arg(long, value_name = "YYYY-MM-DD")]
    date: Option<String>,
}

/// The figures, in the order they are measured and printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Name {
    /// How long an instructor waits for lab 1 on the embedded backend.
    Validate,
    /// What one more submission costs, beside check50.
    Overhead,
    /// What logging costs our client, beside MLflow's own.
    LogBatch,
    /// How soon and how small the embedded server is, beside MLflow's own.
    Server,
    /// How often the same validation says something else.
    Flake,
    /// How often a promotion that was killed ends inconsistently.
    Promotion,
    /// How often a retraining that was killed ends inconsistently.
    Retraining,
    /// What a drift report of a million rows costs, beside Evidently's.
    Validation,
    /// What ADWIN costs for a million values, beside River's.
    Online,
    /// What the drift monitor costs, beside Evidently, NannyML, scipy and whylogs.
    Drift,
}

impl Name {
    fn measure(self) -> Result<Vec<Figure>> {
        match self {
            Self::Validate => validate::measure(),
            Self::Overhead => overhead::measure(),
            Self::LogBatch => log_batch::measure(),
            Self::Server => server::measure(),
            Self::Flake => flake::measure(),
            Self::Promotion => kills::promotion(),
            Self::Retraining => kills::retraining(),
            Self::Validation => validation::measure(),
            Self::Online => online::measure(),
            Self::Drift => drift::measure(),
        }
    }
}

/// Measures, prints, and writes if asked to; exits with 1 when a figure misses what it must reach.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let names = if arguments.names.is_empty() { Name::value_variants() } else { &arguments.names };
    let mut figures = Vec::new();
    for name in names {
        eprintln!("measuring {name:?} …");
        figures.extend(name.measure().with_context(|| format!("cannot measure {name:?}"))?);
    }
    print!("{}", page::table(&figures));
    if let Some(date) = arguments.date.as_deref().filter(|_| arguments.write) {
        let path = crate::cargo::root().join("BENCHMARKS.md");
        let before = fs::read_to_string(&path).unwrap_or_default();
        fs::write(&path, page::render(&before, &figures, date, &measure::machine()?))
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(if figures.iter().all(|figure| figure.met) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
