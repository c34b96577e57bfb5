//! The wire on which checks speak to a submission.

use crate::redact::Redactor;
use std::path::PathBuf;

/// One request and its answer, as the report shows them: already redacted, bounded in length.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Exchange {
    /// Request line, headers and body.
    pub request: String,
    /// Status line, headers and body, or what went wrong instead.
    pub response: String,
    /// The same request as a curl command, secrets as `$NAMES`.
    pub curl: String,
    /// From the first byte sent to the last one read.
    pub duration_ms: u64,
}

/// An HTTP client that records what was said.
#[derive(Clone, Debug)]
pub struct Wire {
    ca_file: Option<PathBuf>,
    redactor: Redactor,
}

impl Wire {
    /// A wire that trusts the certificates in `ca_file` (the file is read at each connection: it may be rotated).
    #[must_use]
    pub fn new(ca_file: Option<PathBuf>, redactor: Redactor) -> Self {
        Self { ca_file, redactor }
    }

    /// What was said so far, in order.
    #[must_use]
    pub fn transcript(&self) -> Vec<Exchange> {
        let _ = (&self.ca_file, &self.redactor);
        Vec::new()
    }
}

/// How to reach a bucket.
#[derive(Clone, Debug)]
pub struct BucketAccess {
    /// `http://127.0.0.1:4711`
    pub endpoint: String,
    /// The region that signatures name.
    pub region: String,
    /// The bucket's name.
    pub bucket: String,
    /// The harness's own key.
    pub access_key_id: String,
    /// Its secret.
    pub secret_access_key: String,
}

/// The world's bucket, looked into by signed raw requests.
#[derive(Clone, Debug)]
pub struct Bucket {
    access: BucketAccess,
    wire: Wire,
}

impl Bucket {
    /// A bucket seen through `wire`.
    #[must_use]
    pub fn new(access: BucketAccess, wire: Wire) -> Self {
        Self { access, wire }
    }
}
