//! `runs/log-inputs` and `experiments/search-datasets`: what went into runs.

use crate::server::auth::access::viewer;
use crate::server::error::ApiError;
use crate::server::limits;
use crate::server::parameters::{Parameters, missing_value};
use crate::server::records::{Dataset, DatasetInput};
use crate::server::routes::{Answer, Call, json, nothing, pairs};
use serde_json::{Map, json};

const MOST_EXPERIMENTS: usize = 20;

pub(super) async fn log(call: Call) -> Answer {
    let run_id = call.parameters.required_text("run_id")?;
    let objects = call.parameters.objects("datasets")?;
    if objects.is_empty() && !call.parameters.has("datasets") {
        return Err(missing_value("datasets"));
    }
    limits::run_id(run_id)?;
    let inputs = objects.iter().map(read_input).collect::<Result<Vec<DatasetInput>, ApiError>>()?;
    call.state.store.log_inputs(run_id, &inputs).await?;
    nothing()
}

fn read_input(object: &Parameters) -> Result<DatasetInput, ApiError> {
    let tags = pairs(object, "tags")?;
    for tag in &tags {
        limits::length("key", 255, &tag.key)?;
        limits::length("value", 500, &tag.value)?;
    }
    let dataset = object.object("dataset")?.ok_or_else(|| ApiError::invalid("Dataset cannot be None"))?;
    let text = |field: &str| Ok::<_, ApiError>(dataset.text(field)?.unwrap_or_default().to_owned());
    let optional = |field: &str| Ok::<_, ApiError>(dataset.text(field)?.map(str::to_owned));
    let dataset = Dataset {
        name: text("name")?,
        digest: text("digest")?,
        source_type: text("source_type")?,
        source: text("source")?,
        schema: optional("schema")?,
        profile: optional("profile")?,
    };
    limits::length("name", 500, &dataset.name)?;
    limits::length("digest", 36, &dataset.digest)?;
    limits::length("source", 65_535, &dataset.source)?;
    limits::length("schema", 1_048_575, dataset.schema.as_deref().unwrap_or_default())?;
    limits::length("profile", 16_777_215, dataset.profile.as_deref().unwrap_or_default())?;
    Ok(DatasetInput { tags, dataset })
}

pub(super) async fn search_datasets(call: Call) -> Answer {
    let experiment_ids = call.parameters.texts("experiment_ids")?;
    if experiment_ids.is_empty() {
        return Err(ApiError::invalid("SearchDatasets request must specify at least one experiment_id."));
    }
    if experiment_ids.len() > MOST_EXPERIMENTS {
        let got = experiment_ids.len();
        return Err(ApiError::invalid(format!(
            "SearchDatasets request cannot specify more than {MOST_EXPERIMENTS} experiment_ids. Received {got} \
             experiment_ids."
        )));
    }
    let viewer = viewer(&call.state, &call.sender);
    let summaries = call.state.store.dataset_summaries(&experiment_ids, viewer).await?;
    if summaries.is_empty() {
        return json(&Map::new());
    }
    json(&json!({ "dataset_summaries": summaries }))
}
