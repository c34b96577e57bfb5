//! The monitor as a service: it reads inference logs as they grow, cuts them into windows by the records' own clock, compares each window
//! that closes to the reference, and tells whoever minds: once, and again when it is over.
//!
//! | File | What it holds |
//! |---|---|
//! | `windows` | where a record belongs: an open window, one that is closed, or a clock that jumped |
//! | `open` | a window that still takes records: a profile and the requests it has seen |
//! | `looks` | for whoever looks every hour: a watch over each column |
//! | `hysteresis` | from verdicts of single windows to alerts that do not flap |
//! | `state` | all of it in one file that is replaced whole: a service that is killed goes on where it was |
//! | `logs` | log files under a folder or a bucket's prefix, read from where they were left |
//! | `pass` | one round: read, place, close, compare, report |
//! | `serve` | rounds without end, and `/metrics`, `/windows` and `/healthz` |
//!
//! What was read and what came of it stand in the same file, so a record counts once however often the service is killed.

mod hysteresis;
mod logs;
mod looks;
mod open;
mod pass;
mod serve;
mod state;
mod windows;

pub use hysteresis::{Change, Hysteresis};
pub use logs::Logs;
pub use pass::{Closed, Passed, Reference, Watchtower};
pub use serve::{Serving, serve};
pub use state::{Counters, Line, State};
pub use windows::{Place, Windows};
