//! One line of the trail, and its digest.
//!
//! The digest is taken over the line's own bytes up to `,"digest":`, closed by a brace. The tempting wrong choice is to parse the
//! line and write it again in some canonical form: two languages then differ over how a float or an escape is written, and an
//! honest trail looks forged. Next: `trail.rs` appends lines.

use crate::digest::hex;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

/// What the first entry's `previous` says.
pub const GENESIS: &str = "sha256:0000000000000000000000000000000000000000000000000000000000000000";

/// What happened, before it has a place in the chain.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Who did it.
    pub actor: String,
    /// What was done, such as `promotion.completed`.
    pub action: String,
    /// To what, such as `model:fraud/3`.
    pub subject: String,
    /// Everything else that a later reader needs.
    pub detail: Map<String, Value>,
}

impl Event {
    /// An event; `detail` is a JSON object, anything else counts as empty.
    pub fn new(actor: &str, action: &str, subject: impl Into<String>, detail: Value) -> Self {
        let detail = if let Value::Object(detail) = detail { detail } else { Map::new() };
        Self { actor: actor.to_owned(), action: action.to_owned(), subject: subject.into(), detail }
    }
}

/// An event with its place in the chain.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Counted from 1, without gaps.
    pub sequence: u64,
    /// When it was written down, by the writer's clock.
    pub time: jiff::Timestamp,
    /// Who did it.
    pub actor: String,
    /// What was done.
    pub action: String,
    /// To what.
    pub subject: String,
    /// Everything else.
    pub detail: Map<String, Value>,
    /// The digest of the entry before, or [`GENESIS`].
    pub previous: String,
    /// `sha256:` and 64 hexadecimal digits. Last, because it covers all that stands before it.
    pub digest: String,
}

impl Entry {
    /// Puts an event behind the entry before it.
    pub(super) fn chain(event: &Event, time: jiff::Timestamp, before: Option<&Self>) -> Self {
        let mut entry = Self {
            sequence: before.map_or(0, |before| before.sequence) + 1,
            time,
            actor: event.actor.clone(),
            action: event.action.clone(),
            subject: event.subject.clone(),
            detail: event.detail.clone(),
            previous: before.map_or_else(|| GENESIS.to_owned(), |before| before.digest.clone()),
            digest: String::new(),
        };
        let line = serde_json::to_string(&entry).unwrap_or_default();
        entry.digest = covered(&line).map(digest_of).unwrap_or_default();
        entry
    }

    /// The line, without its line end.
    pub fn line(&self) -> String {
        // Strings, numbers and maps with text keys: there is nothing in an entry that JSON cannot say.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// The part of a line that its digest covers. The last occurrence counts: a detail may well quote another entry's digest.
pub(super) fn covered(line: &str) -> Option<&str> {
    line.rfind(",\"digest\":").map(|end| &line[..end])
}

/// The digest of a covered part.
pub(super) fn digest_of(covered: &str) -> String {
    let digest = Sha256::new().chain_update(covered).chain_update("}").finalize();
    digest_text(&digest)
}

/// A SHA-256 digest as trails, tags and documents write it: `sha256:` and 64 hexadecimal digits.
pub fn digest_text(digest: &[u8]) -> String {
    format!("sha256:{}", hex(digest))
}

#[cfg(test)]
mod tests {
    use super::{Entry, Event, GENESIS, covered, digest_of};
    use serde_json::json;

    #[test]
    fn an_entry_is_written_in_this_order_and_chained() {
        let event = Event::new("ada", "promotion.completed", "model:fraud/3", json!({ "to": "champion" }));
        let first = Entry::chain(&event, "2026-01-02T03:04:05Z".parse().unwrap(), None);
        insta::assert_snapshot!(first.line(), @r#"{"sequence":1,"time":"2026-01-02T03:04:05Z","actor":"ada","action":"promotion.completed","subject":"model:fraud/3","detail":{"to":"champion"},"previous":"sha256:0000000000000000000000000000000000000000000000000000000000000000","digest":"sha256:5f9344940197c75b5aa498e88726c7cbe4327090c4c44db206714f3039c60ca7"}"#);
        let second = Entry::chain(&event, "2026-01-02T03:04:06Z".parse().unwrap(), Some(&first));
        assert_eq!((first.previous.as_str(), second.previous, second.sequence), (GENESIS, first.digest, 2));
    }

    #[test]
    fn a_digest_quoted_in_a_detail_is_covered_too() {
        let line = r#"{"detail":{"x":",\"digest\":"},"digest":"sha256:ab"}"#;
        assert_eq!(covered(line), Some(r#"{"detail":{"x":",\"digest\":"}"#));
        // SHA-256 of `{}`, as any other tool computes it.
        assert_eq!(digest_of("{"), "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a");
    }
}
