//! A small HTTP/1.1 server for the services of a world that live in this process. Whoever answers may also not answer: then the
//! connection is dropped, as a network does it. It knows no route and no service.

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{HeaderMap, Method, Response, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use percent_encoding::percent_decode_str;
use serde_json::Value;
use std::{future::Future, io, net::IpAddr, pin::Pin, sync::Arc};
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

/// A request, read whole.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) method: Method,
    /// Without the query, as it was written.
    pub(super) path: String,
    pub(super) query: Vec<(String, String)>,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

/// What is answered.
#[derive(Clone, Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Bytes,
}

/// An answer on its way; none drops the connection.
pub(super) type Answering = Pin<Box<dyn Future<Output = Option<Reply>> + Send>>;

/// A running server. Dropping it ends it with all of its connections.
#[derive(Debug)]
pub(super) struct Server {
    url: String,
    _connections: JoinSet<()>,
}

impl Server {
    /// Listens on a free port of `host`.
    pub(super) async fn start(
        host: IpAddr,
        answer: impl Fn(Asked) -> Answering + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind((host, 0)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let mut connections = JoinSet::new();
        connections.spawn(accept(listener, Arc::new(answer)));
        Ok(Self { url, _connections: connections })
    }

    /// `http://127.0.0.1:4711`
    pub(super) fn url(&self) -> &str {
        &self.url
    }
}

impl Asked {
    /// The path's parts, decoded.
    pub(super) fn segments(&self) -> Vec<String> {
        let parts = self.path.split('/').filter(|part| !part.is_empty());
        parts.map(|part| percent_decode_str(part).decode_utf8_lossy().into_owned()).collect()
    }

    /// Every value of a query's parameter.
    pub(super) fn all(&self, name: &str) -> Vec<&str> {
        self.query.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str()).collect()
    }

    /// The first value of a query's parameter.
    pub(super) fn first(&self, name: &str) -> Option<&str> {
        self.all(name).first().copied()
    }
}

impl Reply {
    /// A JSON body.
    pub(super) fn json(status: u16, value: &Value) -> Self {
        let headers = vec![("content-type", "application/json; charset=utf-8".to_owned())];
        Self { status, headers, body: value.to_string().into() }
    }

    /// No body.
    pub(super) fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Bytes::new() }
    }

    /// With one more header.
    pub(super) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

async fn accept<A>(listener: TcpListener, answer: Arc<A>)
where
    A: Fn(Asked) -> Answering + Send + Sync + 'static,
{
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => if let Ok((stream, _)) = accepted {
                // Without it answers are slower, and nothing else.
                let _ = stream.set_nodelay(true);
                connections.spawn(serve(stream, Arc::clone(&answer)));
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn serve<A>(stream: TcpStream, answer: Arc<A>)
where
    A: Fn(Asked) -> Answering + Send + Sync + 'static,
{
    let service = service_fn(|request: hyper::Request<Incoming>| {
        let answer = Arc::clone(&answer);
        async move {
            let (head, body) = request.into_parts();
            let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
            let query = head.uri.query().unwrap_or_default();
            let query = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
            let asked =
                Asked { method: head.method, path: head.uri.path().to_owned(), query, headers: head.headers, body };
            let reply = answer(asked).await.ok_or_else(|| io::Error::other("the connection is dropped on purpose"))?;
            let mut response = Response::builder().status(reply.status);
            for (name, value) in reply.headers {
                response = response.header(name, value);
            }
            response.body(Full::new(reply.body)).map_err(io::Error::other)
        }
    });
    // A client that goes away, or is sent away, is nobody's error.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}
