//! Incidents, as a user of the command meets them.
//!
//! - `schedules`: who is on call; gaps, overlaps, zones, clocks that change
//! - `escalation`: pages, two responders at once, kills, journals that were cut
//! - `tabletop`: exercises against the reference service
//! - `postmortem`: documents, and actions with their evidence
//! - `runbooks`: every procedure of ours, run

mod escalation;
mod postmortem;
mod runbooks;
mod schedules;
mod tabletop;

use super::environment::COMMAND;
use libtest_mimic::{Failed, Trial};
use std::path::{Path, PathBuf};
use std::process::Command;

pub(crate) fn trials() -> Vec<Trial> {
    let all = [escalation::trials(), postmortem::trials(), runbooks::trials(), schedules::trials(), tabletop::trials()];
    all.into_iter().flatten().collect()
}

/// What the command answered: exit code, standard output, standard error.
fn answer(arguments: &[&str]) -> Result<(i32, String, String), Failed> {
    let output = Command::new(COMMAND).arg("incident").args(arguments).output()?;
    let code = output.status.code().ok_or("a signal ended it")?;
    Ok((code, String::from_utf8(output.stdout)?, String::from_utf8(output.stderr)?))
}

/// Files that this repository keeps.
fn kept(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("incident").join(name)
}

const SOUND: &str = "
name: serving
zone: Europe/Amsterdam
people: { ada: {}, grace: {} }
roles: { primary: { maximum: 1 }, secondary: {} }
layers:
  - { name: one, role: primary, starts: 2026-01-05T02:30, every: 1 week, turns: [ada, grace] }
  - { name: two, role: secondary, starts: 2026-01-05T02:30, every: 1 week, turns: [grace, ada] }
";
