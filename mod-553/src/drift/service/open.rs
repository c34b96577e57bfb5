//! A window that still takes records: a profile, and which requests it has seen, so that a log that is delivered twice counts once.

use super::looks::{self, Arrived, Seen};
use crate::drift::error::Error;
use crate::inference_log::{Record, Shape};
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
    pub(super) duplicates: u64,
}

/// The window in the state file.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Written {
    profile: String,
    seen: String,
    arrived: Arrived,
    duplicates: u64,
}

impl Open {
    /// Takes a record; false, when it has seen this request.
    pub(super) fn take(&mut self, record: Record, watched: &BTreeMap<String, Seen>) -> bool {
        if self.seen.len() < MOST_REMEMBERED && !self.seen.insert(fingerprint(&record.request_id)) {
            self.duplicates += 1;
            return false;
        }
        looks::keep(&mut self.arrived, watched, &record);
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
            duplicates: self.duplicates,
        }
    }

    pub(super) fn restored(name: &str, written: &Written) -> Result<Self, profile::Error> {
        let malformed = |found: String| profile::Error::Malformed { what: name.to_owned(), found };
        let bytes = STANDARD.decode(&written.seen).map_err(|error| malformed(error.to_string()))?;
        let seen = bytes.as_chunks::<8>().0.iter().map(|chunk| u64::from_le_bytes(*chunk)).collect();
        let profile = profile::parse(name, &written.profile)?;
        let arrived = written.arrived.clone();
        Ok(Self { profile, seen, waiting: Vec::new(), arrived, duplicates: written.duplicates })
    }
}

/// Eight bytes of a request's name: among a million requests two are alike with a chance of 3 in 10⁸.
fn fingerprint(request_id: &str) -> u64 {
    let digest = Sha256::digest(request_id.as_bytes());
    digest.iter().take(8).fold(0, |number, byte| (number << 8) | u64::from(*byte))
}
