//! What people read of a schedule: sentences with times by the schedule's clock. The same finding week after week is said once.

use super::check::{Checked, Finding, Weight};
use super::clock::WallClock;
use super::cover::spans;
use super::model::Schedule;
use jiff::Timestamp;
use std::collections::BTreeMap;

/// An instant by the schedule's clock: `Sat 2026-03-28 17:00 CET`.
#[must_use]
pub fn moment(schedule: &Schedule, at: Timestamp) -> String {
    schedule.clock.show(at)
}

/// A length: `23 h`, `40 min`, `6 d 23 h`.
#[must_use]
pub fn length(seconds: i64) -> String {
    let units = [(86_400, "d"), (3600, "h"), (60, "min"), (1, "s")];
    let mut left = seconds;
    let mut parts = Vec::new();
    for (size, unit) in units {
        if left >= size {
            parts.push(format!("{} {unit}", left / size));
            left %= size;
        }
    }
    if parts.is_empty() { "0 s".to_owned() } else { parts.join(" ") }
}

/// A check in sentences, the worst first.
#[must_use]
pub fn for_people(schedule: &Schedule, checked: &Checked) -> String {
    let clock = &schedule.clock;
    let mut text = format!(
        "{}: every instant from {} to {}, {} spans\n",
        checked.schedule,
        clock.show(checked.from),
        clock.show(checked.to),
        checked.spans
    );
    let mut alike: BTreeMap<_, Vec<&Finding>> = BTreeMap::new();
    for finding in &checked.findings {
        alike.entry((finding.weight, finding.kind, shape(clock, finding))).or_default().push(finding);
    }
    let mut groups: Vec<_> = alike.into_iter().collect();
    groups.sort_by_key(|((weight, _, _), group)| (*weight, group[0].from));
    for ((weight, _, _), group) in groups {
        let first = group[0];
        let word = match weight {
            Weight::Error => "error",
            Weight::Warning => "warning",
            Weight::Note => "note",
        };
        let when = if first.from == first.until {
            clock.show(first.from)
        } else {
            let lasts = length(first.until.as_second() - first.from.as_second());
            format!("{} to {} ({lasts})", clock.show(first.from), clock.show(first.until))
        };
        text += &format!("{word}: {}: {when}: {}", first.role, first.problem);
        if let [_, .., last] = group.as_slice() {
            text += &format!("; and {} times more, the last on {}", group.len() - 1, clock.show(last.from));
        }
        text += ".\n";
    }
    let errors = checked.findings.iter().filter(|finding| finding.weight == Weight::Error).count();
    text += &match errors {
        0 => "The schedule holds.\n".to_owned(),
        1 => "1 error: mend it with a layer, hours or an override, and check again.\n".to_owned(),
        _ => format!("{errors} errors: mend them with layers, hours or overrides, and check again.\n"),
    };
    text
}

/// What findings of different weeks have in common: their place in the week, and what they say apart from names.
fn shape(clock: &WallClock, finding: &Finding) -> String {
    use super::Kind;
    let place = |at: Timestamp| {
        let wall = clock.wall(at);
        wall.0 - wall.monday().0
    };
    match finding.kind {
        Kind::Gap | Kind::DoubleCover | Kind::SamePerson => {
            let lasts = finding.until.as_second() - finding.from.as_second();
            format!("{}/{}/{lasts}/{}", finding.role, place(finding.from), finding.people.len())
        }
        _ => format!("{}/{}", finding.role, finding.problem),
    }
}

/// Who holds which role when: a line for each span, in the order of time.
#[must_use]
pub fn table(schedule: &Schedule, from: Timestamp, to: Timestamp) -> Vec<[String; 4]> {
    let mut rows = Vec::new();
    for (place, role) in schedule.roles.iter().enumerate() {
        for span in spans(schedule, place, from, to) {
            let people = if span.people.is_empty() { "nobody".to_owned() } else { span.people.join(", ") };
            let mark = if span.overridden { format!("{people} (override)") } else { people };
            rows.push((
                span.from,
                [role.name.clone(), moment(schedule, span.from), moment(schedule, span.until), mark],
            ));
        }
    }
    rows.sort_by(|one, other| (one.0, &one.1[0]).cmp(&(other.0, &other.1[0])));
    rows.into_iter().map(|(_, row)| row).collect()
}
