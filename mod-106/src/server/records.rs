//! What the server keeps, as plain types that serialize into MLflow's response bodies.
//!
//! int64 is a JSON number, an experiment's id and a version are text, and what is absent is left out, as protobuf's JSON
//! has it. No I/O here; `store/` fills these.

use serde::{Serialize, Serializer};

/// The largest double; MLflow stores +∞ as this, because SQL knows no infinities.
pub const LARGEST_VALUE: f64 = f64::MAX;

/// An experiment.
#[derive(Debug, Clone, Serialize)]
pub struct Experiment {
    /// Its id, a decimal number.
    pub experiment_id: String,
    /// Its unique name.
    pub name: String,
    /// Where its runs' artifacts go.
    pub artifact_location: String,
    /// `active` or `deleted`.
    pub lifecycle_stage: Lifecycle,
    /// Milliseconds since 1970.
    pub last_update_time: i64,
    /// Milliseconds since 1970.
    pub creation_time: i64,
    /// Its tags.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Tag>,
}

/// Whether an experiment or a run was deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Lifecycle {
    /// In use.
    Active,
    /// Hidden, readable, and refusing writes.
    Deleted,
}

impl Lifecycle {
    /// The word in the database and on the wire.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Deleted => "deleted",
        }
    }

    /// Reads the database's word; anything but `deleted` is active.
    #[must_use]
    pub fn from_word(word: &str) -> Self {
        if word == "deleted" { Self::Deleted } else { Self::Active }
    }
}

/// A key and its value: a tag or a param.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tag {
    /// The key.
    pub key: String,
    /// The value.
    pub value: String,
}

/// One value of a metric.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Metric {
    /// The metric's name.
    pub key: String,
    /// The value; NaN is written as the text `"NaN"`.
    #[serde(serialize_with = "metric_value")]
    pub value: f64,
    /// Milliseconds since 1970.
    pub timestamp: i64,
    /// The step.
    pub step: i64,
    /// The run, in answers about several runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run_id: Option<String>,
}

fn metric_value<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    if value.is_nan() { serializer.serialize_str("NaN") } else { serializer.serialize_f64(*value) }
}

/// A run's own fields.
#[derive(Debug, Clone, Serialize)]
pub struct RunInfo {
    /// The run's id, as old clients call it.
    pub run_uuid: String,
    /// The experiment it belongs to.
    pub experiment_id: String,
    /// Its name.
    pub run_name: String,
    /// Who started it.
    pub user_id: String,
    /// `RUNNING`, `SCHEDULED`, `FINISHED`, `FAILED` or `KILLED`.
    pub status: String,
    /// Milliseconds since 1970.
    pub start_time: i64,
    /// Milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_time: Option<i64>,
    /// Where its artifacts are.
    pub artifact_uri: String,
    /// `active` or `deleted`.
    pub lifecycle_stage: Lifecycle,
    /// The run's id.
    pub run_id: String,
}

/// A run with all that was logged to it.
#[derive(Debug, Clone, Serialize)]
pub struct Run {
    /// Its own fields.
    pub info: RunInfo,
    /// Its metrics' latest values, params and tags.
    pub data: RunData,
    /// Its inputs.
    pub inputs: RunInputs,
}

/// What was logged to a run.
#[derive(Debug, Clone, Default, Serialize)]
pub struct RunData {
    /// The latest value of each metric.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub metrics: Vec<Metric>,
    /// The params.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub params: Vec<Tag>,
    /// The tags.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Tag>,
}

/// What went into a run.
#[derive(Debug, Clone, Default, Serialize)]
pub struct RunInputs {
    /// The datasets.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dataset_inputs: Vec<DatasetInput>,
}

/// A dataset that went into a run, and what it was used for.
#[derive(Debug, Clone, Serialize)]
pub struct DatasetInput {
    /// Tags such as `mlflow.data.context`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Tag>,
    /// The dataset.
    pub dataset: Dataset,
}

/// A dataset's description.
#[derive(Debug, Clone, Serialize)]
pub struct Dataset {
    /// Its name.
    pub name: String,
    /// A digest of its content.
    pub digest: String,
    /// What kind of source it came from.
    pub source_type: String,
    /// The source, as JSON text.
    pub source: String,
    /// The schema, as JSON text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// A profile, as JSON text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
}

/// A dataset, as a search over experiments lists it.
#[derive(Debug, Clone, Serialize)]
pub struct DatasetSummary {
    /// The experiment it was used in.
    pub experiment_id: String,
    /// Its name.
    pub name: String,
    /// A digest of its content.
    pub digest: String,
    /// What it was used for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
}

/// A registered model.
#[derive(Debug, Clone, Serialize)]
pub struct RegisteredModel {
    /// Its unique name.
    pub name: String,
    /// Milliseconds since 1970.
    pub creation_timestamp: i64,
    /// Milliseconds since 1970.
    pub last_updated_timestamp: i64,
    /// A description.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// The latest version of each stage.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub latest_versions: Vec<ModelVersion>,
    /// Its tags.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Tag>,
    /// Its aliases.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<ModelAlias>,
}

/// A name for one version of a model.
#[derive(Debug, Clone, Serialize)]
pub struct ModelAlias {
    /// The alias.
    pub alias: String,
    /// The version it points to.
    pub version: String,
}

/// One version of a registered model.
#[derive(Debug, Clone, Serialize)]
pub struct ModelVersion {
    /// The model's name.
    pub name: String,
    /// The version, a decimal number from 1.
    pub version: String,
    /// Milliseconds since 1970.
    pub creation_timestamp: i64,
    /// Milliseconds since 1970.
    pub last_updated_timestamp: i64,
    /// `None`, `Staging`, `Production` or `Archived`.
    pub current_stage: String,
    /// A description.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Where the model came from.
    pub source: String,
    /// The run that made it.
    pub run_id: String,
    /// Always `READY`: nothing here registers models in the background.
    pub status: &'static str,
    /// Its tags.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Tag>,
    /// A link to the run, when it lives elsewhere.
    pub run_link: String,
    /// The aliases that point to it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
}

/// A file or folder among artifacts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileInfo {
    /// The path.
    pub path: String,
    /// Whether it is a folder.
    pub is_dir: bool,
    /// The size; absent for folders and, as MLflow has it, for empty files.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file_size: Option<u64>,
}

/// One page of a search.
#[derive(Debug)]
pub struct Page<T> {
    /// The page.
    pub items: Vec<T>,
    /// The token of the next page, when there may be one.
    pub next_page_token: Option<String>,
}
