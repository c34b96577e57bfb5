//! The check of a schedule: for every instant of a range, whether each role is filled as it should be. Next: `show.rs` says it.

use super::clock::Shown;
use super::cover::{Span, spans};
use super::model::{Role, Schedule, open};
use jiff::Timestamp;
use serde::Serialize;

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// The schedule's name.
    pub schedule: String,
    /// Its zone.
    pub zone: String,
    /// From then on.
    pub from: Timestamp,
    /// Until then.
    pub to: Timestamp,
    /// How many spans between two changes were looked at: all there are.
    pub spans: usize,
    /// In the order of time.
    pub findings: Vec<Finding>,
}

/// One thing that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What it is.
    pub kind: Kind,
    /// How bad it is.
    pub weight: Weight,
    /// The role that it is about.
    pub role: String,
    /// The layer, where it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub layer: Option<String>,
    /// From then on.
    pub from: Timestamp,
    /// Until then; for what happens at one instant, that instant.
    pub until: Timestamp,
    /// Who.
    pub people: Vec<String>,
    /// What was found and what was expected, without the time.
    pub problem: String,
}

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Fewer people than the role needs.
    Gap,
    /// More people than the role may have.
    DoubleCover,
    /// One person in two roles.
    SamePerson,
    /// Two overrides of a role at the same time.
    OverlappingOverrides,
    /// A turn that the clock left no time: its hand-off and the next happen at the same instant.
    VanishedTurn,
    /// A hand-off at a time that does not exist on that day.
    HandOffSkipped,
    /// A hand-off at a time that exists twice on that day.
    HandOffTwice,
    /// A turn that is longer or shorter than others, because the clock was changed within it.
    TurnLength,
    /// A layer whose role others fill for the whole range.
    IdleLayer,
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Weight {
    /// The schedule is refused.
    Error,
    /// Somebody should look.
    Warning,
    /// It is as it should be, and surprises those who do not know it.
    Note,
}

impl Checked {
    /// Whether nothing was found that refuses the schedule.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.findings.iter().all(|finding| finding.weight != Weight::Error)
    }
}

/// Checks a schedule at every instant from `from` until `to`.
#[must_use]
pub fn check(schedule: &Schedule, from: Timestamp, to: Timestamp) -> Checked {
    let roles: Vec<_> = (0..schedule.roles.len()).map(|role| spans(schedule, role, from, to)).collect();
    let mut findings = Vec::new();
    for (role, spans) in schedule.roles.iter().zip(&roles) {
        let needed = open(&role.when, &schedule.clock, from, to);
        findings.extend(spans.iter().flat_map(|span| cover(role, span, &needed)));
    }
    if schedule.distinct {
        findings.extend(same_person(schedule, &roles));
    }
    findings.extend(overlaps(schedule, from, to));
    findings.extend(schedule.layers.iter().flat_map(|layer| clock_changes(schedule, layer, from, to)));
    findings.extend(idle(schedule, from, to));
    findings.sort_by(|one, other| (one.from, one.kind, &one.role).cmp(&(other.from, other.kind, &other.role)));
    let (name, zone) = (schedule.name.clone(), schedule.clock.name.clone());
    Checked { schedule: name, zone, from, to, spans: roles.iter().map(Vec::len).sum(), findings }
}

/// Too few while the role has to be filled, too many at any time.
fn cover(role: &Role, span: &Span, needed: &[(Timestamp, Timestamp)]) -> Vec<Finding> {
    let found = span.people.len();
    let finding = |kind, from, until, problem| Finding {
        kind,
        weight: Weight::Error,
        role: role.name.clone(),
        layer: None,
        from,
        until,
        people: span.people.clone(),
        problem,
    };
    let mut findings = Vec::new();
    if found < role.minimum {
        let problem = match found {
            0 => "nobody is on call".to_owned(),
            _ => format!("{found} on call ({}), expected at least {}", span.people.join(", "), role.minimum),
        };
        let within = needed.iter().map(|(begins, ends)| ((*begins).max(span.from), (*ends).min(span.until)));
        let within = within.filter(|(begins, ends)| begins < ends);
        findings.extend(within.map(|(from, until)| finding(Kind::Gap, from, until, problem.clone())));
    }
    if let Some(maximum) = role.maximum.filter(|maximum| found > *maximum) {
        let problem = format!("{found} on call ({}), expected at most {maximum}", span.people.join(", "));
        findings.push(finding(Kind::DoubleCover, span.from, span.until, problem));
    }
    findings
}

/// One person in two roles: both lists of spans are walked side by side.
fn same_person(schedule: &Schedule, roles: &[Vec<Span>]) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    for (place, one) in roles.iter().enumerate() {
        for (other_place, other) in roles.iter().enumerate().skip(place + 1) {
            let (mut left, mut right) = (one.iter().peekable(), other.iter().peekable());
            while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
                let (from, until) = (a.from.max(b.from), a.until.min(b.until));
                let people: Vec<_> = a.people.iter().filter(|person| b.people.contains(*person)).cloned().collect();
                if from < until && !people.is_empty() {
                    let other_role = &schedule.roles[other_place].name;
                    let problem = format!("{} also holds {other_role}, expected two people", people.join(", "));
                    let role = schedule.roles[place].name.clone();
                    let same = |last: &Finding| last.until == from && last.people == people && last.problem == problem;
                    match findings.last_mut().filter(|last| same(last)) {
                        Some(last) => last.until = until,
                        None => findings.push(Finding {
                            kind: Kind::SamePerson,
                            weight: Weight::Error,
                            role,
                            layer: None,
                            from,
                            until,
                            people,
                            problem,
                        }),
                    }
                }
                if a.until <= b.until {
                    left.next()
                } else {
                    right.next()
                };
            }
        }
    }
    findings
}

fn overlaps(schedule: &Schedule, from: Timestamp, to: Timestamp) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (place, one) in schedule.overrides.iter().enumerate() {
        for other in schedule.overrides[place + 1..].iter().filter(|other| other.role == one.role) {
            let (begins, ends) = (one.from.max(other.from).max(from), one.until.min(other.until).min(to));
            if begins < ends {
                let problem = format!(
                    "the overrides of line {} ({}) and line {} ({}) overlap; the later line holds",
                    one.line,
                    one.people.join(", "),
                    other.line,
                    other.people.join(", ")
                );
                findings.push(Finding {
                    kind: Kind::OverlappingOverrides,
                    weight: Weight::Error,
                    role: schedule.roles[one.role].name.clone(),
                    layer: None,
                    from: begins,
                    until: ends,
                    people: other.people.clone(),
                    problem,
                });
            }
        }
    }
    findings
}

/// Hand-offs at times that do not exist or exist twice, and turns that a change of the clock made longer, shorter or nothing.
fn clock_changes(schedule: &Schedule, layer: &super::Layer, from: Timestamp, to: Timestamp) -> Vec<Finding> {
    let mut findings = Vec::new();
    let role = &schedule.roles[layer.role].name;
    let name = &layer.clock.name;
    for turn in layer.turns(from, to) {
        let people = turn.people.join(" + ");
        let mut note = |kind, weight, until, problem| {
            findings.push(Finding {
                kind,
                weight,
                role: role.clone(),
                layer: Some(layer.name.clone()),
                from: turn.from,
                until,
                people: turn.people.to_vec(),
                problem,
            });
        };
        let meant = turn.wall.civil().strftime("%H:%M on %Y-%m-%d").to_string();
        if turn.from >= from {
            match layer.clock.shown(turn.wall) {
                Shown::Once => {}
                Shown::Never => {
                    let problem = format!(
                        "the hand-off to {people} is at {meant}, which {name} skips: it happens when the clock jumps"
                    );
                    note(Kind::HandOffSkipped, Weight::Note, turn.from, problem);
                }
                Shown::Twice => {
                    let problem = format!(
                        "the hand-off to {people} is at {meant}, which {name} has twice: it happens at the first"
                    );
                    note(Kind::HandOffTwice, Weight::Note, turn.from, problem);
                }
            }
        }
        let lasts_s = turn.until.as_second() - turn.from.as_second();
        if lasts_s == 0 {
            let problem = format!("the turn of {people} that was to begin at {meant} has no time at all in {name}");
            note(Kind::VanishedTurn, Weight::Warning, turn.until, problem);
        } else if lasts_s != layer.length_s && !turn.cut {
            let (lasts, usual) = (super::length(lasts_s), super::length(layer.length_s));
            let problem =
                format!("the turn of {people} lasts {lasts} instead of {usual}: {name} changes its clock within it");
            note(Kind::TurnLength, Weight::Note, turn.until, problem);
        }
    }
    findings
}

/// Layers that decide nothing: without them everybody would be on call just the same.
fn idle(schedule: &Schedule, from: Timestamp, to: Timestamp) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (place, layer) in schedule.layers.iter().enumerate() {
        let mut without = schedule.clone();
        without.layers.remove(place);
        if spans(schedule, layer.role, from, to) == spans(&without, layer.role, from, to) {
            findings.push(Finding {
                kind: Kind::IdleLayer,
                weight: Weight::Warning,
                role: schedule.roles[layer.role].name.clone(),
                layer: Some(layer.name.clone()),
                from,
                until: to,
                people: Vec::new(),
                problem: format!(
                    "layer {} changes nothing: later layers and overrides fill all of its hours",
                    layer.name
                ),
            });
        }
    }
    findings
}
