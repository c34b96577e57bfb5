//! Files that people write and programs read: YAML, strictly, with what is wrong and where.

use serde::de::DeserializeOwned;
use std::path::{Path, PathBuf};

/// Why a file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It, or its folder, cannot be read.
    #[error("cannot read {path}: {source}; is the path right, seen from where this runs?", path = path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// It does not say what it has to, or says what cannot be.
    #[error("{path}: {reason}", path = path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What was found, where, and what was expected.
        reason: String,
    },
}

impl FileError {
    /// For `map_err` of what reads it.
    pub fn reading(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        |source| Self::Read { path, source }
    }

    /// It was read, and makes no sense.
    pub fn malformed(path: &Path, reason: impl ToString) -> Self {
        Self::Malformed { path: path.to_owned(), reason: reason.to_string() }
    }
}

/// The text of a file.
///
/// # Errors
/// It cannot be read.
pub fn text(path: &Path) -> Result<String, FileError> {
    std::fs::read_to_string(path).map_err(FileError::reading(path))
}

/// A file of YAML.
///
/// # Errors
/// It cannot be read, or does not parse.
pub fn yaml<T: DeserializeOwned>(path: &Path) -> Result<T, FileError> {
    serde_saphyr::from_str(&text(path)?).map_err(|error| FileError::malformed(path, error))
}
