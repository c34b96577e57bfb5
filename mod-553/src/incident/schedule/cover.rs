//! Who is on call, as spans: a sweep over the boundaries of every layer, window and override. Between two boundaries nothing can
//! change, so the answer holds for every instant; sampling each hour, the tempting wrong choice, misses what lasts ten minutes.

use super::model::{Combine, Layer, Override, Schedule, open};
use jiff::Timestamp;

/// A time in which the same people hold a role.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Span {
    /// From then on.
    pub from: Timestamp,
    /// Until then.
    pub until: Timestamp,
    /// Who, in the order of the file; nobody where there is a gap.
    pub people: Vec<String>,
    /// Whether an override says so, rather than a layer.
    pub overridden: bool,
}

/// Who holds a role at an instant.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Holder {
    /// The role.
    pub role: String,
    /// Who; nobody where there is a gap.
    pub people: Vec<String>,
    /// Until when nothing changes; `None`: for longer than was looked ahead.
    pub until: Option<Timestamp>,
    /// Who comes next.
    pub next: Vec<String>,
}

/// A piece of a layer or an override: half-open, so that two that touch do not overlap.
struct Piece<'a> {
    from: Timestamp,
    until: Timestamp,
    people: &'a [String],
}

/// Who holds a role from `from` until `to`: without holes, neighbours differ.
#[must_use]
pub fn spans(schedule: &Schedule, role: usize, from: Timestamp, to: Timestamp) -> Vec<Span> {
    let layers = schedule.layers.iter().filter(|layer| layer.role == role);
    let layers: Vec<_> = layers.map(|layer| pieces(layer, from, to)).collect();
    let overrides = schedule.overrides.iter().filter(|it| it.role == role && it.from < to && it.until > from);
    let overrides: Vec<&Override> = overrides.collect();
    let inner = layers.iter().flatten().flat_map(|piece| [piece.from, piece.until]);
    let outer = overrides.iter().flat_map(|it| [it.from, it.until]);
    let mut boundaries: Vec<_> = inner.chain(outer).chain([from, to]).filter(|at| (from..=to).contains(at)).collect();
    boundaries.sort_unstable();
    boundaries.dedup();
    let mut found: Vec<Span> = Vec::new();
    for pair in boundaries.windows(2) {
        let (at, until) = (pair[0], pair[1]);
        let stands_in = overrides.iter().rev().find(|it| it.from <= at && at < it.until);
        let people = match stands_in {
            Some(stands_in) => stands_in.people.clone(),
            None => on_duty(&layers, schedule.roles[role].combine, at),
        };
        let overridden = stands_in.is_some();
        match found.last_mut() {
            Some(last) if last.people == people && last.overridden == overridden => last.until = until,
            _ => found.push(Span { from: at, until, people, overridden }),
        }
    }
    found
}

/// Who holds each role at an instant, looking ahead ninety days for who comes next.
#[must_use]
pub fn holders(schedule: &Schedule, at: Timestamp) -> Vec<Holder> {
    let horizon = at.checked_add(jiff::SignedDuration::from_hours(90 * 24)).unwrap_or(Timestamp::MAX);
    let holder = |(place, role): (usize, &super::Role)| {
        let ahead = spans(schedule, place, at, horizon);
        let now = ahead.first().map(|span| span.people.clone()).unwrap_or_default();
        let next = ahead.iter().find(|span| span.people != now);
        Holder {
            role: role.name.clone(),
            people: now,
            until: next.map(|span| span.from),
            next: next.map(|span| span.people.clone()).unwrap_or_default(),
        }
    };
    schedule.roles.iter().enumerate().map(holder).collect()
}

/// Who holds this role at an instant; `None` when the schedule has no such role.
#[must_use]
pub fn on_call(schedule: &Schedule, role: &str, at: Timestamp) -> Option<Vec<String>> {
    let place = schedule.roles.iter().position(|known| known.name == role)?;
    let moment =
        spans(schedule, place, at, at.checked_add(jiff::SignedDuration::from_secs(1)).unwrap_or(Timestamp::MAX));
    Some(moment.into_iter().next().map(|span| span.people).unwrap_or_default())
}

fn on_duty(layers: &[Vec<Piece<'_>>], combine: Combine, at: Timestamp) -> Vec<String> {
    let of_layer = |pieces: &Vec<Piece<'_>>| {
        let place = pieces.partition_point(|piece| piece.from <= at).checked_sub(1)?;
        (at < pieces[place].until).then(|| pieces[place].people.to_vec())
    };
    match combine {
        Combine::Stack => layers.iter().rev().find_map(of_layer).unwrap_or_default(),
        Combine::Together => {
            let mut people: Vec<String> = Vec::new();
            for person in layers.iter().filter_map(of_layer).flatten() {
                if !people.contains(&person) {
                    people.push(person);
                }
            }
            people
        }
    }
}

/// A layer's turns within its hours: in order, apart from each other.
fn pieces(layer: &Layer, from: Timestamp, to: Timestamp) -> Vec<Piece<'_>> {
    let hours = open(&layer.hours, &layer.clock, from, to);
    let (mut pieces, mut first) = (Vec::new(), 0);
    for turn in layer.turns(from, to) {
        while hours.get(first).is_some_and(|(_, ends)| *ends <= turn.from) {
            first += 1;
        }
        for (begins, ends) in hours[first..].iter().take_while(|(begins, _)| *begins < turn.until) {
            let (from, until) = ((*begins).max(turn.from), (*ends).min(turn.until));
            if from < until {
                pieces.push(Piece { from, until, people: turn.people });
            }
        }
    }
    pieces
}
