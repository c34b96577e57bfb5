//! Starts the service with its two doors, and stops it without losing anything: not ready first, then requests in flight, then the
//! log on the disk.

use super::error::Error;
use super::faults::Faults;
use super::model::Model;
use super::spend::{OUTCOMES, Spend};
use super::state::{Deployments, Memory, Service};
use super::{admin, feedback, predict};
use crate::finops::policy::{Files, Policy};
use crate::instrument::{self, Figures, InferenceLog};
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post, put};
use axum::{Json, Router};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, RwLock};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

/// How long requests in flight may take once the service was told to stop.
const GRACE: Duration = Duration::from_secs(10);
/// A question is a few hundred bytes.
const LARGEST_BODY: usize = 64 * 1024;

/// How to serve.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The model that answers.
    pub model: PathBuf,
    /// A model that answers a share of the requests.
    pub canary: Option<(PathBuf, f64)>,
    /// The address of both doors.
    pub host: String,
    /// The API's port; 0 takes a free one.
    pub port: u16,
    /// The management door's.
    pub management_port: u16,
    /// Whether the API's port shows metrics, too.
    pub one_door: bool,
    /// How many tenants have names of their own in metrics.
    pub tenant_budget: usize,
    /// Where logs go; without it nothing is logged.
    pub log_folder: Option<PathBuf>,
    /// A log file is put aside when it is larger.
    pub rotate_bytes: u64,
    /// A file that receives both addresses once they answer.
    pub ready_file: Option<PathBuf>,
    /// Whether faults can be injected.
    pub faults: bool,
    /// What injected faults are drawn from.
    pub seed: u64,
    /// What says how much explanations may cost; without it, as much as they do.
    pub spend: Option<Files>,
}

/// Serves until SIGTERM or SIGINT.
///
/// # Errors
/// A model or a log that cannot be used, or an address that is taken.
pub async fn serve(settings: Settings) -> Result<(), Error> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let service = Arc::new(open(&settings)?);
    let api = bind(&settings.host, settings.port).await?;
    let management = bind(&settings.host, settings.management_port).await?;
    let (url, management_url) = (url(&settings.host, &api)?, url(&settings.host, &management)?);
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let mut until_stopped = stopped.clone();
    let serving = axum::serve(api, api_router(&service, settings.one_door)).with_graceful_shutdown(async move {
        let _ = until_stopped.wait_for(|stopped| *stopped).await;
    });
    let serving = tokio::spawn(serving.into_future());
    // It ends with the process: a last scrape while requests are finished is welcome.
    tokio::spawn(axum::serve(management, management_router(&service)).into_future());
    service.ready.store(true, Ordering::Release);
    if let Some(path) = &settings.ready_file {
        let ready = serde_json::json!({ "url": url, "management": management_url });
        mod_106::documents::write(path, ready.to_string().as_bytes())?;
    }
    tracing::info!(url, management = management_url, "listening");
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("stopping; requests in flight are finished first");
    service.ready.store(false, Ordering::Release);
    stop.send_replace(true);
    if tokio::time::timeout(GRACE, serving).await.is_err() {
        tracing::warn!("some requests took too long and were cut off");
    }
    for log in [&service.requests, &service.labels].into_iter().flatten() {
        log.sync()?;
    }
    if let Some(path) = &settings.ready_file {
        // It said that the service is ready; gone is gone.
        let _ = std::fs::remove_file(path);
    }
    Ok(())
}

fn open(settings: &Settings) -> Result<Service, Error> {
    let canary = settings.canary.as_ref().map(|(path, share)| Ok::<_, Error>((Model::read(path)?, *share)));
    let deployments = Deployments::new(Model::read(&settings.model)?, canary.transpose()?)?;
    let log = |folder: &Path, name| InferenceLog::open(folder, name, settings.rotate_bytes);
    let folder = settings.log_folder.as_deref();
    let service = Service {
        figures: Arc::new(Figures::new(settings.tenant_budget)?),
        deployments: RwLock::new(deployments),
        faults: RwLock::new(Faults::default()),
        memory: Mutex::new(Memory::default()),
        requests: folder.map(|folder| log(folder, "inference")).transpose()?,
        labels: folder.map(|folder| log(folder, "labels")).transpose()?,
        ready: AtomicBool::new(false),
        random: Mutex::new(fastrand::Rng::with_seed(settings.seed)),
        spend: settings.spend.clone().map(spend).transpose()?,
        open_to_faults: settings.faults,
    };
    service.announce();
    for outcome in service.spend.iter().flat_map(|_| OUTCOMES) {
        service.figures.business.spend_decisions.with_label_values(&[outcome]);
    }
    Ok(service)
}

/// A policy that cannot be read is no reason to start and find out with the first request.
fn spend(files: Files) -> Result<Spend, Error> {
    Policy::read(&files.policy)?;
    Ok(Spend::new(files))
}

async fn bind(host: &str, port: u16) -> Result<TcpListener, Error> {
    let address = format!("{host}:{port}");
    TcpListener::bind(&address).await.map_err(|source| Error::Bind { address, source })
}

fn url(host: &str, listener: &TcpListener) -> Result<String, Error> {
    let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
    Ok(format!("http://{host}:{}", listener.local_addr()?.port()))
}

/// What callers see.
fn api_router(service: &Arc<Service>, one_door: bool) -> Router {
    let metrics = if one_door { instrument::router(Arc::clone(&service.figures)) } else { Router::new() };
    Router::new()
        .route("/v1/predict", post(predict::predict))
        .route("/v1/feedback", post(feedback::feedback))
        .route("/v1/model", get(model))
        .route("/health", get(health))
        .route("/ready", get(ready))
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .with_state(Arc::clone(service))
        .merge(metrics)
        .layer(from_fn_with_state(Arc::clone(&service.figures), instrument::observe))
}

/// What those see who run it.
fn management_router(service: &Arc<Service>) -> Router {
    Router::new()
        .route("/health", get(health))
        .route("/ready", get(ready))
        .route("/admin/faults", get(admin::show).put(admin::put).delete(admin::delete))
        .route("/admin/deploy", put(admin::deploy))
        .with_state(Arc::clone(service))
        .merge(instrument::router(Arc::clone(&service.figures)))
}

async fn model(State(service): State<Arc<Service>>) -> Json<serde_json::Value> {
    Json(admin::served(&service))
}

/// The process lives.
async fn health() -> &'static str {
    "alive\n"
}

/// It wants requests.
async fn ready(State(service): State<Arc<Service>>) -> (StatusCode, &'static str) {
    if service.is_ready() { (StatusCode::OK, "ready\n") } else { (StatusCode::SERVICE_UNAVAILABLE, "not ready\n") }
}
