//! Alerts as entries, read from rule files: from what Prometheus loads, not from what somebody meant to generate.

use crate::slo::file::{self, FileError};
use serde::Serialize;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// Why a playbook cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or folder cannot be read, or holds no rules.
    #[error(transparent)]
    File(#[from] FileError),
    /// The page cannot be made or written.
    #[error(transparent)]
    Document(#[from] mod_106::documents::Error),
    /// Something leads nowhere.
    #[error("{}", problems.join("\n"))]
    Problems {
        /// One line each.
        problems: Vec<String>,
    },
}

impl Error {
    /// The exit code that this error stands for.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::File(_) => 2,
            _ => 1,
        }
    }
}

/// One alert, as whoever is on call meets it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// `page` or `ticket`.
    pub severity: String,
    /// Who minds.
    pub owner: String,
    /// What is affected.
    pub service: String,
    /// One line.
    pub summary: String,
    /// `FILE#section`.
    pub runbook_url: String,
    /// What to type first.
    pub first_command: String,
    /// When it holds.
    pub expr: String,
}

/// The alerts of all rule files (`*.rules.yml`) of a folder.
///
/// # Errors
/// A folder or a file that cannot be read, or is none.
pub fn entries(folder: &Path) -> Result<Vec<Entry>, Error> {
    let found = std::fs::read_dir(folder).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let found = found.map_err(FileError::reading(folder))?;
    let mut paths: Vec<PathBuf> = found.into_iter().map(|entry| entry.path()).collect();
    paths.retain(|path| path.to_string_lossy().ends_with(".rules.yml"));
    paths.sort();
    if paths.is_empty() {
        let reason = "holds no file of rules; expected at least one that ends in .rules.yml";
        return Err(FileError::malformed(folder, reason).into());
    }
    Ok(paths.iter().map(|path| of_file(path)).collect::<Result<Vec<_>, _>>()?.concat())
}

fn of_file(path: &Path) -> Result<Vec<Entry>, Error> {
    let file: Value = file::yaml(path)?;
    let groups = file["groups"].as_array();
    let groups = groups.ok_or_else(|| FileError::malformed(path, "no groups; expected a file of rules"))?;
    let rules = groups.iter().filter_map(|group| group["rules"].as_array()).flatten();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let entry = |rule: &Value| Entry {
        name: text(&rule["alert"]),
        severity: text(&rule["labels"]["severity"]),
        owner: text(&rule["labels"]["owner"]),
        service: text(&rule["labels"]["service"]),
        summary: text(&rule["annotations"]["summary"]),
        runbook_url: text(&rule["annotations"]["runbook_url"]),
        first_command: text(&rule["annotations"]["first_command"]),
        expr: text(&rule["expr"]),
    };
    Ok(rules.filter(|rule| rule["alert"].is_string()).map(entry).collect())
}
