//! The places that a version can stand in, which are aliases of its registered model, and who stands where.

use crate::client::VersionNumber;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// An alias that promotion owns. Other aliases of a model are nobody's business here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Slot {
    /// Chosen for promotion.
    Candidate,
    /// Deployed where no customer sees it.
    Staging,
    /// Takes a share of the traffic beside the champion.
    Canary,
    /// Takes the traffic.
    Champion,
    /// The champion before, kept for the way back.
    PreviousChampion,
}

impl Slot {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Candidate, Self::Staging, Self::Canary, Self::Champion, Self::PreviousChampion];

    /// The alias's name.
    pub fn alias(self) -> &'static str {
        match self {
            Self::Candidate => "candidate",
            Self::Staging => "staging",
            Self::Canary => "canary",
            Self::Champion => "champion",
            Self::PreviousChampion => "previous-champion",
        }
    }

    /// The slot of an alias's name.
    pub fn of(alias: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|slot| slot.alias() == alias)
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.alias())
    }
}

/// A slot that a version can be promoted to: the previous champion's is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// The first: anybody may propose a version.
    Candidate,
    /// After tests and validation.
    Staging,
    /// After approval.
    Canary,
    /// After the canary did well.
    Champion,
}

impl Stage {
    /// Its slot.
    pub fn slot(self) -> Slot {
        match self {
            Self::Candidate => Slot::Candidate,
            Self::Staging => Slot::Staging,
            Self::Canary => Slot::Canary,
            Self::Champion => Slot::Champion,
        }
    }

    /// Where a version must stand to be promoted here. No stage can be skipped.
    pub fn before(self) -> Option<Self> {
        match self {
            Self::Candidate => None,
            Self::Staging => Some(Self::Candidate),
            Self::Canary => Some(Self::Staging),
            Self::Champion => Some(Self::Canary),
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.slot().fmt(formatter)
    }
}

/// Which version stands where.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Aliases(BTreeMap<Slot, VersionNumber>);

impl Aliases {
    /// The version in a slot.
    pub fn get(&self, slot: Slot) -> Option<VersionNumber> {
        self.0.get(&slot).copied()
    }

    /// Puts a version into a slot, or empties it.
    pub fn set(&mut self, slot: Slot, version: Option<VersionNumber>) {
        match version {
            Some(version) => self.0.insert(slot, version),
            None => self.0.remove(&slot),
        };
    }

    /// The slots that hold a version.
    pub fn of(&self, version: VersionNumber) -> impl Iterator<Item = Slot> {
        self.0.iter().filter(move |(_, held)| **held == version).map(|(slot, _)| *slot)
    }
}

impl FromIterator<(Slot, VersionNumber)> for Aliases {
    fn from_iter<I: IntoIterator<Item = (Slot, VersionNumber)>>(items: I) -> Self {
        Self(items.into_iter().collect())
    }
}

impl fmt::Display for Aliases {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return formatter.write_str("none");
        }
        let texts: Vec<_> = self.0.iter().map(|(slot, version)| format!("{slot}={version}")).collect();
        formatter.write_str(&texts.join(", "))
    }
}
