//! Remembers what was said, for the report and for replay: bounded in length and number, and without secrets. Secrets read as
//! `$LAB_ADMIN_PASSWORD`, which is also the variable that the curl line expands.

use super::{Body, Request, WireError};
use crate::redact::Redactor;
use std::{borrow::Cow, collections::VecDeque, time::Duration};

/// How much of a request or an answer is kept.
const LONGEST_TEXT: usize = 2 << 10;

/// How many exchanges are kept; the oldest go first, because a check stops at the exchange that failed.
const MOST_EXCHANGES: usize = 300;

/// One request and its answer, as the report shows them: already redacted, bounded in length.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Exchange {
    /// Request line, headers and body.
    pub request: String,
    /// Status line, headers and body, or what went wrong instead.
    pub response: String,
    /// The same request as a curl command, secrets as `$NAMES`.
    pub curl: String,
    /// From the first byte sent to the last one read.
    pub duration_ms: u64,
}

impl Exchange {
    /// What a request and its outcome read as.
    pub(super) fn of(
        request: &Request,
        response: Result<String, &WireError>,
        duration: Duration,
        redactor: &Redactor,
    ) -> Self {
        let response = response.unwrap_or_else(ToString::to_string);
        Self {
            request: bounded(&redactor.clean(&written(request))),
            response: bounded(&redactor.clean(&response)),
            curl: redactor.clean(&curl(request, redactor)),
            duration_ms: u64::try_from(duration.as_millis()).unwrap_or(u64::MAX),
        }
    }
}

/// The last exchanges of one check.
#[derive(Debug, Default)]
pub(super) struct Transcript {
    kept: VecDeque<Exchange>,
}

impl Transcript {
    pub(super) fn push(&mut self, exchange: Exchange) {
        if self.kept.len() == MOST_EXCHANGES {
            self.kept.pop_front();
        }
        self.kept.push_back(exchange);
    }

    pub(super) fn exchanges(&self) -> Vec<Exchange> {
        self.kept.iter().cloned().collect()
    }
}

fn written(request: &Request) -> String {
    let mut text = format!("{} {} HTTP/1.1\n", request.method, request.target);
    if let Some(account) = &request.account {
        text.push_str(&format!("authorization: Basic ({}:{})\n", account.username, account.password));
    }
    for (name, value) in &request.headers {
        // A signature is no secret, yet it is noise to a reader and false after fifteen minutes.
        let value = if name == "authorization" { "(signature)" } else { value };
        text.push_str(&format!("{name}: {value}\n"));
    }
    text.push('\n');
    text.push_str(&readable(&request.body));
    text
}

fn readable(body: &Body) -> Cow<'_, str> {
    match body {
        Body::Empty => Cow::Borrowed(""),
        Body::Bytes(bytes) => String::from_utf8_lossy(&bytes[..bytes.len().min(2 * LONGEST_TEXT)]),
        Body::Random { length, .. } => Cow::Owned(format!("({length} random bytes)")),
    }
}

fn curl(request: &Request, redactor: &Redactor) -> String {
    // Without --path-as-is curl would tidy the very `..` that a check sends.
    let mut line = format!("curl -i --path-as-is --noproxy '*' -X {}", request.method);
    let mut add = |option: &str, value: &str| line.push_str(&format!(" {option}{}", quoted(&redactor.clean(value))));
    if request.base.starts_with("https:") {
        add("--cacert ", "$LAB_CA_FILE");
    }
    if let Some(account) = &request.account {
        add("-u ", &format!("{}:{}", account.username, account.password));
    }
    for (name, value) in request.headers.iter().filter(|(name, _)| name != "authorization") {
        add("-H ", &format!("{name}: {value}"));
    }
    match &request.body {
        Body::Empty => {}
        Body::Bytes(bytes) if bytes.len() <= LONGEST_TEXT && std::str::from_utf8(bytes).is_ok() => {
            add("--data-binary ", &String::from_utf8_lossy(bytes));
        }
        body => line.push_str(&format!(" --data-binary @<(head -c {} /dev/urandom)", body.length())),
    }
    line.push_str(&format!(" {}", quoted(&redactor.clean(&format!("{}{}", request.base, request.target)))));
    line
}

/// Quotes for a shell: literally, except that `$LAB_…` shall expand.
fn quoted(text: &str) -> String {
    if !text.contains("$LAB_") {
        return format!("'{}'", text.replace('\'', r"'\''"));
    }
    let escaped = text.replace('\\', r"\\").replace('"', "\\\"").replace('`', "\\`");
    let escaped = escaped.replace('$', r"\$").replace(r"\$LAB_", "$LAB_");
    format!("\"{escaped}\"")
}

fn bounded(text: &str) -> String {
    let mut end = text.len().min(LONGEST_TEXT);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    if end == text.len() { text.to_owned() } else { format!("{}… ({} bytes in all)", &text[..end], text.len()) }
}

#[cfg(test)]
mod tests {
    use super::{Exchange, Redactor, bounded, quoted};
    use crate::{submission::Account, wire::Request};
    use http::Method;
    use serde_json::json;
    use std::time::Duration;

    #[test]
    fn neither_text_nor_curl_line_shows_a_secret_and_curl_can_still_expand_it() {
        let redactor = Redactor::default();
        redactor.learn("$LAB_ADMIN_PASSWORD", "correct horse");
        let account = Account { username: "admin".to_owned(), password: "correct horse".to_owned() };
        let request = Request::new(Method::POST, "http://127.0.0.1:1", "/a/../b?c=d")
            .account(Some(&account))
            .json(&json!({"password": "correct horse", "name": "it's"}));
        let exchange =
            Exchange::of(&request, Ok("HTTP/1.1 200 OK\n\ncorrect horse".to_owned()), Duration::ZERO, &redactor);
        insta::assert_snapshot!(format!("{}\n---\n{}\n---\n{}", exchange.request, exchange.response, exchange.curl), @r#"
        POST /a/../b?c=d HTTP/1.1
        authorization: Basic (admin:$LAB_ADMIN_PASSWORD)
        content-type: application/json

        {"name":"it's","password":"$LAB_ADMIN_PASSWORD"}
        ---
        HTTP/1.1 200 OK

        $LAB_ADMIN_PASSWORD
        ---
        curl -i --path-as-is --noproxy '*' -X POST -u "admin:$LAB_ADMIN_PASSWORD" -H 'content-type: application/json' --data-binary "{\"name\":\"it's\",\"password\":\"$LAB_ADMIN_PASSWORD\"}" 'http://127.0.0.1:1/a/../b?c=d'
        "#);
    }

    #[test]
    fn shells_read_back_what_was_quoted() {
        fn check(text: &str, expected: &str) {
            assert_eq!(quoted(text), expected);
        }
        check("a $b", "'a $b'");
        check("it's", r"'it'\''s'");
        check("u:$LAB_P and $HOME \"x\"", r#""u:$LAB_P and \$HOME \"x\"""#);
    }

    #[test]
    fn long_texts_end_at_a_character() {
        let text = "é".repeat(3000);
        assert!(bounded(&text).ends_with("(6000 bytes in all)"));
        assert_eq!(bounded("short"), "short");
    }
}
