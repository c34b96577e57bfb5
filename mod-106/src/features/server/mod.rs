//! A feature server of one process: Feast's REST routes over a feature repository's file and an online store of SQLite.
//!
//! It is there so that a team, or a lab, can have a feature store without anything else on the machine; `features/wire.rs` says where it
//! differs from Feast. Registry reads are on the same port, under `/api/v1`, where Feast starts a second server.
//!
//! Rooms: `routes` the table and the parsing; `answer` online features; `load` pushes and materialisation; `registry` what is
//! defined; `problem` errors as answers. Nothing here asks who is there: it listens on loopback unless told otherwise.

mod answer;
mod load;
mod problem;
mod registry;
mod routes;

use super::definitions::Repository;
use super::error::Error;
use super::online::OnlineStore;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

pub use load::{Span, materialize};

/// How long requests in flight may take once the server was told to stop.
const GRACE: Duration = Duration::from_secs(10);

/// Where to listen, and what to serve.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The address.
    pub host: String,
    /// The port; 0 takes a free one.
    pub port: u16,
    /// The feature repository's file.
    pub repository: PathBuf,
    /// A file that receives the server's URL once it listens.
    pub ready_file: Option<PathBuf>,
}

/// What handlers share.
#[derive(Debug)]
struct State {
    repository: Repository,
    online: OnlineStore,
    /// Files are rewritten whole, so only one may be at it.
    offline: tokio::sync::Mutex<()>,
}

/// Serves until SIGTERM or SIGINT, then finishes the requests that were begun.
///
/// # Errors
/// When the repository or its online store cannot be used, or the address is taken.
pub async fn serve(settings: Settings) -> Result<(), Error> {
    let repository = Repository::read(&settings.repository)?;
    let address = format!("{}:{}", settings.host, settings.port);
    let refused = |reason: std::io::Error| {
        Error::malformed(&address, format!("cannot listen here ({reason}); give another --port, 0 takes a free one"))
    };
    let listener = TcpListener::bind(&address).await.map_err(refused)?;
    let port = listener.local_addr().map_err(refused)?.port();
    let online = OnlineStore::open(&repository.resolve(&repository.online_store)).await?;
    let state = Arc::new(State { repository, online, offline: tokio::sync::Mutex::default() });
    let (stop, mut stopped) = tokio::sync::watch::channel(false);
    let serving = axum::serve(listener, routes::router(Arc::clone(&state))).with_graceful_shutdown(async move {
        let _ = stopped.wait_for(|stopped| *stopped).await;
    });
    let serving = tokio::spawn(serving.into_future());
    let url = format!("http://{}:{port}", settings.host);
    if let Some(path) = &settings.ready_file {
        write_ready_file(path, &url)?;
    }
    tracing::info!(url, "the feature server listens");
    wait_for_signal().await.map_err(refused)?;
    stop.send_replace(true);
    if tokio::time::timeout(GRACE, serving).await.is_err() {
        tracing::warn!("some requests took too long and were cut off");
    }
    state.online.close().await;
    if let Some(path) = &settings.ready_file {
        // It said that the server is ready; gone is gone.
        let _ = std::fs::remove_file(path);
    }
    Ok(())
}

async fn wait_for_signal() -> std::io::Result<()> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

/// Written beside and renamed: whoever sees the file sees it whole.
fn write_ready_file(path: &Path, url: &str) -> Result<(), Error> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}", std::process::id()));
    std::fs::write(&beside, url)
        .and_then(|()| std::fs::rename(&beside, path))
        .map_err(|reason| Error::file(path, reason))
}
