//! What one more submission costs the harness: the fixture lab with two trivial questions, answered on the command line,
//! graded for one submission and for twenty-one inside one `lab-runner`; the difference, divided by twenty. The peer is
//! check50, which starts anew for each: a program as small and two questions as trivial, in `xtask/bench/check50/`.

use super::{measure, page::Figure};
use crate::cargo::{self, Profile};
use anyhow::{Context, Result};
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{self, Command},
};

/// The check50 that is measured.
const CHECK50: &str = "check50==3.5.0";
/// What a submission to the fixture lab says.
const MANIFEST: &str = "tests/fixtures/words/solution/submission.toml";
const REPEATS: usize = 7;
const MORE: usize = 20;
const MUST_CPU_S: f64 = 0.05;

/// CPU time of one more submission.
pub(super) fn measure() -> Result<Vec<Figure>> {
    let peer = peer_cpu_s()?;
    let runner = cargo::build_programs(Profile::Release)?.join("lab-runner");
    let one = grading_cpu_s(&runner, 1)?;
    let many = grading_cpu_s(&runner, 1 + MORE)?;
    let ours = (many - one) / MORE as f64;
    Ok(vec![Figure {
        what: "harness: one more command-line submission with two trivial checks".to_owned(),
        ours: format!("{ours:.3} CPU-s"),
        peer: Some(format!("{CHECK50}: {peer:.2} CPU-s")),
        ratio: Some(peer / ours),
        must: format!("≤ {MUST_CPU_S} CPU-s"),
        met: ours <= MUST_CPU_S,
    }])
}

/// The CPU time of one `lab-runner` that grades this many submissions: a folder with as many manifests, of which
/// `--parity` takes every one.
fn grading_cpu_s(runner: &Path, submissions: usize) -> Result<f64> {
    let folder = env::temp_dir().join(format!("xtask-bench-words-{}-{submissions}", process::id()));
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let manifest = cargo::root().join(MANIFEST);
    for number in 0..submissions {
        let copy = folder.join(format!("submission.{number}.toml"));
        fs::copy(&manifest, &copy).with_context(|| format!("cannot copy {MANIFEST} to {}", copy.display()))?;
    }
    let mut cpus = Vec::new();
    for _ in 0..REPEATS {
        let mut grade = Command::new(runner);
        grade.args(["validate", "fixture/words", "--fixtures", "--parity", "--submission"]).arg(&folder);
        cpus.push(measure::run_well(&mut grade)?.cpu_s);
    }
    fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    Ok(measure::median(cpus))
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
