//! Files that people write: strict YAML, every mistake with its place, and all of them at once rather than the first alone.

use super::Error;
use serde::de::DeserializeOwned;
use serde_saphyr::Spanned;
use std::path::{Path, PathBuf};

/// Reads a text of this type; `path` is what mistakes call it.
pub(super) fn parse<T: DeserializeOwned>(path: &Path, text: &str) -> Result<T, Error> {
    serde_saphyr::from_str(text).map_err(|error| {
        let place = error.location().map_or_else(String::new, |at| format!(":{}:{}", at.line(), at.column()));
        Error::Malformed { mistakes: vec![format!("{}{place}: {}", path.display(), problem(&error))] }
    })
}

/// The parser's words, without the place that stands before them already.
fn problem(error: &serde_saphyr::Error) -> String {
    let text = error.without_snippet().to_string();
    let text = text.split(" at line ").next().unwrap_or_default();
    let text = text.strip_prefix("error: ").unwrap_or(text);
    text.lines().next().unwrap_or_default().to_owned()
}

/// Mistakes of one file, as they are found.
#[derive(Debug)]
pub(super) struct Mistakes {
    path: PathBuf,
    found: Vec<(u64, u64, String)>,
}

impl Mistakes {
    pub(super) fn of(path: &Path) -> Self {
        Self { path: path.to_owned(), found: Vec::new() }
    }

    /// Notes a mistake at this place.
    pub(super) fn at<T>(&mut self, place: &Spanned<T>, problem: impl Into<String>) {
        self.found.push((place.referenced.line(), place.referenced.column(), problem.into()));
    }

    /// Notes the error of reading this place; `None` when there was one.
    pub(super) fn take<T, P>(&mut self, place: &Spanned<P>, read: Result<T, String>) -> Option<T> {
        read.map_err(|problem| self.at(place, problem)).ok()
    }

    /// What was read, unless a mistake was found.
    pub(super) fn unless_any<T>(mut self, read: T) -> Result<T, Error> {
        if self.found.is_empty() {
            return Ok(read);
        }
        self.found.sort();
        self.found.dedup();
        let line = |(line, column, problem)| format!("{}:{line}:{column}: {problem}", self.path.display());
        Err(Error::Malformed { mistakes: self.found.into_iter().map(line).collect() })
    }
}
