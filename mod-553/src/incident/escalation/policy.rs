//! An escalation policy: who is paged in which order, how long each has, and when less urgent things wait until morning.

use super::super::Error;
use super::super::schedule::{Schedule, WallClock, Window, WindowEntry, windows_of};
use super::super::yaml::{self, Mistakes};
use jiff::SignedDuration;
use mod_106::alerts::Severity;
use serde::Deserialize;
use serde_saphyr::Spanned;
use std::collections::BTreeMap;
use std::path::Path;

/// How an incident finds somebody.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Its name.
    pub name: String,
    /// The clock of quiet hours.
    pub clock: WallClock,
    /// From the first who are paged to the last. Not empty.
    pub levels: Vec<Level>,
    /// How often all levels are gone through, at least once.
    pub rounds: u32,
    /// Who is told when all levels were gone through in vain; people by name. Empty: nobody, and the incident is exhausted silently.
    pub fallback: Vec<String>,
    /// When pages of a severity wait.
    pub quiet: BTreeMap<Severity, Vec<Window>>,
    /// How long after its end the same alert is the same incident.
    pub reopen_within: SignedDuration,
    /// For how long somebody may put an incident off.
    pub longest_snooze: SignedDuration,
    /// Who is on call.
    pub schedule: Schedule,
}

/// One level.
#[derive(Debug, Clone)]
pub struct Level {
    /// Roles of the schedule, or people by name. Not empty.
    pub notify: Vec<String>,
    /// How long they have before the next level is paged.
    pub wait: SignedDuration,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: String,
    schedule: Spanned<String>,
    levels: Spanned<Vec<LevelEntry>>,
    rounds: Option<Spanned<u32>>,
    #[serde(default)]
    fallback: Vec<Spanned<String>>,
    #[serde(default)]
    quiet: BTreeMap<Severity, Vec<Spanned<WindowEntry>>>,
    reopen_within: Option<Spanned<String>>,
    longest_snooze: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LevelEntry {
    notify: Spanned<Vec<Spanned<String>>>,
    wait: Spanned<String>,
}

impl Policy {
    /// Reads a policy, and the schedule that it names beside itself.
    ///
    /// # Errors
    /// [`Error::File`], or [`Error::Malformed`] with every mistake and its place.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let text = std::fs::read_to_string(path).map_err(|source| Error::file(path, source))?;
        let file: File = yaml::parse(path, &text)?;
        let schedule = Schedule::read(&path.parent().unwrap_or(Path::new("")).join(&file.schedule.value))?;
        file.resolve(path, schedule)
    }

    /// The same, of a text already read and a schedule.
    ///
    /// # Errors
    /// [`Error::Malformed`].
    pub fn parse(path: &Path, text: &str, schedule: Schedule) -> Result<Self, Error> {
        yaml::parse::<File>(path, text)?.resolve(path, schedule)
    }
}

impl File {
    fn resolve(self, path: &Path, schedule: Schedule) -> Result<Policy, Error> {
        let mut mistakes = Mistakes::of(path);
        if self.levels.value.is_empty() {
            mistakes.at(&self.levels, "found no level, expected at least one: an incident must reach somebody");
        }
        let mut levels = Vec::new();
        for level in &self.levels.value {
            if level.notify.value.is_empty() {
                mistakes.at(&level.notify, "found nobody to notify, expected roles or people of the schedule");
            }
            for name in &level.notify.value {
                let is_role = schedule.roles.iter().any(|role| role.name == name.value);
                if !is_role && !schedule.people.contains_key(&name.value) {
                    let roles: Vec<_> = schedule.roles.iter().map(|role| role.name.as_str()).collect();
                    let people: Vec<_> = schedule.people.keys().map(String::as_str).collect();
                    let (roles, people) = (roles.join(", "), people.join(", "));
                    mistakes
                        .at(name, format!("found {:?}, expected a role ({roles}) or a person ({people})", name.value));
                }
            }
            let wait = mistakes.take(&level.wait, duration(&level.wait.value));
            let notify = level.notify.value.iter().map(|name| name.value.clone()).collect();
            levels.push(Level { notify, wait: wait.unwrap_or_default() });
        }
        let rounds = self.rounds.as_ref().map_or(1, |rounds| rounds.value);
        if let Some(given) = self.rounds.as_ref().filter(|given| !(1..=100).contains(&given.value)) {
            mistakes.at(given, format!("found {} rounds, expected 1 to 100", given.value));
        }
        for name in self.fallback.iter().filter(|name| !schedule.people.contains_key(&name.value)) {
            let people: Vec<_> = schedule.people.keys().map(String::as_str).collect();
            // A role may be empty, which is what a fallback is for.
            mistakes.at(name, format!("found {:?}, expected a person: {}", name.value, people.join(", ")));
        }
        let fallback = self.fallback.iter().map(|name| name.value.clone()).collect();
        let mut quiet = BTreeMap::new();
        for (severity, entries) in &self.quiet {
            let read =
                entries.iter().flat_map(|entry| mistakes.take(entry, windows_of(&entry.value)).unwrap_or_default());
            quiet.insert(*severity, read.collect());
        }
        let mut optional = |given: &Option<Spanned<String>>, otherwise: i64| match given {
            Some(given) => mistakes.take(given, duration(&given.value)).unwrap_or_default(),
            None => SignedDuration::from_mins(otherwise),
        };
        let (reopen_within, longest_snooze) = (optional(&self.reopen_within, 30), optional(&self.longest_snooze, 240));
        let clock = schedule.clock.clone();
        let name = self.name;
        mistakes.unless_any(Policy {
            name,
            clock,
            levels,
            rounds,
            fallback,
            quiet,
            reopen_within,
            longest_snooze,
            schedule,
        })
    }
}

/// `5 min`, `1 h 30 min`; more than nothing and at most a week.
fn duration(text: &str) -> Result<SignedDuration, String> {
    let read = text.trim().parse::<SignedDuration>().ok();
    let fits = read.filter(|read| read.is_positive() && *read <= SignedDuration::from_hours(24 * 7));
    fits.ok_or_else(|| format!("found {text:?}, expected a time such as 5 min or 1 h 30 min, at most a week"))
}

/// A time span as people write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct After(pub SignedDuration);

impl<'de> Deserialize<'de> for After {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        duration(&text).map(Self).map_err(serde::de::Error::custom)
    }
}
