//! `mod-553 incident schedule`: check, who, show.

use crate::cli::Ended;
use crate::incident::Error;
use crate::incident::schedule::{self, Schedule, WallClock};
use anyhow::Result;
use clap::Subcommand;
use jiff::{SignedDuration, Timestamp};
use std::io::Write;
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub(super) enum Action {
    /// Look at every instant of a range: gaps, double cover, overlapping overrides, days on which clocks change.
    ///
    /// A hand-off happens the first time the wall clock shows its time or a later one. Exit code 1 when there is an error.
    Check {
        /// The schedule (YAML)
        file: PathBuf,
        #[command(flatten)]
        range: Range,
        /// Print JSON, every finding by itself
        #[arg(long)]
        json: bool,
    },
    /// Say who is on call. Exit code 1 when a role that has to be filled is not.
    Who {
        /// The schedule (YAML)
        file: PathBuf,
        /// A date, a time by the schedule's clock, or an instant such as 2026-01-05T08:00:00Z; now when absent
        #[arg(long)]
        at: Option<String>,
        /// This role alone
        #[arg(long)]
        role: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show who is on call when: a table, JSON, or iCalendar.
    Show {
        /// The schedule (YAML)
        file: PathBuf,
        #[command(flatten)]
        range: Range,
        /// Print JSON
        #[arg(long, conflicts_with = "calendar")]
        json: bool,
        /// Print iCalendar (RFC 5545)
        #[arg(long)]
        calendar: bool,
        /// In the calendar this person's turns alone
        #[arg(long, requires = "calendar")]
        person: Option<String>,
    },
}

#[derive(Debug, clap::Args)]
pub(super) struct Range {
    /// From this date, time or instant; now when absent
    #[arg(long)]
    from: Option<String>,
    /// Until this date, time or instant; a year later when absent
    #[arg(long)]
    to: Option<String>,
}

/// The longest range: longer ones are a typing error, and zones' laws are not known that far.
const LONGEST: SignedDuration = SignedDuration::from_hours(24 * 366 * 50);

impl Range {
    fn read(&self, clock: &WallClock, now: Timestamp) -> Result<(Timestamp, Timestamp), Error> {
        let from = self.from.as_deref().map_or(Ok(now), |text| instant("--from", text, clock))?;
        let year = SignedDuration::from_hours(24 * 365);
        let to = self.to.as_deref().map_or(Ok(from + year), |text| instant("--to", text, clock))?;
        if to <= from || to.duration_since(from) > LONGEST {
            return Err(Error::Input(format!(
                "found --from {from} and --to {to}, expected an end after it, at most 50 years"
            )));
        }
        Ok((from, to))
    }
}

/// A date, a reading of this clock, or an exact instant.
pub(super) fn instant(option: &str, text: &str, clock: &WallClock) -> Result<Timestamp, Error> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at);
    }
    let refused = || {
        Error::Input(format!("{option}: found {text:?}, expected 2026-01-05, 2026-01-05T09:00 or 2026-01-05T08:00:00Z"))
    };
    let civil: jiff::civil::DateTime = text.parse().map_err(|_| refused())?;
    if !(1900..=2200).contains(&civil.year()) {
        return Err(refused());
    }
    Ok(clock.first(schedule::Wall::of(civil)))
}

pub(super) fn run(action: &Action, now: Timestamp) -> Result<()> {
    match action {
        Action::Check { file, range, json } => {
            let schedule = Schedule::read(file)?;
            let (from, to) = range.read(&schedule.clock, now)?;
            let checked = schedule::check(&schedule, from, to);
            let text = match json {
                true => serde_json::to_string_pretty(&checked)? + "\n",
                false => schedule::for_people(&schedule, &checked),
            };
            print(&text)?;
            if checked.holds() { Ok(()) } else { Err(refused(format!("{}: the schedule has errors", file.display()))) }
        }
        Action::Who { file, at, role, json } => {
            let schedule = Schedule::read(file)?;
            let at = at.as_deref().map_or(Ok(now), |text| instant("--at", text, &schedule.clock))?;
            who(&schedule, at, role.as_deref(), *json)
        }
        Action::Show { file, range, json, calendar, person } => {
            let schedule = Schedule::read(file)?;
            let (from, to) = range.read(&schedule.clock, now)?;
            if let Some(person) = person.as_deref().filter(|person| !schedule.people.contains_key(*person)) {
                let all: Vec<_> = schedule.people.keys().map(String::as_str).collect();
                return Err(
                    Error::Input(format!("--person: found {person:?}, expected one of {}", all.join(", "))).into()
                );
            }
            if *calendar {
                return print(&schedule::calendar(&schedule, from, to, person.as_deref(), now));
            }
            if *json {
                let spans = |place| schedule::spans(&schedule, place, from, to);
                let roles = schedule.roles.iter().enumerate();
                let roles: std::collections::BTreeMap<_, _> =
                    roles.map(|(place, role)| (&role.name, spans(place))).collect();
                return print(&(serde_json::to_string_pretty(&roles)? + "\n"));
            }
            print(&super::rows(&["role", "from", "until", "on call"], schedule::table(&schedule, from, to)))
        }
    }
}

fn who(schedule: &Schedule, at: Timestamp, role: Option<&str>, json: bool) -> Result<()> {
    let all = schedule::holders(schedule, at);
    let holders: Vec<_> = all.iter().filter(|holder| role.is_none_or(|role| role == holder.role)).collect();
    if holders.is_empty() {
        let all: Vec<_> = all.iter().map(|holder| holder.role.as_str()).collect();
        let role = role.unwrap_or_default();
        return Err(Error::Input(format!("--role: found {role:?}, expected one of {}", all.join(", "))).into());
    }
    if json {
        print(&(serde_json::to_string_pretty(&holders)? + "\n"))?;
    } else {
        let row = |holder: &&schedule::Holder| {
            let until =
                holder.until.map_or_else(|| "for 90 days at least".to_owned(), |at| schedule::moment(schedule, at));
            [holder.role.clone(), named(&holder.people), until, named(&holder.next)]
        };
        print(&super::rows(&["role", "on call", "until", "then"], holders.iter().map(row)))?;
    }
    let checked = schedule::check(schedule, at, at + SignedDuration::from_secs(1));
    let of_role = |finding: &&schedule::Finding| role.is_none_or(|role| role == finding.role);
    let gap = checked.findings.iter().filter(of_role).find(|finding| finding.kind == schedule::Kind::Gap);
    gap.map_or(Ok(()), |gap| {
        let when = schedule::moment(schedule, at);
        Err(refused(format!("{}: {} at {when}; add an override for this time", gap.role, gap.problem)))
    })
}

fn named(people: &[String]) -> String {
    if people.is_empty() { "nobody".to_owned() } else { people.join(", ") }
}

pub(super) fn refused(message: String) -> anyhow::Error {
    Ended { code: 1, message }.into()
}

pub(super) fn print(text: &str) -> Result<()> {
    // Not `print!`: it panics when the reader has gone.
    Ok(std::io::stdout().lock().write_all(text.as_bytes())?)
}
