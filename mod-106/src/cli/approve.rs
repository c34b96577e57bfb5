//! `mod-106 approve`: a person says that a version, with the validation report they saw, may go on.

use super::conducting::{Ended, Record, open};
use super::connection::Connection;
use crate::audit::{Event, Trail};
use crate::client::{ModelName, VersionNumber};
use crate::github::{GitHub, Settings};
use crate::promotion::{Approval, Error, Refusal};
use serde_json::json;

/// `mod-106 approve …`
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    connection: Connection,
    #[command(flatten)]
    record: Record,
    /// The registered model
    model: ModelName,
    /// The version
    #[arg(long, value_name = "N")]
    version: VersionNumber,
    /// The digest of the report that was read; without, the one that stands on the version now
    #[arg(long, value_name = "sha256:…")]
    digest: Option<String>,
    /// Who approves; without, whoever acts
    #[arg(long, value_name = "NAME")]
    approver: Option<String>,
    /// Free text
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    comment: String,
    /// A workflow run on GitHub to approve too, as the token's owner
    #[arg(long, value_name = "ID", help_heading = "GitHub")]
    github_run: Option<u64>,
    /// The environment that the run waits for
    #[arg(long, value_name = "NAME", default_value = "production", help_heading = "GitHub")]
    github_environment: String,
}

/// Approves.
///
/// # Errors
/// When there is nothing to approve, another report than the one named, or the approver is the author.
pub async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let (client, output) = arguments.connection.open()?;
    let registry = open(client, arguments.model.clone()).await?;
    let (name, version) = (&arguments.model, arguments.version);
    let view = registry.view().await?;
    if !view.versions.contains(&version) {
        let known = view.versions.iter().copied().collect();
        return Err(Error::Refused(Refusal::NoSuchVersion { version, known }).into());
    }
    let facts = registry.facts(version).await?;
    let approver = arguments.approver.clone().unwrap_or_else(|| arguments.record.actor());
    let refused = |sentence: String| Err(Ended::refused(sentence).into());
    let Some(current) = facts.report_digest else {
        return refused(format!(
            "version {version} of {name} has no validation report yet: there is nothing to approve"
        ));
    };
    if let Some(given) = arguments.digest.filter(|given| *given != current) {
        return refused(format!(
            "version {version} of {name} has the report {current} now, not {given}: read it again"
        ));
    }
    if facts.author.as_deref().is_some_and(|author| author.trim().eq_ignore_ascii_case(approver.trim())) {
        return refused(format!("{approver} made version {version} of {name}, and cannot approve it"));
    }
    if let Some(run) = arguments.github_run {
        let github = GitHub::new(&Settings::from_variables(|name| std::env::var(name).ok()).map_err(Error::from)?);
        let github = github.map_err(Error::from)?;
        let review = github.review(run, &arguments.github_environment, true, &arguments.comment).await;
        review.map_err(Error::from)?;
    }
    let time = jiff::Timestamp::now();
    let approval = Approval { approver, version, digest: current, time, comment: arguments.comment };
    // The trail first: an approval that counts and is written down nowhere would be worse than one written down that does not count.
    let detail = json!({ "digest": approval.digest, "comment": approval.comment, "github_run": arguments.github_run });
    let event = Event::new(&approval.approver, "approval.given", format!("model:{name}/{version}"), detail);
    Trail::new(&arguments.record.trail).append(&event, time).map_err(Error::from)?;
    registry.approve(&approval).await?;
    output.done(
        &approval,
        &format!("{} approved version {version} of {name} with the report {}", approval.approver, approval.digest),
    )
}
