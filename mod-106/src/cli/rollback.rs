//! `mod-106 rollback`: out of its stage, marked so that automation does not promote it again, and the champion before restored.

use super::conducting::{Means, tell};
use super::promote::{read_observations, read_policy};
use crate::client::{ModelName, VersionNumber};
use std::path::PathBuf;

/// `mod-106 rollback …`
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Twice is as good as once: a version that was rolled back stays rolled back, and the champion that was restored is left alone.

Exit codes: 0 done, done already, or not needed · 1 refused · 2 wrong usage or a malformed file · 3 a server could not be reached ·
4 too little was seen to tell · 130 stopped by Ctrl-C")]
pub struct Arguments {
    #[command(flatten)]
    means: Means,
    /// The registered model
    model: ModelName,
    /// The version to roll back; without, the canary if there is one, else the champion
    #[arg(long, value_name = "N")]
    version: Option<VersionNumber>,
    /// The version to go back to, if not the previous champion
    #[arg(long, value_name = "N", requires = "version")]
    to: Option<VersionNumber>,
    /// Why, for the record and for whoever wants to promote it again
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    reason: String,
    /// Only if these figures say that it is worse than the version before (YAML or JSON)
    #[arg(long, value_name = "FILE", conflicts_with_all = ["version", "to"])]
    observations: Option<PathBuf>,
    /// How strict to be with the figures (YAML)
    #[arg(long, value_name = "FILE", requires = "observations")]
    policy: Option<PathBuf>,
}

/// Rolls back.
///
/// # Errors
/// A refusal, or what the servers say.
pub async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let policy = read_policy(arguments.policy.as_deref())?;
    let observations = read_observations(arguments.observations)?;
    let model = arguments.model.clone();
    let (conductor, output) = arguments.means.conductor(model.clone(), &arguments.reason).await?;
    let done = match observations {
        Some((file, seen)) => conductor.roll_back_if_worse(&file, &seen, &policy).await,
        None => conductor.roll_back(arguments.version, arguments.to).await,
    };
    tell(done, model.as_str(), output)
}
