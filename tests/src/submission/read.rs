//! Reads a TOML file strictly and, where it is wrong, points at it: file, line, column, what stands there, what was expected.
//! `lab.toml`, `submission.toml` and mutants all come through this door.

use miette::{Diagnostic, NamedSource, SourceSpan};
use serde::de::DeserializeOwned;
use std::{ops::Range, path::Path};

/// A file that is not what it should be.
#[derive(Debug, thiserror::Error, Diagnostic)]
#[error("{file}:{line}:{column}: {message}")]
#[diagnostic(help("found `{found}`"))]
pub struct ManifestError {
    /// The file, as it was named.
    pub file: String,
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// What stands there.
    pub found: String,
    /// What is wrong, and what was expected.
    pub message: String,
    #[source_code]
    text: NamedSource<String>,
    #[label("here")]
    span: SourceSpan,
}

impl ManifestError {
    /// An error at a byte range of `text`.
    #[must_use]
    pub fn at(path: &Path, text: &str, span: Range<usize>, message: impl Into<String>) -> Self {
        let start = text.floor_char_boundary(span.start.min(text.len()));
        let end = text.ceil_char_boundary(span.end.clamp(start, text.len()));
        let before = &text[..start];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let file = path.display().to_string();
        Self {
            line: before.matches('\n').count() + 1,
            column: text[line_start..start].chars().count() + 1,
            found: excerpt(&text[start..end]),
            message: message.into(),
            text: NamedSource::new(&file, text.to_owned()),
            span: (start, end - start).into(),
            file,
        }
    }

    /// An error about the file as a whole, such as its absence.
    #[must_use]
    pub fn whole(path: &Path, message: impl Into<String>) -> Self {
        Self::at(path, "", 0..0, message)
    }

    /// An error at the first line that holds `needle`, for rules that serde cannot express.
    #[must_use]
    pub fn naming(path: &Path, text: &str, needle: &str, message: impl Into<String>) -> Self {
        let start = text.find(needle).unwrap_or(0);
        Self::at(path, text, start..start + needle.len(), message)
    }
}

/// Reads and parses a TOML file.
///
/// # Errors
/// The file cannot be read, is not TOML, or does not fit `T`.
pub fn read_toml<T: DeserializeOwned>(path: &Path) -> Result<(T, String), Box<ManifestError>> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| ManifestError::whole(path, format!("cannot be read: {error}")))?;
    match toml::from_str(&text) {
        Ok(value) => Ok((value, text)),
        Err(error) => {
            let span = error.span().unwrap_or(0..0);
            Err(Box::new(ManifestError::at(path, &text, span, error.message())))
        }
    }
}

fn excerpt(found: &str) -> String {
    const LONGEST: usize = 60;
    let line = found.lines().next().unwrap_or_default();
    if line.chars().count() <= LONGEST {
        return line.to_owned();
    }
    line.chars().take(LONGEST).chain(std::iter::once('…')).collect()
}

#[cfg(test)]
mod tests {
    use super::{ManifestError, read_toml};
    use crate::submission::Manifest;

    fn check(text: &str, expected: &str) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("submission.toml");
        std::fs::write(&path, text).unwrap();
        let error: Box<ManifestError> = read_toml::<Manifest>(&path).unwrap_err();
        let seen = format!("{error}, found {}", error.found);
        let seen = seen.replace(&format!("{}/", folder.path().display()), "");
        assert_eq!(seen, expected);
    }

    #[test]
    fn errors_name_line_column_and_what_was_expected() {
        check(
            "lab = \"x\"\nbackend = \"cloud\"\n",
            "submission.toml:2:11: unknown variant `cloud`, expected one of `embedded`, `process`, `containers`, found \"cloud\"",
        );
        check(
            "lab = \"x\"\nbackend = \"process\"\n[ready]\npath = \"/health\"\ntimeout = 3\n",
            "submission.toml:5:1: unknown field `timeout`, expected `path` or `timeout_s`, found timeout",
        );
        check("lab = 3\n", "submission.toml:1:7: invalid type: integer `3`, expected a string, found 3");
    }
}
