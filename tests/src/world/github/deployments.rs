//! Deployments and their statuses. `POST` answers 201, 202 (GitHub has merged the default branch into the ref, and made no deployment),
//! 409 (it cannot merge, or a commit status is not green) or 422.

use super::{
    routes::Request,
    shape::{error, invalid, not_found, user},
    state::{Deployment, Status, now},
};
use crate::world::serve::Reply;
use serde_json::{Value, json};

/// What a deployment status may say.
const STATES: [&str; 7] = ["error", "failure", "inactive", "in_progress", "queued", "pending", "success"];

pub(super) fn list(request: &mut Request<'_>, _: &[&str]) -> Reply {
    let asked = request.asked;
    let wanted = |name: &str, found: &str| asked.first(name).is_none_or(|value| value == "none" || value == found);
    let found: Vec<Deployment> = request.state.repositories[request.key]
        .deployments
        .iter()
        .rev()
        .filter(|d| {
            wanted("sha", &d.sha)
                && wanted("ref", &d.git_ref)
                && wanted("task", &d.task)
                && wanted("environment", &d.environment)
        })
        .cloned()
        .collect();
    let entries = found.iter().map(|deployment| shown(request, deployment)).collect();
    request.page(entries)
}

pub(super) fn get(request: &mut Request<'_>, rest: &[&str]) -> Reply {
    match find(request, rest) {
        Some(deployment) => Reply::json(200, &shown(request, &deployment)),
        None => not_found(),
    }
}

pub(super) fn create(request: &mut Request<'_>, _: &[&str]) -> Reply {
    let Some(git_ref) = request.text("ref").map(str::to_owned) else {
        return invalid("Deployment", "ref", "missing_field");
    };
    let kept = &request.state.repositories[request.key];
    let Some(sha) = kept.resolve(&git_ref).cloned() else { return error(422, format!("No ref found for: {git_ref}")) };
    if kept.conflict {
        return error(409, format!("Conflict merging main into {git_ref}."));
    }
    if kept.auto_merges && request.body["auto_merge"] != false {
        with(request, |kept| kept.auto_merges = false);
        let message = format!("Auto-merged main into {git_ref} on deployment.");
        return Reply::json(202, &json!({"message": message}));
    }
    if let Some(refusal) = not_green(request, &git_ref, &sha) {
        return refusal;
    }
    let id = request.state.id();
    let text = |field: &str, usual: &str| request.text(field).unwrap_or(usual).to_owned();
    let environment = text("environment", "production");
    let flag = |field: &str, usual: bool| request.body.get(field).and_then(Value::as_bool).unwrap_or(usual);
    let deployment = Deployment {
        id,
        sha,
        git_ref,
        task: text("task", "deploy"),
        payload: request.body.get("payload").cloned().unwrap_or_else(|| json!({})),
        description: request.text("description").map(str::to_owned),
        creator: request.user.to_owned(),
        statuses: Vec::new(),
        created_at: now(),
        transient: flag("transient_environment", false),
        production: flag("production_environment", environment == "production"),
        environment,
    };
    let shown = shown(request, &deployment);
    with(request, |kept| kept.deployments.push(deployment));
    Reply::json(201, &shown)
}

/// Every context that was submitted for the commit, or those that are asked for, must be green.
fn not_green(request: &Request<'_>, git_ref: &str, sha: &str) -> Option<Reply> {
    let statuses = request.state.repositories[request.key].newest_statuses(sha);
    let state =
        |context: &str| statuses.iter().find(|status| status.context == context).map_or("missing", |s| &s.state);
    let required: Vec<String> = match request.body.get("required_contexts").and_then(Value::as_array) {
        Some(contexts) => contexts.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        None => statuses.iter().map(|status| status.context.clone()).collect(),
    };
    if required.iter().all(|context| state(context) == "success") {
        return None;
    }
    let contexts: Vec<Value> =
        required.iter().map(|context| json!({"context": context, "state": state(context)})).collect();
    let body = json!({
        "message": format!("Conflict: Commit status checks failed for {git_ref}."),
        "errors": [{"contexts": contexts, "resource": "Deployment", "field": "required_contexts", "code": "invalid"}],
        "documentation_url": "https://docs.github.com/rest", "status": "409",
    });
    Some(Reply::json(409, &body))
}

pub(super) fn delete(request: &mut Request<'_>, rest: &[&str]) -> Reply {
    let Some(deployment) = find(request, rest) else { return not_found() };
    let active = deployment.statuses.last().is_some_and(|status| status.state != "inactive");
    let only_one = request.state.repositories[request.key].deployments.len() == 1;
    if active && !only_one {
        return error(
            422,
            "We cannot delete an active deployment unless it is the only deployment in a given environment.",
        );
    }
    with(request, |kept| kept.deployments.retain(|known| known.id != deployment.id));
    Reply::empty(204)
}

pub(super) fn statuses(request: &mut Request<'_>, rest: &[&str]) -> Reply {
    let Some(deployment) = find(request, rest) else { return not_found() };
    let entries = deployment.statuses.iter().rev().map(|status| shown_status(request, &deployment, status)).collect();
    request.page(entries)
}

pub(super) fn status(request: &mut Request<'_>, rest: &[&str]) -> Reply {
    let Some(deployment) = find(request, rest) else { return not_found() };
    let number = rest.last().and_then(|text| text.parse::<u64>().ok());
    match deployment.statuses.iter().find(|status| Some(status.id) == number) {
        Some(status) => Reply::json(200, &shown_status(request, &deployment, status)),
        None => not_found(),
    }
}

pub(super) fn say(request: &mut Request<'_>, rest: &[&str]) -> Reply {
    let Some(deployment) = find(request, rest) else { return not_found() };
    let Some(state) = request.text("state").filter(|state| STATES.contains(state)).map(str::to_owned) else {
        return invalid("DeploymentStatus", "state", "invalid");
    };
    let id = request.state.id();
    let text = |field: &str| request.text(field).unwrap_or_default().to_owned();
    let log_url = request.text("log_url").or(request.text("target_url")).unwrap_or_default().to_owned();
    let status = Status {
        id,
        state: state.clone(),
        description: text("description"),
        environment_url: text("environment_url"),
        log_url,
        creator: request.user.to_owned(),
        created_at: now(),
    };
    let shown = shown_status(request, &deployment, &status);
    let auto_inactive = request.body["auto_inactive"] != false && state == "success";
    let inactive = Status { id: request.state.id(), state: "inactive".to_owned(), ..status.clone() };
    with(request, |kept| {
        for known in &mut kept.deployments {
            let replaced = auto_inactive
                && known.id < deployment.id
                && known.environment == deployment.environment
                && !known.transient
                && !known.production
                && known.statuses.last().is_some_and(|status| status.state == "success");
            if known.id == deployment.id {
                known.statuses.push(status.clone());
            } else if replaced {
                known.statuses.push(inactive.clone());
            }
        }
    });
    Reply::json(201, &shown)
}

fn find(request: &Request<'_>, rest: &[&str]) -> Option<Deployment> {
    let id: u64 = rest.get(1)?.parse().ok()?;
    request.state.repositories[request.key].deployments.iter().find(|known| known.id == id).cloned()
}

fn with(request: &mut Request<'_>, change: impl FnOnce(&mut super::state::Kept)) {
    if let Some(kept) = request.state.repositories.get_mut(request.key) {
        change(kept);
    }
}

/// A deployment as GitHub shows it.
pub(super) fn shown(request: &mut Request<'_>, deployment: &Deployment) -> Value {
    let repository = format!("{}/repos/{}", request.state.url, request.state.repositories[request.key].full_name);
    let url = format!("{repository}/deployments/{}", deployment.id);
    let updated = deployment.statuses.last().map_or(&deployment.created_at, |status| &status.created_at);
    json!({
        "url": url, "id": deployment.id, "node_id": format!("DE_{}", deployment.id), "sha": deployment.sha,
        "ref": deployment.git_ref, "task": deployment.task, "payload": deployment.payload,
        "original_environment": deployment.environment, "environment": deployment.environment,
        "description": deployment.description, "creator": user(request.state, &deployment.creator),
        "created_at": deployment.created_at, "updated_at": updated, "statuses_url": format!("{url}/statuses"),
        "repository_url": repository, "transient_environment": deployment.transient,
        "production_environment": deployment.production, "performed_via_github_app": null,
    })
}

fn shown_status(request: &mut Request<'_>, deployment: &Deployment, status: &Status) -> Value {
    let repository = format!("{}/repos/{}", request.state.url, request.state.repositories[request.key].full_name);
    let url = format!("{repository}/deployments/{}", deployment.id);
    json!({
        "url": format!("{url}/statuses/{}", status.id), "id": status.id, "node_id": format!("DES_{}", status.id),
        "state": status.state, "creator": user(request.state, &status.creator), "description": status.description,
        "environment": deployment.environment, "target_url": status.log_url, "created_at": status.created_at,
        "updated_at": status.created_at, "deployment_url": url, "repository_url": repository,
        "environment_url": status.environment_url, "log_url": status.log_url, "performed_via_github_app": null,
    })
}
