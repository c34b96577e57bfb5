//! The fault proxy: it stands between the checks and the submission and applies a mutant's rules to what passes.
//!
//! Paths pass as they were written (hyper does not normalise them), and bodies stream, unless a rule must read them. It speaks plain
//! HTTP on both sides: a mistake in TLS is an edit of the submission's files, because a proxy that ends TLS would hide it.

use super::rule::HttpFault;
use crate::{check::Fault, submission::Account};
use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use futures::{StreamExt, stream};
use http_body_util::{BodyExt, Full, StreamBody, combinators::UnsyncBoxBody};
use hyper::{
    HeaderMap, Method, Request, Response, StatusCode,
    body::{Frame, Incoming},
    header,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use std::{
    collections::HashMap,
    io,
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Looks up an account of the submission by its name, so that a rule can send a request as somebody else.
pub type Accounts = Arc<dyn Fn(&str) -> Result<Account, Fault> + Send + Sync>;

type Body = UnsyncBoxBody<Bytes, io::Error>;

/// A running fault proxy. It ends when it is dropped.
#[derive(Debug)]
pub struct FaultProxy {
    address: SocketAddr,
    stop: CancellationToken,
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl FaultProxy {
    /// Starts a proxy before `upstream` (`http://host:port`).
    ///
    /// # Errors
    /// The address has another form, or no port is free.
    pub async fn start(upstream: &str, faults: Vec<HttpFault>, accounts: Accounts) -> io::Result<Self> {
        let upstream = Upstream::parse(upstream)?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let stop = CancellationToken::new();
        let rules = faults.into_iter().map(Rule::new).collect();
        let state = Arc::new(State { upstream, rules, accounts });
        tokio::spawn(accept(listener, state, stop.clone()));
        Ok(Self { address, stop })
    }

    /// Where the checks find the mutant.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

struct State {
    upstream: Upstream,
    rules: Vec<Rule>,
    accounts: Accounts,
}

/// A fault and what it remembers.
struct Rule {
    fault: HttpFault,
    matched: AtomicU64,
    first_answers: Mutex<HashMap<(Method, String), Answer>>,
}

#[derive(Clone)]
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Rule {
    fn new(fault: HttpFault) -> Self {
        Self { fault, matched: AtomicU64::new(0), first_answers: Mutex::default() }
    }

    fn applies(&self, method: &Method, path: &str, headers: &HeaderMap, body: &[u8]) -> bool {
        let matches = &self.fault.matches;
        matches.fits(method, path, headers, body)
            && matches.nth.is_none_or(|nth| self.matched.fetch_add(1, Ordering::Relaxed) + 1 == nth)
    }
}

async fn accept(listener: TcpListener, state: Arc<State>, stop: CancellationToken) {
    let connections = TaskTracker::new();
    loop {
        let stream = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(_) => continue,
            },
        };
        let (state, stop) = (Arc::clone(&state), stop.clone());
        connections.spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = serve(stream, state) => {}
            }
        });
    }
}

/// Serves one connection. A reset needs the socket after hyper has let go of it, so a second handle is kept.
async fn serve(stream: TcpStream, state: Arc<State>) {
    let Ok(stream) = stream.into_std() else { return };
    let Ok(twin) = stream.try_clone().and_then(TcpStream::from_std) else { return };
    let Ok(stream) = TcpStream::from_std(stream) else { return };
    let reset = Arc::new(AtomicBool::new(false));
    let service = service_fn(|request| exchange(request, Arc::clone(&state), Arc::clone(&reset)));
    let served = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
    if served.is_err() && reset.load(Ordering::Relaxed) {
        // Nothing depends on it: without the option the connection merely closes instead of resetting.
        drop(twin.set_zero_linger());
    }
}

async fn exchange(request: Request<Incoming>, state: Arc<State>, reset: Arc<AtomicBool>) -> io::Result<Response<Body>> {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string);
    let must_read = |rule: &Rule| rule.fault.matches.body.is_some() || !rule.fault.request_replace.is_empty();
    let (read, body) = if state.rules.iter().any(must_read) && is_text(&parts.headers) {
        let bytes = body.collect().await.map_err(io::Error::other)?.to_bytes();
        (bytes.clone(), full(bytes))
    } else {
        (Bytes::new(), body.map_err(io::Error::other).boxed_unsync())
    };
    let rule = state.rules.iter().find(|rule| rule.applies(&parts.method, &path, &parts.headers, &read));
    let request = Request::from_parts(parts, body);
    let Some(rule) = rule else { return state.upstream.send(request).await };
    faulty_exchange(rule, request, read, &path, &state, &reset).await
}

async fn faulty_exchange(
    rule: &Rule,
    mut request: Request<Body>,
    read: Bytes,
    path: &str,
    state: &State,
    reset: &AtomicBool,
) -> io::Result<Response<Body>> {
    let fault = &rule.fault;
    change_request(fault, &mut request, &read, path, &state.accounts)?;
    let key = (request.method().clone(), path.to_owned());
    let mut response =
        if fault.forward { state.upstream.send(request).await? } else { Response::new(full(Bytes::new())) };
    if fault.matches.response_status.is_some_and(|status| status != response.status().as_u16()) {
        return Ok(response);
    }
    if let Some(delay_ms) = fault.delay_ms {
        tokio::time::sleep(Duration::from_millis(delay_ms)).await;
    }
    if fault.drop || fault.reset {
        reset.store(fault.reset, Ordering::Relaxed);
        return Err(io::Error::other("the mutant breaks the connection here"));
    }
    if fault.rewrites_answer() {
        let (parts, body) = response.into_parts();
        let mut answer =
            Answer { status: parts.status, headers: parts.headers, body: body.collect().await?.to_bytes() };
        if fault.replay {
            let mut first_answers = rule.first_answers.lock().unwrap_or_else(PoisonError::into_inner);
            answer = first_answers.entry(key).or_insert(answer).clone();
        }
        response = rewritten(fault, answer);
    }
    if let Some(status) = fault.status {
        *response.status_mut() = StatusCode::from_u16(status).map_err(io::Error::other)?;
    }
    for name in &fault.remove_headers {
        response.headers_mut().remove(name.as_str());
    }
    set_headers(response.headers_mut(), fault.set_headers.iter())?;
    Ok(response)
}

fn change_request(
    fault: &HttpFault,
    request: &mut Request<Body>,
    read: &Bytes,
    path: &str,
    accounts: &Accounts,
) -> io::Result<()> {
    for name in &fault.remove_request_headers {
        request.headers_mut().remove(name.as_str());
    }
    set_headers(request.headers_mut(), fault.set_request_headers.iter())?;
    if let Some(name) = &fault.as_account {
        let account = accounts(name).map_err(|fault| io::Error::other(fault.to_string()))?;
        let credentials = BASE64_STANDARD.encode(format!("{}:{}", account.username, account.password));
        let value = format!("Basic {credentials}").parse().map_err(io::Error::other)?;
        request.headers_mut().insert(header::AUTHORIZATION, value);
    }
    if let Some((pattern, with)) = &fault.request_path {
        *request.uri_mut() = pattern.0.replace_all(path, with.as_str()).parse().map_err(io::Error::other)?;
    }
    if !fault.request_replace.is_empty() && !read.is_empty() {
        let text = String::from_utf8_lossy(read).into_owned();
        let changed = fault.request_replace.iter().fold(text, |text, (what, with)| text.replace(what, with));
        request.headers_mut().insert(header::CONTENT_LENGTH, changed.len().into());
        *request.body_mut() = full(Bytes::from(changed));
    }
    Ok(())
}

fn rewritten(fault: &HttpFault, mut answer: Answer) -> Response<Body> {
    let body = fault.rewrite(answer.body.to_vec());
    answer.headers.remove(header::TRANSFER_ENCODING);
    answer.headers.insert(header::CONTENT_LENGTH, body.len().into());
    let body = match fault.truncate.filter(|&length| length < body.len()) {
        Some(length) => {
            let begun = Bytes::from(body).slice(..length);
            let broken = Err(io::Error::other("the mutant breaks off here"));
            BodyExt::boxed_unsync(StreamBody::new(stream::iter([Ok(Frame::data(begun)), broken]).boxed()))
        }
        None => full(Bytes::from(body)),
    };
    let mut response = Response::new(body);
    *response.status_mut() = answer.status;
    *response.headers_mut() = answer.headers;
    response
}

fn set_headers<'a>(headers: &mut HeaderMap, new: impl Iterator<Item = (&'a String, &'a String)>) -> io::Result<()> {
    for (name, value) in new {
        let name: header::HeaderName = name.parse().map_err(io::Error::other)?;
        headers.insert(name, value.parse().map_err(io::Error::other)?);
    }
    Ok(())
}

/// Bodies that a rule may look into; an artifact of 100 MiB streams past.
fn is_text(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    kind.starts_with("application/json") || kind.starts_with("text/")
}

fn full(bytes: Bytes) -> Body {
    Full::new(bytes).map_err(|never| match never {}).boxed_unsync()
}

/// Where requests go on to: `host:port`.
struct Upstream(String);

impl Upstream {
    fn parse(url: &str) -> io::Result<Self> {
        let authority = url.strip_prefix("http://").map(|rest| rest.trim_end_matches('/'));
        let invalid = || {
            let message = format!("a fault proxy before `{url}`: expected http://host:port");
            io::Error::new(io::ErrorKind::InvalidInput, message)
        };
        authority.filter(|rest| !rest.contains('/')).map(|rest| Self(rest.to_owned())).ok_or_else(invalid)
    }

    /// Sends one request on a connection of its own: a fault on one exchange must not break another.
    async fn send(&self, mut request: Request<Body>) -> io::Result<Response<Body>> {
        request.headers_mut().insert(header::HOST, self.0.parse().map_err(io::Error::other)?);
        request.headers_mut().remove(header::CONNECTION);
        let stream = TcpStream::connect(&self.0).await?;
        stream.set_nodelay(true)?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
        tokio::spawn(connection);
        let response = sender.send_request(request).await.map_err(io::Error::other)?;
        Ok(response.map(|body| body.map_err(io::Error::other).boxed_unsync()))
    }
}

#[cfg(test)]
mod tests {
    use super::{Accounts, FaultProxy};
    use crate::{mutant::HttpFault, submission::Account};
    use std::sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    };
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::{TcpListener, TcpStream},
    };

    /// Answers every connection with the request's own head and a counter, then closes.
    async fn echo() -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let count = Arc::new(AtomicU64::new(0));
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut head = vec![0; 4096];
                let length = stream.read(&mut head).await.unwrap();
                let n = count.fetch_add(1, Ordering::Relaxed);
                let body = format!("n={n}\n{}", String::from_utf8_lossy(&head[..length]));
                let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        url
    }

    async fn ask(proxy: &FaultProxy, target: &str) -> std::io::Result<String> {
        let mut stream = TcpStream::connect(proxy.url().trim_start_matches("http://")).await?;
        let request = format!("GET {target} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await?;
        Ok(String::from_utf8_lossy(&answer).into_owned())
    }

    async fn proxy(fault: &str) -> FaultProxy {
        let fault: HttpFault = toml::from_str(fault).unwrap();
        let accounts: Accounts =
            Arc::new(|name| Ok(Account { username: name.to_owned(), password: "pass".to_owned() }));
        FaultProxy::start(&echo().await, vec![fault], accounts).await.unwrap()
    }

    #[tokio::test]
    async fn what_no_rule_matches_passes_as_it_was_written() {
        let proxy = proxy("match = { path = '^/other' }\nstatus = 500").await;
        let answer = ask(&proxy, "/a/%2e%2e/../b?x=%20").await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("GET /a/%2e%2e/../b?x=%20 HTTP/1.1"), "{answer}");
    }

    #[tokio::test]
    async fn answers_change_and_requests_travel_as_somebody_else() {
        let proxy = proxy("match = { path = '^/x' }\nas = 'admin'\nstatus = 418\nreplace = [['n=(.)', 'm=$1']]").await;
        let answer = ask(&proxy, "/x").await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 418") && answer.contains("m=0"), "{answer}");
        assert!(answer.contains("Basic YWRtaW46cGFzcw=="), "{answer}");
    }

    #[tokio::test]
    async fn a_replay_gives_the_first_answer_again() {
        let proxy = proxy("match = {}\nreplay = true").await;
        assert!(ask(&proxy, "/r").await.unwrap().contains("n=0"));
        assert!(ask(&proxy, "/r").await.unwrap().contains("n=0"));
        assert!(ask(&proxy, "/s").await.unwrap().contains("n=2"));
    }

    #[tokio::test]
    async fn the_nth_only_and_broken_connections() {
        let proxy_nth = proxy("match = { nth = 2 }\nforward = false\nstatus = 503").await;
        assert!(ask(&proxy_nth, "/").await.unwrap().starts_with("HTTP/1.1 200"));
        assert!(ask(&proxy_nth, "/").await.unwrap().starts_with("HTTP/1.1 503"));
        assert_eq!(ask(&proxy("match = {}\ndrop = true").await, "/").await.unwrap_or_default(), "");
        assert!(ask(&proxy("match = {}\nreset = true").await, "/").await.is_err());
        let cut = ask(&proxy("match = {}\ntruncate = 3").await, "/").await.unwrap_or_default();
        assert!(cut.is_empty() || cut.ends_with("n=0"), "{cut}");
    }
}
