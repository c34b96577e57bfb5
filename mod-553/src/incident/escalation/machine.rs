//! The decisions: from a state, an input and a time to the events that follow. Nothing here waits, reads or sends.
//!
//! Two promises hold whatever comes in whichever order, and `properties.rs` tries to break them: nobody is paged while somebody has
//! the incident in hand, and an incident that nobody takes reaches the last level.

use super::super::Error;
use super::super::schedule::{self, Schedule, length};
use super::event::{Event, Incident, Incidents, NoteKind, Phase, Reason};
use super::policy::Policy;
use jiff::{SignedDuration, Timestamp};
use mod_106::alerts::Severity;

/// What comes in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// An alert fires.
    Trigger(Trigger),
    /// Somebody takes it.
    Acknowledge {
        /// Who.
        by: String,
    },
    /// Somebody puts it off.
    Snooze {
        /// Who.
        by: String,
        /// For how long.
        lasts: SignedDuration,
    },
    /// Somebody gives it to somebody else.
    HandOver {
        /// Who has it.
        from: String,
        /// Who shall have it.
        to: String,
    },
    /// It is worse, or less bad, than it seemed.
    Reclassify {
        /// Who says so.
        by: String,
        /// How bad it is.
        severity: Severity,
    },
    /// Something for the timeline.
    Note {
        /// Who says it.
        by: String,
        /// What it is.
        kind: NoteKind,
        /// The words.
        text: String,
    },
    /// It is over.
    Resolve {
        /// Who says so: a person, or the monitor.
        by: String,
        /// Why it happened.
        cause: Option<String>,
    },
    /// Time has passed.
    Tick,
}

/// An alert that fires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trigger {
    /// By what the same alert is known again.
    pub key: String,
    /// One line.
    pub title: String,
    /// How bad it is.
    pub severity: Severity,
    /// What is hurt.
    pub service: String,
    /// What to do about it.
    pub runbook: Option<String>,
    /// When the alert itself says that it began. Whoever delivers alerts does so at least once: what began before an incident's end
    /// belongs to it, and does not open it again.
    pub starts_at: Option<Timestamp>,
}

/// What follows from an input: the events of one incident, by its name. An alert that is open already, or a time at which nothing
/// is due, gives no events.
///
/// # Errors
/// [`Error::Input`] for people and incidents that do not exist; [`Error::Refused`] for what the state does not allow.
pub fn decide(
    state: &Incidents,
    id: Option<&str>,
    input: &Input,
    policy: &Policy,
    now: Timestamp,
) -> Result<(String, Vec<Event>), Error> {
    if let Input::Trigger(trigger) = input {
        return Ok(triggered(state, trigger, policy, now));
    }
    let id = id.unwrap_or_default();
    let incident = state.0.get(id).ok_or_else(|| {
        let open: Vec<_> = state.0.values().filter(|it| it.is_open()).map(|it| it.id.as_str()).collect();
        let open = if open.is_empty() { "none".to_owned() } else { open.join(", ") };
        Error::Input(format!("found incident {id:?}, expected one of the journal; open are: {open}"))
    })?;
    let events = match input {
        Input::Tick => ticked(incident, policy, now),
        Input::Note { by, kind, text } => {
            // Also when it is over: what is learned later belongs to it.
            is_person(&policy.schedule, by)?;
            vec![Event::Noted { by: by.clone(), kind: *kind, text: text.clone() }]
        }
        Input::Resolve { by, cause } => resolved(incident, by, cause.as_ref())?,
        _ => answered(incident, input, policy, now)?,
    };
    Ok((id.to_owned(), events))
}

/// When time alone will change something: the next level, newcomers on call, the end of quiet hours or of a snooze.
#[must_use]
pub fn due(incident: &Incident, policy: &Policy) -> Option<Timestamp> {
    match &incident.phase {
        Phase::Triggered => Some(incident.level_since),
        Phase::Held { until } | Phase::Snoozed { until, .. } => Some(*until),
        Phase::Notified => {
            let level = policy.levels.get(incident.level.saturating_sub(1))?;
            let next = incident.level_since + level.wait;
            let change = newcomers_at(incident, policy, next);
            Some(change.map_or(next, |change| change.min(next)))
        }
        Phase::Exhausted | Phase::Acknowledged { .. } | Phase::Resolved => None,
    }
}

fn triggered(state: &Incidents, trigger: &Trigger, policy: &Policy, now: Timestamp) -> (String, Vec<Event>) {
    let late = |known: &&Incident| {
        let over = known.resolved_at.zip(trigger.starts_at).is_some_and(|(end, start)| start <= end);
        known.key == trigger.key && over
    };
    if let Some(known) = state.0.values().find(late) {
        return (known.id.clone(), Vec::new());
    }
    match state.last_of(&trigger.key) {
        Some(last) if last.is_open() => return (last.id.clone(), Vec::new()),
        Some(last) if last.resolved_at.is_some_and(|end| now.duration_since(end) <= policy.reopen_within) => {
            let mut after = last.clone();
            (after.phase, after.episode, after.round, after.level) = (Phase::Triggered, last.episode + 1, 0, 0);
            let events = std::iter::once(Event::Reopened).chain(page_next(&after, policy, now));
            return (last.id.clone(), events.collect());
        }
        _ => {}
    }
    let id = state.next_id();
    let Trigger { key, title, severity, service, runbook, starts_at: _ } = trigger.clone();
    let opened = Event::Opened { key, title, severity, service, runbook };
    let mut after = Incidents::default();
    after.apply(&id, now, &opened);
    let events = std::iter::once(opened).chain(page_next(&after.0[&id], policy, now)).collect();
    (id, events)
}

fn resolved(incident: &Incident, by: &str, cause: Option<&String>) -> Result<Vec<Event>, Error> {
    if incident.is_open() {
        return Ok(vec![Event::Resolved { by: by.to_owned(), cause: cause.cloned() }]);
    }
    Err(Error::Refused(format!("{} is resolved already; add what you learned with a note", incident.id)))
}

/// What people decide about an open incident.
fn answered(incident: &Incident, input: &Input, policy: &Policy, now: Timestamp) -> Result<Vec<Event>, Error> {
    let refused = |reason: String| Err(Error::Refused(format!("{}: {reason}", incident.id)));
    if !incident.is_open() {
        return refused("it is resolved; if it is back, its alert opens it again".to_owned());
    }
    match input {
        Input::Acknowledge { by } => {
            is_person(&policy.schedule, by)?;
            match &incident.phase {
                Phase::Acknowledged { by: other } if other == by => Ok(Vec::new()),
                Phase::Acknowledged { by: other } => {
                    refused(format!("{other} has acknowledged it already; hand it over, or add a note to help"))
                }
                _ => Ok(vec![Event::Acknowledged { by: by.clone() }]),
            }
        }
        Input::Snooze { by, lasts } => {
            is_person(&policy.schedule, by)?;
            if *lasts > policy.longest_snooze {
                let (found, longest) = (length(lasts.as_secs()), length(policy.longest_snooze.as_secs()));
                return refused(format!("found a snooze of {found}, expected at most {longest}"));
            }
            Ok(vec![Event::Snoozed { by: by.clone(), until: now + *lasts }])
        }
        Input::HandOver { from, to } => {
            is_person(&policy.schedule, from)?;
            is_person(&policy.schedule, to)?;
            match &incident.phase {
                Phase::Acknowledged { by } if by == from => {
                    Ok(vec![Event::HandedOver { from: from.clone(), to: to.clone() }])
                }
                Phase::Acknowledged { by } => refused(format!("{by} has it in hand, not {from}")),
                _ => refused("nobody has it in hand yet; acknowledge it instead".to_owned()),
            }
        }
        Input::Reclassify { by, severity } => {
            is_person(&policy.schedule, by)?;
            let mut after = incident.clone();
            after.severity = *severity;
            let mut events = vec![Event::Reclassified { by: by.clone(), severity: *severity }];
            // What waited for the morning does not wait any longer when it is worse.
            if matches!(incident.phase, Phase::Held { .. }) && quiet_until(&after, policy, now).is_none() {
                events.extend(page_next(&after, policy, now));
            }
            Ok(events)
        }
        Input::Trigger(_) | Input::Note { .. } | Input::Resolve { .. } | Input::Tick => Ok(Vec::new()),
    }
}

fn ticked(incident: &Incident, policy: &Policy, now: Timestamp) -> Vec<Event> {
    match &incident.phase {
        Phase::Triggered => page_next(incident, policy, now),
        Phase::Held { until } if *until <= now => page_next(incident, policy, now),
        Phase::Snoozed { until, .. } if *until <= now => {
            let mut after = incident.clone();
            (after.phase, after.episode, after.round, after.level) = (Phase::Triggered, incident.episode + 1, 0, 0);
            std::iter::once(Event::Woke).chain(page_next(&after, policy, now)).collect()
        }
        Phase::Notified => {
            let Some(level) = policy.levels.get(incident.level.saturating_sub(1)) else {
                return page_next(incident, policy, now);
            };
            if now >= incident.level_since + level.wait {
                return page_next(incident, policy, now);
            }
            if quiet_until(incident, policy, now).is_some() {
                return Vec::new();
            }
            let people = newcomers(incident, policy, now);
            let (round, level, reason) = (incident.round, incident.level, Reason::HandOver);
            if people.is_empty() { Vec::new() } else { vec![Event::Paged { round, level, people, reason }] }
        }
        _ => Vec::new(),
    }
}

/// Pages the next level where somebody is on call; says which were passed over, and when there is none left.
fn page_next(incident: &Incident, policy: &Policy, now: Timestamp) -> Vec<Event> {
    if let Some(until) = quiet_until(incident, policy, now) {
        return vec![Event::Held { until }];
    }
    let mut events = Vec::new();
    let (mut round, mut level) = (incident.round.max(1), incident.level);
    loop {
        level += 1;
        if level > policy.levels.len() {
            (round, level) = (round + 1, 1);
        }
        if round > policy.rounds {
            if !policy.fallback.is_empty() {
                let (round, level, people) = (policy.rounds, policy.levels.len() + 1, policy.fallback.clone());
                events.push(Event::Paged { round, level, people, reason: Reason::Fallback });
            }
            events.push(Event::Exhausted);
            return events;
        }
        let people = on_call(policy, level, now);
        if !people.is_empty() {
            events.push(Event::Paged { round, level, people, reason: Reason::Escalation });
            return events;
        }
        events.push(Event::Skipped { round, level });
    }
}

/// Who a level reaches now: the people of its roles, and those it names.
fn on_call(policy: &Policy, level: usize, now: Timestamp) -> Vec<String> {
    let mut people: Vec<String> = Vec::new();
    let held = |role: &str| schedule::on_call(&policy.schedule, role, now);
    for name in policy.levels.get(level - 1).map_or(&[][..], |level| &level.notify) {
        for person in held(name).unwrap_or_else(|| vec![name.clone()]) {
            if !people.contains(&person) {
                people.push(person);
            }
        }
    }
    people
}

/// Who is on call at the incident's level now and was not paged for it.
fn newcomers(incident: &Incident, policy: &Policy, now: Timestamp) -> Vec<String> {
    let (episode, round, level) = (incident.episode, incident.round, incident.level);
    let paged = |person: &String| {
        let alike = |page: &super::Page| (page.episode, page.round, page.level) == (episode, round, level);
        incident.pages.iter().any(|(_, page)| alike(page) && page.person == *person)
    };
    on_call(policy, level.max(1), now).into_iter().filter(|person| !paged(person)).collect()
}

/// The first instant before `until` at which somebody new comes on call at the incident's level.
fn newcomers_at(incident: &Incident, policy: &Policy, until: Timestamp) -> Option<Timestamp> {
    let notify = &policy.levels.get(incident.level.checked_sub(1)?)?.notify;
    let roles = policy.schedule.roles.iter().enumerate().filter(|(_, role)| notify.contains(&role.name));
    let spans = roles.flat_map(|(place, _)| schedule::spans(&policy.schedule, place, incident.level_since, until));
    let begins = spans.filter(|span| !span.people.is_empty()).map(|span| span.from);
    begins.filter(|at| *at > incident.level_since && !newcomers(incident, policy, *at).is_empty()).min()
}

/// The end of the quiet hours that it is now, if it is.
fn quiet_until(incident: &Incident, policy: &Policy, now: Timestamp) -> Option<Timestamp> {
    let windows = policy.quiet.get(&incident.severity).filter(|windows| !windows.is_empty())?;
    let ahead = now + SignedDuration::from_hours(24 * 9);
    let open = schedule::open(windows, &policy.clock, now, ahead);
    // Quiet hours without end would bury the incident: then they are none.
    open.into_iter().find(|(begins, ends)| *begins <= now && now < *ends && *ends < ahead).map(|(_, ends)| ends)
}

fn is_person(schedule: &Schedule, name: &str) -> Result<(), Error> {
    if schedule.people.contains_key(name) {
        return Ok(());
    }
    let all: Vec<_> = schedule.people.keys().map(String::as_str).collect();
    Err(Error::Input(format!("found person {name:?}, expected one of the schedule: {}", all.join(", "))))
}
