//! Starts the server and stops it: open the stores, bind, say so, serve, finish what was begun.
//!
//! The ready file appears only when connections are accepted, and whole: it is written beside and renamed into place.

use crate::server::artifacts::storage::{self, ArtifactStore};
use crate::server::auth::password;
use crate::server::auth::permission::Permission;
use crate::server::auth::sign_in::SignIn;
use crate::server::config::{AccessSettings, MetricsSettings, Settings};
use crate::server::error::ApiError;
use crate::server::observe::figures::Figures;
use crate::server::observe::probe::Probe;
use crate::server::observe::{exposition, layer};
use crate::server::routes::dispatch::router;
use crate::server::state::ServerState;
use crate::server::store::{Store, connect};
use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::serve::ListenerExt;
use secrecy::SecretString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

/// How long requests in flight may take once the server was told to stop.
const GRACE: Duration = Duration::from_secs(10);

/// Why the server does not start, or stopped.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address is taken, or not this machine's.
    #[error(
        "cannot listen on {address}: {reason}; stop what listens there, or give another --port (0 takes a free one)"
    )]
    Bind {
        /// The address.
        address: String,
        /// The system's reason.
        reason: std::io::Error,
    },
    /// The figures' address is taken, or not this machine's.
    #[error("cannot serve metrics on {address}: {reason}; give --metrics-address a free HOST:PORT")]
    BindMetrics {
        /// The address.
        address: String,
        /// The system's reason.
        reason: std::io::Error,
    },
    /// The figures contradict each other: a defect.
    #[error("cannot count: {0}")]
    Figures(#[from] prometheus::Error),
    /// The database cannot be opened.
    #[error(transparent)]
    Database(#[from] connect::OpenError),
    /// The artifact store cannot be opened.
    #[error(transparent)]
    Artifacts(#[from] storage::OpenError),
    /// There are no users, and nobody to make the first one for.
    #[error(
        "the database has no users yet and no administrator's password was given: \
         give --admin-password-file FILE or set MOD106_ADMIN_PASSWORD"
    )]
    NoAdministrator,
    /// The first administrator could not be created.
    #[error("cannot create the administrator '{username}': {reason}")]
    Administrator {
        /// Their name.
        username: String,
        /// The reason.
        reason: ApiError,
    },
    /// The ready file cannot be written.
    #[error("cannot write the ready file {}: {reason}", path.display())]
    ReadyFile {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        reason: std::io::Error,
    },
    /// The system refuses to serve.
    #[error("the system refuses to serve")]
    Io(#[from] std::io::Error),
}

/// Serves until SIGTERM or SIGINT, then finishes the requests that were begun.
///
/// # Errors
/// When the address is taken, a store cannot be opened, or there is no administrator.
pub async fn serve(settings: Settings) -> Result<(), ServeError> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let address = format!("{}:{}", settings.host, settings.port);
    // Bound first: a taken port is told before a database is touched.
    let listener =
        TcpListener::bind(&address).await.map_err(|reason| ServeError::Bind { address: address.clone(), reason })?;
    let url = format!("http://{}", shown(&settings.host, listener.local_addr()?));
    let metrics_listener = bind_metrics(settings.metrics.as_ref()).await?;
    let state = Arc::new(open(&settings).await?);
    let app = match (metrics_listener, &settings.metrics) {
        (Some(listener), Some(metrics)) => observed(listener, metrics, &settings, &state)?,
        _ => router(Arc::clone(&state)),
    };
    // Small answers must not wait for the peer's acknowledgement of the one before.
    let listener = listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection keeps Nagle's algorithm");
        }
    });
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let mut until_stopped = stopped.clone();
    let serving = axum::serve(listener, app).with_graceful_shutdown(async move {
        let _ = until_stopped.wait_for(|stopped| *stopped).await;
    });
    let serving = tokio::spawn(serving.into_future());
    if let Some(path) = &settings.ready_file {
        write_ready_file(path, &url)?;
    }
    tracing::info!(url, "listening");
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("stopping; requests in flight are finished first");
    stop.send_replace(true);
    if tokio::time::timeout(GRACE, serving).await.is_err() {
        tracing::warn!("some requests took too long and were cut off");
    }
    state.store.close().await;
    if let Some(path) = &settings.ready_file {
        // It said that the server is ready; gone is gone.
        let _ = std::fs::remove_file(path);
    }
    Ok(())
}

async fn bind_metrics(metrics: Option<&MetricsSettings>) -> Result<Option<TcpListener>, ServeError> {
    let Some(MetricsSettings { address, .. }) = metrics else { return Ok(None) };
    let bound = TcpListener::bind(address).await;
    bound.map(Some).map_err(|reason| ServeError::BindMetrics { address: address.clone(), reason })
}

/// The API with a counter around it, and the figures served beside it. They end with the process: a last scrape while requests are
/// finished is welcome.
fn observed(
    listener: TcpListener,
    metrics: &MetricsSettings,
    settings: &Settings,
    state: &Arc<ServerState>,
) -> Result<Router, ServeError> {
    let figures = Figures::new()?;
    if metrics.backups.is_some() {
        figures.watch_backups()?;
    }
    let probe = Probe { store: state.store.clone(), volumes: volumes(settings), backups: metrics.backups.clone() };
    let address = listener.local_addr()?;
    tracing::info!(url = %format!("http://{address}/metrics"), "serving metrics");
    tokio::spawn(axum::serve(listener, exposition::router(figures.clone(), probe)).into_future());
    Ok(router(Arc::clone(state)).layer(from_fn_with_state(figures, layer::observe)))
}

/// Folders of this machine that fill up; a bucket and a database in memory have none.
fn volumes(settings: &Settings) -> Vec<(&'static str, PathBuf)> {
    let mut volumes = Vec::new();
    // SQLAlchemy writes four slashes before an absolute path, sqlx three; two are the URL's own.
    let database = settings.database.trim_start_matches("sqlite:");
    let database = database.strip_prefix("//").unwrap_or(database).replacen("//", "/", 1);
    if !settings.database.contains(":memory:") && !settings.database.contains("mode=memory") {
        let folder = Path::new(&database).parent().filter(|folder| !folder.as_os_str().is_empty());
        volumes.push(("database", folder.unwrap_or(Path::new(".")).to_owned()));
    }
    let artifacts = &settings.artifacts.location;
    if !artifacts.starts_with("s3://") {
        volumes.push(("artifacts", PathBuf::from(artifacts.strip_prefix("file://").unwrap_or(artifacts))));
    }
    volumes
}

/// Opens the stores and makes sure that somebody can sign in.
async fn open(settings: &Settings) -> Result<ServerState, ServeError> {
    let artifacts = ArtifactStore::open(&settings.artifacts)?;
    let store = connect::open(&settings.database).await?;
    let (sign_in, default_permission) = match &settings.access {
        AccessSettings::Open => (None, Permission::Manage),
        AccessSettings::Basic { admin_username, admin_password, default_permission } => {
            ensure_administrator(&store, admin_username, admin_password.clone()).await?;
            (Some(SignIn::default()), *default_permission)
        }
    };
    let allowed_hosts = settings.allowed_hosts.iter().map(|host| host.to_ascii_lowercase()).collect();
    Ok(ServerState { store, artifacts, sign_in, default_permission, allowed_hosts })
}

/// Creates the first administrator. Later starts leave passwords alone: they change through the users API.
async fn ensure_administrator(store: &Store, username: &str, password: Option<SecretString>) -> Result<(), ServeError> {
    let failed = |reason| ServeError::Administrator { username: username.to_owned(), reason };
    if store.has_users().await.map_err(failed)? {
        return Ok(());
    }
    let password = password.ok_or(ServeError::NoAdministrator)?;
    password::check_strength(&password).map_err(failed)?;
    let hash = password::hash(password).await.map_err(failed)?;
    store.create_user(username, &hash, true).await.map_err(failed)?;
    Ok(())
}

/// The address to give to people and programs: the host as it was asked for, the port that was taken.
fn shown(host: &str, bound: SocketAddr) -> String {
    match host {
        "0.0.0.0" | "" => format!("127.0.0.1:{}", bound.port()),
        host if host.contains(':') && !host.starts_with('[') => format!("[{host}]:{}", bound.port()),
        host => format!("{host}:{}", bound.port()),
    }
}

fn write_ready_file(path: &Path, url: &str) -> Result<(), ServeError> {
    let failed = |reason| ServeError::ReadyFile { path: path.to_owned(), reason };
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}", std::process::id()));
    std::fs::write(&beside, url).map_err(failed)?;
    std::fs::rename(&beside, path).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn urls_name_the_host_that_was_asked_for() {
        let bound = "127.0.0.1:4711".parse().unwrap();
        for (host, expected) in [("localhost", "localhost:4711"), ("0.0.0.0", "127.0.0.1:4711"), ("::1", "[::1]:4711")]
        {
            assert_eq!(shown(host, bound), expected);
        }
    }
}
