//! A submission that answers: started by the harness, or attached to.

use super::{Account, CommandOutput, LogText, Process, Secret};
use crate::{check::Fault, redact::Redactor, wire::BucketAccess};
use std::{collections::BTreeMap, path::PathBuf};

/// A submission that answers.
#[derive(Debug, Default)]
pub struct Deployment {
    endpoints: BTreeMap<String, String>,
    redactor: Redactor,
}

impl Deployment {
    /// Where it answers.
    ///
    /// # Errors
    /// It declares no such endpoint.
    pub fn endpoint(&self, name: &str) -> Result<&str, Fault> {
        self.endpoints.get(name).map(String::as_str).ok_or_else(|| {
            Fault::failed(format!("`[endpoints]` of submission.toml: `{name}`"), "an address", "nothing")
        })
    }

    pub(crate) fn redactor(&self) -> &Redactor {
        &self.redactor
    }

    pub(crate) fn ca_file(&self) -> Option<PathBuf> {
        None
    }

    pub(crate) fn account(&self, name: &str) -> Result<Account, Fault> {
        Err(Fault::NotRun(format!("no account {name}")))
    }

    pub(crate) fn bucket_access(&self) -> Result<BucketAccess, Fault> {
        Err(not_ours())
    }

    pub(crate) async fn s3_key_ids(&self) -> Result<Vec<String>, Fault> {
        Err(not_ours())
    }

    pub(crate) async fn command(&self, _name: &str) -> Result<CommandOutput, Fault> {
        Err(not_ours())
    }

    pub(crate) async fn restart(&self) -> Result<(), Fault> {
        Err(not_ours())
    }

    pub(crate) async fn processes(&self) -> Result<Vec<Process>, Fault> {
        Err(not_ours())
    }

    pub(crate) async fn logs(&self) -> Result<Vec<LogText>, Fault> {
        Err(not_ours())
    }

    pub(crate) async fn secrets(&self) -> Result<Vec<Secret>, Fault> {
        Err(not_ours())
    }

    pub(crate) fn images(&self) -> &[String] {
        &[]
    }

    pub(crate) async fn secrets_in_images(&self, _secrets: &[Secret]) -> Result<Vec<String>, Fault> {
        Err(not_ours())
    }

    pub(crate) fn claims(&self, _capability: &str) -> bool {
        false
    }
}

fn not_ours() -> Fault {
    Fault::NotRun("the harness did not start this submission".to_owned())
}
