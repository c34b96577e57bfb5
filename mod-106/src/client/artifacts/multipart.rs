//! Multipart upload: the server opens an upload and signs a URL for each part; the parts go straight to the store.
//!
//! Protocol: `mlflow_artifacts.proto`, `CreateMultipartUpload` and its two companions. Part URLs carry signatures, so no error
//! repeats them, and they are sent none of our credentials. A server that cannot do this says so on creation, and the file goes
//! in one piece instead; so it does when the store cannot be reached from here, as when it lives on the server's own network.

use super::super::endpoint::{ABORT_MULTIPART, COMPLETE_MULTIPART, CREATE_MULTIPART, Endpoint, UPLOAD_ARTIFACT};
use super::super::error::{Error, ErrorCode};
use super::super::transport::{Call, Client, Failure, encode};
use super::path::{ArtifactPath, ArtifactRoot};
use super::upload::file_body;
use futures::{StreamExt, TryStreamExt};
use reqwest::header::{CONTENT_LENGTH, ETAG, HeaderMap, HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::Path;

/// How many parts are on their way at once.
const PARTS_AT_ONCE: usize = 4;
/// The smallest part; stores take no less than 5 MiB.
const PART_BYTES: u64 = 16 << 20;
/// S3 takes no more parts than this.
const MOST_PARTS: u64 = 10_000;

#[derive(Deserialize)]
struct Created {
    #[serde(default)]
    upload_id: String,
    credentials: Vec<PartCredential>,
}

#[derive(Deserialize)]
struct PartCredential {
    url: String,
    part_number: u64,
    #[serde(default)]
    headers: BTreeMap<String, String>,
}

#[derive(Serialize)]
struct DonePart {
    part_number: u64,
    etag: String,
    url: String,
}

/// Where one part lies in the file.
#[derive(Debug, PartialEq, Eq)]
struct Cut {
    offset: u64,
    bytes: u64,
}

/// Cuts a file so that no part is too small and there are not too many.
fn cuts(bytes: u64) -> Vec<Cut> {
    let part = PART_BYTES.max(bytes.div_ceil(MOST_PARTS));
    (0..bytes.div_ceil(part)).map(|n| Cut { offset: n * part, bytes: part.min(bytes - n * part) }).collect()
}

impl Client {
    /// Uploads a file in parts; `false` says that this cannot be done here and nothing was stored.
    pub(super) async fn upload_in_parts(
        &self,
        root: &ArtifactRoot,
        path: &ArtifactPath,
        file: &Path,
        bytes: u64,
    ) -> Result<bool, Error> {
        let folder = root.encoded(path.parent().as_ref());
        let cuts = cuts(bytes);
        let request = json!({ "path": path.name(), "num_parts": cuts.len() });
        let created: Created = match self.call(&multipart_call(&CREATE_MULTIPART, &folder, &request)).await {
            Ok(created) => created,
            Err(error) if is_unsupported(&error) => return Ok(false),
            Err(error) => return Err(error),
        };
        let upload = async {
            if created.credentials.len() != cuts.len() {
                let reason = format!("{} parts signed, {} asked for", created.credentials.len(), cuts.len());
                return Err(Error::Garbage {
                    endpoint: CREATE_MULTIPART.path.to_owned(),
                    reason,
                    excerpt: String::new(),
                });
            }
            let mut parts: Vec<DonePart> = futures::stream::iter(created.credentials.iter().zip(&cuts))
                .map(|(credential, cut)| {
                    self.retrying(&UPLOAD_ARTIFACT, move || self.upload_part(credential, file, cut))
                })
                .buffer_unordered(PARTS_AT_ONCE)
                .try_collect()
                .await?;
            parts.sort_by_key(|part| part.part_number);
            let request = json!({ "path": path.name(), "upload_id": created.upload_id, "parts": parts });
            self.bytes(&multipart_call(&COMPLETE_MULTIPART, &folder, &request)).await
        };
        let Err(error) = upload.await else { return Ok(true) };
        let request = json!({ "path": path.name(), "upload_id": created.upload_id });
        if let Err(abort) = self.bytes(&multipart_call(&ABORT_MULTIPART, &folder, &request)).await {
            tracing::warn!(%abort, path = path.as_str(), "an unfinished multipart upload was left in the store");
        }
        if matches!(error, Error::Connection { .. } | Error::Untrusted { .. }) {
            tracing::warn!(%error, path = path.as_str(), "the store cannot be reached; uploading through the server");
            return Ok(false);
        }
        Err(error)
    }

    async fn upload_part(&self, credential: &PartCredential, file: &Path, cut: &Cut) -> Result<DonePart, Failure> {
        let unreadable = |source| Failure { error: Error::file(file, source), outcome: None };
        let (body, sent) = file_body(file, cut.offset, cut.bytes).await.map_err(unreadable)?;
        let request = self.bare_http().put(&credential.url).headers(headers(&credential.headers));
        let request = request.header(CONTENT_LENGTH, cut.bytes).body(body);
        let response = self.unless_silent(&sent, self.respond(&UPLOAD_ARTIFACT, request)).await?;
        let etag = response.headers().get(ETAG).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
        Ok(DonePart { part_number: credential.part_number, etag, url: credential.url.clone() })
    }
}

fn multipart_call<'a>(endpoint: &'a Endpoint, folder: &'a str, request: &serde_json::Value) -> Call<'a> {
    Call { endpoint, suffix: folder, query: &[], json: Some(encode(request)) }
}

fn is_unsupported(error: &Error) -> bool {
    matches!(error.code(), Some(ErrorCode::NotImplemented | ErrorCode::EndpointNotFound))
}

fn headers(signed: &BTreeMap<String, String>) -> HeaderMap {
    let parse = |(name, value): (&String, &String)| {
        Some((name.parse::<HeaderName>().ok()?, value.parse::<HeaderValue>().ok()?))
    };
    signed.iter().filter_map(parse).collect()
}

#[cfg(test)]
mod tests {
    use super::{MOST_PARTS, PART_BYTES, cuts};

    #[test]
    fn cuts_cover_the_file_once() {
        fn check(bytes: u64, parts: u64) {
            let cuts = cuts(bytes);
            assert_eq!(cuts.len() as u64, parts);
            assert_eq!(cuts.iter().map(|cut| cut.bytes).sum::<u64>(), bytes);
            assert!(cuts.windows(2).all(|pair| pair[0].offset + pair[0].bytes == pair[1].offset));
        }
        check(1, 1);
        check(PART_BYTES, 1);
        check(PART_BYTES + 1, 2);
        check(2 << 30, 128);
        check(PART_BYTES * MOST_PARTS * 3, MOST_PARTS);
    }
}
