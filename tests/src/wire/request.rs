//! A request, as plain data. Its target (path and query) goes out byte for byte as it stands here.

use super::{RandomBytes, WireError};
use crate::{patience::stretched, submission::Account};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;
use http::Method;
use std::{future::Future, time::Duration};

/// Long enough for a busy machine, short enough that a server which hangs is named before the check's own clock runs out.
const DEFAULT_LIMIT: Duration = Duration::from_secs(20);

/// What is asked of a server.
#[derive(Clone, Debug)]
pub struct Request {
    /// `GET`, `POST` …
    pub method: Method,
    /// `https://127.0.0.1:4711`, without a slash at the end.
    pub base: String,
    /// Path and query, already encoded as they shall be sent.
    pub target: String,
    /// In the order they are sent; `host`, `authorization` and the length are added.
    pub headers: Vec<(String, String)>,
    /// Who asks, with basic authentication.
    pub account: Option<Account>,
    /// What is sent along.
    pub body: Body,
    /// How long to wait for the whole answer.
    pub limit: Duration,
}

/// What is sent along with a request.
#[derive(Clone, Debug, Default)]
pub enum Body {
    /// Nothing.
    #[default]
    Empty,
    /// These bytes.
    Bytes(Bytes),
    /// Bytes made while they are sent.
    Random {
        /// What they follow from.
        seed: u64,
        /// How many.
        length: u64,
    },
}

impl Request {
    /// A request without a body, from nobody.
    #[must_use]
    pub fn new(method: Method, base: &str, target: impl Into<String>) -> Self {
        Self {
            method,
            base: base.to_owned(),
            target: target.into(),
            headers: Vec::new(),
            account: None,
            body: Body::Empty,
            limit: DEFAULT_LIMIT,
        }
    }

    /// Asked by this account, or by nobody.
    #[must_use]
    pub fn account(mut self, account: Option<&Account>) -> Self {
        self.account = account.cloned();
        self
    }

    /// With one more header.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// With a JSON body.
    #[must_use]
    pub fn json(self, value: &serde_json::Value) -> Self {
        self.header("content-type", "application/json").body(Body::Bytes(value.to_string().into()))
    }

    /// With a body.
    #[must_use]
    pub fn body(mut self, body: Body) -> Self {
        self.body = body;
        self
    }

    /// With another limit than 20 seconds.
    #[must_use]
    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Method and path, as failures name the request.
    #[must_use]
    pub fn what(&self) -> String {
        let path = self.target.split('?').next().unwrap_or_default();
        format!("{} {path}", self.method)
    }

    /// The value of the `authorization` header.
    #[must_use]
    pub fn authorization(&self) -> Option<String> {
        self.account.as_ref().map(basic)
    }

    /// Waits for a future no longer than this request's limit.
    pub(super) async fn within_limit<T>(
        &self,
        future: impl Future<Output = Result<T, WireError>>,
    ) -> Result<T, WireError> {
        let limit = stretched(self.limit);
        match tokio::time::timeout(limit, future).await {
            Ok(result) => result,
            Err(_) => Err(WireError::Late { what: self.what(), limit_s: limit.as_secs() }),
        }
    }
}

impl Body {
    /// How many bytes it has.
    #[must_use]
    pub fn length(&self) -> u64 {
        match self {
            Self::Empty => 0,
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Random { length, .. } => *length,
        }
    }

    /// Its digest in hexadecimal, as S3's signatures and the checks compare it.
    #[must_use]
    pub fn sha256(&self) -> String {
        use sha2::{Digest as _, Sha256};
        match self {
            Self::Empty => super::hex(&Sha256::digest(b"")),
            Self::Bytes(bytes) => super::hex(&Sha256::digest(bytes)),
            Self::Random { seed, length } => RandomBytes::new(*seed, *length).sha256(),
        }
    }
}

/// The `authorization` header of RFC 7617.
#[must_use]
pub(crate) fn basic(account: &Account) -> String {
    format!("Basic {}", BASE64_STANDARD.encode(format!("{}:{}", account.username, account.password)))
}
