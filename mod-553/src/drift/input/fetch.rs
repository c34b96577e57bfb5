//! What a location names: a path, `file://`, `s3://bucket/key` or `http(s)://`. What is elsewhere is fetched into a folder that goes when
//! the comparison is done, in constant memory: it is read more than once, and a network is not.

use crate::drift::error::Error;
use crate::drift::spec::{Described, Format};
use futures::StreamExt;
use mod_106::validation::read::Kind;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::{ClientOptions, ObjectStoreExt, RetryConfig};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;
use url::Url;

/// A file that is here.
#[derive(Debug)]
pub struct Fetched {
    /// As it was given.
    pub given: String,
    /// Where it is.
    pub path: PathBuf,
    /// How it is written.
    pub format: Format,
    /// Types of columns that would be guessed wrongly.
    pub types: BTreeMap<String, Kind>,
    /// The folder that it was fetched into.
    pub folder: Option<TempDir>,
}

/// Finds a file, or fetches it; paths are looked for in `folder`.
///
/// # Errors
/// A location of no known kind, and whatever keeps the file from coming.
pub async fn fetch(data: &Described, folder: &Path) -> Result<Fetched, Error> {
    let given = data.path.clone();
    let scheme = given.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
    let (path, kept) = match scheme.as_deref() {
        None => (folder.join(&given), None),
        Some("file") => (local(&given)?, None),
        Some("s3" | "http" | "https") => {
            let kept = tempfile::Builder::new().prefix("drift-").tempdir().map_err(|error| refused(&given, &error))?;
            let path = kept.path().join(base_name(&given));
            let fetched = if scheme.as_deref() == Some("s3") {
                from_s3(&given, &path).await
            } else {
                from_http(&given, &path).await
            };
            fetched?;
            (path, Some(kept))
        }
        Some(other) => {
            let reason = format!("`{other}` is no scheme that is known here");
            return Err(unusable(&given, reason, "give a path, file://, s3://bucket/key, http:// or https://"));
        }
    };
    let format = match data.format.or_else(|| of_name(&given)) {
        Some(Format::Jsonl) if data.format.is_none() && is_log(&path) => Format::Log,
        Some(format) => format,
        None => {
            let reason = "the name does not say how it is written".to_owned();
            return Err(unusable(
                &given,
                reason,
                "add `format:` csv, parquet, arrow, jsonl, log or profile in the spec",
            ));
        }
    };
    Ok(Fetched { given, path, format, types: data.types.clone(), folder: kept })
}

/// What a name's ending says.
fn of_name(name: &str) -> Option<Format> {
    let name = name.split(['?', '#']).next().unwrap_or(name).to_ascii_lowercase();
    let ends = |endings: &[&str]| endings.iter().any(|ending| name.ends_with(ending));
    match () {
        () if ends(&[".profile.json"]) => Some(Format::Profile),
        () if ends(&[".csv", ".tsv"]) => Some(Format::Csv),
        () if ends(&[".parquet", ".pq"]) => Some(Format::Parquet),
        () if ends(&[".arrow", ".feather", ".ipc"]) => Some(Format::Arrow),
        () if ends(&[".jsonl", ".ndjson"]) => Some(Format::Jsonl),
        () => None,
    }
}

/// Whether the first line of a file is a record of the inference log.
fn is_log(path: &Path) -> bool {
    let Ok(file) = std::fs::File::open(path) else { return false };
    let mut line = String::new();
    let read = std::io::BufRead::read_line(&mut std::io::BufReader::new(file), &mut line);
    read.is_ok()
        && serde_json::from_str::<serde_json::Value>(&line).is_ok_and(|value| {
            value.get("request_id").is_some() && value.get("features").is_some_and(serde_json::Value::is_object)
        })
}

fn local(given: &str) -> Result<PathBuf, Error> {
    let path = Url::parse(given).ok().and_then(|url| url.to_file_path().ok());
    path.ok_or_else(|| {
        unusable(given, "this names no file".to_owned(), "write file:///folder/file, with three slashes")
    })
}

fn base_name(given: &str) -> String {
    let name = given.split(['?', '#']).next().unwrap_or(given).rsplit('/').next().unwrap_or("");
    if name.is_empty() || name == "." || name == ".." { "data".to_owned() } else { name.to_owned() }
}

/// A bucket, with credentials and endpoint from AWS's own variables.
///
/// # Errors
/// When they make no sense.
pub(in crate::drift) fn s3(bucket: &str, given: &str) -> Result<AmazonS3, Error> {
    let client =
        ClientOptions::new().with_connect_timeout(Duration::from_secs(5)).with_read_timeout(Duration::from_secs(60));
    let retry = RetryConfig { max_retries: 3, retry_timeout: Duration::from_secs(30), ..RetryConfig::default() };
    let mut builder =
        AmazonS3Builder::from_env().with_bucket_name(bucket).with_client_options(client).with_retry(retry);
    if std::env::var("AWS_ENDPOINT_URL")
        .or_else(|_| std::env::var("AWS_ENDPOINT"))
        .is_ok_and(|it| it.starts_with("http://"))
    {
        builder = builder.with_allow_http(true);
    }
    builder.build().map_err(|error| {
        unusable(
            given,
            error.to_string(),
            "set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION and, beside AWS, AWS_ENDPOINT_URL",
        )
    })
}

async fn from_s3(given: &str, path: &Path) -> Result<(), Error> {
    let rest = given.split_once("://").map_or("", |(_, rest)| rest);
    let Some((bucket, key)) = rest.split_once('/').filter(|(bucket, key)| !bucket.is_empty() && !key.is_empty()) else {
        return Err(unusable(given, "this names no object".to_owned(), "write s3://bucket/key"));
    };
    let store = s3(bucket, given)?;
    let key = object_store::path::Path::parse(key).map_err(|error| refused(given, &error))?;
    let found = store.get(&key).await.map_err(|error| match error {
        object_store::Error::NotFound { .. } => {
            unusable(given, "there is no such object".to_owned(), "look at the bucket and the key")
        }
        object_store::Error::Unauthenticated { .. } | object_store::Error::PermissionDenied { .. } => unusable(
            given,
            "the store refuses these credentials".to_owned(),
            "look at AWS_ACCESS_KEY_ID and the bucket's policy",
        ),
        other => unreachable(given, &other),
    })?;
    let mut content = found.into_stream();
    let mut file = tokio::fs::File::create(path).await.map_err(|error| refused(given, &error))?;
    while let Some(part) = content.next().await {
        let part = part.map_err(|error| unreachable(given, &error))?;
        file.write_all(&part).await.map_err(|error| refused(given, &error))?;
    }
    file.flush().await.map_err(|error| refused(given, &error))
}

async fn from_http(given: &str, path: &Path) -> Result<(), Error> {
    let client =
        reqwest::Client::builder().connect_timeout(Duration::from_secs(5)).read_timeout(Duration::from_secs(60));
    let client = client.build().map_err(|error| refused(given, &error))?;
    let answer = client.get(given).send().await.map_err(|error| unreachable(given, &error))?;
    if !answer.status().is_success() {
        let reason = format!("the server answered {}", answer.status());
        return Err(unusable(given, reason, "look at the address, and whether it asks for credentials"));
    }
    let mut content = answer.bytes_stream();
    let mut file = tokio::fs::File::create(path).await.map_err(|error| refused(given, &error))?;
    while let Some(part) = content.next().await {
        let part = part.map_err(|error| unreachable(given, &error))?;
        file.write_all(&part).await.map_err(|error| refused(given, &error))?;
    }
    file.flush().await.map_err(|error| refused(given, &error))
}

fn unusable(url: &str, reason: String, advice: &str) -> Error {
    Error::Fetch { url: url.to_owned(), reason, advice: advice.to_owned(), unreachable: false }
}

fn refused(url: &str, error: &dyn std::fmt::Display) -> Error {
    unusable(url, error.to_string(), "look at the location and the space on the disk")
}

fn unreachable(url: &str, error: &dyn std::error::Error) -> Error {
    // The reason that matters stands at the end of the chain.
    let mut reason = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        reason = format!("{reason}: {cause}");
        source = cause.source();
    }
    Error::Fetch {
        url: url.to_owned(),
        reason,
        advice: "is the server up, and the network?".to_owned(),
        unreachable: true,
    }
}

#[cfg(test)]
mod tests {
    use super::{base_name, of_name};
    use crate::drift::spec::Format;

    #[test]
    fn a_name_says_how_a_file_is_written() {
        let names = ["a.csv", "http://x/b.PARQUET?v=1", "c.arrow", "s3://b/d.jsonl", "e.profile.json", "f.txt"];
        let expected = [
            Some(Format::Csv),
            Some(Format::Parquet),
            Some(Format::Arrow),
            Some(Format::Jsonl),
            Some(Format::Profile),
            None,
        ];
        assert_eq!(names.map(of_name), expected);
    }

    #[test]
    fn no_url_names_a_file_outside_its_folder() {
        assert_eq!(["s3://b/a/..", "http://x/", "http://x/a/b.csv?c=/d"].map(base_name), ["data", "data", "b.csv"]);
    }
}
