//! A schedule as the checks know it: drawn by seed, written as YAML, and answered minute by minute. The truth is one sentence of the
//! brief: *a clock's reading is the latest that it has shown so far*. With it, hand-offs, hours and overrides need no case for any
//! day on which clocks change. All times are whole minutes.

use crate::check::Fault;
use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use std::fmt::Write as _;

/// Minutes in a day.
pub(super) const DAY: i64 = 1_440;
const WEEK: i64 = 7 * DAY;
/// The Monday before 1970-01-01.
const MONDAY: i64 = -3 * DAY;
const DAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// Who is called when.
#[derive(Clone)]
pub(super) struct Plan {
    pub(super) zone: &'static str,
    pub(super) people: Vec<&'static str>,
    pub(super) roles: Vec<Role>,
    pub(super) layers: Vec<Layer>,
    pub(super) overrides: Vec<Override>,
    /// Whether one person may hold two roles.
    pub(super) shared: bool,
}

/// What has to be filled.
#[derive(Clone)]
pub(super) struct Role {
    pub(super) name: &'static str,
    pub(super) minimum: usize,
    pub(super) maximum: Option<usize>,
    pub(super) when: Vec<Window>,
    pub(super) together: bool,
}

/// People who take turns.
#[derive(Clone)]
pub(super) struct Layer {
    pub(super) name: String,
    pub(super) role: usize,
    pub(super) zone: Option<&'static str>,
    pub(super) starts: DateTime,
    pub(super) ends: Option<DateTime>,
    /// In minutes of the wall clock.
    pub(super) every: i64,
    pub(super) turns: Vec<Vec<&'static str>>,
    pub(super) hours: Vec<Window>,
}

/// A part of each week: from this minute of it, so long. Both on one day, or over midnight when the end is earlier.
#[derive(Clone, Copy)]
pub(super) struct Window {
    pub(super) start: i64,
    pub(super) length: i64,
}

/// Somebody stands in.
#[derive(Clone)]
pub(super) struct Override {
    pub(super) role: usize,
    pub(super) people: Vec<&'static str>,
    pub(super) from: DateTime,
    pub(super) until: DateTime,
}

/// What clocks read in one minute.
pub(super) struct Minute {
    pub(super) at: Timestamp,
    /// The schedule's clock, and that of each layer: the latest reading so far, in minutes.
    here: i64,
    layers: Vec<i64>,
}

impl Role {
    /// One person at every minute.
    pub(super) fn one(name: &'static str) -> Self {
        Self { name, minimum: 1, maximum: Some(1), when: Vec::new(), together: false }
    }
}

impl Layer {
    /// A rotation without hours.
    pub(super) fn of(role: usize, starts: DateTime, every: i64, turns: &[&'static str]) -> Self {
        let turns = turns.iter().map(|person| vec![*person]).collect();
        let name = format!("layer-{role}-{}", starts.time());
        Self { name: name.replace(':', ""), role, zone: None, starts, ends: None, every, turns, hours: Vec::new() }
    }
}

impl Window {
    /// From one minute of the week until another.
    pub(super) fn of(from: (i64, i64), to: (i64, i64)) -> Self {
        let (start, end) = (from.0 * DAY + from.1, to.0 * DAY + to.1);
        Self { start, length: (end - start).rem_euclid(WEEK) }
    }

    fn holds(self, reading: i64) -> bool {
        (reading - MONDAY - self.start).rem_euclid(WEEK) < self.length
    }

    fn yaml(self) -> String {
        let moment = |minute: i64| format!("{} {}", DAYS[(minute.rem_euclid(WEEK) / DAY) as usize], clock(minute));
        format!("{{ from: {}, to: {} }}", moment(self.start), moment(self.start + self.length))
    }
}

fn clock(minute: i64) -> String {
    let minute = minute.rem_euclid(DAY);
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

/// What a wall clock shows, as minutes since it showed 1970-01-01 00:00.
pub(super) fn reading(civil: DateTime) -> i64 {
    civil.to_zoned(TimeZone::UTC).map_or(0, |zoned| zoned.timestamp().as_second()).div_euclid(60)
}

/// The date and time of a reading.
pub(super) fn civil(reading: i64) -> DateTime {
    Timestamp::from_second(reading * 60).unwrap_or_default().to_zoned(TimeZone::UTC).datetime()
}

/// A zone of this machine.
pub(super) fn zone(name: &str) -> Result<TimeZone, Fault> {
    TimeZone::get(name).map_err(|_| Fault::NotRun(format!("this machine knows no time zone {name}")))
}

impl Plan {
    /// Nobody yet.
    pub(super) fn new(zone: &'static str, people: &[&'static str], roles: Vec<Role>) -> Self {
        let (layers, overrides) = (Vec::new(), Vec::new());
        Self { zone, people: people.to_vec(), roles, layers, overrides, shared: true }
    }

    /// As the brief has it.
    pub(super) fn yaml(&self) -> String {
        let people: Vec<_> = self.people.iter().map(|name| format!("{name}: {{}}")).collect();
        let mut text = format!("name: lab\nzone: {}\npeople: {{ {} }}\n", self.zone, people.join(", "));
        text += &format!("distinct: {}\nroles:\n", !self.shared);
        for role in &self.roles {
            let mut words = vec![format!("minimum: {}", role.minimum)];
            words.extend(role.maximum.map(|maximum| format!("maximum: {maximum}")));
            if !role.when.is_empty() {
                words.push(format!("when: [{}]", windows(&role.when)));
            }
            if role.together {
                words.push("combine: together".to_owned());
            }
            let _ = writeln!(text, "  {}: {{ {} }}", role.name, words.join(", "));
        }
        text += "layers:\n";
        for layer in &self.layers {
            let mut words = vec![format!("name: {}", layer.name), format!("role: {}", self.roles[layer.role].name)];
            words.extend(layer.zone.map(|zone| format!("zone: {zone}")));
            words.push(format!("starts: {}", layer.starts));
            words.extend(layer.ends.map(|ends| format!("ends: {ends}")));
            words.push(format!("every: {} minutes", layer.every));
            let turns: Vec<_> = layer.turns.iter().map(|turn| turn.join(" + ")).collect();
            words.push(format!("turns: [{}]", turns.join(", ")));
            if !layer.hours.is_empty() {
                words.push(format!("hours: [{}]", windows(&layer.hours)));
            }
            let _ = writeln!(text, "  - {{ {} }}", words.join(", "));
        }
        if !self.overrides.is_empty() {
            text += "overrides:\n";
        }
        for it in &self.overrides {
            let (role, people) = (self.roles[it.role].name, it.people.join(", "));
            let _ =
                writeln!(text, "  - {{ role: {role}, people: [{people}], from: {}, until: {} }}", it.from, it.until);
        }
        text
    }

    /// Every minute of a range, with what the clocks read. Begins a day earlier, so that what was shown before is known.
    pub(super) fn minutes(&self, from: Timestamp, to: Timestamp) -> Result<impl Iterator<Item = Minute>, Fault> {
        let here = zone(self.zone)?;
        let layers = self.layers.iter().map(|layer| layer.zone.map_or_else(|| Ok(here.clone()), zone));
        let layers = layers.collect::<Result<Vec<_>, _>>()?;
        let shows =
            |zone: &TimeZone, at: Timestamp| (at.as_second() + i64::from(zone.to_offset(at).seconds())).div_euclid(60);
        let (mut highest, mut all) = (i64::MIN, vec![i64::MIN; layers.len()]);
        let (first, last) = (from.as_second().div_euclid(60), to.as_second().div_euclid(60));
        let minutes = (first - DAY..last).map(move |minute| {
            let at = Timestamp::from_second(minute * 60).unwrap_or_default();
            highest = highest.max(shows(&here, at));
            for (highest, zone) in all.iter_mut().zip(&layers) {
                *highest = (*highest).max(shows(zone, at));
            }
            Minute { at, here: highest, layers: all.clone() }
        });
        Ok(minutes.filter(move |minute| minute.at >= from))
    }

    /// One minute of it.
    pub(super) fn minute(&self, at: Timestamp) -> Result<Minute, Fault> {
        let end = Timestamp::from_second(at.as_second() + 60).unwrap_or(at);
        self.minutes(at, end)?.next().ok_or_else(|| Fault::Harness(format!("{at} is no minute")))
    }

    /// Who holds a role then, in alphabetical order.
    pub(super) fn on_call(&self, role: usize, minute: &Minute) -> Vec<&'static str> {
        let stands_in =
            |it: &&Override| it.role == role && (reading(it.from)..reading(it.until)).contains(&minute.here);
        let mut people = match self.overrides.iter().rev().find(stands_in) {
            Some(it) => it.people.clone(),
            None => {
                let of_role = self.layers.iter().zip(&minute.layers).filter(|(layer, _)| layer.role == role);
                let on_duty: Vec<_> = of_role.filter_map(|(layer, shown)| layer.on_duty(*shown)).collect();
                if self.roles[role].together { on_duty.concat() } else { on_duty.last().cloned().unwrap_or_default() }
            }
        };
        people.sort_unstable();
        people.dedup();
        people
    }

    /// Whether a role has to be filled then.
    pub(super) fn needed(&self, role: usize, minute: &Minute) -> bool {
        let when = &self.roles[role].when;
        when.is_empty() || when.iter().any(|window| window.holds(minute.here))
    }
}

impl Layer {
    fn on_duty(&self, shown: i64) -> Option<Vec<&'static str>> {
        let since = shown - reading(self.starts);
        let over = self.ends.is_some_and(|ends| shown >= reading(ends));
        let open = self.hours.is_empty() || self.hours.iter().any(|window| window.holds(shown));
        let turn = usize::try_from(since.div_euclid(self.every)).ok()?;
        (!over && open).then(|| self.turns[turn % self.turns.len()].clone())
    }
}

fn windows(windows: &[Window]) -> String {
    windows.iter().map(|window| window.yaml()).collect::<Vec<_>>().join(", ")
}
