//! A schedule as iCalendar (RFC 5545), so that people see their turns where they keep their days.

use super::cover::spans;
use super::model::Schedule;
use jiff::Timestamp;

/// The calendar of a range. `stamp` is when it was made; `person` leaves out everybody else.
#[must_use]
pub fn calendar(schedule: &Schedule, from: Timestamp, to: Timestamp, person: Option<&str>, stamp: Timestamp) -> String {
    let mut lines = vec!["BEGIN:VCALENDAR".to_owned(), "VERSION:2.0".to_owned()];
    lines.push("PRODID:-//mod-553//on-call schedule//EN".to_owned());
    lines.push(format!("X-WR-CALNAME:{}", escaped(&schedule.name)));
    for (place, role) in schedule.roles.iter().enumerate() {
        for span in spans(schedule, place, from, to) {
            for name in span.people.iter().filter(|name| person.is_none_or(|person| person == *name)) {
                let shown = schedule.people.get(name).map_or(name.as_str(), |person| person.name.as_str());
                lines.push("BEGIN:VEVENT".to_owned());
                // The same turn has the same UID in each export: calendars replace it rather than show it twice.
                let digits = span.from.as_second();
                lines.push(format!("UID:{digits}-{}-{}@{}", slug(&role.name), slug(name), slug(&schedule.name)));
                lines.push(format!("DTSTAMP:{}", utc(stamp)));
                lines.push(format!("DTSTART:{}", utc(span.from)));
                lines.push(format!("DTEND:{}", utc(span.until)));
                lines.push(format!("SUMMARY:{}", escaped(&format!("{shown} on call ({})", role.name))));
                lines.push("END:VEVENT".to_owned());
            }
        }
    }
    lines.push("END:VCALENDAR".to_owned());
    lines.iter().map(|line| folded(line)).collect()
}

/// Section 3.3.5, form 2: UTC.
fn utc(at: Timestamp) -> String {
    at.strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// Section 3.3.11.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace(';', "\\;").replace(',', "\\,").replace('\n', "\\n")
}

fn slug(text: &str) -> String {
    text.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '-' }).collect()
}

/// Section 3.1: lines of at most 75 octets, never cut within a character.
fn folded(line: &str) -> String {
    let (mut text, mut octets) = (String::new(), 0);
    for character in line.chars() {
        if octets + character.len_utf8() > 75 {
            text.push_str("\r\n ");
            octets = 1;
        }
        text.push(character);
        octets += character.len_utf8();
    }
    text + "\r\n"
}

#[cfg(test)]
mod tests {
    use super::{calendar, folded};
    use crate::incident::schedule::Schedule;
    use std::path::Path;

    #[test]
    fn turns_become_events() {
        let text = "
name: serving, nights
zone: Europe/Amsterdam
people: { ada: { name: Ada }, grace: {} }
layers: [{ name: a, role: primary, starts: 2026-03-23T09:00, every: 1 week, turns: [ada, grace] }]
";
        let schedule = Schedule::parse(Path::new("x.yaml"), text).unwrap();
        let at = |text: &str| text.parse().unwrap();
        let range = (at("2026-03-23T08:00:00Z"), at("2026-04-06T07:00:00Z"));
        insta::assert_snapshot!(calendar(&schedule, range.0, range.1, None, range.0).replace("\r\n", "\n"));
        assert!(!calendar(&schedule, range.0, range.1, Some("ada"), range.0).contains("grace"));
    }

    #[test]
    fn long_lines_are_folded_between_characters() {
        let line = folded(&"é".repeat(60));
        assert!(line.split("\r\n").all(|part| part.len() <= 75), "{line}");
        assert_eq!(line.replace("\r\n ", ""), format!("{}\r\n", "é".repeat(60)));
    }
}
