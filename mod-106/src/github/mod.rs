//! GitHub, through octocrab: deployments and their statuses, environments and their reviewers, commit statuses, workflow dispatch.
//!
//! octocrab has no API of its own for most of these, so its generic requests are used. Its retries are left out of the build: they
//! repeat *any* method after a 5xx or a broken connection, and a POST whose answer was lost then happens twice. Here a GET may be
//! repeated; a POST never is before looking whether the first one took effect (`connection.rs`, `ensure`).
//!
//! - `connection.rs` — requests, errors, rate limits, and the two ways of trying again
//! - `deployments.rs` — deployments and their statuses
//! - `environments.rs` — environments, pending approvals, reviews
//! - `statuses.rs` — commit statuses
//! - `workflows.rs` — dispatching a workflow

mod connection;
mod deployments;
mod environments;
mod error;
mod statuses;
mod workflows;

pub use connection::{GitHub, RateLimit, Settings};
pub use deployments::{Deployment, DeploymentStatus, NewDeployment};
pub use environments::{Environment, PendingDeployment, Review, ReviewState};
pub use error::Error;
pub use statuses::CommitStatus;
pub use workflows::WorkflowRun;
