//! What is known about a version before its gates are judged: plain data, gathered by `registry.rs`, or written down by a test.

use super::approval::Approval;
use crate::client::VersionNumber;

/// Something that was looked for elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Evidence<T> {
    /// It is there.
    Found(T),
    /// It is not.
    Absent,
    /// Nobody could tell, and why. Never the same as absent: a gate must not fail a model because a disk was full.
    Unknown(String),
}

/// What reviewers said to a run of a workflow that waits for an environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Review {
    /// Who approved.
    pub approved_by: Vec<String>,
    /// Who refused.
    pub rejected_by: Vec<String>,
}

/// What is known about a version.
#[derive(Debug, Clone, PartialEq)]
pub struct Facts {
    /// Which version.
    pub version: VersionNumber,
    /// Who made it.
    pub author: Option<String>,
    /// The mark of a rollback, if it has one.
    pub poisoned: Option<String>,
    /// The tag `tests.status`.
    pub tests: Option<String>,
    /// The tag `validation.status`.
    pub validation: Option<String>,
    /// The tag `validation.report_digest`.
    pub report_digest: Option<String>,
    /// The tag `validation.time`, as it was written.
    pub validated: Option<String>,
    /// The digest of the report that lies with the run.
    pub report: Evidence<String>,
    /// Whether the model's `MLmodel` file names inputs and outputs.
    pub signature: Evidence<bool>,
    /// Who approved what.
    pub approvals: Vec<Approval>,
    /// Tags that look like approvals and are none.
    pub unreadable_approvals: Vec<String>,
    /// What the reviewers of GitHub's environment said; `None` where nobody asked for that.
    pub review: Option<Evidence<Review>>,
}
