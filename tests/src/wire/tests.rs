//! The wire against small servers of its own: what goes out, what comes back, and what is said when nothing does.

use super::{Body, Request, Wire, WireError};
use crate::{redact::Redactor, submission::Account};
use http::Method;
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

fn wire() -> Wire {
    Wire::new(None, Redactor::default())
}

/// A server that hands each connection to `answer` and says where it listens.
async fn server<F>(answer: impl Fn(TcpStream) -> F + Send + 'static) -> String
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream));
        }
    });
    address
}

/// Answers every request with the request itself.
async fn echo(mut stream: TcpStream) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", head.len());
    stream.write_all(answer.as_bytes()).await.unwrap();
    stream.write_all(&head).await.unwrap();
}

#[tokio::test]
async fn hostile_paths_go_out_as_written() {
    let base = server(echo).await;
    for target in ["/a/../../etc/passwd", "/%2e%2e/%252e%252e", "//etc/passwd", r"/..\..\x", "/a?path=../b&c=%2f"] {
        let answer = wire().send(Request::new(Method::GET, &base, target)).await.unwrap();
        let expected = format!("GET {target} HTTP/1.1");
        assert_eq!(answer.text().lines().next(), Some(expected.as_str()));
    }
}

#[tokio::test]
async fn credentials_are_sent_and_not_recorded() {
    let base = server(echo).await;
    let wire = wire();
    wire.learn("$LAB_ADMIN_PASSWORD", "open sesame");
    let account = Account { username: "Aladdin".to_owned(), password: "open sesame".to_owned() };
    let answer = wire.send(Request::new(Method::GET, &base, "/").account(Some(&account))).await.unwrap();
    // The example of RFC 7617, section 2.
    assert!(answer.text().contains("authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="));
    let exchange = &wire.transcript()[0];
    assert!(!exchange.request.contains("sesame") && !exchange.curl.contains("sesame"));
    assert!(exchange.curl.contains("-u \"Aladdin:$LAB_ADMIN_PASSWORD\""), "{}", exchange.curl);
}

#[tokio::test]
async fn a_server_that_says_nothing_is_named_within_the_limit() {
    let base = server(|stream| async move {
        tokio::time::sleep(Duration::from_secs(60)).await;
        drop(stream);
    })
    .await;
    let request = Request::new(Method::GET, &base, "/health").limit(Duration::from_millis(50));
    assert!(matches!(wire().send(request).await, Err(WireError::Late { .. })));
}

#[tokio::test]
async fn garbage_broken_answers_and_closed_doors_are_told_apart() {
    let garbage = server(|mut stream| async move { stream.write_all(b"hello\r\n\r\n").await.unwrap() }).await;
    let broken = server(|mut stream| async move {
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc").await.unwrap();
    })
    .await;
    for base in [garbage, broken] {
        let result = wire().send(Request::new(Method::GET, &base, "/")).await;
        assert!(matches!(result, Err(WireError::Broken { .. })), "{result:?}");
    }
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let result = wire().send(Request::new(Method::GET, &format!("http://{closed}"), "/")).await;
    assert!(matches!(result, Err(WireError::Unreachable { .. })), "{result:?}");
}

#[tokio::test]
async fn random_bodies_arrive_whole_and_downloads_are_hashed() {
    let base = server(|mut stream| async move {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        let mut body = vec![0; 300_000];
        stream.read_exact(&mut body).await.unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 300000\r\n\r\n").await.unwrap();
        stream.write_all(&body).await.unwrap();
    })
    .await;
    let body = Body::Random { seed: 3, length: 300_000 };
    let download = wire().download(Request::new(Method::PUT, &base, "/").body(body.clone())).await.unwrap();
    assert_eq!((download.length, download.sha256), (300_000, body.sha256()));
}

#[tokio::test]
async fn a_certificate_that_the_submission_does_not_name_is_refused() {
    use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
    let certified = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let ca_file = folder.path().join("ca.pem");
    std::fs::write(&ca_file, certified.cert.pem()).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(certified.signing_key.serialize_der()));
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_no_client_auth().with_single_cert(vec![certified.cert.der().clone()], key).unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(std::sync::Arc::new(config));
    let base = server(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            let Ok(mut stream) = acceptor.accept(stream).await else { return };
            let mut start = [0; 16];
            let _ = stream.read(&mut start).await;
            stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
            let _ = stream.shutdown().await;
        }
    })
    .await
    .replace("http:", "https:");
    let trusting = Wire::new(Some(ca_file), Redactor::default());
    assert_eq!(trusting.send(Request::new(Method::GET, &base, "/")).await.unwrap().status, 204);
    let result = wire().send(Request::new(Method::GET, &base, "/")).await;
    assert!(matches!(result, Err(WireError::Tls { .. })), "{result:?}");
}
