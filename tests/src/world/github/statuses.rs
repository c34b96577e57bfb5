//! Commit statuses: what each context says about a commit, and what they say together.

use super::{
    routes::Request,
    shape::{error, invalid, not_found, repository, user},
    state::{CommitStatus, now},
};
use crate::world::serve::Reply;
use serde_json::{Value, json};

/// What a commit status may say.
const STATES: [&str; 4] = ["error", "failure", "pending", "success"];

pub(super) fn say(request: &mut Request<'_>, rest: &[&str]) -> Reply {
    let sha = rest.last().copied().unwrap_or_default().to_owned();
    if !request.state.repositories[request.key].commits.contains(&sha) {
        return error(422, format!("No commit found for SHA: {sha}"));
    }
    let Some(state) = request.text("state").filter(|state| STATES.contains(state)).map(str::to_owned) else {
        return invalid("Status", "state", "invalid");
    };
    let id = request.state.id();
    let text = |field: &str| request.text(field).map(str::to_owned);
    let status = CommitStatus {
        id,
        context: text("context").unwrap_or_else(|| "default".to_owned()),
        state,
        description: text("description"),
        target_url: text("target_url"),
        creator: request.user.to_owned(),
        created_at: now(),
    };
    let shown = shown(request, &sha, &status);
    if let Some(kept) = request.state.repositories.get_mut(request.key) {
        kept.statuses.push((sha, status));
    }
    Reply::json(201, &shown)
}

pub(super) fn list(request: &mut Request<'_>, rest: &[&str]) -> Reply {
    let kept = &request.state.repositories[request.key];
    let Some(sha) = rest.get(1).and_then(|git_ref| kept.resolve(git_ref)).cloned() else { return not_found() };
    let all: Vec<CommitStatus> =
        kept.statuses.iter().rev().filter(|(of, _)| *of == sha).map(|(_, status)| status.clone()).collect();
    let entries = all.iter().map(|status| shown(request, &sha, status)).collect();
    request.page(entries)
}

pub(super) fn combined(request: &mut Request<'_>, rest: &[&str]) -> Reply {
    let kept = &request.state.repositories[request.key];
    let Some(sha) = rest.get(1).and_then(|git_ref| kept.resolve(git_ref)).cloned() else { return not_found() };
    let newest: Vec<CommitStatus> = kept.newest_statuses(&sha).into_iter().cloned().collect();
    let about = repository(request.state, kept);
    let url = format!("{}/repos/{}/commits/{sha}", request.state.url, kept.full_name);
    let any = |states: &[&str]| newest.iter().any(|status| states.contains(&status.state.as_str()));
    let state = match () {
        () if any(&["error", "failure"]) => "failure",
        () if newest.is_empty() || any(&["pending"]) => "pending",
        () => "success",
    };
    let statuses: Vec<Value> = newest.iter().map(|status| shown(request, &sha, status)).collect();
    let body = json!({
        "state": state, "statuses": statuses, "sha": sha, "total_count": newest.len(), "repository": about,
        "commit_url": url, "url": format!("{url}/status"),
    });
    Reply::json(200, &body)
}

fn shown(request: &mut Request<'_>, sha: &str, status: &CommitStatus) -> Value {
    let full_name = request.state.repositories[request.key].full_name.clone();
    json!({
        "url": format!("{}/repos/{full_name}/statuses/{sha}", request.state.url), "id": status.id,
        "node_id": format!("SC_{}", status.id), "state": status.state, "description": status.description,
        "target_url": status.target_url, "context": status.context, "created_at": status.created_at,
        "updated_at": status.created_at, "creator": user(request.state, &status.creator), "avatar_url": null,
    })
}
