//! Batches: many metrics, params and tags in one call, within MLflow's limits.
//!
//! `log_batch` sends what it is given and refuses what no server takes; cutting a stream of entries into batches is the work of
//! `logger/`.

use super::endpoint::LOG_BATCH;
use super::error::Error;
use super::ids::RunId;
use super::metrics::Metric;
use super::tags::{Param, Tag};
use super::transport::{Client, encode};
use serde::Serialize;

/// The most metrics in one batch.
pub const MOST_METRICS: usize = 1000;
/// The most params in one batch.
pub const MOST_PARAMS: usize = 100;
/// The most tags in one batch.
pub const MOST_TAGS: usize = 100;
/// The most entries of any kind in one batch.
pub const MOST_ENTRIES: usize = 1000;
/// The longest body of a batch, in bytes.
pub const LONGEST_BODY_BYTES: usize = 1 << 20;

/// What goes into one call.
#[derive(Debug, Clone, Copy, Default)]
pub struct Batch<'a> {
    /// At most [`MOST_METRICS`].
    pub metrics: &'a [Metric],
    /// At most [`MOST_PARAMS`].
    pub params: &'a [Param],
    /// At most [`MOST_TAGS`].
    pub tags: &'a [Tag],
}

impl Batch<'_> {
    /// Whether no server would take it, and why.
    fn over_limit(&self) -> Option<(&'static str, String, &'static str)> {
        let entries = self.metrics.len() + self.params.len() + self.tags.len();
        let way_out = "send it in several batches, or let a BufferedLogger do so";
        [
            ("number of metrics in a batch", self.metrics.len(), MOST_METRICS),
            ("number of params in a batch", self.params.len(), MOST_PARAMS),
            ("number of tags in a batch", self.tags.len(), MOST_TAGS),
            ("number of entries in a batch", entries, MOST_ENTRIES),
        ]
        .into_iter()
        .find(|(_, count, most)| count > most)
        .map(|(what, count, most)| (what, format!("{count} of at most {most}"), way_out))
    }
}

impl Client {
    /// Logs a batch: one call, serialised straight from the slices.
    ///
    /// # Errors
    /// [`Error::Refused`] over a limit; what the server says otherwise. MLflow writes params, then metrics, then tags, so that a
    /// refused batch may have been written in part; sending it again is safe.
    pub async fn log_batch(&self, run: &RunId, batch: &Batch<'_>) -> Result<(), Error> {
        #[derive(Serialize)]
        struct Request<'a> {
            run_id: &'a RunId,
            #[serde(skip_serializing_if = "<[Metric]>::is_empty")]
            metrics: &'a [Metric],
            #[serde(skip_serializing_if = "<[Param]>::is_empty")]
            params: &'a [Param],
            #[serde(skip_serializing_if = "<[Tag]>::is_empty")]
            tags: &'a [Tag],
        }
        if let Some((what, value, way_out)) = batch.over_limit() {
            return Err(Error::refused(what, &value, way_out));
        }
        let Batch { metrics, params, tags } = *batch;
        let body = encode(&Request { run_id: run, metrics, params, tags });
        if body.len() > LONGEST_BODY_BYTES {
            let value = format!("{} of at most {LONGEST_BODY_BYTES}", body.len());
            return Err(Error::refused("number of bytes in a batch", &value, "send it in several batches"));
        }
        self.tell_bytes(&LOG_BATCH, body).await
    }
}

#[cfg(test)]
mod tests {
    use super::{Batch, Metric, Param, Tag};

    #[test]
    fn limits_are_mlflows() {
        fn check(metrics: usize, params: usize, tags: usize, expected: Option<&str>) {
            let metrics = vec![Metric { key: "m".to_owned(), value: 0.0, timestamp: 0, step: 0 }; metrics];
            let (params, tags) = (vec![Param::new("p", ""); params], vec![Tag::new("t", ""); tags]);
            let batch = Batch { metrics: &metrics, params: &params, tags: &tags };
            assert_eq!(batch.over_limit().map(|(what, ..)| what), expected);
        }
        check(1000, 0, 0, None);
        check(800, 100, 100, None);
        check(1001, 0, 0, Some("number of metrics in a batch"));
        check(0, 101, 0, Some("number of params in a batch"));
        check(0, 0, 101, Some("number of tags in a batch"));
        check(900, 100, 1, Some("number of entries in a batch"));
    }
}
