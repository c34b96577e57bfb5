//! Alerts as entries, read from rule files: from what Prometheus loads, not from what somebody meant to generate.

use serde::Serialize;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// Why a playbook cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file cannot be read.
    #[error("cannot read {path}: {source}", path = path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file holds no rules.
    #[error("{path}: {reason}", path = path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What was found and expected.
        reason: String,
    },
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
            Self::Read { .. } | Self::Malformed { .. } => 2,
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
    let failed = |source| Error::Read { path: folder.to_owned(), source };
    let found = std::fs::read_dir(folder).map_err(failed)?.collect::<Result<Vec<_>, _>>().map_err(failed)?;
    let mut paths: Vec<PathBuf> = found.into_iter().map(|entry| entry.path()).collect();
    paths.retain(|path| path.to_string_lossy().ends_with(".rules.yml"));
    paths.sort();
    if paths.is_empty() {
        let reason = "holds no file of rules; expected at least one that ends in .rules.yml".to_owned();
        return Err(Error::Malformed { path: folder.to_owned(), reason });
    }
    Ok(paths.iter().map(|path| of_file(path)).collect::<Result<Vec<_>, _>>()?.concat())
}

fn of_file(path: &Path) -> Result<Vec<Entry>, Error> {
    let text = std::fs::read_to_string(path).map_err(|source| Error::Read { path: path.to_owned(), source })?;
    let malformed = |reason: String| Error::Malformed { path: path.to_owned(), reason };
    let file: Value = serde_saphyr::from_str(&text).map_err(|error| malformed(error.to_string()))?;
    let groups =
        file["groups"].as_array().ok_or_else(|| malformed("no groups; expected a file of rules".to_owned()))?;
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
