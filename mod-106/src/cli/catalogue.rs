//! `mod-106 catalogue`: one page of which model used which features, data, code and run, and a JSON file of the same.

use super::connection::Connection;
use crate::features::Error;
use crate::features::catalogue::{self, Catalogue};
use crate::features::client::FeatureClient;
use crate::features::time;
use serde_json::json;
use std::path::PathBuf;

/// `mod-106 catalogue …`
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    connection: Connection,
    /// The folder to write index.html and catalogue.json to
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// The feature registry's server; without it features are named as runs name them, and say so
    #[arg(long, value_name = "URL", env = "FEATURE_REGISTRY_URL")]
    registry: Option<String>,
    /// The registry's project; may be left out where there is one
    #[arg(long, value_name = "NAME")]
    project: Option<String>,
    /// Only this model; may be repeated
    #[arg(long = "model", value_name = "NAME")]
    models: Vec<String>,
    /// End with exit code 1 when a link is missing
    #[arg(long)]
    strict: bool,
}

/// Reads both registries and writes the catalogue.
///
/// # Errors
/// What a server says, or that a file cannot be written.
pub async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let (client, output) = arguments.connection.open()?;
    let registry = match &arguments.registry {
        Some(address) => {
            let registry = FeatureClient::new(address)?;
            let project = match arguments.project {
                Some(project) => project,
                None => only_project(&registry).await?,
            };
            Some(registry.registry(&project).await?)
        }
        None => None,
    };
    let models = catalogue::read_models(&client, &arguments.models).await?;
    let catalogue = Catalogue::assemble(client.tracking_uri(), models, registry, time::format(time::now()));
    catalogue::write(&arguments.out, &catalogue)?;
    let (models, gaps) = (catalogue.models.len(), catalogue.gaps.len());
    for gap in &catalogue.gaps {
        eprintln!("gap: {}: {} ({})", gap.subject, gap.missing, gap.advice);
    }
    let index = arguments.out.join("index.html");
    let answer = json!({ "index": index, "models": models, "gaps": gaps });
    output.done(&answer, &format!("wrote {} ({models} models, {gaps} gaps)", index.display()))?;
    if arguments.strict && gaps > 0 {
        anyhow::bail!("the catalogue has gaps ({gaps}); the page lists them with what to do");
    }
    Ok(())
}

/// The project of a registry that has one.
pub(super) async fn only_project(client: &FeatureClient) -> Result<String, Error> {
    let mut projects = client.projects().await?;
    match (projects.pop(), projects.is_empty()) {
        (Some(project), true) => Ok(project),
        (None, _) => Err(Error::Malformed {
            place: client.address().to_owned(),
            problem: "the registry has no project; apply a feature repository first".to_owned(),
        }),
        (Some(last), false) => Err(Error::Malformed {
            place: client.address().to_owned(),
            problem: format!("the registry has several projects ({}, {last}); give --project", projects.join(", ")),
        }),
    }
}
