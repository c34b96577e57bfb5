//! Known-bad submissions, as data over the same boundary that checks look through: what a submission answers (a fault proxy),
//! what its files say (edits), how its commands behave (wrappers). Nothing is recompiled.
//!
//! - `model.rs` — the mutant's file, read strictly
//! - `edits.rs` — changes to the private copy of the reference, before it starts
//! - `commands.rs` — named commands replaced, surrounded or made to fail
//! - `rule.rs` — which HTTP exchanges a fault applies to, and what it does to them
//! - `proxy.rs` — the fault proxy that applies the rules

mod commands;
mod edits;
mod model;
mod proxy;
mod rule;

pub use commands::CommandFault;
pub use edits::Edit;
pub use model::{Mutant, MutantError, load};
pub use proxy::{Accounts, FaultProxy};
pub use rule::{HttpFault, Match, Place};
