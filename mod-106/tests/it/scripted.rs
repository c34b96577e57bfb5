//! A server that answers from a script: what a real MLflow would not do on demand. It writes down what it was asked.

use std::sync::{Arc, Mutex};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;

/// What was asked: the head as it came, and the body.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Asked {
    /// `POST /path`
    pub(crate) fn line(&self) -> &str {
        self.head.lines().next().unwrap_or_default().trim_end_matches(" HTTP/1.1")
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (key, value) = line.split_once(": ")?;
            key.eq_ignore_ascii_case(name).then_some(value)
        })
    }
}

/// How to answer a request; `None` cuts the connection.
pub(crate) type Script = dyn Fn(usize, &Asked) -> Option<String> + Send + Sync;

/// A server that runs until its runtime ends.
pub(crate) struct Scripted {
    pub(crate) uri: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Scripted {
    /// Answers each request with what the script makes of its number and text.
    pub(crate) async fn start(script: impl Fn(usize, &Asked) -> Option<String> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let uri = format!("http://{}", listener.local_addr().unwrap());
        let (asked, script): (Arc<Mutex<Vec<Asked>>>, Arc<Script>) = (Arc::default(), Arc::new(script));
        let log = asked.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream, script.clone(), log.clone()));
            }
        });
        Self { uri, asked }
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

/// One request, one answer, end of connection.
pub(crate) async fn answer(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    script: Arc<Script>,
    log: Arc<Mutex<Vec<Asked>>>,
) {
    let Some(asked) = read(&mut stream).await else { return };
    let number = {
        let mut log = log.lock().unwrap();
        log.push(asked.clone());
        log.len() - 1
    };
    if let Some(text) = script(number, &asked) {
        // A client that has gone already got what it wanted.
        let _ = stream.write_all(text.as_bytes()).await;
        let _ = stream.shutdown().await;
    }
}

async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Option<Asked> {
    let (mut bytes, mut chunk) = (Vec::new(), [0; 4096]);
    loop {
        let read = stream.read(&mut chunk).await.ok().filter(|read| *read > 0)?;
        bytes.extend_from_slice(&chunk[..read]);
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let mut asked = Asked { head, body: String::new() };
        let length: usize = asked.header("content-length").map_or(0, |length| length.parse().unwrap());
        // Bytes are counted: a letter that is still on its way would be several, once replaced.
        if bytes.len() >= end + 4 + length {
            asked.body = String::from_utf8_lossy(&bytes[end + 4..]).into_owned();
            return Some(asked);
        }
    }
}

/// An answer with a JSON body.
pub(crate) fn json(status: &str, body: &str) -> Option<String> {
    with(status, "content-type: application/json", body)
}

/// An answer with one more header.
pub(crate) fn with(status: &str, header: &str, body: &str) -> Option<String> {
    let length = body.len();
    Some(format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {length}\r\n{header}\r\n\r\n{body}"))
}
