//! How long an instructor waits for lab 1: `cargo xtask validate` on the embedded backend with everything built, without and
//! with its mutants. It is the build that people run, not a release build.

use super::{measure, page::Figure};
use crate::cargo::{self, Profile};
use anyhow::Result;
use std::process::Command;

const REPEATS: usize = 3;

/// Both waits.
pub(super) fn measure() -> Result<Vec<Figure>> {
    Ok(vec![wait("reference", &[], 10.0)?, wait("reference and mutants", &["--mutants"], 30.0)?])
}

fn wait(what: &str, words: &[&str], must_s: f64) -> Result<Figure> {
    let runner = cargo::build_programs(Profile::Debug)?.join("lab-runner");
    let mut walls = Vec::new();
    let mut cpus = Vec::new();
    for _ in 0..REPEATS {
        let mut validate = Command::new(&runner);
        validate.args(["validate", "mod-106/lab-1", "--backend", "embedded"]).args(words);
        let cost = measure::run_well(&mut validate)?;
        walls.push(cost.wall_s);
        cpus.push(cost.cpu_s);
    }
    let (wall_s, cpu_s) = (measure::median(walls), measure::median(cpus));
    Ok(Figure {
        what: format!("`validate mod-106/lab-1` on the embedded backend: {what}"),
        ours: format!("{wall_s:.1} s wall, {cpu_s:.1} CPU-s"),
        peer: None,
        ratio: None,
        must: format!("≤ {must_s:.0} s wall"),
        met: wall_s <= must_s,
    })
}
