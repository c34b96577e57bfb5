//! `experiments/*`.

use crate::server::artifacts::location;
use crate::server::auth::access::{owner, viewer};
use crate::server::error::ApiError;
use crate::server::limits;
use crate::server::parameters::missing_value;
use crate::server::records::{Lifecycle, Tag};
use crate::server::routes::search::{max_results, stages};
use crate::server::routes::{Answer, Call, json, nothing, pairs};
use crate::server::search::vocabulary::EXPERIMENTS;
use crate::server::search::{filter, order_by};
use crate::server::store::experiments::ExperimentSearch;
use serde_json::json;

const MOST_RESULTS: i64 = 50_000;

pub(super) async fn create(call: Call) -> Answer {
    let parameters = &call.parameters;
    let name = parameters.required_text("name")?;
    let artifact_location = parameters.text("artifact_location")?.filter(|location| !location.is_empty());
    let tags = pairs(parameters, "tags")?;
    if let Some(artifact_location) = artifact_location {
        location::check_new(artifact_location)?;
    }
    limits::experiment_name(name)?;
    for tag in &tags {
        limits::short_tag(&tag.key, &tag.value)?;
    }
    let id = call.state.store.create_experiment(name, artifact_location, &tags, owner(&call.sender)).await?;
    json(&json!({ "experiment_id": id.to_string() }))
}

pub(super) async fn get(call: Call) -> Answer {
    json(&json!({ "experiment": call.state.store.experiment(&id(&call)?).await? }))
}

pub(super) async fn get_by_name(call: Call) -> Answer {
    let name = call.parameters.required_text("experiment_name")?;
    let experiment = call.state.store.experiment_by_name(name).await?;
    let experiment =
        experiment.ok_or_else(|| ApiError::missing(format!("Could not find experiment with name '{name}'")))?;
    json(&json!({ "experiment": experiment }))
}

pub(super) async fn search(call: Call) -> Answer {
    let parameters = &call.parameters;
    let stages = stages(parameters, "view_type")?;
    let max_results = max_results(parameters, 0, i64::MAX)?;
    if max_results > MOST_RESULTS {
        return Err(ApiError::invalid(format!(
            "Invalid value {max_results} for parameter 'max_results' supplied. It must be at most {MOST_RESULTS}"
        )));
    }
    let orderings = order_by::parse_all(&parameters.texts("order_by")?, &EXPERIMENTS)?;
    let comparisons = filter::parse(parameters.text("filter")?.unwrap_or_default(), &EXPERIMENTS)?;
    let page = call
        .state
        .store
        .search_experiments(ExperimentSearch {
            filter: &comparisons,
            order_by: &orderings,
            stages: &stages,
            max_results,
            page_token: parameters.text("page_token")?,
            viewer: viewer(&call.state, &call.sender),
        })
        .await?;
    super::search::page("experiments", &page)
}

pub(super) async fn update(call: Call) -> Answer {
    let id = id(&call)?;
    call.state.store.rename_experiment(&id, call.parameters.required_text("new_name")?).await?;
    nothing()
}

pub(super) async fn delete(call: Call) -> Answer {
    call.state.store.move_experiment(&id(&call)?, Lifecycle::Deleted).await?;
    nothing()
}

pub(super) async fn restore(call: Call) -> Answer {
    call.state.store.move_experiment(&id(&call)?, Lifecycle::Active).await?;
    nothing()
}

pub(super) async fn set_tag(call: Call) -> Answer {
    let id = id(&call)?;
    let key = call.parameters.required_text("key")?.to_owned();
    let value = call.parameters.text("value")?.unwrap_or_default().to_owned();
    limits::short_tag(&key, &value)?;
    call.state.store.set_experiment_tag(&id, &Tag { key, value }).await?;
    nothing()
}

pub(super) async fn delete_tag(call: Call) -> Answer {
    call.state.store.delete_experiment_tag(&id(&call)?, call.parameters.required_text("key")?).await?;
    nothing()
}

fn id(call: &Call) -> Result<String, ApiError> {
    let id = call.parameters.experiment_id("experiment_id")?.filter(|id| !id.is_empty());
    id.ok_or_else(|| missing_value("experiment_id"))
}
