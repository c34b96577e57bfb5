//! How far a proposal came (`rollouts/<id>.json`), what is served (`deployments/<model>.json`), and what must never be served again
//! (`poison/<model>.json`).
//!
//! The manifest belongs to others too: only its `stable` and `canary` are touched, and whatever else it says stays.

use super::error::Error;
use super::proposal::{VERSION, Window, is_digest};
use jiff::Timestamp;
use mod_106::client::VersionNumber;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::path::Path;

/// What a training made, in a file of the trainer's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Candidate {
    /// The version in the registry.
    #[schemars(with = "String")]
    pub version: VersionNumber,
    /// `sha256:` and the digest of the model's bytes.
    pub digest: String,
    /// What it learned from; the proposal's data window.
    pub data_window: Window,
}

impl Candidate {
    /// Reads a file.
    ///
    /// # Errors
    /// [`Error::Malformed`].
    pub fn read(path: &Path) -> Result<Self, Error> {
        let place = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| Error::unreadable(&place, &error))?;
        let candidate: Self = serde_json::from_str(&text).map_err(|error| Error::malformed(&place, error))?;
        if is_digest(&candidate.digest) {
            return Ok(candidate);
        }
        let found = &candidate.digest;
        Err(Error::malformed(&place, format!("digest is {found:?}; expected `sha256:` and 64 hexadecimal digits")))
    }
}

/// One version, as the manifest says it is served.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Served {
    /// The version in the registry.
    #[schemars(with = "String")]
    pub version: VersionNumber,
    /// `sha256:` and the digest of the model's bytes.
    pub digest: String,
    /// Of a canary, its share of the traffic.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share: Option<String>,
}

/// How far a rollout came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// A part of the traffic goes to the new model.
    Canary,
    /// All of it does.
    Full,
    /// And that has proven right.
    Verified,
    /// It was taken back.
    RolledBack,
}

impl Phase {
    /// Whether somebody is still at it.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Canary | Self::Full)
    }

    /// The word in files and trailers.
    pub fn word(self) -> &'static str {
        match self {
            Self::Canary => "canary",
            Self::Full => "full",
            Self::Verified => "verified",
            Self::RolledBack => "rolled-back",
        }
    }
}

/// How far a proposal came.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rollout {
    /// The version of this shape.
    pub version: u32,
    /// Which proposal.
    pub proposal: String,
    /// How far it came.
    pub phase: Phase,
    /// What is rolled out.
    pub candidate: Candidate,
    /// What was served before.
    pub previous: Served,
    /// Who approved it: those whose approval counted when it began.
    pub approved_by: Vec<String>,
    /// Each step, with its time and why it was taken, in order.
    pub steps: Vec<Taken>,
}

/// One step of a rollout.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Taken {
    /// To which phase.
    pub to: Phase,
    /// When, RFC 3339.
    #[schemars(with = "String")]
    pub at: Timestamp,
    /// By whom.
    pub by: String,
    /// Why, in one sentence.
    pub why: String,
    /// `sha256:` and the digest of the file that was looked at, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<String>,
}

impl Rollout {
    /// Where it lies.
    pub(super) fn path(id: &str) -> String {
        format!("rollouts/{id}.json")
    }
}

/// What must never be proposed or served again.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Poison {
    /// The version of this shape.
    pub version: u32,
    /// One entry for each rollback, the oldest first.
    pub poisoned: Vec<Poisoned>,
}

/// One rollback.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Poisoned {
    /// Of which proposal.
    pub proposal: String,
    /// The model's digest.
    pub digest: String,
    /// What it had learned from.
    pub data_window: Window,
    /// Why it was taken back.
    pub reason: String,
    /// By whom.
    pub by: String,
    /// When, RFC 3339.
    #[schemars(with = "String")]
    pub at: Timestamp,
}

impl Poison {
    /// Where it lies.
    pub(super) fn path(model: &str) -> String {
        format!("poison/{model}.json")
    }

    /// One more.
    pub(super) fn with(mut self, bad: Poisoned) -> Self {
        self.version = VERSION;
        self.poisoned.push(bad);
        self
    }
}

/// A deployment's manifest: JSON of which we know two keys.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Manifest(serde_json::Map<String, Value>);

impl Manifest {
    /// Where it lies.
    pub(super) fn path(model: &str) -> String {
        format!("deployments/{model}.json")
    }

    /// Reads it; `place` is what mistakes call it.
    pub(super) fn parse(place: &str, bytes: &[u8]) -> Result<Self, Error> {
        let manifest = serde_json::from_slice(bytes).map(Self).map_err(|error| Error::malformed(place, error))?;
        manifest.side(place, "canary")?;
        manifest.stable(place)?;
        Ok(manifest)
    }

    fn side(&self, place: &str, name: &str) -> Result<Option<Served>, Error> {
        let value = self.0.get(name).filter(|value| !value.is_null()).cloned();
        let read = value.map(serde_json::from_value::<Served>).transpose();
        read.map_err(|error| Error::malformed(place, format!("`{name}`: {error}; expected a version and its digest")))
    }

    /// What is served.
    pub(super) fn stable(&self, place: &str) -> Result<Served, Error> {
        let stable = self.side(place, "stable")?;
        stable.ok_or_else(|| Error::malformed(place, "has no `stable`; expected a version and its digest"))
    }

    /// What a part of the traffic goes to.
    pub(super) fn canary(&self, place: &str) -> Result<Option<Served>, Error> {
        self.side(place, "canary")
    }

    /// The same manifest that serves something else.
    pub(super) fn serving(&self, stable: &Served, canary: Option<&Served>) -> Self {
        let mut changed = self.0.clone();
        changed.insert("stable".to_owned(), json!(stable));
        changed.insert("canary".to_owned(), json!(canary));
        Self(changed)
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        super::proposal::written(&self.0)
    }
}
