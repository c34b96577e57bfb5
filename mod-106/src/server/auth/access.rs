//! What each route demands of its sender, and the decision.
//!
//! MLflow 2.22 leaves several routes without any check (run search, metric history in bulk, multipart upload, inputs); here
//! every route names its demand. Searches demand only a sign-in and then show what the sender may read, through
//! [`viewer`].

use crate::server::artifacts::path::ArtifactPath;
use crate::server::auth::permission::{Permission, Right};
use crate::server::auth::sign_in::Sender;
use crate::server::error::ApiError;
use crate::server::parameters::{Parameters, missing_value};
use crate::server::state::ServerState;
use crate::server::store::permissions::Table;
use crate::server::store::{Owner, Viewer};

/// What a route demands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Nothing. Only for what load balancers ask.
    Public,
    /// A user; the handler shows only what they may see.
    SignedIn,
    /// An administrator.
    Admin,
    /// An administrator, or the user that `username` names.
    Oneself,
    /// A right on the experiment that `experiment_id` names.
    Experiment(Right),
    /// A right on the experiment that `experiment_name` names.
    ExperimentByName(Right),
    /// A right on the experiment of the run that `run_id` names.
    Run(Right),
    /// A right on the experiments of all the runs in this field.
    Runs(&'static str, Right),
    /// A right on the registered model that `name` names.
    Model(Right),
    /// A right on the experiment whose folder the artifact path lies in.
    Artifact(Right),
}

/// Decides whether the sender may; `tail` is the artifact path at the end of the URL.
///
/// # Errors
/// When they may not, or the request does not name what it is about.
pub async fn authorize(
    state: &ServerState,
    sender: &Sender,
    access: Access,
    parameters: &Parameters,
    tail: Option<&str>,
) -> Result<(), ApiError> {
    let Sender::User(user) = sender else { return Ok(()) };
    if user.is_admin {
        return Ok(());
    }
    match access {
        Access::Public | Access::SignedIn => Ok(()),
        Access::Admin => Err(ApiError::Forbidden),
        Access::Oneself if parameters.required_text("username")? == user.username => Ok(()),
        Access::Oneself => Err(ApiError::Forbidden),
        Access::Experiment(right) => {
            let id = parameters.experiment_id("experiment_id")?.ok_or_else(|| missing_value("experiment_id"))?;
            require(state, sender, Table::Experiments, &id, right).await
        }
        Access::ExperimentByName(right) => {
            let name = parameters.required_text("experiment_name")?;
            let experiment = state.store.experiment_by_name(name).await?;
            let experiment =
                experiment.ok_or_else(|| ApiError::missing(format!("Could not find experiment with name {name}")))?;
            require(state, sender, Table::Experiments, &experiment.experiment_id, right).await
        }
        Access::Run(right) => require_run(state, sender, parameters.run_id()?, right).await,
        Access::Runs(field, right) => {
            for run_id in parameters.texts(field)? {
                require_run(state, sender, &run_id, right).await?;
            }
            Ok(())
        }
        Access::Model(right) => {
            require(state, sender, Table::RegisteredModels, parameters.required_text("name")?, right).await
        }
        Access::Artifact(right) => {
            let raw = match tail {
                Some(tail) => tail,
                None => parameters.text("path")?.unwrap_or_default(),
            };
            require_artifact(state, sender, &ArtifactPath::parse(raw)?, right).await
        }
    }
}

/// Demands a right on an experiment or a model.
///
/// # Errors
/// When the sender does not have it.
pub async fn require(
    state: &ServerState,
    sender: &Sender,
    table: Table,
    resource: &str,
    right: Right,
) -> Result<(), ApiError> {
    let user = match sender {
        Sender::User(user) if !user.is_admin => user,
        _ => return Ok(()),
    };
    let given = state.store.permission_of(table, resource, user.id).await?;
    allow(given.unwrap_or(state.default_permission), right)
}

/// Demands a right on an artifact path. Its first part is an experiment's id, or a folder that experiments were created
/// with; a path of no experiment falls under the default permission.
///
/// # Errors
/// When the sender does not have it.
pub async fn require_artifact(
    state: &ServerState,
    sender: &Sender,
    path: &ArtifactPath,
    right: Right,
) -> Result<(), ApiError> {
    if !matches!(sender, Sender::User(user) if !user.is_admin) {
        return Ok(());
    }
    if let Some(experiment) = path.experiment_id() {
        return require(state, sender, Table::Experiments, experiment, right).await;
    }
    let experiments = state.store.experiments_holding(path.as_str()).await?;
    if experiments.is_empty() {
        return allow(state.default_permission, right);
    }
    for experiment in experiments {
        require(state, sender, Table::Experiments, &experiment, right).await?;
    }
    Ok(())
}

async fn require_run(state: &ServerState, sender: &Sender, run_id: &str, right: Right) -> Result<(), ApiError> {
    let run = state.store.run_info(run_id).await?;
    require(state, sender, Table::Experiments, &run.experiment_id, right).await
}

fn allow(permission: Permission, right: Right) -> Result<(), ApiError> {
    if permission.allows(right) { Ok(()) } else { Err(ApiError::Forbidden) }
}

/// Whose eyes a search looks with.
#[must_use]
pub fn viewer(state: &ServerState, sender: &Sender) -> Viewer {
    match sender {
        Sender::User(user) if !user.is_admin => {
            Viewer::User { user_id: user.id, default_can_read: state.default_permission.allows(Right::Read) }
        }
        _ => Viewer::Everything,
    }
}

/// Who gets to manage what is being created.
#[must_use]
pub fn owner(sender: &Sender) -> Owner {
    match sender {
        Sender::User(user) => Some(user.id),
        Sender::Anyone => None,
    }
}
