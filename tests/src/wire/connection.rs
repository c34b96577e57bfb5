//! Carries one request over one connection of its own: plain TCP, or TLS with the submission's own certificates. A connection is
//! never shared, so that no answer can be mistaken for another's; on loopback it costs a fraction of a millisecond.

use super::{Body, RandomBytes, Request, WireError};
use bytes::Bytes;
use http::{Uri, uri::PathAndQuery};
use http_body_util::{BodyExt as _, Full, StreamBody, combinators::BoxBody};
use hyper::{body::Frame, body::Incoming, client::conn::http1};
use hyper_util::rt::TokioIo;
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, ServerName, pem::PemObject as _},
};
use std::{convert::Infallible, path::Path, sync::Arc};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};

type OutBody = BoxBody<Bytes, Infallible>;

/// An address, taken apart.
struct Address {
    tls: bool,
    host: String,
    port: u16,
    prefix: String,
}

/// Sends the request and reads the head of the answer.
pub(super) async fn exchange(request: &Request, ca_file: Option<&Path>) -> Result<http::Response<Incoming>, WireError> {
    let address = address(&request.base)?;
    let outgoing = write(request, &address)?;
    let at = format!("{}:{}", address.host, address.port);
    let tcp = TcpStream::connect((address.host.trim_matches(['[', ']']), address.port)).await.map_err(|error| {
        WireError::Unreachable { what: request.what(), address: at.clone(), reason: error.to_string() }
    })?;
    // Without this a small request may wait 40 ms for an acknowledgement that the other side delays.
    let _ = tcp.set_nodelay(true);
    if !address.tls {
        return speak(tcp, outgoing, request).await;
    }
    let refused = |reason: String| WireError::Tls { what: request.what(), address: at.clone(), reason };
    let host = address.host.trim_matches(['[', ']']).to_owned();
    let name = ServerName::try_from(host).map_err(|error| refused(error.to_string()))?;
    let connector = tokio_rustls::TlsConnector::from(Arc::new(trusting(ca_file)?));
    let tls = connector.connect(name, tcp).await.map_err(|error| refused(error.to_string()))?;
    speak(tls, outgoing, request).await
}

async fn speak<S>(
    stream: S,
    outgoing: http::Request<OutBody>,
    request: &Request,
) -> Result<http::Response<Incoming>, WireError>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let broken = |error: hyper::Error| WireError::Broken { what: request.what(), reason: reason(&error) };
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
    // The task ends with the connection, which ends when the answer has been read or dropped.
    tokio::spawn(connection);
    sender.send_request(outgoing).await.map_err(broken)
}

fn write(request: &Request, address: &Address) -> Result<http::Request<OutBody>, WireError> {
    let unwritable = |reason: String| WireError::Unwritable { what: request.what(), reason };
    let target = format!("{}{}", address.prefix, request.target);
    // `PathAndQuery` checks characters and changes none; a whole `Uri` would read `//host` as an authority.
    let target = PathAndQuery::try_from(target).map_err(|error| unwritable(error.to_string()))?;
    let uri = Uri::builder().path_and_query(target).build().map_err(|error| unwritable(error.to_string()))?;
    let mut outgoing = http::Request::builder().method(request.method.clone()).uri(uri);
    if !request.headers.iter().any(|(name, _)| name == "host") {
        outgoing = outgoing.header("host", format!("{}:{}", address.host, address.port));
    }
    if let Some(authorization) = request.authorization() {
        outgoing = outgoing.header("authorization", authorization);
    }
    for (name, value) in &request.headers {
        outgoing = outgoing.header(name, value);
    }
    if let Body::Random { length, .. } = request.body {
        outgoing = outgoing.header("content-length", length);
    }
    outgoing.body(body(&request.body)).map_err(|error| unwritable(error.to_string()))
}

fn body(body: &Body) -> OutBody {
    match body {
        Body::Empty => Full::default().boxed(),
        Body::Bytes(bytes) => Full::new(bytes.clone()).boxed(),
        Body::Random { seed, length } => {
            let blocks = RandomBytes::new(*seed, *length).map(|block| Ok(Frame::data(block)));
            StreamBody::new(futures::stream::iter(blocks)).boxed()
        }
    }
}

fn address(base: &str) -> Result<Address, WireError> {
    let wrong = |reason: &str| WireError::Address { address: base.to_owned(), reason: reason.to_owned() };
    let uri: Uri = base.parse().map_err(|error: http::uri::InvalidUri| wrong(&error.to_string()))?;
    let tls = match uri.scheme_str() {
        Some("http") => false,
        Some("https") => true,
        _ => return Err(wrong("it begins with neither http:// nor https://")),
    };
    let host = uri.host().ok_or_else(|| wrong("it names no host"))?.to_owned();
    let port = uri.port_u16().unwrap_or(if tls { 443 } else { 80 });
    Ok(Address { tls, host, port, prefix: uri.path().trim_end_matches('/').to_owned() })
}

fn trusting(ca_file: Option<&Path>) -> Result<ClientConfig, WireError> {
    let mut roots = RootCertStore::empty();
    if let Some(file) = ca_file {
        let wrong = |reason: String| WireError::Certificates { file: file.to_owned(), reason };
        for certificate in CertificateDer::pem_file_iter(file).map_err(|error| wrong(error.to_string()))? {
            let certificate = certificate.map_err(|error| wrong(error.to_string()))?;
            roots.add(certificate).map_err(|error| wrong(error.to_string()))?;
        }
        if roots.is_empty() {
            return Err(wrong("it holds no certificate".to_owned()));
        }
    } else {
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    }
    // The provider is named here rather than taken from the process, so that the wire works wherever it is used.
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring offers the protocol versions that rustls calls safe");
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

/// hyper says only "connection error" and leaves the cause to its source.
fn reason(error: &hyper::Error) -> String {
    let source = std::error::Error::source(error).map(|source| format!(": {source}")).unwrap_or_default();
    format!("{error}{source}")
}
