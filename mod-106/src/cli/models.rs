//! `mod-106 models`: registered models, their versions, aliases and stages.

use super::connection::{Connection, Limit, pair};
use super::output::{Output, pairs, time, word};
use crate::client::{
    Client, ModelName, ModelVersion, NewVersion, RegisteredModel, RegistrySearch, RunId, Stage, Tag, VersionNumber,
};
use clap::{Subcommand, ValueEnum};
use serde_json::json;

/// `mod-106 models …`
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    connection: Connection,
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List registered models
    List(Search),
    /// Show one model
    Get {
        /// Its name
        name: ModelName,
    },
    /// Register a model's name
    Create {
        /// The name
        name: ModelName,
        /// Free text
        #[arg(long, default_value = "", hide_default_value = true)]
        description: String,
        /// A tag; may be repeated
        #[arg(long, value_name = "KEY=VALUE", value_parser = pair)]
        tag: Vec<(String, String)>,
    },
    /// Give a model another name; its versions follow
    Rename {
        /// Its name
        name: ModelName,
        /// Its new name
        new_name: ModelName,
    },
    /// Change the description of a model, or of one of its versions
    Describe {
        /// The model
        name: ModelName,
        /// Free text
        description: String,
        /// Of this version, not of the model
        #[arg(long, value_name = "N")]
        version: Option<VersionNumber>,
    },
    /// Set a tag of a model, or of one of its versions
    SetTag {
        /// The model
        name: ModelName,
        /// The tag's key
        key: String,
        /// The tag's value
        value: String,
        /// Of this version, not of the model
        #[arg(long, value_name = "N")]
        version: Option<VersionNumber>,
    },
    /// Delete a model with all its versions; there is no bin
    Delete {
        /// Its name
        name: ModelName,
    },
    #[command(flatten)]
    OfVersions(VersionAction),
}

/// What can be done with versions; on the command line they stand beside the others.
#[derive(Debug, Subcommand)]
enum VersionAction {
    /// List versions, of all models or of those that a filter names
    Versions(Search),
    /// Show one version
    GetVersion {
        /// The model
        name: ModelName,
        /// The version's number, or one of its aliases
        version: String,
    },
    /// Make the next version of a model
    CreateVersion {
        /// The model
        name: ModelName,
        /// Where its files lie, such as runs:/RUN_ID/model
        #[arg(long, value_name = "URI")]
        source: String,
        /// The run that made it
        #[arg(long, value_name = "ID")]
        run: Option<RunId>,
        /// Free text
        #[arg(long, default_value = "", hide_default_value = true)]
        description: String,
    },
    /// Move a version to a stage (deprecated by MLflow: prefer set-alias)
    SetStage {
        /// The model
        name: ModelName,
        /// The version's number
        version: VersionNumber,
        /// The stage
        stage: StageName,
        /// Archive the versions that were there
        #[arg(long)]
        archive_existing: bool,
    },
    /// Point an alias at a version
    SetAlias {
        /// The model
        name: ModelName,
        /// The alias, such as champion
        alias: String,
        /// The version's number
        version: VersionNumber,
    },
    /// Remove an alias
    DeleteAlias {
        /// The model
        name: ModelName,
        /// The alias
        alias: String,
    },
    /// Delete a version; there is no bin
    DeleteVersion {
        /// The model
        name: ModelName,
        /// The version's number
        version: VersionNumber,
    },
}

#[derive(Debug, clap::Args)]
struct Search {
    /// MLflow's filter language, such as "name LIKE 'fraud%'"
    #[arg(long, default_value = "", hide_default_value = true)]
    filter: String,
    /// Such as "last_updated_timestamp DESC"; may be repeated
    #[arg(long, value_name = "COLUMN")]
    order_by: Vec<String>,
    #[command(flatten)]
    limit: Limit,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum StageName {
    None,
    Staging,
    Production,
    Archived,
}

/// Does what was asked.
///
/// # Errors
/// What the server, the network or the settings say.
pub async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let (client, output) = arguments.connection.open()?;
    match arguments.action {
        Action::List(search) => {
            let models = client.search_models(search.registry_search());
            list(&search.limit.take(models).await?, output)
        }
        Action::Get { name } => show(&client.model(&name).await?, output),
        Action::Create { name, description, tag } => {
            let tags: Vec<_> = tag.into_iter().map(|(key, value)| Tag { key, value }).collect();
            let model = client.create_model(&name, &description, &tags).await?;
            output.done(&model, &format!("registered model {name}"))
        }
        Action::Rename { name, new_name } => {
            let model = client.rename_model(&name, &new_name).await?;
            output.done(&model, &format!("renamed model {name} to {new_name}"))
        }
        Action::Describe { name, description, version: None } => {
            show(&client.update_model(&name, &description).await?, output)
        }
        Action::Describe { name, description, version: Some(version) } => {
            show_version(&client.update_version(&name, version, &description).await?, output)
        }
        Action::Delete { name } => {
            client.delete_model(&name).await?;
            output.done(&json!({ "name": name }), &format!("deleted model {name}"))
        }
        Action::SetTag { name, key, value, version } => {
            set_tag(&client, &name, version, &Tag { key, value }).await?;
            output.done(&json!({ "name": name, "version": version }), &format!("set the tag of {name}"))
        }
        Action::OfVersions(action) => run_versions(&client, action, output).await,
    }
}

async fn run_versions(client: &Client, action: VersionAction, output: Output) -> anyhow::Result<()> {
    match action {
        VersionAction::Versions(search) => {
            let versions = client.search_versions(search.registry_search());
            list_versions(&search.limit.take(versions).await?, output)
        }
        VersionAction::GetVersion { name, version } => {
            // Aliases that look like numbers are not allowed, so that this cannot mistake one for the other.
            let found = match version.parse() {
                Ok(number) => client.version(&name, number).await?,
                Err(_) => client.version_by_alias(&name, &version).await?,
            };
            show_version(&found, output)
        }
        VersionAction::CreateVersion { name, source, run, description } => {
            let new = NewVersion { source, run_id: run, description, tags: Vec::new() };
            let version = client.create_version(&name, &new).await?;
            output.done(&version, &format!("created version {} of model {name}", version.version))
        }
        VersionAction::SetStage { name, version, stage, archive_existing } => {
            let stage = match stage {
                StageName::None => Stage::None,
                StageName::Staging => Stage::Staging,
                StageName::Production => Stage::Production,
                StageName::Archived => Stage::Archived,
            };
            show_version(&client.transition_stage(&name, version, stage, archive_existing).await?, output)
        }
        VersionAction::SetAlias { name, alias, version } => {
            client.set_alias(&name, &alias, version).await?;
            let sentence = format!("alias {alias} of model {name} points at version {version}");
            output.done(&json!({ "name": name, "alias": alias, "version": version }), &sentence)
        }
        VersionAction::DeleteAlias { name, alias } => {
            client.delete_alias(&name, &alias).await?;
            output.done(&json!({ "name": name, "alias": alias }), &format!("removed alias {alias} of model {name}"))
        }
        VersionAction::DeleteVersion { name, version } => {
            client.delete_version(&name, version).await?;
            output.done(&json!({ "name": name, "version": version }), &format!("deleted version {version} of {name}"))
        }
    }
}

impl Search {
    fn registry_search(&self) -> RegistrySearch {
        let (filter, order_by) = (self.filter.clone(), self.order_by.clone());
        RegistrySearch { filter, order_by, page_size: self.limit.page_size() }
    }
}

async fn set_tag(client: &Client, name: &ModelName, version: Option<VersionNumber>, tag: &Tag) -> anyhow::Result<()> {
    match version {
        None => client.set_model_tag(name, tag).await?,
        Some(version) => client.set_version_tag(name, version, tag).await?,
    }
    Ok(())
}

fn list(models: &[RegisteredModel], output: Output) -> anyhow::Result<()> {
    output.list(models, ["NAME", "LATEST", "ALIASES", "UPDATED"], |model| {
        let latest = model.latest_versions.iter().map(|version| version.version.0).max();
        [
            model.name.to_string(),
            latest.map_or_else(String::new, |number| number.to_string()),
            aliases(model),
            time(model.last_updated_timestamp),
        ]
    })
}

fn aliases(model: &RegisteredModel) -> String {
    let aliases: Vec<_> = model.aliases.iter().map(|alias| format!("{}={}", alias.alias, alias.version)).collect();
    aliases.join(", ")
}

fn show(model: &RegisteredModel, output: Output) -> anyhow::Result<()> {
    output.one(
        model,
        vec![
            ("name", model.name.to_string()),
            ("description", model.description.clone()),
            ("created", time(model.creation_timestamp)),
            ("updated", time(model.last_updated_timestamp)),
            ("aliases", aliases(model)),
            ("tags", pairs(model.tags.iter().map(|tag| (tag.key.as_str(), tag.value.as_str())))),
        ],
    )
}

fn list_versions(versions: &[ModelVersion], output: Output) -> anyhow::Result<()> {
    output.list(versions, ["MODEL", "VERSION", "STAGE", "ALIASES", "STATUS", "RUN", "CREATED"], |version| {
        [
            version.name.to_string(),
            version.version.to_string(),
            word(version.current_stage),
            version.aliases.join(", "),
            word(version.status),
            version.run_id.clone(),
            time(version.creation_timestamp),
        ]
    })
}

fn show_version(version: &ModelVersion, output: Output) -> anyhow::Result<()> {
    output.one(
        version,
        vec![
            ("model", version.name.to_string()),
            ("version", version.version.to_string()),
            ("stage", word(version.current_stage)),
            ("aliases", version.aliases.join(", ")),
            ("status", word(version.status)),
            ("source", version.source.clone()),
            ("run", version.run_id.clone()),
            ("description", version.description.clone()),
            ("created", time(version.creation_timestamp)),
            ("tags", pairs(version.tags.iter().map(|tag| (tag.key.as_str(), tag.value.as_str())))),
        ],
    )
}
