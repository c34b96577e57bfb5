//! Environments and their protection rules.

use super::{
    routes::Request,
    shape::{invalid, not_found, user},
    state::{Environment, now},
};
use crate::world::serve::Reply;
use serde_json::{Value, json};

pub(super) fn list(request: &mut Request<'_>, _: &[&str]) -> Reply {
    let known = request.state.repositories[request.key].environments.clone();
    let entries = known.iter().map(|environment| shown(request, environment)).collect();
    request.counted_page("environments", entries)
}

pub(super) fn get(request: &mut Request<'_>, rest: &[&str]) -> Reply {
    let found = rest.last().and_then(|name| request.state.repositories[request.key].environment(name)).cloned();
    found.map_or_else(not_found, |environment| Reply::json(200, &shown(request, &environment)))
}

pub(super) fn put(request: &mut Request<'_>, rest: &[&str]) -> Reply {
    let name = rest.last().copied().unwrap_or_default().to_owned();
    let ids = request.body.get("reviewers").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default().iter();
    let login = |entry: &Value| {
        let id = entry.get("id").and_then(Value::as_u64);
        request.state.users.iter().find(|(_, known)| Some(**known) == id).map(|(login, _)| login.clone())
    };
    let Some(reviewers) = ids.map(login).collect::<Option<Vec<_>>>() else {
        return invalid("Environment", "reviewers", "invalid");
    };
    let id = request.state.id();
    let Some(kept) = request.state.repositories.get_mut(request.key) else { return not_found() };
    let id = kept.environment(&name).map_or(id, |known| known.id);
    let environment = Environment { id, name: name.clone(), reviewers, created_at: now() };
    kept.environments.retain(|known| !known.name.eq_ignore_ascii_case(&name));
    kept.environments.push(environment.clone());
    Reply::json(200, &shown(request, &environment))
}

/// What several shapes hold of an environment.
pub(super) fn short(request: &Request<'_>, environment: &Environment) -> Value {
    let full_name = &request.state.repositories[request.key].full_name;
    let name = &environment.name;
    json!({
        "id": environment.id, "node_id": format!("EN_{}", environment.id), "name": name,
        "url": format!("{}/repos/{full_name}/environments/{name}", request.state.url),
        "html_url": format!("https://github.com/{full_name}/deployments/activity_log?environments_filter={name}"),
    })
}

/// The reviewers as GitHub lists them.
pub(super) fn reviewers(request: &mut Request<'_>, environment: &Environment) -> Vec<Value> {
    let shown = |login: &String| json!({"type": "User", "reviewer": user(request.state, login)});
    environment.reviewers.iter().map(shown).collect()
}

fn shown(request: &mut Request<'_>, environment: &Environment) -> Value {
    let mut value = short(request, environment);
    let reviewers = reviewers(request, environment);
    let rule = json!({
        "id": environment.id + 1_000_000, "node_id": format!("GA_{}", environment.id), "type": "required_reviewers",
        "prevent_self_review": false, "reviewers": reviewers,
    });
    let rules = if environment.reviewers.is_empty() { Vec::new() } else { vec![rule] };
    value["created_at"] = environment.created_at.clone().into();
    value["updated_at"] = environment.created_at.clone().into();
    value["protection_rules"] = rules.into();
    value["deployment_branch_policy"] = Value::Null;
    value
}
