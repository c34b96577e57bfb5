//! The dry run of GitHub Actions workflows: what may happen before production, found without running anything.
//!
//! Files go in, findings come out: read → plan → walk → judge → report. What only a run can tell stays unknown, and both ways are walked.
//!
//! | Room | What it holds |
//! |---|---|
//! | `source` | text, YAML, places |
//! | `read` `model` | a workflow as plain types |
//! | `plan` | one run's jobs in order, called workflows unfolded |
//! | `matrix` | a job's legs, as far as the file tells them |
//! | `expression` | GitHub's expressions in three values |
//! | `facts` | what is known at a point of a path |
//! | `paths` | every feasible path |
//! | `policy` | what the files do not say: production, reviewers, what commands do |
//! | `rules` | what must hold |
//! | `finding` `report` | what is said, as text, JSON and SARIF |

pub mod expression;
mod facts;
pub mod finding;
pub mod matrix;
pub mod model;
pub mod paths;
pub mod plan;
pub mod policy;
pub mod read;
pub mod report;
pub mod rules;
pub mod source;

pub use policy::{Policy, PolicyFile};
pub use rules::{Answer, Report, check};

/// The most paths that are walked in one workflow, unless another number is asked for.
pub const BOUND: usize = 20_000;
