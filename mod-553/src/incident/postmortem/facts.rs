//! What is to be said about an incident: pure, from its events.

use super::super::escalation::{Event, Incident, NoteKind, sentence};
use super::super::schedule::{WallClock, length};
use super::super::tabletop::Impact;
use super::security::Security;
use super::words;
use jiff::Timestamp;
use serde::Serialize;

/// Everything a postmortem says.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Facts {
    /// The incident.
    pub id: String,
    /// One line.
    pub title: String,
    /// How bad it was said to be last.
    pub severity: String,
    /// What was hurt.
    pub service: String,
    /// The runbook that the alert named.
    pub runbook: Option<String>,
    /// Whether it is over.
    pub resolved: bool,
    /// When it was noticed.
    pub opened: Timestamp,
    /// When it was over.
    pub ended: Option<Timestamp>,
    /// How long each step took: its name and its time, `—` when it never happened.
    pub steps: Vec<(String, String)>,
    /// The same for programs.
    pub times: Times,
    /// How many people were paged, and how often.
    pub people_paged: usize,
    /// Pages.
    pub pages: usize,
    /// In numbers, when they were counted.
    pub impact: Option<Vec<(String, String)>>,
    /// What happened, in the order of time.
    pub timeline: Vec<Moment>,
    /// What made it possible.
    pub factors: Vec<String>,
    /// What was done against it.
    pub mitigations: Vec<String>,
    /// Wording that blames, with what to write instead.
    pub wording: Vec<String>,
    /// What security asks.
    pub security: Security,
}

/// How long each step took, in whole seconds; nothing where it never happened, or nobody said when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Times {
    /// From the first harm to the alert.
    pub detected_s: Option<i64>,
    /// From the alert until somebody had it in hand.
    pub acknowledged_s: Option<i64>,
    /// From the alert until others were told.
    pub told_s: Option<i64>,
    /// From the alert until the first action against the impact.
    pub mitigated_s: Option<i64>,
    /// From the alert until it was over.
    pub resolved_s: Option<i64>,
}

/// One line of the timeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Moment {
    /// When.
    pub at: Timestamp,
    /// The same by the schedule's clock.
    pub shown: String,
    /// What happened, in a sentence.
    pub what: String,
}

/// The facts of an incident; `began` is when it began to hurt, when that is known.
#[must_use]
pub fn facts(
    incident: &Incident,
    began: Option<Timestamp>,
    impact: Option<&Impact>,
    people: &[String],
    clock: &WallClock,
    security: Security,
) -> Facts {
    let notes = |wanted: NoteKind| {
        incident.timeline.iter().filter_map(move |(at, event)| match event {
            Event::Noted { kind, text, .. } if *kind == wanted => Some((*at, text.clone())),
            _ => None,
        })
    };
    let opened = incident.opened_at;
    let since = |at: Option<Timestamp>| at.map(|at| at.duration_since(opened).as_secs());
    let first = |kind: NoteKind| notes(kind).map(|(at, _)| at).next();
    let times = Times {
        detected_s: began.map(|began| opened.duration_since(began).as_secs()),
        acknowledged_s: since(incident.acknowledged_at),
        told_s: since(first(NoteKind::Communication)),
        mitigated_s: since(first(NoteKind::Mitigation)),
        resolved_s: since(incident.resolved_at),
    };
    let causes = incident.timeline.iter().filter_map(|(_, event)| match event {
        Event::Resolved { cause: Some(cause), .. } => Some(cause.clone()),
        _ => None,
    });
    let said: Vec<_> = notes(NoteKind::Cause).map(|(_, text)| text).chain(causes).collect();
    let mut paged: Vec<_> = incident.pages.iter().map(|(_, page)| page.person.as_str()).collect();
    paged.sort_unstable();
    paged.dedup();
    Facts {
        id: incident.id.clone(),
        title: incident.title.clone(),
        severity: incident.severity.word().to_owned(),
        service: incident.service.clone(),
        runbook: incident.runbook.clone(),
        resolved: !incident.is_open(),
        opened,
        ended: incident.resolved_at,
        steps: times.steps(),
        times,
        people_paged: paged.len(),
        pages: incident.pages.len(),
        impact: impact.map(in_numbers),
        timeline: incident
            .timeline
            .iter()
            .map(|(at, event)| Moment { at: *at, shown: clock.show(*at), what: sentence(event, clock) })
            .collect(),
        factors: said.iter().map(|text| words::without_names(text, people)).collect(),
        mitigations: notes(NoteKind::Mitigation).map(|(_, text)| text).collect(),
        wording: said.iter().flat_map(|text| words::blame(text, people)).collect(),
        security,
    }
}

impl Times {
    /// In words; the first step only where it is known when the harm began.
    fn steps(&self) -> Vec<(String, String)> {
        let all = [
            ("From the alert until somebody had it in hand", self.acknowledged_s),
            ("From the alert until others were told", self.told_s),
            ("From the alert until the first action against the impact", self.mitigated_s),
            ("From the alert until it was over", self.resolved_s),
        ];
        let detected = self.detected_s.map(|took| ("From the first harm to the alert", Some(took)));
        let words = |(step, took): (&str, Option<i64>)| (step.to_owned(), took.map_or_else(|| "—".to_owned(), length));
        detected.into_iter().chain(all).map(words).collect()
    }
}

fn in_numbers(impact: &Impact) -> Vec<(String, String)> {
    let number = mod_106::documents::number;
    let more = |found: f64, expected: f64| (found - expected).max(0.0);
    vec![
        ("Predictions asked for meanwhile".to_owned(), number(impact.requests)),
        ("Answered with an error".to_owned(), number(impact.failed)),
        ("Answered later than 0.25 s".to_owned(), number(impact.slow)),
        ("Proven wrong, beyond what is usual".to_owned(), number(more(impact.wrong, impact.wrong_expected))),
        ("Tokens beyond what is usual".to_owned(), number(more(impact.tokens, impact.tokens_expected))),
        ("Fraud let through, in US dollars".to_owned(), number(impact.loss_usd.round())),
    ]
}
