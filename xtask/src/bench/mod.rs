//! `cargo xtask bench`: measures this workspace beside its peers.

use anyhow::{Result, bail};
use std::process::ExitCode;

/// What to measure.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Only these figures.
    names: Vec<String>,
}

/// Measures.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    bail!("no figure is called {:?}", arguments.names)
}
