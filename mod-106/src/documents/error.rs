//! What can go wrong between data and a document.

use std::path::PathBuf;

/// Why a document was not made. Files that were there before are as they were.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A template does not parse, asks for what the data lacks, or uses an unknown filter.
    #[error("template {template}: {reason}")]
    Template {
        /// The template's name.
        template: String,
        /// What minijinja says, with the line.
        reason: String,
    },
    /// A file could not be written.
    #[error("cannot write {}: {reason}; is the folder there and writable, and the disk not full?", path.display())]
    Write {
        /// The file that was meant.
        path: PathBuf,
        /// What the system says.
        reason: std::io::Error,
    },
}
