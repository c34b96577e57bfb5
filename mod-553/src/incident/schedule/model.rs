//! What a schedule is, once its file was read and every name in it was found. Next: `cover.rs` says who is on call.

use super::clock::{DAY_S, WEEK_S, Wall, WallClock};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// Who is called when.
#[derive(Debug, Clone)]
pub struct Schedule {
    /// Its name.
    pub name: String,
    /// The clock by which it is shown, and which layers without a zone of their own follow.
    pub clock: WallClock,
    /// By the name that turns and overrides use.
    pub people: BTreeMap<String, Person>,
    /// What has to be filled.
    pub roles: Vec<Role>,
    /// In the file's order: within a stacked role a later one beats an earlier one.
    pub layers: Vec<Layer>,
    /// In the file's order: of two that overlap the later one holds.
    pub overrides: Vec<Override>,
    /// Whether it is forbidden that one person holds two roles at once: the second level would page who did not answer the first.
    pub distinct: bool,
}

/// Somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// As people call them.
    pub name: String,
    /// Where they are reached.
    pub contact: Option<String>,
}

/// What has to be filled.
#[derive(Debug, Clone)]
pub struct Role {
    /// What layers, overrides and escalation levels call it.
    pub name: String,
    /// Fewer people than this is a gap.
    pub minimum: usize,
    /// More people than this is double cover.
    pub maximum: Option<usize>,
    /// When it has to be filled, by the schedule's clock; empty: always.
    pub when: Vec<Window>,
    /// How its layers go together.
    pub combine: Combine,
}

/// How the layers of a role go together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Combine {
    /// The later one in the file beats the earlier where it has somebody.
    Stack,
    /// All who are on duty are on call.
    Together,
}

/// People who take turns.
#[derive(Debug, Clone)]
pub struct Layer {
    /// Its name.
    pub name: String,
    /// The role's place in [`Schedule::roles`].
    pub role: usize,
    /// The clock of its hand-offs and hours.
    pub clock: WallClock,
    /// The first hand-off.
    pub starts: Wall,
    /// The end of the last turn.
    pub ends: Option<Wall>,
    /// How long a turn lasts on the wall clock, more than 0: a week is a week also when it has 167 hours.
    pub length_s: i64,
    /// Who; one or more people each. Not empty.
    pub turns: Vec<Vec<String>>,
    /// When the layer is on duty at all; empty: always.
    pub hours: Vec<Window>,
}

/// A part of each week.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// After Monday 00:00, less than a week.
    pub start_s: i64,
    /// More than 0, at most a week.
    pub length_s: i64,
}

/// Somebody stands in.
#[derive(Debug, Clone)]
pub struct Override {
    /// The role's place in [`Schedule::roles`].
    pub role: usize,
    /// Who. Not empty.
    pub people: Vec<String>,
    /// From then on.
    pub from: Timestamp,
    /// Until then; later than `from`.
    pub until: Timestamp,
    /// Where it stands in the file.
    pub line: u64,
}

/// One person's turn, or one group's, before hours are taken off.
#[derive(Debug, Clone, Copy)]
pub(super) struct Turn<'a> {
    /// The reading at which it was meant to begin.
    pub(super) wall: Wall,
    pub(super) from: Timestamp,
    pub(super) until: Timestamp,
    pub(super) people: &'a [String],
    /// Whether the layer's end cut it.
    pub(super) cut: bool,
}

impl Layer {
    /// The turns that touch this range, also those that the clock left no time.
    pub(super) fn turns(&self, from: Timestamp, to: Timestamp) -> impl Iterator<Item = Turn<'_>> {
        // Two days earlier than the clock says: no clock is ever set back by more.
        let early = self.clock.wall(from).plus(-2 * DAY_S);
        let first = (early.0 - self.starts.0).div_euclid(self.length_s).max(0);
        let end = self.ends.map(|ends| self.clock.first(ends));
        let turn = move |number: i64| {
            let wall = self.starts.plus(number * self.length_s);
            let (begins, next) = (self.clock.first(wall), self.clock.first(wall.plus(self.length_s)));
            let until = end.map_or(next, |end| next.min(end));
            let place = usize::try_from(number).unwrap_or_default() % self.turns.len();
            Turn { wall, from: begins, until, people: &self.turns[place], cut: until < next }
        };
        let ended = move |turn: &Turn<'_>| turn.from >= to || end.is_some_and(|end| turn.from >= end);
        (first..).map(turn).take_while(move |turn| !ended(turn)).filter(move |turn| turn.until >= from)
    }
}

/// When these windows are open within a range: in order, apart from each other. No windows: always.
#[must_use]
pub fn open(windows: &[Window], clock: &WallClock, from: Timestamp, to: Timestamp) -> Vec<(Timestamp, Timestamp)> {
    if windows.is_empty() {
        return vec![(from, to)];
    }
    let (first, last) = (clock.wall(from).plus(-WEEK_S - 2 * DAY_S).monday(), clock.wall(to).plus(2 * DAY_S));
    let weeks = (0..).map(|week| first.plus(week * WEEK_S)).take_while(|monday| *monday <= last);
    let mut found = Vec::new();
    for monday in weeks {
        for window in windows {
            let begins = monday.plus(window.start_s);
            let (begins, ends) = (clock.first(begins), clock.first(begins.plus(window.length_s)));
            found.push((begins.max(from), ends.min(to)));
        }
    }
    found.retain(|(begins, ends)| begins < ends);
    found.sort_unstable();
    let mut apart: Vec<(Timestamp, Timestamp)> = Vec::new();
    for (begins, ends) in found {
        match apart.last_mut() {
            Some(last) if begins <= last.1 => last.1 = last.1.max(ends),
            _ => apart.push((begins, ends)),
        }
    }
    apart
}
