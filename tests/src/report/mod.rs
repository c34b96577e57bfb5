//! Every report format, one file each, all rendered from the same [`Results`].
//!
//! - `json.rs` — `results.json`, for programs; `schemas/results.schema.json` describes it
//! - `html.rs` — `report.html`, for people: one file, no network
//! - `junit.rs` — `junit.xml`, for CI servers
//! - `markdown.rs` — `summary.md`, for a GitHub step summary
//! - `gradescope.rs` — `results.gradescope.json`, for Gradescope
//! - `figures.rs` — durations and points as people read them

mod figures;
mod gradescope;
mod html;
mod json;
mod junit;
mod markdown;

pub use figures::{duration, points};

use crate::results::Results;
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// A report that could not be written. What was there before is untouched.
#[derive(Debug, thiserror::Error)]
#[error("cannot write the report {}: {reason}; free some space or choose another folder with --report", path.display())]
pub struct ReportError {
    /// The file.
    path: PathBuf,
    /// What the system or a renderer said.
    reason: String,
}

/// Writes every report into `folder`, which is made if it does not exist. Each file is complete or absent, never half written.
///
/// # Errors
/// The first report that could not be rendered or written.
pub fn write(results: &Results, folder: &Path) -> Result<(), ReportError> {
    let error = |path: &Path, reason: String| ReportError { path: path.to_owned(), reason };
    fs::create_dir_all(folder).map_err(|source| error(folder, source.to_string()))?;
    let reports = [
        ("results.json", json::render(results)),
        ("report.html", html::render(results)),
        ("junit.xml", junit::render(results)),
        ("summary.md", Ok(markdown::render(results))),
        ("results.gradescope.json", gradescope::render(results)),
    ];
    for (name, rendered) in reports {
        let path = folder.join(name);
        let text = rendered.map_err(|reason| error(&path, reason))?;
        replace(&path, &text).map_err(|source| error(&path, source.to_string()))?;
    }
    Ok(())
}

/// Writes beside the file and renames over it, so that a full disk leaves the old report whole.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let mut file = tempfile::NamedTempFile::new_in(path.parent().unwrap_or(Path::new(".")))?;
    io::Write::write_all(&mut file, text.as_bytes())?;
    file.as_file().sync_all()?;
    // A temporary file is its owner's alone; a report is for whoever may read the folder.
    fs::set_permissions(file.path(), std::os::unix::fs::PermissionsExt::from_mode(0o644))?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

#[cfg(test)]
mod tests;
