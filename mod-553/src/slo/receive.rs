//! The webhook that the inbox stands behind. It answers 200 once a notification is on the disk, 400 to what is none, and 500 when the
//! disk does not take it: Alertmanager repeats what was answered with a 5xx, and drops what was answered with a 4xx.

use super::inbox::{Inbox, Notification};
use super::spec::Error;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use jiff::Timestamp;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::net::TcpListener;

/// Receives until `stop` is done. `ready` is told the address.
///
/// # Errors
/// An inbox that cannot be used, or an address that is taken.
pub async fn receive(
    path: &Path,
    address: &str,
    ready: impl FnOnce(&str),
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), Error> {
    let inbox = Arc::new(Mutex::new(Inbox::open(path)?));
    let bind = |source| Error::Bind { address: address.to_owned(), source };
    let listener = TcpListener::bind(address).await.map_err(bind)?;
    ready(&format!("http://{}/alerts", listener.local_addr().map_err(bind)?));
    let router =
        Router::new().route("/alerts", post(take)).route("/health", get(|| async { "alive\n" })).with_state(inbox);
    axum::serve(listener, router).with_graceful_shutdown(stop).await.map_err(bind)
}

async fn take(State(inbox): State<Arc<Mutex<Inbox>>>, body: Bytes) -> (StatusCode, String) {
    let notification: Notification = match serde_json::from_slice(&body) {
        Ok(notification) => notification,
        Err(error) => return (StatusCode::BAD_REQUEST, format!("no notification of Alertmanager's: {error}\n")),
    };
    if notification.version != "4" {
        let found = &notification.version;
        return (StatusCode::BAD_REQUEST, format!("version {found} of Alertmanager's webhook; expected 4\n"));
    }
    let taken = inbox.lock().unwrap_or_else(PoisonError::into_inner).take(&notification, Timestamp::now());
    match taken {
        Ok(changes) => {
            for change in &changes {
                let name = change.labels.get("alertname").map_or("?", String::as_str);
                let what = if change.ended_at.is_some() { "ended" } else { "began" };
                tracing::info!(alert = name, fingerprint = change.key.fingerprint, "{what}");
            }
            (StatusCode::OK, format!("{} new\n", changes.len()))
        }
        Err(error) => {
            tracing::error!(%error, "a notification was not taken");
            (StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n"))
        }
    }
}
