//! Where a model version may claim to come from.
//!
//! A source that names this server's own disk, or leads upwards, would let its creator read through the registry what they
//! cannot read directly. MLflow once skipped this check for versions tagged as prompts; here the tag changes nothing.

use crate::server::artifacts::path::decoded;
use crate::server::error::ApiError;

/// Checks a source.
///
/// # Errors
/// When it is a local path, or leads upwards however it is encoded.
pub fn check(source: &str) -> Result<(), ApiError> {
    if is_local(source) {
        return Err(ApiError::invalid(format!(
            "Invalid model version source: '{source}'. To use a local path as a model version source, the run_id request \
             parameter has to be specified and the local path has to be contained within the artifact directory of the \
             run specified by the run_id."
        )));
    }
    let hostile = decoded(source).map_or(true, |decoded| {
        let spaced = decoded.replace('+', " ");
        [decoded.as_str(), spaced.as_str()].into_iter().any(|text| {
            text.split(['/', '\\']).any(|part| part == ".." || part == ".")
                || text.contains('#')
                || text.chars().any(char::is_control)
        })
    });
    if hostile {
        return Err(ApiError::invalid(format!(
            "Invalid model version source: '{source}'. If supplying a source as an http, https, local file path, ftp, \
             objectstore, or mlflow-artifacts uri, an absolute path must be provided without relative path references \
             present. Please provide an absolute path."
        )));
    }
    Ok(())
}

/// A path without scheme, or `file:`, names the disk of whoever opens it.
fn is_local(source: &str) -> bool {
    let scheme = source.split_once(':').map(|(scheme, _)| scheme).filter(|scheme| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
    });
    scheme.is_none_or(|scheme| scheme.eq_ignore_ascii_case("file"))
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn sources() {
        for good in ["mlflow-artifacts:/1/r/artifacts/model", "s3://b/p", "runs:/abc/model", "models:/m/1", "dummy:/x"]
        {
            assert!(check(good).is_ok(), "{good}");
        }
        let bad = [
            "/etc/passwd",
            "etc/passwd",
            "file:///etc",
            "FILE:/etc",
            "./x",
            "mlflow-artifacts:/1/../2",
            "mlflow-artifacts://host:1/..%2f..%2f",
            "s3:/b/%252e%252e/x",
            "http://host/api/2.0/mlflow-artifacts/artifacts%00",
            "s3://b/x#../y",
            "s3://b\\..\\x",
        ];
        for source in bad {
            assert!(check(source).is_err(), "{source}");
        }
    }
}
