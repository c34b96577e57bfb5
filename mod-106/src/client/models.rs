//! Registered models: names under which versions are counted, with tags and aliases. Versions are in `versions.rs`.

use super::endpoint::{
    CREATE_MODEL, DELETE_ALIAS, DELETE_MODEL, DELETE_MODEL_TAG, GET_BY_ALIAS, GET_MODEL, RENAME_MODEL, SEARCH_MODELS,
    SET_ALIAS, SET_MODEL_TAG, UPDATE_MODEL,
};
use super::error::Error;
use super::ids::{ModelName, VersionNumber};
use super::paging::{self, Page};
use super::tags::{Tag, absent_is_empty};
use super::transport::Client;
use super::values::read_int64;
use super::versions::ModelVersion;
use futures::Stream;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// A registered model, as the server tells it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RegisteredModel {
    /// Its name.
    pub name: ModelName,
    /// Milliseconds since 1970.
    #[serde(default, deserialize_with = "read_int64")]
    pub creation_timestamp: Option<i64>,
    /// Milliseconds since 1970.
    #[serde(default, deserialize_with = "read_int64")]
    pub last_updated_timestamp: Option<i64>,
    /// Free text.
    #[serde(default)]
    pub description: String,
    /// The newest version of each stage.
    #[serde(default, deserialize_with = "absent_is_empty")]
    pub latest_versions: Vec<ModelVersion>,
    /// Its tags.
    #[serde(default, deserialize_with = "absent_is_empty")]
    pub tags: Vec<Tag>,
    /// Its aliases; each points at one version.
    #[serde(default, deserialize_with = "absent_is_empty")]
    pub aliases: Vec<Alias>,
}

/// A name for one version, such as `champion`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alias {
    /// The name; `latest` and `v1`-like ones are reserved.
    pub alias: String,
    /// The version it points at.
    pub version: VersionNumber,
}

/// What to look for among models or versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistrySearch {
    /// MLflow's filter language, such as `name LIKE 'fraud%'` or `run_id = '…'`; empty finds all.
    pub filter: String,
    /// Such as `last_updated_timestamp DESC`.
    pub order_by: Vec<String>,
    /// How many a page holds: at most 1,000 models, or 200,000 versions.
    pub page_size: u32,
}

impl Default for RegistrySearch {
    fn default() -> Self {
        Self { filter: String::new(), order_by: Vec::new(), page_size: 1000 }
    }
}

impl RegistrySearch {
    /// The search as query pairs: `order_by` is repeated, as protocol buffers' HTTP rules have it.
    pub(super) fn query<'a>(&'a self, page_size: &'a str, page_token: Option<&'a str>) -> Vec<(&'a str, &'a str)> {
        let mut query = vec![("max_results", page_size)];
        if !self.filter.is_empty() {
            query.push(("filter", &self.filter));
        }
        query.extend(self.order_by.iter().map(|order| ("order_by", order.as_str())));
        query.extend(page_token.map(|token| ("page_token", token)));
        query
    }
}

#[derive(Deserialize)]
struct Found {
    registered_model: RegisteredModel,
}

impl Client {
    /// Registers a model's name.
    ///
    /// # Errors
    /// [`ErrorCode::ResourceAlreadyExists`](super::ErrorCode::ResourceAlreadyExists) when it is taken.
    pub async fn create_model(
        &self,
        name: &ModelName,
        description: &str,
        tags: &[Tag],
    ) -> Result<RegisteredModel, Error> {
        let request = json!({ "name": name, "description": description, "tags": tags });
        let found: Found = self.send(&CREATE_MODEL, &request).await?;
        Ok(found.registered_model)
    }

    /// A model by name.
    ///
    /// # Errors
    /// [`Error::is_not_found`] when there is none.
    pub async fn model(&self, name: &ModelName) -> Result<RegisteredModel, Error> {
        let found: Found = self.get(&GET_MODEL, &[("name", name.as_str())]).await?;
        Ok(found.registered_model)
    }

    /// One page of the models that match.
    ///
    /// # Errors
    /// When the filter does not parse or the token is not one of the server's.
    pub async fn search_models_page(
        &self,
        search: &RegistrySearch,
        page_token: Option<&str>,
    ) -> Result<Page<RegisteredModel>, Error> {
        #[derive(Deserialize)]
        struct Answer {
            #[serde(default)]
            registered_models: Vec<RegisteredModel>,
            next_page_token: Option<String>,
        }
        let answer: Answer = self.get(&SEARCH_MODELS, &search.query(&search.page_size.to_string(), page_token)).await?;
        Ok(Page::new(answer.registered_models, answer.next_page_token))
    }

    /// All models that match, page by page.
    pub fn search_models(&self, search: RegistrySearch) -> impl Stream<Item = Result<RegisteredModel, Error>> + Send {
        let (client, search) = (self.clone(), std::sync::Arc::new(search));
        paging::stream(move |token| {
            let (client, search) = (client.clone(), search.clone());
            async move { client.search_models_page(&search, token.as_deref()).await }
        })
    }

    /// Changes a model's description.
    ///
    /// # Errors
    /// [`Error::is_not_found`] when there is none.
    pub async fn update_model(&self, name: &ModelName, description: &str) -> Result<RegisteredModel, Error> {
        let found: Found = self.send(&UPDATE_MODEL, &json!({ "name": name, "description": description })).await?;
        Ok(found.registered_model)
    }

    /// Gives a model another name; its versions follow.
    ///
    /// # Errors
    /// When the new name is taken.
    pub async fn rename_model(&self, name: &ModelName, new_name: &ModelName) -> Result<RegisteredModel, Error> {
        let found: Found = self.send(&RENAME_MODEL, &json!({ "name": name, "new_name": new_name })).await?;
        Ok(found.registered_model)
    }

    /// Deletes a model with all its versions. There is no bin.
    ///
    /// # Errors
    /// [`Error::is_not_found`] when there is none.
    pub async fn delete_model(&self, name: &ModelName) -> Result<(), Error> {
        self.tell(&DELETE_MODEL, &json!({ "name": name })).await
    }

    /// Sets a tag of a model.
    ///
    /// # Errors
    /// When the value is too long.
    pub async fn set_model_tag(&self, name: &ModelName, tag: &Tag) -> Result<(), Error> {
        self.tell(&SET_MODEL_TAG, &json!({ "name": name, "key": tag.key, "value": tag.value })).await
    }

    /// Removes a tag of a model; one that is not there is no error.
    ///
    /// # Errors
    /// When there is no such model.
    pub async fn delete_model_tag(&self, name: &ModelName, key: &str) -> Result<(), Error> {
        self.tell(&DELETE_MODEL_TAG, &json!({ "name": name, "key": key })).await
    }

    /// Points an alias at a version, away from the one it pointed at before.
    ///
    /// # Errors
    /// When the version does not exist or the alias is reserved.
    pub async fn set_alias(&self, name: &ModelName, alias: &str, version: VersionNumber) -> Result<(), Error> {
        self.tell(&SET_ALIAS, &json!({ "name": name, "alias": alias, "version": version })).await
    }

    /// Removes an alias; one that is not there is no error.
    ///
    /// # Errors
    /// When there is no such model.
    pub async fn delete_alias(&self, name: &ModelName, alias: &str) -> Result<(), Error> {
        self.tell(&DELETE_ALIAS, &json!({ "name": name, "alias": alias })).await
    }

    /// The version that an alias points at.
    ///
    /// # Errors
    /// [`ErrorCode::InvalidParameterValue`](super::ErrorCode::InvalidParameterValue) when there is no such alias: MLflow's choice.
    pub async fn version_by_alias(&self, name: &ModelName, alias: &str) -> Result<ModelVersion, Error> {
        #[derive(Deserialize)]
        struct Answer {
            model_version: ModelVersion,
        }
        let answer: Answer = self.get(&GET_BY_ALIAS, &[("name", name.as_str()), ("alias", alias)]).await?;
        Ok(answer.model_version)
    }
}
