//! The JSON that several families share: users, repositories, errors, pages.

use super::state::{Kept, State};
use crate::world::serve::{Asked, Reply};
use serde_json::{Value, json};

/// Where GitHub's errors point.
const DOCUMENTATION: &str = "https://docs.github.com/rest";

/// How many entries a page has unless it is said.
const PER_PAGE: usize = 30;

/// An error as GitHub writes it.
pub(super) fn error(status: u16, message: impl Into<String>) -> Reply {
    let message: String = message.into();
    Reply::json(status, &json!({"message": message, "documentation_url": DOCUMENTATION, "status": status.to_string()}))
}

/// Something that is not there, or that the token may not know about.
pub(super) fn not_found() -> Reply {
    error(404, "Not Found")
}

/// A 422 about one field.
pub(super) fn invalid(resource: &str, field: &str, code: &str) -> Reply {
    let errors = json!([{"resource": resource, "field": field, "code": code}]);
    let body = json!({
        "message": "Validation Failed", "errors": errors, "documentation_url": DOCUMENTATION, "status": "422",
    });
    Reply::json(422, &body)
}

pub(super) fn user(state: &mut State, login: &str) -> Value {
    let id = state.user(login);
    json!({
        "login": login, "id": id, "node_id": format!("U_{id}"), "type": "User", "site_admin": false,
        "url": format!("{}/users/{login}", state.url), "html_url": format!("https://github.com/{login}"),
    })
}

pub(super) fn repository(state: &State, kept: &Kept) -> Value {
    let (owner, name) = kept.full_name.split_once('/').unwrap_or_default();
    json!({
        "id": kept.id, "node_id": format!("R_{}", kept.id), "name": name, "full_name": kept.full_name, "private": true,
        "owner": {"login": owner, "id": 1, "type": "Organization"},
        "url": format!("{}/repos/{}", state.url, kept.full_name),
        "html_url": format!("https://github.com/{}", kept.full_name), "default_branch": "main", "archived": false,
    })
}

/// One page of a list, with the `link` header that leads to the others.
pub(super) fn page(asked: &Asked, url: &str, entries: Vec<Value>, wrap: impl Fn(Vec<Value>) -> Value) -> Reply {
    let number = |name: &str, usual: usize| asked.first(name).and_then(|text| text.parse().ok()).unwrap_or(usual);
    let per_page = number("per_page", PER_PAGE).clamp(1, 100);
    let page = number("page", 1).max(1);
    let last = entries.len().div_ceil(per_page).max(1);
    let kept: Vec<(String, String)> = asked.query.iter().filter(|(name, _)| name != "page").cloned().collect();
    let link = |to: usize, relation: &str| {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(&kept).append_pair("page", &to.to_string());
        format!("<{url}{}?{}>; rel=\"{relation}\"", asked.path, query.finish())
    };
    let mut links = Vec::new();
    if page > 1 {
        links.extend([link(page - 1, "prev"), link(1, "first")]);
    }
    if page < last {
        links.extend([link(page + 1, "next"), link(last, "last")]);
    }
    let reply = Reply::json(200, &wrap(entries.into_iter().skip((page - 1) * per_page).take(per_page).collect()));
    if links.is_empty() { reply } else { reply.header("link", links.join(", ")) }
}
