//! Retraining: from a signal to a proposal, approvals, a rollout, its verification, and back again if need be. A bare git repository is
//! the only place of truth: each step is one commit, and a step that was killed either happened or did not.
//!
//! - `policy.rs`: the file that says when, for how much money, and with whose consent
//! - `signal.rs`: drift reports, estimates of performance and alerts, read into observations
//! - `trigger.rs`: one trigger's state machine: hysteresis over consecutive windows (pure)
//! - `ledger.rs`: all triggers of a model, and the dead-man's switch (pure)
//! - `standing.rs`: whether a retraining is due, and if not, why not in one sentence (pure)
//! - `impact.rs`: what the loss costs, with its interval, in exact decimals (pure)
//! - `proposal.rs`, `approval.rs`, `rollout.rs`: what is written into the repository
//! - `store.rs`, `lock.rs`: commits by compare-and-swap, and locks that a killed process left
//! - `act.rs`, `roll.rs`, `resume.rs`: the steps, each from what the repository says to one commit
//!
//! No process remembers anything: there is no state file beside the repository that could disagree with it. Commits are made of the
//! given clock and the given files alone, so that a chain that was killed ends at the very commit at which an undisturbed one ends.

mod act;
mod approval;
mod error;
mod impact;
mod ledger;
mod lock;
mod policy;
#[cfg(test)]
mod properties;
mod proposal;
mod resume;
mod roll;
mod rollout;
mod schema;
mod signal;
mod standing;
mod store;
mod trigger;

pub use act::{Answer, Desk, Outcome};
pub use approval::{Approval, Counted};
pub use error::Error;
pub use impact::{Impact, Worth, impact};
pub use ledger::{Ignored, Ledger};
pub use policy::{Policy, Source, Trigger};
pub use proposal::{Evidence, Proposal, Window};
pub use resume::Inputs;
pub use rollout::{Candidate, Phase, Poison, Poisoned, Rollout, Served};
pub use schema::{Documents, schema};
pub use signal::{Files, Observation, Performance, Reading};
pub use standing::{Past, Standing, Why, standing};
pub use store::{Change, Snapshot, Store};
pub use trigger::{Level, State, Step};
