//! MLflow's rules for names, keys, values and batches, as pure functions with MLflow's messages.
//!
//! Lengths count characters, as Python does. Nothing here knows of requests or databases.

use crate::server::error::ApiError;
use crate::server::python_text::{compact_json, quoted, quoted_list};
use serde_json::Value;

/// The most metrics in one batch.
pub const METRICS_PER_BATCH: usize = 1000;
/// The most params, and the most tags, in one batch.
pub const PARAMS_OR_TAGS_PER_BATCH: usize = 100;
/// The most metrics, params and tags together in one batch.
pub const ENTITIES_PER_BATCH: usize = 1000;
const KEY_CHARACTERS: usize = 250;
const PARAM_VALUE_CHARACTERS: usize = 6000;
const RUN_TAG_VALUE_CHARACTERS: usize = 8000;
const SHORT_TAG_VALUE_CHARACTERS: usize = 5000;
const EXPERIMENT_NAME_CHARACTERS: usize = 500;
const ALIAS_CHARACTERS: usize = 255;
/// The most characters of an artifact location.
const ARTIFACT_LOCATION_CHARACTERS: usize = 2048;

/// A value cut to `limit` characters; MLflow truncates params and run tags rather than refuse them.
#[must_use]
pub fn truncated(value: &str, limit: usize) -> &str {
    value.char_indices().nth(limit).map_or(value, |(end, _)| &value[..end])
}

/// Checks a value's length.
///
/// # Errors
/// When it has more than `limit` characters.
pub fn length(what: &str, limit: usize, value: &str) -> Result<(), ApiError> {
    if value.chars().count() > limit {
        return Err(ApiError::invalid(format!("'{what}' exceeds the maximum length of {limit} characters")));
    }
    Ok(())
}

/// Checks the name of a metric, a param or a tag: its characters, and that as a path it names itself.
///
/// # Errors
/// When it could not be a file's name.
pub fn key(name: &str, path: &str) -> Result<(), ApiError> {
    let value = compact_json(&Value::String(name.to_owned()));
    if !name.chars().all(|c| c.is_alphanumeric() || "/_.- :".contains(c)) {
        return Err(ApiError::invalid(format!(
            "Invalid value {value} for parameter '{path}' supplied: Names may only contain alphanumerics, \
             underscores (_), dashes (-), periods (.), spaces ( ), colon(:) and slashes (/)."
        )));
    }
    let normal = normal_path(name);
    if normal != name || normal == "." || normal.starts_with("..") || normal.starts_with('/') {
        return Err(ApiError::invalid(format!(
            "Invalid value {value} for parameter '{path}' supplied: Names may be treated as files in certain cases, \
             and must not resolve to other names when treated as such. This name would resolve to {}",
            quoted(&normal)
        )));
    }
    Ok(())
}

/// Checks a metric's name and time.
///
/// # Errors
/// When the name is malformed or too long, or the time is before 1970.
pub fn metric(name: &str, value: f64, timestamp_ms: i64, path: &str) -> Result<(), ApiError> {
    key(name, &dotted(path, "name"))?;
    if timestamp_ms < 0 {
        return Err(ApiError::invalid(format!(
            "Invalid value {timestamp_ms} for parameter '{}' supplied: metric '{name}' (value={value:?}). \
             Timestamp must be a nonnegative long (64-bit integer) ",
            dotted(path, "timestamp")
        )));
    }
    length("Metric name", KEY_CHARACTERS, name)
}

/// Checks a param and cuts its value.
///
/// # Errors
/// When the key is malformed or too long.
pub fn param<'v>(name: &str, value: &'v str, path: &str) -> Result<&'v str, ApiError> {
    key(name, &dotted(path, "key"))?;
    length("Param key", KEY_CHARACTERS, name)?;
    Ok(truncated(value, PARAM_VALUE_CHARACTERS))
}

/// Checks a run's tag and cuts its value.
///
/// # Errors
/// When the key is malformed or too long.
pub fn run_tag<'v>(name: &str, value: &'v str, path: &str) -> Result<&'v str, ApiError> {
    key(name, &dotted(path, "key"))?;
    length(&dotted(path, "key"), KEY_CHARACTERS, name)?;
    Ok(truncated(value, RUN_TAG_VALUE_CHARACTERS))
}

/// Checks a tag of an experiment, a registered model or a model version. These are never cut.
///
/// # Errors
/// When the key is malformed, or key or value are too long.
pub fn short_tag(name: &str, value: &str) -> Result<(), ApiError> {
    key(name, "key")?;
    length("key", KEY_CHARACTERS, name)?;
    length("value", SHORT_TAG_VALUE_CHARACTERS, value)
}

/// Checks how many entries a batch has.
///
/// # Errors
/// When there are too many of one kind or in all.
pub fn batch(metrics: usize, params: usize, tags: usize) -> Result<(), ApiError> {
    let counts = [
        ("metrics", METRICS_PER_BATCH, metrics),
        ("params", PARAMS_OR_TAGS_PER_BATCH, params),
        ("tags", PARAMS_OR_TAGS_PER_BATCH, tags),
        ("metrics, params, and tags", ENTITIES_PER_BATCH, metrics + params + tags),
    ];
    for (what, limit, count) in counts {
        if count > limit {
            return Err(ApiError::invalid(format!(
                "A batch logging request can contain at most {limit} {what}. Got {count} {what}. \
                 Please split up {what} across multiple requests and try again."
            )));
        }
    }
    Ok(())
}

/// Checks that no param key comes twice in a batch.
///
/// # Errors
/// When one does.
pub fn unique_param_keys<'k>(keys: impl IntoIterator<Item = &'k str>) -> Result<(), ApiError> {
    let mut seen = std::collections::HashSet::new();
    let repeated: Vec<&str> = keys.into_iter().filter(|key| !seen.insert(*key)).collect();
    if repeated.is_empty() {
        return Ok(());
    }
    Err(ApiError::invalid(format!(
        "Duplicate parameter keys have been submitted: {}. Please ensure the request contains only one param value \
         per param key.",
        quoted_list(&repeated)
    )))
}

/// Checks an experiment's name.
///
/// # Errors
/// When it is too long.
pub fn experiment_name(name: &str) -> Result<(), ApiError> {
    length("name", EXPERIMENT_NAME_CHARACTERS, name)
}

/// Checks the length of an artifact location.
///
/// # Errors
/// When it is too long.
pub fn artifact_location(location: &str) -> Result<(), ApiError> {
    if location.chars().count() > ARTIFACT_LOCATION_CHARACTERS {
        return Err(ApiError::invalid(format!(
            "Invalid artifact path length. The length of the artifact path cannot be greater than \
             {ARTIFACT_LOCATION_CHARACTERS} characters."
        )));
    }
    Ok(())
}

/// Checks a run's id in the calls where MLflow does so.
///
/// # Errors
/// When it holds anything but letters, digits, `_` and `-`.
pub fn run_id(run_id: &str) -> Result<(), ApiError> {
    let well_formed = run_id.starts_with(|c: char| c.is_ascii_alphanumeric())
        && run_id.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-')
        && run_id.chars().count() <= 256;
    if well_formed {
        return Ok(());
    }
    let value = compact_json(&Value::String(run_id.to_owned()));
    Err(ApiError::invalid(format!("Invalid value {value} for parameter 'run_id' supplied.")))
}

/// Checks a model alias.
///
/// # Errors
/// When it is malformed, too long or reserved.
pub fn alias(alias: &str) -> Result<(), ApiError> {
    if alias.is_empty() {
        return Err(ApiError::invalid("Registered model alias name cannot be empty."));
    }
    if !alias.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-') {
        return Err(ApiError::invalid(format!(
            "Invalid alias name: '{alias}'. Names may only contain alphanumerics, underscores (_), and dashes (-)."
        )));
    }
    length("Registered model alias name", ALIAS_CHARACTERS, alias)?;
    if alias.to_lowercase() == "latest" {
        return Err(ApiError::invalid("'latest' alias name (case insensitive) is reserved."));
    }
    let digits = alias.strip_prefix(['v', 'V']).unwrap_or_default();
    if !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit()) {
        return Err(ApiError::invalid(format!("Version alias name '{alias}' is reserved.")));
    }
    Ok(())
}

/// Reads a model version's number.
///
/// # Errors
/// When it is no integer.
pub fn version(version: &str) -> Result<i64, ApiError> {
    version
        .trim()
        .parse()
        .map_err(|_| ApiError::invalid(format!("Parameter 'version' must be an integer, got '{version}'.")))
}

fn dotted(path: &str, field: &str) -> String {
    if path.is_empty() { field.to_owned() } else { format!("{path}.{field}") }
}

/// A path without `.`, `..` and doubled slashes, as `posixpath.normpath` gives it.
fn normal_path(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    let absolute = path.starts_with('/');
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if absolute => {}
            part => parts.push(part),
        }
    }
    let joined = parts.join("/");
    match (absolute, joined.is_empty()) {
        (true, _) => format!("/{joined}"),
        (false, true) => ".".to_owned(),
        (false, false) => joined,
    }
}

#[cfg(test)]
mod tests {
    use super::{alias, batch, key, metric, normal_path, run_id, truncated, unique_param_keys, version};

    #[test]
    fn values_are_cut_at_characters() {
        assert_eq!(truncated("abc", 3), "abc");
        assert_eq!(truncated("äöü", 2), "äö");
        assert_eq!(truncated("", 0), "");
    }

    #[test]
    fn keys() {
        let good = ["loss", "val/loss", "a b", "a.b-c_d:e", "späť"];
        let bad = ["", "a\\b", "a#b", "../a", "/a", "a//b", ".", "a/../b", "a/"];
        for name in good {
            assert!(key(name, "key").is_ok(), "{name}");
        }
        for name in bad {
            assert!(key(name, "key").is_err(), "{name}");
        }
    }

    #[test]
    fn metrics_have_no_negative_time() {
        assert!(metric("m", 1.0, 0, "").is_ok());
        assert!(metric("m", 1.0, -1, "").is_err());
        assert!(metric(&"m".repeat(251), 1.0, 0, "").is_err());
    }

    #[test]
    fn batches() {
        assert!(batch(1000, 0, 0).is_ok());
        assert!(batch(1001, 0, 0).is_err());
        assert!(batch(0, 101, 0).is_err());
        assert!(batch(900, 100, 1).is_err());
        assert!(unique_param_keys(["a", "b"]).is_ok());
        assert!(unique_param_keys(["a", "b", "a"]).unwrap_err().to_string().contains("['a']"));
    }

    #[test]
    fn aliases_versions_and_run_ids() {
        for good in ["champion", "v1a", "a_b-c"] {
            assert!(alias(good).is_ok(), "{good}");
        }
        for bad in ["", "latest", "LATEST", "v12", "V1", "a b"] {
            assert!(alias(bad).is_err(), "{bad}");
        }
        assert_eq!(version("7").unwrap(), 7);
        assert!(version("seven").is_err());
        assert!(run_id("0a-b_c").is_ok());
        assert!(run_id("../x").is_err());
    }

    #[test]
    fn normal_paths() {
        for (path, normal) in [("a/./b", "a/b"), ("a/../b", "b"), ("../a", "../a"), ("/../a", "/a"), ("", ".")] {
            assert_eq!(normal_path(path), normal, "{path}");
        }
    }
}
