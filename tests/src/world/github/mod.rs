//! The given GitHub: a stateful fake of the few REST routes that a promotion pipeline needs, in this process. Shapes, status codes
//! and permissions follow GitHub's own pages (docs.github.com/rest); what a lab does not need is 404.
//!
//! - `state.rs` — what it knows: repositories, tokens, environments, runs, deployments
//! - `repository.rs` — one repository as a check sees it: set it up, break it, look into it
//! - `routes.rs` — from a request to the family that answers it, past tokens, permissions and faults
//! - `deployments.rs` `environments.rs` `runs.rs` `statuses.rs` — the families
//! - `fault.rs` — what can go wrong on the way
//! - `shape.rs` — the JSON that several families share

mod deployments;
mod environments;
mod fault;
mod repository;
mod routes;
mod runs;
mod shape;
mod state;
mod statuses;

pub use fault::{Act, RequestFault};
pub use repository::{Call, Repository};
pub use state::{Access, CommitStatus, Deployment, Dispatch, Review, Status};

use super::serve::Server;
use state::State;
use std::{
    io,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Who holds the token that a submission is given.
const AUTOMATION: &str = "automation";

/// A running GitHub. Dropping it ends it.
#[derive(Debug)]
pub struct Github {
    _server: Server,
    shared: Shared,
    given: Repository,
}

/// The state, as the server and every handle share it.
#[derive(Clone, Debug)]
struct Shared {
    url: Arc<str>,
    state: Arc<Mutex<State>>,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Github {
    /// Starts it on a free port of `host`, with one repository.
    ///
    /// # Errors
    /// No port is free.
    pub async fn start(host: IpAddr) -> io::Result<Self> {
        let state = Arc::new(Mutex::new(State::default()));
        let for_server = Arc::clone(&state);
        let server = Server::start(host, move |asked| Box::pin(routes::answer(Arc::clone(&for_server), asked))).await?;
        let shared = Shared { url: server.url().into(), state };
        shared.lock().url = server.url().to_owned();
        let given = Repository::create(&shared, "models");
        Ok(Self { _server: server, shared, given })
    }

    /// Where its API is, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.shared.url
    }

    /// The repository that the submission was given.
    #[must_use]
    pub fn given(&self) -> &Repository {
        &self.given
    }

    /// A new repository `lab/<name>` of a check's own, with a token of its own.
    #[must_use]
    pub fn repository(&self, name: &str) -> Repository {
        Repository::create(&self.shared, name)
    }

    /// The names of the variables, which a manifest may use.
    pub const VARIABLES: [&str; 3] = ["LAB_GITHUB_URL", "LAB_GITHUB_TOKEN", "LAB_GITHUB_REPOSITORY"];
}

#[cfg(test)]
mod tests;
