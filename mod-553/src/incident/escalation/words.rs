//! Events as people read them in a timeline.

use super::super::schedule::WallClock;
use super::event::{Event, NoteKind, Reason};

/// One event in a sentence.
#[must_use]
pub fn sentence(event: &Event, clock: &WallClock) -> String {
    match event {
        Event::Opened { title, severity, service, .. } => format!("opened: {title} ({}, {service})", severity.word()),
        Event::Held { until } => format!("quiet hours: pages wait until {}", clock.show(*until)),
        Event::Paged { round, level, people, reason } => {
            let why = match reason {
                Reason::Escalation => "",
                Reason::HandOver => ", who came on call",
                Reason::Fallback => ", because nobody answered",
            };
            format!("paged {}{why} (level {level}, round {round})", people.join(", "))
        }
        Event::Skipped { round, level } => format!("level {level} was passed over in round {round}: nobody is on call"),
        Event::Exhausted => "all levels were paged, and nobody answered".to_owned(),
        Event::Acknowledged { by } => format!("{by} acknowledged"),
        Event::Snoozed { by, until } => format!("{by} put it off until {}", clock.show(*until)),
        Event::Woke => "the time for which it was put off is over".to_owned(),
        Event::HandedOver { from, to } => format!("{from} handed it over to {to}"),
        Event::Reclassified { by, severity } => format!("{by} says that it is {}", severity.word()),
        Event::Noted { by, kind, text } => {
            let kind = match kind {
                NoteKind::Observation => "saw",
                NoteKind::Mitigation => "did",
                NoteKind::Communication => "told others",
                NoteKind::Cause => "found a cause",
                NoteKind::Exposure => "says of data",
                NoteKind::Credentials => "says of credentials",
            };
            format!("{by} {kind}: {text}")
        }
        Event::Resolved { by, cause: Some(cause) } => format!("{by} resolved it; cause: {cause}"),
        Event::Resolved { by, cause: None } => format!("{by} resolved it"),
        Event::Reopened => "the alert is back: opened again".to_owned(),
    }
}
