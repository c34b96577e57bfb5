//! `mod-106 serve`: starts the embedded tracking server.
//!
//! Reads the command line and the environment into the server's settings; the server itself reads neither.

use crate::server::auth::permission::Permission;
use crate::server::config::{AccessSettings, ArtifactSettings, MetricsSettings, S3Credentials, Settings};
use crate::server::listen;
use anyhow::Context;
use secrecy::SecretString;
use std::path::{Path, PathBuf};
use tracing_subscriber::EnvFilter;

/// Where to listen, where to store, and who may enter.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The address to listen on.
    #[arg(long, default_value = "127.0.0.1")]
    host: String,
    /// The port to listen on; 0 takes a free one.
    #[arg(long, default_value_t = 5000)]
    port: u16,
    /// Where metadata lives: sqlite://PATH or sqlite::memory:.
    #[arg(long, default_value = "sqlite://mlflow.db")]
    database: String,
    /// Where artifacts live: a folder, file:///FOLDER or s3://BUCKET/PREFIX.
    #[arg(long, default_value = "mlartifacts")]
    artifacts: String,
    /// Whether users sign in.
    #[arg(long, value_enum, default_value_t = Auth::None)]
    auth: Auth,
    /// The first administrator's name.
    #[arg(long, default_value = "admin")]
    admin_username: String,
    /// A file that holds the first administrator's password; else MOD106_ADMIN_PASSWORD does.
    #[arg(long)]
    admin_password_file: Option<PathBuf>,
    /// What users may do where no permission was given: NO_PERMISSIONS, READ, EDIT or MANAGE.
    #[arg(long, default_value = "NO_PERMISSIONS", value_parser = permission)]
    default_permission: Permission,
    /// A file of AWS_ACCESS_KEY_ID=… and AWS_SECRET_ACCESS_KEY=… lines, read again when it changes.
    #[arg(long)]
    s3_credentials_file: Option<PathBuf>,
    /// Host headers to answer, separated by commas. Without authentication on a loopback address: that address's names.
    #[arg(long, value_delimiter = ',')]
    allowed_hosts: Option<Vec<String>>,
    /// A file that receives the server's URL once it listens.
    #[arg(long)]
    ready_file: Option<PathBuf>,
    /// Serve metrics for Prometheus at http://HOST:PORT/metrics, without a password: give an address that only Prometheus reaches.
    #[arg(long, value_name = "HOST:PORT")]
    metrics_address: Option<String>,
    /// The folder that backups are put into, each in one of its own; metrics then show when the newest was finished.
    #[arg(long, value_name = "FOLDER", requires = "metrics_address")]
    backups: Option<PathBuf>,
}

/// Whether users sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Auth {
    /// Everyone may do everything.
    None,
    /// Users sign in with a name and a password.
    Basic,
}

/// Serves until interrupted.
///
/// # Errors
/// When the address is taken, a store cannot be opened, or a file cannot be read.
pub async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    // A second subscriber in one process is no reason not to serve.
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).try_init();
    // Likewise a second provider: whoever came first chose ring too.
    let _ = rustls::crypto::ring::default_provider().install_default();
    listen::serve(settings(arguments)?).await?;
    Ok(())
}

fn settings(arguments: Arguments) -> anyhow::Result<Settings> {
    let access = match arguments.auth {
        Auth::None => AccessSettings::Open,
        Auth::Basic => AccessSettings::Basic {
            admin_username: arguments.admin_username,
            admin_password: admin_password(arguments.admin_password_file.as_deref())?,
            default_permission: arguments.default_permission,
        },
    };
    let allowed_hosts = arguments.allowed_hosts.unwrap_or_else(|| default_hosts(&arguments.host, arguments.auth));
    Ok(Settings {
        allowed_hosts,
        host: arguments.host,
        port: arguments.port,
        database: arguments.database,
        artifacts: ArtifactSettings {
            location: arguments.artifacts,
            s3_endpoint: variable("AWS_ENDPOINT_URL"),
            s3_region: variable("AWS_REGION").or_else(|| variable("AWS_DEFAULT_REGION")),
            s3_credentials: s3_credentials(arguments.s3_credentials_file),
        },
        access,
        ready_file: arguments.ready_file,
        metrics: arguments.metrics_address.map(|address| MetricsSettings { address, backups: arguments.backups }),
    })
}

/// Without authentication, a page that rebinds its own name to this machine could read everything; its `Host` gives it
/// away. With authentication it has no password, and a proxy in front may use any name.
fn default_hosts(host: &str, auth: Auth) -> Vec<String> {
    let loopback = ["localhost", "127.0.0.1", "[::1]"];
    let bound = if host == "::1" { "[::1]" } else { host };
    if auth == Auth::None && loopback.contains(&bound) {
        return loopback.map(str::to_owned).to_vec();
    }
    Vec::new()
}

fn admin_password(file: Option<&Path>) -> anyhow::Result<Option<SecretString>> {
    let Some(file) = file else { return Ok(variable("MOD106_ADMIN_PASSWORD").map(SecretString::from)) };
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("cannot read the administrator's password from {}", file.display()))?;
    Ok(Some(SecretString::from(text.trim_end_matches(['\r', '\n']))))
}

fn s3_credentials(file: Option<PathBuf>) -> S3Credentials {
    if let Some(file) = file {
        return S3Credentials::File(file);
    }
    match (variable("AWS_ACCESS_KEY_ID"), variable("AWS_SECRET_ACCESS_KEY")) {
        (Some(access_key_id), Some(secret)) => S3Credentials::Fixed {
            access_key_id,
            secret_access_key: SecretString::from(secret),
            session_token: variable("AWS_SESSION_TOKEN").map(SecretString::from),
        },
        _ => S3Credentials::Absent,
    }
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn permission(word: &str) -> Result<Permission, String> {
    Permission::from_word(word).map_err(|error| error.to_string())
}
