//! The reference inference service: a small honest model that screens payments, served, instrumented and logged as a real one would
//! be, with faults that can be switched on to rehearse what to do about them.
//!
//! | Room | What it holds |
//! |---|---|
//! | `population` | the world: payments as they come, and which of them are fraud |
//! | `rows` | payments with the truth about them, drawn or read from a file |
//! | `model` | a logistic regression, its file, and what training saw |
//! | `fit` | fitting it |
//! | `train` | the training job, instrumented too |
//! | `spend` | what the budget's policy lets be spent on words |
//! | `explain` | why a payment was declined, in words, and what those words cost |
//! | `faults` | what can be broken on purpose |
//! | `state` | what the service holds while it runs: its deployments, its faults, what it remembers |
//! | `wire` | requests, answers and refusals |
//! | `predict` `feedback` `admin` | the routes |
//! | `serve` | the two doors, and stopping without losing anything |
//! | `traffic` | callers, drawn from the same population, who tell later what was true |
//!
//! The API and the management door are two addresses: callers have no business with metrics, nor with faults. Where something before
//! the service sorts that out, `one_door` shows metrics on the API's address, too; faults and rollouts never are.

mod admin;
mod error;
mod explain;
mod faults;
mod feedback;
mod fit;
mod model;
mod population;
mod predict;
mod rows;
mod serve;
mod spend;
mod state;
mod traffic;
mod train;
mod wire;

pub use error::Error;
pub use faults::Faults;
pub use model::{Evaluation, Feature, Model};
pub use population::{Payment, Population};
pub use rows::{Labelled, drawn, write as write_rows};
pub use serve::{Settings, serve};
pub use traffic::{Caller, Report, Traffic, send};
pub use train::{Data, Job, train};
