//! The server's settings, already parsed: where to listen, where to store, who may enter.
//!
//! The command line (`cli/serve.rs`) fills these; nothing below reads the environment. Next: `listen.rs`.

use crate::server::auth::permission::Permission;
use secrecy::SecretString;
use std::path::PathBuf;

/// Everything `mod-106 serve` needs to know.
#[derive(Debug)]
pub struct Settings {
    /// The host or address to listen on.
    pub host: String,
    /// The port to listen on; 0 takes a free one.
    pub port: u16,
    /// Where metadata lives: `sqlite://path/to.db` or `sqlite::memory:`.
    pub database: String,
    /// Where artifacts live.
    pub artifacts: ArtifactSettings,
    /// Who may enter.
    pub access: AccessSettings,
    /// `Host` headers that are answered; empty answers any.
    pub allowed_hosts: Vec<String>,
    /// A file that receives the server's URL once it listens.
    pub ready_file: Option<PathBuf>,
    /// Where figures for Prometheus are served; nowhere when absent.
    pub metrics: Option<MetricsSettings>,
}

/// Where figures are served and what they look at.
#[derive(Debug)]
pub struct MetricsSettings {
    /// `HOST:PORT`, not the API's own.
    pub address: String,
    /// The folder whose newest backup is watched.
    pub backups: Option<PathBuf>,
}

/// The artifact store's address and how to reach it.
#[derive(Debug)]
pub struct ArtifactSettings {
    /// A path, a `file://` URL, or `s3://bucket/prefix`.
    pub location: String,
    /// S3's endpoint, when it is not AWS's own.
    pub s3_endpoint: Option<String>,
    /// S3's region.
    pub s3_region: Option<String>,
    /// S3's credentials.
    pub s3_credentials: S3Credentials,
}

/// Where S3's credentials come from.
#[derive(Debug)]
pub enum S3Credentials {
    /// From the command's environment; they live as long as the process.
    Fixed {
        /// The access key's id.
        access_key_id: String,
        /// Its secret.
        secret_access_key: SecretString,
        /// A session token, for temporary keys.
        session_token: Option<SecretString>,
    },
    /// From a file of `KEY=VALUE` lines, read again whenever it changes: rotation needs no restart.
    File(PathBuf),
    /// None were given; an S3 location cannot be opened.
    Absent,
}

/// Whether requests must say who they are.
#[derive(Debug)]
pub enum AccessSettings {
    /// Everyone may do everything.
    Open,
    /// Basic authentication with users and permissions.
    Basic {
        /// The name of the first administrator.
        admin_username: String,
        /// The first administrator's password; needed only while the user table is empty.
        admin_password: Option<SecretString>,
        /// What a user may do where no permission was given.
        default_permission: Permission,
    },
}
