//! Experiments: the folders in which runs lie.

use super::endpoint::{
    CREATE_EXPERIMENT, DELETE_EXPERIMENT, GET_EXPERIMENT, GET_EXPERIMENT_BY_NAME, RESTORE_EXPERIMENT, SEARCH_DATASETS,
    SEARCH_EXPERIMENTS, SET_EXPERIMENT_TAG, UPDATE_EXPERIMENT,
};
use super::error::Error;
use super::ids::ExperimentId;
use super::paging::{self, Page};
use super::tags::{Tag, absent_is_empty};
use super::transport::Client;
use super::values::read_int64;
use futures::Stream;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// An experiment, as the server tells it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Experiment {
    /// Its id.
    pub experiment_id: ExperimentId,
    /// Its name, unique among deleted ones too.
    pub name: String,
    /// Where its runs' artifacts lie.
    #[serde(default)]
    pub artifact_location: String,
    /// Whether it is in the bin.
    #[serde(default)]
    pub lifecycle_stage: LifecycleStage,
    /// Milliseconds since 1970.
    #[serde(default, deserialize_with = "read_int64")]
    pub creation_time: Option<i64>,
    /// Milliseconds since 1970.
    #[serde(default, deserialize_with = "read_int64")]
    pub last_update_time: Option<i64>,
    /// Its tags.
    #[serde(default, deserialize_with = "absent_is_empty")]
    pub tags: Vec<Tag>,
}

/// Whether an experiment or a run is in the bin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LifecycleStage {
    /// In use.
    #[default]
    Active,
    /// Deleted; it can be restored until `mlflow gc` runs.
    Deleted,
}

/// Which of the two a search sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ViewType {
    /// Those in use.
    #[default]
    ActiveOnly,
    /// Those in the bin.
    DeletedOnly,
    /// Both.
    All,
}

/// What to look for among experiments.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExperimentSearch {
    /// MLflow's filter language, such as `name LIKE 'fraud%' AND tags.team = 'risk'`; empty finds all.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub filter: String,
    /// Such as `last_update_time DESC`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub order_by: Vec<String>,
    /// Active ones, deleted ones, or both.
    pub view_type: ViewType,
    /// How many a page holds: 1 to 50,000.
    #[serde(rename = "max_results")]
    pub page_size: u32,
}

impl Default for ExperimentSearch {
    fn default() -> Self {
        Self { filter: String::new(), order_by: Vec::new(), view_type: ViewType::default(), page_size: 1000 }
    }
}

/// A dataset that some run of an experiment used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatasetSummary {
    /// The experiment.
    pub experiment_id: ExperimentId,
    /// The dataset's name.
    pub name: String,
    /// Its digest.
    pub digest: String,
    /// What it was used for, such as `train`.
    #[serde(default)]
    pub context: Option<String>,
}

#[derive(Deserialize)]
struct Found {
    experiment: Experiment,
}

impl Client {
    /// Creates an experiment. `artifact_location` is best left to the server.
    ///
    /// # Errors
    /// [`ErrorCode::ResourceAlreadyExists`](super::ErrorCode::ResourceAlreadyExists) when the name is taken, if only by a deleted one.
    pub async fn create_experiment(
        &self,
        name: &str,
        artifact_location: Option<&str>,
        tags: &[Tag],
    ) -> Result<ExperimentId, Error> {
        #[derive(Serialize)]
        struct Request<'a> {
            name: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            artifact_location: Option<&'a str>,
            #[serde(skip_serializing_if = "<[Tag]>::is_empty")]
            tags: &'a [Tag],
        }
        #[derive(Deserialize)]
        struct Created {
            experiment_id: ExperimentId,
        }
        let created: Created = self.send(&CREATE_EXPERIMENT, &Request { name, artifact_location, tags }).await?;
        Ok(created.experiment_id)
    }

    /// The experiment with an id, deleted or not.
    ///
    /// # Errors
    /// [`Error::is_not_found`] when there is none.
    pub async fn experiment(&self, id: &ExperimentId) -> Result<Experiment, Error> {
        let found: Found = self.get(&GET_EXPERIMENT, &[("experiment_id", id.as_str())]).await?;
        Ok(found.experiment)
    }

    /// The experiment with a name, deleted or not.
    ///
    /// # Errors
    /// [`Error::is_not_found`] when there is none.
    pub async fn experiment_by_name(&self, name: &str) -> Result<Experiment, Error> {
        let found: Found = self.get(&GET_EXPERIMENT_BY_NAME, &[("experiment_name", name)]).await?;
        Ok(found.experiment)
    }

    /// One page of the experiments that match.
    ///
    /// # Errors
    /// When the filter does not parse or the token is not one of the server's.
    pub async fn search_experiments_page(
        &self,
        search: &ExperimentSearch,
        page_token: Option<&str>,
    ) -> Result<Page<Experiment>, Error> {
        #[derive(Deserialize)]
        struct Answer {
            #[serde(default)]
            experiments: Vec<Experiment>,
            next_page_token: Option<String>,
        }
        let answer: Answer = self.send(&SEARCH_EXPERIMENTS, &paging::Request { search, page_token }).await?;
        Ok(Page::new(answer.experiments, answer.next_page_token))
    }

    /// All experiments that match, page by page.
    pub fn search_experiments(&self, search: ExperimentSearch) -> impl Stream<Item = Result<Experiment, Error>> + Send {
        let (client, search) = (self.clone(), std::sync::Arc::new(search));
        paging::stream(move |token| {
            let (client, search) = (client.clone(), search.clone());
            async move { client.search_experiments_page(&search, token.as_deref()).await }
        })
    }

    /// Gives an experiment another name.
    ///
    /// # Errors
    /// As [`Client::create_experiment`]; deleted experiments cannot be renamed.
    pub async fn rename_experiment(&self, id: &ExperimentId, new_name: &str) -> Result<(), Error> {
        self.tell(&UPDATE_EXPERIMENT, &json!({ "experiment_id": id, "new_name": new_name })).await
    }

    /// Moves an experiment and its runs to the bin.
    ///
    /// # Errors
    /// [`Error::is_not_found`] when there is none, or it is there already.
    pub async fn delete_experiment(&self, id: &ExperimentId) -> Result<(), Error> {
        self.tell(&DELETE_EXPERIMENT, &json!({ "experiment_id": id })).await
    }

    /// Takes an experiment and its runs out of the bin.
    ///
    /// # Errors
    /// [`Error::is_not_found`] when it is not there.
    pub async fn restore_experiment(&self, id: &ExperimentId) -> Result<(), Error> {
        self.tell(&RESTORE_EXPERIMENT, &json!({ "experiment_id": id })).await
    }

    /// Sets a tag of an experiment. Servers hold 5,000 bytes a value (3.x: 20,000) and have no way to remove one.
    ///
    /// # Errors
    /// When the value is too long or the experiment is deleted.
    pub async fn set_experiment_tag(&self, id: &ExperimentId, key: &str, value: &str) -> Result<(), Error> {
        self.tell(&SET_EXPERIMENT_TAG, &json!({ "experiment_id": id, "key": key, "value": value })).await
    }

    /// The datasets that the runs of some experiments used.
    ///
    /// # Errors
    /// When an experiment may not be read.
    pub async fn search_datasets(&self, experiments: &[ExperimentId]) -> Result<Vec<DatasetSummary>, Error> {
        #[derive(Deserialize)]
        struct Answer {
            #[serde(default)]
            dataset_summaries: Vec<DatasetSummary>,
        }
        let answer: Answer = self.send(&SEARCH_DATASETS, &json!({ "experiment_ids": experiments })).await?;
        Ok(answer.dataset_summaries)
    }
}
