//! The pages that are out, as alerts. `mod_106::alerts` knows which of them a receiver was told already, tells the others, and
//! resolves those that are gone: sending is asking for "these are all", as often as one likes.

use super::event::{Incident, Incidents};
use jiff::Timestamp;
use mod_106::alerts::Alert;
use std::collections::BTreeMap;

/// What an alert of ours is called.
const NAME: &str = "OnCallPage";

/// All pages of all incidents that nobody answered yet.
#[must_use]
pub fn firing(state: &Incidents) -> Vec<Alert> {
    let paging = state.0.values().filter(|incident| incident.is_paging());
    paging
        .flat_map(|incident| {
            incident.pages.iter().filter(|(_, page)| page.episode == incident.episode).map(|page| alert(incident, page))
        })
        .collect()
}

fn alert(incident: &Incident, (at, page): &(Timestamp, super::Page)) -> Alert {
    let mut alert =
        Alert::new(NAME, incident.severity, page.person.clone(), format!("{}: {}", incident.id, incident.title));
    alert.description = format!(
        "{} is hurt. Acknowledge: mod-553 incident acknowledge {} --by {}",
        incident.service, incident.id, page.person
    );
    let labels = [
        ("incident", incident.id.clone()),
        ("episode", page.episode.to_string()),
        ("round", page.round.to_string()),
        ("level", page.level.to_string()),
    ];
    alert.labels = labels.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let runbook = incident.runbook.iter().map(|runbook| ("runbook".to_owned(), runbook.clone()));
    alert.annotations = BTreeMap::from_iter(runbook);
    alert.starts_at = Some(*at);
    alert
}
