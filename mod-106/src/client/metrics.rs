//! Metrics: one point, and the history of a key page by page.

use super::endpoint::{LOG_METRIC, METRIC_HISTORY, METRIC_HISTORY_INTERVAL};
use super::error::Error;
use super::ids::RunId;
use super::paging::{self, Page};
use super::transport::Client;
use super::values::{read_float, read_int64_or_zero, write_float};
use futures::Stream;
use serde::{Deserialize, Serialize};

/// One point of a metric. NaN and ±∞ are allowed; servers store ±∞ as ±[`f64::MAX`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Metric {
    /// At most 250 characters.
    pub key: String,
    /// What was measured.
    #[serde(serialize_with = "write_float", deserialize_with = "read_float")]
    pub value: f64,
    /// When, in milliseconds since 1970.
    #[serde(default, deserialize_with = "read_int64_or_zero")]
    pub timestamp: i64,
    /// At which step of the training; may be negative.
    #[serde(default, deserialize_with = "read_int64_or_zero")]
    pub step: i64,
}

/// One point of a metric of one of several runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MetricOfRun {
    /// The run.
    pub run_id: RunId,
    /// The point.
    #[serde(flatten)]
    pub metric: Metric,
}

/// Which steps of a metric to sample, over several runs at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetricInterval {
    /// At most 100 runs.
    pub run_ids: Vec<RunId>,
    /// The metric.
    pub key: String,
    /// First and last step; `None` takes all.
    pub steps: Option<(i32, i32)>,
    /// At most this many points a run, evenly spread: 1 to 2,500.
    pub points: u16,
}

impl Client {
    /// Logs one point. For more than a few, [`Client::log_batch`] and [`BufferedLogger`](super::BufferedLogger) cost far less.
    ///
    /// # Errors
    /// When the run is deleted or the key is too long.
    pub async fn log_metric(&self, run: &RunId, metric: &Metric) -> Result<(), Error> {
        #[derive(Serialize)]
        struct Request<'a> {
            run_id: &'a RunId,
            #[serde(flatten)]
            metric: &'a Metric,
        }
        self.tell(&LOG_METRIC, &Request { run_id: run, metric }).await
    }

    /// One page of a metric's history.
    ///
    /// # Errors
    /// When the run does not exist.
    pub async fn metric_history_page(
        &self,
        run: &RunId,
        key: &str,
        page_size: u32,
        page_token: Option<&str>,
    ) -> Result<Page<Metric>, Error> {
        #[derive(Deserialize)]
        struct Answer {
            #[serde(default)]
            metrics: Vec<Metric>,
            next_page_token: Option<String>,
        }
        let page_size = page_size.to_string();
        let mut query = vec![("run_id", run.as_str()), ("metric_key", key), ("max_results", &page_size)];
        query.extend(page_token.map(|token| ("page_token", token)));
        let answer: Answer = self.get(&METRIC_HISTORY, &query).await?;
        Ok(Page::new(answer.metrics, answer.next_page_token))
    }

    /// The whole history of a metric, ten thousand points a page.
    pub fn metric_history(&self, run: &RunId, key: &str) -> impl Stream<Item = Result<Metric, Error>> + Send {
        self.metric_history_by(run, key, 10_000)
    }

    /// The whole history of a metric with pages of a chosen size.
    pub fn metric_history_by(
        &self,
        run: &RunId,
        key: &str,
        page_size: u32,
    ) -> impl Stream<Item = Result<Metric, Error>> + Send {
        let (client, run, key) = (self.clone(), run.clone(), std::sync::Arc::<str>::from(key));
        paging::stream(move |token| {
            let (client, run, key) = (client.clone(), run.clone(), key.clone());
            async move { client.metric_history_page(&run, &key, page_size, token.as_deref()).await }
        })
    }

    /// A sample of a metric's history over several runs, as a chart needs it.
    ///
    /// # Errors
    /// When a run does not exist or `points` is out of range.
    pub async fn metric_history_interval(&self, interval: &MetricInterval) -> Result<Vec<MetricOfRun>, Error> {
        #[derive(Deserialize)]
        struct Answer {
            #[serde(default)]
            metrics: Vec<MetricOfRun>,
        }
        let (points, steps) =
            (interval.points.to_string(), interval.steps.map(|(a, b)| (a.to_string(), b.to_string())));
        let mut query: Vec<_> = interval.run_ids.iter().map(|run| ("run_ids", run.as_str())).collect();
        query.extend([("metric_key", interval.key.as_str()), ("max_results", &points)]);
        if let Some((first, last)) = &steps {
            query.extend([("start_step", first.as_str()), ("end_step", last)]);
        }
        let answer: Answer = self.get(&METRIC_HISTORY_INTERVAL, &query).await?;
        Ok(answer.metrics)
    }
}
