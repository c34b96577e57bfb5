//! Artifact locations: what an experiment may be created with, and which of them this server opens.
//!
//! Only `mlflow-artifacts:` locations are opened. A client may record any other (its own bucket, its own disk) and reach it
//! itself, but the server never follows one: a location such as `/etc` or `s3://somebody-else` would make it read what
//! its caller may not.

use crate::server::artifacts::path::{ArtifactPath, decoded};
use crate::server::error::ApiError;
use crate::server::limits;

const PROXIED: &str = "mlflow-artifacts:";

/// Checks the location that an experiment is created with.
///
/// # Errors
/// When it has a fragment or parameters, leads upwards, points to a run, or claims another experiment's folder.
pub fn check_new(location: &str) -> Result<(), ApiError> {
    limits::artifact_location(location)?;
    let decoded = decoded(location)?;
    // A semicolon begins parameters in web addresses only; in a bucket it is a letter like any other.
    if decoded.contains('#') || (decoded.starts_with("http") && decoded.contains(';')) {
        return Err(ApiError::invalid("'artifact_location' URL can't include fragments or params."));
    }
    if decoded.split_once('?').is_some_and(|(_, query)| query.contains("..")) {
        return Err(ApiError::invalid("Invalid query string"));
    }
    if decoded.starts_with("runs:") {
        return Err(ApiError::invalid(format!("Artifact location cannot be a runs:/ URI. Given: '{location}'")));
    }
    if decoded.split(['/', '\\']).any(|part| part == "..") || decoded.chars().any(char::is_control) {
        return Err(ApiError::invalid(format!("Invalid artifact location: '{location}' leads out of itself.")));
    }
    if proxied(location)?.is_some_and(|path| path.is_root() || path.experiment_id().is_some()) {
        return Err(ApiError::invalid(format!(
            "Invalid artifact location: '{location}' is, or may become, another experiment's folder."
        )));
    }
    Ok(())
}

/// The path below the artifact root of a location that this server opens; nothing for any other.
///
/// # Errors
/// When the location is this server's but its path is hostile.
pub fn proxied(location: &str) -> Result<Option<ArtifactPath>, ApiError> {
    let Some(rest) = location.strip_prefix(PROXIED) else { return Ok(None) };
    let path = match rest.strip_prefix("//") {
        // mlflow-artifacts://host:port/path
        Some(with_host) => with_host.split_once('/').map_or("", |(_, path)| path),
        None => rest,
    };
    ArtifactPath::parse(path.trim_start_matches('/')).map(Some)
}

/// The path below the artifact root of a location that a request wants to read.
///
/// # Errors
/// When the location is not this server's, or hostile.
pub fn opened(location: &str) -> Result<ArtifactPath, ApiError> {
    proxied(location)?.ok_or_else(|| {
        ApiError::invalid(format!(
            "The artifacts at '{location}' are not in this server's care; read them where they are."
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::{check_new, opened, proxied};

    #[test]
    fn locations_of_new_experiments() {
        for good in ["s3://bucket/path", "mlflow-artifacts:/team", "gs://b?x=y", "/data/mlruns", "file:///data"] {
            assert!(check_new(good).is_ok(), "{good}");
        }
        let bad = [
            "s3://bucket/path#fragment",
            "https://host/path;param",
            "s3://bucket?x=../..",
            "s3://bucket?x=%2e%2e",
            "runs:/abc/model",
            "mlflow-artifacts:/../x",
            "mlflow-artifacts:/%252e%252e/x",
            "mlflow-artifacts:/7",
            "mlflow-artifacts:/7/run",
            "mlflow-artifacts:/",
            "mlflow-artifacts://host/7",
            "file:///a/../../etc",
        ];
        for location in bad {
            assert!(check_new(location).is_err(), "{location}");
        }
    }

    #[test]
    fn only_proxied_locations_are_opened() {
        assert_eq!(opened("mlflow-artifacts:/1/r/artifacts").unwrap().as_str(), "1/r/artifacts");
        assert_eq!(opened("mlflow-artifacts://host:1/1/r").unwrap().as_str(), "1/r");
        assert_eq!(proxied("s3://b/p").unwrap(), None);
        for location in ["/etc", "file:///etc", "s3://b/p", "http://169.254.169.254/", "mlflow-artifacts:/a/../b"] {
            assert!(opened(location).is_err(), "{location}");
        }
    }
}
