//! Incidents: who is called, in which order, what they do, and what is learned from it.
//!
//! | Room | What is in it |
//! |---|---|
//! | `schedule/` | who is on call at which instant, and an exact check for gaps, double cover and daylight-saving days |
//! | `escalation/` | from an alert to somebody who has it in hand: a state machine and its journal |
//! | `tabletop/` | an exercise against the reference service, scored |
//! | `postmortem/` | what is learned: a document from the events, and actions with evidence |
//! | `yaml` | files that people write, read strictly: every mistake with its line and column |
//! | `error` | why something was refused, and the exit code that it stands for |
//!
//! Every decision is a pure function of its data and of a time that is passed in; files, clocks and processes stay at the ends.

mod error;
pub mod escalation;
pub mod postmortem;
pub mod schedule;
pub mod tabletop;
mod yaml;

pub use error::Error;
