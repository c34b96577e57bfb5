//! The audit trail: who did what to which model, in a file that cannot be changed without it showing.
//!
//! JSON Lines, one entry a line, each holding the digest of the one before (a hash chain, as in Haber and Stornetta, "How to
//! time-stamp a digital document", 1991). What a chain cannot show by itself is a tail cut off whole: for that, its head is noted
//! elsewhere, in the registry's tag `promotion.audit_head`, and `verify` compares.
//!
//! - `entry.rs` — what a line says, and its digest
//! - `trail.rs` — appending: file lock, fsync, a torn last line set aside
//! - `verify.rs` — reading, and naming the first entry that is not what it was

mod entry;
mod trail;
mod verify;

pub use entry::{Entry, Event, GENESIS, digest_text};
pub use trail::{Recovered, Trail};
pub use verify::{Reading, Torn, read, read_text, verify, verify_reading};

use std::path::PathBuf;

/// Why the trail could not be written or believed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The operating system refused.
    #[error("audit trail {path}: {reason}")]
    File {
        /// The trail.
        path: PathBuf,
        /// What the operating system said.
        reason: std::io::Error,
    },
    /// An entry is not what it was when it was written, or one is missing.
    #[error(
        "audit trail {path}, line {line}: {problem}; entries before line {line} are sound. Keep the file as it is, and compare it \
         with a copy from before"
    )]
    Broken {
        /// The trail.
        path: PathBuf,
        /// The line of the first broken entry, from 1.
        line: u64,
        /// What is wrong with it.
        problem: String,
    },
    /// The chain is whole, but ends before the entry it is known to have had.
    #[error(
        "audit trail {path}: {entries} entries, and none has the digest {head}: the end was cut off, or this is another trail"
    )]
    Short {
        /// The trail.
        path: PathBuf,
        /// How many entries there are.
        entries: u64,
        /// The digest that was looked for.
        head: String,
    },
}

impl Error {
    pub(crate) fn file(path: &std::path::Path, reason: std::io::Error) -> Self {
        Self::File { path: path.to_owned(), reason }
    }

    /// Whether somebody changed the trail, as opposed to it not being there.
    pub fn is_tampering(&self) -> bool {
        matches!(self, Self::Broken { .. } | Self::Short { .. })
    }
}
