//! What ADWIN costs for a million values beside River's, whose core is written in Rust and called from Python. Both measure their own CPU
//! time around the updates alone, on the same values, and must alarm at the same ones.

use super::{measure, page::Figure};
use crate::cargo::{self, Profile};
use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use std::process::{Command, Stdio};

const REPEATS: usize = 5;

/// What both programs print.
#[derive(Debug, Deserialize)]
struct Report {
    cpu_s: f64,
    alarms: Vec<u64>,
}

/// CPU time of both.
pub(super) fn measure() -> Result<Vec<Figure>> {
    let programs = cargo::build_programs(Profile::Release)?;
    let mut build = cargo::command();
    build.args(["build", "--quiet", "--release", "--workspace", "--example", "online"]);
    cargo::run_with_comfort(build, "build the online example")?;
    let python = cargo::root().join("target/labs/river/bin/python");
    ensure!(python.exists(), "no target/labs/river: run `cargo xtask images --process river`");
    let (mut ours, mut peer) = (Vec::new(), Vec::new());
    for _ in 0..REPEATS {
        let found = report(&mut Command::new(programs.join("examples/online")))?;
        let theirs = report(Command::new(&python).arg("xtask/bench/online/peer.py"))?;
        ensure!(!found.alarms.is_empty(), "nothing alarmed: the values say nothing");
        ensure!(found.alarms == theirs.alarms, "other alarms: {:?}, River {:?}", found.alarms, theirs.alarms);
        ours.push(found.cpu_s);
        peer.push(theirs.cpu_s);
    }
    let (ours, peer) = (measure::median(ours), measure::median(peer));
    Ok(vec![Figure {
        what: "online: ADWIN over 1M values, the same alarms".to_owned(),
        ours: format!("{ours:.3} CPU-s"),
        peer: Some(format!("River 0.26.1: {peer:.3} CPU-s")),
        ratio: Some(peer / ours),
        must: "≤ 1/3 of the peer".to_owned(),
        met: ours * 3.0 <= peer,
    }])
}

fn report(program: &mut Command) -> Result<Report> {
    program.current_dir(cargo::root()).stdin(Stdio::null()).stderr(Stdio::inherit());
    let output = program.output().with_context(|| format!("cannot start {program:?}"))?;
    ensure!(output.status.success(), "{program:?}: {}", output.status);
    serde_json::from_slice(&output.stdout).with_context(|| format!("{program:?} printed something else"))
}
