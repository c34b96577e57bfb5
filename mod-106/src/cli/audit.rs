//! `mod-106 audit`: read the audit trail, and see that nobody changed it.

use super::connection::Shown;
use crate::audit::{Entry, read, verify};
use crate::promotion::Error;
use clap::Subcommand;
use serde_json::json;
use std::path::PathBuf;

/// `mod-106 audit …`
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    shown: Shown,
    /// The audit trail's file
    #[arg(long, global = true, value_name = "FILE", env = "MOD106_AUDIT_TRAIL", default_value = "audit.jsonl")]
    trail: PathBuf,
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Show the entries
    Show {
        /// Only those about this, such as model:fraud or model:fraud/3
        #[arg(long, value_name = "SUBJECT")]
        subject: Option<String>,
    },
    /// Check the chain; names the first entry that is not what it was
    Verify {
        /// A digest that must be in it, such as the registry's tag promotion.audit_head says
        #[arg(long, value_name = "sha256:…")]
        head: Option<String>,
    },
}

/// Shows or checks.
///
/// # Errors
/// When the trail cannot be read, or was changed.
pub async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let output = arguments.shown.open();
    let path = &arguments.trail;
    if !path.exists() {
        let problem = "there is no audit trail here; name it with --trail, or in MOD106_AUDIT_TRAIL".to_owned();
        return Err(Error::File { path: path.clone(), problem }.into());
    }
    match arguments.action {
        Action::Show { subject } => {
            let reading = read(path).map_err(Error::from)?;
            warn(path, reading.torn.as_ref().map(|torn| torn.line));
            let about = |entry: &&Entry| {
                subject.as_ref().is_none_or(|subject| {
                    let rest = entry.subject.strip_prefix(subject.as_str());
                    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
                })
            };
            let entries: Vec<_> = reading.entries.iter().filter(about).cloned().collect();
            output.list(&entries, ["NUMBER", "TIME", "ACTOR", "ACTION", "SUBJECT", "REASON"], |entry| {
                let reason = entry.detail.get("reason").or(entry.detail.get("comment"));
                [
                    entry.sequence.to_string(),
                    entry.time.to_string(),
                    entry.actor.clone(),
                    entry.action.clone(),
                    entry.subject.clone(),
                    reason.and_then(|reason| reason.as_str()).unwrap_or_default().to_owned(),
                ]
            })
        }
        Action::Verify { head } => {
            // `promotion.audit_head` is `NUMBER:sha256:…`; both spellings are understood.
            let head = head.as_deref().map(|head| head.find("sha256:").map_or(head, |start| &head[start..]));
            let reading = verify(path, head).map_err(Error::from)?;
            warn(path, reading.torn.as_ref().map(|torn| torn.line));
            let last = reading.entries.last().map_or("none", |entry| entry.digest.as_str());
            let count = reading.entries.len();
            output.done(
                &json!({ "outcome": "sound", "entries": count, "head": last, "torn": reading.torn.is_some() }),
                &format!("{count} entries, unbroken; the last is {last}"),
            )
        }
    }
}

fn warn(path: &std::path::Path, torn: Option<u64>) {
    if let Some(line) = torn {
        eprintln!(
            "note: line {line} of {} is torn: its writer was stopped in the middle. The next entry sets it aside",
            path.display()
        );
    }
}
