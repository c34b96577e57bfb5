//! A client of feature servers: Feast's and ours, which speak alike.
//!
//! Reads, materialisation and pushes to the online store leave the server the same when they are sent twice, and are sent again after a broken
//! connection or a 503. A push to the offline store adds rows each time: it is never sent again, and a lost answer is told as
//! what it is. The decision itself is the tracking client's. Next: `registry.rs` reads what is defined.

use super::error::Error;
use super::wire::{
    FieldStatus, MaterializeIncrementalRequest, MaterializeRequest, OnlineRequest, OnlineResponse, PushRequest,
    PushTarget,
};
use crate::client::{Config, Outcome, Repeat, RetryPolicy, http_client, parse_retry_after};
use bytes::Bytes;
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Method, RequestBuilder};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::time::Duration;

/// The longest answer that is read.
const LONGEST_ANSWER_BYTES: usize = 64 << 20;
/// A materialisation reads whole files before it answers.
const PATIENCE: Duration = Duration::from_secs(600);

/// A connection to one feature server. Cloning is cheap, and clones share connections.
#[derive(Debug, Clone)]
pub struct FeatureClient {
    http: reqwest::Client,
    base: String,
    retries: RetryPolicy,
    timeout: Duration,
}

/// A value with what to think of it.
#[derive(Debug, Clone, PartialEq)]
pub struct OnlineValue {
    /// The value; null also where there is none.
    pub value: Value,
    /// What to think of it.
    pub status: FieldStatus,
    /// Since when it is true, as the server wrote it.
    pub event_timestamp: Option<String>,
}

/// A call: where, and whether twice is as good as once.
struct Call {
    method: Method,
    path: String,
    body: Option<Bytes>,
    repeat: Repeat,
}

impl FeatureClient {
    /// Prepares a connection; nothing is sent yet.
    ///
    /// # Errors
    /// [`Error::Malformed`] when the address is no `http://` or `https://` URL with a host.
    pub fn new(address: &str) -> Result<Self, Error> {
        let wrong = |problem: &str| Error::malformed(format!("the address {address:?}"), problem);
        let config =
            Config::new(address).map_err(|_| wrong("not a server's; give one such as http://127.0.0.1:6566"))?;
        let http = http_client(&config)?;
        let base = config.tracking_uri.as_str().trim_end_matches('/').to_owned();
        let retries = RetryPolicy { retries: 3, longest: Duration::from_secs(10), ..RetryPolicy::default() };
        Ok(Self { http, base, retries, timeout: PATIENCE })
    }

    /// The same client with other patience.
    #[must_use]
    pub fn with_patience(mut self, retries: RetryPolicy, timeout: Duration) -> Self {
        (self.retries, self.timeout) = (retries, timeout);
        self
    }

    /// The server's address, without a slash at its end.
    pub fn address(&self) -> &str {
        &self.base
    }

    /// Whether the server answers.
    ///
    /// # Errors
    /// When it does not.
    pub async fn health(&self) -> Result<(), Error> {
        let call = Call { method: Method::GET, path: "/health".to_owned(), body: None, repeat: Repeat::Safe };
        self.bytes(&call).await.map(drop)
    }

    /// The newest values of features.
    ///
    /// # Errors
    /// When the server does not know a view, feature or join key, or does not answer.
    pub async fn online(&self, request: &OnlineRequest) -> Result<OnlineResponse, Error> {
        self.post("/get-online-features", json!(request), Repeat::Safe).await
    }

    /// Puts rows in through a push source.
    ///
    /// # Errors
    /// When there is no such source, the rows do not fit, or the server does not answer: after a push to the offline store nobody
    /// knows then whether the rows are there.
    pub async fn push(&self, request: &PushRequest) -> Result<(), Error> {
        let repeat = match request.to {
            PushTarget::Online => Repeat::Safe,
            PushTarget::Offline | PushTarget::OnlineAndOffline => Repeat::Never("the rows would be there twice"),
        };
        self.tell("/push", json!(request), repeat).await
    }

    /// Copies the newest values between two moments from the offline to the online store.
    ///
    /// # Errors
    /// When a view is unknown or a source cannot be read.
    pub async fn materialize(&self, request: &MaterializeRequest) -> Result<(), Error> {
        self.tell("/materialize", json!(request), Repeat::Safe).await
    }

    /// Copies what is new since the last time.
    ///
    /// # Errors
    /// As [`FeatureClient::materialize`].
    pub async fn materialize_incremental(&self, request: &MaterializeIncrementalRequest) -> Result<(), Error> {
        self.tell("/materialize-incremental", json!(request), Repeat::Safe).await
    }

    /// Reads JSON from a path, as the registry's reads do.
    pub(super) async fn read<T: DeserializeOwned>(&self, path: String) -> Result<T, Error> {
        let call = Call { method: Method::GET, path, body: None, repeat: Repeat::Safe };
        self.parse(&call, &self.bytes(&call).await?)
    }

    async fn post<T: DeserializeOwned>(&self, path: &str, body: Value, repeat: Repeat) -> Result<T, Error> {
        let call = Call { method: Method::POST, path: path.to_owned(), body: Some(body.to_string().into()), repeat };
        self.parse(&call, &self.bytes(&call).await?)
    }

    async fn tell(&self, path: &str, body: Value, repeat: Repeat) -> Result<(), Error> {
        let call = Call { method: Method::POST, path: path.to_owned(), body: Some(body.to_string().into()), repeat };
        self.bytes(&call).await.map(drop)
    }

    fn parse<T: DeserializeOwned>(&self, call: &Call, body: &[u8]) -> Result<T, Error> {
        serde_json::from_slice(body).map_err(|error| Error::Garbage {
            call: call.label(),
            reason: format!("not the JSON expected: {error}"),
            excerpt: excerpt(body),
        })
    }

    async fn bytes(&self, call: &Call) -> Result<Bytes, Error> {
        let mut attempts = 0;
        loop {
            attempts += 1;
            let (error, outcome) = match self.attempt(call).await {
                Ok(body) => return Ok(body),
                Err(failure) => failure,
            };
            let decide = |outcome| self.retries.decide(call.repeat, &outcome, attempts, fastrand::f64());
            let Some(wait) = outcome.and_then(decide) else { return Err(error) };
            tracing::debug!(%error, attempts, wait_ms = wait.as_millis(), "trying again");
            tokio::time::sleep(wait).await;
        }
    }

    async fn attempt(&self, call: &Call) -> Result<Bytes, (Error, Option<Outcome>)> {
        let response = self.request(call).send().await.map_err(|error| self.disconnected(call, error))?;
        let status = response.status();
        let retry_after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
        let retry_after = retry_after.and_then(|text| parse_retry_after(text, jiff::Timestamp::now()));
        let body = self.body(call, response).await?;
        if status.is_success() {
            return Ok(body);
        }
        let error = Error::Refused { call: call.label(), status: status.as_u16(), message: words(&body) };
        Err((error, Some(Outcome::Answered { status: status.as_u16(), retry_after })))
    }

    fn request(&self, call: &Call) -> RequestBuilder {
        let request =
            self.http.request(call.method.clone(), format!("{}{}", self.base, call.path)).timeout(self.timeout);
        match &call.body {
            Some(body) => request.header(CONTENT_TYPE, "application/json").body(body.clone()),
            None => request,
        }
    }

    async fn body(&self, call: &Call, mut response: reqwest::Response) -> Result<Bytes, (Error, Option<Outcome>)> {
        let mut body = bytes::BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.disconnected(call, error))? {
            if body.len() + chunk.len() > LONGEST_ANSWER_BYTES {
                let reason = format!("longer than {LONGEST_ANSWER_BYTES} bytes");
                return Err((Error::Garbage { call: call.label(), reason, excerpt: excerpt(&body) }, None));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body.freeze())
    }

    fn disconnected(&self, call: &Call, error: reqwest::Error) -> (Error, Option<Outcome>) {
        let timed_out = error.is_timeout();
        let error = error.without_url();
        let mut cause: &dyn std::error::Error = &error;
        while let Some(next) = cause.source() {
            cause = next;
        }
        let error = Error::Connection { call: call.label(), server: self.base.clone(), reason: cause.to_string() };
        // After a time-out the server may still be at it: asking again would only add to its work.
        (error, (!timed_out).then_some(Outcome::Disconnected))
    }
}

impl Call {
    fn label(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

impl OnlineResponse {
    /// The values of a feature, one for each entity asked about. Goes by name: servers reorder features.
    pub fn feature(&self, name: &str) -> Option<Vec<OnlineValue>> {
        let index = self.metadata.feature_names.iter().position(|known| known == name)?;
        let vector = self.results.get(index)?;
        let value = |(index, value): (usize, &Value)| OnlineValue {
            value: value.clone(),
            status: vector.statuses.get(index).copied().unwrap_or(FieldStatus::Invalid),
            event_timestamp: vector.event_timestamps.get(index).cloned(),
        };
        Some(vector.values.iter().enumerate().map(value).collect())
    }
}

/// A server's own words: Feast answers JSON in a JSON text for its own errors, a plain JSON text for others, and `detail` for
/// requests that do not fit.
fn words(body: &[u8]) -> String {
    let Ok(answer) = serde_json::from_slice::<Value>(body) else { return excerpt(body) };
    let inner = answer.as_str().and_then(|text| serde_json::from_str::<Value>(text).ok()).unwrap_or(answer);
    let message = ["/message", "/detail"].into_iter().find_map(|pointer| inner.pointer(pointer)).unwrap_or(&inner);
    message.as_str().map_or_else(|| message.to_string(), str::to_owned)
}

fn excerpt(body: &[u8]) -> String {
    String::from_utf8_lossy(body).chars().take(200).collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::{FeatureClient, words};
    use crate::features::Error;

    #[test]
    fn a_servers_words_are_found_in_each_of_their_forms() {
        fn check(body: &str, expected: &str) {
            assert_eq!(words(body.as_bytes()), expected);
        }
        check(
            r#""{\"module\": \"feast.errors\", \"message\": \"Feature view nope does not exist\"}""#,
            "Feature view nope does not exist",
        );
        check(r#""'Feature x not found'""#, "'Feature x not found'");
        check(r#"{"detail":"Not Found"}"#, "Not Found");
        check(r#"{"detail":[{"msg":"Field required"}]}"#, r#"[{"msg":"Field required"}]"#);
        check("<html>", "<html>");
    }

    #[test]
    fn an_address_is_a_servers() {
        assert_eq!(FeatureClient::new("http://127.0.0.1:6566/").unwrap().address(), "http://127.0.0.1:6566");
        for address in ["", "127.0.0.1", "ftp://x"] {
            assert!(matches!(FeatureClient::new(address), Err(Error::Malformed { .. })), "{address}");
        }
    }
}
