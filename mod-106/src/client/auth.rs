//! Who we are to the server: nobody, a name and a password, or a bearer token.
//!
//! Secrets sit in `secrecy` types, so `Debug` cannot print them and memory is wiped; they leave only through [`Credentials::header`],
//! whose value is marked sensitive so that HTTP logs hide it too. Next: `transport.rs` sends the header.

use super::error::Error;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};

/// The credentials sent with each request.
#[derive(Debug, Clone, Default)]
pub enum Credentials {
    /// None are sent.
    #[default]
    Anonymous,
    /// HTTP basic authentication (RFC 7617), as MLflow's basic-auth app asks for.
    Basic {
        /// The name; it may appear in logs.
        username: String,
        /// The password; it may not.
        password: SecretString,
    },
    /// A bearer token (RFC 6750), as proxies in front of MLflow ask for.
    Bearer(SecretString),
}

impl Credentials {
    /// A name and a password.
    pub fn basic(username: impl Into<String>, password: impl Into<String>) -> Self {
        Self::Basic { username: username.into(), password: SecretString::from(password.into()) }
    }

    /// A bearer token.
    pub fn bearer(token: impl Into<String>) -> Self {
        Self::Bearer(SecretString::from(token.into()))
    }

    /// The `Authorization` header, if any.
    ///
    /// # Errors
    /// When a token holds characters that no header can carry.
    pub(super) fn header(&self) -> Result<Option<HeaderValue>, Error> {
        let text = match self {
            Self::Anonymous => return Ok(None),
            Self::Basic { username, password } => basic_header(username, password),
            Self::Bearer(token) => SecretString::from(format!("Bearer {}", token.expose_secret())),
        };
        let mut value = HeaderValue::from_str(text.expose_secret()).map_err(|_| Error::Config {
            setting: "MLFLOW_TRACKING_TOKEN",
            problem: "holds line breaks or other control characters; give the bare token".to_owned(),
        })?;
        value.set_sensitive(true);
        Ok(Some(value))
    }

    /// Every form in which the secret could come back in a server's words.
    pub(super) fn secret_forms(&self) -> Vec<SecretString> {
        match self {
            Self::Anonymous => Vec::new(),
            Self::Basic { username, password } => {
                let header = basic_header(username, password);
                let encoded = header.expose_secret().trim_start_matches("Basic ").to_owned();
                vec![password.clone(), SecretString::from(encoded)]
            }
            Self::Bearer(token) => vec![token.clone()],
        }
    }
}

fn basic_header(username: &str, password: &SecretString) -> SecretString {
    let pair = SecretString::from(format!("{username}:{}", password.expose_secret()));
    SecretString::from(format!("Basic {}", STANDARD.encode(pair.expose_secret())))
}

/// Replaces each secret in a text from outside.
pub(crate) fn redact(text: &str, secrets: &[SecretString]) -> String {
    secrets.iter().filter(|secret| !secret.expose_secret().is_empty()).fold(text.to_owned(), |text, secret| {
        if text.contains(secret.expose_secret()) { text.replace(secret.expose_secret(), "***") } else { text }
    })
}

#[cfg(test)]
mod tests {
    use super::{Credentials, redact};

    #[test]
    fn headers_follow_the_rfcs() {
        fn check(credentials: &Credentials, expected: Option<&str>) {
            let header = credentials.header().unwrap();
            assert_eq!(header.as_ref().map(|value| value.to_str().unwrap()), expected);
        }
        check(&Credentials::Anonymous, None);
        check(&Credentials::basic("Aladdin", "open sesame"), Some("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="));
        check(&Credentials::bearer("abc"), Some("Bearer abc"));
        assert!(Credentials::bearer("a\nb").header().is_err());
    }

    #[test]
    fn debug_never_shows_a_secret() {
        for credentials in [Credentials::basic("ada", "hunter2hunter2"), Credentials::bearer("hunter2hunter2")] {
            let header = credentials.header().unwrap();
            let shown = format!("{credentials:?} {header:?}");
            assert!(!shown.contains("hunter2") && !shown.contains("aHVudGVy"), "{shown}");
        }
    }

    #[test]
    fn a_servers_echo_is_redacted() {
        let secrets = Credentials::basic("ada", "hunter2").secret_forms();
        assert_eq!(redact("bad: Basic YWRhOmh1bnRlcjI= (hunter2)", &secrets), "bad: Basic *** (***)");
    }
}
