//! Reads registered models, their versions and the runs that made them.

use crate::client::{Client, ModelName, ModelVersion, RegisteredModel, RegistrySearch, Run, RunId};
use crate::features::error::Error;
use futures::TryStreamExt;

/// A model with its versions.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelRecord {
    /// The model.
    pub model: RegisteredModel,
    /// Its versions, newest first.
    pub versions: Vec<VersionRecord>,
}

/// A version with the run that made it, as far as it can be found.
#[derive(Debug, Clone, PartialEq)]
pub struct VersionRecord {
    /// The version.
    pub version: ModelVersion,
    /// Its run; `None` when it names none, or one that is not there.
    pub run: Option<Run>,
}

/// Reads the named models, or all.
///
/// # Errors
/// What the tracking server says; a run that a version names and that is gone is no error but a gap.
pub async fn read_models(client: &Client, names: &[String]) -> Result<Vec<ModelRecord>, Error> {
    let models: Vec<RegisteredModel> = if names.is_empty() {
        client.search_models(RegistrySearch::default()).try_collect().await?
    } else {
        let mut models = Vec::new();
        for name in names {
            models.push(client.model(&ModelName::parse(name)?).await?);
        }
        models
    };
    let mut records = Vec::new();
    for model in models {
        let mut found = client.versions_of(&model.name).await?;
        found.reverse();
        let mut versions = Vec::with_capacity(found.len());
        for mut version in found {
            // Searches leave aliases out; the model itself lists them.
            let of_this = model.aliases.iter().filter(|alias| alias.version == version.version);
            version.aliases = of_this.map(|alias| alias.alias.clone()).collect();
            version.aliases.sort();
            versions.push(VersionRecord { run: run(client, &version.run_id).await?, version });
        }
        records.push(ModelRecord { model, versions });
    }
    records.sort_by(|one, other| one.model.name.as_str().cmp(other.model.name.as_str()));
    Ok(records)
}

async fn run(client: &Client, id: &str) -> Result<Option<Run>, Error> {
    let Ok(id) = RunId::parse(id) else { return Ok(None) };
    match client.run(&id).await {
        Ok(run) => Ok(Some(run)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error.into()),
    }
}
