//! What one more submission costs the harness: a command-line lab with two trivial checks, graded for one submission and for
//! twenty-one inside one `lab-runner`; the difference, divided by twenty. The peer is check50, which starts anew for each:
//! the same program and the same two questions, in `xtask/bench/check50/`.

use super::{measure, page::Figure};
use crate::cargo;
use anyhow::{Result, bail};
use std::{path::PathBuf, process::Command};

/// The check50 that is measured.
const CHECK50: &str = "check50==3.5.0";
const REPEATS: usize = 10;

/// CPU time of one more submission.
pub(super) fn measure() -> Result<Vec<Figure>> {
    let peer = peer_cpu_s()?;
    bail!("check50 takes {peer:.2} CPU-s; the fixture lab is not there yet")
}

/// The CPU time of one submission graded by check50.
fn peer_cpu_s() -> Result<f64> {
    let folder = cargo::root().join("xtask/bench/check50");
    let check50 = check50()?;
    let mut cpus = Vec::new();
    for _ in 0..REPEATS {
        let mut grade = Command::new(&check50);
        grade.arg("--dev").arg(folder.join("problem")).current_dir(folder.join("submission"));
        cpus.push(measure::run_well(&mut grade)?.cpu_s);
    }
    Ok(measure::median(cpus))
}

/// check50 in a virtual environment under `target/tools/`; installs it when it is not there yet.
fn check50() -> Result<PathBuf> {
    let environment = cargo::target()?.join("tools/check50");
    let program = environment.join("bin/check50");
    if !program.exists() {
        let mut make = Command::new("python3");
        make.args(["-m", "venv"]).arg(&environment);
        cargo::run_with_comfort(make, "make an environment for check50")?;
        let mut install = Command::new(environment.join("bin/pip"));
        install.args(["install", "--quiet", "--disable-pip-version-check", CHECK50]);
        cargo::run_with_comfort(install, "install check50")?;
    }
    Ok(program)
}
