//! Inputs: which datasets a run read, and what for.

use super::endpoint::LOG_INPUTS;
use super::error::Error;
use super::ids::RunId;
use super::tags::{Tag, absent_is_empty};
use super::transport::Client;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// The tag that says what a dataset was used for, such as `train`.
pub const CONTEXT_TAG: &str = "mlflow.data.context";

/// What a run read.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RunInputs {
    /// Its datasets.
    #[serde(default, deserialize_with = "absent_is_empty")]
    pub dataset_inputs: Vec<DatasetInput>,
}

/// A dataset in its role in a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatasetInput {
    /// [`CONTEXT_TAG`] and others.
    #[serde(default, deserialize_with = "absent_is_empty")]
    pub tags: Vec<Tag>,
    /// The dataset.
    pub dataset: Dataset,
}

/// A dataset: a name and a digest identify it in its experiment.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Dataset {
    /// At most 500 characters.
    pub name: String,
    /// At most 36 characters.
    pub digest: String,
    /// What `source` is, such as `http`, `s3` or `code`.
    #[serde(default)]
    pub source_type: String,
    /// Where it comes from, as JSON of the source's type.
    #[serde(default)]
    pub source: String,
    /// Its columns, as JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// Its statistics, as JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
}

impl Dataset {
    /// Where it comes from, for people. MLflow keeps sources as JSON of their kind; what people look for is the address in it.
    #[must_use]
    pub fn address(&self) -> String {
        let source: Option<serde_json::Value> = serde_json::from_str(&self.source).ok();
        let found = ["uri", "path", "url"].iter().find_map(|key| source.as_ref()?.get(*key)?.as_str());
        found.map_or_else(|| self.source.clone(), str::to_owned)
    }
}

impl Client {
    /// Notes which datasets a run read. Noting one twice is as noting it once.
    ///
    /// # Errors
    /// When a name or a digest is too long.
    pub async fn log_inputs(&self, run: &RunId, datasets: &[DatasetInput]) -> Result<(), Error> {
        self.tell(&LOG_INPUTS, &json!({ "run_id": run, "datasets": datasets })).await
    }
}
