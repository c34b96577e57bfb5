//! `mod-106 promote`: a model version's way to champion, one stage at a time.

use super::conducting::{Means, open, tell};
use super::connection::Connection;
use crate::client::{ModelName, VersionNumber};
use crate::promotion::canary::Observations;
use crate::promotion::{Policy, Setup, Stage, State};
use clap::Subcommand;
use serde_json::json;
use std::path::{Path, PathBuf};

/// `mod-106 promote …`
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Stages follow each other: candidate, staging, canary, champion. A version is promoted once, however often it is asked for, and a
promotion that was killed is finished by whoever comes next.

Exit codes: 0 done, or done already · 1 refused, or rolled back because the canary did worse · 2 wrong usage or a malformed file ·
3 a server could not be reached · 4 too little was seen of the canary · 130 stopped by Ctrl-C")]
pub struct Arguments {
    #[command(flatten)]
    means: Means,
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Promote a version to a stage, if its gates are open
    To {
        /// The stage
        #[arg(value_enum)]
        stage: Stage,
        /// The registered model
        model: ModelName,
        /// The version; without, the one that stands a stage before
        #[arg(long, value_name = "N")]
        version: Option<VersionNumber>,
        /// How strict to be (YAML)
        #[arg(long, value_name = "FILE")]
        policy: Option<PathBuf>,
        /// What was seen of champion and canary (YAML or JSON); needed for champion
        #[arg(long, value_name = "FILE")]
        observations: Option<PathBuf>,
        /// Why, for the record
        #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
        reason: String,
        /// Judge, and change nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Show who stands where, and whether something is open
    Status {
        /// The registered model
        model: ModelName,
    },
    /// Finish a promotion or rollback that was interrupted
    Resume {
        /// The registered model
        model: ModelName,
    },
}

/// Does what was asked.
///
/// # Errors
/// A refusal, an inconclusive canary, or what the servers say.
pub async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let means = &arguments.means;
    match arguments.action {
        Action::To { stage, model, version, policy, observations, reason, dry_run } => {
            // Files first: a mistake in them should not wait for a server.
            let policy = read_policy(policy.as_deref())?;
            let observations = read_observations(observations)?;
            let (conductor, output) = means.conductor(model.clone(), &reason).await?;
            let setup = Setup { version, to: stage, policy, observations, dry_run };
            tell(conductor.promote(&setup).await, model.as_str(), output)
        }
        Action::Resume { model } => {
            let (conductor, output) = means.conductor(model.clone(), "").await?;
            tell(conductor.resume().await, model.as_str(), output)
        }
        Action::Status { model } => status(&means.connection, model).await,
    }
}

/// The policy of a file, or the defaults.
pub(super) fn read_policy(file: Option<&Path>) -> anyhow::Result<Policy> {
    Ok(file.map(Policy::read).transpose()?.unwrap_or_default())
}

/// A file of observations, with its name.
pub(super) fn read_observations(file: Option<PathBuf>) -> anyhow::Result<Option<(PathBuf, Observations)>> {
    let read = |file: PathBuf| Observations::read(&file).map(|observations| (file, observations));
    Ok(file.map(read).transpose()?)
}

async fn status(connection: &Connection, model: ModelName) -> anyhow::Result<()> {
    let (client, output) = connection.open()?;
    let registry = open(client, model.clone()).await?;
    let (view, moment) = (registry.view().await?, registry.moment().await?);
    let open = view.last.as_ref().filter(|last| last.state == State::Open);
    let poisoned: Vec<_> = view.poisoned.iter().map(ToString::to_string).collect();
    let last = view.last.as_ref().map_or_else(
        || "none".to_owned(),
        |last| format!("{}: {} of version {} ({})", last.operation, last.kind.noun(), last.version, last.target),
    );
    let holder = moment.lease.as_ref().map(|lease| format!("{} until {}", lease.owner, lease.expires));
    output.one(
        &json!({ "model": model, "aliases": view.aliases, "poisoned": view.poisoned, "open": open, "last": view.last,
            "lease": moment.lease }),
        vec![
            ("model", model.to_string()),
            ("aliases", view.aliases.to_string()),
            ("rolled back", if poisoned.is_empty() { "none".to_owned() } else { poisoned.join(", ") }),
            ("last operation", last),
            ("open", open.map_or("no", |_| "yes: finish it with `mod-106 promote resume`").to_owned()),
            ("lease", holder.unwrap_or_else(|| "free".to_owned())),
        ],
    )
}
