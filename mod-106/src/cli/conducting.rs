//! What `promote`, `rollback` and `approve` share: the server, who acts, where it is written down and shown, Ctrl-C, and how it is told.

use super::connection::Connection;
use super::output::Output;
use crate::audit::Trail;
use crate::client::{Client, ModelName};
use crate::github::{GitHub, Settings as GitHubSettings};
use crate::promotion::{Conductor, Deployments, Error, Finish, Outcome, Registry, Settings};
use serde_json::json;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// What `promote` and `rollback` are done with, and asked for alike.
#[derive(Debug, clap::Args)]
pub(super) struct Means {
    #[command(flatten)]
    pub(super) connection: Connection,
    #[command(flatten)]
    record: Record,
    #[command(flatten)]
    patience: Patience,
    #[command(flatten)]
    github: OnGitHub,
}

/// Who acts, and where it is written down.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Record")]
pub(super) struct Record {
    /// Who does this; without, GITHUB_ACTOR, MLFLOW_TRACKING_USERNAME or USER
    #[arg(long, global = true, value_name = "NAME")]
    pub(super) actor: Option<String>,
    /// The audit trail's file
    #[arg(long, global = true, value_name = "FILE", env = "MOD106_AUDIT_TRAIL", default_value = "audit.jsonl")]
    pub(super) trail: PathBuf,
}

/// How patient to be with others who promote.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Record")]
pub(super) struct Patience {
    /// How long our lease lasts if we vanish; longer than the longest answer of the server
    #[arg(long, global = true, value_name = "SECONDS", default_value_t = 60)]
    lease_s: u64,
    /// How long a lease must stand before it counts as ours
    #[arg(long, global = true, value_name = "MS", default_value_t = 100)]
    settle_ms: u64,
}

/// Whether and how the operation is shown on GitHub.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "GitHub")]
pub(super) struct OnGitHub {
    /// Make a deployment on GitHub (GITHUB_REPOSITORY, GITHUB_TOKEN, GITHUB_API_URL)
    #[arg(long, global = true)]
    github: bool,
    /// The commit, branch or tag that is deployed
    #[arg(long, global = true, value_name = "REF", env = "GITHUB_SHA", default_value = "main")]
    github_ref: String,
    /// A workflow run whose environment's reviewers must have approved
    #[arg(long, global = true, value_name = "ID")]
    github_run: Option<u64>,
    /// The environment that the champion is deployed to, and whose reviewers count
    #[arg(long, global = true, value_name = "NAME", default_value = "production")]
    github_environment: String,
}

impl Record {
    /// Whoever acts.
    pub(super) fn actor(&self) -> String {
        let variables = ["GITHUB_ACTOR", "MLFLOW_TRACKING_USERNAME", "USER"].map(|name| std::env::var(name).ok());
        let named = [self.actor.clone()].into_iter().chain(variables).flatten().find(|name| !name.trim().is_empty());
        named.unwrap_or_else(|| "unknown".to_owned())
    }
}

impl OnGitHub {
    /// The connection, where one was asked for.
    pub(super) fn deployments(&self) -> Result<Option<Deployments>, Error> {
        if !self.github && self.github_run.is_none() {
            return Ok(None);
        }
        let settings = GitHubSettings::from_variables(|name| std::env::var(name).ok())?;
        Ok(Some(Deployments {
            github: GitHub::new(&settings)?,
            git_ref: self.github_ref.clone(),
            run: self.github_run,
            production: self.github_environment.clone(),
        }))
    }
}

impl Means {
    /// Everything that a promotion or a rollback is done with. From here on Ctrl-C stops it between two steps.
    pub(super) async fn conductor(&self, model: ModelName, reason: &str) -> anyhow::Result<(Conductor, Output)> {
        // Settings first: a mistake in them should not wait for a server.
        let deployments = self.github.deployments()?;
        let (client, output) = self.connection.open()?;
        let conductor = Conductor {
            registry: open(client, model).await?,
            settings: Settings {
                actor: self.record.actor(),
                reason: reason.to_owned(),
                lease: Duration::from_secs(self.patience.lease_s.max(1)),
                settle: Duration::from_millis(self.patience.settle_ms),
            },
            trail: Trail::new(&self.record.trail),
            deployments,
            progress: say,
            stop: stopped_by_ctrl_c(),
        };
        Ok((conductor, output))
    }
}

/// The first Ctrl-C lets the request that is on its way come to its end, and gives the lease back; the second ends the program.
fn stopped_by_ctrl_c() -> CancellationToken {
    let stop = CancellationToken::new();
    let pressed = stop.clone();
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            eprintln!("stopping after the step that is under way; Ctrl-C once more stops at once");
            pressed.cancel();
        }
        if tokio::signal::ctrl_c().await.is_ok() {
            std::process::exit(i32::from(crate::promotion::INTERRUPTED));
        }
    });
    stop
}

/// A model that exists.
pub(super) async fn open(client: Client, model: ModelName) -> Result<Registry, Error> {
    Registry::open(client, model).await
}

/// Progress goes where results do not, and only to a person: a log of a pipeline keeps the audit trail instead.
fn say(what: &str) {
    if std::io::stderr().is_terminal() {
        eprintln!("  {what}");
    }
}

/// A command that did what it could, and whose answer is not yes. What there is to read has been printed.
#[derive(Debug, thiserror::Error)]
#[error("{sentence}")]
pub(super) struct Ended {
    /// The exit code.
    pub(super) code: u8,
    sentence: String,
}

impl Ended {
    /// A refusal.
    pub(super) fn refused(sentence: String) -> Self {
        Self { code: 1, sentence }
    }
}

/// Prints how it ended, and turns it into an exit code.
pub(super) fn tell(done: Result<Finish, Error>, model: &str, output: Output) -> anyhow::Result<()> {
    let finish = match done {
        Ok(finish) => finish,
        Err(error) if output.is_json() && error.exit_code() == 1 => {
            let sentence = error.to_string();
            output.done(&json!({ "outcome": "refused", "model": model, "sentence": sentence }), &sentence)?;
            return Err(Ended { code: 1, sentence }.into());
        }
        Err(error) => return Err(error.into()),
    };
    let mut lines: Vec<_> = finish
        .gates
        .iter()
        .map(|gate| {
            let mark = match gate.outcome {
                Outcome::Pass => "pass   ",
                Outcome::Fail => "FAIL   ",
                Outcome::Unknown => "UNKNOWN",
            };
            format!("{mark} {}: {}", super::output::word(gate.gate), gate.sentence)
        })
        .collect();
    for measured in finish.canary.iter().flat_map(|judgement| &judgement.measures) {
        let verdict = super::output::word(measured.verdict);
        lines.push(format!(
            "{verdict} {}: {} ({})",
            super::output::word(measured.measure),
            measured.sentence,
            measured.method
        ));
    }
    lines.push(format!("{}: {} ({})", finish.outcome, finish.sentence, finish.aliases));
    output.done(&finish, &lines.join("\n"))?;
    let worse =
        finish.canary.as_ref().is_some_and(|judgement| judgement.verdict == crate::promotion::canary::Verdict::Fail);
    let code = match finish.outcome {
        "refused" | "would-roll-back" => 1,
        "inconclusive" => 4,
        // Asked to promote, it had to roll back.
        "rolled-back" if worse && finish.gates.iter().any(|gate| gate.outcome == Outcome::Pass) => 1,
        _ => return Ok(()),
    };
    Err(Ended { code, sentence: format!("{}: {}", finish.outcome, finish.sentence) }.into())
}
