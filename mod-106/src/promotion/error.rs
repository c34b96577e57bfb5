//! What can go wrong in a promotion, one variant for each decision a caller makes. A refusal is not an accident: nothing was
//! changed, and the message says what would have to be different.

use super::slots::{Aliases, Slot, Stage};
use crate::client::VersionNumber;
use std::path::PathBuf;

/// Why a request is not allowed in the state the registry is in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no such version.
    #[error("there is no version {version}; there {}", versions(known))]
    NoSuchVersion {
        /// The one asked for.
        version: VersionNumber,
        /// Those that exist.
        known: Vec<VersionNumber>,
    },
    /// It was rolled back.
    #[error(
        "version {version} was rolled back and is marked `promotion.poisoned`: register a new version, or let a person remove \
         the mark after reading its reason"
    )]
    Poisoned {
        /// The version.
        version: VersionNumber,
    },
    /// It is beyond that stage.
    #[error("version {version} is {slot} already, which is further; a rollback is the way back")]
    Further {
        /// The version.
        version: VersionNumber,
        /// Where it stands.
        slot: Slot,
    },
    /// It skipped a stage.
    #[error("version {version} is not {before}, so it cannot become {to}; now {aliases}. Promote it to {before} first")]
    NotThere {
        /// The version.
        version: VersionNumber,
        /// Where it would have to stand.
        before: Stage,
        /// Where it was to go.
        to: Stage,
        /// Who stands where.
        aliases: Aliases,
    },
    /// Two canaries at once could not be told apart in the figures.
    #[error("version {holder} is the canary: promote it to champion or roll it back first")]
    CanaryBusy {
        /// The canary.
        holder: VersionNumber,
    },
    /// There is neither a canary nor a champion.
    #[error("there is neither a canary nor a champion: nothing can be rolled back")]
    NothingToRollBack,
    /// The version stands nowhere.
    #[error("version {version} stands nowhere, so there is nothing to roll back; now {aliases}")]
    NotStanding {
        /// The version.
        version: VersionNumber,
        /// Who stands where.
        aliases: Aliases,
    },
    /// There is no champion to go back to.
    #[error(
        "version {version} is the champion and there is no previous champion; name the version to go back to with --to"
    )]
    NoPrevious {
        /// The champion.
        version: VersionNumber,
    },
}

/// What a command exits with that Ctrl-C stopped, as a shell would say it.
pub const INTERRUPTED: u8 = 130;

/// Why a promotion did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not allowed.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The tracking server refused or did not answer.
    #[error(transparent)]
    Client(#[from] crate::client::Error),
    /// There is no such model.
    #[error("there is no registered model {name:?}; there {}", names(known))]
    NoSuchModel {
        /// The one asked for.
        name: String,
        /// Those that exist, some of them.
        known: Vec<String>,
    },
    /// No version was named, and none stands where it would be taken from.
    #[error("no version stands at {0}, so name one with --version")]
    NoneAt(Slot),
    /// Somebody else is at it.
    #[error("{owner} is promoting this model until {expires}: try again then")]
    Busy {
        /// Who.
        owner: String,
        /// When their lease ends.
        expires: jiff::Timestamp,
    },
    /// Somebody else interfered.
    #[error(
        "stopped: {what}. Somebody else changed the model meanwhile; nothing more was done. `mod-106 promote status` shows where \
         it stands, `mod-106 promote resume` finishes what is open"
    )]
    Disturbed {
        /// What was seen.
        what: String,
    },
    /// A person, or the system, asked us to stop.
    #[error("stopped as asked, {}", if *open {
        "in the middle: what is left to do is written down. The next promotion of the model finishes it, or `mod-106 promote resume` does"
    } else {
        "before anything was changed: ask again"
    })]
    Stopped {
        /// Whether something is begun.
        open: bool,
    },
    /// A tag holds what promotion never wrote.
    #[error(
        "the tag {tag} of {subject} cannot be read ({problem}): {value:?}; somebody else wrote it. Repair or remove it by hand"
    )]
    Tag {
        /// The key.
        tag: String,
        /// The model or version.
        subject: String,
        /// What is wrong.
        problem: String,
        /// The value, cut.
        value: String,
    },
    /// A file of ours is malformed.
    #[error("{path}: {problem}")]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong, with its line.
        problem: String,
    },
    /// Figures that belong to other versions.
    #[error("{path}: {side} is version {found}, but the {side} in the registry is {expected}: measure again")]
    OtherVersions {
        /// The file of observations.
        path: PathBuf,
        /// `baseline` or `canary`.
        side: &'static str,
        /// What the file says.
        found: String,
        /// What the registry says.
        expected: String,
    },
    /// The audit trail cannot be written: then nothing is done.
    #[error(transparent)]
    Audit(#[from] crate::audit::Error),
    /// GitHub refused or did not answer.
    #[error(transparent)]
    GitHub(#[from] crate::github::Error),
}

impl Error {
    /// What a command exits with: 1 refused · 2 wrong usage or a malformed file · 3 nobody answered · 130 stopped.
    pub fn exit_code(&self) -> u8 {
        use crate::client::Error::{Config, Connection, Refused, Timeout, Untrusted};
        match self {
            Self::Client(Connection { .. } | Timeout { .. } | Untrusted { .. }) => 3,
            Self::Client(Config { .. } | Refused { .. }) | Self::File { .. } | Self::NoneAt(_) => 2,
            Self::Stopped { .. } => INTERRUPTED,
            Self::GitHub(error) => error.exit_code(),
            _ => 1,
        }
    }
}

fn versions(known: &[VersionNumber]) -> String {
    let shown: Vec<_> = known.iter().rev().take(10).map(ToString::to_string).collect();
    match shown.len() {
        0 => "are none".to_owned(),
        _ => format!("are {}{}", shown.join(", "), if known.len() > 10 { ", …" } else { "" }),
    }
}

fn names(known: &[String]) -> String {
    if known.is_empty() { "are none".to_owned() } else { format!("are {}", known.join(", ")) }
}
