//! `lab-runner`: schedules checks, shows progress and renders every report. `cargo xtask validate` builds it and hands over.

use clap::Parser;
use std::process::ExitCode;
use tests::cli::Cli;

fn main() -> ExitCode {
    let cli = Cli::parse();
    // TLS with ring, once for the whole process; a second installation would be refused, and there is none.
    let _ = rustls::crypto::ring::default_provider().install_default();
    cli.run()
}
