//! The YAML file of a schedule. Every mistake is found, each with its line and column: unknown people, roles and zones, rotations
//! without length, windows that never open.

use super::super::Error;
use super::super::yaml::{self, Mistakes};
use super::clock::{DAY_S, WEEK_S, Wall, WallClock};
use super::model::{Combine, Layer, Override, Person, Role, Schedule, Window};
use jiff::{Span, Timestamp, civil};
use serde::Deserialize;
use serde_saphyr::Spanned;
use std::collections::BTreeMap;
use std::path::Path;

type Text = Spanned<String>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: String,
    zone: Text,
    people: BTreeMap<String, PersonEntry>,
    #[serde(default)]
    roles: BTreeMap<String, Spanned<RoleEntry>>,
    #[serde(default = "forbidden")]
    distinct: bool,
    layers: Vec<Spanned<LayerEntry>>,
    #[serde(default)]
    overrides: Vec<Spanned<OverrideEntry>>,
}

fn forbidden() -> bool {
    true
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PersonEntry {
    name: Option<String>,
    contact: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RoleEntry {
    minimum: Option<usize>,
    maximum: Option<Spanned<usize>>,
    #[serde(default)]
    when: Vec<Spanned<WindowEntry>>,
    combine: Option<CombineWord>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum CombineWord {
    Stack,
    Together,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LayerEntry {
    name: String,
    role: Text,
    zone: Option<Text>,
    starts: Text,
    ends: Option<Text>,
    every: Text,
    turns: Spanned<Vec<Text>>,
    #[serde(default)]
    hours: Vec<Spanned<WindowEntry>>,
}

/// A part of the week as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::incident) struct WindowEntry {
    #[serde(default)]
    days: Vec<Text>,
    from: Text,
    to: Text,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OverrideEntry {
    role: Text,
    people: Spanned<Vec<Text>>,
    from: Text,
    until: Text,
    #[serde(default)]
    #[expect(dead_code, reason = "said for whoever reads the file")]
    reason: Option<String>,
}

impl Schedule {
    /// Reads a schedule.
    ///
    /// # Errors
    /// [`Error::File`], or [`Error::Malformed`] with every mistake and its place.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let text = std::fs::read_to_string(path).map_err(|source| Error::file(path, source))?;
        Self::parse(path, &text)
    }

    /// The same, of a text already read; `path` is what mistakes call it.
    ///
    /// # Errors
    /// [`Error::Malformed`].
    pub fn parse(path: &Path, text: &str) -> Result<Self, Error> {
        let file: File = yaml::parse(path, text)?;
        let mut reading =
            Reading { mistakes: Mistakes::of(path), clock: None, people: BTreeMap::new(), roles: Vec::new() };
        reading.clock = reading.mistakes.take(&file.zone, WallClock::of(&file.zone.value));
        for (id, entry) in file.people {
            let name = entry.name.unwrap_or_else(|| id.clone());
            reading.people.insert(id, Person { name, contact: entry.contact });
        }
        reading.roles(file.roles, &file.layers);
        let layers: Vec<_> = file.layers.into_iter().filter_map(|entry| reading.layer(entry)).collect();
        let overrides: Vec<_> = file.overrides.iter().filter_map(|entry| reading.stand_in(entry)).collect();
        let Reading { mistakes, clock, people, roles } = reading;
        let clock = clock.ok_or(()).or_else(|()| WallClock::of("UTC")).map_err(Error::Input)?;
        let distinct = file.distinct;
        mistakes.unless_any(Self { name: file.name, clock, people, roles, layers, overrides, distinct })
    }
}

/// What is known so far, and what was wrong.
struct Reading {
    mistakes: Mistakes,
    clock: Option<WallClock>,
    people: BTreeMap<String, Person>,
    roles: Vec<Role>,
}

impl Reading {
    /// The roles that are described, and those that only layers name: one person at every instant.
    fn roles(&mut self, described: BTreeMap<String, Spanned<RoleEntry>>, layers: &[Spanned<LayerEntry>]) {
        let any_described = !described.is_empty();
        for (name, entry) in described {
            let RoleEntry { minimum, maximum, when, combine } = entry.value;
            let minimum = minimum.unwrap_or(1);
            if let Some(maximum) = maximum.as_ref().filter(|maximum| maximum.value < minimum.max(1)) {
                let problem = format!("found a maximum of {}, expected at least {}", maximum.value, minimum.max(1));
                self.mistakes.at(maximum, problem);
            }
            let combine = match combine {
                Some(CombineWord::Together) => Combine::Together,
                Some(CombineWord::Stack) | None => Combine::Stack,
            };
            let when = when.iter().flat_map(|window| self.windows(window)).collect();
            self.roles.push(Role { name, minimum, maximum: maximum.map(|maximum| maximum.value), when, combine });
        }
        if !any_described {
            for layer in layers {
                let name = &layer.value.role.value;
                if self.roles.iter().all(|role| role.name != *name) {
                    let combine = Combine::Stack;
                    self.roles.push(Role {
                        name: name.clone(),
                        minimum: 1,
                        maximum: Some(1),
                        when: Vec::new(),
                        combine,
                    });
                }
            }
        }
    }

    fn layer(&mut self, entry: Spanned<LayerEntry>) -> Option<Layer> {
        let LayerEntry { name, role, zone, starts, ends, every, turns, hours } = entry.value;
        let role = self.role(&role);
        let clock = match &zone {
            Some(zone) => self.mistakes.take(zone, WallClock::of(&zone.value)),
            None => self.clock.clone(),
        };
        let wall = |mistakes: &mut Mistakes, text: &Text| mistakes.take(text, reading(&text.value));
        let starts_at = wall(&mut self.mistakes, &starts);
        let ends_at = ends.as_ref().map(|ends| wall(&mut self.mistakes, ends));
        if let (Some(ends), Some(Some(end)), Some(start)) = (&ends, ends_at, starts_at)
            && end <= start
        {
            self.mistakes.at(ends, format!("found an end that is not after starts, {}", starts.value));
        }
        let length_s = self.mistakes.take(&every, length(&every.value));
        if turns.value.is_empty() {
            self.mistakes.at(&turns, format!("layer {name}: found no turn, expected at least one person"));
        }
        let groups: Vec<_> = turns.value.iter().map(|turn| self.group(turn)).collect();
        let hours = hours.iter().flat_map(|window| self.windows(window)).collect();
        let ends = ends_at.flatten();
        Some(Layer {
            name,
            role: role?,
            clock: clock?,
            starts: starts_at?,
            ends,
            length_s: length_s?,
            turns: groups,
            hours,
        })
    }

    fn stand_in(&mut self, entry: &Spanned<OverrideEntry>) -> Option<Override> {
        let OverrideEntry { role, people, from, until, reason: _ } = &entry.value;
        let role = self.role(role);
        if people.value.is_empty() {
            self.mistakes.at(people, "found an override by nobody, expected at least one person");
        }
        let people = people.value.iter().flat_map(|person| self.group(person)).collect();
        let clock = self.clock.clone()?;
        let begins = self.mistakes.take(from, instant(&from.value, &clock));
        let ends = self.mistakes.take(until, instant(&until.value, &clock));
        let (begins, ends) = (begins?, ends?);
        if ends <= begins {
            self.mistakes.at(until, format!("found an end that is not after from, {}", from.value));
        }
        Some(Override { role: role?, people, from: begins, until: ends, line: entry.referenced.line() })
    }

    fn role(&mut self, name: &Text) -> Option<usize> {
        let place = self.roles.iter().position(|role| role.name == name.value);
        if place.is_none() {
            let all: Vec<_> = self.roles.iter().map(|role| role.name.as_str()).collect();
            self.mistakes.at(name, format!("found role {:?}, expected one of {}", name.value, all.join(", ")));
        }
        place
    }

    /// One person, or several: `ada + grace`.
    fn group(&mut self, turn: &Text) -> Vec<String> {
        let names: Vec<_> = turn.value.split('+').map(|name| name.trim().to_owned()).collect();
        for name in &names {
            if !self.people.contains_key(name) {
                let all: Vec<_> = self.people.keys().map(String::as_str).collect();
                self.mistakes.at(turn, format!("found person {name:?}, expected one of people: {}", all.join(", ")));
            }
        }
        names
    }

    fn windows(&mut self, entry: &Spanned<WindowEntry>) -> Vec<Window> {
        let read = windows_of(&entry.value);
        self.mistakes.take(entry, read).unwrap_or_default()
    }
}

/// `days` with two times of day, or two moments of the week such as `friday 17:00` and `monday 09:00`.
pub(in crate::incident) fn windows_of(entry: &WindowEntry) -> Result<Vec<Window>, String> {
    let (from, to) = (moment_of_week(&entry.from.value)?, moment_of_week(&entry.to.value)?);
    match (from, to, entry.days.is_empty()) {
        ((Some(first), from_s), (Some(last), to_s), true) => {
            let (start_s, end_s) = ((first * DAY_S + from_s) % WEEK_S, last * DAY_S + to_s);
            let length_s = match (end_s - start_s).rem_euclid(WEEK_S) {
                0 => return Err("found a window that ends where it begins, expected a part of the week".to_owned()),
                length_s => length_s,
            };
            Ok(vec![Window { start_s, length_s }])
        }
        ((None, from_s), (None, to_s), without_days) => {
            if from_s == to_s || from_s == DAY_S {
                let (from, to) = (&entry.from.value, &entry.to.value);
                return Err(format!("found a window from {from} to {to}; for whole days write from 00:00 to 24:00"));
            }
            let length_s = if to_s > from_s { to_s - from_s } else { to_s + DAY_S - from_s };
            let named = entry.days.iter().map(|day| weekday(&day.value)).collect::<Result<Vec<_>, _>>()?;
            let days = if without_days { (0..7).collect() } else { named };
            Ok(days.into_iter().map(|day| Window { start_s: day * DAY_S + from_s, length_s }).collect())
        }
        _ => Err("found a window that names days twice or on one side only; give days with from: \"09:00\" and to: \
                  \"17:00\", or from: friday 17:00 and to: monday 09:00"
            .to_owned()),
    }
}

fn moment_of_week(text: &str) -> Result<(Option<i64>, i64), String> {
    match text.trim().split_once(' ') {
        Some((day, time)) => Ok((Some(weekday(day)?), time_of_day(time.trim())?)),
        None => Ok((None, time_of_day(text.trim())?)),
    }
}

fn weekday(text: &str) -> Result<i64, String> {
    const DAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    let place = DAYS.iter().zip(0..).find(|(day, _)| day.eq_ignore_ascii_case(text));
    place.map(|(_, place)| place).ok_or_else(|| format!("found day {text:?}, expected one of {}", DAYS.join(", ")))
}

/// Seconds after midnight; 24:00 is the day's end.
fn time_of_day(text: &str) -> Result<i64, String> {
    if text == "24:00" {
        return Ok(DAY_S);
    }
    let time: civil::Time = text.parse().map_err(|_| format!("found time {text:?}, expected one such as 09:00"))?;
    Ok(i64::from(time.hour()) * 3600 + i64::from(time.minute()) * 60 + i64::from(time.second()))
}

/// `2026-01-05T09:00`, or with a space.
fn reading(text: &str) -> Result<Wall, String> {
    let expected = |_| format!("found {text:?}, expected a date and a hand-off time such as 2026-01-05T09:00");
    Ok(Wall::of(text.trim().parse().map_err(expected)?))
}

/// With an offset or a zone an exact instant; without, what the schedule's clock shows.
fn instant(text: &str, clock: &WallClock) -> Result<Timestamp, String> {
    let text = text.trim();
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at);
    }
    reading(text)
        .map(|wall| clock.first(wall))
        .map_err(|_| format!("found {text:?}, expected a time such as 2026-05-04T18:00 or 2026-05-04T18:00+02:00"))
}

/// How long a turn is, in wall-clock seconds.
fn length(text: &str) -> Result<i64, String> {
    let expected = || format!("found {text:?}, expected how long a turn lasts, such as 1 week, 3 days or 12 hours");
    let span: Span = text.trim().parse().map_err(|_| expected())?;
    if span.get_years() != 0 || span.get_months() != 0 {
        return Err(format!("{}: months and years have no one length", expected()));
    }
    let length_s = i64::from(span.get_weeks()) * WEEK_S
        + i64::from(span.get_days()) * DAY_S
        + i64::from(span.get_hours()) * 3600
        + span.get_minutes() * 60;
    match length_s {
        0 => Err(format!("found {text:?}, a rotation of no length; expected how long a turn lasts, such as 1 week")),
        60.. => Ok(length_s),
        _ => Err(expected()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "
name: serving
zone: Europe/Amsterdam
people:
  ada: { name: Ada, contact: ada@example.org }
  grace: {}
  linus: {}
roles:
  primary: { maximum: 1 }
  secondary: { minimum: 1, combine: together, when: [{ days: [monday, friday], from: 18:00, to: 09:00 }] }
layers:
  - { name: week, role: primary, starts: 2026-01-05T09:00, every: 1 week, turns: [ada, grace + linus] }
  - name: nights
    role: secondary
    zone: America/New_York
    starts: 2026-01-05 21:00
    ends: 2027-01-01T00:00
    every: 12 hours
    turns: [linus]
    hours: [{ from: friday 17:00, to: monday 09:00 }]
overrides:
  - { role: primary, people: [linus], from: 2026-05-04T18:00, until: 2026-05-05T09:00+02:00, reason: concert }
";

    fn parse(text: &str) -> Result<Schedule, Error> {
        Schedule::parse(Path::new("schedule.yaml"), text)
    }

    #[test]
    fn a_file_becomes_a_schedule() {
        let schedule = parse(GOOD).unwrap();
        assert_eq!(schedule.layers[0].turns, [vec!["ada".to_owned()], vec!["grace".to_owned(), "linus".to_owned()]]);
        assert_eq!((schedule.layers[0].length_s, schedule.layers[1].length_s), (WEEK_S, 43_200));
        let weekend = Window { start_s: 4 * DAY_S + 17 * 3600, length_s: 64 * 3600 };
        assert_eq!(schedule.layers[1].hours, [weekend]);
        let evening = |day| Window { start_s: day * DAY_S + 18 * 3600, length_s: 15 * 3600 };
        assert_eq!(schedule.roles[1].when, [evening(0), evening(4)]);
        let stands_in = &schedule.overrides[0];
        assert_eq!(stands_in.from.to_string(), "2026-05-04T16:00:00Z");
        assert_eq!((stands_in.until.to_string().as_str(), stands_in.line), ("2026-05-05T07:00:00Z", 22));
        assert!(schedule.distinct);
    }

    #[test]
    fn every_mistake_is_named_with_its_place() {
        fn check(from: &str, to: &str) -> String {
            assert!(GOOD.contains(from), "{from}");
            parse(&GOOD.replacen(from, to, 1)).unwrap_err().to_string()
        }
        let all = [
            check("zone: Europe/Amsterdam", "zone: Europe/Amsterdan"),
            check("zone: America/New_York", "zone: EST5"),
            check("turns: [ada, grace + linus]", "turns: [ada, grace + margaret]"),
            check("turns: [linus]", "turns: []"),
            check("every: 1 week", "every: 0 weeks"),
            check("every: 1 week", "every: -1 week"),
            check("every: 12 hours", "every: 1 month"),
            check("every: 12 hours", "every: often"),
            check("role: secondary", "role: tertiary"),
            check("starts: 2026-01-05T09:00", "starts: monday"),
            check("ends: 2027-01-01T00:00", "ends: 2025-01-01T00:00"),
            check("from: friday 17:00, to: monday 09:00", "from: friday 17:00, to: friday 17:00"),
            check("from: friday 17:00, to: monday 09:00", "from: 09:00, to: 09:00"),
            check("from: friday 17:00, to: monday 09:00", "from: fryday 17:00, to: monday 09:00"),
            check("from: friday 17:00, to: monday 09:00", "from: friday 17:00, to: 09:00"),
            check("from: 18:00, to: 09:00", "from: 25:00, to: 09:00"),
            check("maximum: 1", "maximum: 0"),
            check("people: [linus]", "people: []"),
            check("until: 2026-05-05T09:00+02:00", "until: 2026-05-04T18:00+02:00"),
            check("from: 2026-05-04T18:00", "from: tomorrow"),
            check("name: serving", "nome: serving"),
            // Several at once.
            check("ada: { name: Ada, contact: ada@example.org }", "margaret: {}"),
        ];
        insta::assert_snapshot!(all.join("\n"));
    }
}
