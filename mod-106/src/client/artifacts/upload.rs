//! Sending artifacts in one piece: bytes from memory, or a file that is read as the network takes it.
//!
//! A file's upload has no time limit as a whole, only for a silence: nothing sent and nothing answered. Folders go file by file,
//! a few at a time. Large files are offered to `multipart.rs` first.

use super::super::endpoint::UPLOAD_ARTIFACT;
use super::super::error::Error;
use super::super::transport::{Call, Client, Failure, label};
use super::path::{ArtifactPath, ArtifactRoot};
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use reqwest::Body;
use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio_util::io::ReaderStream;

/// What an upload moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Upload {
    /// How many files.
    pub files: u64,
    /// How many bytes in all.
    pub bytes: u64,
    /// How many of the files went in parts.
    pub multipart: u64,
}

/// How many files of a folder are on their way at once.
const FILES_AT_ONCE: usize = 4;
/// How much of a file is read at a time: enough for speed, little enough to forget.
const CHUNK_BYTES: usize = 256 << 10;

impl Client {
    /// Stores bytes as an artifact.
    ///
    /// # Errors
    /// What the server or the network says.
    pub async fn upload_bytes(&self, root: &ArtifactRoot, path: &ArtifactPath, bytes: Bytes) -> Result<(), Error> {
        let suffix = root.encoded(Some(path));
        let call = Call { endpoint: &UPLOAD_ARTIFACT, suffix: &suffix, query: &[], json: None };
        self.retrying(&UPLOAD_ARTIFACT, || async {
            let request = self.request(&call).header(CONTENT_TYPE, content_type(path)).timeout(self.timeout());
            self.respond(&UPLOAD_ARTIFACT, request.body(bytes.clone())).await
        })
        .await
        .map(drop)
    }

    /// Stores a file as an artifact: in parts when it is large and the server offers that, else in one piece.
    ///
    /// # Errors
    /// [`Error::File`] when it cannot be read; what the server or the network says.
    pub async fn upload_file(&self, root: &ArtifactRoot, path: &ArtifactPath, file: &Path) -> Result<Upload, Error> {
        let metadata = tokio::fs::metadata(file).await.map_err(|source| Error::file(file, source))?;
        let (bytes, whole) = (metadata.len(), Upload { files: 1, bytes: metadata.len(), multipart: 0 });
        if bytes >= self.multipart_from_bytes() && self.upload_in_parts(root, path, file, bytes).await? {
            return Ok(Upload { multipart: 1, ..whole });
        }
        let suffix = root.encoded(Some(path));
        let call = Call { endpoint: &UPLOAD_ARTIFACT, suffix: &suffix, query: &[], json: None };
        self.retrying(&UPLOAD_ARTIFACT, || self.upload_once(&call, path, file, bytes)).await?;
        Ok(whole)
    }

    /// Stores each file below a folder under `below`, or directly under the root.
    ///
    /// # Errors
    /// [`Error::Refused`] for a name that is no artifact path; else as [`Client::upload_file`], at the first file that fails.
    pub async fn upload_folder(
        &self,
        root: &ArtifactRoot,
        below: Option<&ArtifactPath>,
        folder: &Path,
    ) -> Result<Upload, Error> {
        let walked = walk(folder).map_err(|source| Error::file(folder, source))?;
        let planned: Vec<_> = walked
            .into_iter()
            .map(|file| Ok((artifact_path(folder, &file, below)?, file)))
            .collect::<Result<_, Error>>()?;
        futures::stream::iter(planned)
            .map(|(path, file)| async move { self.upload_file(root, &path, &file).await })
            .buffer_unordered(FILES_AT_ONCE)
            .try_fold(Upload::default(), |sum, one| async move {
                Ok(Upload {
                    files: sum.files + one.files,
                    bytes: sum.bytes + one.bytes,
                    multipart: sum.multipart + one.multipart,
                })
            })
            .await
    }

    async fn upload_once(&self, call: &Call<'_>, path: &ArtifactPath, file: &Path, bytes: u64) -> Result<(), Failure> {
        let unreadable = |source| Failure { error: Error::file(file, source), outcome: None };
        let (body, sent) = file_body(file, 0, bytes).await.map_err(unreadable)?;
        let request = self.request(call).header(CONTENT_TYPE, content_type(path)).header(CONTENT_LENGTH, bytes);
        self.unless_silent(&sent, self.respond(&UPLOAD_ARTIFACT, request.body(body))).await.map(drop)
    }

    /// Waits for an answer for as long as the body keeps moving.
    pub(super) async fn unless_silent<T>(
        &self,
        sent: &AtomicU64,
        answer: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        tokio::pin!(answer);
        let mut sent_before = 0;
        loop {
            if let Ok(answer) = tokio::time::timeout(self.timeout(), &mut answer).await {
                return answer;
            }
            let sent_now = sent.load(Ordering::Relaxed);
            if sent_now == sent_before {
                let error = Error::Timeout { endpoint: label(&UPLOAD_ARTIFACT), limit: self.timeout() };
                return Err(Failure { error, outcome: None });
            }
            sent_before = sent_now;
        }
    }
}

/// A part of a file as a body, and the count of bytes taken from it so far.
pub(super) async fn file_body(file: &Path, offset: u64, bytes: u64) -> std::io::Result<(Body, Arc<AtomicU64>)> {
    let mut opened = tokio::fs::File::open(file).await?;
    opened.seek(std::io::SeekFrom::Start(offset)).await?;
    let sent = Arc::new(AtomicU64::new(0));
    let counter = sent.clone();
    let stream = ReaderStream::with_capacity(opened.take(bytes), CHUNK_BYTES).inspect_ok(move |chunk| {
        counter.fetch_add(chunk.len() as u64, Ordering::Relaxed);
    });
    Ok((Body::wrap_stream(stream), sent))
}

/// The type that MLflow's own client would send.
fn content_type(path: &ArtifactPath) -> String {
    mime_guess::from_path(path.name()).first_or_octet_stream().to_string()
}

/// All files below a folder, in the order of their names.
fn walk(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let (mut files, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    Ok(files)
}

fn artifact_path(folder: &Path, file: &Path, below: Option<&ArtifactPath>) -> Result<ArtifactPath, Error> {
    let relative = file.strip_prefix(folder).unwrap_or(file);
    let names: Vec<_> = relative.components().map(|name| name.as_os_str().to_string_lossy()).collect();
    let path = ArtifactPath::parse(names.join("/"))?;
    Ok(below.map_or_else(|| path.clone(), |below| below.join(&path)))
}
