//! `registered-models/*`, but for aliases, which are about versions (`model_versions.rs`).

use crate::server::auth::access::owner;
use crate::server::error::ApiError;
use crate::server::limits;
use crate::server::records::{ModelVersion, Tag};
use crate::server::routes::model_versions::canonical_stage;
use crate::server::routes::search::{RegistryQuery, page};
use crate::server::routes::{Answer, Call, json, nothing, pairs};
use crate::server::search::vocabulary::REGISTERED_MODELS;
use serde_json::{Map, json};

const RESULTS: i64 = 100;
const MOST_RESULTS: i64 = 1000;

pub(super) async fn create(call: Call) -> Answer {
    let name = call.parameters.required_text("name")?;
    let tags = pairs(&call.parameters, "tags")?;
    let description = call.parameters.text("description")?.unwrap_or_default();
    for tag in &tags {
        limits::short_tag(&tag.key, &tag.value)?;
    }
    let model = call.state.store.create_registered_model(name, description, &tags, owner(&call.sender)).await?;
    json(&json!({ "registered_model": model }))
}

pub(super) async fn get(call: Call) -> Answer {
    let model = call.state.store.registered_model(call.parameters.required_text("name")?).await?;
    json(&json!({ "registered_model": model }))
}

pub(super) async fn update(call: Call) -> Answer {
    let name = call.parameters.required_text("name")?;
    let description = call.parameters.text("description")?.unwrap_or_default();
    let model = call.state.store.describe_registered_model(name, description).await?;
    json(&json!({ "registered_model": model }))
}

pub(super) async fn rename(call: Call) -> Answer {
    let name = call.parameters.required_text("name")?;
    let new_name = call.parameters.required_text("new_name")?;
    let model = call.state.store.rename_registered_model(name, new_name).await?;
    json(&json!({ "registered_model": model }))
}

pub(super) async fn delete(call: Call) -> Answer {
    call.state.store.delete_registered_model(call.parameters.required_text("name")?).await?;
    nothing()
}

pub(super) async fn search(call: Call) -> Answer {
    let query = RegistryQuery::read(&call, &REGISTERED_MODELS, RESULTS, MOST_RESULTS)?;
    page("registered_models", &call.state.store.search_registered_models(query.search()?).await?)
}

pub(super) async fn latest_versions(call: Call) -> Answer {
    let name = call.parameters.required_text("name")?;
    let stages = call.parameters.texts("stages")?;
    let model = call.state.store.registered_model(name).await?;
    let stages = stages.iter().map(|stage| canonical_stage(stage)).collect::<Result<Vec<_>, ApiError>>()?;
    let versions: Vec<ModelVersion> = model
        .latest_versions
        .into_iter()
        .filter(|version| stages.is_empty() || stages.contains(&version.current_stage.as_str()))
        .map(|version| {
            let pointing = model.aliases.iter().filter(|alias| alias.version == version.version);
            ModelVersion { aliases: pointing.map(|alias| alias.alias.clone()).collect(), ..version }
        })
        .collect();
    if versions.is_empty() {
        return json(&Map::new());
    }
    json(&json!({ "model_versions": versions }))
}

pub(super) async fn set_tag(call: Call) -> Answer {
    let name = call.parameters.required_text("name")?;
    let key = call.parameters.required_text("key")?.to_owned();
    let value = call.parameters.text("value")?.unwrap_or_default().to_owned();
    limits::short_tag(&key, &value)?;
    call.state.store.set_registered_model_tag(name, &Tag { key, value }).await?;
    nothing()
}

pub(super) async fn delete_tag(call: Call) -> Answer {
    let name = call.parameters.required_text("name")?;
    let key = call.parameters.required_text("key")?;
    limits::key(key, "key")?;
    call.state.store.delete_registered_model_tag(name, key).await?;
    nothing()
}
