//! Reads what a registry defines: Feast's REST registry server (`feast serve_registry --rest-api`) and ours tell it alike.
//!
//! Only what the catalogue and people need is kept; the rest of an answer is let go. A registry that knows the project and holds nothing of a
//! kind gives an empty list; one that does not answer is an error, for an empty catalogue would look like an empty registry.
//! Next: `lineage.rs`.

use super::client::FeatureClient;
use super::error::Error;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// All that a registry defines for one project.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Registry {
    /// The project.
    pub project: String,
    /// What features are about.
    pub entities: Vec<RegisteredEntity>,
    /// Where feature rows lie.
    pub data_sources: Vec<RegisteredSource>,
    /// Features that belong together.
    pub feature_views: Vec<RegisteredView>,
    /// What models read.
    pub feature_services: Vec<RegisteredService>,
    /// Training sets that were kept.
    pub saved_datasets: Vec<RegisteredDataset>,
    /// What hangs on what.
    pub relationships: Vec<Relationship>,
}

/// What features are about.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all(deserialize = "camelCase"), default)]
pub struct RegisteredEntity {
    /// Its name.
    pub name: String,
    /// The column that identifies one.
    pub join_key: String,
    /// That column's type, as `ValueType.Enum` writes it.
    pub value_type: String,
    /// Free text.
    pub description: String,
    /// Whom to ask.
    pub owner: String,
    /// Free pairs.
    pub tags: BTreeMap<String, String>,
}

/// Where feature rows lie.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all(deserialize = "camelCase"), default)]
pub struct RegisteredSource {
    /// Its name.
    pub name: String,
    /// `BATCH_FILE`, `PUSH_SOURCE` …
    #[serde(rename(deserialize = "type"))]
    pub kind: String,
    /// The column of event times.
    pub timestamp_field: String,
    /// The column of creation times, if any.
    pub created_timestamp_column: String,
    /// The file, for sources that are files.
    pub file_options: FileOptions,
    /// Whom to ask.
    pub owner: String,
}

/// The file of a source.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct FileOptions {
    /// Its path or URL.
    pub uri: String,
}

/// Features that belong together.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all(deserialize = "camelCase"), default)]
pub struct RegisteredView {
    /// Its name.
    pub name: String,
    /// Its entities' names.
    pub entities: Vec<String>,
    /// Its features.
    pub features: Vec<RegisteredFeature>,
    /// How old a value may be, such as `604800s`; empty is *for ever*.
    pub ttl: String,
    /// The source it is materialised from.
    pub batch_source: RegisteredSource,
    /// Whom to ask.
    pub owner: String,
    /// Free text.
    pub description: String,
    /// Free pairs.
    pub tags: BTreeMap<String, String>,
}

/// One feature.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all(deserialize = "camelCase"), default)]
pub struct RegisteredFeature {
    /// Its name.
    pub name: String,
    /// Its type, as `ValueType.Enum` writes it.
    pub value_type: String,
    /// Free text.
    pub description: String,
}

/// What models read.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all(deserialize = "camelCase"), default)]
pub struct RegisteredService {
    /// Its name.
    pub name: String,
    /// Views with the features taken from each.
    pub features: Vec<Projection>,
    /// Whom to ask.
    pub owner: String,
    /// Free text.
    pub description: String,
    /// Free pairs.
    pub tags: BTreeMap<String, String>,
}

/// Features of one view.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all(deserialize = "camelCase"), default)]
pub struct Projection {
    /// The view.
    pub feature_view_name: String,
    /// Its features.
    pub feature_columns: Vec<RegisteredFeature>,
}

/// A training set that was kept.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RegisteredDataset {
    /// Its name.
    pub name: String,
    /// What is in it.
    pub features: Vec<String>,
}

/// One thing feeds another.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Relationship {
    /// What feeds.
    pub source: Registered,
    /// What is fed.
    pub target: Registered,
}

/// A thing in the registry.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Registered {
    /// `dataSource`, `entity`, `feature`, `featureView`, `featureService`, `savedDataset`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its name.
    pub name: String,
}

impl FeatureClient {
    /// Everything that a project defines; `self` is connected to the registry's address. Names are in order.
    ///
    /// # Errors
    /// When the registry does not answer, or not as a registry does.
    pub async fn registry(&self, project: &str) -> Result<Registry, Error> {
        Ok(Registry {
            project: project.to_owned(),
            entities: self.list(project, "entities", "entities", |it: &RegisteredEntity| &it.name).await?,
            data_sources: self.list(project, "data_sources", "dataSources", |it: &RegisteredSource| &it.name).await?,
            feature_views: self.list(project, "feature_views", "featureViews", |it: &RegisteredView| &it.name).await?,
            feature_services: self
                .list(project, "feature_services", "featureServices", |it: &RegisteredService| &it.name)
                .await?,
            saved_datasets: self
                .list(project, "saved_datasets", "savedDatasets", |it: &RegisteredDataset| &it.name)
                .await?,
            relationships: self.relationships(project).await?,
        })
    }

    /// The projects of a registry.
    ///
    /// # Errors
    /// As [`FeatureClient::registry`].
    pub async fn projects(&self) -> Result<Vec<String>, Error> {
        let answer: Value = self.read("/api/v1/projects".to_owned()).await?;
        let projects = answer["projects"].as_array().map(Vec::as_slice).unwrap_or_default();
        Ok(projects.iter().filter_map(|it| it.pointer("/spec/name")?.as_str()).map(str::to_owned).collect())
    }

    async fn relationships(&self, project: &str) -> Result<Vec<Relationship>, Error> {
        #[derive(Deserialize)]
        struct Answer {
            #[serde(default)]
            relationships: Vec<Relationship>,
        }
        let answer: Answer = self.read(format!("/api/v1/lineage/registry?project={}", encoded(project))).await?;
        let mut relationships = answer.relationships;
        relationships.sort_unstable();
        relationships.dedup();
        Ok(relationships)
    }

    /// A list; what stands under `spec` is the thing itself, except for data sources.
    async fn list<T: serde::de::DeserializeOwned>(
        &self,
        project: &str,
        kind: &str,
        key: &str,
        name: impl Fn(&T) -> &String,
    ) -> Result<Vec<T>, Error> {
        let path = format!("/api/v1/{kind}?project={}", encoded(project));
        let answer: Value = self.read(path.clone()).await?;
        let mut found = Vec::new();
        for item in answer.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default() {
            let item = item.get("spec").unwrap_or(item);
            let read = T::deserialize(item).map_err(|error| Error::Garbage {
                call: format!("GET {path}"),
                reason: error.to_string(),
                excerpt: item.to_string().chars().take(200).collect(),
            });
            found.push(read?);
        }
        // Feast gives views without an entity one of its own, and lists it among those that people defined.
        found.retain(|item| !name(item).starts_with("__dummy"));
        found.sort_by(|one, other| name(one).cmp(name(other)));
        Ok(found)
    }
}

fn encoded(text: &str) -> impl std::fmt::Display + '_ {
    utf8_percent_encode(text, NON_ALPHANUMERIC)
}
