//! `users/*` of MLflow's basic-auth app.

use crate::server::auth::password;
use crate::server::error::ApiError;
use crate::server::parameters::{Parameters, missing_value};
use crate::server::routes::permissions::{on_experiment, on_model};
use crate::server::routes::{Answer, Call, json, nothing};
use crate::server::store::permissions::Table;
use crate::server::store::users::User;
use secrecy::SecretString;
use serde_json::json;

pub(super) async fn create(call: Call) -> Answer {
    let username = call.parameters.required_text("username")?;
    let password = new_password(&call.parameters)?;
    let hash = password::hash(password).await?;
    show(&call, &call.state.store.create_user(username, &hash, false).await?).await
}

pub(super) async fn get(call: Call) -> Answer {
    let user = call.state.store.user(call.parameters.required_text("username")?).await?;
    show(&call, &user).await
}

async fn show(call: &Call, user: &User) -> Answer {
    let on_experiments = call.state.store.permissions_of(Table::Experiments, user.id).await?;
    let on_models = call.state.store.permissions_of(Table::RegisteredModels, user.id).await?;
    json(&json!({ "user": {
        "id": user.id,
        "username": user.username,
        "is_admin": user.is_admin,
        "experiment_permissions": on_experiments.iter().map(on_experiment).collect::<Vec<_>>(),
        "registered_model_permissions": on_models.iter().map(on_model).collect::<Vec<_>>(),
    }}))
}

pub(super) async fn update_password(call: Call) -> Answer {
    let username = call.parameters.required_text("username")?;
    let hash = password::hash(new_password(&call.parameters)?).await?;
    call.state.store.set_password_hash(username, &hash).await?;
    nothing()
}

pub(super) async fn update_admin(call: Call) -> Answer {
    let username = call.parameters.required_text("username")?;
    let is_admin = call.parameters.boolean("is_admin")?.ok_or_else(|| missing_value("is_admin"))?;
    call.state.store.set_admin(username, is_admin).await?;
    nothing()
}

pub(super) async fn delete(call: Call) -> Answer {
    call.state.store.delete_user(call.parameters.required_text("username")?).await?;
    nothing()
}

fn new_password(parameters: &Parameters) -> Result<SecretString, ApiError> {
    // A message that quotes a value of the wrong type would quote the password.
    let text = parameters.raw("password").and_then(serde_json::Value::as_str).unwrap_or_default();
    if text.is_empty() {
        return Err(missing_value("password"));
    }
    let password = SecretString::from(text);
    password::check_strength(&password)?;
    Ok(password)
}
