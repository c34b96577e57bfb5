//! A feature repository as one YAML file: entities, where their features lie, feature views, services and saved datasets.
//!
//! It says what Feast's Python definitions say (`Entity`, `FileSource`, `PushSource`, `FeatureView`, `FeatureService`), with the same
//! names, as data. Parsing refuses unknown keys and names that lead nowhere, so that what was parsed can be used without asking
//! again. Next: `offline/` reads the files that it names, `online/` keeps the latest values.

use super::error::Error;
use super::time;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// All that one project defines.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Repository {
    /// The project's name; the registry's reads ask for it.
    pub project: String,
    /// The online store's file, beside the repository's file unless absolute.
    #[serde(default = "default_online_store")]
    pub online_store: PathBuf,
    /// What features are about.
    pub entities: Vec<Entity>,
    /// Where feature rows lie.
    pub sources: Vec<Source>,
    /// Doors through which fresh rows come.
    #[serde(default)]
    pub push_sources: Vec<PushSource>,
    /// Features that belong together.
    pub feature_views: Vec<FeatureView>,
    /// What a model reads.
    #[serde(default)]
    pub feature_services: Vec<FeatureService>,
    /// Training sets that were kept.
    #[serde(default)]
    pub saved_datasets: Vec<SavedDataset>,
    /// The folder that relative paths start from.
    #[serde(skip)]
    pub folder: PathBuf,
}

fn default_online_store() -> PathBuf {
    PathBuf::from("online.db")
}

/// What features are about, such as a customer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entity {
    /// Its name.
    pub name: String,
    /// The column that identifies one.
    pub join_key: String,
    /// That column's type.
    #[serde(default = "whole_number")]
    pub value_type: ValueType,
    /// What it says about itself.
    #[serde(flatten)]
    pub about: About,
}

fn whole_number() -> ValueType {
    ValueType::Int64
}

/// A file of feature rows: Parquet or CSV, by its name's ending.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Its name.
    pub name: String,
    /// The file, beside the repository's file unless absolute.
    pub path: PathBuf,
    /// The column that says when a row's values became true.
    pub timestamp_field: String,
    /// The column that says when the row was written: of two rows for one moment, the later written one counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_timestamp_column: Option<String>,
    /// What it says about itself.
    #[serde(flatten)]
    pub about: About,
}

/// A door for fresh rows in front of a source.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PushSource {
    /// Its name, which pushes name.
    pub name: String,
    /// The source behind it.
    pub batch_source: String,
    /// What it says about itself.
    #[serde(flatten)]
    pub about: About,
}

/// Features about the same entities from the same source.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeatureView {
    /// Its name.
    pub name: String,
    /// The entities' names.
    pub entities: Vec<String>,
    /// How old a value may be when it is used; zero is *for ever*.
    #[serde(default, deserialize_with = "read_length", serialize_with = "write_length")]
    pub ttl: Duration,
    /// A source's or a push source's name.
    pub source: String,
    /// Its features.
    pub features: Vec<Feature>,
    /// Whether it is materialised.
    #[serde(default = "yes")]
    pub online: bool,
    /// What it says about itself.
    #[serde(flatten)]
    pub about: About,
}

fn yes() -> bool {
    true
}

/// One feature.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Feature {
    /// Its name, which is also its column's.
    pub name: String,
    /// Its type.
    pub dtype: ValueType,
    /// Free text.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
}

/// What a model reads: whole views (`customer_spend`) or single features (`customer_spend:mean_amount`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeatureService {
    /// Its name; add a version to it, for a model stays with the one it was trained on.
    pub name: String,
    /// Views and features.
    pub features: Vec<String>,
    /// What it says about itself.
    #[serde(flatten)]
    pub about: About,
}

/// A training set that was kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SavedDataset {
    /// Its name.
    pub name: String,
    /// What is in it: `view:feature`.
    pub features: Vec<String>,
    /// Where it lies.
    pub path: PathBuf,
    /// What it says about itself.
    #[serde(flatten)]
    pub about: About,
}

/// What everything in the registry may say about itself.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct About {
    /// Free text.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Whom to ask.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub owner: String,
    /// Free pairs.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
}

/// The types of join keys and features, by Feast's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ValueType {
    /// 32-bit whole number.
    Int32,
    /// 64-bit whole number.
    Int64,
    /// 32-bit floating point.
    Float32,
    /// 64-bit floating point.
    Float64,
    /// Text.
    String,
    /// True or false.
    Bool,
}

impl ValueType {
    /// The name in Feast's protocol (`ValueType.Enum`), which the registry answers.
    pub fn word(self) -> &'static str {
        match self {
            Self::Int32 => "INT32",
            Self::Int64 => "INT64",
            Self::Float32 => "FLOAT",
            Self::Float64 => "DOUBLE",
            Self::String => "STRING",
            Self::Bool => "BOOL",
        }
    }
}

/// A feature together with its view.
#[derive(Debug, Clone, Copy)]
pub struct FeatureReference<'a> {
    /// The view.
    pub view: &'a FeatureView,
    /// One of its features.
    pub feature: &'a Feature,
}

impl Repository {
    /// Reads and checks a repository's file.
    ///
    /// # Errors
    /// When it cannot be read, is not YAML of this shape, or a name in it leads nowhere or is taken twice.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let text = std::fs::read_to_string(path).map_err(|reason| Error::file(path, reason))?;
        let folder = path.parent().map(Path::to_owned).unwrap_or_default();
        Self::parse(&text, &path.display().to_string(), folder)
    }

    /// Checks a repository's text; `place` names it in errors, `folder` is where relative paths start.
    ///
    /// # Errors
    /// As [`Repository::read`].
    pub fn parse(text: &str, place: &str, folder: PathBuf) -> Result<Self, Error> {
        let mut repository: Self =
            serde_saphyr::from_str(text).map_err(|error| Error::malformed(place, error.to_string()))?;
        repository.folder = folder;
        repository.check().map_err(|problem| Error::malformed(place, problem))?;
        Ok(repository)
    }

    fn check(&self) -> Result<(), String> {
        unique("entity", self.entities.iter().map(|entity| &entity.name))?;
        unique("source", self.sources.iter().map(|it| &it.name).chain(self.push_sources.iter().map(|it| &it.name)))?;
        unique("feature view", self.feature_views.iter().map(|view| &view.name))?;
        unique("feature service", self.feature_services.iter().map(|service| &service.name))?;
        unique("saved dataset", self.saved_datasets.iter().map(|dataset| &dataset.name))?;
        for push in &self.push_sources {
            if !self.sources.iter().any(|source| source.name == push.batch_source) {
                return Err(format!("push source {}: no source named {:?}", push.name, push.batch_source));
            }
        }
        for view in &self.feature_views {
            unique(&format!("feature of {}", view.name), view.features.iter().map(|feature| &feature.name))?;
            if view.entities.is_empty() || view.features.is_empty() {
                return Err(format!("feature view {}: give at least one entity and one feature", view.name));
            }
            for entity in &view.entities {
                self.entity(entity).map_err(|error| format!("feature view {}: {error}", view.name))?;
            }
            self.source_of(view).map_err(|error| format!("feature view {}: {error}", view.name))?;
        }
        for service in &self.feature_services {
            self.features(&service.features).map_err(|error| format!("feature service {}: {error}", service.name))?;
        }
        Ok(())
    }

    /// An entity by name.
    ///
    /// # Errors
    /// [`Error::Unknown`].
    pub fn entity(&self, name: &str) -> Result<&Entity, Error> {
        let known = || self.entities.iter().map(|entity| entity.name.as_str());
        self.entities.iter().find(|it| it.name == name).ok_or_else(|| Error::unknown("entity", name, known()))
    }

    /// A feature view by name.
    ///
    /// # Errors
    /// [`Error::Unknown`].
    pub fn view(&self, name: &str) -> Result<&FeatureView, Error> {
        let known = || self.feature_views.iter().map(|view| view.name.as_str());
        self.feature_views
            .iter()
            .find(|it| it.name == name)
            .ok_or_else(|| Error::unknown("feature view", name, known()))
    }

    /// A feature service by name.
    ///
    /// # Errors
    /// [`Error::Unknown`].
    pub fn service(&self, name: &str) -> Result<&FeatureService, Error> {
        let known = || self.feature_services.iter().map(|service| service.name.as_str());
        let found = self.feature_services.iter().find(|service| service.name == name);
        found.ok_or_else(|| Error::unknown("feature service", name, known()))
    }

    /// The file behind a view, also where a push source stands before it.
    ///
    /// # Errors
    /// [`Error::Unknown`].
    pub fn source_of(&self, view: &FeatureView) -> Result<&Source, Error> {
        let push = self.push_sources.iter().find(|push| push.name == view.source);
        let name = push.map_or(view.source.as_str(), |push| push.batch_source.as_str());
        let known = || self.sources.iter().map(|source| source.name.as_str());
        self.sources.iter().find(|source| source.name == name).ok_or_else(|| Error::unknown("source", name, known()))
    }

    /// The views that a push source feeds.
    ///
    /// # Errors
    /// [`Error::Unknown`] when there is no such push source.
    pub fn views_of_push_source(&self, name: &str) -> Result<Vec<&FeatureView>, Error> {
        let known = || self.push_sources.iter().map(|push| push.name.as_str());
        if !self.push_sources.iter().any(|push| push.name == name) {
            return Err(Error::unknown("push source", name, known()));
        }
        Ok(self.feature_views.iter().filter(|view| view.source == name).collect())
    }

    /// The columns that identify a row of a view, with their types, in the order of its entities.
    ///
    /// # Errors
    /// [`Error::Unknown`].
    pub fn join_keys(&self, view: &FeatureView) -> Result<Vec<(&str, ValueType)>, Error> {
        let entities = view.entities.iter().map(|name| self.entity(name));
        entities.map(|entity| entity.map(|entity| (entity.join_key.as_str(), entity.value_type))).collect()
    }

    /// What `view` and `view:feature` stand for, in order.
    ///
    /// # Errors
    /// [`Error::Unknown`] names what there is no view or feature for.
    pub fn features<'a>(&'a self, references: &[String]) -> Result<Vec<FeatureReference<'a>>, Error> {
        let mut found = Vec::new();
        for reference in references {
            let (view, feature) = reference.split_once(':').map_or((reference.as_str(), None), |(v, f)| (v, Some(f)));
            let view = self.view(view)?;
            let before = found.len();
            let wanted = |it: &&Feature| feature.is_none_or(|name| name == it.name);
            found.extend(view.features.iter().filter(wanted).map(|feature| FeatureReference { view, feature }));
            if found.len() == before {
                let known = view.features.iter().map(|feature| feature.name.as_str());
                return Err(Error::unknown("feature", reference, known));
            }
        }
        Ok(found)
    }

    /// A path of the repository, from its own folder.
    pub fn resolve(&self, path: &Path) -> PathBuf {
        self.folder.join(path)
    }
}

fn unique<'a>(what: &str, names: impl Iterator<Item = &'a String>) -> Result<(), String> {
    let mut seen = BTreeSet::new();
    for name in names {
        if name.is_empty() || name.contains([':', '/']) {
            return Err(format!("{what} {name:?}: give a name that is not empty and holds no `:` and no `/`"));
        }
        if !seen.insert(name) {
            return Err(format!("{what} {name:?} is defined twice; rename or remove one"));
        }
    }
    Ok(())
}

fn read_length<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    time::parse_length(&text).map_err(serde::de::Error::custom)
}

fn write_length<S: Serializer>(length: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("{}s", length.as_secs()))
}
