//! One message to one receiver: sent until it is acknowledged, refused for good, or has been tried often enough.
//!
//! A status of 2xx is the acknowledgement; its body does not matter. 408, 429, every 5xx, timeouts and cut connections are tried
//! again, which the idempotency key makes safe, unlike for the tracking client's calls. Any other answer is final for this run.

use super::config::{Kind, Receiver};
use super::error::Error;
use super::payload::Payload;
use super::signature::{SIGNATURE_HEADER, TIMESTAMP_HEADER, sign};
use crate::client::{parse_retry_after, redact};
use jiff::Timestamp;
use reqwest::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use reqwest::redirect::Policy;
use secrecy::{ExposeSecret, SecretString};
use std::time::Duration;

/// A receiver whose secrets were fetched.
pub(super) struct Sender<'a> {
    receiver: &'a Receiver,
    url: SecretString,
    secret: Option<SecretString>,
    http: reqwest::Client,
}

/// Why a message was not delivered.
#[derive(Debug, Clone)]
pub(super) struct Refusal {
    pub(super) reason: String,
    /// Whether nobody was there at all.
    pub(super) unreachable: bool,
}

/// One attempt that failed.
struct Failure {
    refusal: Refusal,
    again: bool,
    retry_after: Option<Duration>,
}

/// An answer's text is read up to here.
const LONGEST_EXCERPT: usize = 300;

impl<'a> Sender<'a> {
    pub(super) fn new(receiver: &'a Receiver, variable: &impl Fn(&str) -> Option<String>) -> Result<Self, Error> {
        let url = receiver.url.read(&receiver.name, "url", variable)?;
        let secret =
            receiver.secret.as_ref().map(|secret| secret.read(&receiver.name, "secret", variable)).transpose()?;
        let wrong =
            |problem: String| Error::Secret { receiver: receiver.name.clone(), field: "url".to_owned(), problem };
        let scheme = url::Url::parse(url.expose_secret()).map(|url| url.scheme().to_owned());
        if !matches!(scheme.as_deref(), Ok("http" | "https")) {
            let place = receiver.url.place();
            return Err(wrong(format!("{place} holds no http:// or https:// URL")));
        }
        // Losing the race to another installer is fine: what counts is that one is there.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let builder = reqwest::Client::builder()
            .user_agent(concat!("mod-106/", env!("CARGO_PKG_VERSION")))
            // A followed redirect would carry a signed message to somebody else.
            .redirect(Policy::none())
            .timeout(receiver.timeout);
        let http =
            builder.build().map_err(|error| wrong(format!("TLS could not be set up: {}", error.without_url())))?;
        Ok(Self { receiver, url, secret, http })
    }

    /// Sends until it is acknowledged; says how many attempts that took.
    pub(super) async fn send(&self, payload: &Payload, key: &str) -> Result<u32, Refusal> {
        let body = self.body(payload);
        let mut attempts = 0;
        loop {
            attempts += 1;
            let failure = match self.attempt(payload.path, &body, key).await {
                Ok(()) => return Ok(attempts),
                Err(failure) => failure,
            };
            let policy = &self.receiver.retries;
            let wait = failure.retry_after.unwrap_or_else(|| policy.backoff(attempts, fastrand::f64()));
            if !failure.again || attempts > policy.retries || wait > policy.longest {
                let Refusal { reason, unreachable } = failure.refusal;
                let tries = if attempts == 1 { String::new() } else { format!(", {attempts} times") };
                return Err(Refusal { reason: format!("{reason}{tries}"), unreachable });
            }
            tracing::debug!(receiver = self.receiver.name, reason = failure.refusal.reason, attempts, "trying again");
            tokio::time::sleep(wait).await;
        }
    }

    fn body(&self, payload: &Payload) -> Vec<u8> {
        let mut body = payload.body.clone();
        if let (Kind::PagerDuty, Some(key)) = (self.receiver.kind, &self.secret) {
            body["routing_key"] = key.expose_secret().into();
        }
        body.to_string().into_bytes()
    }

    async fn attempt(&self, path: &str, body: &[u8], key: &str) -> Result<(), Failure> {
        let url = format!("{}{path}", self.url.expose_secret().trim_end_matches('/'));
        let mut request = self.http.post(url).header(CONTENT_TYPE, "application/json").header("idempotency-key", key);
        if let (Kind::Webhook, Some(secret)) = (self.receiver.kind, &self.secret) {
            // Signed anew each time: a wait may outlast the window in which a signature is believed.
            let timestamp_s = Timestamp::now().as_second();
            request =
                request.header(TIMESTAMP_HEADER, timestamp_s).header(SIGNATURE_HEADER, sign(secret, timestamp_s, body));
        }
        let response = request.body(body.to_vec()).send().await.map_err(|error| self.failure(error))?;
        let status = response.status();
        if status.is_success() {
            return Ok(());
        }
        let retry_after = response.headers().get(RETRY_AFTER).map(HeaderValue::to_str);
        let retry_after = retry_after.and_then(Result::ok).and_then(|text| parse_retry_after(text, Timestamp::now()));
        let again = status.is_server_error() || matches!(status.as_u16(), 408 | 429);
        let text = response.text().await.unwrap_or_default();
        let text: String = self.redacted(&text).trim().chars().take(LONGEST_EXCERPT).collect();
        let words = if text.is_empty() { String::new() } else { format!(": {text}") };
        let asked = retry_after.map(|wait| format!(" (asks to wait {} s)", wait.as_secs())).unwrap_or_default();
        let refusal = Refusal { reason: format!("answered {status}{asked}{words}"), unreachable: false };
        Err(Failure { refusal, again, retry_after })
    }

    /// Sorts what reqwest reports. Its own text is cut from the URL, which may be a secret.
    fn failure(&self, error: reqwest::Error) -> Failure {
        let error = error.without_url();
        let timeout = error.is_timeout();
        let unreachable = error.is_connect();
        let reason = if timeout {
            format!("no answer within {} s", self.receiver.timeout.as_secs_f64())
        } else {
            let mut cause: &dyn std::error::Error = &error;
            while let Some(next) = cause.source() {
                cause = next;
            }
            self.redacted(&cause.to_string())
        };
        Failure { refusal: Refusal { reason, unreachable }, again: true, retry_after: None }
    }

    fn redacted(&self, text: &str) -> String {
        let secrets: Vec<_> = [Some(&self.url), self.secret.as_ref()].into_iter().flatten().cloned().collect();
        redact(text, &secrets)
    }
}
