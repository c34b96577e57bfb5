//! Escalation: from an alert to somebody who has it in hand, as a state machine that knows no clock, no file and no network.
//!
//! ```text
//! triggered ─► notified (level 1) ─► notified (level 2) ─► … ─► exhausted
//!     │              │ acknowledge         │                       │
//!  quiet hours       └───────► acknowledged ◄────────────────────── ┘
//!                                │   ▲ snooze ends: notified (level 1)
//!                                ▼   │
//!                              snoozed        any ─► resolved ─► (the alert again, soon) notified (level 1)
//! ```
//!
//! What happens is decided from what happened, the policy, the schedule and a time: [`decide`] gives events, [`Incidents::apply`]
//! folds them into the state. The journal holds the events, so a restart is the same fold; pages are what the state says is
//! firing, so that nobody has to remember whether one was sent.
//!
//! - `policy.rs`: levels, waits, quiet hours; the YAML that they are read from
//! - `event.rs`: what can happen, and the state that follows
//! - `machine.rs`: the decisions
//! - `journal.rs`: the events on disk, decided and appended under one lock
//! - `replay.rs`: events from a file, decided on a clock that jumps from one to the next
//! - `words.rs`: events as sentences
//! - `pages.rs`: the state's pages as alerts, which `mod_106::alerts` delivers once each

mod event;
mod journal;
mod machine;
mod pages;
mod policy;
#[cfg(test)]
mod properties;
mod replay;
mod words;

pub use event::{Event, Incident, Incidents, NoteKind, Page, Phase, Reason};
pub use journal::{Journal, Written};
pub use machine::{Input, Trigger, decide, due};
pub use pages::firing;
pub use policy::{After, Level, Policy};
pub use replay::{Notification, Replayed, Script, replay};
pub use words::sentence;
