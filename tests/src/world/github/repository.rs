//! One repository of the fake GitHub as a check sees it: set it up, break it, look into it. Nothing here goes over the wire.

use super::{
    AUTOMATION, Access, CommitStatus, Deployment, Dispatch, RequestFault, Review, Shared,
    state::{Environment, Kept, Run, Token, Workflow, now},
};
use crate::wire::hex;
use serde_json::Value;
use std::{iter, sync::MutexGuard};

/// The owner of every repository.
const OWNER: &str = "lab";

/// A repository. Cheap to clone; clones are the same repository.
#[derive(Clone, Debug)]
pub struct Repository {
    shared: Shared,
    full_name: String,
    token: String,
}

/// One request that a repository was asked.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// `POST`
    pub method: String,
    /// Without the query.
    pub path: String,
    /// Whose token it came with; nobody where it came with none.
    pub user: Option<String>,
    /// Null where there was none.
    pub body: Value,
    /// What was answered; 0 where the connection was dropped.
    pub status: u16,
}

impl Repository {
    pub(super) fn create(shared: &Shared, name: &str) -> Self {
        let full_name = format!("{OWNER}/{name}");
        let mut state = shared.lock();
        let id = state.id();
        let kept = Kept { id, full_name: full_name.clone(), commits: vec![random_sha()], ..Kept::default() };
        state.repositories.insert(full_name.to_lowercase(), kept);
        let token = format!("github_pat_{}", random_word(40));
        let everything = Token { user: AUTOMATION.to_owned(), repository: full_name.to_lowercase(), permissions: None };
        state.tokens.insert(token.clone(), everything);
        drop(state);
        Self { shared: shared.clone(), full_name, token }
    }

    /// `owner/name`
    #[must_use]
    pub fn full_name(&self) -> &str {
        &self.full_name
    }

    /// A token that may do everything in this repository, and belongs to `automation`.
    #[must_use]
    pub fn given_token(&self) -> &str {
        &self.token
    }

    /// What a submission is told, to work on this repository.
    #[must_use]
    pub fn variables(&self) -> Vec<(&'static str, String)> {
        vec![
            ("LAB_GITHUB_URL", self.shared.url.to_string()),
            ("LAB_GITHUB_TOKEN", self.token.clone()),
            ("LAB_GITHUB_REPOSITORY", self.full_name.clone()),
        ]
    }

    /// The commit at the head of `main`.
    #[must_use]
    pub fn head(&self) -> String {
        self.with(|kept| kept.commits.last().cloned().unwrap_or_default())
    }

    /// A new commit on `main`.
    #[must_use]
    pub fn commit(&self) -> String {
        let sha = random_sha();
        self.with(|kept| kept.commits.push(sha.clone()));
        sha
    }

    /// Makes or changes an environment; with reviewers, one of them must approve.
    pub fn environment(&self, name: &str, reviewers: &[&str]) {
        let mut state = self.shared.lock();
        let id = state.id();
        for reviewer in reviewers {
            state.user(reviewer);
        }
        let reviewers = reviewers.iter().map(|&login| login.to_owned()).collect();
        let environment = Environment { id, name: name.to_owned(), reviewers, created_at: now() };
        let Some(kept) = state.repositories.get_mut(&self.full_name.to_lowercase()) else { return };
        kept.environments.retain(|known| !known.name.eq_ignore_ascii_case(name));
        kept.environments.push(environment);
    }

    /// A person's token for this repository, with these permissions and no others (`metadata: read` goes without saying).
    #[must_use]
    pub fn token(&self, user: &str, permissions: &[(&str, Access)]) -> String {
        let token = format!("github_pat_{}", random_word(40));
        let mut state = self.shared.lock();
        state.user(user);
        let permissions = permissions.iter().map(|(name, access)| ((*name).to_owned(), *access)).collect();
        let repository = self.full_name.to_lowercase();
        state.tokens.insert(token.clone(), Token { user: user.to_owned(), repository, permissions: Some(permissions) });
        token
    }

    /// A workflow that can be dispatched with these inputs.
    pub fn workflow(&self, file: &str, inputs: &[&str]) {
        let id = self.shared.lock().id();
        let inputs = inputs.iter().map(|&input| input.to_owned()).collect();
        self.with(|kept| kept.workflows.push(Workflow { id, file: file.to_owned(), inputs }));
    }

    /// A run of a workflow that waits for an environment's reviewers; its number.
    #[must_use]
    pub fn start_run(&self, workflow: &str, environment: &str) -> u64 {
        let id = self.shared.lock().id();
        self.with(|kept| {
            let run = Run {
                id,
                number: kept.runs.len() as u64 + 1,
                workflow: workflow.to_owned(),
                event: "push",
                actor: AUTOMATION.to_owned(),
                head_sha: kept.commits.last().cloned().unwrap_or_default(),
                status: "waiting".to_owned(),
                conclusion: None,
                pending: vec![environment.to_owned()],
                created_at: now(),
            };
            kept.runs.push(run);
        });
        id
    }

    /// Lets requests go wrong from now on. The first fault that fits a request applies.
    pub fn fault(&self, fault: RequestFault) {
        self.with(|kept| kept.faults.push((fault, 0)));
    }

    /// While it is so, deployments answer 409: the ref cannot be merged.
    pub fn conflict(&self, conflict: bool) {
        self.with(|kept| kept.conflict = conflict);
    }

    /// The next deployment that does not say `auto_merge: false` answers 202: GitHub has merged, and made no deployment.
    pub fn auto_merges(&self, auto_merges: bool) {
        self.with(|kept| kept.auto_merges = auto_merges);
    }

    /// Everything that this repository was asked, in order.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        self.with(|kept| kept.calls.clone())
    }

    /// Every deployment, in the order of their creation.
    #[must_use]
    pub fn deployments(&self) -> Vec<Deployment> {
        self.with(|kept| kept.deployments.clone())
    }

    /// The decisions about a run.
    #[must_use]
    pub fn reviews(&self, run: u64) -> Vec<Review> {
        self.with(|kept| kept.reviews.iter().filter(|(of, _)| *of == run).map(|(_, review)| review.clone()).collect())
    }

    /// A run's status and conclusion.
    #[must_use]
    pub fn run_state(&self, run: u64) -> (String, Option<String>) {
        self.with(|kept| {
            let found = kept.runs.iter().find(|known| known.id == run);
            found.map(|run| (run.status.clone(), run.conclusion.clone())).unwrap_or_default()
        })
    }

    /// Everything that was said about a commit, in order.
    #[must_use]
    pub fn statuses(&self, sha: &str) -> Vec<CommitStatus> {
        self.with(|kept| kept.statuses.iter().filter(|(of, _)| of == sha).map(|(_, status)| status.clone()).collect())
    }

    /// Every workflow that was dispatched.
    #[must_use]
    pub fn dispatches(&self) -> Vec<Dispatch> {
        self.with(|kept| kept.dispatches.clone())
    }

    fn with<T>(&self, look: impl FnOnce(&mut Kept) -> T) -> T {
        let mut state: MutexGuard<'_, _> = self.shared.lock();
        look(state.repositories.entry(self.full_name.to_lowercase()).or_default())
    }
}

fn random_word(length: usize) -> String {
    iter::repeat_with(fastrand::alphanumeric).take(length).collect()
}

fn random_sha() -> String {
    hex(&std::array::from_fn::<u8, 20, _>(|_| fastrand::u8(..)))
}
