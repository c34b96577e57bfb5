//! Artifact paths, cleaned at the door.
//!
//! Whatever reaches storage has passed through [`ArtifactPath::parse`], on writing and again on reading. The tempting wrong
//! turn is to decode once and look for `..`: `%252e%252e` decodes to `%2e%2e`, which a later layer decodes again. So the
//! text is decoded until it stops changing, and only then looked at.

use crate::server::error::ApiError;
use percent_encoding::percent_decode_str;

/// So often a path is decoded before it counts as hostile.
const MOST_ROUNDS: usize = 10;

/// A path below the artifact root: no `..`, nothing absolute, no `#`, no `\`, no control characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArtifactPath(String);

impl ArtifactPath {
    /// Decodes and checks a path; an empty one is the root.
    ///
    /// # Errors
    /// When it could lead anywhere else than below the root.
    pub fn parse(raw: &str) -> Result<Self, ApiError> {
        let decoded = decoded(raw)?;
        let refused = decoded.starts_with('/')
            || decoded.chars().any(|c| c == '#' || c == '\\' || c.is_control())
            || decoded.split('/').any(|part| part == "..")
            || has_scheme_or_drive(&decoded);
        if refused {
            return Err(invalid_path());
        }
        let parts: Vec<&str> = decoded.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
        Ok(Self(parts.join("/")))
    }

    /// The path, without slashes at its ends.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is the artifact root itself.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// A path below this one.
    #[must_use]
    pub fn join(&self, below: &Self) -> Self {
        match (self.is_root(), below.is_root()) {
            (true, _) => below.clone(),
            (_, true) => self.clone(),
            _ => Self(format!("{}/{}", self.0, below.0)),
        }
    }

    /// The last part.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }

    /// The experiment whose default folder this path lies in.
    #[must_use]
    pub fn experiment_id(&self) -> Option<&str> {
        let first = self.0.split('/').next().unwrap_or_default();
        (!first.is_empty() && first.chars().all(|c| c.is_ascii_digit())).then_some(first)
    }
}

/// Percent-decodes until nothing changes.
///
/// # Errors
/// When it never settles, or decodes to what is no text.
pub fn decoded(raw: &str) -> Result<String, ApiError> {
    let mut text = raw.to_owned();
    for _ in 0..MOST_ROUNDS {
        let next = percent_decode_str(&text).decode_utf8().map_err(|_| invalid_path())?.into_owned();
        if next == text {
            return Ok(text);
        }
        text = next;
    }
    Err(invalid_path())
}

/// `file:/etc/passwd` and `C:/x` are absolute, each in its own world.
fn has_scheme_or_drive(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    let drive = lower.as_bytes().first().is_some_and(u8::is_ascii_alphabetic) && lower[1..].starts_with(":/");
    lower.starts_with("file:") || drive
}

fn invalid_path() -> ApiError {
    ApiError::invalid("Invalid path")
}

#[cfg(test)]
mod tests {
    use super::ArtifactPath;
    use proptest::prelude::{any, proptest};

    fn check(raw: &str, expected: &str) {
        assert_eq!(ArtifactPath::parse(raw).unwrap().as_str(), expected, "{raw}");
    }

    #[test]
    fn harmless_paths_pass() {
        check("1/run/artifacts/model.pkl", "1/run/artifacts/model.pkl");
        check("a%20b/%C3%A9.txt", "a b/é.txt");
        check("a//b/./c/", "a/b/c");
        check("100%.txt", "100%.txt");
        check("..a/b..c", "..a/b..c");
        check("a?b=c&d", "a?b=c&d");
        check("", "");
    }

    #[test]
    fn hostile_paths_are_refused() {
        let hostile = [
            "../etc/passwd",
            "a/../../b",
            "a/..",
            "%2e%2e/x",
            "%252e%252e%252fx",
            "..%2f..%2fetc",
            "/etc/passwd",
            "%2fetc/passwd",
            "a\\..\\b",
            "a%5c..",
            "a#b",
            "a%23/../b",
            "file:/etc/passwd",
            "FILE:///etc/passwd",
            "C:/windows",
            "a%00b",
            "a\nb",
            "%ff",
        ];
        for raw in hostile {
            assert!(ArtifactPath::parse(raw).is_err(), "{raw}");
        }
        let endless = (0..20).fold("../x".to_owned(), |path, _| path.replace('%', "%25").replace('.', "%2e"));
        assert!(ArtifactPath::parse(&endless).is_err());
    }

    #[test]
    fn experiments_are_told_by_the_first_part() {
        assert_eq!(ArtifactPath::parse("12/r").unwrap().experiment_id(), Some("12"));
        assert_eq!(ArtifactPath::parse("12x/r").unwrap().experiment_id(), None);
        assert_eq!(ArtifactPath::parse("").unwrap().experiment_id(), None);
    }

    proptest! {
        #[test]
        fn no_path_leads_out(raw in any::<String>()) {
            if let Ok(path) = ArtifactPath::parse(&raw) {
                assert!(!path.as_str().starts_with('/'));
                assert!(path.as_str().split('/').all(|part| part != ".." && part != "."));
            }
        }

        #[test]
        fn dots_in_any_encoding_are_refused(rounds in 0_usize..12) {
            let raw = (0..rounds).fold("../x".to_owned(), |path, _| path.replace('%', "%25").replace('.', "%2e"));
            assert!(ArtifactPath::parse(&raw).is_err());
        }
    }
}
