//! Runs: one training each, with params, metrics and tags. Metric histories are in `metrics.rs`, batches in `batch.rs`.

use super::endpoint::{
    CREATE_RUN, DELETE_RUN, DELETE_TAG, GET_RUN, LOG_MODEL, LOG_PARAM, RESTORE_RUN, SEARCH_RUNS, SET_TAG, UPDATE_RUN,
};
use super::error::Error;
use super::experiments::{LifecycleStage, ViewType};
use super::ids::{ExperimentId, RunId};
use super::inputs::RunInputs;
use super::metrics::Metric;
use super::paging::{self, Page};
use super::tags::{Param, Tag, absent_is_empty};
use super::transport::Client;
use super::values::read_int64;
use futures::Stream;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// A run, as the server tells it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Who, when, where.
    pub info: RunInfo,
    /// What was logged.
    #[serde(default)]
    pub data: RunData,
    /// What it read.
    #[serde(default)]
    pub inputs: RunInputs,
}

impl Run {
    /// The latest value of a metric: that of the highest step, then time, then value.
    pub fn metric(&self, key: &str) -> Option<f64> {
        self.data.metrics.iter().find(|metric| metric.key == key).map(|metric| metric.value)
    }

    /// The value of a param.
    pub fn param(&self, key: &str) -> Option<&str> {
        self.data.params.iter().find(|param| param.key == key).map(|param| param.value.as_str())
    }

    /// The value of a tag.
    pub fn tag(&self, key: &str) -> Option<&str> {
        self.data.tags.iter().find(|tag| tag.key == key).map(|tag| tag.value.as_str())
    }
}

/// Who, when, where.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunInfo {
    /// Its id.
    pub run_id: RunId,
    /// Its name, which the tag `mlflow.runName` mirrors.
    #[serde(default)]
    pub run_name: String,
    /// Where it lies.
    pub experiment_id: ExperimentId,
    /// Who started it, as the client said.
    #[serde(default)]
    pub user_id: String,
    /// How far it is.
    #[serde(default)]
    pub status: RunStatus,
    /// Milliseconds since 1970.
    #[serde(default, deserialize_with = "read_int64")]
    pub start_time: Option<i64>,
    /// Milliseconds since 1970; absent while it runs.
    #[serde(default, deserialize_with = "read_int64", skip_serializing_if = "Option::is_none")]
    pub end_time: Option<i64>,
    /// Where its artifacts lie.
    #[serde(default)]
    pub artifact_uri: String,
    /// Whether it is in the bin.
    #[serde(default)]
    pub lifecycle_stage: LifecycleStage,
}

/// What was logged.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct RunData {
    /// The latest value of each metric.
    #[serde(default, deserialize_with = "absent_is_empty")]
    pub metrics: Vec<Metric>,
    /// The params.
    #[serde(default, deserialize_with = "absent_is_empty")]
    pub params: Vec<Param>,
    /// The tags.
    #[serde(default, deserialize_with = "absent_is_empty")]
    pub tags: Vec<Tag>,
}

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RunStatus {
    /// Started, not ended.
    #[default]
    Running,
    /// Waiting for its turn.
    Scheduled,
    /// Ended well.
    Finished,
    /// Ended badly.
    Failed,
    /// Ended from outside.
    Killed,
    /// A status of a later version.
    #[serde(other)]
    Unknown,
}

/// What a run starts with.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct NewRun {
    /// Its name; servers make one up when it is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run_name: Option<String>,
    /// Milliseconds since 1970; the clock is the caller's.
    pub start_time: i64,
    /// Its first tags.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Tag>,
    /// Who starts it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub user_id: String,
}

/// What to change about a run; what is `None` stays.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct RunUpdate {
    /// Its new status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<RunStatus>,
    /// When it ended, in milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_time: Option<i64>,
    /// Its new name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run_name: Option<String>,
}

/// What to look for among runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunSearch {
    /// Where to look; at least one.
    pub experiment_ids: Vec<ExperimentId>,
    /// MLflow's filter language, such as `metrics.auc > 0.9 AND params.depth = '8'`; empty finds all.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub filter: String,
    /// Such as `metrics.auc DESC`; ties are newest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub order_by: Vec<String>,
    /// Active ones, deleted ones, or both.
    pub run_view_type: ViewType,
    /// How many a page holds: 1 to 50,000.
    #[serde(rename = "max_results")]
    pub page_size: u32,
}

impl RunSearch {
    /// All active runs of some experiments, newest first, a thousand a page.
    pub fn of(experiment_ids: Vec<ExperimentId>) -> Self {
        let (filter, order_by, run_view_type) = (String::new(), Vec::new(), ViewType::default());
        Self { experiment_ids, filter, order_by, run_view_type, page_size: 1000 }
    }
}

#[derive(Deserialize)]
struct Found {
    run: Run,
}

impl Client {
    /// Starts a run.
    ///
    /// # Errors
    /// When the experiment does not exist or is deleted. Never sent twice: see [`ENDPOINTS`](super::ENDPOINTS).
    pub async fn create_run(&self, experiment: &ExperimentId, new: &NewRun) -> Result<Run, Error> {
        #[derive(Serialize)]
        struct Request<'a> {
            experiment_id: &'a ExperimentId,
            #[serde(flatten)]
            new: &'a NewRun,
        }
        let found: Found = self.send(&CREATE_RUN, &Request { experiment_id: experiment, new }).await?;
        Ok(found.run)
    }

    /// A run, deleted or not.
    ///
    /// # Errors
    /// [`Error::is_not_found`] when there is none.
    pub async fn run(&self, id: &RunId) -> Result<Run, Error> {
        let found: Found = self.get(&GET_RUN, &[("run_id", id.as_str())]).await?;
        Ok(found.run)
    }

    /// Changes status, end or name.
    ///
    /// # Errors
    /// When the run is deleted.
    pub async fn update_run(&self, id: &RunId, update: &RunUpdate) -> Result<RunInfo, Error> {
        #[derive(Serialize)]
        struct Request<'a> {
            run_id: &'a RunId,
            #[serde(flatten)]
            update: &'a RunUpdate,
        }
        #[derive(Deserialize)]
        struct Updated {
            run_info: RunInfo,
        }
        let updated: Updated = self.send(&UPDATE_RUN, &Request { run_id: id, update }).await?;
        Ok(updated.run_info)
    }

    /// Moves a run to the bin: still readable, no longer writable.
    ///
    /// # Errors
    /// When there is none.
    pub async fn delete_run(&self, id: &RunId) -> Result<(), Error> {
        self.tell(&DELETE_RUN, &json!({ "run_id": id })).await
    }

    /// Takes a run out of the bin.
    ///
    /// # Errors
    /// When there is none.
    pub async fn restore_run(&self, id: &RunId) -> Result<(), Error> {
        self.tell(&RESTORE_RUN, &json!({ "run_id": id })).await
    }

    /// Logs one param.
    ///
    /// # Errors
    /// [`ErrorCode::InvalidParameterValue`](super::ErrorCode::InvalidParameterValue) when it holds another value already.
    pub async fn log_param(&self, id: &RunId, param: &Param) -> Result<(), Error> {
        self.tell(&LOG_PARAM, &json!({ "run_id": id, "key": param.key, "value": param.value })).await
    }

    /// Sets one tag.
    ///
    /// # Errors
    /// When the run is deleted or the key is too long.
    pub async fn set_tag(&self, id: &RunId, tag: &Tag) -> Result<(), Error> {
        self.tell(&SET_TAG, &json!({ "run_id": id, "key": tag.key, "value": tag.value })).await
    }

    /// Removes one tag.
    ///
    /// # Errors
    /// [`Error::is_not_found`] when the run has no such tag.
    pub async fn delete_tag(&self, id: &RunId, key: &str) -> Result<(), Error> {
        self.tell(&DELETE_TAG, &json!({ "run_id": id, "key": key })).await
    }

    /// Notes that a model was logged to the run; `model_json` is the `MLmodel` file's content as JSON.
    ///
    /// # Errors
    /// When the JSON lacks `artifact_path`, `flavors`, `utc_time_created` or `run_id`.
    pub async fn log_model(&self, id: &RunId, model_json: &str) -> Result<(), Error> {
        self.tell(&LOG_MODEL, &json!({ "run_id": id, "model_json": model_json })).await
    }

    /// One page of the runs that match.
    ///
    /// # Errors
    /// When the filter does not parse or the token is not one of the server's.
    pub async fn search_runs_page(&self, search: &RunSearch, page_token: Option<&str>) -> Result<Page<Run>, Error> {
        #[derive(Deserialize)]
        struct Answer {
            #[serde(default)]
            runs: Vec<Run>,
            next_page_token: Option<String>,
        }
        let answer: Answer = self.send(&SEARCH_RUNS, &paging::Request { search, page_token }).await?;
        Ok(Page::new(answer.runs, answer.next_page_token))
    }

    /// All runs that match, page by page: a hundred thousand of them never sit in memory at once.
    pub fn search_runs(&self, search: RunSearch) -> impl Stream<Item = Result<Run, Error>> + Send {
        let (client, search) = (self.clone(), std::sync::Arc::new(search));
        paging::stream(move |token| {
            let (client, search) = (client.clone(), search.clone());
            async move { client.search_runs_page(&search, token.as_deref()).await }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Run, RunStatus};

    #[test]
    fn missing_and_unknown_fields_are_read_as_python_reads_them() {
        fn check(json: &str, status: RunStatus) -> Run {
            let run: Run = serde_json::from_str(json).unwrap();
            assert_eq!(run.info.status, status);
            run
        }
        let sparse = check(r#"{"info":{"run_id":"a","experiment_id":"0"},"outputs":{}}"#, RunStatus::Running);
        assert_eq!((sparse.info.start_time, sparse.data.metrics.len()), (None, 0));
        let full = check(
            r#"{"info":{"run_id":"a","run_uuid":"a","experiment_id":"0","status":"PAUSED","start_time":"17","lifecycle_stage":"deleted"},
                "data":{"metrics":[{"key":"m","value":"NaN","timestamp":"5","model_id":"x"}],"params":null,"tags":[{"key":"t"}]}}"#,
            RunStatus::Unknown,
        );
        assert_eq!(full.info.start_time, Some(17));
        assert!(full.metric("m").unwrap().is_nan());
        assert_eq!((full.tag("t"), full.param("p")), (Some(""), None));
    }
}
