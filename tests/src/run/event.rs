//! What happens in a run, said while it happens: one JSON object a line for programs, or a line for people (`progress.rs`). Events
//! repeat no reports; the results come at the end.

use crate::{
    backend::Backend,
    results::{CheckResult, Finding, Gate, MutantResult, ParityResult, Summary},
    verdict::Verdict,
};
use serde::Serialize;
use std::sync::Arc;

/// One thing that happened.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A submission is being brought up.
    Starting {
        /// `mod-106/lab-1`
        lab: String,
        /// Where.
        backend: Backend,
        /// Whose.
        submission: String,
        /// How many checks will follow.
        checks: usize,
    },
    /// It answers.
    Ready {
        /// `mod-106/lab-1`
        lab: String,
        /// Where.
        backend: Backend,
        /// How long that took.
        ready_ms: u64,
    },
    /// A check has its verdict.
    Checked(CheckLine),
    /// Mutants are about to run.
    Mutants {
        /// `mod-106/lab-1`
        lab: String,
        /// How many.
        count: usize,
    },
    /// A mutant was killed, or was not.
    Mutant(Box<MutantResult>),
    /// Two backends differ.
    Difference(Box<ParityResult>),
    /// A condition on the whole run was decided.
    Gate(Gate),
    /// The run is over.
    Finished {
        /// The run's seed.
        seed: u64,
        /// At a glance.
        summary: Box<Summary>,
    },
}

/// A check's verdict, without its transcript.
#[derive(Clone, Debug, Serialize)]
pub struct CheckLine {
    /// `mod-106/lab-1`
    pub lab: String,
    /// Where.
    pub backend: Backend,
    /// Unique in its lab.
    pub id: String,
    /// What is asked.
    pub title: String,
    /// What became of it.
    pub verdict: Verdict,
    /// How long it took.
    pub duration_ms: u64,
    /// What was seen, when it did not pass.
    pub finding: Option<Finding>,
    /// What to do about it.
    pub hint: Option<String>,
}

impl From<&CheckResult> for CheckLine {
    fn from(check: &CheckResult) -> Self {
        Self {
            lab: check.lab.clone(),
            backend: check.backend,
            id: check.id.clone(),
            title: check.title.clone(),
            verdict: check.verdict,
            duration_ms: check.duration_ms,
            finding: check.finding.clone(),
            hint: check.hint.clone(),
        }
    }
}

/// Whoever wants to know.
pub type Listener = Arc<dyn Fn(&Event) + Send + Sync>;
