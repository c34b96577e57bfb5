//! From a request to the family that answers it: faults first, then whose token it is, then what that token may do.

use super::{
    Access, Act, deployments, environments,
    repository::Call,
    runs,
    shape::{error, not_found, page, repository, user},
    state::{State, Token},
    statuses,
};
use crate::world::serve::{Asked, Reply};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What a family is given to answer a request.
pub(super) struct Request<'a> {
    pub(super) state: &'a mut State,
    /// The repository's key in the state.
    pub(super) key: &'a str,
    pub(super) asked: &'a Asked,
    /// Null where there was none.
    pub(super) body: &'a Value,
    pub(super) user: &'a str,
}

/// Answers, or drops the connection.
pub(super) async fn answer(state: Arc<Mutex<State>>, asked: Asked) -> Option<Reply> {
    let (act, mut reply) = {
        let mut state = lock(&state);
        let act = fault(&mut state, &asked);
        let reply = match act {
            Some(Act::FailBefore(status)) => error(status, "Server Error"),
            Some(Act::DropBefore) => Reply::empty(0),
            Some(Act::RateLimited) => {
                error(403, "You have exceeded a secondary rate limit. Please wait a few minutes.")
                    .header("retry-after", "1")
                    .header("x-ratelimit-remaining", "0")
            }
            _ => {
                let reply = work(&mut state, &asked);
                match act {
                    Some(Act::FailAfter(status)) => error(status, "Server Error"),
                    Some(Act::DropAfter) => Reply::empty(0),
                    _ => reply,
                }
            }
        };
        record(&mut state, &asked, reply.status);
        (act, reply)
    };
    if let Some(Act::Slow(wait)) = act {
        tokio::time::sleep(wait).await;
    }
    reply.headers.push(("x-github-api-version-selected", "2022-11-28".to_owned()));
    (reply.status != 0).then_some(reply)
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// `owner/name` in lower case, where the path is about a repository.
fn key(asked: &Asked) -> Option<String> {
    match asked.segments().as_slice() {
        [repos, owner, name, ..] if repos == "repos" => Some(format!("{owner}/{name}").to_lowercase()),
        _ => None,
    }
}

fn fault(state: &mut State, asked: &Asked) -> Option<Act> {
    let kept = state.repositories.get_mut(&key(asked)?)?;
    let mut act = None;
    // Every fault counts every request that fits it, also one that another fault strikes.
    for (fault, matched) in &mut kept.faults {
        if fault.fits(asked.method.as_str(), &asked.path) {
            *matched += 1;
            let strikes = *matched > fault.skip && *matched <= fault.skip + fault.times;
            act = act.or(strikes.then_some(fault.act));
        }
    }
    act
}

fn record(state: &mut State, asked: &Asked, status: u16) {
    let user = token(state, asked).map(|token| token.user);
    let Some(kept) = key(asked).and_then(|key| state.repositories.get_mut(&key)) else { return };
    let body = serde_json::from_slice(&asked.body).unwrap_or(Value::Null);
    kept.calls.push(Call { method: asked.method.to_string(), path: asked.path.clone(), user, body, status });
}

/// `Authorization: Bearer …` or `token …`, as GitHub takes both.
fn token(state: &State, asked: &Asked) -> Option<Token> {
    let header = asked.headers.get("authorization")?.to_str().ok()?;
    let (scheme, token) = header.split_once(' ')?;
    let known = scheme.eq_ignore_ascii_case("bearer") || scheme.eq_ignore_ascii_case("token");
    if known { state.tokens.get(token.trim()).cloned() } else { None }
}

fn work(state: &mut State, asked: &Asked) -> Reply {
    let Some(token) = token(state, asked) else {
        let anonymous = asked.headers.get("authorization").is_none();
        return error(401, if anonymous { "Requires authentication" } else { "Bad credentials" });
    };
    let body = match asked.body.is_empty() {
        true => Value::Null,
        false => match serde_json::from_slice(&asked.body) {
            Ok(body) => body,
            Err(_) => return error(400, "Problems parsing JSON"),
        },
    };
    let segments = asked.segments();
    let words: Vec<&str> = segments.iter().map(String::as_str).collect();
    if let ("GET", ["user"]) = (asked.method.as_str(), words.as_slice()) {
        return Reply::json(200, &user(state, &token.user));
    }
    // A repository that a token does not open is not even known to be there.
    let Some(key) = key(asked).filter(|key| state.repositories.contains_key(key) && *key == token.repository) else {
        return not_found();
    };
    let rest = words.get(3..).unwrap_or_default();
    let Some((permission, access, handle)) = route(asked.method.as_str(), rest) else { return not_found() };
    let granted = match &token.permissions {
        None => Some(Access::Write),
        Some(_) if permission == "metadata" => Some(Access::Read),
        Some(permissions) => permissions.get(permission).copied(),
    };
    if granted.is_none_or(|granted| granted < access) {
        return error(403, "Resource not accessible by personal access token")
            .header("x-accepted-github-permissions", format!("{permission}={}", access.name()));
    }
    handle(&mut Request { state, key: &key, asked, body: &body, user: &token.user }, rest)
}

type Handle = fn(&mut Request<'_>, &[&str]) -> Reply;

/// Which permission a route asks for, and who answers it.
fn route(method: &str, rest: &[&str]) -> Option<(&'static str, Access, Handle)> {
    use Access::{Read, Write};
    let found: (&'static str, Access, Handle) = match (method, rest) {
        ("GET", []) => ("metadata", Read, about),
        ("GET", ["git", "ref", "heads", _]) => ("contents", Read, branch),
        ("GET", ["environments"]) => ("actions", Read, environments::list),
        ("GET", ["environments", _]) => ("actions", Read, environments::get),
        ("PUT", ["environments", _]) => ("administration", Write, environments::put),
        ("GET", ["actions", "runs"]) => ("actions", Read, runs::list),
        ("GET", ["actions", "runs", _]) => ("actions", Read, runs::get),
        ("GET", ["actions", "runs", _, "pending_deployments"]) => ("actions", Read, runs::pending),
        ("POST", ["actions", "runs", _, "pending_deployments"]) => ("deployments", Write, runs::review),
        ("GET", ["actions", "runs", _, "approvals"]) => ("actions", Read, runs::approvals),
        ("POST", ["actions", "workflows", _, "dispatches"]) => ("actions", Write, runs::dispatch),
        ("GET", ["deployments"]) => ("deployments", Read, deployments::list),
        ("POST", ["deployments"]) => ("deployments", Write, deployments::create),
        ("GET", ["deployments", _]) => ("deployments", Read, deployments::get),
        ("DELETE", ["deployments", _]) => ("deployments", Write, deployments::delete),
        ("GET", ["deployments", _, "statuses"]) => ("deployments", Read, deployments::statuses),
        ("POST", ["deployments", _, "statuses"]) => ("deployments", Write, deployments::say),
        ("GET", ["deployments", _, "statuses", _]) => ("deployments", Read, deployments::status),
        ("POST", ["statuses", _]) => ("statuses", Write, statuses::say),
        ("GET", ["commits", _, "status"]) => ("statuses", Read, statuses::combined),
        ("GET", ["commits", _, "statuses"]) => ("statuses", Read, statuses::list),
        _ => return None,
    };
    Some(found)
}

fn about(request: &mut Request<'_>, _: &[&str]) -> Reply {
    Reply::json(200, &repository(request.state, &request.state.repositories[request.key]))
}

fn branch(request: &mut Request<'_>, rest: &[&str]) -> Reply {
    let kept = &request.state.repositories[request.key];
    let Some((name, sha)) = rest.last().filter(|name| **name == "main").zip(kept.commits.last()) else {
        return not_found();
    };
    let url = format!("{}/repos/{}/git/refs/heads/{name}", request.state.url, kept.full_name);
    let object = json!({"type": "commit", "sha": sha, "url": url});
    Reply::json(200, &json!({"ref": format!("refs/heads/{name}"), "node_id": "REF", "url": url, "object": object}))
}

impl Request<'_> {
    /// A page of a plain list.
    pub(super) fn page(&self, entries: Vec<Value>) -> Reply {
        page(self.asked, &self.state.url, entries, Value::Array)
    }

    /// A page of a list that stands under a name, beside its whole length.
    pub(super) fn counted_page(&self, name: &str, entries: Vec<Value>) -> Reply {
        let total = entries.len();
        page(self.asked, &self.state.url, entries, |entries| json!({"total_count": total, name: entries}))
    }

    /// A text of the body.
    pub(super) fn text(&self, field: &str) -> Option<&str> {
        self.body.get(field).and_then(Value::as_str)
    }
}
