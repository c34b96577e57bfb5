//! Artifacts: the files of a run, through the tracking server's `mlflow-artifacts` proxy, in constant memory.
//!
//! | File | What it knows |
//! |---|---|
//! | `path` | which paths are sound, and where a run's artifacts lie behind the proxy |
//! | `upload` | sending a file or bytes in one piece |
//! | `multipart` | sending a file in parts, straight to the store, where the server offers it |
//! | `download` | receiving a stream, a file or a folder |
//!
//! Here: listing and deleting, which move no bytes.

mod download;
mod multipart;
mod path;
mod upload;

pub use download::Download;
pub use path::{ArtifactPath, ArtifactRoot};
pub use upload::Upload;

use super::endpoint::{DELETE_ARTIFACT, LIST_ARTIFACTS, LIST_RUN_ARTIFACTS};
use super::error::Error;
use super::ids::RunId;
use super::transport::{Call, Client};
use super::values::read_int64;
use serde::{Deserialize, Serialize};

/// A file or folder in a listing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileInfo {
    /// Its path below the root that was listed.
    pub path: String,
    /// Whether it is a folder.
    #[serde(default)]
    pub is_dir: bool,
    /// Its size in bytes; folders have none.
    #[serde(default, deserialize_with = "read_int64", skip_serializing_if = "Option::is_none")]
    pub file_size: Option<i64>,
}

#[derive(Deserialize)]
struct Listing {
    #[serde(default)]
    files: Vec<FileInfo>,
    next_page_token: Option<String>,
}

impl Client {
    /// Where a run's artifacts lie behind the proxy.
    ///
    /// # Errors
    /// [`Error::NotProxied`] when the run keeps them where only direct access reaches them.
    pub async fn artifact_root(&self, run: &RunId) -> Result<ArtifactRoot, Error> {
        ArtifactRoot::resolve(&self.run(run).await?.info.artifact_uri, self.tracking_uri())
    }

    /// The files and folders directly below a folder of a run, as the tracking server sees them; works without the proxy too.
    ///
    /// # Errors
    /// When the run does not exist.
    pub async fn list_run_artifacts(&self, run: &RunId, folder: Option<&ArtifactPath>) -> Result<Vec<FileInfo>, Error> {
        let mut files = Vec::new();
        let mut token: Option<String> = None;
        loop {
            let mut query = vec![("run_id", run.as_str())];
            query.extend(folder.map(|folder| ("path", folder.as_str())));
            query.extend(token.as_deref().map(|token| ("page_token", token)));
            let listing: Listing = self.get(&LIST_RUN_ARTIFACTS, &query).await?;
            files.extend(listing.files);
            token = listing.next_page_token.filter(|token| !token.is_empty());
            if token.is_none() {
                return Ok(files);
            }
        }
    }

    /// The files and folders directly below a folder, by the proxy; paths in the answer are relative to that folder.
    ///
    /// # Errors
    /// When the server has no proxy.
    pub async fn list_artifacts(
        &self,
        root: &ArtifactRoot,
        folder: Option<&ArtifactPath>,
    ) -> Result<Vec<FileInfo>, Error> {
        let path = root.plain(folder);
        let listing: Listing = self.get(&LIST_ARTIFACTS, &[("path", &path)]).await?;
        Ok(listing.files)
    }

    /// Deletes a file, or a folder with all that is in it.
    ///
    /// # Errors
    /// What the store says; some say nothing about what was not there.
    pub async fn delete_artifact(&self, root: &ArtifactRoot, path: &ArtifactPath) -> Result<(), Error> {
        let suffix = root.encoded(Some(path));
        self.bytes(&Call { endpoint: &DELETE_ARTIFACT, suffix: &suffix, query: &[], json: None }).await.map(drop)
    }
}
