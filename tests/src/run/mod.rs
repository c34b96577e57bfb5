//! Runs labs: which submissions on which backends (`plan.rs`), each brought up with its world (`instance.rs`), its checks in
//! parallel and in order (`schedule.rs`), then the gates: mutants (`matrix.rs`), parity (`parity.rs`), starters (`starter.rs`).
//! `conduct.rs` goes through all of it and hands back the results; `event.rs` says what happens while it happens, `progress.rs`
//! shows it.

mod conduct;
mod event;
mod instance;
mod matrix;
mod parity;
mod plan;
pub mod progress;
mod schedule;
mod starter;
mod summary;

pub use conduct::{Request, Run, RunError, check_results, conduct};
pub use event::{CheckLine, Event, Listener};
pub use instance::{Surroundings, not_at_hand};
pub use matrix::one as mutant_result;
pub use parity::{Allowance, ParityFile};
pub use plan::{Selection, Source, Target, manifests, targets};
pub use schedule::with_all_it_follows;
pub use summary::{ALL_PASSED, FAILED, NOT_TO_BE_HAD, WRONG_USAGE};
