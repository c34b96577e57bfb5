//! The logger's task: gathers entries, sends batches, and finds out which entries the server refuses.
//!
//! A server refuses a whole batch for one bad entry, so a refused batch is halved until the bad ones stand alone and the rest is
//! in; `log-batch` is repeatable, so what a half had written already does no harm. Any other failure rejects the batch whole.

use super::super::endpoint::LOG_BATCH;
use super::super::error::Error;
use super::super::ids::RunId;
use super::super::transport::Client;
use super::buffer::Buffer;
use super::{Count, Entry, Order, Unaccepted};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// What the handle and the task both see.
#[derive(Debug, Default)]
pub(super) struct Shared {
    pub(super) queued: Count,
    pub(super) accepted: Count,
    pub(super) batches: Count,
    rejected: Count,
    unaccepted: Mutex<Vec<Unaccepted>>,
}

impl Shared {
    pub(super) fn reject(&self, entries: impl Iterator<Item = Entry>, reason: &Arc<Error>) {
        let mut unaccepted = self.unaccepted.lock().unwrap_or_else(PoisonError::into_inner);
        let before = unaccepted.len();
        unaccepted.extend(entries.map(|entry| Unaccepted { entry, reason: reason.clone() }));
        self.rejected.fetch_add((unaccepted.len() - before) as u64, Ordering::Relaxed);
    }

    pub(super) fn take_unaccepted(&self) -> Vec<Unaccepted> {
        std::mem::take(&mut self.unaccepted.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn pending(&self) -> u64 {
        let settled = self.accepted.load(Ordering::Relaxed) + self.rejected.load(Ordering::Relaxed);
        self.queued.load(Ordering::Relaxed).saturating_sub(settled)
    }
}

pub(super) struct Worker {
    client: Client,
    run: RunId,
    interval: Duration,
    shared: Arc<Shared>,
    buffer: Buffer,
    /// When the oldest entry in the buffer has waited long enough.
    due: Option<Instant>,
}

impl Worker {
    pub(super) fn new(client: Client, run: RunId, interval: Duration, shared: Arc<Shared>) -> Self {
        Self { client, run, interval, shared, buffer: Buffer::default(), due: None }
    }

    /// Works until the handle is gone.
    pub(super) async fn work(mut self, mut orders: mpsc::Receiver<Order>) {
        loop {
            let order = match self.due {
                None => orders.recv().await,
                Some(due) => match tokio::time::timeout_at(due, orders.recv()).await {
                    Ok(order) => order,
                    Err(_) => {
                        self.send().await;
                        continue;
                    }
                },
            };
            match order {
                Some(Order::Log(entry)) => self.take(entry).await,
                Some(Order::Flush(done)) => {
                    self.send().await;
                    // A caller that stopped waiting needs no answer.
                    let _ = done.send(());
                }
                None => return self.send().await,
            }
        }
    }

    async fn take(&mut self, entry: Entry) {
        if let Err(entry) = self.buffer.push(entry) {
            self.send().await;
            let pushed = self.buffer.push(entry);
            debug_assert!(pushed.is_ok(), "an empty buffer takes anything");
        }
        if self.buffer.is_full() {
            self.send().await;
        } else if self.due.is_none() {
            self.due = Some(Instant::now() + self.interval);
        }
    }

    async fn send(&mut self) {
        self.due = None;
        if self.buffer.is_empty() {
            return;
        }
        let (body, entries) = self.buffer.take(&self.run);
        let mut waiting = vec![(body, entries)];
        while let Some((body, mut entries)) = waiting.pop() {
            self.shared.batches.fetch_add(1, Ordering::Relaxed);
            match self.client.tell_bytes(&LOG_BATCH, body).await {
                Ok(()) => {
                    self.shared.accepted.fetch_add(entries.len() as u64, Ordering::Relaxed);
                }
                Err(error) if error.is_invalid_input() && entries.len() > 1 => {
                    let second = entries.split_off(entries.len() / 2);
                    // Last in, first out: the first half goes first, so that entries stay in order.
                    waiting.extend([second, entries].map(|half| self.encode(half)));
                }
                Err(error) => self.shared.reject(entries.into_iter(), &Arc::new(error)),
            }
        }
    }

    fn encode(&self, entries: Vec<Entry>) -> (bytes::Bytes, Vec<Entry>) {
        let mut buffer = Buffer::default();
        for entry in entries {
            let pushed = buffer.push(entry);
            debug_assert!(pushed.is_ok(), "a half of a batch fits into a batch");
        }
        buffer.take(&self.run)
    }
}
