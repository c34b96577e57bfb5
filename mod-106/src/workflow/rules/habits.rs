//! What can be seen in one file without walking it: pins, permissions, keys, injection.

use super::list;
use crate::workflow::facts::whole;
use crate::workflow::finding::Finding;
use crate::workflow::model::{Body, Job, Permissions, Step, Workflow};
use crate::workflow::plan::is_local;
use crate::workflow::read::expressions;
use crate::workflow::source::Part;
use github_actions_expressions::{Expr, SpannedExpr};
use serde_json::Value as Json;

pub(super) fn apply(workflow: &Workflow, findings: &mut Vec<Finding>) {
    permissions(workflow, findings);
    for job in &workflow.jobs {
        let route = [Part::Key("jobs"), Part::Key(&job.id)];
        condition(workflow, job.condition.as_deref(), &route, findings);
        match &job.body {
            Body::Call { uses, inherits_secrets, .. } => {
                pin(workflow, uses, &route, findings);
                if !is_local(uses) {
                    let place = workflow.source.at(&[route[0], route[1], Part::Key("uses")]);
                    let message = format!("job `{}` calls a workflow of another repository, which is not read", job.id);
                    findings.push(list::ELSEWHERE.at(place, message));
                }
                if *inherits_secrets {
                    let place = workflow.source.at(&[route[0], route[1], Part::Key("secrets")]);
                    findings.push(list::SECRETS_INHERITED.at(place, format!("job `{}` hands on every secret", job.id)));
                }
            }
            Body::Steps { steps, .. } => steps.iter().for_each(|step| check_step(workflow, job, step, findings)),
        }
    }
    keys(workflow, &workflow.source.yaml, &mut Vec::new(), findings);
}

fn check_step(workflow: &Workflow, job: &Job, step: &Step, findings: &mut Vec<Finding>) {
    let mut route = vec![Part::Key("jobs"), Part::Key(&job.id), Part::Key("steps"), Part::Index(step.index.0)];
    if let Some(inner) = step.index.1 {
        route.extend([Part::Key("parallel"), Part::Index(inner)]);
    }
    condition(workflow, step.condition.as_deref(), &route, findings);
    if let Some(uses) = &step.uses {
        pin(workflow, uses, &route, findings);
    }
    if let Some(run) = &step.run {
        inject(workflow, run, &[route.as_slice(), &[Part::Key("run")]].concat(), findings);
    }
    if step.uses.as_deref().is_some_and(|uses| uses.starts_with("actions/github-script@")) {
        for (_, script) in step.with.iter().filter(|(name, _)| name == "script") {
            inject(workflow, script, &[route.as_slice(), &[Part::Key("with"), Part::Key("script")]].concat(), findings);
        }
    }
}

fn condition(workflow: &Workflow, condition: Option<&str>, route: &[Part<'_>], findings: &mut Vec<Finding>) {
    let Some(text) = condition.map(str::trim) else { return };
    if text.contains("${{") && whole(text).is_none() {
        let place = workflow.source.at(&[route, &[Part::Key("if")]].concat());
        findings.push(list::ALWAYS_TRUE.at(place, format!("the condition `{text}` is always true")));
    }
}

fn pin(workflow: &Workflow, uses: &str, route: &[Part<'_>], findings: &mut Vec<Finding>) {
    let hexadecimal = |text: &str, length| text.len() == length && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let pinned = match uses.strip_prefix("docker://") {
        Some(image) => image.split_once("@sha256:").is_some_and(|(_, digest)| hexadecimal(digest, 64)),
        None => is_local(uses) || uses.split_once('@').is_some_and(|(_, commit)| hexadecimal(commit, 40)),
    };
    if !pinned {
        let place = workflow.source.at(&[route, &[Part::Key("uses")]].concat());
        findings.push(list::UNPINNED.at(place, format!("`{uses}` is not pinned")));
    }
}

fn permissions(workflow: &Workflow, findings: &mut Vec<Finding>) {
    let top = [Part::Key("permissions")];
    if workflow.permissions.is_none() && workflow.jobs.iter().any(|job| job.permissions.is_none()) {
        let message = format!("`{}` does not say what its token may do", workflow.name);
        findings.push(list::PERMISSIONS_MISSING.at(workflow.source.at(&top), message));
    }
    match &workflow.permissions {
        Some(Permissions::WriteAll) => {
            let message = "every job may write everything";
            findings.push(list::PERMISSIONS_BROAD.at(workflow.source.at(&top), message));
        }
        Some(Permissions::Each(scopes)) if workflow.jobs.len() > 1 => {
            for (scope, _) in scopes.iter().filter(|(_, level)| level == "write") {
                let place = workflow.source.at(&[top[0], Part::Key(scope)]);
                findings.push(list::PERMISSIONS_BROAD.at(place, format!("every job may write `{scope}`")));
            }
        }
        _ => {}
    }
    for job in workflow.jobs.iter().filter(|job| job.permissions == Some(Permissions::WriteAll)) {
        let place = workflow.source.at(&[Part::Key("jobs"), Part::Key(&job.id), top[0]]);
        findings.push(list::PERMISSIONS_BROAD.at(place, format!("job `{}` may write everything", job.id)));
    }
}

/// Names under which people keep cloud keys.
const KEYS: [&str; 9] = [
    "aws_access_key_id",
    "aws_secret_access_key",
    "aws_session_token",
    "google_credentials",
    "google_application_credentials",
    "gcp_credentials",
    "azure_credentials",
    "azure_client_secret",
    "service_account_key",
];
/// Parts of such names.
const KEY_PARTS: [&str; 5] = ["secret_access_key", "credentials_json", "gcp_sa_key", "service_account_key", "gcp_key"];

fn keys<'a>(workflow: &Workflow, value: &'a Json, route: &mut Vec<Part<'a>>, findings: &mut Vec<Finding>) {
    match value {
        Json::String(text) => {
            for inner in expressions(text) {
                let Ok(expression) = Expr::parse(inner.trim()) else { continue };
                for name in secret_names(&expression) {
                    let plain = name.to_lowercase();
                    if KEYS.contains(&plain.as_str()) || KEY_PARTS.iter().any(|part| plain.contains(part)) {
                        let place = workflow.source.within(route, inner.trim());
                        findings.push(
                            list::LONG_LIVED_KEY.at(place, format!("`secrets.{name}` is a key that does not expire")),
                        );
                    }
                }
            }
        }
        Json::Array(items) => {
            for (position, item) in items.iter().enumerate() {
                route.push(Part::Index(position));
                keys(workflow, item, route, findings);
                route.pop();
            }
        }
        Json::Object(pairs) => {
            for (key, value) in pairs {
                route.push(Part::Key(key));
                keys(workflow, value, route, findings);
                route.pop();
            }
        }
        _ => {}
    }
}

fn secret_names<'a>(expression: &'a SpannedExpr<'_>) -> Vec<&'a str> {
    let contexts = expression.contexts().into_iter();
    contexts
        .filter(|(context, _)| context.child_of("secrets"))
        .filter_map(|(context, _)| context.single_tail())
        .collect()
}

/// What somebody else may have written: titles, branch names, inputs, and what other jobs and steps made of them.
const WRITTEN_BY_OTHERS: [&str; 8] =
    ["github.event", "github.head_ref", "github.ref", "github.ref_name", "inputs", "needs", "steps", "env"];

fn inject(workflow: &Workflow, script: &str, route: &[Part<'_>], findings: &mut Vec<Finding>) {
    for inner in expressions(script) {
        let Ok(expression) = Expr::parse(inner.trim()) else { continue };
        let found = expression.dataflow_contexts().into_iter().find(|(context, _)| {
            WRITTEN_BY_OTHERS.iter().any(|name| context.child_of(*name)) && !is_result(context.as_pattern().as_deref())
        });
        if let Some((_, origin)) = found {
            let place = workflow.source.within(route, inner.trim());
            findings.push(list::INJECTION.at(place, format!("`{}` is put into a script as it is", origin.raw)));
        }
    }
}

/// `needs.a.result`, `steps.a.outcome`: words that GitHub chooses.
fn is_result(pattern: Option<&str>) -> bool {
    let last = pattern.and_then(|pattern| pattern.rsplit('.').next());
    last.is_some_and(|last| ["result", "outcome", "conclusion"].iter().any(|word| last.eq_ignore_ascii_case(word)))
}
