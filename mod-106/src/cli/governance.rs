//! `mod-106 governance`: documents from what the tracking server and the audit trail hold, and runbooks that run.

use super::connection::Connection;
use super::governance_runbook as runbook;
use super::output::Output;
use crate::client::{Client, ModelName};
use crate::governance::{
    self, ApprovalRecord, ApprovalRules, Card, ChainState, Compliance, Controls, Document, Dossier, Message,
    MessageKind, TrailFacts,
};
use clap::{Subcommand, ValueEnum};
use jiff::Timestamp;
use std::io::Write;
use std::path::PathBuf;

/// `mod-106 governance …`
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Documents go to standard output as Markdown, as JSON with --json, or with --out into a folder as NAME.md, NAME.html and NAME.json. The
same data gives the same bytes; a run that fails leaves files as they were.

Exit codes: 0 done · 1 a control is not resolved, approvals are missing, a chain is broken, records do not bear a message out ·
2 wrong usage or a malformed file · 3 the server could not be reached")]
pub struct Arguments {
    #[command(flatten)]
    connection: Connection,
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// The model card: identity, use, data, figures, lineage, approvals, history
    Card(About),
    /// The compliance report: each control with its evidence, verified again
    Report {
        #[command(flatten)]
        about: About,
        /// The controls (TOML)
        #[arg(long, value_name = "FILE")]
        controls: PathBuf,
    },
    /// The approval record: who approved what, and whether it counts
    Approval(About),
    /// A message to people, from the records
    Message {
        /// Which
        kind: KindOfMessage,
        #[command(flatten)]
        about: About,
    },
    /// The audit trail as a page, its chain verified
    Trail {
        /// Only what is about this subject, such as model:fraud/3
        #[arg(long, value_name = "SUBJECT")]
        subject: Option<String>,
        #[command(flatten)]
        place: Place,
    },
    /// Runbooks: generate them, run them
    Runbook {
        #[command(subcommand)]
        action: runbook::Action,
    },
}

/// Which version, and how to judge it.
#[derive(Debug, clap::Args)]
pub(super) struct About {
    /// The registered model
    model: ModelName,
    /// The version's number, or one of its aliases
    version: String,
    #[command(flatten)]
    place: Place,
    /// How many people other than the author must approve
    #[arg(long, value_name = "N", default_value_t = 1)]
    approvals: usize,
    /// For how many days an approval holds
    #[arg(long, value_name = "DAYS", default_value_t = 90)]
    valid_days: u32,
    /// Judge approvals as of this time (RFC 3339); now, otherwise
    #[arg(long, value_name = "TIME")]
    at: Option<Timestamp>,
}

/// Where records are read and documents written.
#[derive(Debug, clap::Args)]
pub(super) struct Place {
    /// The audit trail
    #[arg(long, value_name = "FILE", env = "MOD106_AUDIT_TRAIL")]
    trail: Option<PathBuf>,
    /// Write the document into this folder, as Markdown, HTML and JSON
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum KindOfMessage {
    Release,
    Incident,
    Deprecation,
}

/// Does what was asked.
///
/// # Errors
/// What the server, the files and the records say.
pub async fn run(arguments: Arguments) -> anyhow::Result<()> {
    if let Action::Runbook { action } = arguments.action {
        return runbook::run(action, &arguments.connection).await;
    }
    let (client, output) = arguments.connection.open()?;
    match arguments.action {
        Action::Card(about) => {
            let (dossier, trail) = about.read(&client).await?;
            let card = Card::new(&dossier, &trail, about.judge(&dossier));
            hand_over(&governance::card(&card).map_err(lifted)?, &about.place, output)
        }
        Action::Report { about, controls } => report(&client, &about, &controls, output).await,
        Action::Approval(about) => {
            let (dossier, _) = about.read(&client).await?;
            let record = about.judge(&dossier);
            hand_over(&governance::record(&record).map_err(lifted)?, &about.place, output)?;
            anyhow::ensure!(
                record.is_clean(),
                "version {} is not properly approved: {}",
                record.version,
                reasons(&record)
            );
            Ok(())
        }
        Action::Message { kind, about } => message(&client, kind, &about, output).await,
        Action::Trail { subject, place } => {
            let facts = place.trail(None)?;
            if facts.chain == ChainState::NotGiven {
                let problem = "give the audit trail's file".to_owned();
                return Err(governance::Error::Input { path: "--trail".into(), problem }.into());
            }
            hand_over(&governance::trail_page(&facts, subject.as_deref()).map_err(lifted)?, &place, output)?;
            anyhow::ensure!(
                facts.chain == ChainState::Verified,
                "the audit trail is broken: {}",
                facts.problem.unwrap_or_default()
            );
            Ok(())
        }
        Action::Runbook { .. } => Ok(()),
    }
}

async fn report(client: &Client, about: &About, controls: &std::path::Path, output: Output) -> anyhow::Result<()> {
    // Files first: a mistake in them should not wait for a server.
    let controls = Controls::read(controls)?;
    let (dossier, trail) = about.read(client).await?;
    let report = Compliance::resolve(&controls, &dossier, &trail, about.rules(), about.now());
    hand_over(&governance::compliance(&report).map_err(lifted)?, &about.place, output)?;
    let open = report.controls.iter().filter(|line| line.finding != governance::Finding::Resolved);
    let open: Vec<_> = open.map(|line| line.id.as_str()).collect();
    anyhow::ensure!(
        report.resolved,
        "{} of {} controls are not resolved: {}",
        open.len(),
        report.controls.len(),
        open.join(", ")
    );
    Ok(())
}

async fn message(client: &Client, kind: KindOfMessage, about: &About, output: Output) -> anyhow::Result<()> {
    let kind = match kind {
        KindOfMessage::Release => MessageKind::Release,
        KindOfMessage::Incident => MessageKind::Incident,
        KindOfMessage::Deprecation => MessageKind::Deprecation,
    };
    let (dossier, trail) = about.read(client).await?;
    let before = governance::run_before(client, &dossier).await.map_err(lifted)?;
    let record = about.judge(&dossier);
    let message = Message::new(kind, &dossier, before.as_ref(), &trail, &record)?;
    hand_over(&governance::message(&message).map_err(lifted)?, &about.place, output)
}

impl About {
    /// Everything that the server and the trail hold about the version.
    pub(super) async fn read(&self, client: &Client) -> anyhow::Result<(Dossier, TrailFacts)> {
        let dossier = governance::read(client, &self.model, &self.version).await.map_err(lifted)?;
        let head = dossier.model.tags.iter().find(|tag| tag.key == "promotion.audit_head");
        // SEQUENCE:sha256:HEX
        let head = head.and_then(|tag| tag.value.split_once(':')).map(|(_, digest)| digest.to_owned());
        let trail = self.place.trail(head.as_deref())?;
        Ok((dossier, trail))
    }

    fn judge(&self, dossier: &Dossier) -> ApprovalRecord {
        ApprovalRecord::judge(dossier, self.rules(), self.now())
    }

    fn rules(&self) -> ApprovalRules {
        ApprovalRules { needed: self.approvals, valid_days: self.valid_days }
    }

    fn now(&self) -> Timestamp {
        self.at.unwrap_or_else(Timestamp::now)
    }

    pub(super) fn place(&self) -> &Place {
        &self.place
    }
}

impl Place {
    fn trail(&self, head: Option<&str>) -> anyhow::Result<TrailFacts> {
        match &self.trail {
            Some(path) => Ok(TrailFacts::read(path, head)?),
            None => Ok(TrailFacts::not_given()),
        }
    }
}

/// Writes a document, or prints it.
pub(super) fn hand_over(document: &Document, place: &Place, output: Output) -> anyhow::Result<()> {
    if let Some(folder) = &place.out {
        document.write(folder)?;
        eprintln!("wrote {0}.md, {0}.html and {0}.json into {1}", document.name, folder.display());
        if !output.is_json() {
            return Ok(());
        }
    }
    let text = if output.is_json() { &document.json } else { &document.markdown };
    // Not `print!`: it panics when the reader has gone.
    Ok(std::io::stdout().lock().write_all(text.as_bytes())?)
}

/// The client's errors as themselves: they decide the exit code.
pub(super) fn lifted(error: governance::Error) -> anyhow::Error {
    match error {
        governance::Error::Client(error) => error.into(),
        other => other.into(),
    }
}

fn reasons(record: &ApprovalRecord) -> String {
    if record.violations.is_empty() {
        format!("{} of {} needed approvals count", record.counting, record.needed)
    } else {
        record.violations.join("; ")
    }
}
