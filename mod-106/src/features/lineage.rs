//! What a training set was made from, logged to the tracking server as inputs of a run (`runs/log-inputs`).
//!
//! Three kinds of dataset, each named, digested and with its source: the training set itself, the entity rows, and the file behind each
//! feature view. A digest is the first 32 hexadecimal digits of the file's SHA-256 (MLflow keeps 36 characters): anybody who has the file
//! can compute it again with `sha256sum`, whatever wrote it. Next: `catalogue/` reads all of this back.

use super::definitions::Repository;
use super::error::Error;
use super::offline::{TrainingRequest, TrainingSet, Written, digest_of_file};
use crate::client::{CONTEXT_TAG, Client, Dataset, DatasetInput, RunId, Tag};
use arrow::array::RecordBatch;
use serde_json::{Value, json};
use std::path::Path;

/// What a dataset is to the run: a training set.
pub const CONTEXT_TRAINING: &str = "training";
/// The entity rows that a training set was made from.
pub const CONTEXT_ENTITIES: &str = "entities";
/// The feature rows that a training set was made from.
pub const CONTEXT_FEATURES: &str = "features";
/// On a run and on the training set: `view:feature`, separated by commas.
pub const FEATURES_TAG: &str = "features.names";
/// On a run and on the training set: the feature service, where one was named.
pub const SERVICE_TAG: &str = "features.service";
/// On a run and on the training set: the feature repository's project.
pub const PROJECT_TAG: &str = "features.project";
/// On the file behind a feature view: the view.
pub const VIEW_TAG: &str = "features.view";
/// On a run: the digest of the training set.
pub const DIGEST_TAG: &str = "features.training_set_digest";

/// A dataset's digest from a file's SHA-256: its first 32 hexadecimal digits.
pub fn dataset_digest(sha256: &str) -> String {
    sha256.chars().take(32).collect()
}

/// The inputs to log for a training set: itself, its entity rows, and the file behind each feature view.
///
/// # Errors
/// When a file cannot be read again for its digest.
pub fn inputs(
    repository: &Repository,
    request: &TrainingRequest,
    set: &TrainingSet,
    written: &Written,
    service: Option<&str>,
) -> Result<Vec<DatasetInput>, Error> {
    let mut tags = vec![
        Tag::new(CONTEXT_TAG, CONTEXT_TRAINING),
        Tag::new(FEATURES_TAG, set.features.join(",")),
        Tag::new(PROJECT_TAG, &repository.project),
    ];
    tags.extend(service.map(|service| Tag::new(SERVICE_TAG, service)));
    let missing: Value = set.missing.iter().map(|(name, count)| (name.clone(), json!(count))).collect();
    let profile = json!({ "num_rows": set.table.num_rows(), "missing": missing });
    let mut inputs = vec![DatasetInput {
        tags,
        dataset: Dataset {
            schema: Some(schema(&set.table)),
            profile: Some(profile.to_string()),
            ..dataset(service.unwrap_or("training-set"), &written.path, &written.sha256)
        },
    }];
    let entities = dataset("entities", request.entities, &digest_of_file(request.entities)?);
    inputs.push(DatasetInput { tags: vec![Tag::new(CONTEXT_TAG, CONTEXT_ENTITIES)], dataset: entities });
    for (view, path) in &set.sources {
        let tags = vec![Tag::new(CONTEXT_TAG, CONTEXT_FEATURES), Tag::new(VIEW_TAG, view)];
        inputs.push(DatasetInput { tags, dataset: dataset(view, path, &digest_of_file(path)?) });
    }
    Ok(inputs)
}

/// Logs the inputs and says on the run itself which features it was trained on, so that it can be searched for.
///
/// # Errors
/// What the tracking server says.
pub async fn log(client: &Client, run: &RunId, inputs: &[DatasetInput]) -> Result<(), Error> {
    client.log_inputs(run, inputs).await?;
    for input in inputs.iter().filter(|input| context(input) == Some(CONTEXT_TRAINING)) {
        for tag in input.tags.iter().filter(|tag| tag.key != CONTEXT_TAG) {
            client.set_tag(run, tag).await?;
        }
        client.set_tag(run, &Tag::new(DIGEST_TAG, &input.dataset.digest)).await?;
    }
    Ok(())
}

/// What a dataset was to its run.
pub fn context(input: &DatasetInput) -> Option<&str> {
    tag(input, CONTEXT_TAG)
}

/// A tag of a dataset in its role.
pub fn tag<'a>(input: &'a DatasetInput, key: &str) -> Option<&'a str> {
    input.tags.iter().find(|tag| tag.key == key).map(|tag| tag.value.as_str())
}

fn dataset(name: &str, path: &Path, sha256: &str) -> Dataset {
    let place = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    Dataset {
        name: name.to_owned(),
        digest: dataset_digest(sha256),
        source_type: "local".to_owned(),
        source: json!({ "uri": place.display().to_string() }).to_string(),
        schema: None,
        profile: None,
    }
}

/// The columns in the form of MLflow's `ColSpec` schema.
fn schema(table: &RecordBatch) -> String {
    let column = |field: &arrow::datatypes::FieldRef| {
        use arrow::datatypes::DataType::{Boolean, Float32, Float64, Int32, Int64, Timestamp};
        let word = match field.data_type() {
            Boolean => "boolean",
            Int32 => "integer",
            Int64 => "long",
            Float32 => "float",
            Float64 => "double",
            Timestamp(..) => "datetime",
            _ => "string",
        };
        json!({ "type": word, "name": field.name(), "required": !field.is_nullable() })
    };
    json!({ "mlflow_colspec": table.schema().fields().iter().map(column).collect::<Vec<_>>() }).to_string()
}
