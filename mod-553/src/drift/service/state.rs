//! All that the service knows, in one file that is replaced whole. What was read of each log and what the open windows hold stand
//! together: whoever is killed between two writes reads the same lines again and counts them once.

use super::hysteresis::Hysteresis;
use super::open::{Open, Written};
use super::windows::Windows;
use crate::decision::Watch;
use crate::drift::error::Error;
use crate::drift::outcome::Verdict;
use mod_106::alerts::Alert;
use mod_106::documents;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// The version of the file.
const VERSION: u32 = 1;

/// What the service knows.
#[derive(Debug)]
pub struct State {
    /// Which windows are open.
    pub windows: Windows,
    /// Bytes read of each log.
    pub read: BTreeMap<String, u64>,
    pub(super) open: BTreeMap<i64, Open>,
    /// Columns' recent past.
    pub columns: BTreeMap<String, Hysteresis>,
    /// Watches by column, of whoever looks every hour.
    pub watches: BTreeMap<String, Watch>,
    /// What somebody has been told, or is to be told: an alert for each column that fires.
    pub alerts: BTreeMap<String, Alert>,
    /// The latest windows that closed.
    pub closed: Vec<Line>,
    /// What was counted since the service first began.
    pub counters: Counters,
}

/// A window in the list of those that closed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// RFC 3339.
    pub start: String,
    /// What was found.
    pub verdict: Verdict,
    /// In one sentence.
    pub why: String,
    /// Columns that somebody was told of.
    pub fires: Vec<String>,
    /// Columns of which somebody was told that it is over.
    pub resolves: Vec<String>,
    /// Features that the reference does not know.
    pub new_columns: Vec<String>,
}

/// Windows in the list.
const LISTED: usize = 200;

/// What was counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counters {
    /// Records that belong to a window.
    pub records: u64,
    /// Records whose window was closed.
    pub late: u64,
    /// Records whose clock is ahead of ours.
    pub ahead: u64,
    /// Records of a request that had been seen.
    pub duplicates: u64,
    /// Lines that are no record.
    pub malformed: u64,
    /// Windows that closed.
    pub windows: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u32,
    windows: Windows,
    read: BTreeMap<String, u64>,
    open: BTreeMap<i64, Written>,
    columns: BTreeMap<String, Hysteresis>,
    watches: BTreeMap<String, Watch>,
    alerts: BTreeMap<String, Alert>,
    #[serde(default)]
    closed: Vec<Line>,
    counters: Counters,
}

impl State {
    /// Of a service that begins.
    pub fn new(windows: Windows) -> Self {
        let (read, open, columns, watches, alerts) = Default::default();
        Self { windows, read, open, columns, watches, alerts, closed: Vec::new(), counters: Counters::default() }
    }

    /// Puts a window at the end of the list.
    pub(super) fn list(&mut self, line: Line) {
        self.closed.push(line);
        let excess = self.closed.len().saturating_sub(LISTED);
        self.closed.drain(..excess);
    }

    /// The state where it was left; new, when there is none.
    ///
    /// # Errors
    /// A file that is not a state, or one of windows of another length.
    pub fn load(path: &Path, windows: Windows) -> Result<Self, Error> {
        let name = path.display().to_string();
        let wrong = |reason: String, advice: &str| Error::State { at: name.clone(), reason, advice: advice.to_owned() };
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::new(windows)),
            Err(error) => return Err(wrong(error.to_string(), "may this service read it?")),
        };
        let again = "move it away to read all logs anew";
        let file: File = serde_json::from_str(&text).map_err(|error| wrong(error.to_string(), again))?;
        if file.version != VERSION {
            return Err(wrong(format!("version {}, and this program writes {VERSION}", file.version), again));
        }
        if (file.windows.length_us, file.windows.lateness_us) != (windows.length_us, windows.lateness_us) {
            return Err(wrong("its windows are of another length or lateness than the spec's".to_owned(), again));
        }
        let open = file.open.iter().map(|(start, written)| Ok((*start, Open::restored(&name, written)?)));
        Ok(Self {
            windows: file.windows,
            read: file.read,
            open: open.collect::<Result<_, Error>>()?,
            columns: file.columns,
            watches: file.watches,
            alerts: file.alerts,
            closed: file.closed,
            counters: file.counters,
        })
    }

    /// Writes it, whole or not at all.
    ///
    /// # Errors
    /// When the folder cannot be written; the old file is as it was.
    pub fn save(&self, path: &Path) -> Result<(), Error> {
        let file = File {
            version: VERSION,
            windows: self.windows.clone(),
            read: self.read.clone(),
            open: self.open.iter().map(|(start, open)| (*start, open.written())).collect(),
            columns: self.columns.clone(),
            watches: self.watches.clone(),
            alerts: self.alerts.clone(),
            closed: self.closed.clone(),
            counters: self.counters,
        };
        let wrong = |reason: String| Error::State {
            at: path.display().to_string(),
            reason,
            advice: "look at the folder and the space on the disk".to_owned(),
        };
        let text = serde_json::to_string(&file).map_err(|error| wrong(error.to_string()))?;
        documents::write(path, text.as_bytes()).map_err(|error| wrong(error.to_string()))
    }
}
