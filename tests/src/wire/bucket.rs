//! The world's bucket, looked into with the harness's own key: what a check believes about artifacts, it has seen here. Nothing is
//! written. A bucket that cannot be read is the environment's fault, never the learner's.

use super::{Answer, Download, Request, Wire, sigv4};
use crate::check::Fault;
use http::Method;
use serde::Deserialize;

/// SHA-256 of nothing: these requests have no body.
const EMPTY_SHA256: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// How to reach a bucket.
#[derive(Clone)]
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

impl std::fmt::Debug for BucketAccess {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BucketAccess")
            .field("endpoint", &self.endpoint)
            .field("bucket", &self.bucket)
            .finish_non_exhaustive()
    }
}

/// The world's bucket, looked into by signed raw requests.
#[derive(Clone, Debug)]
pub struct Bucket {
    access: BucketAccess,
    wire: Wire,
}

/// One object of a listing.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Object {
    /// Its whole key.
    pub key: String,
    /// In bytes.
    pub size: u64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Listing {
    #[serde(default)]
    contents: Vec<Object>,
    #[serde(default)]
    next_continuation_token: Option<String>,
}

impl Bucket {
    /// A bucket seen through `wire`.
    #[must_use]
    pub fn new(access: BucketAccess, wire: Wire) -> Self {
        Self { access, wire }
    }

    /// Every object whose key begins with `prefix`.
    ///
    /// # Errors
    /// The bucket cannot be listed.
    pub async fn list(&self, prefix: &str) -> Result<Vec<Object>, Fault> {
        let (mut objects, mut token) = (Vec::new(), None::<String>);
        loop {
            let mut query = vec![("list-type", "2"), ("prefix", prefix)];
            query.extend(token.as_deref().map(|token| ("continuation-token", token)));
            let answer = self.wire.send(self.signed(&format!("/{}", self.access.bucket), &query)).await;
            let answer = answer.map_err(|error| Fault::Environment(error.to_string()))?;
            let listing = read_listing(&answer)?;
            objects.extend(listing.contents);
            token = listing.next_continuation_token;
            if token.is_none() {
                return Ok(objects);
            }
        }
    }

    /// The one object whose key ends with `ending`, or none.
    ///
    /// # Errors
    /// The bucket cannot be listed.
    pub async fn find(&self, ending: &str) -> Result<Option<Object>, Fault> {
        Ok(self.list("").await?.into_iter().find(|object| object.key.ends_with(ending)))
    }

    /// Length and digest of one object.
    ///
    /// # Errors
    /// The object cannot be read.
    pub async fn digest(&self, key: &str) -> Result<Download, Fault> {
        let path = format!("/{}/{}", self.access.bucket, sigv4::encoded_path(key));
        let download = self.wire.download(self.signed(&path, &[])).await;
        let download = download.map_err(|error| Fault::Environment(error.to_string()))?;
        if download.status == 200 { Ok(download) } else { Err(Fault::Environment(download.quoted())) }
    }

    fn signed(&self, path: &str, query: &[(&str, &str)]) -> Request {
        let access = &self.access;
        let now = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ").to_string();
        let host = access.endpoint.split_once("://").map_or(access.endpoint.as_str(), |(_, host)| host);
        let headers = [("host", host), ("x-amz-content-sha256", EMPTY_SHA256), ("x-amz-date", &now)];
        let scope = sigv4::Scope {
            access_key_id: &access.access_key_id,
            region: &access.region,
            service: "s3",
            amz_date: &now,
        };
        let signable = sigv4::Signable { method: "GET", path, query, headers: &headers, payload_sha256: EMPTY_SHA256 };
        let authorization = sigv4::authorization(&scope, &access.secret_access_key, &signable);
        let target = match sigv4::canonical_query(query) {
            none if none.is_empty() => path.to_owned(),
            query => format!("{path}?{query}"),
        };
        let request = Request::new(Method::GET, &access.endpoint, target).header("authorization", authorization);
        headers.iter().fold(request, |request, (name, value)| request.header(name, *value))
    }
}

fn read_listing(answer: &Answer) -> Result<Listing, Fault> {
    if answer.status != 200 {
        return Err(Fault::Environment(format!("the bucket cannot be listed: {}", answer.quoted())));
    }
    quick_xml::de::from_str(&answer.text())
        .map_err(|error| Fault::Environment(format!("the bucket's listing cannot be read: {error}")))
}
