//! `mlflow-artifacts/mpu/*`: large files whose parts the client sends to S3 itself, by URLs signed here.
//!
//! MLflow 2.22 answers these without asking for any permission; here they demand what an upload demands. The URLs are good
//! for one part of one file for an hour.

use crate::server::artifacts::path::ArtifactPath;
use crate::server::error::ApiError;
use crate::server::parameters::missing_value;
use crate::server::routes::{Answer, Call, json, nothing};
use serde_json::json;

pub(super) async fn create(call: Call) -> Answer {
    let path = target(&call)?;
    let parts = call.parameters.integer("num_parts")?.unwrap_or(1);
    let (upload_id, urls) = call.state.artifacts.create_upload(&path, parts).await?;
    let credentials: Vec<_> =
        urls.iter().enumerate().map(|(index, url)| json!({ "url": url.as_str(), "part_number": index + 1 })).collect();
    json(&json!({ "upload_id": upload_id, "credentials": credentials }))
}

pub(super) async fn complete(call: Call) -> Answer {
    let path = target(&call)?;
    let upload_id = call.parameters.text("upload_id")?.unwrap_or_default();
    if !call.parameters.has("parts") {
        return Err(missing_value("parts"));
    }
    let mut parts = Vec::new();
    for part in call.parameters.objects("parts")? {
        parts.push((part.required_integer("part_number")?, part.text("etag")?.unwrap_or_default().to_owned()));
    }
    parts.sort();
    let consecutive = parts.iter().zip(1..).all(|((number, _), expected)| *number == expected);
    if !consecutive {
        return Err(ApiError::invalid("The parts of an upload must be numbered from 1, without gaps."));
    }
    let etags = parts.into_iter().map(|(_, etag)| etag).collect();
    call.state.artifacts.complete_upload(&path, upload_id, etags).await?;
    nothing()
}

pub(super) async fn abort(call: Call) -> Answer {
    let path = target(&call)?;
    let upload_id = call.parameters.text("upload_id")?.unwrap_or_default();
    call.state.artifacts.abort_upload(&path, upload_id).await?;
    nothing()
}

/// The URL names the folder; `path` is the file on the client's disk, of which only the name counts.
fn target(call: &Call) -> Result<ArtifactPath, ApiError> {
    let folder = ArtifactPath::parse(&call.tail)?;
    let local = call.parameters.required_text("path")?;
    let name = ArtifactPath::parse(local.rsplit(['/', '\\']).next().unwrap_or_default())?;
    // An encoded slash must not turn the name into a path.
    if name.is_root() || name.as_str().contains('/') {
        return Err(ApiError::invalid("Invalid path"));
    }
    Ok(folder.join(&name))
}
