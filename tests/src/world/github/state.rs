//! What the fake GitHub knows. Plain data; who may ask for it and how it looks on the wire is decided elsewhere.

use super::{fault::RequestFault, repository::Call};
use serde_json::Value;
use std::collections::BTreeMap;

/// Everything.
#[derive(Debug, Default)]
pub(super) struct State {
    /// `http://127.0.0.1:4711`
    pub(super) url: String,
    pub(super) tokens: BTreeMap<String, Token>,
    pub(super) users: BTreeMap<String, u64>,
    /// By `owner/name` in lower case: GitHub's names ignore case.
    pub(super) repositories: BTreeMap<String, Kept>,
    last_id: u64,
}

/// What a token's permission allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Access {
    /// To look.
    Read,
    /// To look and to change.
    Write,
}

impl Access {
    /// As GitHub's headers spell it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
        }
    }
}

/// Who a token belongs to, and what it opens.
#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) user: String,
    /// `owner/name` in lower case.
    pub(super) repository: String,
    /// None: everything.
    pub(super) permissions: Option<BTreeMap<String, Access>>,
}

/// One repository.
#[derive(Debug, Default)]
pub(super) struct Kept {
    pub(super) id: u64,
    pub(super) full_name: String,
    /// Of the branch `main`, the newest last.
    pub(super) commits: Vec<String>,
    pub(super) environments: Vec<Environment>,
    pub(super) workflows: Vec<Workflow>,
    pub(super) runs: Vec<Run>,
    pub(super) reviews: Vec<(u64, Review)>,
    pub(super) deployments: Vec<Deployment>,
    pub(super) statuses: Vec<(String, CommitStatus)>,
    pub(super) dispatches: Vec<Dispatch>,
    pub(super) conflict: bool,
    pub(super) auto_merges: bool,
    /// Each with how often it has matched.
    pub(super) faults: Vec<(RequestFault, u64)>,
    pub(super) calls: Vec<Call>,
}

/// A place to deploy to.
#[derive(Clone, Debug)]
pub(super) struct Environment {
    pub(super) id: u64,
    pub(super) name: String,
    /// Any one of them is enough; nobody: no rule.
    pub(super) reviewers: Vec<String>,
    pub(super) created_at: String,
}

/// A workflow that can be dispatched.
#[derive(Clone, Debug)]
pub(super) struct Workflow {
    pub(super) id: u64,
    pub(super) file: String,
    pub(super) inputs: Vec<String>,
}

/// A run of a workflow.
#[derive(Clone, Debug)]
pub(super) struct Run {
    pub(super) id: u64,
    pub(super) number: u64,
    pub(super) workflow: String,
    pub(super) event: &'static str,
    pub(super) actor: String,
    pub(super) head_sha: String,
    /// `waiting`, `queued`, `in_progress`, `completed`
    pub(super) status: String,
    pub(super) conclusion: Option<String>,
    /// The environments that nobody has decided about.
    pub(super) pending: Vec<String>,
    pub(super) created_at: String,
}

/// A decision about a waiting run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Review {
    /// Which environment.
    pub environment: String,
    /// `approved` or `rejected`.
    pub state: String,
    /// Who decided.
    pub user: String,
    /// Why.
    pub comment: String,
}

/// A deployment and what was said about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Deployment {
    /// GitHub's number for it.
    pub id: u64,
    /// What was resolved from `git_ref`.
    pub sha: String,
    /// As it was asked for.
    pub git_ref: String,
    /// `deploy` and the like.
    pub task: String,
    /// Where to.
    pub environment: String,
    /// Whatever was sent along.
    pub payload: Value,
    /// In words.
    pub description: Option<String>,
    /// Who asked.
    pub creator: String,
    /// The oldest first.
    pub statuses: Vec<Status>,
    pub(super) created_at: String,
    pub(super) transient: bool,
    pub(super) production: bool,
}

/// What became of a deployment, at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// GitHub's number for it.
    pub id: u64,
    /// `error`, `failure`, `inactive`, `in_progress`, `queued`, `pending` or `success`.
    pub state: String,
    /// In words.
    pub description: String,
    /// Where it can be looked at.
    pub environment_url: String,
    /// Where its log is.
    pub log_url: String,
    /// Who said so.
    pub creator: String,
    pub(super) created_at: String,
}

/// What one context says about a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitStatus {
    /// GitHub's number for it.
    pub id: u64,
    /// Such as `promotion/gates`.
    pub context: String,
    /// `error`, `failure`, `pending` or `success`.
    pub state: String,
    /// In words.
    pub description: Option<String>,
    /// Where to read more.
    pub target_url: Option<String>,
    /// Who said so.
    pub creator: String,
    pub(super) created_at: String,
}

/// A workflow that was asked to run.
#[derive(Clone, Debug, PartialEq)]
pub struct Dispatch {
    /// Its file, such as `deploy.yml`.
    pub workflow: String,
    /// On which branch or tag.
    pub git_ref: String,
    /// With what.
    pub inputs: Value,
}

impl State {
    /// A number that nothing else has.
    pub(super) fn id(&mut self) -> u64 {
        self.last_id += 1;
        1000 + self.last_id
    }

    /// A user's number; whoever is named exists.
    pub(super) fn user(&mut self, login: &str) -> u64 {
        if let Some(id) = self.users.get(login) {
            return *id;
        }
        let id = self.id();
        self.users.insert(login.to_owned(), id);
        id
    }
}

impl Kept {
    /// The commit that a branch, or a commit's own name, stands for.
    pub(super) fn resolve(&self, git_ref: &str) -> Option<&String> {
        match git_ref.trim_start_matches("refs/").trim_start_matches("heads/") {
            "main" => self.commits.last(),
            sha => self.commits.iter().find(|known| *known == sha),
        }
    }

    pub(super) fn environment(&self, name: &str) -> Option<&Environment> {
        self.environments.iter().find(|known| known.name.eq_ignore_ascii_case(name))
    }

    /// The newest status of each context of a commit.
    pub(super) fn newest_statuses(&self, sha: &str) -> Vec<&CommitStatus> {
        let mut newest: Vec<&CommitStatus> = Vec::new();
        for (_, status) in self.statuses.iter().rev().filter(|(of, _)| of == sha) {
            if !newest.iter().any(|known| known.context == status.context) {
                newest.push(status);
            }
        }
        newest
    }
}

/// Now, as GitHub writes times.
pub(super) fn now() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
