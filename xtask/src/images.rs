//! `cargo xtask images`: builds the container images and installs the programs that the labs' other backends need.

use anyhow::{Result, bail};
use std::process::ExitCode;

/// Which of them to make.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Install programs on this machine, under `target/labs/`, instead of building images.
    #[arg(long)]
    process: bool,
}

/// Makes them.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    bail!("there is nothing to make yet (process: {})", arguments.process)
}
