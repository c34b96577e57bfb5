//! Who minds, and how messages reach them.

use super::file::{self, FileError};
use super::span::Span;
use super::spec::{Error, Severity, Spec};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// `owners.yaml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Owners {
    /// By the name on the label `owner`.
    pub owners: BTreeMap<String, Owner>,
    /// Who is told of an alert that names nobody.
    pub fallback: String,
    /// When messages go out.
    pub routing: Routing,
    /// What silences what.
    #[serde(default)]
    pub inhibit: Vec<Inhibition>,
}

/// A team.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Owner {
    /// What people call it.
    pub team: String,
    /// The webhook that wakes somebody.
    pub page: String,
    /// The webhook that opens a ticket.
    pub ticket: String,
}

/// When messages go out, in Alertmanager's words.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Routing {
    /// A group's first message waits so long for company.
    pub group_wait: Span,
    /// A changed group is told again after so long.
    pub group_interval: Span,
    /// A page that lasts is said again.
    pub repeat_page: Span,
    /// A ticket that lasts is said again.
    pub repeat_ticket: Span,
}

/// While an alert of `source` holds, those of `target` that agree with it on `equal` are silent.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inhibition {
    /// Matchers.
    pub source: Vec<String>,
    /// Matchers.
    pub target: Vec<String>,
    /// Label names.
    pub equal: Vec<String>,
}

impl Owners {
    /// Reads a file, and checks it against what is to be owned.
    ///
    /// # Errors
    /// What cannot be read, does not parse, or leaves an alert without an owner.
    pub fn read(path: &Path, spec: &Spec) -> Result<Self, Error> {
        let owners: Self = file::yaml(path)?;
        owners.check(spec).map_err(|reason| FileError::malformed(path, reason))?;
        Ok(owners)
    }

    /// The receiver's name in Alertmanager.
    pub fn receiver(owner: &str, severity: Severity) -> String {
        format!("{owner}-{}", severity.word())
    }

    fn check(&self, spec: &Spec) -> Result<(), String> {
        let slos = spec.slos.iter().map(|slo| (&slo.name, &slo.owner));
        let named: Vec<_> = slos.chain(spec.alerts.iter().map(|alert| (&alert.name, &alert.owner))).collect();
        let known = || self.owners.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
        for (thing, owner) in &named {
            if !self.owners.contains_key(*owner) {
                return Err(format!("{thing} is owned by {owner}, whom nobody knows; there are {}", known()));
            }
        }
        if !self.owners.contains_key(&self.fallback) {
            return Err(format!("fallback is {}; expected one of {}", self.fallback, known()));
        }
        let busy: BTreeSet<&String> = named.iter().map(|(_, owner)| *owner).collect();
        if let Some(idle) = self.owners.keys().find(|owner| !busy.contains(owner) && **owner != self.fallback) {
            return Err(format!("{idle} owns nothing; expected each owner to mind something"));
        }
        for (name, owner) in &self.owners {
            for url in [&owner.page, &owner.ticket] {
                url::Url::parse(url).map_err(|reason| format!("{name}: `{url}` is no URL: {reason}"))?;
            }
        }
        Ok(())
    }
}
