//! What a run knows: the detector, how far each file was read, and what was raised. Its JSON is the state file.

use super::super::Ended;
use crate::online::{Detector, Settings, Signal};
use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

/// Standard input is new each time: nothing of it was read before.
const STANDARD_INPUT: &str = "-";

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Session {
    detector: Detector,
    /// Values that the detector took.
    seen: u64,
    /// Rows where nothing was.
    missing: u64,
    /// Alarms of all runs.
    alarms: u64,
    /// How many rows of each file were read.
    files: BTreeMap<String, u64>,
    #[serde(skip)]
    path: Option<PathBuf>,
    /// Alarms of this run.
    #[serde(skip)]
    raised: u64,
}

/// Something that a detector said.
#[derive(Debug, Serialize)]
pub(super) struct Raised {
    signal: Signal,
    /// The value's place among all that the detector took, from 0, over all files and runs.
    index: u64,
    value: f64,
    file: String,
    line: u64,
}

impl Session {
    pub(super) fn new(detector: Detector, path: Option<PathBuf>) -> Self {
        Self { detector, seen: 0, missing: 0, alarms: 0, files: BTreeMap::new(), path, raised: 0 }
    }

    /// The session that a file keeps; nothing, if there is none yet.
    pub(super) fn load(path: &Path) -> Result<Option<Self>> {
        let bytes = match std::fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
        };
        let session: Self = serde_json::from_slice(&bytes).map_err(|error| Ended {
            code: 2,
            message: format!("{}: not a state of `mod-553 stream`: {error}; remove it to start anew", path.display()),
        })?;
        Ok(Some(Self { path: Some(path.to_owned()), ..session }))
    }

    /// Writes the state file, if there is to be one.
    pub(super) fn keep(&self) -> Result<()> {
        if let Some(path) = &self.path {
            mod_106::documents::write(path, &serde_json::to_vec(self)?)?;
        }
        Ok(())
    }

    pub(super) fn settings(&self) -> Settings {
        self.detector.settings()
    }

    /// How many rows of a file were read before.
    pub(super) fn begin(&mut self, file: &str) -> u64 {
        if file == STANDARD_INPUT { 0 } else { *self.files.entry(file.to_owned()).or_default() }
    }

    /// Takes a row; what the detector says of it, if anything.
    pub(super) fn take(&mut self, file: &str, line: u64, value: Option<f64>) -> Result<Option<Raised>> {
        let mut raised = None;
        match value {
            None => self.missing += 1,
            Some(value) => {
                let refused = |error| Ended { code: 2, message: format!("{file}:{line}: {error}") };
                let signal = self.detector.update(value).map_err(refused)?;
                if signal != Signal::Quiet {
                    raised = Some(Raised { signal, index: self.seen, value, file: file.to_owned(), line });
                }
                self.seen += 1;
                if signal == Signal::Drift {
                    self.alarms += 1;
                    self.raised += 1;
                }
            }
        }
        if let Some(read) = self.files.get_mut(file) {
            *read += 1;
        }
        Ok(raised)
    }

    pub(super) fn seen(&self) -> u64 {
        self.seen
    }

    pub(super) fn raised(&self) -> u64 {
        self.raised
    }

    /// One line for people.
    pub(super) fn summary(&self) -> String {
        let missing = if self.missing > 0 { format!(", {} rows without a value", self.missing) } else { String::new() };
        format!("{} values{missing}, {} alarms in all", self.seen, self.alarms)
    }
}

impl Raised {
    pub(super) fn is_alarm(&self) -> bool {
        self.signal == Signal::Drift
    }
}

impl fmt::Display for Raised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = if self.is_alarm() { "drift" } else { "warning" };
        write!(f, "{}:{}: {word} at value {} ({})", self.file, self.line, self.index, self.value)
    }
}
