//! What stops a validation before it has a verdict: a spec or data that cannot be read. Each message names the file and the place,
//! what was found, and what to do.

use std::{fmt, io, path::PathBuf};

/// Why there is no outcome.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The spec is malformed, or asks for what does not exist.
    #[error("{at}: {found}{}", Advice(.advice))]
    Spec {
        /// `path:line:column`.
        at: String,
        /// What is wrong.
        found: String,
        /// What to do; may be empty.
        advice: String,
    },
    /// A data file is malformed.
    #[error("{at}: {found}{}", Advice(.advice))]
    Data {
        /// `path`, `path:line` or `path:line:column`, as much as is known.
        at: String,
        /// What is wrong.
        found: String,
        /// What to do; may be empty.
        advice: String,
    },
    /// The data do not fit into the memory limit.
    #[error("{what} needs {needed} bytes and may use {limit}; raise --memory-limit")]
    Memory {
        /// What was to be held.
        what: String,
        /// How much it needs.
        needed: u64,
        /// How much it may use.
        limit: u64,
    },
    /// A file cannot be opened or read.
    #[error("{}: {error}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The caller asked to stop.
    #[error("stopped before a verdict; nothing was written")]
    Stopped,
}

impl Error {
    pub(crate) fn data(at: impl Into<String>, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::Data { at: at.into(), found: found.into(), advice: advice.into() }
    }

    pub(crate) fn spec(at: impl Into<String>, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::Spec { at: at.into(), found: found.into(), advice: advice.into() }
    }

    /// Attaches a path to what the operating system said.
    pub(crate) fn io(path: &std::path::Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |error| Self::Io { path, error }
    }
}

/// `; do this`, or nothing.
struct Advice<'a>(&'a String);

impl fmt::Display for Advice<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { Ok(()) } else { write!(f, "; {}", self.0) }
    }
}

/// The word of a list that is nearest to a misspelt one: at most a third of its letters away (Damerau–Levenshtein, restricted).
pub(super) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lowered = word.to_lowercase().replace('-', "_");
    let scored = known.into_iter().map(|other| (distance(&lowered, &other.to_lowercase()), other));
    let (distance, other) = scored.min_by_key(|(distance, _)| *distance)?;
    (distance <= word.chars().count().max(3) / 3).then_some(other)
}

fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![(0..=b.len()).collect::<Vec<usize>>()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let replaced = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut least = replaced.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(rows[i - 2][j - 2] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn misspelt_words_have_a_neighbour() {
        fn check(word: &str, expected: Option<&str>) {
            assert_eq!(nearest(word, ["column", "severity", "max_share"]), expected, "{word}");
        }
        check("colum", Some("column"));
        check("serverity", Some("severity"));
        check("max-share", Some("max_share"));
        check("xyz", None);
    }
}
