//! What can become of a check. Only two verdicts are the learner's: `Failed` and `TimedOut`. Everything the environment or
//! the harness did wrong has a verdict of its own, costs no points and marks the grade incomplete.
//! Next on the data's way: `run.rs` collects verdicts, `report/` prints them.

use serde::{Deserialize, Serialize};

/// The outcome of one check on one submission.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The submission did what the check asks.
    Passed,
    /// The submission answered, and answered wrongly.
    Failed,
    /// The submission did not answer within the check's own time limit.
    TimedOut,
    /// The world or the submission's environment did not come up; the learner's clock never started.
    EnvironmentNotReady,
    /// The harness itself is at fault.
    HarnessError,
    /// A check that this one follows did not pass, so running it would prove nothing.
    Blocked,
    /// The submission does not claim the capability that this check needs.
    NotClaimed,
    /// The world that this check needs is not to be had on this machine.
    NotRun,
}

impl Verdict {
    /// Every verdict, in the order reports list them.
    pub const ALL: [Self; 8] = [
        Self::Passed,
        Self::Failed,
        Self::TimedOut,
        Self::EnvironmentNotReady,
        Self::HarnessError,
        Self::Blocked,
        Self::NotClaimed,
        Self::NotRun,
    ];

    /// Whether the learner answers for it: such a verdict loses the rubric line's points.
    #[must_use]
    pub fn costs_points(self) -> bool {
        matches!(self, Self::Failed | Self::TimedOut | Self::Blocked)
    }

    /// Whether the check proved anything about the submission; what did not leaves the denominator.
    #[must_use]
    pub fn counts(self) -> bool {
        self == Self::Passed || self.costs_points()
    }

    /// The verdict in words, as people read it.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::TimedOut => "timed out",
            Self::EnvironmentNotReady => "environment not ready",
            Self::HarnessError => "harness error",
            Self::Blocked => "blocked by an earlier check",
            Self::NotClaimed => "not claimed",
            Self::NotRun => "not run",
        }
    }
}
