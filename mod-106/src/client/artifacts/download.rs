//! Receiving artifacts: as a stream, into a file, or a folder file by file.
//!
//! A file appears under its name only when it is whole: bytes go to `NAME.part` beside it first. A body that ends early is an
//! error, never a short file. Silence longer than the timeout ends a download; its length does not.

use super::super::endpoint::DOWNLOAD_ARTIFACT;
use super::super::error::Error;
use super::super::transport::{Call, Client, label};
use super::path::{ArtifactPath, ArtifactRoot};
use bytes::Bytes;
use futures::{Stream, TryStreamExt};
use reqwest::Response;
use std::path::{Path, PathBuf};
use tokio::io::AsyncWriteExt;

/// What a download moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Download {
    /// How many files.
    pub files: u64,
    /// How many bytes in all.
    pub bytes: u64,
}

impl Client {
    /// An artifact's bytes, as they arrive.
    ///
    /// # Errors
    /// When there is no such file; in the stream, when the connection breaks.
    pub async fn download(
        &self,
        root: &ArtifactRoot,
        path: &ArtifactPath,
    ) -> Result<impl Stream<Item = Result<Bytes, Error>> + Send + use<>, Error> {
        let suffix = root.encoded(Some(path));
        let call = Call { endpoint: &DOWNLOAD_ARTIFACT, suffix: &suffix, query: &[], json: None };
        let head = || async {
            let answer = self.respond(&DOWNLOAD_ARTIFACT, self.request(&call));
            self.unless_silent(&std::sync::atomic::AtomicU64::new(0), answer).await
        };
        Ok(self.clone().body(self.retrying(&DOWNLOAD_ARTIFACT, head).await?))
    }

    /// An artifact's bytes in memory; for what is known to be small.
    ///
    /// # Errors
    /// As [`Client::download`].
    pub async fn download_bytes(&self, root: &ArtifactRoot, path: &ArtifactPath) -> Result<Vec<u8>, Error> {
        let collect = |mut all: Vec<u8>, chunk: Bytes| async move {
            all.extend_from_slice(&chunk);
            Ok(all)
        };
        self.download(root, path).await?.try_fold(Vec::new(), collect).await
    }

    /// An artifact into a file, which replaces one that is there; missing folders are made.
    ///
    /// # Errors
    /// As [`Client::download`]; [`Error::File`] when it cannot be written.
    pub async fn download_file(
        &self,
        root: &ArtifactRoot,
        path: &ArtifactPath,
        file: &Path,
    ) -> Result<Download, Error> {
        let stream = self.download(root, path).await?;
        if let Some(parent) = file.parent() {
            tokio::fs::create_dir_all(parent).await.map_err(|source| Error::file(parent, source))?;
        }
        let part = part_of(file);
        match write(stream, &part).await {
            Ok(bytes) => {
                tokio::fs::rename(&part, file).await.map_err(|source| Error::file(file, source))?;
                Ok(Download { files: 1, bytes })
            }
            Err(error) => {
                // The error that counts is the first; a part that cannot be removed either is only untidy.
                let _ = tokio::fs::remove_file(&part).await;
                Err(error)
            }
        }
    }

    /// Each file below a folder of artifacts, or below the root, into a local folder.
    ///
    /// # Errors
    /// As [`Client::download_file`]; [`Error::Refused`] when the server lists a path that would leave the folder.
    pub async fn download_folder(
        &self,
        root: &ArtifactRoot,
        folder: Option<&ArtifactPath>,
        into: &Path,
    ) -> Result<Download, Error> {
        let mut sum = Download::default();
        let mut folders: Vec<Option<ArtifactPath>> = vec![None];
        while let Some(below) = folders.pop() {
            let listed = match (folder, &below) {
                (Some(folder), Some(below)) => Some(folder.join(below)),
                (folder, below) => folder.or(below.as_ref()).cloned(),
            };
            for entry in self.list_artifacts(root, listed.as_ref()).await? {
                let name = ArtifactPath::parse(entry.path)?;
                let relative = below.as_ref().map_or_else(|| name.clone(), |below| below.join(&name));
                if entry.is_dir {
                    folders.push(Some(relative));
                    continue;
                }
                let path = folder.map_or_else(|| relative.clone(), |folder| folder.join(&relative));
                let one = self.download_file(root, &path, &into.join(relative.as_str())).await?;
                sum = Download { files: sum.files + one.files, bytes: sum.bytes + one.bytes };
            }
        }
        Ok(sum)
    }

    fn body(self, mut response: Response) -> impl Stream<Item = Result<Bytes, Error>> + Send + use<> {
        async_stream::try_stream! {
            loop {
                let chunk = tokio::time::timeout(self.timeout(), response.chunk()).await.map_err(|_| Error::Timeout {
                    endpoint: label(&DOWNLOAD_ARTIFACT),
                    limit: self.timeout(),
                })?;
                match chunk.map_err(|error| self.failure(&DOWNLOAD_ARTIFACT, error).error)? {
                    Some(bytes) => yield bytes,
                    None => break,
                }
            }
        }
    }
}

async fn write(stream: impl Stream<Item = Result<Bytes, Error>>, path: &Path) -> Result<u64, Error> {
    let failed = |source| Error::file(path, source);
    let mut file = tokio::fs::File::create(path).await.map_err(failed)?;
    let mut written = 0;
    tokio::pin!(stream);
    while let Some(chunk) = stream.try_next().await? {
        file.write_all(&chunk).await.map_err(failed)?;
        written += chunk.len() as u64;
    }
    file.flush().await.map_err(failed)?;
    Ok(written)
}

fn part_of(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".part");
    PathBuf::from(name)
}
