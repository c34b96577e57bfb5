//! The checks of MOD-106's lab 5, governance. A submission is seven commands that turn what a tracking server and an audit trail hold
//! into documents and runbooks; the checks fill the server themselves, at random, and look for every fact again.
//!
//! - `story.rs`: a registered model with its past, made over the wire, and an audit trail in a file
//! - `document.rs`: what a command wrote, as data, as Markdown and as a page
//! - the rest: the questions, one file a document

mod approvals;
mod card;
mod compliance;
mod document;
mod messages;
mod runbooks;
mod safety;
mod story;
mod trail;

use crate::check::Check;

/// Where the lab's data lives, seen from the repository's root.
pub const FOLDER: &str = "mod-106/labs/lab-5-governance";

/// The lab's checks in declared order.
pub const CHECKS: &[Check] = &[
    card::FACTS,
    card::PEOPLE,
    card::GAPS,
    card::SLICES,
    card::HISTORY,
    compliance::RESOLVES,
    compliance::MISSING,
    compliance::ARTIFACT,
    compliance::REPORT,
    trail::PAGE,
    trail::BROKEN,
    trail::CUT,
    approvals::RECORD,
    approvals::OWN,
    approvals::OTHERS,
    messages::RELEASE,
    messages::INCIDENT,
    messages::DEPRECATION,
    messages::UNFOUNDED,
    safety::HOSTILE,
    safety::SAME,
    safety::DOWN,
    runbooks::DEPLOY,
    runbooks::ROLLBACK,
    runbooks::ROTATE,
    runbooks::RESTORE,
    runbooks::DRIFT,
    runbooks::STOPS,
    runbooks::DRY,
];
