//! Tabletop exercises: a scenario breaks the reference service for real, on a clock that runs faster; people or a file of decisions
//! answer what they see; a rubric says how it went.
//!
//! - `scenario.rs`: what breaks when, what can be done about it, and what would have been right
//! - `decision.rs`: what a responder can say, on a terminal or in a file
//! - `exposition.rs`, `signal.rs`: the service's metrics, and alerts from them, with windows, minimum counts and `for`
//! - `world.rs`: the service, its model and its callers
//! - `stage.rs`: around the service, or on paper; either way the clock goes on by steps
//! - `play.rs`: the exercise, step by step; pages go through `escalation`, into a journal like any other
//! - `timeline.rs`, `impact.rs`: what happened, as JSON Lines and Markdown, and what it cost
//! - `score.rs`: the rubric, a pure function of the timeline

mod decision;
mod exposition;
mod impact;
mod play;
mod scenario;
mod score;
mod signal;
mod stage;
mod timeline;
mod world;

pub use decision::{Decision, Decisions, WORDS};
pub use impact::Impact;
pub use play::{Ended, Exercise, play};
pub use scenario::{Action, Effect, PaperAlert, Scenario};
pub use score::{Line, Rubric, Score, score};
pub use signal::Signals;
pub use timeline::{Entry, What, markdown};
