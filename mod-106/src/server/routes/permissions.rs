//! `experiments/permissions/*` and `registered-models/permissions/*` of MLflow's basic-auth app.

use crate::server::auth::permission::Permission;
use crate::server::error::ApiError;
use crate::server::parameters::missing_value;
use crate::server::routes::{Answer, Call, json, nothing};
use crate::server::store::permissions::{Grant, Table};
use serde_json::{Value, json};

pub(super) async fn create_on_experiment(call: Call) -> Answer {
    json(&json!({ "experiment_permission": on_experiment(&create(&call, Table::Experiments).await?) }))
}

pub(super) async fn get_on_experiment(call: Call) -> Answer {
    json(&json!({ "experiment_permission": on_experiment(&get(&call, Table::Experiments).await?) }))
}

pub(super) async fn update_on_experiment(call: Call) -> Answer {
    update(&call, Table::Experiments).await
}

pub(super) async fn delete_on_experiment(call: Call) -> Answer {
    delete(&call, Table::Experiments).await
}

pub(super) async fn create_on_model(call: Call) -> Answer {
    json(&json!({ "registered_model_permission": on_model(&create(&call, Table::RegisteredModels).await?) }))
}

pub(super) async fn get_on_model(call: Call) -> Answer {
    json(&json!({ "registered_model_permission": on_model(&get(&call, Table::RegisteredModels).await?) }))
}

pub(super) async fn update_on_model(call: Call) -> Answer {
    update(&call, Table::RegisteredModels).await
}

pub(super) async fn delete_on_model(call: Call) -> Answer {
    delete(&call, Table::RegisteredModels).await
}

/// A permission on an experiment, as the API shows it.
pub(super) fn on_experiment(grant: &Grant) -> Value {
    json!({ "experiment_id": grant.resource, "user_id": grant.user_id, "permission": grant.permission.word() })
}

/// A permission on a model, as the API shows it.
pub(super) fn on_model(grant: &Grant) -> Value {
    json!({ "name": grant.resource, "user_id": grant.user_id, "permission": grant.permission.word() })
}

async fn create(call: &Call, table: Table) -> Result<Grant, ApiError> {
    let (resource, username) = (resource(call, table)?, call.parameters.required_text("username")?);
    call.state.store.create_permission(table, &resource, username, permission(call)?).await
}

async fn get(call: &Call, table: Table) -> Result<Grant, ApiError> {
    let (resource, username) = (resource(call, table)?, call.parameters.required_text("username")?);
    call.state.store.permission(table, &resource, username).await
}

async fn update(call: &Call, table: Table) -> Answer {
    let (resource, username) = (resource(call, table)?, call.parameters.required_text("username")?);
    call.state.store.update_permission(table, &resource, username, permission(call)?).await?;
    nothing()
}

async fn delete(call: &Call, table: Table) -> Answer {
    let (resource, username) = (resource(call, table)?, call.parameters.required_text("username")?);
    call.state.store.delete_permission(table, &resource, username).await?;
    nothing()
}

fn resource(call: &Call, table: Table) -> Result<String, ApiError> {
    match table {
        Table::Experiments => {
            call.parameters.experiment_id("experiment_id")?.ok_or_else(|| missing_value("experiment_id"))
        }
        Table::RegisteredModels => Ok(call.parameters.required_text("name")?.to_owned()),
    }
}

fn permission(call: &Call) -> Result<Permission, ApiError> {
    Permission::from_word(call.parameters.required_text("permission")?)
}
