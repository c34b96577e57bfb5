//! An operation, shown on GitHub: a deployment to the stage's environment with its statuses, and the reviewers' word asked for.
//!
//! GitHub shows; the registry decides. A deployment is recognised by the operation's token in its payload, so that a resumed
//! operation finds the one it made before it was killed, also when the answer to the first request got lost.

use super::error::Error;
use super::facts::{Evidence, Review};
use super::operation::{Kind, Operation};
use super::registry::Registry;
use super::slots::{Slot, Stage};
use crate::github::{GitHub, NewDeployment, ReviewState};

/// Where and how to show operations.
#[derive(Debug)]
pub struct Deployments {
    /// The repository.
    pub github: GitHub,
    /// The commit, branch or tag that is deployed.
    pub git_ref: String,
    /// The workflow run that waits for reviewers; without one nobody can be asked.
    pub run: Option<u64>,
    /// The environment that production stands for, and whose reviewers count.
    pub production: String,
}

impl Deployments {
    /// What the reviewers said of our run; `None` where no run was named.
    ///
    /// # Errors
    /// GitHub's.
    pub(super) async fn review(&self, stage: Stage) -> Result<Option<Evidence<Review>>, Error> {
        let Some(run) = self.run else { return Ok(None) };
        if stage < Stage::Canary {
            return Ok(None);
        }
        let reviews = self.github.reviews(run).await?;
        let mine = reviews.iter().filter(|review| review.environments.contains(&self.production));
        let of =
            |state| mine.clone().filter(|review| review.state == state).map(|review| review.user.clone()).collect();
        let review = Review { approved_by: of(ReviewState::Approved), rejected_by: of(ReviewState::Rejected) };
        let nobody = review.approved_by.is_empty() && review.rejected_by.is_empty();
        Ok(Some(if nobody { Evidence::Absent } else { Evidence::Found(review) }))
    }

    /// Makes the operation's deployment, once.
    pub(super) async fn begin(&self, registry: &Registry, operation: &Operation) -> Result<(), Error> {
        let Some(id) = self.deployment(registry, operation).await? else { return Ok(()) };
        self.github.set_deployment_state(id, "in_progress", &operation.token).await?;
        Ok(())
    }

    /// Says that it is done, once.
    pub(super) async fn succeed(&self, registry: &Registry, operation: &Operation) -> Result<(), Error> {
        let Some(id) = self.deployment(registry, operation).await? else { return Ok(()) };
        self.github.set_deployment_state(id, "success", &operation.token).await?;
        Ok(())
    }

    async fn deployment(&self, registry: &Registry, operation: &Operation) -> Result<Option<u64>, Error> {
        let environment = match operation.target {
            Slot::Candidate | Slot::PreviousChampion => return Ok(None),
            Slot::Staging => "staging",
            Slot::Canary => "canary",
            Slot::Champion => &self.production,
        };
        let task = if operation.kind == Kind::Rollback { "rollback" } else { "deploy" };
        let shown = match operation.kind {
            Kind::Promote => Some(operation.version),
            // What a rollback of the champion deploys is the one before.
            Kind::Rollback => operation.after.get(operation.target),
        };
        let new = NewDeployment {
            git_ref: self.git_ref.clone(),
            task: task.to_owned(),
            environment: environment.to_owned(),
            description: format!("{} {}: {task} of version {}", registry.name(), operation.target, operation.version),
            payload: serde_json::json!({ "operation": operation.token, "model": registry.name(), "version": shown }),
        };
        Ok(Some(self.github.ensure_deployment(&operation.token, &new).await?))
    }
}
