//! The folder that a validation's reports go to. Whoever reads it finds the reports of one validation, never of two: they are written
//! under another name, by one process at a time, and `report.json` is the first to go and the last to come.

use crate::documents;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

/// What says that all are there.
const LAST: &str = "report.json";
/// What reports are made in, beside where they go; a process that was killed leaves one behind.
const UNFINISHED: &str = ".unfinished-";

/// A folder that takes no reports.
#[derive(Debug, thiserror::Error)]
#[error("no reports can be written into {}: {source}; name another folder with --report", folder.display())]
pub(super) struct Unwritable {
    folder: PathBuf,
    source: std::io::Error,
}

/// Looks before an hour of reading whether reports can be written there.
pub(super) fn can_be_written(folder: &Path) -> Result<(), Unwritable> {
    let there = folder.ancestors().find(|path| path.exists()).unwrap_or(Path::new("."));
    let probe = tempfile::Builder::new().prefix(UNFINISHED).tempfile_in(there);
    probe.map(drop).map_err(|source| Unwritable { folder: folder.to_owned(), source })
}

/// Writes all of them in the place of what was there.
pub(super) fn write(folder: &Path, reports: &[(&str, String)]) -> Result<(), Unwritable> {
    replace(folder, reports).map_err(|source| Unwritable { folder: folder.to_owned(), source })
}

fn replace(folder: &Path, reports: &[(&str, String)]) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    // Until it is closed; where a file system knows no locks, the last who comes wins.
    let whole = File::open(folder)?;
    if let Err(error) = whole.try_lock()
        && matches!(error, TryLockError::WouldBlock)
    {
        whole.lock()?;
    }
    for entry in std::fs::read_dir(folder)?.flatten() {
        if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
            // Of somebody who was killed: whoever is alive holds the lock.
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
    let unfinished = tempfile::Builder::new().prefix(UNFINISHED).tempdir_in(folder)?;
    let files = reports.iter().map(|(name, text)| (unfinished.path().join(name), text.clone().into_bytes()));
    documents::write_all(&files.collect::<Vec<_>>()).map_err(std::io::Error::other)?;
    if let Some((name, _)) = reports.iter().find(|(name, _)| folder.join(name).is_dir()) {
        return Err(std::io::Error::other(format!("a folder is in the place of {name}")));
    }
    match std::fs::remove_file(folder.join(LAST)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let (last, first): (Vec<&str>, Vec<&str>) = reports.iter().map(|(name, _)| *name).partition(|name| *name == LAST);
    first.into_iter().chain(last).try_for_each(|name| std::fs::rename(unfinished.path().join(name), folder.join(name)))
}

/// After a validation that came to no verdict: that what lies there is not its report.
pub(super) fn say_what_is_old(folder: &Path) {
    let Ok(text) = std::fs::read_to_string(folder.join(LAST)) else { return };
    let report: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    let when = match report["started_at"].as_str() {
        Some(time) => format!("begun at {time}"),
        None => "and it is not whole".to_owned(),
    };
    eprintln!("note: the report in {} is that of an earlier validation, {when}", folder.display());
}
