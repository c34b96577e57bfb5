//! Where the server is and how to speak to it, from arguments or from MLflow's own environment variables.
//!
//! Parsing only: no file is read and no connection made here. Next: `transport.rs` turns a [`Config`] into a [`Client`](super::Client).

use super::auth::Credentials;
use super::error::Error;
use super::retry::RetryPolicy;
use secrecy::SecretString;
use std::path::PathBuf;
use std::time::Duration;
use url::Url;

/// The server's address, our credentials, and how patient to be.
#[derive(Debug, Clone)]
pub struct Config {
    /// `http://` or `https://`, host, port, and the path below which `/api/2.0` lies, if any. Never holds credentials.
    pub tracking_uri: Url,
    /// Sent with each request to the tracking server, and to nobody else.
    pub credentials: Credentials,
    /// Whom to trust.
    pub tls: Tls,
    /// For one attempt at a call; for a body that streams, the longest silence.
    pub timeout: Duration,
    /// When to try again.
    pub retries: RetryPolicy,
    /// Whether `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` count, as they do for the Python client.
    pub proxies_from_environment: bool,
    /// From this size on, in bytes, a file is offered as a multipart upload. Servers without it get the file in one piece.
    pub multipart_from_bytes: u64,
}

/// How the server proves who it is, and how we do.
#[derive(Debug, Clone, Default)]
pub struct Tls {
    /// Accept any certificate. For a look at a broken server, never for work.
    pub insecure: bool,
    /// A PEM file of authorities to trust *instead of* the system's.
    pub server_certificates: Option<PathBuf>,
    /// A PEM file holding our certificate and its private key.
    pub client_certificate: Option<PathBuf>,
}

impl Config {
    /// The settings for a server at `tracking_uri`; credentials inside the URI are moved out of it.
    ///
    /// # Errors
    /// [`Error::Config`] when it is not an `http://` or `https://` URI with a host.
    pub fn new(tracking_uri: &str) -> Result<Self, Error> {
        let (tracking_uri, credentials) = parse_tracking_uri(tracking_uri)?;
        Ok(Self {
            tracking_uri,
            credentials,
            tls: Tls::default(),
            timeout: Duration::from_secs(120),
            retries: RetryPolicy::default(),
            proxies_from_environment: true,
            multipart_from_bytes: 64 << 20,
        })
    }

    /// The settings that MLflow's environment variables give.
    ///
    /// # Errors
    /// As [`Config::from_variables`].
    pub fn from_env() -> Result<Self, Error> {
        Self::from_variables(|name| std::env::var(name).ok())
    }

    /// The settings that a lookup of MLflow's environment variables gives; empty values count as absent.
    ///
    /// # Errors
    /// [`Error::Config`] names the variable that is missing or unusable.
    pub fn from_variables(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, Error> {
        let lookup = |name: &str| lookup(name).filter(|value| !value.is_empty());
        let uri = lookup(TRACKING_URI).ok_or_else(|| {
            config_error(TRACKING_URI, "not set; give the server's address, such as http://127.0.0.1:5000")
        })?;
        let mut config = Self::new(&uri)?;
        // A name without a password is no credential: the Python client then falls through to the token, and so do we.
        if let (Some(username), Some(password)) = (lookup(USERNAME), lookup(PASSWORD)) {
            config.credentials = Credentials::Basic { username, password: SecretString::from(password) };
        } else if let Some(token) = lookup(TOKEN) {
            config.credentials = Credentials::Bearer(SecretString::from(token));
        }
        config.tls = Tls {
            insecure: lookup(INSECURE_TLS).map(|text| parse_switch(INSECURE_TLS, &text)).transpose()?.unwrap_or(false),
            server_certificates: lookup(SERVER_CERT_PATH).map(PathBuf::from),
            client_certificate: lookup(CLIENT_CERT_PATH).map(PathBuf::from),
        };
        if config.tls.insecure && config.tls.server_certificates.is_some() {
            return Err(config_error(INSECURE_TLS, "contradicts MLFLOW_TRACKING_SERVER_CERT_PATH; unset one of them"));
        }
        if let Some(text) = lookup(TIMEOUT) {
            config.timeout = Duration::from_secs(parse_number(TIMEOUT, &text)?);
        }
        if let Some(text) = lookup(MAX_RETRIES) {
            config.retries.retries = parse_number(MAX_RETRIES, &text)?;
        }
        Ok(config)
    }
}

/// The variable that holds the server's address.
pub const TRACKING_URI: &str = "MLFLOW_TRACKING_URI";
const USERNAME: &str = "MLFLOW_TRACKING_USERNAME";
const PASSWORD: &str = "MLFLOW_TRACKING_PASSWORD";
const TOKEN: &str = "MLFLOW_TRACKING_TOKEN";
const INSECURE_TLS: &str = "MLFLOW_TRACKING_INSECURE_TLS";
const SERVER_CERT_PATH: &str = "MLFLOW_TRACKING_SERVER_CERT_PATH";
const CLIENT_CERT_PATH: &str = "MLFLOW_TRACKING_CLIENT_CERT_PATH";
const TIMEOUT: &str = "MLFLOW_HTTP_REQUEST_TIMEOUT";
const MAX_RETRIES: &str = "MLFLOW_HTTP_REQUEST_MAX_RETRIES";

fn config_error(setting: &'static str, problem: impl Into<String>) -> Error {
    Error::Config { setting, problem: problem.into() }
}

fn parse_tracking_uri(text: &str) -> Result<(Url, Credentials), Error> {
    // The text is not repeated in these messages: it may hold a password.
    let mut uri = Url::parse(text.trim()).map_err(|error| {
        config_error(TRACKING_URI, format!("is not a URI ({error}); give http://HOST:PORT or https://HOST"))
    })?;
    if !matches!(uri.scheme(), "http" | "https") || uri.host_str().is_none_or(str::is_empty) {
        let problem =
            format!("has scheme {:?}; only servers are supported: give http://HOST:PORT or https://HOST", uri.scheme());
        return Err(config_error(TRACKING_URI, problem));
    }
    let decode = |part: &str| percent_encoding::percent_decode_str(part).decode_utf8_lossy().into_owned();
    let credentials = match uri.password() {
        Some(password) => Credentials::basic(decode(uri.username()), decode(password)),
        None => Credentials::Anonymous,
    };
    let cleared = uri.set_username("").and_then(|()| uri.set_password(None));
    debug_assert!(cleared.is_ok(), "a URI with a host can lose its credentials");
    uri.set_query(None);
    uri.set_fragment(None);
    let path = uri.path().trim_end_matches('/').to_owned();
    uri.set_path(&path);
    Ok((uri, credentials))
}

fn parse_switch(setting: &'static str, text: &str) -> Result<bool, Error> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err(config_error(setting, format!("{text:?} is neither true nor false"))),
    }
}

fn parse_number<N: std::str::FromStr>(setting: &'static str, text: &str) -> Result<N, Error> {
    text.parse().map_err(|_| config_error(setting, format!("{text:?} is not a whole number in range")))
}

#[cfg(test)]
mod tests {
    use super::Config;

    fn from(variables: &[(&str, &str)]) -> Result<Config, super::Error> {
        Config::from_variables(|name| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    fn header(config: &Config) -> Option<String> {
        config.credentials.header().unwrap().map(|value| value.to_str().unwrap().to_owned())
    }

    #[test]
    fn every_variable_counts() {
        let config = from(&[
            ("MLFLOW_TRACKING_URI", "https://mlflow.example/base/"),
            ("MLFLOW_TRACKING_USERNAME", "Aladdin"),
            ("MLFLOW_TRACKING_PASSWORD", "open sesame"),
            ("MLFLOW_TRACKING_TOKEN", "ignored when there is a password"),
            ("MLFLOW_TRACKING_INSECURE_TLS", "False"),
            ("MLFLOW_TRACKING_SERVER_CERT_PATH", "/ca.pem"),
            ("MLFLOW_TRACKING_CLIENT_CERT_PATH", "/me.pem"),
            ("MLFLOW_HTTP_REQUEST_TIMEOUT", "7"),
            ("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2"),
        ])
        .unwrap();
        assert_eq!(config.tracking_uri.as_str(), "https://mlflow.example/base");
        assert_eq!(header(&config).as_deref(), Some("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="));
        assert!(!config.tls.insecure);
        assert_eq!(config.tls.server_certificates.unwrap().to_str(), Some("/ca.pem"));
        assert_eq!(config.tls.client_certificate.unwrap().to_str(), Some("/me.pem"));
        assert_eq!((config.timeout.as_secs(), config.retries.retries), (7, 2));
    }

    #[test]
    fn a_token_counts_when_no_password_is_set() {
        let variables =
            [("MLFLOW_TRACKING_URI", "http://h"), ("MLFLOW_TRACKING_USERNAME", "u"), ("MLFLOW_TRACKING_TOKEN", "t")];
        assert_eq!(header(&from(&variables).unwrap()).as_deref(), Some("Bearer t"));
    }

    #[test]
    fn credentials_leave_the_uri() {
        let config = Config::new("http://ada:p%40ss@127.0.0.1:5000").unwrap();
        assert_eq!(config.tracking_uri.as_str(), "http://127.0.0.1:5000/");
        assert_eq!(header(&config).as_deref(), Some("Basic YWRhOnBAc3M="));
        assert!(!format!("{config:?}").contains("p@ss"), "{config:?}");
    }

    #[test]
    fn what_is_unusable_is_named() {
        fn check(variables: &[(&str, &str)], expected: &str) {
            let message = from(variables).unwrap_err().to_string();
            assert!(message.contains(expected), "{message}");
        }
        let uri = ("MLFLOW_TRACKING_URI", "http://h");
        check(&[], "MLFLOW_TRACKING_URI: not set");
        check(&[("MLFLOW_TRACKING_URI", "")], "not set");
        check(&[("MLFLOW_TRACKING_URI", "./mlruns")], "is not a URI");
        check(&[("MLFLOW_TRACKING_URI", "databricks://x")], "only servers are supported");
        check(&[uri, ("MLFLOW_TRACKING_INSECURE_TLS", "maybe")], "neither true nor false");
        check(&[uri, ("MLFLOW_HTTP_REQUEST_TIMEOUT", "-1")], "not a whole number");
        check(
            &[uri, ("MLFLOW_TRACKING_INSECURE_TLS", "1"), ("MLFLOW_TRACKING_SERVER_CERT_PATH", "/ca.pem")],
            "contradicts MLFLOW_TRACKING_SERVER_CERT_PATH",
        );
    }
}
