//! Lab 4 of MOD-553: retraining automation. Each check makes a bare repository of its own and files that other programs would write, runs
//! the submission's commands with a given clock, and looks at the repository with git alone.
//!
//! | File | What it holds |
//! |---|---|
//! | `scene` | the repository, the policy, signals by seed, and the chain of commands |
//! | `decide` | hysteresis, cool-down, budget, silence, what counts once |
//! | `propose` | evidence, money, twice is once, approvals |
//! | `rollout` | canary, verification, revert, poison |
//! | `trouble` | concurrent pushes, kills, malformed input |

mod decide;
mod propose;
mod rollout;
mod scene;
mod trouble;

use crate::check::{Check, Need};

/// The lab's folder.
pub const FOLDER: &str = "mod-553/labs/lab-4-retraining-automation";

/// Its checks.
pub const CHECKS: &[Check] = &[
    decide::WINDOWS,
    decide::TREMBLING,
    decide::ONCE,
    decide::ALERTS,
    decide::COOL_DOWN,
    decide::BUDGET,
    decide::SILENCE,
    decide::CLOCK,
    propose::EVIDENCE,
    propose::MONEY,
    propose::WORTH,
    propose::TWICE,
    propose::OWN,
    propose::EXPIRED,
    propose::CHANGED,
    rollout::CANARY,
    rollout::GOOD,
    rollout::BAD,
    rollout::FEW,
    rollout::VERIFIED,
    rollout::REVERT,
    rollout::POISON,
    trouble::CONCURRENT,
    trouble::KILLED,
    trouble::MALFORMED,
];

/// All commands and git: each check walks a part of the same way.
const NEEDS: &[Need] = &[
    Need::Command("decide"),
    Need::Command("propose"),
    Need::Command("approve"),
    Need::Command("roll-out"),
    Need::Command("verify"),
    Need::Command("roll-back"),
    Need::Command("resume"),
    Need::Tool("git"),
];
