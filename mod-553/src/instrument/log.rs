//! Writes logs of JSON Lines: a record is a line, flushed before the answer goes out, and a full file is put aside under a number.
//!
//! `inference.jsonl` is the file that grows, `inference.1.jsonl`, `inference.2.jsonl` … are full ones, the highest number being the
//! newest. Nothing is deleted here: how long records are kept is a decision of people, not of a logger.

use serde::Serialize;
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Why a record was not written.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The file cannot be opened, written or put aside.
    #[error("cannot write the log {}: {source}; is the folder there and writable, and the disk not full?", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The record cannot be written as JSON.
    #[error("a record for {} is no JSON: {source}", path.display())]
    Record {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}

/// An open log.
#[derive(Debug)]
pub struct InferenceLog {
    path: PathBuf,
    rotate_bytes: u64,
    open: Mutex<Open>,
}

#[derive(Debug)]
struct Open {
    file: File,
    bytes: u64,
}

impl InferenceLog {
    /// Opens `FOLDER/NAME.jsonl` to append to it. A last line that was never finished, because a process died, is cut off and put
    /// into `NAME.torn`, so that readers meet whole records only.
    ///
    /// # Errors
    /// When the folder cannot be made or the file not be opened.
    pub fn open(folder: &Path, name: &str, rotate_bytes: u64) -> Result<Self, LogError> {
        let path = folder.join(format!("{name}.jsonl"));
        let failed = |source| LogError::Io { path: path.clone(), source };
        std::fs::create_dir_all(folder).map_err(failed)?;
        let open = mend(&path, &folder.join(format!("{name}.torn"))).map_err(failed)?;
        Ok(Self { path, rotate_bytes, open: Mutex::new(open) })
    }

    /// Appends a record as one line, and hands it to the system before it returns.
    ///
    /// # Errors
    /// When it could not be written; then no part of it stays in the file.
    pub fn append(&self, record: &impl Serialize) -> Result<(), LogError> {
        let failed = |source| LogError::Io { path: self.path.clone(), source };
        let text = serde_json::to_vec(record);
        let mut line = text.map_err(|source| LogError::Record { path: self.path.clone(), source })?;
        line.push(b'\n');
        // The file and its length are changed together, or the length is set back below.
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.bytes > 0 && open.bytes + line.len() as u64 > self.rotate_bytes {
            *open = self.rotate(&open.file).map_err(failed)?;
        }
        if let Err(error) = open.file.write_all(&line) {
            // A full disk may have taken half a line.
            let _ = open.file.set_len(open.bytes);
            return Err(failed(error));
        }
        open.bytes += line.len() as u64;
        Ok(())
    }

    /// Waits until the disk has everything.
    ///
    /// # Errors
    /// When it has not.
    pub fn sync(&self) -> Result<(), LogError> {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.file.sync_all().map_err(|source| LogError::Io { path: self.path.clone(), source })
    }

    fn rotate(&self, full: &File) -> std::io::Result<Open> {
        full.sync_all()?;
        let aside = |number: u32| self.path.with_extension(format!("{number}.jsonl"));
        // A loop over numbers ends: there are fewer files than numbers.
        let free = (1..).map(aside).find(|path| !path.exists());
        std::fs::rename(&self.path, free.unwrap_or_else(|| aside(0)))?;
        Ok(Open { file: append_to(&self.path)?, bytes: 0 })
    }
}

fn append_to(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().append(true).create(true).read(true).open(path)
}

/// Opens a log whose last line may be half a record.
fn mend(path: &Path, torn: &Path) -> std::io::Result<Open> {
    let mut file = append_to(path)?;
    let length = file.metadata()?.len();
    let whole = end_of_last_line(&mut file, length)?;
    if whole < length {
        let mut rest = Vec::new();
        file.seek(SeekFrom::Start(whole))?;
        file.read_to_end(&mut rest)?;
        rest.push(b'\n');
        append_to(torn)?.write_all(&rest)?;
        file.set_len(whole)?;
        tracing::warn!(file = %path.display(), torn = %torn.display(), "the last line was never finished; it was put aside");
    }
    Ok(Open { file, bytes: whole })
}

/// Where the last whole line ends; read backwards, for logs are long and torn lines short.
fn end_of_last_line(file: &mut File, length: u64) -> std::io::Result<u64> {
    const STEP: u64 = 64 * 1024;
    let mut end = length;
    while end > 0 {
        let start = end.saturating_sub(STEP);
        let mut block = Vec::new();
        file.seek(SeekFrom::Start(start))?;
        Read::by_ref(file).take(end - start).read_to_end(&mut block)?;
        if let Some(place) = block.iter().rposition(|byte| *byte == b'\n') {
            return Ok(start + place as u64 + 1);
        }
        end = start;
    }
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::InferenceLog;
    use std::fs;

    #[test]
    fn full_files_are_put_aside_and_nothing_is_lost() {
        let folder = tempfile::tempdir().unwrap();
        for run in 0..3 {
            let log = InferenceLog::open(folder.path(), "inference", 40).unwrap();
            for number in 0..4 {
                log.append(&serde_json::json!({ "run": run, "number": number })).unwrap();
            }
            log.sync().unwrap();
        }
        let mut names: Vec<String> = fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        assert_eq!(names[0], "inference.1.jsonl");
        assert!(names.contains(&"inference.jsonl".to_owned()));
        let lines: usize =
            names.iter().map(|name| fs::read_to_string(folder.path().join(name)).unwrap().lines().count()).sum();
        assert_eq!(lines, 12, "{names:?}");
    }

    #[test]
    fn half_a_line_of_a_dead_process_is_put_aside() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("inference.jsonl");
        fs::write(&path, "{\"a\":1}\n{\"a\":2").unwrap();
        let log = InferenceLog::open(folder.path(), "inference", 1_000).unwrap();
        log.append(&serde_json::json!({ "a": 3 })).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "{\"a\":1}\n{\"a\":3}\n");
        assert_eq!(fs::read_to_string(folder.path().join("inference.torn")).unwrap(), "{\"a\":2\n");
    }
}
