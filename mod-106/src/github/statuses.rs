//! Commit statuses: a word beside a commit, by context; the newest of a context counts.
//! <https://docs.github.com/en/rest/commits/statuses>

use super::connection::{GitHub, refused};
use super::error::Error;
use serde::{Deserialize, Serialize};

/// A commit's status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommitStatus {
    /// `pending`, `success`, `failure` or `error`.
    pub state: String,
    /// What speaks, such as `promotion/champion`.
    pub context: String,
    /// Free text, at most 140 characters.
    #[serde(default)]
    pub description: Option<String>,
    /// A link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_url: Option<String>,
}

impl GitHub {
    /// A commit's statuses, newest first.
    ///
    /// # Errors
    /// As every call.
    pub async fn commit_statuses(&self, sha: &str) -> Result<Vec<CommitStatus>, Error> {
        self.list(&format!("/commits/{sha}/statuses"), None).await
    }

    /// Gives a commit a status, unless it is the newest of its context already. GitHub keeps at most 1,000 for each context.
    ///
    /// # Errors
    /// [`Error::Refused`] with 422 when there is no such commit.
    pub async fn ensure_commit_status(&self, sha: &str, status: &CommitStatus) -> Result<(), Error> {
        let path = format!("/statuses/{sha}");
        let call = format!("POST {path}");
        let look = || async {
            let known = self.commit_statuses(sha).await?;
            let newest = known.into_iter().find(|known| known.context == status.context);
            Ok(newest.filter(|newest| newest == status).map(drop))
        };
        self.ensure(&path, status, look, |code, text| match code {
            201 => Ok(Some(())),
            _ => Err(refused(&call, code, text)),
        })
        .await
    }
}
