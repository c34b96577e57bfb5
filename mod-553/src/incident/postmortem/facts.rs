//! What is to be said about an incident: pure, from its events.

use super::super::escalation::{Event, Incident, NoteKind, sentence};
use super::super::schedule::{WallClock, length};
use super::super::tabletop::Impact;
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
    /// How many people were paged, and how often.
    pub people_paged: usize,
    /// Pages.
    pub pages: usize,
    /// In numbers, when they were counted.
    pub impact: Option<Vec<(String, String)>>,
    /// Time and sentence.
    pub timeline: Vec<(String, String)>,
    /// What made it possible.
    pub factors: Vec<String>,
    /// What was done against it.
    pub mitigations: Vec<String>,
    /// Wording that blames, with what to write instead.
    pub wording: Vec<String>,
}

/// The facts of an incident; `began` is when it began to hurt, when that is known.
#[must_use]
pub fn facts(
    incident: &Incident,
    began: Option<Timestamp>,
    impact: Option<&Impact>,
    people: &[String],
    clock: &WallClock,
) -> Facts {
    let notes = |wanted: NoteKind| {
        incident.timeline.iter().filter_map(move |(at, event)| match event {
            Event::Noted { kind, text, .. } if *kind == wanted => Some((*at, text.clone())),
            _ => None,
        })
    };
    let since = |at: Option<Timestamp>, from: Timestamp| {
        at.map_or_else(|| "—".to_owned(), |at| length(at.duration_since(from).as_secs()))
    };
    let opened = incident.opened_at;
    let mut steps = Vec::new();
    if let Some(began) = began {
        steps.push(("From the first harm to the alert".to_owned(), since(Some(opened), began)));
    }
    let told = notes(NoteKind::Communication).map(|(at, _)| at).next();
    let mitigated = notes(NoteKind::Mitigation).map(|(at, _)| at).next();
    steps.push(("From the alert until somebody had it in hand".to_owned(), since(incident.acknowledged_at, opened)));
    steps.push(("From the alert until others were told".to_owned(), since(told, opened)));
    steps.push(("From the alert until the first action against the impact".to_owned(), since(mitigated, opened)));
    steps.push(("From the alert until it was over".to_owned(), since(incident.resolved_at, opened)));
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
        steps,
        people_paged: paged.len(),
        pages: incident.pages.len(),
        impact: impact.map(in_numbers),
        timeline: incident.timeline.iter().map(|(at, event)| (clock.show(*at), sentence(event, clock))).collect(),
        factors: said.iter().map(|text| words::without_names(text, people)).collect(),
        mitigations: notes(NoteKind::Mitigation).map(|(_, text)| text).collect(),
        wording: said.iter().flat_map(|text| words::blame(text, people)).collect(),
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
