//! The alert playbook: for each alert what it says, how loud, who minds, where its runbook is, and what to type first; checked in both
//! directions, and rendered as a page for whoever is new on call.
//!
//! A link that leads nowhere is found by whoever follows it at three in the morning, unless a program follows it before.
//!
//! | Room | What it holds |
//! |---|---|
//! | `entry` | the entries, read from the rules that Prometheus will really load |
//! | `runbooks` | the sections of the runbooks, with their first commands |
//! | `check` | alert ↔ runbook ↔ owner ↔ first command, both ways |
//! | `render` | the page |

mod check;
mod entry;
mod render;
mod runbooks;

pub use check::{Problem, check};
pub use entry::{Entry, Error, entries};
pub use render::page;
pub use runbooks::{Section, sections};
