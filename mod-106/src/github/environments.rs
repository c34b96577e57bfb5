//! Environments: who must review, what waits for them, and what they said.
//! <https://docs.github.com/en/rest/deployments/environments>, <https://docs.github.com/en/rest/actions/workflow-runs>

use super::connection::{GitHub, refused};
use super::error::Error;
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

/// An environment and its rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment {
    /// Its name.
    pub name: String,
    /// Its id, which reviews name.
    pub id: u64,
    /// The people and teams of whom one must approve.
    pub reviewers: Vec<String>,
    /// Whether whoever started the run may not approve it.
    pub prevent_self_review: bool,
}

/// An environment that a run waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingDeployment {
    /// The environment's id.
    pub environment_id: u64,
    /// The environment's name.
    pub environment: String,
    /// Whether this token's owner may approve.
    pub may_approve: bool,
}

/// What a reviewer said to a run.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Review {
    /// Yes or no.
    pub state: ReviewState,
    /// Why.
    #[serde(default)]
    pub comment: String,
    /// Who.
    #[serde(deserialize_with = "login")]
    pub user: String,
    /// For which environments.
    #[serde(deserialize_with = "names")]
    pub environments: Vec<String>,
}

/// Yes or no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReviewState {
    /// Yes.
    Approved,
    /// No.
    Rejected,
    /// Not yet.
    #[serde(other)]
    Pending,
}

fn login<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(Value::deserialize(deserializer)?["login"].as_str().unwrap_or_default().to_owned())
}

fn names<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let list = Vec::<Value>::deserialize(deserializer)?;
    Ok(list.iter().filter_map(|environment| environment["name"].as_str()).map(str::to_owned).collect())
}

impl GitHub {
    /// An environment's rules.
    ///
    /// # Errors
    /// [`Error::Refused`] with 404 when there is none.
    pub async fn environment(&self, name: &str) -> Result<Environment, Error> {
        let encoded = percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC);
        let found: Value = self.get(&format!("/environments/{encoded}")).await?;
        let none = Vec::new();
        let rules = found["protection_rules"].as_array().unwrap_or(&none);
        let required: Vec<_> = rules.iter().filter(|rule| rule["type"] == "required_reviewers").collect();
        let reviewers = required.iter().flat_map(|rule| rule["reviewers"].as_array().unwrap_or(&none));
        let named = |reviewer: &Value| {
            let reviewer = &reviewer["reviewer"];
            reviewer["login"].as_str().or(reviewer["slug"].as_str()).map(str::to_owned)
        };
        Ok(Environment {
            name: found["name"].as_str().unwrap_or(name).to_owned(),
            id: found["id"].as_u64().unwrap_or_default(),
            reviewers: reviewers.filter_map(named).collect(),
            prevent_self_review: required.iter().any(|rule| rule["prevent_self_review"] == true),
        })
    }

    /// The environments that a run waits for.
    ///
    /// # Errors
    /// As every call.
    pub async fn pending_deployments(&self, run: u64) -> Result<Vec<PendingDeployment>, Error> {
        let found: Vec<Value> = self.get(&format!("/actions/runs/{run}/pending_deployments")).await?;
        let read = |pending: &Value| PendingDeployment {
            environment_id: pending["environment"]["id"].as_u64().unwrap_or_default(),
            environment: pending["environment"]["name"].as_str().unwrap_or_default().to_owned(),
            may_approve: pending["current_user_can_approve"] == true,
        };
        Ok(found.iter().map(read).collect())
    }

    /// What the reviewers of a run said.
    ///
    /// # Errors
    /// As every call.
    pub async fn reviews(&self, run: u64) -> Result<Vec<Review>, Error> {
        self.get(&format!("/actions/runs/{run}/approvals")).await
    }

    /// Approves or rejects what a run waits for in an environment, as the token's owner. Once it no longer waits, there is nothing
    /// left to do: that is how a lost answer is told from a lost request.
    ///
    /// # Errors
    /// [`Error::Refused`] when this person is no reviewer, or the run waits for no such environment.
    pub async fn review(&self, run: u64, environment: &str, approve: bool, comment: &str) -> Result<(), Error> {
        let path = format!("/actions/runs/{run}/pending_deployments");
        let call = format!("POST {path}");
        let pending = self.pending_deployments(run).await?;
        let Some(waiting) = pending.iter().find(|pending| pending.environment == environment) else {
            let message = format!("run {run} does not wait for environment {environment:?}");
            return Err(Error::Refused { call, status: 422, message });
        };
        let state = if approve { "approved" } else { "rejected" };
        let body = json!({ "environment_ids": [waiting.environment_id], "state": state, "comment": comment });
        let look = || async {
            let pending = self.pending_deployments(run).await?;
            Ok((!pending.iter().any(|pending| pending.environment == environment)).then_some(()))
        };
        self.ensure(&path, &body, look, |status, text| match status {
            200..=204 => Ok(Some(())),
            _ => Err(refused(&call, status, text)),
        })
        .await
    }
}
