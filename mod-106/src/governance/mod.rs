//! Governance documents, generated from what the tracking server and the audit trail hold, and from nothing else: what nobody
//! recorded shows as a gap, and what contradicts itself is refused.
//!
//! Read → judge → render; only the two ends do I/O.
//!
//! - `dossier.rs`: reads everything about one model version; every artifact is hashed as it is now
//! - `trail.rs`: the audit trail with what its verification says
//! - `stated.rs`, `stated.toml`: what only people can say (owner, intended use, limits), by the tags that say it
//! - `approval.rs`: which approvals count, and why the others do not
//! - `card.rs`: the model card
//! - `report.rs`: what the validation report says, as far as documents repeat it
//! - `control.rs`, `resolve.rs`: controls as data, each resolved to evidence that is verified again
//! - `message.rs`: release, incident and deprecation notices
//! - `runbook/`: procedures as Markdown whose commands run
//! - `render.rs`, `templates/`: Markdown; the HTML page is made from it, so both say the same

mod approval;
mod card;
mod control;
mod dossier;
mod error;
mod message;
mod render;
mod report;
mod resolve;
pub mod runbook;
mod stated;
mod trail;

pub use approval::{Approval, ApprovalRecord, ApprovalRules};
pub use card::Card;
pub use control::{Control, Controls, Kind, Need};
pub use dossier::{Dossier, File, read};
pub use error::Error;
pub use message::{Message, MessageKind};
pub use render::{Document, card, compliance, message, record, trail_page};
pub use report::Report;
pub use resolve::{Compliance, Evidence, Finding, Line};
pub use stated::Stated;
pub use trail::{ChainState, TrailFacts};

use crate::client::{Client, Run};

/// The run of the version that was champion before, for messages that compare.
///
/// # Errors
/// What the client says.
pub async fn run_before(client: &Client, dossier: &Dossier) -> Result<Option<Run>, Error> {
    match message::compared_with(dossier) {
        Some(version) => dossier::run_of(client, version).await,
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests;
