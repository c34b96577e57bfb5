//! The HTTP client under the transport: whom it trusts, who it is, and which errors mean that trust failed.
//!
//! Cryptography is *ring*; it is installed here once, because reqwest is built without a provider of its own.

use super::config::{Config, Tls};
use super::error::Error;
use reqwest::redirect::Policy;
use reqwest::{Certificate, ClientBuilder, Identity};
use std::path::Path;
use std::time::Duration;

/// Builds the HTTP client that a configuration asks for.
///
/// # Errors
/// [`Error::File`] when a PEM file cannot be read, [`Error::Config`] when it holds nothing usable.
pub(crate) fn http_client(config: &Config) -> Result<reqwest::Client, Error> {
    // Losing the race to another installer is fine: what counts is that one is there.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("mod-106/", env!("CARGO_PKG_VERSION")))
        .redirect(Policy::none())
        .connect_timeout(config.timeout.min(Duration::from_secs(30)))
        .tcp_nodelay(true);
    if !config.proxies_from_environment {
        builder = builder.no_proxy();
    }
    builder = if config.tracking_uri.scheme() == "https" { trust(builder, &config.tls)? } else { builder };
    builder.build().map_err(|error| Error::Config {
        setting: "MLFLOW_TRACKING_CLIENT_CERT_PATH",
        problem: format!("TLS could not be set up: {}", error.without_url()),
    })
}

fn trust(mut builder: ClientBuilder, tls: &Tls) -> Result<ClientBuilder, Error> {
    if tls.insecure {
        builder = builder.tls_danger_accept_invalid_certs(true);
    }
    if let Some(path) = &tls.server_certificates {
        let certificates = Certificate::from_pem_bundle(&read(path)?).unwrap_or_default();
        if certificates.is_empty() {
            return Err(no_pem("MLFLOW_TRACKING_SERVER_CERT_PATH", path, "certificates"));
        }
        builder = builder.tls_certs_only(certificates);
    }
    if let Some(path) = &tls.client_certificate {
        let identity = Identity::from_pem(&read(path)?);
        let identity =
            identity.map_err(|_| no_pem("MLFLOW_TRACKING_CLIENT_CERT_PATH", path, "certificate and private key"))?;
        builder = builder.identity(identity);
    }
    Ok(builder)
}

fn read(path: &Path) -> Result<Vec<u8>, Error> {
    std::fs::read(path).map_err(|source| Error::file(path, source))
}

fn no_pem(setting: &'static str, path: &Path, what: &str) -> Error {
    Error::Config { setting, problem: format!("{} holds no PEM {what}", path.display()) }
}

/// Whether TLS itself said no: trying again will not change its mind.
pub(super) fn is_tls_error(error: &reqwest::Error) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(mut error) = cause {
        // `source` of an I/O error passes over what it wraps, and TLS's words are wrapped in two of them.
        while let Some(wrapped) = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
            error = wrapped;
        }
        if error.is::<rustls::Error>() {
            return true;
        }
        cause = error.source();
    }
    false
}
