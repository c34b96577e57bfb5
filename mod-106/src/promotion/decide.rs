//! May this happen, and what would be true before and after? Pure: the registry as it was read goes in, an operation comes out.
//!
//! Gates are judged elsewhere (`gates.rs`); here it is only about order. Next: `operation.rs`, what is done one step at a time.

use super::error::Refusal;
use super::operation::{Kind, Operation, State};
use super::slots::{Aliases, Slot, Stage};
use crate::client::VersionNumber;
use std::collections::BTreeSet;

/// A registered model, as far as promotion looks at it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct View {
    /// Who stands where.
    pub aliases: Aliases,
    /// Every version there is.
    pub versions: BTreeSet<VersionNumber>,
    /// Those that were rolled back: automation must not promote them again.
    pub poisoned: BTreeSet<VersionNumber>,
    /// The last operation, open or closed.
    pub last: Option<Operation>,
}

/// What to do about a request that is allowed.
#[derive(Debug, Clone, PartialEq)]
pub enum Decision {
    /// Nothing: it is as asked. A repeated request is no error, and moves nothing.
    Already,
    /// This, after its gates.
    Act(Box<Operation>),
}

/// Who asks, when and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// A name.
    pub actor: String,
    /// The clock, passed in.
    pub time: jiff::Timestamp,
    /// Identifies the operation for ever.
    pub token: String,
    /// Free text.
    pub reason: String,
}

/// Whether a version may be promoted to a stage.
///
/// # Errors
/// [`Refusal`] says why not and what would help.
pub fn promote(view: &View, version: VersionNumber, to: Stage, request: &Request) -> Result<Decision, Refusal> {
    known(view, version)?;
    if view.aliases.get(to.slot()) == Some(version) {
        return Ok(Decision::Already);
    }
    if view.poisoned.contains(&version) {
        return Err(Refusal::Poisoned { version });
    }
    let further = Slot::ALL.into_iter().filter(|slot| *slot > to.slot() && *slot <= Slot::Champion);
    if let Some(slot) = further.into_iter().find(|slot| view.aliases.get(*slot) == Some(version)) {
        return Err(Refusal::Further { version, slot });
    }
    if let Some(before) = to.before()
        && view.aliases.get(before.slot()) != Some(version)
    {
        return Err(Refusal::NotThere { version, before, to, aliases: view.aliases.clone() });
    }
    if let Some(holder) = view.aliases.get(Slot::Canary).filter(|_| to == Stage::Canary) {
        return Err(Refusal::CanaryBusy { holder });
    }
    let mut after = view.aliases.clone();
    if let Some(before) = to.before() {
        after.set(before.slot(), None);
    }
    if let Some(old) = view.aliases.get(Slot::Champion).filter(|_| to == Stage::Champion) {
        after.set(Slot::PreviousChampion, Some(old));
    }
    after.set(to.slot(), Some(version));
    Ok(act(view, Kind::Promote, version, to.slot(), after, request))
}

/// Whether a version may be rolled back; without a version, the canary if there is one, else the champion. `restore` names the
/// champion to go back to when it shall not be the previous one.
///
/// # Errors
/// [`Refusal`] says why not and what would help.
pub fn rollback(
    view: &View,
    version: Option<VersionNumber>,
    restore: Option<VersionNumber>,
    request: &Request,
) -> Result<Decision, Refusal> {
    let standing = view.aliases.get(Slot::Canary).or(view.aliases.get(Slot::Champion));
    let is_last_word = view.last.as_ref().is_some_and(|last| last.kind == Kind::Rollback && last.after == view.aliases);
    let version = match version {
        // Somebody who presses the button twice means one rollback, not two.
        None if is_last_word => return Ok(Decision::Already),
        None => standing.ok_or(Refusal::NothingToRollBack)?,
        Some(version) => version,
    };
    known(view, version)?;
    let slots: Vec<_> = view.aliases.of(version).filter(|slot| *slot != Slot::PreviousChampion).collect();
    let Some(&slot) = slots.last() else {
        return if view.poisoned.contains(&version) {
            Ok(Decision::Already)
        } else {
            Err(Refusal::NotStanding { version, aliases: view.aliases.clone() })
        };
    };
    let mut after = view.aliases.clone();
    // Also where it waits as the previous champion: what is marked as bad must not be anybody's way back.
    view.aliases.of(version).for_each(|slot| after.set(slot, None));
    if slot == Slot::Champion {
        let previous = restore.or(view.aliases.get(Slot::PreviousChampion));
        let previous = previous.ok_or(Refusal::NoPrevious { version })?;
        known(view, previous)?;
        if view.poisoned.contains(&previous) || previous == version {
            return Err(Refusal::Poisoned { version: previous });
        }
        view.aliases.of(previous).for_each(|slot| after.set(slot, None));
        after.set(Slot::PreviousChampion, None);
        after.set(Slot::Champion, Some(previous));
    }
    Ok(act(view, Kind::Rollback, version, slot, after, request))
}

fn act(view: &View, kind: Kind, version: VersionNumber, target: Slot, after: Aliases, request: &Request) -> Decision {
    Decision::Act(Box::new(Operation {
        operation: view.last.as_ref().map_or(0, |last| last.operation) + 1,
        token: request.token.clone(),
        kind,
        version,
        target,
        actor: request.actor.clone(),
        time: request.time,
        reason: request.reason.clone(),
        before: view.aliases.clone(),
        after,
        state: State::Open,
    }))
}

fn known(view: &View, version: VersionNumber) -> Result<(), Refusal> {
    if view.versions.contains(&version) {
        return Ok(());
    }
    Err(Refusal::NoSuchVersion { version, known: view.versions.iter().copied().collect() })
}
