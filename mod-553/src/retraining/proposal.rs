//! A proposal: what was seen, what it costs to do nothing, what it costs to act, and from which data the next model learns. It is written
//! once and never changed; whoever approves it approves these bytes. Its id is a digest of the evidence and the data window, so that
//! proposing twice is proposing once, on whatever machine.

use super::impact::Impact;
use jiff::Timestamp;
use mod_106::digest::hex;
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::fmt;

/// The version of everything that is written; it rises when a reader of older files would misread newer ones.
pub(super) const VERSION: u32 = 1;

/// A stretch of time: from its start, up to and without its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// Its first moment, RFC 3339.
    #[schemars(with = "String")]
    pub start: Timestamp,
    /// The first moment after it.
    #[schemars(with = "String")]
    pub end: Timestamp,
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to {}", self.start, self.end)
    }
}

/// One window of one signal that speaks for a retraining.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// Which trigger it raised.
    pub trigger: String,
    /// The name of the file, without its folder.
    pub file: String,
    /// `sha256:` and the digest of the file's bytes.
    pub digest: String,
    /// What it is about.
    pub window: Window,
    /// What it said, in the trigger's unit.
    pub value: f64,
    /// It in words.
    pub says: String,
}

/// What is proposed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Proposal {
    /// The version of this shape.
    pub version: u32,
    /// 16 hexadecimal digits of the evidence's digest.
    pub id: String,
    /// Which model is to be retrained.
    pub model: String,
    /// Why, in one sentence.
    pub why: String,
    /// What was seen.
    pub evidence: Vec<Evidence>,
    /// What the next model learns from.
    pub data_window: Window,
    /// What is expected of it, and what it costs.
    pub impact: Impact,
    /// Who proposes.
    pub proposed_by: String,
    /// When, RFC 3339.
    #[schemars(with = "String")]
    pub proposed_at: Timestamp,
    /// Until when it may be approved and begun.
    #[schemars(with = "String")]
    pub expires_at: Timestamp,
    /// How many have to approve it.
    pub approvals_needed: u32,
}

impl Proposal {
    /// Where it lies.
    pub(super) fn path(id: &str) -> String {
        format!("proposals/{id}.json")
    }

    /// What it takes out of the budget.
    pub fn cost(&self) -> Decimal {
        self.impact.cost
    }
}

/// The id of a proposal from what speaks for it: SHA-256 over the canonical JSON of model, windows with their digests, and data window.
pub(super) fn id_of(model: &str, evidence: &[Evidence], data_window: Window) -> String {
    let seen: Vec<_> = evidence.iter().map(|one| json!([one.trigger, one.digest, one.window])).collect();
    let text = json!([model, seen, data_window]).to_string();
    hex(&Sha256::digest(text.as_bytes()))[..16].to_owned()
}

/// `sha256:` and the digest of these bytes.
pub(super) fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", hex(&Sha256::digest(bytes)))
}

/// Whether this is `sha256:` and 64 lower-case hexadecimal digits.
pub(super) fn is_digest(text: &str) -> bool {
    let digits = text.strip_prefix("sha256:").unwrap_or_default();
    digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

/// Whether this can be the id of a proposal.
pub(super) fn is_id(text: &str) -> bool {
    text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// A document as it is written: keys in the order of the type, two spaces, a newline at the end.
pub(super) fn written<T: Serialize>(document: &T) -> Vec<u8> {
    let mut text =
        serde_json::to_string_pretty(document).expect("documents hold texts, finite numbers and lists of them");
    text.push('\n');
    text.into_bytes()
}
