//! The one place that speaks HTTP: sends a call, tries again where `retry.rs` allows it, and turns answers into values or errors.
//!
//! Connections are kept and reused. Redirects are not followed: MLflow has none, and a followed one could carry a POST's
//! credentials elsewhere. Next: `experiments.rs`, `runs.rs` and `registry.rs` put names on calls; `artifacts/` streams bodies.

use super::auth::redact;
use super::config::Config;
use super::endpoint::Endpoint;
use super::error::{Error, ErrorCode};
use super::retry::{Outcome, RetryPolicy, parse_retry_after};
use super::tls;
use bytes::{Bytes, BytesMut};
use jiff::Timestamp;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use reqwest::{RequestBuilder, Response};
use secrecy::SecretString;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::sync::Arc;
use std::time::Duration;

/// A connection to one MLflow server. Cloning is cheap, and clones share connections.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

struct Inner {
    http: reqwest::Client,
    /// The tracking URI without a slash at its end.
    base: String,
    authorization: Option<HeaderValue>,
    /// What must be struck from any text that came from outside.
    secrets: Vec<SecretString>,
    timeout: Duration,
    retries: RetryPolicy,
    multipart_from_bytes: u64,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Client").field("tracking_uri", &self.inner.base).finish_non_exhaustive()
    }
}

/// No answer that the client reads whole is longer: 50,000 runs, the largest page, stay far below.
const LONGEST_ANSWER_BYTES: usize = 256 << 20;
/// Error messages are read up to here.
const LONGEST_ERROR_BYTES: usize = 64 << 10;

/// One call, ready to be sent more than once.
#[derive(Debug, Clone)]
pub(super) struct Call<'a> {
    pub(super) endpoint: &'a Endpoint,
    /// What follows the endpoint's path, percent-encoded.
    pub(super) suffix: &'a str,
    pub(super) query: &'a [(&'a str, &'a str)],
    pub(super) json: Option<Bytes>,
}

/// An attempt that failed: what to report, and what the retry policy needs to know, unless trying again is out of the question.
pub(super) struct Failure {
    pub(super) error: Error,
    pub(super) outcome: Option<Outcome>,
}

impl Client {
    /// Prepares a connection; nothing is sent yet.
    ///
    /// # Errors
    /// [`Error::Config`] or [`Error::File`] when a certificate cannot be used or a token cannot be sent.
    pub fn new(config: &Config) -> Result<Self, Error> {
        Ok(Self {
            inner: Arc::new(Inner {
                http: tls::http_client(config)?,
                base: config.tracking_uri.as_str().trim_end_matches('/').to_owned(),
                authorization: config.credentials.header()?,
                secrets: config.credentials.secret_forms(),
                timeout: config.timeout,
                retries: config.retries.clone(),
                multipart_from_bytes: config.multipart_from_bytes,
            }),
        })
    }

    /// The tracking URI, without credentials and without a slash at its end.
    pub fn tracking_uri(&self) -> &str {
        &self.inner.base
    }

    pub(super) fn timeout(&self) -> Duration {
        self.inner.timeout
    }

    pub(super) fn multipart_from_bytes(&self) -> u64 {
        self.inner.multipart_from_bytes
    }

    /// For requests that go elsewhere, as to presigned URLs: the same connections and trust, no credentials.
    pub(super) fn bare_http(&self) -> &reqwest::Client {
        &self.inner.http
    }

    /// Calls a GET endpoint and reads JSON.
    pub(super) async fn get<T: DeserializeOwned>(
        &self,
        endpoint: &Endpoint,
        query: &[(&str, &str)],
    ) -> Result<T, Error> {
        self.call(&Call { endpoint, suffix: "", query, json: None }).await
    }

    /// Calls an endpoint that takes JSON and answers JSON.
    pub(super) async fn send<T: DeserializeOwned>(
        &self,
        endpoint: &Endpoint,
        body: &impl Serialize,
    ) -> Result<T, Error> {
        self.call(&Call { endpoint, suffix: "", query: &[], json: Some(encode(body)) }).await
    }

    /// Calls an endpoint that takes JSON and answers nothing of interest.
    pub(super) async fn tell(&self, endpoint: &Endpoint, body: &impl Serialize) -> Result<(), Error> {
        self.tell_bytes(endpoint, encode(body)).await
    }

    /// As [`Client::tell`], for a body that is JSON already.
    pub(super) async fn tell_bytes(&self, endpoint: &Endpoint, json: Bytes) -> Result<(), Error> {
        self.bytes(&Call { endpoint, suffix: "", query: &[], json: Some(json) }).await.map(drop)
    }

    /// Sends a call and reads JSON.
    pub(super) async fn call<T: DeserializeOwned>(&self, call: &Call<'_>) -> Result<T, Error> {
        let bytes = self.bytes(call).await?;
        serde_json::from_slice(&bytes).map_err(|error| Error::Garbage {
            endpoint: label(call.endpoint),
            reason: format!("not the JSON expected: {error}"),
            excerpt: self.excerpt(&bytes),
        })
    }

    /// Sends a call and reads the whole answer.
    pub(super) async fn bytes(&self, call: &Call<'_>) -> Result<Bytes, Error> {
        let attempt = || async {
            let response = self.respond(call.endpoint, self.request(call).timeout(self.inner.timeout)).await?;
            self.read(call.endpoint, response, LONGEST_ANSWER_BYTES).await
        };
        self.retrying(call.endpoint, attempt).await
    }

    /// Runs an attempt until it succeeds or the policy gives up.
    pub(super) async fn retrying<T, F: Future<Output = Result<T, Failure>>>(
        &self,
        endpoint: &Endpoint,
        attempt: impl Fn() -> F,
    ) -> Result<T, Error> {
        let mut attempts = 0;
        loop {
            attempts += 1;
            let Failure { error, outcome } = match attempt().await {
                Ok(value) => return Ok(value),
                Err(failure) => failure,
            };
            let decide = |outcome| self.inner.retries.decide(endpoint.repeat, &outcome, attempts, fastrand::f64());
            let Some(wait) = outcome.and_then(decide) else { return Err(error) };
            tracing::debug!(%error, attempts, wait_ms = wait.as_millis(), "trying again");
            tokio::time::sleep(wait).await;
        }
    }

    /// A request with our credentials, without a time limit.
    pub(super) fn request(&self, call: &Call<'_>) -> RequestBuilder {
        let url = format!("{}{}{}", self.inner.base, call.endpoint.path, call.suffix);
        let mut request = self.inner.http.request(call.endpoint.method.clone(), url);
        if !call.query.is_empty() {
            request = request.query(call.query);
        }
        if let Some(authorization) = &self.inner.authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        if let Some(json) = &call.json {
            request = request.header(CONTENT_TYPE, "application/json").body(json.clone());
        }
        request
    }

    /// Sends a request once and waits for the head of its answer.
    pub(super) async fn respond(&self, endpoint: &Endpoint, request: RequestBuilder) -> Result<Response, Failure> {
        let response = request.send().await.map_err(|error| self.failure(endpoint, error))?;
        let status = response.status();
        tracing::debug!(endpoint = endpoint.path, status = status.as_u16(), "answered");
        if status.is_success() {
            return Ok(response);
        }
        let retry_after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
        let retry_after = retry_after.and_then(|text| parse_retry_after(text, Timestamp::now()));
        let outcome = Some(Outcome::Answered { status: status.as_u16(), retry_after });
        let body = self.read(endpoint, response, LONGEST_ERROR_BYTES).await.unwrap_or_default();
        let (code, message) = read_error(&body).map_or_else(
            || (ErrorCode::from_status(status), self.excerpt(&body)),
            |(word, message)| (ErrorCode::from_word(&word), redact(&message, &self.inner.secrets)),
        );
        Err(Failure { error: Error::Api { endpoint: label(endpoint), status, code, message }, outcome })
    }

    async fn read(&self, endpoint: &Endpoint, mut response: Response, longest: usize) -> Result<Bytes, Failure> {
        let mut body =
            BytesMut::with_capacity(response.content_length().map_or(0, |length| (length as usize).min(longest)));
        while let Some(chunk) = response.chunk().await.map_err(|error| self.failure(endpoint, error))? {
            if body.len() + chunk.len() > longest {
                let reason = format!("longer than {longest} bytes");
                let error = Error::Garbage { endpoint: label(endpoint), reason, excerpt: self.excerpt(&body) };
                return Err(Failure { error, outcome: None });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body.freeze())
    }

    /// Sorts what reqwest reports. Its own text is cut from the URL, which could be a presigned one.
    pub(super) fn failure(&self, endpoint: &Endpoint, error: reqwest::Error) -> Failure {
        let endpoint = label(endpoint);
        let error = error.without_url();
        if error.is_timeout() {
            return Failure { error: Error::Timeout { endpoint, limit: self.inner.timeout }, outcome: None };
        }
        let (reason, server) = (redact(&root_cause(&error), &self.inner.secrets), self.inner.base.clone());
        if tls::is_tls_error(&error) {
            return Failure { error: Error::Untrusted { endpoint, server, reason }, outcome: None };
        }
        Failure { error: Error::Connection { endpoint, server, reason }, outcome: Some(Outcome::Disconnected) }
    }

    /// How a foreign text begins, fit for an error message.
    fn excerpt(&self, body: &[u8]) -> String {
        let text: String = String::from_utf8_lossy(body).chars().take(200).collect();
        redact(text.trim(), &self.inner.secrets)
    }
}

/// Method and path, as errors name a call.
pub(super) fn label(endpoint: &Endpoint) -> String {
    format!("{} {}", endpoint.method, endpoint.path)
}

pub(super) fn encode(body: &impl Serialize) -> Bytes {
    Bytes::from(serde_json::to_vec(body).expect("request types hold only strings, numbers and lists of them"))
}

fn read_error(body: &[u8]) -> Option<(String, String)> {
    #[derive(serde::Deserialize)]
    struct Words {
        error_code: String,
        #[serde(default)]
        message: String,
    }
    let words: Words = serde_json::from_slice(body).ok()?;
    Some((words.error_code, words.message))
}

/// The innermost cause, which says most: `Connection refused (os error 111)`.
fn root_cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}
