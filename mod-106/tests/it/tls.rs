//! TLS: an authority of our own, a client certificate, and a server that nobody vouches for.

use super::scripted::{Scripted, answer, json};
use super::target::block_on;
use libtest_mimic::Failed;
use mod_106::client::{Client, Config, Error};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use std::path::PathBuf;
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

/// An authority, and PEM files of what it signed.
struct Authority {
    folder: tempfile::TempDir,
}

impl Authority {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        std::fs::write(folder.path().join("ca.pem"), authority.pem()).unwrap();
        for name in ["server", "client"] {
            let key = KeyPair::generate().unwrap();
            let signed =
                CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap().signed_by(&key, &authority).unwrap();
            std::fs::write(folder.path().join(format!("{name}.pem")), signed.pem() + &key.serialize_pem()).unwrap();
        }
        Self { folder }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A server that asks for a certificate of this authority and answers `OK`.
    async fn serve(&self) -> String {
        let certificate = |name| CertificateDer::from_pem_file(self.file(name)).unwrap();
        let key = PrivateKeyDer::from_pem_file(self.file("server.pem")).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(certificate("ca.pem")).unwrap();
        let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone()).build().unwrap();
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config =
            config.with_client_cert_verifier(verifier).with_single_cert(vec![certificate("server.pem")], key).unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let uri = format!("https://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        answer(stream, Arc::new(|_, _| json("200 OK", "OK")), Arc::default()).await;
                    }
                });
            }
        });
        uri
    }
}

async fn health(uri: &str, change: impl Fn(&mut Config)) -> Result<(), Error> {
    let mut config = Config::new(uri)?;
    (config.proxies_from_environment, config.retries.retries) = (false, 0);
    change(&mut config);
    Client::new(&config)?.health().await
}

pub(crate) fn trust_is_what_the_settings_say() -> Result<(), Failed> {
    block_on(async {
        let authority = Authority::new();
        let uri = authority.serve().await;
        let (ca, mine) = (Some(authority.file("ca.pem")), Some(authority.file("client.pem")));
        health(&uri, |config| {
            (config.tls.server_certificates, config.tls.client_certificate) = (ca.clone(), mine.clone());
        })
        .await?;
        health(&uri, |config| (config.tls.insecure, config.tls.client_certificate) = (true, mine.clone())).await?;
        let stranger = health(&uri, |config| config.tls.client_certificate = mine.clone()).await.unwrap_err();
        assert!(matches!(stranger, Error::Untrusted { .. }), "{stranger:?}");
        assert!(stranger.to_string().contains("MLFLOW_TRACKING_SERVER_CERT_PATH"), "{stranger}");
        assert!(
            health(&uri, |config| config.tls.server_certificates = ca.clone()).await.is_err(),
            "no client certificate"
        );
        let absent =
            health(&uri, |config| config.tls.server_certificates = Some("/absent.pem".into())).await.unwrap_err();
        assert!(absent.to_string().contains("/absent.pem"), "{absent}");
        let story = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
        let no_pem = health(&uri, |config| config.tls.server_certificates = Some(story.clone())).await.unwrap_err();
        assert!(no_pem.to_string().contains("holds no PEM certificates"), "{no_pem}");
        // A plain connection has nothing to trust.
        let plain = Scripted::start(|_, _| json("200 OK", "OK")).await;
        health(&plain.uri, |_| {}).await?;
        Ok(())
    })
}
