//! `mod-106 experiments`: the folders in which runs lie.

use super::connection::{Connection, Limit, pair};
use super::output::{Output, pairs, time, word};
use crate::client::{Client, Experiment, ExperimentId, ExperimentSearch, Tag, ViewType};
use clap::Subcommand;
use serde_json::json;

/// `mod-106 experiments …`
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    connection: Connection,
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List experiments
    List {
        /// MLflow's filter language, such as "name LIKE 'fraud%'"
        #[arg(long, default_value = "", hide_default_value = true)]
        filter: String,
        /// Such as "last_update_time DESC"; may be repeated
        #[arg(long, value_name = "COLUMN")]
        order_by: Vec<String>,
        #[command(flatten)]
        view: View,
        #[command(flatten)]
        limit: Limit,
    },
    /// Show one experiment
    Get {
        /// Its id
        #[arg(required_unless_present = "name")]
        id: Option<ExperimentId>,
        /// Its name, instead of its id
        #[arg(long, conflicts_with = "id")]
        name: Option<String>,
    },
    /// Create an experiment
    Create {
        /// Its name
        name: String,
        /// A tag; may be repeated
        #[arg(long, value_name = "KEY=VALUE", value_parser = pair)]
        tag: Vec<(String, String)>,
        /// Where its runs keep artifacts; best left to the server
        #[arg(long, value_name = "URI")]
        artifact_location: Option<String>,
    },
    /// Give an experiment another name
    Rename {
        /// Its id
        id: ExperimentId,
        /// Its new name
        name: String,
    },
    /// Set a tag
    SetTag {
        /// The experiment's id
        id: ExperimentId,
        /// The tag's key
        key: String,
        /// The tag's value
        value: String,
    },
    /// Move an experiment and its runs to the bin
    Delete {
        /// Its id
        id: ExperimentId,
    },
    /// Take an experiment and its runs out of the bin
    Restore {
        /// Its id
        id: ExperimentId,
    },
}

/// Active things, deleted ones, or both.
#[derive(Debug, clap::Args)]
pub(super) struct View {
    /// Show deleted ones instead of active ones
    #[arg(long, conflicts_with = "all")]
    deleted: bool,
    /// Show deleted ones too
    #[arg(long)]
    all: bool,
}

impl View {
    pub(super) fn view_type(&self) -> ViewType {
        match self {
            Self { deleted: true, .. } => ViewType::DeletedOnly,
            Self { all: true, .. } => ViewType::All,
            _ => ViewType::ActiveOnly,
        }
    }
}

/// Does what was asked.
///
/// # Errors
/// What the server, the network or the settings say.
pub async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let (client, output) = arguments.connection.open()?;
    match arguments.action {
        Action::List { filter, order_by, view, limit } => {
            let page_size = limit.page_size();
            let search = ExperimentSearch { filter, order_by, view_type: view.view_type(), page_size };
            list(&limit.take(client.search_experiments(search)).await?, output)
        }
        Action::Get { id, name } => show(&find(&client, id, name).await?, output),
        Action::Create { name, tag, artifact_location } => {
            let tags: Vec<_> = tag.into_iter().map(|(key, value)| Tag { key, value }).collect();
            let id = client.create_experiment(&name, artifact_location.as_deref(), &tags).await?;
            output.done(&json!({ "experiment_id": id }), &format!("created experiment {id}"))
        }
        Action::Rename { id, name } => {
            client.rename_experiment(&id, &name).await?;
            output.done(&json!({ "experiment_id": id }), &format!("renamed experiment {id} to {name}"))
        }
        Action::SetTag { id, key, value } => {
            client.set_experiment_tag(&id, &key, &value).await?;
            output.done(&json!({ "experiment_id": id }), &format!("set tag {key} of experiment {id}"))
        }
        Action::Delete { id } => {
            client.delete_experiment(&id).await?;
            let sentence = format!("deleted experiment {id}; `mod-106 experiments restore {id}` brings it back");
            output.done(&json!({ "experiment_id": id }), &sentence)
        }
        Action::Restore { id } => {
            client.restore_experiment(&id).await?;
            output.done(&json!({ "experiment_id": id }), &format!("restored experiment {id}"))
        }
    }
}

async fn find(client: &Client, id: Option<ExperimentId>, name: Option<String>) -> anyhow::Result<Experiment> {
    Ok(match (id, name) {
        (Some(id), _) => client.experiment(&id).await?,
        (None, name) => client.experiment_by_name(&name.unwrap_or_default()).await?,
    })
}

fn list(experiments: &[Experiment], output: Output) -> anyhow::Result<()> {
    output.list(experiments, ["ID", "NAME", "STAGE", "UPDATED"], |experiment| {
        let stage = word(experiment.lifecycle_stage);
        [experiment.experiment_id.to_string(), experiment.name.clone(), stage, time(experiment.last_update_time)]
    })
}

fn show(experiment: &Experiment, output: Output) -> anyhow::Result<()> {
    let tags = pairs(experiment.tags.iter().map(|tag| (tag.key.as_str(), tag.value.as_str())));
    output.one(
        experiment,
        vec![
            ("id", experiment.experiment_id.to_string()),
            ("name", experiment.name.clone()),
            ("stage", word(experiment.lifecycle_stage)),
            ("created", time(experiment.creation_time)),
            ("updated", time(experiment.last_update_time)),
            ("artifacts", experiment.artifact_location.clone()),
            ("tags", tags),
        ],
    )
}
