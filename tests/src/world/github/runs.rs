//! Workflow runs: which wait for whom, who decided what, and workflows that are asked to run.

use super::{
    environments::{reviewers, short},
    routes::Request,
    shape::{error, invalid, not_found, repository, user},
    state::{Deployment, Dispatch, Environment, Review, Run, now},
};
use crate::world::serve::Reply;
use serde_json::{Value, json};

pub(super) fn list(request: &mut Request<'_>, _: &[&str]) -> Reply {
    let asked = request.asked;
    let wanted = |name: &str, found: &str| asked.first(name).is_none_or(|value| value == found);
    let runs = request.state.repositories[request.key].runs.clone();
    let found = runs.iter().rev().filter(|run| {
        let ended_so = asked.first("status").is_some_and(|status| run.conclusion.as_deref() == Some(status));
        (wanted("status", &run.status) || ended_so) && wanted("event", run.event) && wanted("head_sha", &run.head_sha)
    });
    let entries = found.map(|run| shown(request, run)).collect();
    request.counted_page("workflow_runs", entries)
}

pub(super) fn get(request: &mut Request<'_>, rest: &[&str]) -> Reply {
    find(request, rest).map_or_else(not_found, |run| Reply::json(200, &shown(request, &run)))
}

pub(super) fn pending(request: &mut Request<'_>, rest: &[&str]) -> Reply {
    let Some(run) = find(request, rest) else { return not_found() };
    let waiting: Vec<Environment> = environments(request, &run.pending);
    let entries: Vec<Value> = waiting
        .iter()
        .map(|environment| {
            json!({
                "environment": short(request, environment), "wait_timer": 0, "wait_timer_started_at": null,
                "current_user_can_approve": environment.reviewers.iter().any(|login| login == request.user),
                "reviewers": reviewers(request, environment),
            })
        })
        .collect();
    Reply::json(200, &entries.into())
}

pub(super) fn review(request: &mut Request<'_>, rest: &[&str]) -> Reply {
    let Some(run) = find(request, rest) else { return not_found() };
    let state = request.text("state").filter(|state| ["approved", "rejected"].contains(state)).map(str::to_owned);
    let Some(state) = state else { return invalid("PendingDeployment", "state", "invalid") };
    let Some(comment) = request.text("comment").map(str::to_owned) else {
        return invalid("PendingDeployment", "comment", "missing_field");
    };
    let ids = request.body.get("environment_ids").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let ids: Vec<u64> = ids.iter().filter_map(Value::as_u64).collect();
    let waiting = environments(request, &run.pending);
    let chosen: Vec<&Environment> = waiting.iter().filter(|environment| ids.contains(&environment.id)).collect();
    if ids.is_empty() || chosen.len() != ids.len() {
        return error(422, "There are no pending deployment requests for the given environments.");
    }
    if chosen.iter().any(|environment| !environment.reviewers.iter().any(|login| login == request.user)) {
        return error(
            422,
            "The user is not a required reviewer of the environment, and cannot review this deployment.",
        );
    }
    let names: Vec<String> = chosen.iter().map(|environment| environment.name.clone()).collect();
    let reviewer = request.user.to_owned();
    if let Some(kept) = request.state.repositories.get_mut(request.key) {
        for name in &names {
            let review = Review {
                environment: name.clone(),
                state: state.clone(),
                user: reviewer.clone(),
                comment: comment.clone(),
            };
            kept.reviews.push((run.id, review));
        }
        if let Some(known) = kept.runs.iter_mut().find(|known| known.id == run.id) {
            known.pending.retain(|name| !names.contains(name));
            if state == "rejected" {
                (known.status, known.conclusion) = ("completed".to_owned(), Some("failure".to_owned()));
                known.pending.clear();
            } else if known.pending.is_empty() {
                (known.status, known.conclusion) = ("completed".to_owned(), Some("success".to_owned()));
            }
        }
    }
    let entries: Vec<Value> = names.iter().map(|name| deployment_of(request, &run, name)).collect();
    Reply::json(200, &entries.into())
}

/// The run's own deployment to an environment: GitHub makes one for each job. It is no deployment that a client has made, so it is
/// shown here and kept nowhere.
fn deployment_of(request: &mut Request<'_>, run: &Run, environment: &str) -> Value {
    let id = request.state.id();
    let deployment = Deployment {
        id,
        sha: run.head_sha.clone(),
        git_ref: "main".to_owned(),
        task: "deploy".to_owned(),
        environment: environment.to_owned(),
        payload: json!({}),
        description: None,
        creator: run.actor.clone(),
        statuses: Vec::new(),
        created_at: now(),
        transient: false,
        production: environment == "production",
    };
    super::deployments::shown(request, &deployment)
}

pub(super) fn approvals(request: &mut Request<'_>, rest: &[&str]) -> Reply {
    let Some(run) = find(request, rest) else { return not_found() };
    let kept = &request.state.repositories[request.key];
    let reviews: Vec<Review> =
        kept.reviews.iter().filter(|(of, _)| *of == run.id).map(|(_, review)| review.clone()).collect();
    let entries: Vec<Value> = reviews
        .iter()
        .map(|review| {
            let environments = environments(request, std::slice::from_ref(&review.environment));
            let environments: Vec<Value> = environments.iter().map(|found| short(request, found)).collect();
            let user = user(request.state, &review.user);
            json!({"state": review.state, "comment": review.comment, "user": user, "environments": environments})
        })
        .collect();
    Reply::json(200, &entries.into())
}

pub(super) fn dispatch(request: &mut Request<'_>, rest: &[&str]) -> Reply {
    let wanted = rest.get(2).copied().unwrap_or_default();
    let kept = &request.state.repositories[request.key];
    let found = kept.workflows.iter().find(|workflow| workflow.file == wanted || workflow.id.to_string() == wanted);
    let Some(workflow) = found.cloned() else { return not_found() };
    let Some(git_ref) = request.text("ref").map(str::to_owned) else {
        return invalid("WorkflowDispatch", "ref", "missing_field");
    };
    let Some(head_sha) = kept.resolve(&git_ref).cloned() else {
        return error(422, format!("No ref found for: {git_ref}"));
    };
    let number = kept.runs.len() as u64 + 1;
    let inputs = request.body.get("inputs").cloned().unwrap_or_else(|| json!({}));
    let names = inputs.as_object().map(|inputs| inputs.keys().cloned().collect::<Vec<_>>()).unwrap_or_default();
    let unexpected: Vec<&String> = names.iter().filter(|name| !workflow.inputs.contains(name)).collect();
    if !unexpected.is_empty() {
        return error(422, format!("Unexpected inputs provided: {unexpected:?}"));
    }
    let id = request.state.id();
    let run = Run {
        id,
        number,
        workflow: workflow.file.clone(),
        event: "workflow_dispatch",
        actor: request.user.to_owned(),
        head_sha,
        status: "queued".to_owned(),
        conclusion: None,
        pending: Vec::new(),
        created_at: now(),
    };
    let shown = shown(request, &run);
    if let Some(kept) = request.state.repositories.get_mut(request.key) {
        kept.runs.push(run);
        kept.dispatches.push(Dispatch { workflow: workflow.file, git_ref, inputs });
    }
    if request.body["return_run_details"] == true {
        let details = json!({"workflow_run_id": id, "run_url": shown["url"], "html_url": shown["html_url"]});
        return Reply::json(200, &details);
    }
    Reply::empty(204)
}

fn environments(request: &Request<'_>, names: &[String]) -> Vec<Environment> {
    let kept = &request.state.repositories[request.key];
    names.iter().filter_map(|name| kept.environment(name)).cloned().collect()
}

fn find(request: &Request<'_>, rest: &[&str]) -> Option<Run> {
    let id: u64 = rest.get(2)?.parse().ok()?;
    request.state.repositories[request.key].runs.iter().find(|known| known.id == id).cloned()
}

fn shown(request: &mut Request<'_>, run: &Run) -> Value {
    let kept = &request.state.repositories[request.key];
    let url = format!("{}/repos/{}/actions/runs/{}", request.state.url, kept.full_name, run.id);
    let html_url = format!("https://github.com/{}/actions/runs/{}", kept.full_name, run.id);
    let workflow_id = kept.workflows.iter().find(|known| known.file == run.workflow).map(|known| known.id);
    let repository = repository(request.state, kept);
    json!({
        "id": run.id, "node_id": format!("WFR_{}", run.id), "name": run.workflow, "display_title": run.workflow,
        "head_branch": "main", "head_sha": run.head_sha, "path": format!(".github/workflows/{}", run.workflow),
        "run_number": run.number, "run_attempt": 1, "event": run.event, "status": run.status,
        "conclusion": run.conclusion, "workflow_id": workflow_id.unwrap_or_default(), "url": url,
        "html_url": html_url, "jobs_url": format!("{url}/jobs"), "logs_url": format!("{url}/logs"),
        "created_at": run.created_at, "updated_at": run.created_at, "run_started_at": run.created_at,
        "actor": user(request.state, &run.actor), "repository": repository,
    })
}
