//! Which artifact paths are sound, how they are written in a URL, and where a run's artifacts lie behind the proxy.
//!
//! Paths come from users *and* from servers' listings; a listing that says `../../.ssh/authorized_keys` must not steer a
//! download. Both pass through [`ArtifactPath::parse`].

use super::super::error::Error;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use std::fmt;

/// A relative path of `/`-separated names, none of them empty, `.` or `..`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ArtifactPath(String);

impl ArtifactPath {
    /// Takes a path when it stays below its root on every platform.
    ///
    /// # Errors
    /// [`Error::Refused`] names the path.
    pub fn parse(text: impl Into<String>) -> Result<Self, Error> {
        let text = text.into();
        let sound = text.split('/').all(|name| !matches!(name, "" | "." | ".."))
            && !text.contains(|character: char| character == '\\' || character.is_control());
        if sound {
            return Ok(Self(text));
        }
        let way_out =
            "give names separated by single `/`, none of them `.` or `..`, without backslashes or control characters";
        Err(Error::refused("artifact path", &text, way_out))
    }

    /// The path.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last name.
    pub fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// The path without its last name.
    pub fn parent(&self) -> Option<Self> {
        self.0.rsplit_once('/').map(|(parent, _)| Self(parent.to_owned()))
    }

    /// This path, and below it another.
    pub fn join(&self, below: &Self) -> Self {
        Self(format!("{}/{}", self.0, below.0))
    }
}

impl fmt::Display for ArtifactPath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::str::FromStr for ArtifactPath {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::parse(text)
    }
}

/// Where artifacts lie behind the tracking server's proxy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArtifactRoot {
    path: Option<ArtifactPath>,
}

/// RFC 3986's unreserved characters stay; all else is encoded, `/` apart.
const IN_A_NAME: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

impl ArtifactRoot {
    /// Reads a run's `artifact_uri`: `mlflow-artifacts:/path`, the same with this server's host, or a URL of this server's proxy.
    ///
    /// # Errors
    /// [`Error::NotProxied`] for any other place: another server would be sent our credentials, a bucket would need its own.
    pub fn resolve(artifact_uri: &str, tracking_uri: &str) -> Result<Self, Error> {
        let not_proxied = || Error::NotProxied { uri: artifact_uri.to_owned() };
        let proxy = format!("{tracking_uri}/api/2.0/mlflow-artifacts/artifacts");
        let path = if let Some(rest) = artifact_uri.strip_prefix(&proxy) {
            rest
        } else {
            let rest = artifact_uri.strip_prefix("mlflow-artifacts:").ok_or_else(not_proxied)?;
            match rest.strip_prefix("//") {
                // `mlflow-artifacts:///path` has an empty host: this server's.
                Some(rest) => {
                    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
                    let ours = tracking_uri.split_once("://").map_or("", |(_, rest)| rest);
                    if !host.is_empty() && ours.split('/').next() != Some(host) {
                        return Err(not_proxied());
                    }
                    path
                }
                None => rest,
            }
        };
        let path = path.trim_matches('/');
        let path = if path.is_empty() { None } else { Some(ArtifactPath::parse(path)?) };
        Ok(Self { path })
    }

    /// The path below the proxy, as it stands.
    pub(super) fn plain(&self, below: Option<&ArtifactPath>) -> String {
        let names = self.path.iter().chain(below).map(ArtifactPath::as_str);
        names.collect::<Vec<_>>().join("/")
    }

    /// The path below the proxy, percent-encoded name by name.
    pub(super) fn encoded(&self, below: Option<&ArtifactPath>) -> String {
        let plain = self.plain(below);
        let names = plain.split('/').map(|name| utf8_percent_encode(name, IN_A_NAME).to_string());
        names.collect::<Vec<_>>().join("/")
    }
}

#[cfg(test)]
mod tests {
    use super::{ArtifactPath, ArtifactRoot};

    #[test]
    fn a_path_cannot_leave_its_root() {
        fn check(text: &str, accepted: bool) {
            assert_eq!(ArtifactPath::parse(text).is_ok(), accepted, "{text:?}");
        }
        check("model/MLmodel", true);
        check("odd #?%&+ name ü🦀.txt", true);
        check("..data/...", true);
        for text in ["", "/etc/passwd", "a//b", "a/", "..", "a/../b", "./a", "a\\..\\b", "a\0b", "a\nb"] {
            check(text, false);
        }
    }

    #[test]
    fn names_are_encoded_and_slashes_kept() {
        let root = ArtifactRoot::resolve("mlflow-artifacts:/0/abc/artifacts", "http://h:1").unwrap();
        let path = ArtifactPath::parse("a b/c#d%2e?é.txt").unwrap();
        assert_eq!(root.encoded(Some(&path)), "0/abc/artifacts/a%20b/c%23d%252e%3F%C3%A9.txt");
        assert_eq!(root.plain(Some(&path)), "0/abc/artifacts/a b/c#d%2e?é.txt");
    }

    #[test]
    fn roots_are_found_behind_this_server_only() {
        fn check(uri: &str, expected: Option<&str>) {
            let root = ArtifactRoot::resolve(uri, "http://h:1/base").ok();
            assert_eq!(root.map(|root| root.plain(None)).as_deref(), expected, "{uri}");
        }
        check("mlflow-artifacts:/0/a", Some("0/a"));
        check("mlflow-artifacts:///0/a", Some("0/a"));
        check("mlflow-artifacts://h:1/0/a/", Some("0/a"));
        check("mlflow-artifacts:/", Some(""));
        check("http://h:1/base/api/2.0/mlflow-artifacts/artifacts/0/a", Some("0/a"));
        check("mlflow-artifacts://other:1/0/a", None);
        check("mlflow-artifacts:/0/../../etc", None);
        check("s3://bucket/0/a", None);
        check("/var/mlruns/0/a", None);
    }
}
