//! A check, as data plus one async function. A check looks at what a submission answers over HTTP, on the command line and
//! in its files, and at nothing else. Points and hints live in the lab's `lab.toml`; what is *done* lives here.
//! Next on the data's way: `context.rs` is what a check is given, `run.rs` schedules it.

use crate::context::Context;
use std::{future::Future, pin::Pin, time::Duration};

/// One black-box question to a submission.
#[derive(Clone, Copy)]
pub struct Check {
    /// Kebab-case, unique in its lab, stable for ever: reports and mutants name it.
    pub id: &'static str,
    /// What is asked, as a sentence a learner can read.
    pub title: &'static str,
    /// Checks that must have passed, or this one proves nothing and is *blocked*.
    pub follows: &'static [&'static str],
    /// What the submission must offer, or this check is *not claimed* or *not run*.
    pub needs: &'static [Need],
    /// The learner's clock for this check alone.
    pub limit: Duration,
    /// Changes the deployment under everybody's feet (restart, rotation): runs alone, after all others, in declared order.
    pub exclusive: bool,
    /// The question itself.
    pub run: fn(Context) -> CheckFuture,
}

/// What a check's function returns.
pub type CheckFuture = Pin<Box<dyn Future<Output = Result<(), Fault>> + Send>>;

/// Something that a submission may or may not offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// A capability listed under `[capabilities] claims`.
    Claim(&'static str),
    /// A named command under `[commands]`.
    Command(&'static str),
    /// An account under `[accounts]`.
    Account(&'static str),
    /// The harness started the submission and may restart it (not so with `--attach`).
    Restart,
    /// The submission's processes can be listed.
    Processes,
    /// The submission's output and log files can be read.
    Logs,
    /// The submission says which files hold its secrets.
    Secrets,
    /// The harness owns the S3 bucket and can look into it.
    Bucket,
    /// A name under `[files]`.
    File(&'static str),
    /// A program that judges, which must be on this machine.
    Tool(&'static str),
}

/// Why a check did not pass. Which variant it is decides who pays.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Fault {
    /// The submission's fault: it costs points.
    #[error("{what}: expected {expected}, found {actual}")]
    Failed {
        /// What was looked at.
        what: String,
        /// What a correct submission shows.
        expected: String,
        /// What this one showed.
        actual: String,
    },
    /// The world's fault: it costs nothing.
    #[error("the environment is not ready: {0}")]
    Environment(String),
    /// Our own fault: it costs nothing.
    #[error("the harness failed: {0}")]
    Harness(String),
    /// The question cannot be put here.
    #[error("not run: {0}")]
    NotRun(String),
}

impl Fault {
    /// A failure of the submission.
    pub fn failed(what: impl Into<String>, expected: impl Into<String>, actual: impl Into<String>) -> Self {
        Self::Failed { what: what.into(), expected: expected.into(), actual: actual.into() }
    }
}
