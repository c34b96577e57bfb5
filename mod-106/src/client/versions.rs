//! Model versions: numbered snapshots of a registered model, with stages (deprecated, still served by 2.x) and tags.

use super::endpoint::{
    CREATE_VERSION, DELETE_VERSION, DELETE_VERSION_TAG, DOWNLOAD_URI, GET_VERSION, LATEST_VERSIONS, SEARCH_VERSIONS,
    SET_VERSION_TAG, TRANSITION_STAGE, UPDATE_VERSION,
};
use super::error::Error;
use super::ids::{ModelName, RunId, VersionNumber};
use super::models::RegistrySearch;
use super::paging::{self, Page};
use super::tags::{Tag, absent_is_empty};
use super::transport::Client;
use super::values::read_int64;
use futures::{Stream, TryStreamExt};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// A model version, as the server tells it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelVersion {
    /// The model it belongs to.
    pub name: ModelName,
    /// Its number.
    pub version: VersionNumber,
    /// Milliseconds since 1970.
    #[serde(default, deserialize_with = "read_int64")]
    pub creation_timestamp: Option<i64>,
    /// Milliseconds since 1970.
    #[serde(default, deserialize_with = "read_int64")]
    pub last_updated_timestamp: Option<i64>,
    /// Its stage.
    #[serde(default)]
    pub current_stage: Stage,
    /// Free text.
    #[serde(default)]
    pub description: String,
    /// Where its files lie.
    #[serde(default)]
    pub source: String,
    /// The run that made it; empty when none is known.
    #[serde(default)]
    pub run_id: String,
    /// A link to that run on another server.
    #[serde(default)]
    pub run_link: String,
    /// Whether its files are in place.
    #[serde(default)]
    pub status: VersionStatus,
    /// Why not, if not.
    #[serde(default)]
    pub status_message: String,
    /// Its tags.
    #[serde(default, deserialize_with = "absent_is_empty")]
    pub tags: Vec<Tag>,
    /// The aliases that point at it.
    #[serde(default, deserialize_with = "absent_is_empty")]
    pub aliases: Vec<String>,
}

/// A version's stage. Deprecated since MLflow 2.9: prefer aliases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Stage {
    /// None yet.
    #[default]
    None,
    /// On trial.
    Staging,
    /// In use.
    Production,
    /// Out of use.
    Archived,
    /// A stage of another server.
    #[serde(other)]
    Unknown,
}

/// Whether a version's files are in place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum VersionStatus {
    /// On their way.
    PendingRegistration,
    /// They did not arrive.
    FailedRegistration,
    /// In place.
    #[default]
    Ready,
    /// A status of a later version.
    #[serde(other)]
    Unknown,
}

/// What a version starts with.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct NewVersion {
    /// Where its files lie: `runs:/RUN_ID/PATH`, `models:/…` or an artifact URI that the server allows.
    pub source: String,
    /// The run that made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run_id: Option<RunId>,
    /// Free text.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Its first tags.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Tag>,
}

#[derive(Deserialize)]
struct Found {
    model_version: ModelVersion,
}

impl Client {
    /// Makes the next version of a model; the server counts.
    ///
    /// # Errors
    /// When the model does not exist or the source is not allowed. Never sent twice: a lost answer may have made a version.
    pub async fn create_version(&self, name: &ModelName, new: &NewVersion) -> Result<ModelVersion, Error> {
        #[derive(Serialize)]
        struct Request<'a> {
            name: &'a ModelName,
            #[serde(flatten)]
            new: &'a NewVersion,
        }
        let found: Found = self.send(&CREATE_VERSION, &Request { name, new }).await?;
        Ok(found.model_version)
    }

    /// One version.
    ///
    /// # Errors
    /// [`Error::is_not_found`] when there is none.
    pub async fn version(&self, name: &ModelName, version: VersionNumber) -> Result<ModelVersion, Error> {
        let number = version.to_string();
        let found: Found = self.get(&GET_VERSION, &[("name", name.as_str()), ("version", &number)]).await?;
        Ok(found.model_version)
    }

    /// One page of the versions that match, over all models.
    ///
    /// # Errors
    /// When the filter does not parse or the token is not one of the server's.
    pub async fn search_versions_page(
        &self,
        search: &RegistrySearch,
        page_token: Option<&str>,
    ) -> Result<Page<ModelVersion>, Error> {
        #[derive(Deserialize)]
        struct Answer {
            #[serde(default)]
            model_versions: Vec<ModelVersion>,
            next_page_token: Option<String>,
        }
        let answer: Answer =
            self.get(&SEARCH_VERSIONS, &search.query(&search.page_size.to_string(), page_token)).await?;
        Ok(Page::new(answer.model_versions, answer.next_page_token))
    }

    /// All versions that match, page by page.
    pub fn search_versions(&self, search: RegistrySearch) -> impl Stream<Item = Result<ModelVersion, Error>> + Send {
        let (client, search) = (self.clone(), std::sync::Arc::new(search));
        paging::stream(move |token| {
            let (client, search) = (client.clone(), search.clone());
            async move { client.search_versions_page(&search, token.as_deref()).await }
        })
    }

    /// All versions of one model, whatever its name holds, oldest first.
    ///
    /// # Errors
    /// What the server says; a model that is not there has no versions.
    pub async fn versions_of(&self, name: &ModelName) -> Result<Vec<ModelVersion>, Error> {
        // MLflow's filters know no escape: a name with both kinds of quotes is looked for here.
        let filter = match (name.as_str().contains('\''), name.as_str().contains('"')) {
            (false, _) => format!("name = '{name}'"),
            (true, false) => format!("name = \"{name}\""),
            (true, true) => String::new(),
        };
        let search = RegistrySearch { filter, ..RegistrySearch::default() };
        let mut versions: Vec<ModelVersion> = self.search_versions(search).try_collect().await?;
        versions.retain(|version| version.name == *name);
        versions.sort_by_key(|version| version.version);
        Ok(versions)
    }

    /// The newest version of each stage asked for; of every stage when none is.
    ///
    /// # Errors
    /// When there is no such model.
    pub async fn latest_versions(&self, name: &ModelName, stages: &[Stage]) -> Result<Vec<ModelVersion>, Error> {
        #[derive(Deserialize)]
        struct Answer {
            #[serde(default)]
            model_versions: Vec<ModelVersion>,
        }
        let answer: Answer = self.send(&LATEST_VERSIONS, &json!({ "name": name, "stages": stages })).await?;
        Ok(answer.model_versions)
    }

    /// Changes a version's description.
    ///
    /// # Errors
    /// [`Error::is_not_found`] when there is none.
    pub async fn update_version(
        &self,
        name: &ModelName,
        version: VersionNumber,
        description: &str,
    ) -> Result<ModelVersion, Error> {
        let request = json!({ "name": name, "version": version, "description": description });
        let found: Found = self.send(&UPDATE_VERSION, &request).await?;
        Ok(found.model_version)
    }

    /// Moves a version to a stage; `archive_existing` moves those that were there to [`Stage::Archived`].
    ///
    /// # Errors
    /// [`Error::is_not_found`] when there is none.
    pub async fn transition_stage(
        &self,
        name: &ModelName,
        version: VersionNumber,
        stage: Stage,
        archive_existing: bool,
    ) -> Result<ModelVersion, Error> {
        let request =
            json!({ "name": name, "version": version, "stage": stage, "archive_existing_versions": archive_existing });
        let found: Found = self.send(&TRANSITION_STAGE, &request).await?;
        Ok(found.model_version)
    }

    /// Deletes a version and the aliases that point at it. There is no bin, and its number is not given out again.
    ///
    /// # Errors
    /// [`Error::is_not_found`] when there is none.
    pub async fn delete_version(&self, name: &ModelName, version: VersionNumber) -> Result<(), Error> {
        self.tell(&DELETE_VERSION, &json!({ "name": name, "version": version })).await
    }

    /// Where a version's files are to be fetched from.
    ///
    /// # Errors
    /// [`Error::is_not_found`] when there is none.
    pub async fn version_download_uri(&self, name: &ModelName, version: VersionNumber) -> Result<String, Error> {
        #[derive(Deserialize)]
        struct Answer {
            artifact_uri: String,
        }
        let number = version.to_string();
        let answer: Answer = self.get(&DOWNLOAD_URI, &[("name", name.as_str()), ("version", &number)]).await?;
        Ok(answer.artifact_uri)
    }

    /// Sets a tag of a version.
    ///
    /// # Errors
    /// When the value is too long.
    pub async fn set_version_tag(&self, name: &ModelName, version: VersionNumber, tag: &Tag) -> Result<(), Error> {
        let request = json!({ "name": name, "version": version, "key": tag.key, "value": tag.value });
        self.tell(&SET_VERSION_TAG, &request).await
    }

    /// Removes a tag of a version; one that is not there is no error.
    ///
    /// # Errors
    /// When there is no such version.
    pub async fn delete_version_tag(&self, name: &ModelName, version: VersionNumber, key: &str) -> Result<(), Error> {
        self.tell(&DELETE_VERSION_TAG, &json!({ "name": name, "version": version, "key": key })).await
    }
}
