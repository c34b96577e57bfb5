//! A window that still takes records: a profile, and which requests it has seen, so that a log that is delivered twice counts once.

use super::looks::{self, Arrived, Seen};
use crate::drift::error::Error;
use crate::drift::order::Kept;
use crate::drift::pairs::MOST_NEW;
use crate::inference_log::{FEATURE, Record, Shape, Value};
use crate::profile::{self, Profile};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// Requests that a window remembers: eight bytes each. Beyond it duplicates are no longer told apart, and the outcome says so.
const MOST_REMEMBERED: usize = 2_000_000;

/// A window that takes records.
#[derive(Clone, Debug, Default)]
pub(super) struct Open {
    profile: Profile,
    seen: BTreeSet<u64>,
    waiting: Vec<Record>,
    pub(super) arrived: Arrived,
    /// Values in the order of their times, by column; only where the spec asks for it.
    pub(super) in_order: BTreeMap<String, Kept>,
    /// Features that the reference does not have, and how many records have them.
    pub(super) unknown: BTreeMap<String, u64>,
    pub(super) duplicates: u64,
}

/// What of a record is looked at, besides its columns.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted<'a> {
    /// Columns that a watch looks at.
    pub(super) watched: &'a BTreeMap<String, Seen>,
    /// Columns whose order counts.
    pub(super) in_order: &'a BTreeSet<String>,
    /// What the reference has.
    pub(super) shape: &'a Shape,
}

/// The window in the state file.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Written {
    profile: String,
    seen: String,
    arrived: Arrived,
    #[serde(default)]
    in_order: BTreeMap<String, Kept>,
    #[serde(default)]
    unknown: BTreeMap<String, u64>,
    duplicates: u64,
}

impl Open {
    /// Takes a record; false, when it has seen this request.
    pub(super) fn take(&mut self, record: Record, wanted: Wanted<'_>) -> bool {
        if self.seen.len() < MOST_REMEMBERED && !self.seen.insert(fingerprint(&record.request_id)) {
            self.duplicates += 1;
            return false;
        }
        looks::keep(&mut self.arrived, wanted.watched, &record);
        for name in wanted.in_order {
            if let Some(number) = number(&record, name) {
                self.in_order.entry(name.clone()).or_default().take(record.time.as_microsecond(), number);
            }
        }
        for name in record.features.keys().filter(|name| !wanted.shape.features.contains_key(*name)) {
            if let Some(count) = self.unknown.get_mut(name) {
                *count += 1;
            } else if self.unknown.len() < MOST_NEW {
                self.unknown.insert(name.clone(), 1);
            }
        }
        self.waiting.push(record);
        true
    }

    /// How many records it holds.
    pub(super) fn records(&self) -> u64 {
        self.profile.rows + self.waiting.len() as u64
    }

    /// Whether it still knows every request that it has seen.
    pub(super) fn remembers_all(&self) -> bool {
        self.seen.len() < MOST_REMEMBERED
    }

    /// Sketches the records that wait.
    pub(super) fn sketch(&mut self, shape: &Shape) -> Result<(), Error> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let malformed = |found: String| profile::Error::Malformed { what: "a window's records".to_owned(), found };
        let batch = shape.batch(&self.waiting).map_err(|error| malformed(error.to_string()))?;
        self.profile.see(&batch)?;
        self.waiting.clear();
        Ok(())
    }

    /// What all its records are like.
    pub(super) fn into_profile(self) -> Profile {
        self.profile
    }

    pub(super) fn written(&self) -> Written {
        let seen: Vec<u8> = self.seen.iter().flat_map(|hash| hash.to_le_bytes()).collect();
        Written {
            profile: profile::write(&self.profile),
            seen: STANDARD.encode(seen),
            arrived: self.arrived.clone(),
            in_order: self.in_order.clone(),
            unknown: self.unknown.clone(),
            duplicates: self.duplicates,
        }
    }

    pub(super) fn restored(name: &str, written: &Written) -> Result<Self, profile::Error> {
        let malformed = |found: String| profile::Error::Malformed { what: name.to_owned(), found };
        let bytes = STANDARD.decode(&written.seen).map_err(|error| malformed(error.to_string()))?;
        let seen = bytes.as_chunks::<8>().0.iter().map(|chunk| u64::from_le_bytes(*chunk)).collect();
        let profile = profile::parse(name, &written.profile)?;
        let arrived = written.arrived.clone();
        let (in_order, unknown) = (written.in_order.clone(), written.unknown.clone());
        Ok(Self { profile, seen, waiting: Vec::new(), arrived, in_order, unknown, duplicates: written.duplicates })
    }
}

/// A record's number in a column.
fn number(record: &Record, column: &str) -> Option<f64> {
    let number = match (column.strip_prefix(FEATURE), column) {
        (Some(feature), _) => match record.features.get(feature)? {
            Value::Number(number) => *number,
            _ => return None,
        },
        (None, "score") => record.score?,
        (None, "latency_ms") => record.latency_ms,
        _ => return None,
    };
    number.is_finite().then_some(number)
}

/// Eight bytes of a request's name: among a million requests two are alike with a chance of 3 in 10⁸.
fn fingerprint(request_id: &str) -> u64 {
    let digest = Sha256::digest(request_id.as_bytes());
    digest.iter().take(8).fold(0, |number, byte| (number << 8) | u64::from(*byte))
}
