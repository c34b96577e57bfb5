//! What can happen to an incident, and the state that follows. The fold knows no policy: whatever was decided once stays decided,
//! also when the policy is another one by now.

use jiff::Timestamp;
use mod_106::alerts::Severity;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Event {
    /// An alert began it.
    Opened {
        /// By what the same alert is known again.
        key: String,
        /// One line.
        title: String,
        /// How bad it is.
        severity: Severity,
        /// What is hurt.
        service: String,
        /// What to do about it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        runbook: Option<String>,
    },
    /// Its pages wait: these are quiet hours for its severity.
    Held {
        /// Until then.
        until: Timestamp,
    },
    /// People were to be paged.
    Paged {
        /// Which time through the levels, from 1.
        round: u32,
        /// Which level, from 1.
        level: usize,
        /// Who.
        people: Vec<String>,
        /// Why now.
        reason: Reason,
    },
    /// A level was passed over: nobody is on call there.
    Skipped {
        /// Which time through the levels, from 1.
        round: u32,
        /// Which level, from 1.
        level: usize,
    },
    /// All levels were paged in all rounds, and nobody answered.
    Exhausted,
    /// Somebody has it in hand.
    Acknowledged {
        /// Who.
        by: String,
    },
    /// Somebody put it off.
    Snoozed {
        /// Who.
        by: String,
        /// Until then nobody is paged.
        until: Timestamp,
    },
    /// The time for which it was put off is over.
    Woke,
    /// Somebody else has it in hand from now on.
    HandedOver {
        /// Who had it.
        from: String,
        /// Who has it.
        to: String,
    },
    /// It is worse, or less bad, than it seemed.
    Reclassified {
        /// Who says so.
        by: String,
        /// How bad it is.
        severity: Severity,
    },
    /// Something that whoever reads the timeline should know.
    Noted {
        /// Who says it.
        by: String,
        /// What it is.
        kind: NoteKind,
        /// The words.
        text: String,
    },
    /// It is over.
    Resolved {
        /// Who says so; a person, or the monitor.
        by: String,
        /// Why it happened, as far as known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cause: Option<String>,
    },
    /// The same alert came back soon after its end.
    Reopened,
}

/// Why people are paged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// It is their level's turn.
    Escalation,
    /// They came on call while it was open and nobody had it in hand.
    HandOver,
    /// All levels were gone through in vain, or had nobody on call: somebody has to know.
    Fallback,
}

/// What a note is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum NoteKind {
    /// Something seen.
    Observation,
    /// Something done against the impact.
    Mitigation,
    /// Somebody was told.
    Communication,
    /// A cause that was found.
    Cause,
    /// Which data could be seen or were changed, and by whom; that none were is an answer too.
    Exposure,
    /// Which credentials were rotated or revoked; that none had to be is an answer too.
    Credentials,
}

/// Where an incident stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "phase", rename_all = "kebab-case")]
pub enum Phase {
    /// Known, and nobody was paged yet.
    Triggered,
    /// Nobody was paged because of quiet hours.
    Held {
        /// Until then.
        until: Timestamp,
    },
    /// Somebody was paged.
    Notified,
    /// Everybody was paged in vain.
    Exhausted,
    /// Somebody has it in hand.
    Acknowledged {
        /// Who.
        by: String,
    },
    /// Somebody put it off.
    Snoozed {
        /// Who.
        by: String,
        /// Until then.
        until: Timestamp,
    },
    /// Over.
    Resolved,
}

/// A page to one person. All of it is its identity: no two are alike.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Page {
    /// How often the incident began anew before: snoozes that ended, and returns of the alert.
    pub episode: u32,
    /// Which time through the levels, from 1.
    pub round: u32,
    /// Which level, from 1.
    pub level: usize,
    /// To whom.
    pub person: String,
}

/// One incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Incident {
    /// Its name: `INC-1`.
    pub id: String,
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
    /// Where it stands.
    #[serde(flatten)]
    pub phase: Phase,
    /// How often it began anew.
    pub episode: u32,
    /// Which time through the levels, from 1; 0 before the first page of an episode.
    pub round: u32,
    /// The level that was paged or passed over last, from 1; 0 before the first.
    pub level: usize,
    /// Since when this level has been paged.
    pub level_since: Timestamp,
    /// Every page, with its time.
    pub pages: Vec<(Timestamp, Page)>,
    /// Everything that happened, with its time.
    pub timeline: Vec<(Timestamp, Event)>,
    /// When it began.
    pub opened_at: Timestamp,
    /// When somebody had it in hand for the first time.
    pub acknowledged_at: Option<Timestamp>,
    /// When it was over, if it is.
    pub resolved_at: Option<Timestamp>,
}

/// All incidents of a journal, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Incidents(pub BTreeMap<String, Incident>);

impl Incidents {
    /// The name that the next incident gets.
    #[must_use]
    pub fn next_id(&self) -> String {
        format!("INC-{}", self.0.len() + 1)
    }

    /// The last incident of this alert.
    #[must_use]
    pub fn last_of(&self, key: &str) -> Option<&Incident> {
        self.0.values().filter(|incident| incident.key == key).max_by_key(|incident| incident.opened_at)
    }

    /// When the last thing happened.
    #[must_use]
    pub fn last_at(&self) -> Option<Timestamp> {
        self.0.values().filter_map(|incident| incident.timeline.last()).map(|(at, _)| *at).max()
    }

    /// What follows from an event. An event of an incident that never opened changes nothing.
    pub fn apply(&mut self, id: &str, at: Timestamp, event: &Event) {
        if let Event::Opened { key, title, severity, service, runbook } = event {
            let incident = Incident {
                id: id.to_owned(),
                key: key.clone(),
                title: title.clone(),
                severity: *severity,
                service: service.clone(),
                runbook: runbook.clone(),
                phase: Phase::Triggered,
                episode: 0,
                round: 0,
                level: 0,
                level_since: at,
                pages: Vec::new(),
                timeline: Vec::new(),
                opened_at: at,
                acknowledged_at: None,
                resolved_at: None,
            };
            self.0.insert(id.to_owned(), incident);
        }
        if let Some(incident) = self.0.get_mut(id) {
            incident.apply(at, event);
            incident.timeline.push((at, event.clone()));
        }
    }
}

impl Incident {
    /// Whether it is not over.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.phase != Phase::Resolved
    }

    /// Whether pages are out that nobody answered.
    #[must_use]
    pub fn is_paging(&self) -> bool {
        matches!(self.phase, Phase::Notified | Phase::Held { .. } | Phase::Exhausted)
    }

    fn apply(&mut self, at: Timestamp, event: &Event) {
        match event {
            Event::Opened { .. } | Event::Noted { .. } => {}
            Event::Held { until } => self.phase = Phase::Held { until: *until },
            Event::Paged { round, level, people, reason } => {
                self.phase = Phase::Notified;
                // Who comes on call later has what is left of the level's time, not all of it again.
                if *reason == Reason::Escalation {
                    (self.round, self.level, self.level_since) = (*round, *level, at);
                }
                let page = |person: &String| {
                    let (round, level, person) = (*round, *level, person.clone());
                    (at, Page { episode: self.episode, round, level, person })
                };
                self.pages.extend(people.iter().map(page));
            }
            Event::Skipped { round, level } => (self.round, self.level, self.level_since) = (*round, *level, at),
            Event::Exhausted => self.phase = Phase::Exhausted,
            Event::Acknowledged { by } => {
                self.phase = Phase::Acknowledged { by: by.clone() };
                self.acknowledged_at = self.acknowledged_at.or(Some(at));
            }
            Event::Snoozed { by, until } => self.phase = Phase::Snoozed { by: by.clone(), until: *until },
            Event::Woke => self.begin_anew(),
            Event::HandedOver { to, .. } => self.phase = Phase::Acknowledged { by: to.clone() },
            Event::Reclassified { severity, .. } => self.severity = *severity,
            Event::Resolved { .. } => {
                self.phase = Phase::Resolved;
                self.resolved_at = Some(at);
            }
            Event::Reopened => {
                self.resolved_at = None;
                self.begin_anew();
            }
        }
    }

    fn begin_anew(&mut self) {
        self.phase = Phase::Triggered;
        self.episode += 1;
        (self.round, self.level) = (0, 0);
    }
}
