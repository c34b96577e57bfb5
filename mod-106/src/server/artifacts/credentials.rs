//! S3 credentials that may rotate under a running server.
//!
//! The file is looked at for every request to S3, and read again when its time or size changed: whoever rotates keys writes
//! the new ones, waits a moment, and deletes the old ones.

use crate::server::config::S3Credentials;
use object_store::CredentialProvider;
use object_store::aws::AwsCredential;
use secrecy::ExposeSecret;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

/// Gives S3's client its credentials.
pub struct Credentials {
    file: Option<PathBuf>,
    current: Mutex<Current>,
}

struct Current {
    credential: Arc<AwsCredential>,
    read_at: Option<(SystemTime, u64)>,
}

/// Why there are no credentials.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsError {
    /// None were given.
    #[error(
        "S3 artifacts need credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give --s3-credentials-file"
    )]
    Absent,
    /// The file cannot be read.
    #[error("cannot read the S3 credentials in {}: {reason}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        reason: std::io::Error,
    },
    /// The file lacks a line.
    #[error("the S3 credentials in {} lack the line {key}=…", path.display())]
    Incomplete {
        /// The file.
        path: PathBuf,
        /// The key that is missing.
        key: &'static str,
    },
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Credentials").field("file", &self.file).finish_non_exhaustive()
    }
}

impl Credentials {
    /// Reads the credentials for the first time.
    ///
    /// # Errors
    /// When there are none, or their file cannot be used.
    pub fn new(settings: &S3Credentials) -> Result<Self, CredentialsError> {
        match settings {
            S3Credentials::Absent => Err(CredentialsError::Absent),
            S3Credentials::Fixed { access_key_id, secret_access_key, session_token } => {
                let credential = Arc::new(AwsCredential {
                    key_id: access_key_id.clone(),
                    secret_key: secret_access_key.expose_secret().to_owned(),
                    token: session_token.as_ref().map(|token| token.expose_secret().to_owned()),
                });
                Ok(Self { file: None, current: Mutex::new(Current { credential, read_at: None }) })
            }
            S3Credentials::File(path) => {
                let current = Current { credential: Arc::new(read(path)?), read_at: version(path) };
                Ok(Self { file: Some(path.clone()), current: Mutex::new(current) })
            }
        }
    }

    fn latest(&self) -> Arc<AwsCredential> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(path) = &self.file else { return Arc::clone(&current.credential) };
        let version = version(path);
        if version != current.read_at {
            match read(path) {
                Ok(credential) => {
                    tracing::info!(file = %path.display(), "the S3 credentials changed");
                    *current = Current { credential: Arc::new(credential), read_at: version };
                }
                // A file caught in the middle of being written: the old keys serve until the next look.
                Err(error) => tracing::warn!(%error, "keeping the old S3 credentials"),
            }
        }
        Arc::clone(&current.credential)
    }
}

impl CredentialProvider for Credentials {
    type Credential = AwsCredential;

    fn get_credential<'s, 'f>(
        &'s self,
    ) -> std::pin::Pin<Box<dyn Future<Output = object_store::Result<Arc<AwsCredential>>> + Send + 'f>>
    where
        's: 'f,
        Self: 'f,
    {
        Box::pin(async { Ok(self.latest()) })
    }
}

fn version(path: &Path) -> Option<(SystemTime, u64)> {
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}

fn read(path: &Path) -> Result<AwsCredential, CredentialsError> {
    let text = std::fs::read_to_string(path)
        .map_err(|reason| CredentialsError::Unreadable { path: path.to_owned(), reason })?;
    let line = |key: &str| {
        text.lines().find_map(|line| {
            let (name, value) = line.trim().trim_start_matches("export ").split_once('=')?;
            (name.trim() == key).then(|| value.trim().trim_matches(['"', '\'']).to_owned())
        })
    };
    let required = |key| line(key).ok_or_else(|| CredentialsError::Incomplete { path: path.to_owned(), key });
    Ok(AwsCredential {
        key_id: required("AWS_ACCESS_KEY_ID")?,
        secret_key: required("AWS_SECRET_ACCESS_KEY")?,
        token: line("AWS_SESSION_TOKEN"),
    })
}

#[cfg(test)]
mod tests {
    use super::{Credentials, CredentialsError};
    use crate::server::config::S3Credentials;

    #[test]
    fn a_changed_file_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys");
        std::fs::write(&path, "AWS_ACCESS_KEY_ID=one\nAWS_SECRET_ACCESS_KEY=\"secret\"\n").unwrap();
        let credentials = Credentials::new(&S3Credentials::File(path.clone())).unwrap();
        assert_eq!(credentials.latest().key_id, "one");
        assert_eq!(credentials.latest().secret_key, "secret");
        std::fs::write(&path, "AWS_ACCESS_KEY_ID=second\nAWS_SECRET_ACCESS_KEY=other\n").unwrap();
        assert_eq!(credentials.latest().key_id, "second");
        std::fs::write(&path, "AWS_ACCESS_KEY_ID=half").unwrap();
        assert_eq!(credentials.latest().key_id, "second");
        assert!(!format!("{credentials:?}").contains("other"));
    }

    #[test]
    fn what_is_missing_is_named() {
        assert!(matches!(Credentials::new(&S3Credentials::Absent), Err(CredentialsError::Absent)));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys");
        std::fs::write(&path, "AWS_ACCESS_KEY_ID=one\n").unwrap();
        let error = Credentials::new(&S3Credentials::File(path)).unwrap_err();
        assert!(error.to_string().ends_with("lack the line AWS_SECRET_ACCESS_KEY=…"), "{error}");
    }
}
