//! Which HTTP exchanges a fault applies to, and what it does to them. Pure: the proxy does the sending.
//! Next on the data's way: `proxy.rs`.

use hyper::{HeaderMap, Method};
use regex::Regex;
use serde::Deserialize;
use std::collections::BTreeMap;

/// A fault: every exchange that `match` describes is changed by the other fields.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpFault {
    /// Which service of the world it stands before, as the submission sees it; without it, before the submission, as checks see it.
    pub world: Option<Place>,
    /// Which exchanges.
    #[serde(rename = "match")]
    pub matches: Match,
    /// Whether the submission sees the request at all; if not, the answer is `status` (200) and `body` (empty).
    #[serde(default = "yes")]
    pub forward: bool,
    /// Send the request with this account's credentials.
    #[serde(rename = "as")]
    pub as_account: Option<String>,
    /// Headers set on the request.
    #[serde(default)]
    pub set_request_headers: BTreeMap<String, String>,
    /// Headers taken off the request.
    #[serde(default)]
    pub remove_request_headers: Vec<String>,
    /// Regular expression and replacement (`$1` …) on the request's path and query.
    pub request_path: Option<(Pattern, String)>,
    /// Texts and what replaces them in the request's body.
    #[serde(default)]
    pub request_replace: Vec<(String, String)>,
    /// Wait this long before answering.
    pub delay_ms: Option<u64>,
    /// Close the connection instead of answering.
    #[serde(default)]
    pub drop: bool,
    /// Reset the connection instead of answering.
    #[serde(default)]
    pub reset: bool,
    /// Answer with what the first exchange with this method, path and query was answered.
    #[serde(default)]
    pub replay: bool,
    /// The answer's status.
    pub status: Option<u16>,
    /// Headers set on the answer.
    #[serde(default)]
    pub set_headers: BTreeMap<String, String>,
    /// Headers taken off the answer.
    #[serde(default)]
    pub remove_headers: Vec<String>,
    /// The answer's body.
    pub body: Option<String>,
    /// Regular expressions and replacements (`$1` …) on the answer's body.
    #[serde(default)]
    pub replace: Vec<(Pattern, String)>,
    /// Break off after so many bytes of the answer's body, the announced length unchanged.
    pub truncate: Option<usize>,
}

/// A service of the world that a fault may stand before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// The tracking server.
    Tracking,
    /// GitHub.
    Github,
    /// Alertmanager.
    Alertmanager,
    /// The webhook.
    Webhook,
}

/// Which exchanges a fault applies to; what is not given matches everything.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Match {
    /// The exact method.
    method: Option<String>,
    /// Found in path and query, as they stand in the request line.
    path: Option<Pattern>,
    /// Found in these request headers.
    #[serde(default)]
    header: BTreeMap<String, Pattern>,
    /// This request header is missing.
    without_header: Option<String>,
    /// Found in the request's body.
    pub(super) body: Option<Pattern>,
    /// Only the n-th exchange that matches all the rest, counted from 1.
    pub(super) nth: Option<u64>,
    /// Only exchanges that the submission answered with this status.
    pub(super) response_status: Option<u16>,
}

/// A regular expression that is checked when the mutant's file is read.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct Pattern(pub(super) Regex);

impl TryFrom<String> for Pattern {
    type Error = regex::Error;

    fn try_from(pattern: String) -> Result<Self, regex::Error> {
        Regex::new(&pattern).map(Self)
    }
}

fn yes() -> bool {
    true
}

impl Match {
    /// Whether the request's line, headers and body fit.
    pub(super) fn fits(&self, method: &Method, path: &str, headers: &HeaderMap, body: &[u8]) -> bool {
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        self.method.as_ref().is_none_or(|expected| expected == method.as_str())
            && self.path.as_ref().is_none_or(|pattern| pattern.0.is_match(path))
            && self.header.iter().all(|(name, pattern)| header(name).is_some_and(|value| pattern.0.is_match(value)))
            && self.without_header.as_ref().is_none_or(|name| !headers.contains_key(name))
            && self.body.as_ref().is_none_or(|pattern| pattern.0.is_match(&String::from_utf8_lossy(body)))
    }
}

impl HttpFault {
    /// Whether the answer's whole body must be in hand before the first byte goes out.
    pub(super) fn rewrites_answer(&self) -> bool {
        self.replay || self.body.is_some() || !self.replace.is_empty() || self.truncate.is_some()
    }

    /// The answer's body after `body` and `replace`. A body that is not UTF-8 is left as it is.
    pub(super) fn rewrite(&self, original: Vec<u8>) -> Vec<u8> {
        let body = self.body.clone().map_or(original, String::into_bytes);
        match String::from_utf8(body) {
            Ok(text) => {
                let change = |text: String, (pattern, with): &(Pattern, String)| {
                    pattern.0.replace_all(&text, with.as_str()).into_owned()
                };
                self.replace.iter().fold(text, change).into_bytes()
            }
            Err(error) => error.into_bytes(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{HttpFault, Match};
    use hyper::{HeaderMap, Method};

    fn check(matches: &str, expected: bool) {
        let matches: Match = toml::from_str(matches).unwrap();
        let mut headers = HeaderMap::new();
        headers.insert("authorization", "Basic YTpi".parse().unwrap());
        let path = "/api/2.0/mlflow/runs/create?x=1";
        assert_eq!(matches.fits(&Method::POST, path, &headers, br#"{"experiment_id":"7"}"#), expected);
    }

    #[test]
    fn every_condition_must_hold() {
        check("", true);
        check("method = 'POST'\npath = 'runs/create'", true);
        check("method = 'GET'", false);
        check("path = '^/runs'", false);
        check("header = { Authorization = '^Basic' }", true);
        check("header = { authorization = '^Bearer' }", false);
        check("without_header = 'authorization'", false);
        check("body = '\"7\"'", true);
        check("body = '\"8\"'", false);
    }

    #[test]
    fn bodies_are_rewritten_and_bytes_left_alone() {
        let fault: HttpFault =
            toml::from_str("match = {}\nreplace = [['\"version\":\"(\\d)\"', '\"version\":\"9$1\"']]").unwrap();
        assert_eq!(fault.rewrite(br#"{"version":"1"}"#.to_vec()), br#"{"version":"91"}"#);
        assert_eq!(fault.rewrite(vec![0xff, 0x00]), [0xff, 0x00]);
    }
}
