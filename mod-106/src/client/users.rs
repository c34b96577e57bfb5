//! Users of MLflow's basic-auth app and what they may do. Only administrators and the users themselves get answers here.

use super::endpoint::{
    CREATE_EXPERIMENT_PERMISSION, CREATE_MODEL_PERMISSION, CREATE_USER, DELETE_EXPERIMENT_PERMISSION,
    DELETE_MODEL_PERMISSION, DELETE_USER, Endpoint, GET_EXPERIMENT_PERMISSION, GET_MODEL_PERMISSION, GET_USER,
    UPDATE_ADMIN, UPDATE_EXPERIMENT_PERMISSION, UPDATE_MODEL_PERMISSION, UPDATE_PASSWORD,
};
use super::error::Error;
use super::ids::{ExperimentId, ModelName};
use super::tags::absent_is_empty;
use super::transport::Client;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// A user, as the server tells it; passwords never come back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// The server's number for the user.
    pub id: i64,
    /// The name to log in with.
    pub username: String,
    /// Whether the user may do everything.
    pub is_admin: bool,
    /// What the user may do to experiments.
    #[serde(default, deserialize_with = "absent_is_empty")]
    pub experiment_permissions: Vec<ExperimentPermission>,
    /// What the user may do to models.
    #[serde(default, deserialize_with = "absent_is_empty")]
    pub registered_model_permissions: Vec<ModelPermission>,
}

/// What a user may do to one experiment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExperimentPermission {
    /// The experiment.
    pub experiment_id: ExperimentId,
    /// The user.
    pub user_id: i64,
    /// What is allowed.
    pub permission: Permission,
}

/// What a user may do to one model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelPermission {
    /// The model.
    pub name: ModelName,
    /// The user.
    pub user_id: i64,
    /// What is allowed.
    pub permission: Permission,
}

/// What is allowed; each includes those before it, but the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Permission {
    /// Nothing.
    NoPermissions,
    /// Look.
    Read,
    /// Look and, in 3.x, call.
    Use,
    /// Look and change.
    Edit,
    /// Look, change, delete, and say who else may.
    Manage,
    /// A permission of a later version.
    #[serde(other)]
    Unknown,
}

/// What a permission is for: the two kinds share all but their routes.
#[derive(Debug, Clone, Copy)]
pub enum Resource<'a> {
    /// An experiment.
    Experiment(&'a ExperimentId),
    /// A registered model.
    Model(&'a ModelName),
}

impl<'a> Resource<'a> {
    fn pair(self) -> (&'static str, &'a str) {
        match self {
            Self::Experiment(id) => ("experiment_id", id.as_str()),
            Self::Model(name) => ("name", name.as_str()),
        }
    }

    fn pick<'e>(self, experiment: &'e Endpoint, model: &'e Endpoint) -> &'e Endpoint {
        match self {
            Self::Experiment(_) => experiment,
            Self::Model(_) => model,
        }
    }
}

#[derive(Deserialize)]
struct Found {
    user: User,
}

impl Client {
    /// Adds a user.
    ///
    /// # Errors
    /// [`ErrorCode::ResourceAlreadyExists`](super::ErrorCode::ResourceAlreadyExists) when the name is taken.
    pub async fn create_user(&self, username: &str, password: &SecretString) -> Result<User, Error> {
        let request = json!({ "username": username, "password": password.expose_secret() });
        let found: Found = self.send(&CREATE_USER, &request).await?;
        Ok(found.user)
    }

    /// A user by name.
    ///
    /// # Errors
    /// [`Error::is_not_found`] when there is none.
    pub async fn user(&self, username: &str) -> Result<User, Error> {
        let found: Found = self.get(&GET_USER, &[("username", username)]).await?;
        Ok(found.user)
    }

    /// Changes a password.
    ///
    /// # Errors
    /// [`Error::is_not_found`] when there is no such user.
    pub async fn update_password(&self, username: &str, password: &SecretString) -> Result<(), Error> {
        self.tell(&UPDATE_PASSWORD, &json!({ "username": username, "password": password.expose_secret() })).await
    }

    /// Makes a user an administrator, or no longer one.
    ///
    /// # Errors
    /// [`Error::is_not_found`] when there is no such user.
    pub async fn update_admin(&self, username: &str, is_admin: bool) -> Result<(), Error> {
        self.tell(&UPDATE_ADMIN, &json!({ "username": username, "is_admin": is_admin })).await
    }

    /// Removes a user.
    ///
    /// # Errors
    /// [`Error::is_not_found`] when there is none.
    pub async fn delete_user(&self, username: &str) -> Result<(), Error> {
        self.tell(&DELETE_USER, &json!({ "username": username })).await
    }

    /// Grants a first permission; [`Client::update_permission`] changes it later.
    ///
    /// # Errors
    /// [`ErrorCode::ResourceAlreadyExists`](super::ErrorCode::ResourceAlreadyExists) when the user has one.
    pub async fn create_permission(
        &self,
        on: Resource<'_>,
        username: &str,
        permission: Permission,
    ) -> Result<(), Error> {
        self.tell(on.pick(&CREATE_EXPERIMENT_PERMISSION, &CREATE_MODEL_PERMISSION), &grant(on, username, permission))
            .await
    }

    /// What a user was granted.
    ///
    /// # Errors
    /// [`Error::is_not_found`] when nothing was: the server's default applies then.
    pub async fn permission(&self, on: Resource<'_>, username: &str) -> Result<Permission, Error> {
        #[derive(Deserialize)]
        struct Granted {
            permission: Permission,
        }
        #[derive(Deserialize)]
        struct Answer {
            #[serde(alias = "experiment_permission", alias = "registered_model_permission")]
            granted: Granted,
        }
        let endpoint = on.pick(&GET_EXPERIMENT_PERMISSION, &GET_MODEL_PERMISSION);
        let answer: Answer = self.get(endpoint, &[on.pair(), ("username", username)]).await?;
        Ok(answer.granted.permission)
    }

    /// Changes what a user was granted.
    ///
    /// # Errors
    /// [`Error::is_not_found`] when nothing was.
    pub async fn update_permission(
        &self,
        on: Resource<'_>,
        username: &str,
        permission: Permission,
    ) -> Result<(), Error> {
        self.tell(on.pick(&UPDATE_EXPERIMENT_PERMISSION, &UPDATE_MODEL_PERMISSION), &grant(on, username, permission))
            .await
    }

    /// Takes back what a user was granted.
    ///
    /// # Errors
    /// [`Error::is_not_found`] when nothing was.
    pub async fn delete_permission(&self, on: Resource<'_>, username: &str) -> Result<(), Error> {
        let (key, id) = on.pair();
        let request = json!({ key: id, "username": username });
        self.tell(on.pick(&DELETE_EXPERIMENT_PERMISSION, &DELETE_MODEL_PERMISSION), &request).await
    }
}

fn grant(on: Resource<'_>, username: &str, permission: Permission) -> serde_json::Value {
    let (key, id) = on.pair();
    json!({ key: id, "username": username, "permission": permission })
}
