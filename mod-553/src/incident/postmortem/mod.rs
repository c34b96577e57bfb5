//! Postmortems, made from what the journal holds: nobody rewrites history afterwards, and everybody adds what was learned as notes.
//!
//! - `facts.rs`: times, impact, timeline and factors of one incident
//! - `security.rs`: what security asks: data, credentials, who was told, and requirements with what shows each
//! - `words.rs`: wording that asks what made it possible, and finds wording that asks who did it
//! - `actions.rs`: corrective actions, each with an owner, a day and evidence
//! - `evidence.rs`: whether a commit, a test, an alert rule or an audit entry is there: the only file here that looks
//! - `document.rs`: Markdown, and the same as HTML

mod actions;
mod document;
mod evidence;
mod facts;
mod security;
mod words;

pub use actions::{Actions, Checked, Standing, check};
pub use document::{Document, document};
pub use evidence::{Evidence, Look};
pub use facts::{Facts, Moment, Times, facts};
pub use security::{Met, Requirement, Requirements, Security, security};
