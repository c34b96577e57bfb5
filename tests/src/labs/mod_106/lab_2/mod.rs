//! MOD-106 lab 2, "Build a promotion pipeline": what its commands must do. Its rubric, points and hints are in
//! `mod-106/labs/lab-2-promotion-pipeline/lab.toml`; here is what is done to find out.
//!
//! - `stages.rs` `gates.rs` — the way up, and what bars it
//! - `canary.rs` `rollback.rs` — what the figures decide, and the way back
//! - `interruption.rs` — twice, killed, two at once
//! - `trail.rs` — the audit trail
//! - `deployments.rs` — GitHub
//! - `workflows.rs` — the GitHub Actions workflows, without running them
//! - `pipeline.rs` — what these are written with: a model with everything a promotion asks for

mod canary;
mod deployments;
mod gates;
mod interruption;
mod pipeline;
mod rollback;
mod stages;
mod trail;
mod workflows;

use crate::check::Check;

/// Where the lab's data lives, seen from the repository's root.
pub const FOLDER: &str = "mod-106/labs/lab-2-promotion-pipeline";

/// The lab's checks in declared order.
pub const CHECKS: &[Check] = &[
    stages::WALK,
    stages::SKIP,
    stages::DRY_RUN,
    gates::UNTESTED,
    gates::INVALID,
    gates::CHANGED,
    gates::STALE,
    gates::UNSIGNED,
    gates::SELF_APPROVAL,
    gates::OTHER_REPORT,
    canary::GOOD,
    canary::TOO_FEW,
    canary::WORSE,
    rollback::RESTORES,
    rollback::TWICE,
    rollback::STAYS_OUT,
    interruption::REPEATED,
    interruption::KILLED,
    interruption::TWO_AT_ONCE,
    trail::WHOLE,
    trail::TAMPERED,
    deployments::ONCE,
    deployments::REVIEWERS,
    workflows::READ,
    workflows::SCHEMA,
    workflows::ZIZMOR,
    workflows::TESTS,
    workflows::APPROVAL,
    workflows::ROLLOUT,
    workflows::ROLLBACK,
    workflows::NO_WAY_AROUND,
    workflows::CONCURRENCY,
    workflows::PINS,
    workflows::PERMISSIONS,
    workflows::KEYS,
];
