//! Overrides: somebody takes responsibility for going on although a budget says otherwise, for a reason and until a time. They stand in
//! an audit trail (`mod_106::audit`), each line chained to the one before, so that nobody can have said it otherwise afterwards. An
//! override without an end is none: it is how a budget is abolished by accident.

use super::error::Error;
use jiff::Timestamp;
use mod_106::audit::{self, Event, Trail};
use serde::Serialize;
use serde_json::json;
use std::path::Path;

const GRANTED: &str = "finops.override.granted";
const REVOKED: &str = "finops.override.revoked";

/// Leave to go on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Override {
    /// Of which budget.
    pub budget: String,
    /// Who answers for it.
    pub owner: String,
    /// Why.
    pub reason: String,
    /// Since when.
    pub granted_at: Timestamp,
    /// Until when.
    pub until: Timestamp,
}

/// Grants one, and writes it down.
///
/// # Errors
/// Nobody answers for it, there is no reason, or it ends too late or not after `now`; a trail that cannot be written.
pub fn grant(path: &Path, granted: &Override, max_hours: i64) -> Result<(), Error> {
    for (what, text) in [("budget", &granted.budget), ("owner", &granted.owner), ("reason", &granted.reason)] {
        if text.trim().is_empty() {
            return Err(Error::Input(format!(
                "the override has no {what}; expected one, for whoever reads the trail next year"
            )));
        }
    }
    let lasts = granted.until.as_second() - granted.granted_at.as_second();
    if lasts <= 0 {
        return Err(Error::Refused(format!(
            "the override ends at {}, which is over; expected a time to come",
            granted.until
        )));
    }
    if lasts > max_hours * 3_600 {
        return Err(Error::Refused(format!(
            "the override lasts {} hours, and the policy allows {max_hours}; whoever needs longer raises the budget",
            lasts / 3_600
        )));
    }
    let detail = json!({ "owner": granted.owner, "reason": granted.reason, "until": granted.until });
    let event = Event::new(&granted.owner, GRANTED, format!("budget:{}", granted.budget), detail);
    verified(path)?;
    Trail::new(path).append(&event, granted.granted_at)?;
    Ok(())
}

/// Ends all overrides of a budget.
///
/// # Errors
/// A trail that cannot be written.
pub fn revoke(path: &Path, budget: &str, owner: &str, now: Timestamp) -> Result<(), Error> {
    verified(path)?;
    let event = Event::new(owner, REVOKED, format!("budget:{budget}"), json!({}));
    Trail::new(path).append(&event, now)?;
    Ok(())
}

/// All that was granted and not revoked, whether it still holds or not. Without a file none was ever granted.
///
/// # Errors
/// A trail that cannot be read, or is not what it was.
pub fn read(path: &Path) -> Result<Vec<Override>, Error> {
    let mut granted: Vec<Override> = Vec::new();
    for entry in verified(path)? {
        let Some(budget) = entry.subject.strip_prefix("budget:") else { continue };
        let text = |name: &str| entry.detail.get(name).and_then(serde_json::Value::as_str).unwrap_or_default();
        match entry.action.as_str() {
            GRANTED => {
                let until = text("until").parse().map_err(|_| {
                    Error::malformed(
                        path.display(),
                        format!("an override of {budget} until `{}`", text("until")),
                        "a time",
                    )
                })?;
                let (owner, reason) = (text("owner").to_owned(), text("reason").to_owned());
                granted.push(Override { budget: budget.to_owned(), owner, reason, granted_at: entry.time, until });
            }
            REVOKED => granted.retain(|granted| granted.budget != budget),
            _ => {}
        }
    }
    Ok(granted)
}

/// The one that holds now, if one does.
pub fn holding<'a>(granted: &'a [Override], budget: &str, now: Timestamp) -> Option<&'a Override> {
    granted.iter().rev().find(|granted| granted.budget == budget && granted.granted_at <= now && now < granted.until)
}

fn verified(path: &Path) -> Result<Vec<audit::Entry>, Error> {
    if !path.exists() {
        return Ok(Vec::new());
    }
    Ok(audit::verify(path, None)?.entries)
}
