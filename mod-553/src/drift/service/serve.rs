//! Rounds without end, and what a scraper, a person and a supervisor ask for: `/metrics`, `/windows`, `/healthz`.
//!
//! A round that fails is said and tried again: a bucket that is down for an hour delays windows and loses none.

use super::pass::Watchtower;
use super::state::{Counters, Line};
use crate::drift::error::Error;
use crate::drift::outcome::Outcome;
use crate::drift::report::{self, Budget};
use axum::extract::State as Shared;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use jiff::Timestamp;
use mod_106::alerts::{Config, Dispatcher, Options};
use std::fmt::Write;
use std::sync::{Arc, RwLock};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// How it is served.
#[derive(Debug)]
pub struct Serving {
    /// Where the pages are asked for.
    pub listener: TcpListener,
    /// Between two rounds.
    pub poll: Duration,
    /// Who is told.
    pub alerts: Option<Config>,
    /// How many columns have time series of their own.
    pub budget: Budget,
    /// Ends it, after the round that is under way.
    pub stop: CancellationToken,
}

/// What the pages show.
#[derive(Debug, Default)]
struct Shown {
    latest: Option<Outcome>,
    windows: Vec<Line>,
    counters: Counters,
    failure: Option<String>,
}

impl Shown {
    /// All but the latest outcome.
    fn of(tower: &Watchtower) -> Self {
        let (windows, counters) = (tower.state.closed.clone(), tower.state.counters);
        Self { latest: None, windows, counters, failure: None }
    }
}

type Board = Arc<(RwLock<Shown>, Budget)>;

/// Serves until it is stopped.
///
/// # Errors
/// When the listener fails.
pub async fn serve(mut tower: Watchtower, serving: Serving) -> Result<(), Error> {
    let Serving { listener, poll, alerts, budget, stop } = serving;
    // What was shown before a restart is shown until the next window closes: a gauge that vanishes looks like an outage.
    let shown = Shown { latest: tower.latest(), ..Shown::of(&tower) };
    let board: Board = Arc::new((RwLock::new(shown), budget));
    let routes = Router::new()
        .route("/metrics", get(metrics))
        .route("/windows", get(windows))
        .route("/healthz", get(health))
        .with_state(board.clone());
    let stopped = stop.clone();
    let pages =
        tokio::spawn(
            async move { axum::serve(listener, routes).with_graceful_shutdown(stopped.cancelled_owned()).await },
        );
    while !stop.is_cancelled() {
        round(&mut tower, alerts.as_ref(), &board).await;
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(poll) => {}
        }
    }
    match pages.await {
        Ok(Ok(())) | Err(_) => Ok(()),
        Ok(Err(error)) => Err(Error::State {
            at: "the listener".to_owned(),
            reason: error.to_string(),
            advice: "start the service again".to_owned(),
        }),
    }
}

async fn round(tower: &mut Watchtower, alerts: Option<&Config>, board: &Board) {
    let now = Timestamp::now();
    let failure = match tower.pass(now).await {
        Ok(passed) => {
            passed.malformed.iter().for_each(|line| tracing::warn!("not a record: {line}"));
            for closed in &passed.closed {
                tracing::info!(
                    window = closed.outcome.window.as_ref().map(|it| it.start.as_str()),
                    verdict = closed.outcome.verdict.word(),
                    "{}",
                    closed.outcome.why
                );
            }
            if let (Ok(mut shown), latest) = (board.0.write(), passed.closed.into_iter().next_back()) {
                let latest = latest.map(|closed| closed.outcome).or_else(|| shown.latest.take());
                *shown = Shown { latest, ..Shown::of(tower) };
            }
            None
        }
        Err(error) => {
            tracing::error!("{error}");
            Some(error.to_string())
        }
    };
    if let Ok(mut shown) = board.0.write() {
        shown.failure = failure;
    }
    if let Some(config) = alerts {
        tell(tower, config, now).await;
    }
}

/// All alerts that hold, each round: the dispatcher knows what was told, repeats what was not delivered and resolves what is gone.
async fn tell(tower: &Watchtower, config: &Config, now: Timestamp) {
    let alerts = report::fold(tower.state.alerts.values().cloned().collect());
    let dispatcher = Dispatcher::new(config);
    let options = Options { source: Some("drift".to_owned()), dry_run: false };
    match dispatcher.send(&alerts, &options, now, &|name: &str| std::env::var(name).ok()).await {
        Ok(sent) => {
            if let Some(error) = dispatcher.undelivered(&sent) {
                tracing::warn!("{error}");
            }
        }
        Err(error) => tracing::error!("{error}"),
    }
}

async fn metrics(Shared(board): Shared<Board>) -> impl IntoResponse {
    let Ok(shown) = board.0.read() else {
        return (StatusCode::INTERNAL_SERVER_ERROR, [(header::CONTENT_TYPE, "text/plain")], String::new());
    };
    let latest: Vec<&Outcome> = shown.latest.iter().collect();
    let mut text = report::prometheus(&latest, board.1).unwrap_or_default();
    let counters = shown.counters;
    let counted = [
        ("drift_records_total", "Records that belong to a window.", counters.records),
        ("drift_records_late_total", "Records whose window was closed.", counters.late),
        ("drift_records_ahead_total", "Records whose clock is ahead.", counters.ahead),
        ("drift_records_duplicate_total", "Records of a request that had been seen.", counters.duplicates),
        ("drift_lines_malformed_total", "Lines that are no record.", counters.malformed),
        ("drift_windows_total", "Windows that closed.", counters.windows),
    ];
    for (name, help, count) in counted {
        let _ = write!(text, "# HELP {name} {help}\n# TYPE {name} counter\n{name} {count}\n");
    }
    let failed = u8::from(shown.failure.is_some());
    let _ = write!(
        text,
        "# HELP drift_round_failed 1 when the last round failed.\n# TYPE drift_round_failed gauge\ndrift_round_failed {failed}\n"
    );
    (StatusCode::OK, [(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text)
}

async fn windows(Shared(board): Shared<Board>) -> impl IntoResponse {
    Json(board.0.read().map(|shown| shown.windows.clone()).unwrap_or_default())
}

async fn health(Shared(board): Shared<Board>) -> impl IntoResponse {
    match board.0.read().ok().and_then(|shown| shown.failure.clone()) {
        None => (StatusCode::OK, "ok\n".to_owned()),
        Some(failure) => (StatusCode::SERVICE_UNAVAILABLE, format!("{failure}\n")),
    }
}
