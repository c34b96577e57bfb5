//! Reading a trail and checking its chain. Nothing is repaired here: whoever verifies must not change what they look at.

use super::Error;
use super::entry::{Entry, GENESIS, covered, digest_of};
use std::path::Path;

/// A trail as it was read.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Reading {
    /// The entries, in order, each with the text it was read from.
    pub entries: Vec<Entry>,
    /// A last line that a crash cut short.
    pub torn: Option<Torn>,
    lines: Vec<String>,
}

/// A last line without its end: its writer was stopped in the middle, and never said that it was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Torn {
    /// Its line, from 1.
    pub line: u64,
    /// How many bytes of it there are.
    pub bytes: u64,
}

/// Reads a trail; one that does not exist yet is empty.
///
/// # Errors
/// [`Error::Broken`] when a line other than a torn last one is no entry.
pub fn read(path: &Path) -> Result<Reading, Error> {
    match std::fs::read(path) {
        Ok(bytes) => read_text(path, &bytes),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Reading::default()),
        Err(source) => Err(Error::file(path, source)),
    }
}

/// Reads a trail's bytes; `path` is for messages.
///
/// # Errors
/// As [`read`].
pub fn read_text(path: &Path, bytes: &[u8]) -> Result<Reading, Error> {
    let mut reading = Reading::default();
    for (number, line) in bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
        let number = number as u64 + 1;
        let Some(whole) = line.strip_suffix(b"\n") else {
            reading.torn = Some(Torn { line: number, bytes: line.len() as u64 });
            break;
        };
        let broken = |problem: String| Error::Broken { path: path.to_owned(), line: number, problem };
        let text = std::str::from_utf8(whole).map_err(|error| broken(format!("not UTF-8 ({error})")))?;
        let entry: Entry =
            serde_json::from_str(text).map_err(|error| broken(format!("not an audit entry ({error})")))?;
        reading.entries.push(entry);
        reading.lines.push(text.to_owned());
    }
    Ok(reading)
}

/// Reads and checks a trail; `head` is a digest that the trail is known to contain, from the registry's `promotion.audit_head`.
///
/// # Errors
/// [`Error::Broken`] names the first entry that is wrong; [`Error::Short`] says that `head` is not among them.
pub fn verify(path: &Path, head: Option<&str>) -> Result<Reading, Error> {
    let reading = read(path)?;
    verify_reading(path, &reading, head)?;
    Ok(reading)
}

/// Checks what was read.
///
/// # Errors
/// As [`verify`].
pub fn verify_reading(path: &Path, reading: &Reading, head: Option<&str>) -> Result<(), Error> {
    let mut previous = GENESIS;
    for (number, (entry, line)) in reading.entries.iter().zip(&reading.lines).enumerate() {
        let place = number as u64 + 1;
        let broken = |problem: String| Err(Error::Broken { path: path.to_owned(), line: place, problem });
        if entry.sequence != place {
            return broken(format!("it says it is entry {}, and stands where entry {place} belongs", entry.sequence));
        }
        if entry.previous != previous {
            return broken(format!("it follows {}, but the entry before it is {previous}", entry.previous));
        }
        let digest = covered(line).map(digest_of).unwrap_or_default();
        if digest != entry.digest {
            return broken(format!("its text has the digest {digest}, but it says {}: it was changed", entry.digest));
        }
        previous = &entry.digest;
    }
    let known = |head: &str| reading.entries.iter().any(|entry| entry.digest == head);
    match head.filter(|head| !known(head)) {
        Some(head) => {
            Err(Error::Short { path: path.to_owned(), entries: reading.entries.len() as u64, head: head.to_owned() })
        }
        None => Ok(()),
    }
}
