//! The journal: an operation is written down as an intent, with what holds before and after, before anything is done.
//!
//! All that is done follows from the intent and nothing else. The tempting wrong choice is to look at the registry again when
//! resuming and to decide anew: after a crash between two steps the old champion is no longer to be seen there, and the new one
//! would be kept as its own predecessor. `properties.rs` holds that mistake as a twin, and shows that the tests see it.

use super::slots::{Aliases, Slot};
use crate::client::VersionNumber;
use serde::{Deserialize, Serialize};

/// What an operation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// One stage further.
    Promote,
    /// Out of its stage, for good.
    Rollback,
}

impl Kind {
    /// The word in the audit trail's actions.
    pub fn noun(self) -> &'static str {
        match self {
            Self::Promote => "promotion",
            Self::Rollback => "rollback",
        }
    }
}

/// How far an operation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Decided, and to be finished whatever happens.
    Open,
    /// Done.
    Closed,
}

/// An operation, as the model's tag `promotion.journal` holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operation {
    /// Counted from 1 for each model.
    pub operation: u64,
    /// Unique for ever.
    pub token: String,
    /// Forward or back.
    pub kind: Kind,
    /// Which version.
    pub version: VersionNumber,
    /// Where to; of a rollback, where from.
    pub target: Slot,
    /// Who asked.
    pub actor: String,
    /// When it was decided.
    pub time: jiff::Timestamp,
    /// Why.
    #[serde(default)]
    pub reason: String,
    /// Who stood where when it was decided.
    pub before: Aliases,
    /// Who stands where when it is done.
    pub after: Aliases,
    /// How far it is.
    pub state: State,
}

/// One thing to do; twice is as good as once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Mark a version so that automation does not promote it again.
    Poison(VersionNumber),
    /// Point an alias at a version.
    Point(Slot, VersionNumber),
    /// Remove an alias.
    Remove(Slot),
    /// Note on a version what it is now.
    Mark(VersionNumber, &'static str),
    /// Note the operation on its version.
    Record,
}

impl Operation {
    /// What to do, in an order in which every prefix is a state that readers can live with: there is a champion throughout, and
    /// the way back is prepared before it can be needed.
    pub fn steps(&self) -> Vec<Step> {
        let mut steps = Vec::new();
        if self.kind == Kind::Rollback {
            // First: between the other steps a scheduled job may look for something to promote.
            steps.push(Step::Poison(self.version));
        }
        let changed = || Slot::ALL.into_iter().rev().filter(|slot| self.before.get(*slot) != self.after.get(*slot));
        steps.extend(changed().filter_map(|slot| Some(Step::Point(slot, self.after.get(slot)?))));
        steps.extend(changed().filter(|slot| self.after.get(*slot).is_none()).map(Step::Remove));
        steps.extend(self.marks().into_iter().map(|(version, mark)| Step::Mark(version, mark)));
        steps.push(Step::Record);
        steps
    }

    /// What the versions that this operation moves are afterwards.
    fn marks(&self) -> Vec<(VersionNumber, &'static str)> {
        let moved = Slot::ALL.into_iter().flat_map(|slot| [self.before.get(slot), self.after.get(slot)]).flatten();
        let mut moved: Vec<_> =
            moved.filter(|version| self.place(&self.before, *version) != self.place(&self.after, *version)).collect();
        moved.sort_unstable();
        moved.dedup();
        moved
            .into_iter()
            .map(|version| match self.place(&self.after, version) {
                Some(slot) => (version, slot.alias()),
                None if version == self.version && self.kind == Kind::Rollback => (version, "rolled-back"),
                None => (version, "retired"),
            })
            .collect()
    }

    fn place(&self, aliases: &Aliases, version: VersionNumber) -> Option<Slot> {
        let slots: Vec<_> = aliases.of(version).collect();
        slots.iter().copied().find(|slot| *slot == Slot::Champion).or(slots.last().copied())
    }

    /// Whether somebody else moved an alias in the middle of it: one that stands neither where it stood nor where it shall.
    pub fn disturbed(&self, now: &Aliases) -> Option<(Slot, Option<VersionNumber>)> {
        let slots = Slot::ALL.into_iter().map(|slot| (slot, now.get(slot)));
        slots.into_iter().find(|(slot, held)| *held != self.before.get(*slot) && *held != self.after.get(*slot))
    }

    /// The operation, done.
    #[must_use]
    pub fn closed(&self) -> Self {
        Self { state: State::Closed, ..self.clone() }
    }
}

/// Whether a step is to be seen in the registry already. Marks are cheap, and simply written again.
pub(super) fn is_done(step: Step, aliases: &Aliases) -> bool {
    match step {
        Step::Point(slot, version) => aliases.get(slot) == Some(version),
        Step::Remove(slot) => aliases.get(slot).is_none(),
        Step::Poison(_) | Step::Mark(..) | Step::Record => false,
    }
}
