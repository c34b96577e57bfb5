//! The wire on which checks speak to a submission: one HTTP/1.1 request at a time, sent exactly as written. It is not an HTTP
//! client of the usual kind, which would tidy `..` and `%2e%2e` out of a path, follow redirects and obey `HTTP_PROXY`: a hostile
//! request that was tidied on its way out proves nothing about the server.
//!
//! `request.rs` says what goes out, `connection.rs` carries it, `answer.rs` is what comes back, `transcript.rs` remembers both
//! without their secrets. `sigv4.rs` signs for S3, and `bucket.rs` looks into the world's bucket with it.

mod answer;
mod bucket;
mod connection;
mod error;
mod random;
mod request;
pub mod sigv4;
mod transcript;

pub use answer::{Answer, Download};
pub use bucket::{Bucket, BucketAccess, Object};
pub use error::WireError;
pub use random::{RandomBytes, hex};
pub use request::{Body, Request};
pub use sigv4::hmac_sha256_hex;
pub use transcript::Exchange;

use crate::redact::Redactor;
use http_body_util::BodyExt as _;
use sha2::{Digest as _, Sha256};
use std::{
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};
use transcript::Transcript;

/// An answer longer than this was not meant for a check that reads it whole.
const LONGEST_ANSWER: usize = 16 << 20;

/// How much of a streamed answer is kept, so that a failure can show what came instead of the file.
const START_OF_DOWNLOAD: usize = 4 << 10;

/// An HTTP client that records what was said. Cheap to clone; clones share the transcript.
#[derive(Clone, Debug)]
pub struct Wire(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    ca_file: Option<PathBuf>,
    redactor: Redactor,
    transcript: Mutex<Transcript>,
}

impl Wire {
    /// A wire that trusts the certificates in `ca_file` (the file is read at each connection: it may be rotated), or without one
    /// those of this machine.
    #[must_use]
    pub fn new(ca_file: Option<PathBuf>, redactor: Redactor) -> Self {
        Self(Arc::new(Inner { ca_file, redactor, transcript: Mutex::default() }))
    }

    /// Whether the submission names certificates of its own to trust.
    #[must_use]
    pub fn has_ca(&self) -> bool {
        self.0.ca_file.is_some()
    }

    /// Learns a secret that must read as `placeholder` in everything recorded from now on.
    pub fn learn(&self, placeholder: &str, secret: &str) {
        self.0.redactor.learn(placeholder, secret);
    }

    /// What was said so far, in order: the last few hundred exchanges, redacted.
    #[must_use]
    pub fn transcript(&self) -> Vec<Exchange> {
        self.transcribe().exchanges()
    }

    /// Sends a request and reads the whole answer.
    ///
    /// # Errors
    /// Nobody answered, the answer broke off, came too late or is longer than 16 MiB.
    pub async fn send(&self, request: Request) -> Result<Answer, WireError> {
        let started = Instant::now();
        let what = request.what();
        let result = request.within_limit(self.read_whole(&request)).await;
        let answer = result.map(|(status, headers, body)| Answer { status, headers, body, what });
        self.record(&request, started, answer.as_ref().map(Answer::recorded));
        answer
    }

    /// Sends a request and reads the answer as a stream, keeping only its length, its digest and its first bytes.
    ///
    /// # Errors
    /// Nobody answered, or the answer broke off or came too late.
    pub async fn download(&self, request: Request) -> Result<Download, WireError> {
        let started = Instant::now();
        let result = request.within_limit(self.read_hashing(&request)).await;
        self.record(&request, started, result.as_ref().map(Download::recorded));
        result
    }

    async fn read_whole(&self, request: &Request) -> Result<(u16, http::HeaderMap, bytes::Bytes), WireError> {
        let response = connection::exchange(request, self.0.ca_file.as_deref()).await?;
        let (head, body) = response.into_parts();
        match http_body_util::Limited::new(body, LONGEST_ANSWER).collect().await {
            Ok(collected) => Ok((head.status.as_u16(), head.headers, collected.to_bytes())),
            Err(error) if error.is::<http_body_util::LengthLimitError>() => {
                Err(WireError::TooLong { what: request.what(), limit_bytes: LONGEST_ANSWER })
            }
            Err(error) => Err(WireError::Broken { what: request.what(), reason: error.to_string() }),
        }
    }

    async fn read_hashing(&self, request: &Request) -> Result<Download, WireError> {
        let response = connection::exchange(request, self.0.ca_file.as_deref()).await?;
        let (head, mut body) = response.into_parts();
        let (mut digest, mut length, mut start) = (Sha256::new(), 0, Vec::new());
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| WireError::Broken { what: request.what(), reason: error.to_string() })?;
            if let Ok(data) = frame.into_data() {
                digest.update(&data);
                length += data.len() as u64;
                start.extend_from_slice(&data[..data.len().min(START_OF_DOWNLOAD - start.len())]);
            }
        }
        Ok(Download {
            status: head.status.as_u16(),
            headers: head.headers,
            length,
            sha256: hex(&digest.finalize()),
            start: start.into(),
            what: request.what(),
        })
    }

    fn record(&self, request: &Request, started: Instant, response: Result<String, &WireError>) {
        let exchange = Exchange::of(request, response, started.elapsed(), &self.0.redactor);
        self.transcribe().push(exchange);
    }

    fn transcribe(&self) -> MutexGuard<'_, Transcript> {
        self.0.transcript.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
