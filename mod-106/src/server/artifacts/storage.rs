//! The artifact store: a local folder or a bucket, through one interface and in constant memory.
//!
//! A write is seen whole or not at all: local files are renamed into place, S3 uploads are completed at the end and
//! aborted when the sender goes away.

use crate::server::artifacts::credentials::{Credentials, CredentialsError};
use crate::server::artifacts::path::ArtifactPath;
use crate::server::config::ArtifactSettings;
use crate::server::error::{ApiError, ErrorCode};
use crate::server::records::FileInfo;
use axum::http::Method;
use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::local::LocalFileSystem;
use object_store::multipart::{MultipartStore, PartId};
use object_store::path::Path;
use object_store::signer::{SignedUrlOptions, Signer};
use object_store::{ClientOptions, ObjectStore, ObjectStoreExt, PutPayload, RetryConfig, WriteMultipart};
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// The size of an upload's parts. S3 wants at least 5 MiB.
const PART_BYTES: usize = 8 * 1024 * 1024;
/// Parts in flight; with the one being filled, this bounds an upload's memory.
const PARTS_IN_FLIGHT: usize = 1;
const PRESIGNED_FOR: Duration = Duration::from_secs(3600);
/// S3's own limit.
const MOST_PARTS: i64 = 10_000;

/// Where artifacts are kept.
#[derive(Debug)]
pub struct ArtifactStore {
    objects: Arc<dyn ObjectStore>,
    s3: Option<Arc<AmazonS3>>,
    prefix: ArtifactPath,
}

/// Why the artifact store cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder cannot be made or used.
    #[error("cannot use the artifact folder {location}: {reason}")]
    Folder {
        /// What was given.
        location: String,
        /// The system's reason.
        reason: std::io::Error,
    },
    /// The URL is of no known kind.
    #[error("artifacts cannot be kept at '{location}'; give a folder, file:///folder or s3://bucket/prefix")]
    UnknownLocation {
        /// What was given.
        location: String,
    },
    /// S3's credentials are missing.
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
    /// The store's settings make no sense.
    #[error("cannot open the artifact store")]
    Settings(#[from] object_store::Error),
}

/// An artifact being read.
pub struct Download {
    /// Its size.
    pub size_bytes: u64,
    /// Its content.
    pub content: BoxStream<'static, object_store::Result<Bytes>>,
}

impl ArtifactStore {
    /// Opens the store.
    ///
    /// # Errors
    /// When its location is of no known kind or cannot be used.
    pub fn open(settings: &ArtifactSettings) -> Result<Self, OpenError> {
        let location = settings.location.as_str();
        if let Some(rest) = location.strip_prefix("s3://") {
            return Self::open_s3(rest, settings);
        }
        let folder = location.strip_prefix("file://").unwrap_or(location);
        if folder.contains("://") || folder.is_empty() {
            return Err(OpenError::UnknownLocation { location: location.to_owned() });
        }
        std::fs::create_dir_all(folder)
            .map_err(|reason| OpenError::Folder { location: location.to_owned(), reason })?;
        let objects = LocalFileSystem::new_with_prefix(folder)?.with_automatic_cleanup(true);
        Ok(Self { objects: Arc::new(objects), s3: None, prefix: root() })
    }

    fn open_s3(rest: &str, settings: &ArtifactSettings) -> Result<Self, OpenError> {
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let prefix = ArtifactPath::parse(prefix)
            .map_err(|_| OpenError::UnknownLocation { location: settings.location.clone() })?;
        let credentials = Arc::new(Credentials::new(&settings.s3_credentials)?);
        // A transfer may take as long as it moves; only standing still is an error.
        let client = ClientOptions::new()
            .with_timeout_disabled()
            .with_connect_timeout(Duration::from_secs(5))
            .with_read_timeout(Duration::from_secs(60));
        let retry = RetryConfig { max_retries: 3, retry_timeout: Duration::from_secs(30), ..RetryConfig::default() };
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(bucket)
            .with_region(settings.s3_region.as_deref().unwrap_or("us-east-1"))
            .with_credentials(credentials)
            .with_client_options(client)
            .with_retry(retry);
        if let Some(endpoint) = &settings.s3_endpoint {
            builder = builder.with_endpoint(endpoint).with_allow_http(endpoint.starts_with("http://"));
        }
        let s3 = Arc::new(builder.build()?);
        Ok(Self { objects: Arc::clone(&s3) as Arc<dyn ObjectStore>, s3: Some(s3), prefix })
    }

    fn object(&self, path: &ArtifactPath) -> Result<Path, ApiError> {
        // The store's own `Path::from` would percent-encode odd characters into the object's name.
        Path::parse(self.prefix.join(path).as_str()).map_err(|_| ApiError::invalid("Invalid path"))
    }

    /// The files and folders directly in a folder, sorted, each with its name alone.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn list(&self, folder: &ArtifactPath) -> Result<Vec<FileInfo>, ApiError> {
        let listed = self.objects.list_with_delimiter(Some(&self.object(folder)?)).await?;
        let name = |path: &Path| path.filename().unwrap_or_default().to_owned();
        let mut files: Vec<FileInfo> = listed
            .common_prefixes
            .iter()
            .map(|path| FileInfo { path: name(path), is_dir: true, file_size: None })
            .chain(listed.objects.iter().map(|object| FileInfo {
                path: name(&object.location),
                is_dir: false,
                file_size: Some(object.size).filter(|size| *size > 0),
            }))
            .collect();
        files.sort_by(|one, other| one.path.cmp(&other.path));
        Ok(files)
    }

    /// Opens a file for reading.
    ///
    /// # Errors
    /// When there is none, or the store fails.
    pub async fn read(&self, path: &ArtifactPath) -> Result<Download, ApiError> {
        let found = self.objects.get(&self.object(path)?).await.map_err(|error| match error {
            // A folder is no file, whatever the file system calls it.
            error if is_folder(&error) => no_artifact(path),
            object_store::Error::NotFound { .. } => no_artifact(path),
            error => error.into(),
        })?;
        Ok(Download { size_bytes: found.meta.size, content: found.into_stream() })
    }

    /// Writes a file from a stream, replacing what was there once the stream has ended well.
    ///
    /// # Errors
    /// When the stream breaks off or the store fails; nothing is left behind then.
    pub async fn write<S, E>(&self, path: &ArtifactPath, mut content: S) -> Result<(), ApiError>
    where
        S: futures::Stream<Item = Result<Bytes, E>> + Unpin,
        E: std::fmt::Display,
    {
        let object = self.object(path)?;
        let broken = |error: E| ApiError::invalid(format!("The upload broke off: {error}"));
        let mut first = Vec::new();
        while first.len() < PART_BYTES {
            match content.next().await {
                Some(chunk) => first.extend_from_slice(&chunk.map_err(broken)?),
                None => {
                    self.objects.put(&object, PutPayload::from(first)).await?;
                    return Ok(());
                }
            }
        }
        let upload = self.objects.put_multipart(&object).await?;
        let mut upload = WriteMultipart::new_with_chunk_size(upload, PART_BYTES);
        upload.put(Bytes::from(first));
        loop {
            let step = match content.next().await {
                None => break,
                Some(Err(error)) => Err(broken(error)),
                Some(Ok(chunk)) => {
                    upload.put(chunk);
                    upload.wait_for_capacity(PARTS_IN_FLIGHT).await.map_err(ApiError::from)
                }
            };
            if let Err(error) = step {
                upload.abort().await?;
                return Err(error);
            }
        }
        upload.finish().await?;
        Ok(())
    }

    /// Deletes a file, or a folder with all that is in it; what is not there is no error.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn delete(&self, path: &ArtifactPath) -> Result<(), ApiError> {
        let object = self.object(path)?;
        // Listing a prefix goes by whole parts: deleting `a/b` leaves `a/bc` alone.
        let below = self.objects.list(Some(&object)).map_ok(|found| found.location).boxed();
        self.objects.delete_stream(below).try_for_each(|_| async { Ok(()) }).await?;
        match self.objects.delete(&object).await {
            Err(error) if !matches!(error, object_store::Error::NotFound { .. }) && !is_folder(&error) => {
                Err(error.into())
            }
            _ => Ok(()),
        }
    }

    /// Starts an upload whose parts the client sends to S3 itself: its id, and where to put each part.
    ///
    /// # Errors
    /// When the store is no bucket, or fails.
    pub async fn create_upload(&self, path: &ArtifactPath, parts: i64) -> Result<(String, Vec<Url>), ApiError> {
        let (s3, object) = (self.s3()?, self.object(path)?);
        if !(1..=MOST_PARTS).contains(&parts) {
            return Err(ApiError::invalid(format!("num_parts must be between 1 and {MOST_PARTS}, got {parts}")));
        }
        let upload_id = s3.create_multipart(&object).await?;
        let mut urls = Vec::new();
        for part in 1..=parts {
            let options =
                SignedUrlOptions::new().with_query([("partNumber", part.to_string()), ("uploadId", upload_id.clone())]);
            urls.push(s3.signed_url_opts(Method::PUT, &object, PRESIGNED_FOR, &options).await?);
        }
        Ok((upload_id, urls))
    }

    /// Puts an upload's parts together; `etags` are in the order of the parts.
    ///
    /// # Errors
    /// When the store is no bucket, or S3 refuses.
    pub async fn complete_upload(
        &self,
        path: &ArtifactPath,
        upload_id: &str,
        etags: Vec<String>,
    ) -> Result<(), ApiError> {
        let parts = etags.into_iter().map(|content_id| PartId { content_id }).collect();
        self.s3()?.complete_multipart(&self.object(path)?, &upload_id.to_owned(), parts).await?;
        Ok(())
    }

    /// Gives an upload up.
    ///
    /// # Errors
    /// When the store is no bucket, or S3 refuses.
    pub async fn abort_upload(&self, path: &ArtifactPath, upload_id: &str) -> Result<(), ApiError> {
        self.s3()?.abort_multipart(&self.object(path)?, &upload_id.to_owned()).await?;
        Ok(())
    }

    fn s3(&self) -> Result<&AmazonS3, ApiError> {
        self.s3.as_deref().ok_or_else(|| {
            ApiError::refused(
                ErrorCode::NotImplemented,
                "Multipart upload is not supported for the current artifact repository",
            )
        })
    }
}

fn root() -> ArtifactPath {
    ArtifactPath::parse("").expect("the empty path is the root")
}

fn no_artifact(path: &ArtifactPath) -> ApiError {
    ApiError::missing(format!("No such artifact: '{}'", path.as_str()))
}

fn is_folder(error: &object_store::Error) -> bool {
    let mut source: Option<&dyn std::error::Error> = Some(error);
    while let Some(current) = source {
        if current.downcast_ref::<std::io::Error>().is_some_and(|io| io.kind() == std::io::ErrorKind::IsADirectory) {
            return true;
        }
        source = current.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::{ArtifactPath, ArtifactStore};
    use crate::server::config::{ArtifactSettings, S3Credentials};
    use bytes::Bytes;
    use futures::{TryStreamExt, stream};
    use std::convert::Infallible;

    fn path(text: &str) -> ArtifactPath {
        ArtifactPath::parse(text).unwrap()
    }

    fn open(folder: &std::path::Path) -> ArtifactStore {
        ArtifactStore::open(&ArtifactSettings {
            location: folder.join("artifacts").display().to_string(),
            s3_endpoint: None,
            s3_region: None,
            s3_credentials: S3Credentials::Absent,
        })
        .unwrap()
    }

    async fn write(store: &ArtifactStore, to: &str, size: usize) {
        let chunks = vec![7_u8; size].chunks(100_000).map(Bytes::copy_from_slice).collect::<Vec<_>>();
        store.write(&path(to), stream::iter(chunks.into_iter().map(Ok::<_, Infallible>))).await.unwrap();
    }

    #[tokio::test]
    async fn files_of_any_size_and_name_come_back() {
        let folder = tempfile::tempdir().unwrap();
        let store = open(folder.path());
        for (name, size) in [("1/empty", 0), ("1/one byte", 1), ("1/späť 100%.txt", 10), ("1/big", 9 << 20)] {
            write(&store, name, size).await;
            let read = store.read(&path(name)).await.unwrap();
            assert_eq!(read.size_bytes, size as u64, "{name}");
            let content: Vec<Bytes> = read.content.try_collect().await.unwrap();
            assert_eq!(content.iter().map(Bytes::len).sum::<usize>(), size, "{name}");
        }
        assert!(folder.path().join("artifacts/1/späť 100%.txt").exists());
        let listed = store.list(&path("1")).await.unwrap();
        assert_eq!(
            listed.iter().map(|file| file.path.as_str()).collect::<Vec<_>>(),
            ["big", "empty", "one byte", "späť 100%.txt"]
        );
    }

    #[tokio::test]
    async fn deleting_a_folder_leaves_its_neighbours() {
        let folder = tempfile::tempdir().unwrap();
        let store = open(folder.path());
        for name in ["a/b/c", "a/b/d/e", "a/bc"] {
            write(&store, name, 1).await;
        }
        store.delete(&path("a/b")).await.unwrap();
        store.delete(&path("a/none")).await.unwrap();
        assert_eq!(store.list(&path("a")).await.unwrap().len(), 1);
        assert!(store.read(&path("a")).await.is_err());
    }

    #[tokio::test]
    async fn a_broken_upload_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let store = open(folder.path());
        let chunks = [Ok(Bytes::from(vec![0; 9 << 20])), Err("gone")];
        assert!(store.write(&path("x"), stream::iter(chunks)).await.is_err());
        assert_eq!(store.list(&path("")).await.unwrap(), []);
    }
}
