//! What came back: read whole, or streamed past a digest. `expect.rs` turns it into verdicts.

use crate::check::Fault;
use bytes::Bytes;
use http::HeaderMap;

/// How much of a body a failure quotes.
const QUOTED: usize = 400;

/// An answer, read whole.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    pub(super) what: String,
}

/// An answer that streamed past.
#[derive(Clone, Debug)]
pub struct Download {
    /// The status code.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// How many bytes the body had.
    pub length: u64,
    /// The body's digest, in hexadecimal.
    pub sha256: String,
    /// The body's first bytes.
    pub start: Bytes,
    pub(super) what: String,
}

impl Answer {
    /// Method and path of the question.
    #[must_use]
    pub fn what(&self) -> &str {
        &self.what
    }

    /// The body as text; what is no UTF-8 is replaced.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// It is none, which is the submission's fault.
    pub fn json(&self) -> Result<serde_json::Value, Fault> {
        serde_json::from_slice(&self.body).map_err(|_| Fault::failed(&self.what, "a JSON body", self.quoted()))
    }

    /// One header's value.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// MLflow's `error_code`, where the body is an MLflow error.
    #[must_use]
    pub fn error_code(&self) -> Option<String> {
        let body: serde_json::Value = serde_json::from_slice(&self.body).ok()?;
        Some(body.get("error_code")?.as_str()?.to_owned())
    }

    /// Status and the body's beginning, as failures quote an answer.
    #[must_use]
    pub fn quoted(&self) -> String {
        quote(self.status, &self.body)
    }

    pub(super) fn recorded(&self) -> String {
        record(self.status, &self.headers, &String::from_utf8_lossy(&self.body))
    }
}

impl Download {
    /// Method and path of the question.
    #[must_use]
    pub fn what(&self) -> &str {
        &self.what
    }

    /// Status and the body's beginning, as failures quote an answer.
    #[must_use]
    pub fn quoted(&self) -> String {
        quote(self.status, &self.start)
    }

    pub(super) fn recorded(&self) -> String {
        record(self.status, &self.headers, &format!("({} bytes, sha256 {})", self.length, self.sha256))
    }
}

fn quote(status: u16, body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let mut quoted: String = text.chars().take(QUOTED).collect();
    if quoted.len() < text.len() {
        quoted.push('…');
    }
    format!("{status} {quoted}").trim_end().to_owned()
}

fn record(status: u16, headers: &HeaderMap, body: &str) -> String {
    let reason = http::StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
    let mut text = format!("HTTP/1.1 {status} {}\n", reason.unwrap_or_default());
    for (name, value) in headers {
        text.push_str(&format!("{name}: {}\n", String::from_utf8_lossy(value.as_bytes())));
    }
    text.push('\n');
    text.push_str(body);
    text
}
