//! Asks a Prometheus (<https://prometheus.io/docs/prometheus/latest/querying/api/>). It may be down, slow, empty, or say no: each is an
//! answer of its own, and none is taken for another. A monitor that is blind must not look like one that sees nothing wrong.

use jiff::Timestamp;
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nobody is there.
    #[error("cannot reach Prometheus at {url}: {reason}; is it running, and is the address right?")]
    Down {
        /// Its address.
        url: String,
        /// What the client said.
        reason: String,
    },
    /// It takes longer than anybody should wait.
    #[error(
        "Prometheus at {url} did not answer within {seconds} s; it is overloaded, or the query is too large: {query}"
    )]
    Slow {
        /// Its address.
        url: String,
        /// The patience.
        seconds: u64,
        /// What was asked.
        query: String,
    },
    /// It understood, and refused; or it is no Prometheus.
    #[error("Prometheus at {url} refuses `{query}`: {reason}")]
    Refused {
        /// Its address.
        url: String,
        /// What was asked.
        query: String,
        /// What it said.
        reason: String,
    },
}

impl Error {
    /// The exit code that this error stands for.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Down { .. } | Self::Slow { .. } => 3,
            Self::Refused { .. } => 1,
        }
    }
}

/// One series of an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Its labels, the name among them.
    pub labels: BTreeMap<String, String>,
    /// Seconds since 1970 and values, in order of time.
    pub points: Vec<(f64, f64)>,
}

/// A Prometheus somewhere.
#[derive(Clone, Debug)]
pub struct Prometheus {
    url: String,
    patience: Duration,
    client: reqwest::Client,
}

impl Prometheus {
    /// Nothing is asked yet.
    ///
    /// # Errors
    /// When the client cannot be made.
    pub fn new(url: &str, patience: Duration) -> Result<Self, Error> {
        // A second provider in one process is no reason not to ask.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let url = url.trim_end_matches('/').to_owned();
        let built = reqwest::Client::builder().no_proxy().timeout(patience).build();
        let client = built.map_err(|error| Error::Down { url: url.clone(), reason: error.to_string() })?;
        Ok(Self { url, patience, client })
    }

    /// A query at one time.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn instant(&self, query: &str, at: Timestamp) -> Result<Vec<Series>, Error> {
        self.ask("query", query, &[("time", seconds(at))]).await
    }

    /// A query over a stretch of time, a point each `step_seconds`.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn range(
        &self,
        query: &str,
        from: Timestamp,
        to: Timestamp,
        step_seconds: u64,
    ) -> Result<Vec<Series>, Error> {
        let when = [("start", seconds(from)), ("end", seconds(to)), ("step", step_seconds.to_string())];
        self.ask("query_range", query, &when).await
    }

    async fn ask(&self, kind: &str, query: &str, when: &[(&str, String)]) -> Result<Vec<Series>, Error> {
        let failed = |error: reqwest::Error| {
            if error.is_timeout() {
                return Error::Slow {
                    url: self.url.clone(),
                    seconds: self.patience.as_secs(),
                    query: query.to_owned(),
                };
            }
            Error::Down { url: self.url.clone(), reason: cause(&error) }
        };
        let refused = |reason: String| Error::Refused { url: self.url.clone(), query: query.to_owned(), reason };
        let request = self.client.get(format!("{}/api/v1/{kind}", self.url)).query(&[("query", query)]).query(when);
        let answer = request.send().await.map_err(failed)?;
        let status = answer.status();
        let text = answer.text().await.map_err(failed)?;
        let answer: Value = serde_json::from_str(&text)
            .map_err(|_| refused(format!("it answers {status} and no JSON, as no Prometheus does")))?;
        if answer["status"] != "success" {
            return Err(refused(answer["error"].as_str().unwrap_or("no reason is given").to_owned()));
        }
        read(&answer["data"]).ok_or_else(|| refused(format!("its answer is a {}", answer["data"]["resultType"])))
    }
}

fn seconds(time: Timestamp) -> String {
    format!("{:.3}", time.as_millisecond() as f64 / 1_000.0)
}

/// What lies at the bottom of a chain of errors: `connection refused` rather than `error sending request`.
fn cause(error: &dyn std::error::Error) -> String {
    let mut deepest = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    deepest.to_string()
}

fn read(data: &Value) -> Option<Vec<Series>> {
    let point = |pair: &Value| Some((pair[0].as_f64()?, pair[1].as_str()?.parse().ok()?));
    match data["resultType"].as_str()? {
        "scalar" => Some(vec![Series { labels: BTreeMap::new(), points: vec![point(&data["result"])?] }]),
        "vector" | "matrix" => data["result"]
            .as_array()?
            .iter()
            .map(|series| {
                let labels = series["metric"].as_object()?.iter();
                let labels = labels.map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())));
                let points = match series.get("values") {
                    Some(values) => values.as_array()?.iter().map(point).collect::<Option<_>>()?,
                    None => vec![point(&series["value"])?],
                };
                Some(Series { labels: labels.collect::<Option<_>>()?, points })
            })
            .collect(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::read;
    use serde_json::json;

    #[test]
    fn every_kind_of_answer_is_read_and_a_strange_one_is_not() {
        let vector = json!({ "resultType": "vector", "result": [{ "metric": { "a": "b" }, "value": [1.5, "NaN"] }] });
        let series = read(&vector).unwrap();
        assert!(series[0].labels["a"] == "b" && series[0].points[0].1.is_nan());
        let matrix = json!({ "resultType": "matrix", "result": [{ "metric": {}, "values": [[1, "2"], [3, "+Inf"]] }] });
        assert_eq!(read(&matrix).unwrap()[0].points, [(1.0, 2.0), (3.0, f64::INFINITY)]);
        assert_eq!(read(&json!({ "resultType": "scalar", "result": [1, "7"] })).unwrap()[0].points, [(1.0, 7.0)]);
        assert!(read(&json!({ "resultType": "string", "result": [1, "x"] })).is_none());
        assert!(read(&json!({ "resultType": "vector", "result": [{ "metric": {}, "value": [1, "x"] }] })).is_none());
    }
}
