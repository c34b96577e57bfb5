//! The buffered logger: single calls gather into batches, and a task of its own sends them.
//!
//! | File | What it knows |
//! |---|---|
//! | `buffer` | when a batch is full; pure |
//! | `worker` | when to send, and how to find the entries that the server refuses |
//!
//! Here: the handle. Entries wait in a bounded queue: when the server is slower than the training, `log_*` waits too, and
//! memory does not grow. The tempting wrong choice is to drop the oldest or to spawn a task for each entry.

mod buffer;
mod worker;

use super::error::Error;
use super::ids::RunId;
use super::metrics::Metric;
use super::tags::{Param, Tag};
use super::transport::Client;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use worker::{Shared, Worker};

/// Logs to one run, in batches. Call [`BufferedLogger::close`] at the end; dropping it unclosed gives up what was not sent.
#[derive(Debug)]
pub struct BufferedLogger {
    run: RunId,
    queue: mpsc::Sender<Order>,
    shared: Arc<Shared>,
    /// `None` once closed.
    worker: Option<JoinHandle<()>>,
}

/// How the logger gathers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggerSettings {
    /// The longest that an entry waits for company.
    pub interval: Duration,
    /// How many entries may wait for the task; beyond that, `log_*` waits.
    pub queue_entries: usize,
}

impl Default for LoggerSettings {
    fn default() -> Self {
        Self { interval: Duration::from_secs(1), queue_entries: 4096 }
    }
}

/// One thing to log.
#[derive(Debug, Clone, PartialEq)]
pub enum Entry {
    /// A point of a metric.
    Metric(Metric),
    /// A param.
    Param(Param),
    /// A tag.
    Tag(Tag),
}

/// An entry that the server did not take, and why.
#[derive(Debug, Clone)]
pub struct Unaccepted {
    /// The entry, as it was given.
    pub entry: Entry,
    /// Entries of one batch share the reason.
    pub reason: Arc<Error>,
}

/// Some entries were not accepted. They are handed over here, once, for the caller to keep or log elsewhere.
#[derive(Debug, thiserror::Error)]
#[error("run {run}: {} entries were not accepted, the first of them {}: {}", entries.len(), first(entries), reason(entries))]
pub struct LogError {
    /// The run.
    pub run: RunId,
    /// Every entry that was not accepted since the last report. After a lost connection some may have arrived; logging them again is safe.
    pub entries: Vec<Unaccepted>,
}

fn first(entries: &[Unaccepted]) -> String {
    entries.first().map_or_else(String::new, |unaccepted| match &unaccepted.entry {
        Entry::Metric(metric) => format!("metric {:?} at step {}", metric.key, metric.step),
        Entry::Param(param) => format!("param {:?}", param.key),
        Entry::Tag(tag) => format!("tag {:?}", tag.key),
    })
}

fn reason(entries: &[Unaccepted]) -> String {
    entries.first().map_or_else(String::new, |unaccepted| unaccepted.reason.to_string())
}

/// What a logger did from start to close.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogSummary {
    /// Entries that the server took.
    pub accepted: u64,
    /// Calls that this needed.
    pub batches: u64,
}

#[derive(Debug)]
enum Order {
    Log(Entry),
    Flush(oneshot::Sender<()>),
}

impl BufferedLogger {
    /// Starts logging to a run; needs a tokio runtime.
    pub fn start(client: Client, run: RunId, settings: &LoggerSettings) -> Self {
        let (queue, orders) = mpsc::channel(settings.queue_entries.max(1));
        let shared = Arc::new(Shared::default());
        let worker = Worker::new(client, run.clone(), settings.interval, shared.clone());
        Self { run, queue, shared, worker: Some(tokio::spawn(worker.work(orders))) }
    }

    /// Logs a point of a metric.
    ///
    /// # Errors
    /// As [`BufferedLogger::log`].
    pub async fn log_metric(&self, metric: Metric) -> Result<(), LogError> {
        self.log(Entry::Metric(metric)).await
    }

    /// Logs a param.
    ///
    /// # Errors
    /// As [`BufferedLogger::log`].
    pub async fn log_param(&self, param: Param) -> Result<(), LogError> {
        self.log(Entry::Param(param)).await
    }

    /// Sets a tag.
    ///
    /// # Errors
    /// As [`BufferedLogger::log`].
    pub async fn set_tag(&self, tag: Tag) -> Result<(), LogError> {
        self.log(Entry::Tag(tag)).await
    }

    /// Queues an entry, waiting while the queue is full.
    ///
    /// # Errors
    /// [`LogError`] hands over *earlier* entries that were not accepted; this one is queued all the same.
    pub async fn log(&self, entry: Entry) -> Result<(), LogError> {
        // Counted once it has a place: a caller that gives up waiting keeps its entry.
        let place = self.queue.reserve().await;
        self.shared.queued.fetch_add(1, Ordering::Relaxed);
        match place {
            Ok(place) => place.send(Order::Log(entry)),
            // The worker outlives this handle, unless it panicked.
            Err(_) => self.shared.reject(std::iter::once(entry), &Arc::new(stopped())),
        }
        self.report()
    }

    /// Sends what is buffered and waits for the answer.
    ///
    /// # Errors
    /// [`LogError`] hands over entries that were not accepted.
    pub async fn flush(&self) -> Result<(), LogError> {
        let (done, answer) = oneshot::channel();
        if self.queue.send(Order::Flush(done)).await.is_ok() {
            // A worker that stops before it answers has rejected nothing silently: `report` and `Drop` count.
            let _ = answer.await;
        }
        self.report()
    }

    /// Sends what is buffered, waits for the answer and ends.
    ///
    /// # Errors
    /// [`LogError`] hands over entries that were not accepted.
    pub async fn close(mut self) -> Result<LogSummary, LogError> {
        let flushed = self.flush().await;
        if let Some(worker) = self.worker.take() {
            worker.abort();
        }
        flushed?;
        let (accepted, batches) = (&self.shared.accepted, &self.shared.batches);
        Ok(LogSummary { accepted: accepted.load(Ordering::Relaxed), batches: batches.load(Ordering::Relaxed) })
    }

    /// How many entries are neither accepted nor handed back yet.
    pub fn pending(&self) -> u64 {
        self.shared.pending()
    }

    fn report(&self) -> Result<(), LogError> {
        let entries = self.shared.take_unaccepted();
        if entries.is_empty() { Ok(()) } else { Err(LogError { run: self.run.clone(), entries }) }
    }
}

impl Drop for BufferedLogger {
    fn drop(&mut self) {
        let Some(worker) = self.worker.take() else { return };
        worker.abort();
        let unsent = self.pending();
        if unsent > 0 {
            tracing::warn!(
                run = self.run.as_str(),
                unsent,
                "a logger was dropped without close(); entries were not sent"
            );
        }
    }
}

fn stopped() -> Error {
    Error::Config { setting: "BufferedLogger", problem: "its task stopped; start another logger".to_owned() }
}

/// Counts of entries, shared by handle and worker.
type Count = AtomicU64;
