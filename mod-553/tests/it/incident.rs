//! Incidents, as a user of the command meets them.
//!
//! - `schedules`: who is on call; gaps, overlaps, zones, clocks that change
//! - `escalation`: pages, two responders at once, kills, journals that were cut
//! - `watch`: the escalation as a program that goes on until it is stopped
//! - `rehearsal`: policies tried on a clock that jumps
//! - `links`: exercises speak of what production has
//! - `tabletop`: exercises against the reference service
//! - `postmortem`: documents, and actions with their evidence
//! - `runbooks`: every procedure of ours, run

mod escalation;
mod links;
mod postmortem;
mod rehearsal;
mod runbooks;
mod schedules;
mod tabletop;
mod watch;

use super::environment::COMMAND;
use libtest_mimic::{Failed, Trial};
use std::path::{Path, PathBuf};
use std::process::Command;

pub(crate) fn trials() -> Vec<Trial> {
    let of_files = [links::trials(), rehearsal::trials(), runbooks::trials(), schedules::trials()];
    let of_incidents = [escalation::trials(), postmortem::trials(), tabletop::trials(), watch::trials()];
    of_files.into_iter().chain(of_incidents).flatten().collect()
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
