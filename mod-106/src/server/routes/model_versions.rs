//! `model-versions/*` and `registered-models/alias`.

use crate::server::artifacts::{location, source};
use crate::server::auth::access::{require, require_artifact};
use crate::server::auth::permission::Right;
use crate::server::error::{ApiError, ErrorCode};
use crate::server::limits;
use crate::server::records::Tag;
use crate::server::routes::search::{RegistryQuery, page};
use crate::server::routes::{Answer, Call, json, nothing, pairs};
use crate::server::search::vocabulary::MODEL_VERSIONS;
use crate::server::store::model_versions::{NewVersion, STAGES};
use crate::server::store::permissions::Table;
use serde_json::json;

const MOST_RESULTS: i64 = 200_000;

pub(super) async fn create(call: Call) -> Answer {
    let parameters = &call.parameters;
    let name = parameters.required_text("name")?;
    let source = parameters.required_text("source")?;
    let run_id = parameters.text("run_id")?.unwrap_or_default();
    let tags = pairs(parameters, "tags")?;
    let run_link = parameters.text("run_link")?.unwrap_or_default();
    let description = parameters.text("description")?.unwrap_or_default();
    source::check(source)?;
    for tag in &tags {
        limits::short_tag(&tag.key, &tag.value)?;
    }
    let storage_location = storage_location(&call, source).await?;
    // Whoever may read the model will be able to read these files, so its creator must be able to.
    if let Some(path) = location::proxied(&storage_location)? {
        require_artifact(&call.state, &call.sender, &path, Right::Read).await?;
    }
    let version = call
        .state
        .store
        .create_model_version(NewVersion {
            name,
            source,
            storage_location: &storage_location,
            run_id,
            run_link,
            description,
            tags: &tags,
        })
        .await?;
    json(&json!({ "model_version": version }))
}

/// Where the files are: at the source, or where the version lies that the source names (`models:/name/version`).
async fn storage_location(call: &Call, source: &str) -> Result<String, ApiError> {
    let Some(model) = source.strip_prefix("models:/") else { return Ok(source.to_owned()) };
    let unable = |reason: &str| {
        ApiError::refused(
            ErrorCode::InvalidParameterValue,
            format!("Unable to fetch model from model URI source artifact location '{source}'.Error: {reason}"),
        )
    };
    let (name, version) = model.trim_matches('/').rsplit_once('/').ok_or_else(|| unable("it names no version"))?;
    let version = limits::version(version).map_err(|error| unable(&error.to_string()))?;
    require(&call.state, &call.sender, Table::RegisteredModels, name, Right::Read).await?;
    call.state.store.model_version_location(name, version).await.map_err(|error| unable(&error.to_string()))
}

fn name_and_version(call: &Call) -> Result<(&str, i64), ApiError> {
    let name = call.parameters.required_text("name")?;
    Ok((name, limits::version(call.parameters.required_text("version")?)?))
}

pub(super) async fn get(call: Call) -> Answer {
    let (name, version) = name_and_version(&call)?;
    json(&json!({ "model_version": call.state.store.model_version(name, version).await? }))
}

pub(super) async fn download_uri(call: Call) -> Answer {
    let (name, version) = name_and_version(&call)?;
    json(&json!({ "artifact_uri": call.state.store.model_version_location(name, version).await? }))
}

pub(super) async fn update(call: Call) -> Answer {
    let (name, version) = name_and_version(&call)?;
    let description = call.parameters.text("description")?;
    let version = call.state.store.describe_model_version(name, version, description).await?;
    json(&json!({ "model_version": version }))
}

pub(super) async fn delete(call: Call) -> Answer {
    let (name, version) = name_and_version(&call)?;
    call.state.store.delete_model_version(name, version).await?;
    nothing()
}

pub(super) async fn search(call: Call) -> Answer {
    let query = RegistryQuery::read(&call, &MODEL_VERSIONS, MOST_RESULTS, MOST_RESULTS)?;
    page("model_versions", &call.state.store.search_model_versions(query.search()?).await?)
}

pub(super) async fn transition_stage(call: Call) -> Answer {
    let (name, version) = name_and_version(&call)?;
    let asked = call.parameters.required_text("stage")?;
    let stage = canonical_stage(asked)?;
    let archive = call.parameters.boolean("archive_existing_versions")?.unwrap_or_default();
    if archive && !matches!(stage, "Staging" | "Production") {
        return Err(ApiError::refused(
            ErrorCode::InternalError,
            format!(
                "Model version transition cannot archive existing model versions because '{asked}' is not an Active \
                 stage. Valid stages are ['Staging', 'Production']"
            ),
        ));
    }
    let version = call.state.store.transition_stage(name, version, stage, archive).await?;
    json(&json!({ "model_version": version }))
}

/// A stage as it is written, from any spelling.
///
/// # Errors
/// When it is none of the four.
pub(super) fn canonical_stage(stage: &str) -> Result<&'static str, ApiError> {
    STAGES.into_iter().find(|known| known.eq_ignore_ascii_case(stage)).ok_or_else(|| {
        ApiError::invalid(format!("Invalid Model Version stage: {stage}. Value must be one of {}.", STAGES.join(", ")))
    })
}

pub(super) async fn set_tag(call: Call) -> Answer {
    let (name, version) = name_and_version(&call)?;
    let key = call.parameters.required_text("key")?.to_owned();
    let value = call.parameters.text("value")?.unwrap_or_default().to_owned();
    limits::short_tag(&key, &value)?;
    call.state.store.set_model_version_tag(name, version, &Tag { key, value }).await?;
    nothing()
}

pub(super) async fn delete_tag(call: Call) -> Answer {
    let (name, version) = name_and_version(&call)?;
    let key = call.parameters.required_text("key")?;
    limits::key(key, "key")?;
    call.state.store.delete_model_version_tag(name, version, key).await?;
    nothing()
}

pub(super) async fn set_alias(call: Call) -> Answer {
    let name = call.parameters.required_text("name")?;
    let alias = call.parameters.required_text("alias")?;
    let version = call.parameters.required_text("version")?;
    limits::alias(alias)?;
    call.state.store.set_alias(name, alias, limits::version(version)?).await?;
    nothing()
}

pub(super) async fn get_by_alias(call: Call) -> Answer {
    let name = call.parameters.required_text("name")?;
    let alias = call.parameters.required_text("alias")?;
    limits::alias(alias)?;
    json(&json!({ "model_version": call.state.store.version_by_alias(name, alias).await? }))
}

pub(super) async fn delete_alias(call: Call) -> Answer {
    let name = call.parameters.required_text("name")?;
    let alias = call.parameters.required_text("alias")?;
    limits::alias(alias)?;
    call.state.store.delete_alias(name, alias).await?;
    nothing()
}
