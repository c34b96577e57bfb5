//! `mlflow-artifacts/artifacts/*`, `artifacts/list` and the two `get-artifact` routes.
//!
//! Files leave as attachments, so that no browser shows a stranger's page as this server's own.

use crate::server::artifacts::location;
use crate::server::artifacts::path::ArtifactPath;
use crate::server::artifacts::storage::Download;
use crate::server::auth::access::require_artifact;
use crate::server::auth::permission::Right;
use crate::server::error::ApiError;
use crate::server::limits;
use crate::server::records::FileInfo;
use crate::server::routes::{Answer, Call, json, nothing};
use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, json};

/// What MLflow shows as plain text, whatever the extension's own type is.
const TEXT_EXTENSIONS: [&str; 25] = [
    "txt",
    "log",
    "err",
    "cfg",
    "conf",
    "cnf",
    "cf",
    "ini",
    "properties",
    "prop",
    "hocon",
    "toml",
    "yaml",
    "yml",
    "xml",
    "json",
    "js",
    "py",
    "py3",
    "csv",
    "tsv",
    "md",
    "rst",
    "MLmodel",
    "MLproject",
];

pub(super) async fn list(call: Call) -> Answer {
    let path = ArtifactPath::parse(call.parameters.text("path")?.unwrap_or_default())?;
    let files = call.state.artifacts.list(&path).await?;
    if files.is_empty() {
        return json(&Map::new());
    }
    json(&json!({ "files": files }))
}

pub(super) async fn upload(call: Call, body: Body) -> Answer {
    let path = file_path(&call)?;
    call.state.artifacts.write(&path, body.into_data_stream()).await?;
    nothing()
}

pub(super) async fn download(call: Call) -> Answer {
    let path = file_path(&call)?;
    Ok(attachment(&path, call.state.artifacts.read(&path).await?))
}

pub(super) async fn delete(call: Call) -> Answer {
    let path = file_path(&call)?;
    call.state.artifacts.delete(&path).await?;
    nothing()
}

fn file_path(call: &Call) -> Result<ArtifactPath, ApiError> {
    let path = ArtifactPath::parse(&call.tail)?;
    if path.is_root() {
        return Err(ApiError::invalid("Invalid path"));
    }
    Ok(path)
}

pub(super) async fn list_of_run(call: Call) -> Answer {
    let run_id = call.parameters.run_id()?;
    let below = ArtifactPath::parse(call.parameters.text("path")?.unwrap_or_default())?;
    let root_uri = call.state.store.run_info(run_id).await?.artifact_uri;
    let folder = location::opened(&root_uri)?.join(&below);
    require_artifact(&call.state, &call.sender, &folder, Right::Read).await?;
    let files: Vec<FileInfo> = call
        .state
        .artifacts
        .list(&folder)
        .await?
        .into_iter()
        .map(|file| {
            let path = if below.is_root() { file.path } else { format!("{}/{}", below.as_str(), file.path) };
            FileInfo { path, ..file }
        })
        .collect();
    if files.is_empty() {
        return json(&json!({ "root_uri": root_uri }));
    }
    json(&json!({ "root_uri": root_uri, "files": files }))
}

pub(super) async fn download_of_run(call: Call) -> Answer {
    let below = required_path(&call)?;
    let run = call.state.store.run_info(call.parameters.run_id()?).await?;
    let path = location::opened(&run.artifact_uri)?.join(&below);
    require_artifact(&call.state, &call.sender, &path, Right::Read).await?;
    Ok(attachment(&path, call.state.artifacts.read(&path).await?))
}

pub(super) async fn download_of_version(call: Call) -> Answer {
    let below = required_path(&call)?;
    let name = call.parameters.required_text("name")?;
    let version = limits::version(call.parameters.required_text("version")?)?;
    // Its creator could read these files; from then on, reading the model is enough.
    let location = call.state.store.model_version_location(name, version).await?;
    let path = location::opened(&location)?.join(&below);
    Ok(attachment(&path, call.state.artifacts.read(&path).await?))
}

fn required_path(call: &Call) -> Result<ArtifactPath, ApiError> {
    ArtifactPath::parse(call.parameters.required_text("path")?)
}

fn attachment(path: &ArtifactPath, download: Download) -> Response {
    let mut response = Response::new(Body::from_stream(download.content));
    let headers = response.headers_mut();
    let kind = HeaderValue::try_from(content_type(path.name()));
    headers.insert(header::CONTENT_TYPE, kind.unwrap_or(HeaderValue::from_static("application/octet-stream")));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(download.size_bytes));
    let name = utf8_percent_encode(path.name(), NON_ALPHANUMERIC);
    if let Ok(disposition) = HeaderValue::try_from(format!("attachment; filename*=UTF-8''{name}")) {
        headers.insert(header::CONTENT_DISPOSITION, disposition);
    }
    response
}

fn content_type(name: &str) -> String {
    // A name without an extension counts as one: MLmodel is text.
    let extension = name.rsplit_once('.').map_or(name, |(_, extension)| extension);
    if TEXT_EXTENSIONS.contains(&extension) {
        return "text/plain".to_owned();
    }
    mime_guess::from_path(name).first_raw().unwrap_or("application/octet-stream").to_owned()
}

#[cfg(test)]
mod tests {
    use super::content_type;

    #[test]
    fn content_types_are_the_ones_mlflow_guesses() {
        for (name, expected) in [
            ("MLmodel", "text/plain"),
            ("conda.yaml", "text/plain"),
            ("a.json", "text/plain"),
            ("plot.png", "image/png"),
            ("model.pkl", "application/octet-stream"),
            ("page.html", "text/html"),
            ("noextension", "application/octet-stream"),
        ] {
            assert_eq!(content_type(name), expected, "{name}");
        }
    }
}
