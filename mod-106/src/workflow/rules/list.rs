//! Every rule's name, weight, reason and remedy, as data.

use crate::workflow::finding::{Rule, Severity};

const fn error(id: &'static str, why: &'static str, mend: &'static str) -> Rule {
    Rule { id, severity: Severity::Error, why, mend }
}

const fn warning(id: &'static str, why: &'static str, mend: &'static str) -> Rule {
    Rule { id, severity: Severity::Warning, why, mend }
}

/// A file that is no workflow.
pub const MALFORMED: Rule = error(
    "malformed",
    "GitHub refuses the file, and none of its jobs runs.",
    "Correct what is named; check-jsonschema knows the form.",
);
/// An expression that cannot be read.
pub const EXPRESSION: Rule =
    error("expression-invalid", "GitHub refuses the file when it reads the expression.", "Correct the expression.");
/// `needs` names no job.
pub const NEEDS_UNKNOWN: Rule = error("needs-unknown", "GitHub refuses the file.", "Name a job of this workflow.");
/// Jobs wait for each other.
pub const NEEDS_CYCLE: Rule =
    error("needs-cycle", "GitHub refuses the file: none of these jobs could ever start.", "Take one `needs` away.");
/// A called workflow that is not there.
pub const WORKFLOW_MISSING: Rule = error(
    "workflow-missing",
    "The call fails, and what the workflow does cannot be looked at.",
    "Name a workflow of this repository that has `workflow_call`.",
);
/// More paths than the bound.
pub const NOT_EXHAUSTED: Rule = error(
    "paths-not-exhausted",
    "What was not walked may go around the approval or the tests: this is no proof.",
    "Raise --max-paths, or split the workflow: conditions with always() multiply the paths.",
);

/// Nothing goes to production.
pub const NO_PRODUCTION: Rule = Rule {
    id: "no-production",
    severity: Severity::Note,
    why: "Without a way to production there is nothing to ask about it.",
    mend: "Name the environment with --production, or the command in the configuration.",
};
/// A call that cannot be looked into.
pub const ELSEWHERE: Rule = Rule {
    id: "workflow-elsewhere",
    severity: Severity::Note,
    why: "What it does is not known: whether it deploys, or tests, cannot be told from here.",
    mend: "Look into it yourself, or keep a copy in this repository.",
};
/// Production depends on no test.
pub const NO_TESTS: Rule = error(
    "no-tests",
    "A release that nobody tested reaches everyone.",
    "Let the job need one that tests, so that a failing test stops it.",
);
/// A way around the tests.
pub const TESTS_BYPASSED: Rule = error(
    "tests-bypassed",
    "A release reaches production on this path although its tests did not run, or failed.",
    "Let every way to production need the tests: no always(), no input that skips them, no `|| true`, no continue-on-error.",
);
/// Nobody has to approve.
pub const APPROVAL_MISSING: Rule = error(
    "approval-missing",
    "Whoever can push or dispatch decides alone.",
    "Put the job, or one that it needs, into an environment with required reviewers, and name that with --protected.",
);
/// A way around the approval.
pub const APPROVAL_BYPASSED: Rule = error(
    "approval-bypassed",
    "A release reaches production on this path although nobody approved it.",
    "Let every way to production need the approval, or put the job itself into the protected environment.",
);
/// No canary.
pub const NO_ROLLOUT: Rule =
    error("no-rollout", "A bad release hurts everyone at once.", "Let the job need a canary that few see.");
/// A way around the canary.
pub const ROLLOUT_BYPASSED: Rule = error(
    "rollout-bypassed",
    "A release reaches everyone on this path although no canary succeeded.",
    "Let every way to production need the canary's success.",
);
/// No way back.
pub const NO_ROLLBACK: Rule = error(
    "no-rollback",
    "When a release turns out bad, somebody has to invent the way back under pressure.",
    "Add a workflow, or a job that runs on failure, that rolls back.",
);

/// Two deployments at once.
pub const CONCURRENCY_MISSING: Rule = error(
    "concurrency-missing",
    "Two runs deploy at once, and the older may finish last.",
    "Give the job a concurrency group with a fixed name.",
);
/// A group that two runs do not share.
pub const CONCURRENCY_VARIES: Rule = error(
    "concurrency-varies",
    "Runs with different group names do not wait for each other: two deploy at once.",
    "Use a fixed name, without the run's branch, commit, number or inputs.",
);
/// Two jobs with groups of their own.
pub const CONCURRENCY_DIFFERS: Rule = error(
    "concurrency-differs",
    "Jobs in different groups do not wait for each other: two change production at once.",
    "Give all jobs that change production the same group.",
);
/// A deployment that is cut off.
pub const CONCURRENCY_CANCELS: Rule =
    error("concurrency-cancels", "A newer run cuts a deployment off halfway.", "Set `cancel-in-progress: false`.");
/// A group within itself.
pub const CONCURRENCY_DEADLOCK: Rule = error(
    "concurrency-deadlock",
    "A job that waits for the group of its own workflow waits for itself; GitHub cancels the run.",
    "Keep the group at one level only.",
);

/// Text around braces.
pub const ALWAYS_TRUE: Rule = error(
    "condition-always-true",
    "Text around the braces makes the condition text, and text that is not empty counts as true.",
    "Put the braces around all of the condition, or around none.",
);
/// An action that can change.
pub const UNPINNED: Rule = warning(
    "unpinned-action",
    "A tag or branch can be moved to other code, which then runs with this workflow's secrets.",
    "Name the full commit, with the version as a comment; images by digest.",
);
/// Default permissions.
pub const PERMISSIONS_MISSING: Rule = warning(
    "permissions-missing",
    "The token then may do whatever the repository's default lets it, often writing.",
    "Set `permissions: {}` at the top, and what a job needs at the job.",
);
/// More than is needed.
pub const PERMISSIONS_BROAD: Rule = warning(
    "permissions-broad",
    "Any step of any job can use the token for it.",
    "Give each job the scopes it needs, and no other.",
);
/// A key that stays valid.
pub const LONG_LIVED_KEY: Rule = error(
    "long-lived-key",
    "A key that leaks stays valid until somebody notices.",
    "Let the cloud trust GitHub's OIDC token (`id-token: write`) and hand out short-lived keys.",
);
/// All secrets for everyone.
pub const SECRETS_INHERITED: Rule = warning(
    "secrets-inherited",
    "The called workflow gets every secret, also those it does not need.",
    "Name the secrets it needs.",
);
/// Text that becomes a program.
pub const INJECTION: Rule = error(
    "script-injection",
    "The text is put into the program before it runs: whoever writes it can run commands.",
    "Put it into an environment variable, and use that in quotes.",
);

/// All of them.
pub const ALL: [&Rule; 27] = [
    &MALFORMED,
    &EXPRESSION,
    &NEEDS_UNKNOWN,
    &NEEDS_CYCLE,
    &WORKFLOW_MISSING,
    &NOT_EXHAUSTED,
    &NO_PRODUCTION,
    &ELSEWHERE,
    &NO_TESTS,
    &TESTS_BYPASSED,
    &APPROVAL_MISSING,
    &APPROVAL_BYPASSED,
    &NO_ROLLOUT,
    &ROLLOUT_BYPASSED,
    &NO_ROLLBACK,
    &CONCURRENCY_MISSING,
    &CONCURRENCY_VARIES,
    &CONCURRENCY_DIFFERS,
    &CONCURRENCY_CANCELS,
    &CONCURRENCY_DEADLOCK,
    &ALWAYS_TRUE,
    &UNPINNED,
    &PERMISSIONS_MISSING,
    &PERMISSIONS_BROAD,
    &LONG_LIVED_KEY,
    &SECRETS_INHERITED,
    &INJECTION,
];
