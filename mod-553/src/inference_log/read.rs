//! Reads a log line by line; what is wrong is named with its file, line and column. Nothing is skipped.

use super::Record;
use std::{
    fs::File,
    io::{BufRead, BufReader, Lines},
    path::{Path, PathBuf},
};

/// Why a log could not be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be opened, or stopped in the middle.
    #[error("cannot read {path}: {source}; is it a file that you may read, in UTF-8?", path = path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A line is not a record.
    #[error("{path}:{line}: not a record of the inference log: {source}; see `mod-553 log --help`", path = path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// What the parser said.
        source: serde_json::Error,
    },
    /// A line is not a label.
    #[error("{path}:{line}: not a label: {source}; write request_id, label and observed_at", path = path.display())]
    NotALabel {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// What the parser said.
        source: serde_json::Error,
    },
    /// The log cannot be written as columns.
    #[error("cannot write {path}: {reason}; look at the folder and the space on the disk", path = path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        reason: String,
    },
}

impl Error {
    /// The exit code that this error stands for.
    pub fn exit_code(&self) -> u8 {
        if matches!(self, Self::Unwritable { .. }) { 1 } else { 2 }
    }
}

/// The records of one file, in its order.
#[derive(Debug)]
pub struct Records {
    path: PathBuf,
    lines: Lines<BufReader<File>>,
    line: u64,
}

/// Opens a log of JSON Lines.
///
/// # Errors
/// When the file cannot be opened.
pub fn open(path: &Path) -> Result<Records, Error> {
    let file = File::open(path).map_err(|source| Error::Unreadable { path: path.to_owned(), source })?;
    Ok(Records { path: path.to_owned(), lines: BufReader::new(file).lines(), line: 0 })
}

impl Iterator for Records {
    type Item = Result<Record, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let text = match self.lines.next()? {
                Ok(text) => text,
                Err(source) => return Some(Err(Error::Unreadable { path: self.path.clone(), source })),
            };
            self.line += 1;
            if text.trim().is_empty() {
                continue;
            }
            let malformed = |source| Error::Malformed { path: self.path.clone(), line: self.line, source };
            return Some(serde_json::from_str(&text).map_err(malformed));
        }
    }
}
