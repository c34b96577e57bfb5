//! Log files under a folder or a bucket's prefix, read from where they were left. Only whole lines are taken: whoever writes may be in
//! the middle of one.

use crate::drift::error::Error;
use crate::drift::input::s3;
use bytes::Bytes;
use futures::TryStreamExt;
use object_store::local::LocalFileSystem;
use object_store::path::Path as Key;
use object_store::{ObjectStore, ObjectStoreExt};
use std::path::Path;
use std::sync::Arc;

/// So much of one log is read at once; the rest comes in the next round.
const MOST_AT_ONCE: u64 = 64 << 20;

/// Where logs are.
#[derive(Clone, Debug)]
pub struct Logs {
    given: String,
    store: Arc<dyn ObjectStore>,
    prefix: Key,
}

/// New lines of a log.
pub(super) struct Lines {
    pub(super) text: Bytes,
    /// Where the next line begins.
    pub(super) until: u64,
}

impl Logs {
    /// Logs in a folder, or under `s3://bucket/prefix`.
    ///
    /// # Errors
    /// A location that is no folder and no bucket.
    pub fn open(given: &str) -> Result<Self, Error> {
        let wrong = |reason: String| Error::Fetch {
            url: given.to_owned(),
            reason,
            advice: "give a folder that is there, file:///folder or s3://bucket/prefix".to_owned(),
            unreachable: false,
        };
        if let Some(rest) = given.strip_prefix("s3://") {
            let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
            let prefix = Key::parse(prefix.trim_end_matches('/')).map_err(|error| wrong(error.to_string()))?;
            return Ok(Self { given: given.to_owned(), store: Arc::new(s3(bucket, given)?), prefix });
        }
        let folder = given.strip_prefix("file://").unwrap_or(given);
        if folder.contains("://") {
            return Err(wrong("no list of files can be asked for there".to_owned()));
        }
        let store = LocalFileSystem::new_with_prefix(Path::new(folder)).map_err(|error| wrong(error.to_string()))?;
        Ok(Self { given: given.to_owned(), store: Arc::new(store), prefix: Key::default() })
    }

    /// As it was given.
    pub fn given(&self) -> &str {
        &self.given
    }

    /// Logs by name, and how long they are.
    pub(super) async fn list(&self) -> Result<Vec<(String, u64)>, Error> {
        let listed: Vec<_> =
            self.store.list(Some(&self.prefix)).try_collect().await.map_err(|error| self.failed(&error))?;
        let is_log = |name: &str| name.ends_with(".jsonl") || name.ends_with(".ndjson");
        let mut logs: Vec<(String, u64)> =
            listed.into_iter().map(|it| (it.location.to_string(), it.size)).filter(|(name, _)| is_log(name)).collect();
        logs.sort();
        Ok(logs)
    }

    /// Whole lines of a log from a byte on; nothing, when there is none yet.
    pub(super) async fn lines(&self, name: &str, from: u64, size: u64) -> Result<Option<Lines>, Error> {
        let end = size.min(from.saturating_add(MOST_AT_ONCE));
        if end <= from {
            return Ok(None);
        }
        let key = Key::parse(name).map_err(|error| self.failed(&object_store::Error::from(error)))?;
        let bytes = self.store.get_range(&key, from..end).await.map_err(|error| self.failed(&error))?;
        Ok(match bytes.iter().rposition(|byte| *byte == b'\n') {
            Some(last) => Some(Lines { text: bytes.slice(..=last), until: from + last as u64 + 1 }),
            // A line longer than all that is read at once is no record: it is taken as it is, and refused.
            None if end - from == MOST_AT_ONCE => Some(Lines { text: bytes, until: end }),
            None => None,
        })
    }

    fn failed(&self, error: &object_store::Error) -> Error {
        Error::Fetch {
            url: self.given.clone(),
            reason: error.to_string(),
            advice: "is the store up, and may this service read it?".to_owned(),
            unreachable: !matches!(
                error,
                object_store::Error::NotFound { .. } | object_store::Error::PermissionDenied { .. }
            ),
        }
    }
}
