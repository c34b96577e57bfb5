//! What the dry run finds: a rule, a place, why it matters, the path that shows it, and how to mend it.

use serde::Serialize;

/// How bad it is. Errors and warnings fail the check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Production can be reached as it should not be, or the file cannot be read.
    Error,
    /// A habit that sooner or later lets something through.
    Warning,
    /// Worth knowing.
    Note,
}

/// Lines and columns count from 1, columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, schemars::JsonSchema)]
pub struct Place {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Finding {
    /// The rule's id.
    pub rule: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What is so.
    pub message: String,
    /// Why that matters.
    pub why: &'static str,
    /// How to mend it.
    pub mend: &'static str,
    /// The file, as it was named.
    pub file: String,
    /// The place in it.
    #[serde(flatten)]
    pub place: Place,
    /// A feasible path that shows it, step by step; empty where the place says all.
    pub path: Vec<String>,
}

/// A rule: everything about a finding that does not depend on the file.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// Its id.
    pub id: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// Why it matters.
    pub why: &'static str,
    /// How to mend it.
    pub mend: &'static str,
}

impl Rule {
    /// Found here.
    pub fn at(&self, (file, place): (String, Place), message: impl Into<String>) -> Finding {
        let (rule, severity, why, mend) = (self.id, self.severity, self.why, self.mend);
        Finding { rule, severity, message: message.into(), why, mend, file, place, path: Vec::new() }
    }

    /// Found here, as this path shows.
    pub fn shown(&self, at: (String, Place), message: impl Into<String>, path: Vec<String>) -> Finding {
        Finding { path, ..self.at(at, message) }
    }
}
