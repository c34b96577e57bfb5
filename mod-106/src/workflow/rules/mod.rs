//! The rules: each asks one thing of the files or of the walked paths. `list` holds their words.
//!
//! | File | What it asks |
//! |---|---|
//! | `production` | tests, approval, canary and rollback, along the paths |
//! | `concurrency` | whether two deployments wait for each other |
//! | `habits` | pins, permissions, keys, injection: file by file |

mod concurrency;
mod habits;
pub mod list;
mod production;
#[cfg(test)]
mod smallest;
#[cfg(test)]
mod tests;

use super::finding::{Finding, Rule, Severity};
use super::paths::{self, Walk};
use super::plan::{Files, Plan};
use super::policy::Policy;
use serde::Serialize;
use std::path::PathBuf;

/// All that the check says; the same as `--json`.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct Report {
    /// The version of this shape.
    pub format: u32,
    /// The files, called ones included.
    pub files: Vec<String>,
    /// The environments that were said to have required reviewers.
    pub protected: Vec<String>,
    /// The environments that count as production.
    pub production: Vec<String>,
    /// The questions, answered.
    pub answers: Answers,
    /// How far the paths were walked.
    pub paths: Paths,
    /// Worst first, then by place.
    pub findings: Vec<Finding>,
}

/// Yes only where it holds on every feasible path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Answer {
    /// It holds.
    Yes,
    /// It does not, or cannot be shown.
    No,
}

/// What people want to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Answers {
    /// Every job that goes to production depends on tests.
    pub tests: Answer,
    /// No path to production is without approval.
    pub approval: Answer,
    /// A canary comes before production.
    pub rollout: Answer,
    /// There is a way back.
    pub rollback: Answer,
    /// No feasible path leads around tests, approval or canary, and all paths were walked.
    pub no_way_around: Answer,
    /// Two deployments never run at once, and none is cut off.
    pub concurrency: Answer,
}

/// How far the paths were walked.
#[derive(Debug, Clone, Copy, Serialize, schemars::JsonSchema)]
pub struct Paths {
    /// Paths walked to their end.
    pub explored: usize,
    /// The most that one workflow may have.
    pub bound: usize,
    /// Whether these are all.
    pub complete: bool,
}

/// A workflow that something starts, and all its paths.
struct Entry {
    workflow: usize,
    plan: Plan,
    walk: Walk,
}

/// Reads the files, walks their paths and applies every rule.
pub fn check(paths: &[PathBuf], policy: &Policy, bound: usize) -> Report {
    judge(Files::read(paths), policy, bound)
}

/// Walks the paths and applies every rule.
pub fn judge(mut files: Files, policy: &Policy, bound: usize) -> Report {
    let mut findings = std::mem::take(&mut files.found);
    // Jobs that wait for each other, or for nobody, have no paths.
    let sound = findings.is_empty();
    let mut entries = Vec::new();
    for workflow in (0..files.workflows.len()).filter(|each| sound && !files.workflows[*each].triggers.is_empty()) {
        match files.plan(workflow) {
            Ok(plan) => {
                let walk = paths::walk(&files, workflow, &plan, policy, bound);
                entries.push(Entry { workflow, plan, walk });
            }
            Err(finding) => findings.push(*finding),
        }
    }
    for entry in entries.iter().filter(|entry| !entry.walk.complete) {
        let workflow = &files.workflows[entry.workflow];
        let message = format!("`{}` has more than {bound} feasible paths; {bound} were walked", workflow.name);
        findings.push(list::NOT_EXHAUSTED.at(workflow.source.at(&[]), message));
    }
    if sound {
        production::apply(&files, &entries, policy, &mut findings);
        concurrency::apply(&files, &entries, policy, &mut findings);
    }
    for workflow in &files.workflows {
        habits::apply(workflow, &mut findings);
    }
    findings.sort_by(|a, b| (a.severity, &a.file, a.place, a.rule).cmp(&(b.severity, &b.file, b.place, b.rule)));
    findings.dedup();
    Report {
        format: 1,
        files: files.workflows.iter().map(|workflow| workflow.source.name.clone()).collect(),
        protected: policy.protected.clone(),
        production: policy.production.clone(),
        answers: answers(&findings, sound && entries.iter().any(|entry| !entry.walk.visits.is_empty())),
        paths: Paths {
            explored: entries.iter().map(|entry| entry.walk.explored).sum(),
            bound,
            complete: entries.iter().all(|entry| entry.walk.complete),
        },
        findings,
    }
}

fn answers(findings: &[Finding], reached: bool) -> Answers {
    let none_of = |rules: &[&Rule]| {
        let clean = rules.iter().all(|rule| findings.iter().all(|finding| finding.rule != rule.id));
        if reached && clean { Answer::Yes } else { Answer::No }
    };
    Answers {
        tests: none_of(&[&list::NO_TESTS]),
        approval: none_of(&[&list::APPROVAL_MISSING, &list::APPROVAL_BYPASSED]),
        rollout: none_of(&[&list::NO_ROLLOUT]),
        rollback: none_of(&[&list::NO_ROLLBACK]),
        no_way_around: none_of(&[
            &list::NO_TESTS,
            &list::TESTS_BYPASSED,
            &list::APPROVAL_MISSING,
            &list::APPROVAL_BYPASSED,
            &list::NO_ROLLOUT,
            &list::ROLLOUT_BYPASSED,
            &list::NOT_EXHAUSTED,
        ]),
        concurrency: none_of(&[
            &list::CONCURRENCY_MISSING,
            &list::CONCURRENCY_VARIES,
            &list::CONCURRENCY_DIFFERS,
            &list::CONCURRENCY_CANCELS,
            &list::CONCURRENCY_DEADLOCK,
        ]),
    }
}

impl Report {
    /// Whether the check passes: nothing but notes.
    pub fn passes(&self) -> bool {
        self.findings.iter().all(|finding| finding.severity == Severity::Note)
    }

    /// Whether a file could not be read as a workflow.
    pub fn is_malformed(&self) -> bool {
        let malformed =
            [&list::MALFORMED, &list::EXPRESSION, &list::NEEDS_UNKNOWN, &list::NEEDS_CYCLE, &list::WORKFLOW_MISSING];
        self.findings.iter().any(|finding| malformed.iter().any(|rule| rule.id == finding.rule))
    }
}
