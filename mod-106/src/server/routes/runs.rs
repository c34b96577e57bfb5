//! `runs/*`, but for what is logged to runs (`logging.rs`, `inputs.rs`).

use crate::server::auth::access::viewer;
use crate::server::error::ApiError;
use crate::server::parameters::Parameters;
use crate::server::records::{Lifecycle, Tag};
use crate::server::routes::search::{max_results, page, stages};
use crate::server::routes::{Answer, Call, json, nothing, pairs};
use crate::server::search::vocabulary::RUNS;
use crate::server::search::{filter, order_by};
use crate::server::store::run_search::RunSearch;
use crate::server::store::runs::{NewRun, RUN_NAME_TAG, RunUpdate};
use serde_json::{Value, json};

const STATUSES: [&str; 5] = ["RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED"];
const RESULTS: i64 = 1000;
const MOST_RESULTS: i64 = 50_000;
const ADJECTIVES: [&str; 16] = [
    "able", "bold", "calm", "deft", "eager", "fair", "glad", "handy", "keen", "lucid", "merry", "neat", "polite",
    "quick", "rare", "wise",
];
const ANIMALS: [&str; 16] = [
    "ant", "bear", "crow", "deer", "eel", "fox", "goat", "hare", "ibis", "jay", "koi", "lynx", "mole", "newt", "owl",
    "seal",
];

pub(super) async fn create(call: Call) -> Answer {
    let parameters = &call.parameters;
    let experiment_id = parameters.experiment_id("experiment_id")?.filter(|id| !id.is_empty());
    let start_time = parameters.integer("start_time")?.unwrap_or_default();
    let given_name = parameters.text("run_name")?.filter(|name| !name.is_empty());
    let mut tags = pairs(parameters, "tags")?;
    let name = name_of(given_name, &tags)?;
    if !tags.iter().any(|tag| tag.key == RUN_NAME_TAG && !tag.value.is_empty()) {
        tags.retain(|tag| tag.key != RUN_NAME_TAG);
        tags.push(Tag { key: RUN_NAME_TAG.to_owned(), value: name.clone() });
    }
    let run_id = uuid::Uuid::new_v4().simple().to_string();
    let run = call
        .state
        .store
        .create_run(NewRun {
            experiment_id: experiment_id.as_deref().unwrap_or("0"),
            run_id: &run_id,
            name: &name,
            user_id: parameters.text("user_id")?.unwrap_or_default(),
            start_time,
            tags: &tags,
        })
        .await?;
    json(&json!({ "run": run }))
}

/// A run's name comes from the call, from its tag, or out of a hat; call and tag must agree.
fn name_of(given: Option<&str>, tags: &[Tag]) -> Result<String, ApiError> {
    let tagged = tags.iter().find(|tag| tag.key == RUN_NAME_TAG).map(|tag| tag.value.as_str());
    match (given, tagged.filter(|name| !name.is_empty())) {
        (Some(given), Some(tagged)) if given != tagged => Err(ApiError::invalid(format!(
            "Both 'run_name' argument and 'mlflow.runName' tag are specified, but with different values \
             (run_name='{given}', mlflow.runName='{tagged}')."
        ))),
        (Some(name), _) | (None, Some(name)) => Ok(name.to_owned()),
        (None, None) => {
            let pick = |words: [&'static str; 16]| words[fastrand::usize(..words.len())];
            Ok(format!("{}-{}-{}", pick(ADJECTIVES), pick(ANIMALS), fastrand::u32(..1000)))
        }
    }
}

pub(super) async fn get(call: Call) -> Answer {
    json(&json!({ "run": call.state.store.run(call.parameters.run_id()?).await? }))
}

pub(super) async fn update(call: Call) -> Answer {
    let parameters = &call.parameters;
    let run_id = parameters.run_id()?;
    let end_time = parameters.integer("end_time")?;
    let status = status(parameters)?;
    let name = parameters.text("run_name")?;
    let info = call.state.store.update_run(run_id, RunUpdate { status, end_time, name }).await?;
    json(&json!({ "run_info": info }))
}

/// A status by its name or by its number.
fn status(parameters: &Parameters) -> Result<Option<&'static str>, ApiError> {
    let Some(value) = parameters.raw("status") else { return Ok(None) };
    let known = match value {
        Value::String(word) => STATUSES.into_iter().find(|status| status == word),
        Value::Number(number) => {
            number.as_u64().and_then(|number| STATUSES.get(usize::try_from(number.checked_sub(1)?).ok()?).copied())
        }
        _ => None,
    };
    known.map(Some).ok_or_else(|| {
        ApiError::invalid(format!(
            "Invalid value {value} for parameter 'status' supplied: give one of {}.",
            STATUSES.join(", ")
        ))
    })
}

pub(super) async fn delete(call: Call) -> Answer {
    call.state.store.move_run(call.parameters.required_text("run_id")?, Lifecycle::Deleted).await?;
    nothing()
}

pub(super) async fn restore(call: Call) -> Answer {
    call.state.store.move_run(call.parameters.required_text("run_id")?, Lifecycle::Active).await?;
    nothing()
}

pub(super) async fn search(call: Call) -> Answer {
    let parameters = &call.parameters;
    let experiment_ids = parameters.texts("experiment_ids")?;
    let text = parameters.text("filter")?.unwrap_or_default();
    let max_results = max_results(parameters, RESULTS, MOST_RESULTS)?;
    let orderings = parameters.texts("order_by")?;
    let comparisons = filter::parse(text, &RUNS)?;
    let orderings = order_by::parse_all(&orderings, &RUNS)?;
    let found = call
        .state
        .store
        .search_runs(RunSearch {
            experiment_ids: &experiment_ids,
            filter: &comparisons,
            order_by: &orderings,
            stages: &stages(parameters, "run_view_type")?,
            max_results,
            page_token: parameters.text("page_token")?,
            viewer: viewer(&call.state, &call.sender),
        })
        .await?;
    page("runs", &found)
}
