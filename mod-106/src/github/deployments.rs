//! Deployments: made once, found again by a token in their payload.
//! <https://docs.github.com/en/rest/deployments/deployments>: POST answers 201; 202 when it merged the default branch first and made
//! nothing yet; 409 on a merge conflict or a failed check; 422 on a ref that does not exist.

use super::connection::{GitHub, refused, settle};
use super::error::Error;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A deployment, as GitHub tells it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Deployment {
    /// Its id.
    pub id: u64,
    /// What was deployed.
    #[serde(default)]
    pub sha: String,
    /// Where to.
    pub environment: String,
    /// What the maker put in; GitHub answers an object, or a text that holds one.
    #[serde(default)]
    pub payload: Value,
}

/// What a deployment starts with.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NewDeployment {
    /// Branch, tag or commit.
    #[serde(rename = "ref")]
    pub git_ref: String,
    /// `deploy` or `rollback`.
    pub task: String,
    /// Where to.
    pub environment: String,
    /// Free text, at most 140 characters.
    pub description: String,
    /// Must hold the token under `operation`.
    pub payload: Value,
}

/// One of a deployment's statuses; the newest counts.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct DeploymentStatus {
    /// `queued`, `in_progress`, `success`, `failure`, `inactive` …
    pub state: String,
    /// Free text.
    #[serde(default)]
    pub description: String,
}

impl GitHub {
    /// All deployments to an environment, newest first.
    ///
    /// # Errors
    /// As every call.
    pub async fn deployments(&self, environment: &str) -> Result<Vec<Deployment>, Error> {
        let environment = percent_encoding::utf8_percent_encode(environment, percent_encoding::NON_ALPHANUMERIC);
        self.list(&format!("/deployments?environment={environment}"), None).await
    }

    /// Makes a deployment unless there is one with this token in its payload, and returns its id.
    ///
    /// # Errors
    /// [`Error::Refused`] with 409 or 422 when GitHub will not deploy this ref.
    pub async fn ensure_deployment(&self, token: &str, new: &NewDeployment) -> Result<u64, Error> {
        let mut body = serde_json::to_value(new).unwrap_or_default();
        // Without these GitHub merges the default branch into the ref, and waits for every check of the commit, ours included.
        body["auto_merge"] = json!(false);
        body["required_contexts"] = json!([]);
        body["description"] = json!(new.description.chars().take(140).collect::<String>());
        let look = || async {
            let made = self.deployments(&new.environment).await?;
            Ok(made.into_iter().find(|made| token_of(&made.payload).as_deref() == Some(token)).map(|made| made.id))
        };
        self.ensure("/deployments", &body, look, |status, text| match status {
            202 => Ok(None),
            201 => settle::<Deployment>("POST /deployments", status, text).map(|made| Some(made.id)),
            _ => Err(refused("POST /deployments", status, text)),
        })
        .await
    }

    /// A deployment's statuses, newest first.
    ///
    /// # Errors
    /// As every call.
    pub async fn deployment_statuses(&self, id: u64) -> Result<Vec<DeploymentStatus>, Error> {
        self.list(&format!("/deployments/{id}/statuses"), None).await
    }

    /// Gives a deployment a state, once for each `token`, which goes into the description.
    ///
    /// # Errors
    /// As every call.
    pub async fn set_deployment_state(&self, id: u64, state: &str, token: &str) -> Result<(), Error> {
        let path = format!("/deployments/{id}/statuses");
        let description = format!("operation {token}");
        let body = json!({ "state": state, "description": description, "auto_inactive": true });
        let look = || async {
            let known = self.deployment_statuses(id).await?;
            Ok(known.iter().any(|known| known.state == state && known.description == description).then_some(()))
        };
        let call = format!("POST {path}");
        self.ensure(&path, &body, look, |status, text| match status {
            201 => Ok(Some(())),
            _ => Err(refused(&call, status, text)),
        })
        .await
    }
}

fn token_of(payload: &Value) -> Option<String> {
    let inner: Value = match payload {
        Value::String(text) => serde_json::from_str(text).ok()?,
        other => other.clone(),
    };
    inner["operation"].as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::token_of;
    use serde_json::json;

    #[test]
    fn a_payload_is_read_as_object_and_as_text() {
        assert_eq!(token_of(&json!({ "operation": "t" })).as_deref(), Some("t"));
        assert_eq!(token_of(&json!("{\"operation\":\"t\"}")).as_deref(), Some("t"));
        assert_eq!(token_of(&json!("")), None);
    }
}
