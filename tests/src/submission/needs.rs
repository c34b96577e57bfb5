//! Whether a check can be put to a submission at all: what it needs, against what the submission offers and this machine has.

use super::deployment::{Deployment, Kind};
use crate::{check::Need, tool::Tool};

/// Why a check cannot be put to a submission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unmet {
    /// The submission does not offer it.
    NotClaimed(String),
    /// It cannot be had here.
    NotRun(String),
}

impl Deployment {
    /// Why a need is not met: nothing where it is, else whether it was not claimed, and the reason.
    #[must_use]
    pub fn unmet(&self, need: Need) -> Option<Unmet> {
        let Kind::Started(started) = &self.kind else { return self.unmet_attached(need) };
        let not_claimed = |met: bool, reason: String| if met { None } else { Some(Unmet::NotClaimed(reason)) };
        match need {
            Need::Claim(claim) => not_claimed(self.claims(claim), format!("submission.toml does not claim `{claim}`")),
            Need::Command(name) => not_claimed(
                started.manifest.commands.contains_key(name),
                format!("submission.toml has no command `{name}`"),
            ),
            Need::Account(name) => {
                not_claimed(started.accounts.contains_key(name), format!("submission.toml has no account `{name}`"))
            }
            Need::Secrets => {
                let declared = !started.manifest.secrets.files.is_empty();
                not_claimed(declared, "submission.toml does not say where its secrets are".to_owned())
            }
            Need::File(name) => not_claimed(
                started.manifest.files.contains_key(name),
                format!("submission.toml has no `{name}` under `[files]`"),
            ),
            Need::Tool(name) => Tool::find(name, &started.tools).err().map(Unmet::NotRun),
            Need::Bucket if started.world.s3().is_none() => Some(Unmet::NotRun("this lab gives no bucket".to_owned())),
            Need::Restart if started.start_command.is_none() => Some(Unmet::NotRun("nothing was started".to_owned())),
            Need::Bucket | Need::Restart | Need::Processes | Need::Logs => None,
        }
    }

    fn unmet_attached(&self, need: Need) -> Option<Unmet> {
        let Kind::Attached(attached) = &self.kind else { return None };
        let what = match need {
            Need::Account("admin") if attached.account.is_some() => return None,
            Need::Account(name) => {
                let upper = name.to_uppercase();
                return Some(Unmet::NotRun(format!("set LAB_{upper}_USERNAME and LAB_{upper}_PASSWORD to check this")));
            }
            Need::Claim(_) => "capabilities are declared in a submission.toml",
            Need::Command(_) => "commands are run only where the harness has the submission's folder",
            Need::Restart => "the harness restarts only what it has started",
            Need::Processes => "the harness sees only the processes that it has started",
            Need::Logs => "the harness reads only the logs of what it has started",
            Need::Secrets => "secret files are declared in a submission.toml",
            Need::Bucket => "the bucket is not the harness's own",
            Need::File(_) => "files are declared in a submission.toml",
            Need::Tool(_) => "tools judge only what the harness has a folder of",
        };
        Some(Unmet::NotRun(format!("with --attach, {what}")))
    }
}
