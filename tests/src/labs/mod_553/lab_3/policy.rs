//! Escalation as the brief tells it, minute by minute: a policy drawn by seed and written as YAML, events written as JSON Lines, and
//! everybody who must be told, computed here from the sentences of the brief alone.

use super::plan::{Minute, Plan};
use crate::check::Fault;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// Who is told in which order.
#[derive(Clone)]
pub(super) struct Policy {
    pub(super) plan: Plan,
    /// Roles or people, and how many minutes they have.
    pub(super) levels: Vec<(Vec<&'static str>, i64)>,
    pub(super) rounds: u32,
    pub(super) fallback: Vec<&'static str>,
    /// In minutes.
    pub(super) reopen: i64,
}

/// Something happens to an alert, so many minutes after the beginning.
#[derive(Clone)]
pub(super) struct Event {
    pub(super) minute: i64,
    pub(super) fingerprint: String,
    pub(super) what: What,
}

/// What.
#[derive(Clone)]
pub(super) enum What {
    /// Delivered, having begun at this minute.
    Firing(i64),
    Acknowledged(&'static str),
    Resolved,
}

/// Somebody is told: the minute, the alert, who, the round, the level, and why.
pub(super) type Told = (i64, String, String, u64, u64, String);

#[derive(Clone, Copy, PartialEq)]
enum Phase {
    Notified,
    Exhausted,
    Acknowledged,
    Resolved,
}

#[derive(Clone)]
struct Incident {
    fingerprint: String,
    phase: Phase,
    episode: u32,
    round: u32,
    level: usize,
    since: i64,
    paged: BTreeSet<(u32, u32, usize, &'static str)>,
    acknowledged: Option<i64>,
    resolved: Option<i64>,
}

/// What is to be told, and where each incident ends: alert, state, and the minutes at which it was acknowledged and resolved.
pub(super) struct Truth {
    pub(super) told: Vec<Told>,
    pub(super) incidents: Vec<(String, String, Option<i64>, Option<i64>)>,
}

/// The instant so many minutes after the beginning.
pub(super) fn after(begins: Timestamp, minute: i64) -> Timestamp {
    begins + SignedDuration::from_mins(minute)
}

impl Policy {
    /// As the brief has it; its schedule lies beside it.
    pub(super) fn yaml(&self) -> String {
        let mut text = "name: lab\nschedule: schedule.yaml\nlevels:\n".to_owned();
        for (notify, wait) in &self.levels {
            let _ = writeln!(text, "  - {{ notify: [{}], wait: {wait} min }}", notify.join(", "));
        }
        let _ = writeln!(text, "rounds: {}\nreopen_within: {} min", self.rounds, self.reopen);
        if !self.fallback.is_empty() {
            let _ = writeln!(text, "fallback: [{}]", self.fallback.join(", "));
        }
        text
    }

    /// All that must happen within so many minutes.
    pub(super) fn truth(&self, events: &[Event], begins: Timestamp, lasts: i64) -> Result<Truth, Fault> {
        let mut by_minute: BTreeMap<i64, Vec<&Event>> = BTreeMap::new();
        for event in events {
            by_minute.entry(event.minute).or_default().push(event);
        }
        let (mut incidents, mut told) = (Vec::<Incident>::new(), Vec::new());
        let minutes = self.plan.minutes(begins, after(begins, lasts + 1))?;
        for (minute, clocks) in (0..).zip(minutes) {
            for event in by_minute.get(&minute).into_iter().flatten() {
                self.happens(event, &mut incidents, &clocks, &mut told);
            }
            for incident in incidents.iter_mut().filter(|it| it.phase == Phase::Notified) {
                if minute >= incident.since + self.levels[incident.level - 1].1 {
                    self.page_next(incident, minute, &clocks, &mut told);
                    continue;
                }
                let (episode, round, level) = (incident.episode, incident.round, incident.level);
                for person in self.reached(level, &clocks) {
                    if incident.paged.insert((episode, round, level, person)) {
                        told.push(line(incident, minute, person, level, "hand-over"));
                    }
                }
            }
        }
        told.sort();
        let ends = incidents.into_iter().map(|it| {
            let state = match it.phase {
                Phase::Notified => "notified",
                Phase::Exhausted => "exhausted",
                Phase::Acknowledged => "acknowledged",
                Phase::Resolved => "resolved",
            };
            (it.fingerprint, state.to_owned(), it.acknowledged, it.resolved)
        });
        let mut ends: Vec<_> = ends.collect();
        ends.sort();
        Ok(Truth { told, incidents: ends })
    }

    fn happens(&self, event: &Event, incidents: &mut Vec<Incident>, clocks: &Minute, told: &mut Vec<Told>) {
        let minute = event.minute;
        let of_alert = |it: &&mut Incident| it.fingerprint == event.fingerprint && it.phase != Phase::Resolved;
        let open = incidents.iter_mut().find(of_alert);
        match (&event.what, open) {
            (What::Acknowledged(_), Some(incident)) => {
                incident.phase = Phase::Acknowledged;
                incident.acknowledged = incident.acknowledged.or(Some(minute));
            }
            (What::Resolved, Some(incident)) => {
                (incident.phase, incident.resolved) = (Phase::Resolved, Some(minute));
            }
            (What::Firing(starts), None) => self.fires(event, *starts, incidents, clocks, told),
            // Open already, or not there.
            _ => {}
        }
    }

    fn fires(&self, event: &Event, starts: i64, incidents: &mut Vec<Incident>, clocks: &Minute, told: &mut Vec<Told>) {
        let minute = event.minute;
        let over = |it: &Incident| it.resolved.is_some_and(|end| starts <= end);
        if incidents.iter().any(|it| it.fingerprint == event.fingerprint && over(it)) {
            return;
        }
        let soon = |it: &&mut Incident| {
            it.fingerprint == event.fingerprint && it.resolved.is_some_and(|end| minute - end <= self.reopen)
        };
        if let Some(incident) = incidents.iter_mut().rev().find(soon) {
            (incident.episode, incident.round, incident.level) = (incident.episode + 1, 0, 0);
            incident.resolved = None;
            self.page_next(incident, minute, clocks, told);
            return;
        }
        let mut incident = Incident {
            fingerprint: event.fingerprint.clone(),
            phase: Phase::Notified,
            episode: 0,
            round: 0,
            level: 0,
            since: minute,
            paged: BTreeSet::new(),
            acknowledged: None,
            resolved: None,
        };
        self.page_next(&mut incident, minute, clocks, told);
        incidents.push(incident);
    }

    fn page_next(&self, incident: &mut Incident, minute: i64, clocks: &Minute, told: &mut Vec<Told>) {
        incident.round = incident.round.max(1);
        incident.phase = Phase::Notified;
        loop {
            incident.level += 1;
            if incident.level > self.levels.len() {
                (incident.round, incident.level) = (incident.round + 1, 1);
            }
            if incident.round > self.rounds {
                (incident.phase, incident.round) = (Phase::Exhausted, self.rounds);
                let level = self.levels.len() + 1;
                told.extend(self.fallback.iter().map(|person| line(incident, minute, person, level, "fallback")));
                return;
            }
            let people = self.reached(incident.level, clocks);
            if !people.is_empty() {
                incident.since = minute;
                for person in people {
                    incident.paged.insert((incident.episode, incident.round, incident.level, person));
                    told.push(line(incident, minute, person, incident.level, "escalation"));
                }
                return;
            }
        }
    }

    /// Who a level reaches then: the people of its roles, and those it names.
    fn reached(&self, level: usize, clocks: &Minute) -> Vec<&'static str> {
        let mut people = Vec::new();
        for &name in &self.levels[level - 1].0 {
            match self.plan.roles.iter().position(|role| role.name == name) {
                Some(role) => people.extend(self.plan.on_call(role, clocks)),
                None => people.push(name),
            }
        }
        let mut seen = BTreeSet::new();
        people.retain(|person| seen.insert(*person));
        people
    }
}

fn line(incident: &Incident, minute: i64, person: &str, level: usize, reason: &str) -> Told {
    let (fingerprint, level) = (incident.fingerprint.clone(), level as u64);
    (minute, fingerprint, person.to_owned(), u64::from(incident.round), level, reason.to_owned())
}

/// Events as JSON Lines, in the order of time.
pub(super) fn json_lines(events: &[Event], begins: Timestamp) -> String {
    let mut sorted: Vec<_> = events.iter().collect();
    sorted.sort_by_key(|event| event.minute);
    let line = |event: &&Event| -> Value {
        let (at, fingerprint) = (after(begins, event.minute).to_string(), &event.fingerprint);
        match event.what {
            What::Firing(starts) => {
                let (starts, title) = (after(begins, starts).to_string(), format!("{fingerprint} fires"));
                json!({ "at": at, "event": "firing", "fingerprint": fingerprint, "starts_at": starts, "title": title,
                        "severity": "critical", "service": "payments" })
            }
            What::Acknowledged(by) => {
                json!({ "at": at, "event": "acknowledged", "fingerprint": fingerprint, "by": by })
            }
            What::Resolved => json!({ "at": at, "event": "resolved", "fingerprint": fingerprint, "by": "monitor" }),
        }
    };
    sorted.iter().map(|event| format!("{}\n", line(event))).collect()
}
