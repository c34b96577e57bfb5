//! Why a profile cannot be made, merged or read.

use std::path::PathBuf;

/// Why a profile cannot be made, merged or read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A sketch's bytes are not what they should be.
    #[error("{what}: {found}; write the profile again from its data")]
    Malformed {
        /// `file`, `file: column` or a sketch's name.
        what: String,
        /// What is wrong.
        found: String,
    },
    /// Two profiles of a column are of different kinds.
    #[error(
        "column `{column}` is {left} in one profile and {right} in the other; merge only what was profiled with one schema"
    )]
    Kinds {
        /// The column.
        column: String,
        /// Its kind here.
        left: &'static str,
        /// Its kind there.
        right: &'static str,
    },
    /// The file cannot be read.
    #[error("cannot read {path}: {source}; is it a profile that you may read?", path = path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

impl Error {
    /// The exit code that this error stands for.
    pub fn exit_code(&self) -> u8 {
        2
    }

    pub(super) fn malformed(what: impl Into<String>, found: impl std::fmt::Display) -> Self {
        Self::Malformed { what: what.into(), found: found.to_string() }
    }
}
