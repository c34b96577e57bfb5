//! One need against what was read. Pure: everything but the files of [`Need::File`] was read before.

use super::control::Need;
use super::evidence::{Dossier, Finding};
use super::sources::{self, Source, Trail};
use crate::drift::outcome::Verdict;
use crate::incident::escalation::Incident;
use jiff::Timestamp;
use mod_106::alerts::Severity;

/// What one need came to.
pub(super) struct Found {
    pub(super) finding: Finding,
    pub(super) sentence: String,
    pub(super) time: Option<Timestamp>,
    /// The file and its digest.
    pub(super) record: Option<(String, String)>,
    pub(super) next: Option<String>,
}

impl Found {
    fn resolved(sentence: String, time: Option<Timestamp>, record: (String, String)) -> Self {
        Self { finding: Finding::Resolved, sentence, time, record: Some(record), next: None }
    }

    fn missing(sentence: String, next: &str) -> Self {
        Self { finding: Finding::Missing, sentence, time: None, record: None, next: Some(next.to_owned()) }
    }

    fn contradicted(sentence: String, time: Option<Timestamp>, record: (String, String), next: &str) -> Self {
        Self { finding: Finding::Contradicted, sentence, time, record: Some(record), next: Some(next.to_owned()) }
    }
}

fn record<T>(source: &Source<T>) -> (String, String) {
    (source.path.clone(), source.digest.clone())
}

impl Dossier {
    /// What a need comes to.
    pub(super) fn judge(&self, need: &Need) -> Found {
        match need {
            Need::Drift { monitor, within_hours, stable } => self.drift(monitor, *within_hours, *stable),
            Need::Answered { severity, within_minutes } => self.answered(*severity, *within_minutes),
            Need::Postmortem { severity } => self.postmortem(*severity),
            Need::Audit { action } => self.audit(action),
            Need::File { path } => self.file(path),
        }
    }

    fn drift(&self, monitor: &str, within_hours: f64, stable: bool) -> Found {
        // A report from the future has a wrong clock, and would stay fresh for ever.
        let reports = self.drift.iter().filter(|source| source.content.outcome.monitor == monitor);
        let Some(last) = reports.filter(|source| source.content.at <= self.now).max_by_key(|source| source.content.at)
        else {
            let sentence = format!("no report of the monitor {monitor:?} up to {}", self.now);
            return Found::missing(sentence, "run `mod-553 drift check`, and give its report");
        };
        let (at, outcome) = (last.content.at, &last.content.outcome);
        let hours = self.now.duration_since(at).as_secs_f64() / 3600.0;
        let found = format!("{monitor}, {hours:.1} hours old: {}", outcome.why);
        if hours > within_hours {
            let sentence = format!("{found} It may be {within_hours} hours old");
            return Found::contradicted(sentence, Some(at), record(last), "find out why the monitor does not look");
        }
        match outcome.verdict {
            Verdict::Drift | Verdict::Broken if stable => {
                Found::contradicted(found, Some(at), record(last), "follow the runbook of DataDrift")
            }
            Verdict::Inconclusive | Verdict::Unresolved if stable => Found {
                finding: Finding::Missing,
                next: Some("compare more rows".to_owned()),
                ..Found::resolved(found, Some(at), record(last))
            },
            _ => Found::resolved(found, Some(at), record(last)),
        }
    }

    /// The journal that is to be believed, or why there is none.
    fn journal(&self) -> Result<&Source<Trail>, Box<Found>> {
        if let Some(broken) = self.journals.iter().find(|source| !source.content.is_sound()) {
            return Err(Box::new(cannot_be_believed(broken)));
        }
        self.journals.first().ok_or_else(|| {
            let next = "give the journal that `mod-553 incident` writes";
            Box::new(Found::missing("no journal of incidents".to_owned(), next))
        })
    }

    fn incidents(&self, severity: Severity) -> impl Iterator<Item = &Incident> {
        let all = self.journals.iter().flat_map(|source| source.content.incidents.0.values());
        all.filter(move |incident| incident.severity >= severity)
    }

    fn answered(&self, severity: Severity, within_minutes: f64) -> Found {
        let journal = match self.journal() {
            Ok(journal) => journal,
            Err(found) => return *found,
        };
        let (mut late, mut count, mut slowest) = (Vec::new(), 0, 0.0_f64);
        for incident in self.incidents(severity) {
            // What is over without anybody's answer was answered by its end.
            let answered = incident.acknowledged_at.or(incident.resolved_at);
            let minutes = answered.unwrap_or(self.now).duration_since(incident.opened_at).as_secs_f64() / 60.0;
            (count, slowest) = (count + 1, slowest.max(minutes));
            if minutes > within_minutes {
                late.push(format!("{} after {minutes:.0} minutes", incident.id));
            }
        }
        let time = self.incidents(severity).map(|incident| incident.opened_at).max();
        if late.is_empty() {
            let sentence = format!(
                "{count} incidents of severity {} or worse, the slowest answered after {slowest:.0} minutes",
                severity.word()
            );
            return Found::resolved(sentence, time, record(journal));
        }
        let sentence = format!("{} of {count} were not answered in time: {}", late.len(), late.join(", "));
        Found::contradicted(sentence, time, record(journal), "look at the schedule and the escalation policy")
    }

    fn postmortem(&self, severity: Severity) -> Found {
        let journal = match self.journal() {
            Ok(journal) => journal,
            Err(found) => return *found,
        };
        let over: Vec<&Incident> = self.incidents(severity).filter(|incident| !incident.is_open()).collect();
        let of = |id: &str| self.postmortems.iter().find(|source| source.content.facts.id == id);
        let without: Vec<&str> = over.iter().map(|it| it.id.as_str()).filter(|id| of(id).is_none()).collect();
        let time = over.iter().filter_map(|incident| incident.resolved_at).max();
        if !without.is_empty() {
            let sentence = format!("no postmortem of {}", without.join(", "));
            return Found { time, ..Found::missing(sentence, "write it with `mod-553 incident postmortem`") };
        }
        let written = over.iter().filter_map(|incident| of(&incident.id));
        let actions: Vec<_> =
            written.flat_map(|source| source.content.actions.iter().map(move |it| (source, it))).collect();
        let wrong = |standing: &str| matches!(standing, "overdue" | "unfounded");
        let bad: Vec<_> = actions.iter().filter(|(_, action)| wrong(&action.standing)).collect();
        let last = over.last().and_then(|incident| of(&incident.id)).map_or_else(|| record(journal), record);
        if let Some((source, _)) = bad.first() {
            let said: Vec<_> = bad.iter().map(|(_, action)| format!("{} is {}", action.id, action.standing)).collect();
            return Found::contradicted(said.join(", "), time, record(source), "do what follows from the incident");
        }
        Found::resolved(format!("{} postmortems, {} actions", over.len(), actions.len()), time, last)
    }

    fn audit(&self, action: &str) -> Found {
        let trails = || self.journals.iter().chain(&self.trails);
        if let Some(broken) = trails().find(|source| !source.content.is_sound()) {
            return cannot_be_believed(broken);
        }
        let entries = trails().flat_map(|source| source.content.facts.entries.iter().map(move |entry| (source, entry)));
        match entries.filter(|(_, entry)| entry.action == action).max_by_key(|(_, entry)| entry.time) {
            Some((source, entry)) => {
                let sentence = format!("{} by {}, {}, entry {}", action, entry.actor, entry.subject, entry.sequence);
                Found::resolved(sentence, Some(entry.time), record(source))
            }
            None => Found::missing(format!("no entry with the action {action:?}"), "give the trail that has it"),
        }
    }

    fn file(&self, path: &str) -> Found {
        match sources::file(&self.folder.join(path)) {
            // As the controls name it: where the folder stands is nobody's business.
            Ok(source) => Found::resolved(format!("{path} is there"), None, (path.to_owned(), source.digest)),
            Err(_) => Found::missing(format!("{path} cannot be read"), "write it, or correct the path"),
        }
    }
}

fn cannot_be_believed(source: &Source<Trail>) -> Found {
    let problem = source.content.facts.problem.as_deref().unwrap_or("its chain does not hold");
    let sentence = format!("the trail cannot be believed: {problem}");
    Found::contradicted(sentence, None, record(source), "restore it from a copy, and find out who changed it")
}
