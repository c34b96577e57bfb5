//! Carries a request from the socket to its handler: host check, sign-in, fields, permission, handler, headers.
//!
//! Whatever is no route also demands a sign-in first, so that a stranger learns nothing about what exists.

use crate::server::auth::access::{Access, authorize};
use crate::server::auth::sign_in::Sender;
use crate::server::error::{ApiError, ErrorCode};
use crate::server::parameters::Parameters;
use crate::server::routes::table::{Handler, Path, Route, routes};
use crate::server::routes::{Answer, Call};
use crate::server::state::ServerState;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, MethodRouter, on};
use std::sync::Arc;
use tower_http::catch_panic::CatchPanicLayer;

/// The most that is read of a JSON body: a dataset's profile alone may have 16 MiB.
const BODY_LIMIT_BYTES: usize = 32 * 1024 * 1024;
const PREFIXES: [&str; 2] = ["/api/2.0", "/ajax-api/2.0"];

/// The server as a service.
pub fn router(state: Arc<ServerState>) -> Router {
    let mut router = Router::new();
    for route in routes() {
        let paths = match route.path {
            Path::Root(path) => vec![path.to_owned()],
            Path::Api(path) => PREFIXES.map(|prefix| format!("{prefix}{path}")).to_vec(),
        };
        for path in paths {
            router = router.route(&path, endpoint(&route, &path));
        }
    }
    router
        .fallback(no_route)
        .method_not_allowed_fallback(no_method)
        .layer(from_fn_with_state(Arc::clone(&state), guard))
        .layer(CatchPanicLayer::new())
        .with_state(state)
}

fn endpoint(route: &Route, path: &str) -> MethodRouter<Arc<ServerState>> {
    let (access, handler) = (route.access, route.handler);
    let before_tail = path.split_once("{*").map(|(before, _)| before.len());
    let filter = MethodFilter::try_from(route.method.clone()).expect("the table holds standard methods only");
    on(filter, move |State(state): State<Arc<ServerState>>, request: Request| async move {
        answer(state, access, handler, before_tail, request).await.unwrap_or_else(IntoResponse::into_response)
    })
}

async fn answer(
    state: Arc<ServerState>,
    access: Access,
    handler: Handler,
    before_tail: Option<usize>,
    request: Request,
) -> Answer {
    let (parts, body) = request.into_parts();
    let sender = if access == Access::Public { Sender::Anyone } else { state.sender(&parts.headers).await? };
    // The raw path: a decoded one would hide how often it was encoded.
    let tail = before_tail.and_then(|start| parts.uri.path().get(start..)).map(str::to_owned);
    let query = parts.uri.query().unwrap_or_default();
    let (parameters, body) = match handler {
        Handler::Stream(_) => (Parameters::default(), body),
        Handler::Fields(_) => (fields(&parts.method, &parts.headers, query, body).await?, Body::empty()),
    };
    authorize(&state, &sender, access, &parameters, tail.as_deref()).await?;
    let call = Call { state, sender, parameters, tail: tail.unwrap_or_default() };
    match handler {
        Handler::Fields(handler) => handler(call).await,
        Handler::Stream(handler) => handler(call, body).await,
    }
}

async fn fields(method: &Method, headers: &HeaderMap, query: &str, body: Body) -> Result<Parameters, ApiError> {
    if method == Method::GET && !query.is_empty() {
        return Ok(Parameters::from_query(query));
    }
    if method == Method::POST || method == Method::PUT {
        check_content_type(headers)?;
    }
    let body =
        to_bytes(body, BODY_LIMIT_BYTES).await.map_err(|_| ApiError::BodyTooLarge { limit_bytes: BODY_LIMIT_BYTES })?;
    Parameters::from_body(&body)
}

fn check_content_type(headers: &HeaderMap) -> Result<(), ApiError> {
    let Some(content_type) = headers.get(header::CONTENT_TYPE) else {
        return Err(ApiError::invalid("Bad Request. Content-Type header is missing."));
    };
    let kind = content_type.to_str().unwrap_or_default().split(';').next().unwrap_or_default();
    if kind != "application/json" {
        return Err(ApiError::invalid("Bad Request. Content-Type must be one of ['application/json']."));
    }
    Ok(())
}

/// Refuses foreign `Host` headers (a page that rebinds its name to this address) and keeps browsers from guessing types.
async fn guard(State(state): State<Arc<ServerState>>, request: Request, next: Next) -> Response {
    if !host_is_allowed(&state.allowed_hosts, request.headers()) {
        return (StatusCode::FORBIDDEN, "This server does not answer to that Host header.").into_response();
    }
    let mut response = next.run(request).await;
    response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

fn host_is_allowed(allowed: &[String], headers: &HeaderMap) -> bool {
    if allowed.is_empty() {
        return true;
    }
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default().to_ascii_lowercase();
    // [::1]:5000 has colons inside; only what follows the bracket can be a port.
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.chars().all(|c| c.is_ascii_digit()) => name,
        _ => host.as_str(),
    };
    allowed.iter().any(|known| known == name)
}

async fn no_route(State(state): State<Arc<ServerState>>, request: Request) -> Response {
    match state.sender(request.headers()).await {
        Err(error) => error.into_response(),
        Ok(_) => ApiError::refused(
            ErrorCode::EndpointNotFound,
            format!("No such path: {} {}", request.method(), request.uri().path()),
        )
        .into_response(),
    }
}

async fn no_method(State(state): State<Arc<ServerState>>, request: Request) -> Response {
    match state.sender(request.headers()).await {
        Err(error) => error.into_response(),
        Ok(_) => ApiError::MethodNotAllowed.into_response(),
    }
}
