//! Promotion: a model version's way from candidate over staging and canary to champion, and the way back.
//!
//! What is decided is pure and knows neither network nor clock; what is done is one effect at a time, each of which may be done
//! twice, so that a promotion killed anywhere is finished by whoever comes next, on any machine. Read on the data's way:
//!
//! | File | What it knows |
//! |---|---|
//! | `slots` | the aliases, their order, and who stands where |
//! | `policy` | how strict to be: a YAML file, or the defaults |
//! | `facts` `approval` `gates` | what is known about a version, and what that means: pass, fail or unknown |
//! | `canary/` | is the canary worse than the champion: pass, fail or inconclusive |
//! | `decide` | may this happen, and what would be true before and after |
//! | `operation` | the journal: an intent, its steps, and which of them are done already |
//! | `lease` | one promoter at a time, as well as MLflow lets us |
//! | `registry` | reading all of this from the tracking server, and doing one step |
//! | `conduct` | a request from decision and gates to its answer |
//! | `carry` | the order: lease, journal, steps, close; and what others left open |
//! | `deployments` | the same operation shown as a GitHub deployment |
//!
//! # What MLflow's API cannot do
//!
//! It has no compare-and-swap: an alias or a tag is written whatever stood there. So two promoters cannot be kept apart for
//! certain by tags alone; `lease.rs` says how close we come and what is left. What is left does no silent harm: before each step
//! the registry is read again, and where it is neither as before nor as after the operation, we stop and say so.

mod approval;
pub mod canary;
mod carry;
mod conduct;
mod decide;
mod deployments;
mod error;
mod facts;
mod gates;
mod lease;
mod operation;
mod policy;
#[cfg(test)]
mod properties;
mod registry;
mod slots;

pub use approval::{Approval, key_of};
pub use conduct::{Conductor, Finish, Settings, Setup};
pub use decide::{Decision, View, promote, rollback};
pub use deployments::Deployments;
pub use error::{Error, INTERRUPTED, Refusal};
pub use facts::{Evidence, Facts, Review};
pub use gates::{Finding, Gate, Outcome, judge};
pub use lease::Lease;
pub use operation::{Kind, Operation, State, Step};
pub use policy::Policy;
pub use registry::{Moment, Registry};
pub use slots::{Aliases, Slot, Stage};
