//! What goes wrong in earnest, tried on the real `lab-runner`: wrong words, malformed folders, submissions that misbehave, services
//! that answer nonsense, Docker that is not there or dies, a full disk, two runs at once, and signals. Each must end with a clear
//! message, the right verdict and exit code, and nothing left behind.
//!
//! - `words.rs` — what is typed: labs, folders, manifests
//! - `submissions.rs` — what a learner's folder does: exits, hangs, floods, takes a port
//! - `servers.rs` — what an attached service answers: garbage, nothing, half an answer
//! - `machine.rs` — what the machine does: no Docker, a full disk, a proxy in the environment, two runs, signals

mod machine;
mod servers;
mod submissions;
mod words;

use libtest_mimic::Trial;

/// Every case as a test by its own name.
pub(crate) fn trials() -> Vec<Trial> {
    [words::cases(), submissions::cases(), servers::cases(), machine::cases()].into_iter().flatten().collect()
}

/// One case: a name and what is tried.
type Case = (&'static str, fn());

fn tests(room: &str, cases: &[Case]) -> Vec<Trial> {
    let test = |&(name, case): &Case| {
        Trial::test(format!("bad-input::{room}::{name}"), move || {
            case();
            Ok(())
        })
    };
    cases.iter().map(test).collect()
}
