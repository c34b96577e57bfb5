//! One round: read what is new, place each record, close what is due, compare it to the reference, write reports and the state.
//!
//! Reports come before the state: whoever is killed between them closes the window again, from the same records, and writes the same
//! report over the first.

use super::hysteresis::Change;
use super::logs::Logs;
use super::looks::{self, Seen};
use super::open::Wanted;
use super::state::{Line, State};
use super::windows::{Place, Windows};
use crate::drift::check::{Settings, Stream, check};
use crate::drift::error::Error;
use crate::drift::input::Data;
use crate::drift::order::{self, Series};
use crate::drift::outcome::{Outcome, Window};
use crate::drift::report;
use crate::drift::spec::{Spec, WindowSpec};
use crate::inference_log::{FEATURE, Record, Shape, ValueKind};
use crate::profile::{Kind, Profile};
use jiff::Timestamp;
use mod_106::documents;
use mod_106::validation::read::Unwatched;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::{Path, PathBuf};

/// Columns of the log that are no feature and that a comparison may look at.
const OWN: [&str; 9] = [
    "tenant",
    "variant",
    "prediction",
    "score",
    "latency_ms",
    "status",
    "usage.input_tokens",
    "usage.output_tokens",
    "usage.cost_usd",
];
/// Columns of the log that are never compared.
const NEVER: [&str; 4] = ["time", "request_id", "model", "version"];

/// Watches logs.
#[derive(Debug)]
pub struct Watchtower {
    spec: Spec,
    windows: WindowSpec,
    reference: Data,
    shape: Shape,
    watched: BTreeMap<String, Seen>,
    history: Option<Series>,
    in_order: BTreeSet<String>,
    logs: Logs,
    folder: PathBuf,
    /// What it knows.
    pub state: State,
}

/// What windows are compared with.
#[derive(Clone, Debug)]
pub struct Reference {
    /// As it was given.
    pub given: String,
    /// What the data were like.
    pub profile: Profile,
    /// Its columns of numbers in the order of their times, where the spec asks for that ([`crate::drift::history`]).
    pub history: Option<Series>,
}

/// A window that closed.
#[derive(Clone, Debug)]
pub struct Closed {
    /// What came of it.
    pub outcome: Outcome,
    /// Columns that somebody is told of now.
    pub fires: Vec<String>,
    /// Columns of which somebody is told that it is over.
    pub resolves: Vec<String>,
}

/// What a round did.
#[derive(Clone, Debug, Default)]
pub struct Passed {
    /// Windows that closed, in order.
    pub closed: Vec<Closed>,
    /// Lines that are no record, as `log: what is wrong`; at most ten.
    pub malformed: Vec<String>,
}

impl Watchtower {
    /// Goes on where `folder/state.json` left it.
    ///
    /// # Errors
    /// A state that cannot be used.
    pub fn open(mut spec: Spec, reference: Reference, logs: Logs, folder: &Path) -> Result<Self, Error> {
        let windows = spec.windows.clone().unwrap_or_default();
        let Reference { given, profile: mut reference, history } = reference;
        let history = history.map(|series| if is_log(&reference) { series } else { series.named(named) });
        as_log(&mut spec, &mut reference);
        let cut = Windows::new(windows.every_minutes, windows.lateness_minutes);
        let mut state = State::load(&folder.join("state.json"), cut)?;
        let watched = looks::seen(&spec, &reference);
        state.watches.retain(|name, _| watched.contains_key(name));
        for (name, column) in reference.columns.iter().filter(|(name, _)| watched.contains_key(*name)) {
            state.watches.entry(name.clone()).or_insert_with(|| looks::watch(&column.values));
        }
        let shape = shape(&reference);
        let numbers = reference.columns.iter().filter(|(_, column)| column.kind == Kind::Numbers);
        let in_order = numbers.filter(|_| history.is_some()).map(|(name, _)| name.clone()).collect();
        let reference = Data::Profile { given, profile: reference };
        Ok(Self { spec, windows, reference, shape, watched, history, in_order, logs, folder: folder.to_owned(), state })
    }

    /// What came of the last window that closed, also before this start; nothing where its report is gone.
    pub fn latest(&self) -> Option<Outcome> {
        let text = std::fs::read(self.report_of(&self.state.closed.last()?.start, "json")).ok()?;
        serde_json::from_slice(&text).ok()
    }

    fn report_of(&self, start: &str, ending: &str) -> PathBuf {
        self.folder.join("windows").join(format!("{}.{ending}", start.replace(':', "")))
    }

    /// One round.
    ///
    /// # Errors
    /// Logs that cannot be listed or read, and a folder that cannot be written; what was read before is then not lost.
    pub async fn pass(&mut self, now: Timestamp) -> Result<Passed, Error> {
        let mut passed = Passed::default();
        for (name, size) in self.logs.list().await? {
            let mut from = self.state.read.get(&name).copied().unwrap_or(0);
            if from > size {
                // It was written anew; requests that were seen before are told apart.
                from = 0;
            }
            let Some(lines) = self.logs.lines(&name, from, size).await? else { continue };
            self.take(&name, &lines.text, now, &mut passed)?;
            self.state.read.insert(name, lines.until);
        }
        for open in self.state.open.values_mut() {
            open.sketch(&self.shape)?;
        }
        let now_us = now.as_microsecond();
        while let Some(start) =
            self.state.open.keys().next().copied().filter(|start| self.state.windows.is_due(*start, now_us))
        {
            let closed = self.close(start, now)?;
            passed.closed.push(closed);
        }
        self.state.save(&self.folder.join("state.json"))?;
        Ok(passed)
    }

    fn take(&mut self, name: &str, text: &[u8], now: Timestamp, passed: &mut Passed) -> Result<(), Error> {
        let counters = &mut self.state.counters;
        let wanted = Wanted { watched: &self.watched, in_order: &self.in_order, shape: &self.shape };
        for line in text.split(|byte| *byte == b'\n').filter(|line| !line.iter().all(u8::is_ascii_whitespace)) {
            let record: Record = match serde_json::from_slice(line) {
                Ok(record) => record,
                Err(error) => {
                    counters.malformed += 1;
                    if passed.malformed.len() < 10 {
                        passed.malformed.push(format!("{name}: {error}"));
                    }
                    set_aside(&self.folder, line)?;
                    continue;
                }
            };
            match self.state.windows.place(record.time.as_microsecond(), now.as_microsecond()) {
                Place::Late => counters.late += 1,
                Place::Ahead => {
                    counters.ahead += 1;
                    set_aside(&self.folder, line)?;
                }
                Place::Open(start) => {
                    let open = self.state.open.entry(start).or_default();
                    if open.take(record, wanted) { counters.records += 1 } else { counters.duplicates += 1 }
                }
            }
        }
        Ok(())
    }

    fn close(&mut self, start: i64, now: Timestamp) -> Result<Closed, Error> {
        let open = self.state.open.remove(&start).unwrap_or_default();
        let time = |us: i64| Timestamp::from_microsecond(us).map_or_else(|_| us.to_string(), |time| time.to_string());
        let window = Window { start: time(start), end: time(start + self.state.windows.length_us) };
        let mut e_values = BTreeMap::new();
        for (name, watch) in &mut self.state.watches {
            if let Some(values) = open.arrived.get(name).filter(|values| !values.is_empty()) {
                e_values.insert(name.clone(), watch.look(values));
            }
        }
        let has = |name: &String| match &self.reference {
            Data::Profile { profile, .. } => profile.columns.contains_key(name),
            Data::Table(_) => false,
        };
        let tests = match &self.reference {
            Data::Profile { profile, .. } => profile.columns.len(),
            Data::Table(_) => 1,
        };
        let in_order =
            self.history.as_ref().map(|it| order::of_window(&self.spec, it, &open.in_order, tests)).unwrap_or_default();
        let unknown = open.unknown.clone();
        let (duplicates, remembers, records) = (open.duplicates, open.remembers_all(), open.records());
        let mut profile = open.into_profile();
        // Every log has a latency; a reference that has none asks nothing of it.
        profile.columns.retain(|name, _| !NEVER.contains(&name.as_str()) && (has(name) || name.starts_with(FEATURE)));
        let current = Data::Profile { given: self.logs.given().to_owned(), profile };
        let settings = Settings { memory_limit: u64::MAX, threads: 1, now };
        let stream = Stream { window: window.clone(), e_values, in_order };
        let mut outcome = check(&self.spec, &self.reference, &current, Some(stream), settings, &Unwatched)?;
        "stream".clone_into(&mut outcome.current.format);
        note(&mut outcome, &unknown, (duplicates, remembers, records));
        let (mut fires, mut resolves) = (Vec::new(), Vec::new());
        for column in &outcome.columns {
            let past = self.state.columns.entry(column.column.clone()).or_default();
            match past.see(column.verdict, self.windows.fire_after, self.windows.resolve_after) {
                Change::Fires => {
                    fires.push(column.column.clone());
                    self.state.alerts.insert(column.column.clone(), report::alert(&outcome, column));
                }
                Change::Resolves => {
                    resolves.push(column.column.clone());
                    self.state.alerts.remove(&column.column);
                }
                Change::None => {}
            }
        }
        let files = [("json", report::json(&outcome)), ("html", report::html(&outcome))];
        let files = files.map(|(ending, text)| (self.report_of(&window.start, ending), text.into_bytes()));
        documents::write_all(&files).map_err(|error| Error::State {
            at: self.folder.display().to_string(),
            reason: error.to_string(),
            advice: "look at the folder and the space on the disk".to_owned(),
        })?;
        self.state.windows.close(start);
        self.state.counters.windows += 1;
        self.state.list(Line {
            start: window.start,
            verdict: outcome.verdict,
            why: outcome.why.clone(),
            fires: fires.clone(),
            resolves: resolves.clone(),
            new_columns: outcome.new_columns.clone(),
        });
        Ok(Closed { outcome, fires, resolves })
    }
}

/// What a reader should know of a window's records.
fn note(outcome: &mut Outcome, unknown: &BTreeMap<String, u64>, (duplicates, remembers, records): (u64, bool, u64)) {
    for (name, count) in unknown {
        let found = format!("the reference has no feature `{name}`, which {count} of {records} records have");
        outcome.notes.push(format!("{found}; not compared"));
        outcome.new_columns.push(format!("{FEATURE}{name}"));
    }
    if duplicates > 0 {
        outcome.notes.push(format!("{duplicates} records came more than once and were counted once"));
    }
    if !remembers {
        outcome
            .notes
            .push(format!("of {records} records not all could be remembered: duplicates may have been counted"));
    }
}

/// Keeps a line that no window takes, so that nothing is lost.
fn set_aside(folder: &Path, line: &[u8]) -> Result<(), Error> {
    let path = folder.join("set-aside.jsonl");
    let written = std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::OpenOptions::new().create(true).append(true).open(&path))
        .and_then(|mut file| file.write_all(&[line, b"\n"].concat()));
    written.map_err(|error| Error::State {
        at: path.display().to_string(),
        reason: error.to_string(),
        advice: "look at the folder and the space on the disk".to_owned(),
    })
}

/// Whether columns are named as the log names them.
fn is_log(reference: &Profile) -> bool {
    reference.columns.keys().any(|name| name.starts_with(FEATURE))
}

fn named(name: &str) -> String {
    if OWN.contains(&name) { name.to_owned() } else { format!("{FEATURE}{name}") }
}

/// A reference that names its features by themselves, named as the log names them; and the spec's columns with it.
fn as_log(spec: &mut Spec, reference: &mut Profile) {
    let is_log = is_log(reference);
    reference.columns.retain(|name, _| !NEVER.contains(&name.as_str()));
    if is_log {
        return;
    }
    let columns = std::mem::take(&mut reference.columns);
    reference.columns = columns.into_iter().map(|(name, column)| (named(&name), column)).collect();
    spec.exclude.iter_mut().for_each(|name| *name = named(name));
    spec.columns.iter_mut().flatten().for_each(|column| column.column = named(&column.column));
}

/// What the log's values are read as: what they were in the reference. A value of another kind is missing there, and seen as that.
fn shape(reference: &Profile) -> Shape {
    let kind = |kind: Kind| if kind == Kind::Numbers { ValueKind::Numbers } else { ValueKind::Texts };
    let features = reference
        .columns
        .iter()
        .filter_map(|(name, column)| Some((name.strip_prefix(FEATURE)?.to_owned(), kind(column.kind))));
    let prediction = reference.columns.get("prediction").map_or(ValueKind::Texts, |column| kind(column.kind));
    Shape { features: features.collect(), prediction }
}
