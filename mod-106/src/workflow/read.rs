//! From YAML to a workflow. The types of `github-actions-models` decide what is well-formed; where they refuse a job or a step, the key
//! that they refuse is found by offering it alone. Expressions are parsed once here, so that later only values can be missing.

use super::finding::Finding;
use super::matrix::Matrix;
use super::model::{Body, Concurrency, Input, Job, Permissions, Step, Trigger, Workflow};
use super::rules::list;
use super::source::{Part, Source};
use github_actions_expressions::Expr;
use github_actions_models::common::Permissions as PermissionsModel;
use github_actions_models::workflow::job::{NormalJob, ReusableWorkflowCallJob, Step as StepModel};
use github_actions_models::workflow::{Concurrency as ConcurrencyModel, Trigger as TriggerModel};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json, json};
use std::path::Path;

type Refused = Vec<Finding>;

/// Reads a file as a workflow.
///
/// # Errors
/// All that is wrong with it, each with its place.
pub fn workflow(path: &Path, name: &str) -> Result<Workflow, Refused> {
    Source::read(path, name).map_err(|finding| vec![*finding]).and_then(from_source)
}

/// Understands YAML as a workflow.
///
/// # Errors
/// All that is wrong with it, each with its place.
pub fn from_source(source: Source) -> Result<Workflow, Refused> {
    let mut found = Vec::new();
    let refuse = |route: &[Part<'_>], message: String| list::MALFORMED.at(source.at(route), message);
    let Some(top) = source.yaml.as_object() else {
        let kind = kind(&source.yaml);
        return Err(vec![refuse(&[], format!("the file is {kind}, expected a mapping with `on` and `jobs`"))]);
    };
    for key in ["on", "jobs"] {
        if !top.contains_key(key) {
            found.push(refuse(&[], format!("the key `{key}` is missing; a workflow has `on` and `jobs`")));
        }
    }
    for (key, refused) in [
        ("on", top.get("on").and_then(refused_by::<TriggerModel>)),
        ("permissions", top.get("permissions").and_then(refused_by::<PermissionsModel>)),
        ("concurrency", top.get("concurrency").and_then(refused_by::<ConcurrencyModel>)),
    ] {
        found.extend(refused.map(|why| refuse(&[Part::Key(key)], format!("`{key}` is not as GitHub takes it: {why}"))));
    }
    let jobs = match top.get("jobs") {
        Some(Json::Object(jobs)) if !jobs.is_empty() => jobs.clone(),
        None => Map::new(),
        Some(other) => {
            let message = format!("`jobs` is {}, expected a mapping with at least one job", kind(other));
            found.push(refuse(&[Part::Key("jobs")], message));
            Map::new()
        }
    };
    for (id, job) in &jobs {
        check_job(&source, id, job, &mut found);
    }
    check_expressions(&source, &source.yaml, &mut Vec::new(), &mut found);
    if !found.is_empty() {
        return Err(found);
    }
    let (triggers, call) = triggers(top.get("on").unwrap_or(&Json::Null));
    let pipefail = default_shell(&source.yaml);
    let mut jobs: Vec<_> = jobs.iter().map(|(id, value)| job(id, value, pipefail)).collect();
    jobs.sort_by_key(|job| source.at(&[Part::Key("jobs"), Part::Key(&job.id)]).1);
    Ok(Workflow {
        name: text(top.get("name")).unwrap_or_else(|| source.name.clone()),
        triggers,
        call,
        permissions: permissions(top.get("permissions")),
        concurrency: concurrency(top.get("concurrency")),
        jobs,
        source,
    })
}

/// What serde says against a value, if it does.
fn refused_by<T: DeserializeOwned>(value: &Json) -> Option<String> {
    serde_json::from_value::<T>(value.clone()).err().map(|error| error.to_string())
}

fn check_job(source: &Source, id: &str, job: &Json, found: &mut Refused) {
    let route = [Part::Key("jobs"), Part::Key(id)];
    let legal = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
        && !id.starts_with(|first: char| first.is_ascii_digit() || first == '-');
    if !legal {
        let message = format!("`{id}` is no name for a job; letters, digits, `_` and `-`, a letter or `_` first");
        found.push(list::MALFORMED.at(source.at(&route), message));
    }
    let Some(keys) = job.as_object() else {
        let message = format!("job `{id}` is {}, expected a mapping", kind(job));
        found.push(list::MALFORMED.at(source.at(&route), message));
        return;
    };
    let before = found.len();
    if keys.contains_key("uses") {
        let least = json!({ "uses": "./a.yml" });
        check_keys::<ReusableWorkflowCallJob>(source, &route, keys, &least, found);
    } else {
        for (position, step) in keys.get("steps").and_then(Json::as_array).into_iter().flatten().enumerate() {
            check_step(source, id, position, step, found);
        }
        if found.len() == before {
            check_keys::<NormalJob>(source, &route, keys, &json!({ "runs-on": "a", "steps": [] }), found);
        }
    }
    if keys.get("steps").is_some_and(|steps| steps.as_array().is_some_and(Vec::is_empty)) {
        found.push(list::MALFORMED.at(source.at(&route), format!("job `{id}` has no steps, expected at least one")));
    }
}

fn check_step(source: &Source, id: &str, position: usize, step: &Json, found: &mut Refused) {
    let route = [Part::Key("jobs"), Part::Key(id), Part::Key("steps"), Part::Index(position)];
    let Some(keys) = step.as_object() else {
        let message = format!("step {} of job `{id}` is {}, expected a mapping", position + 1, kind(step));
        found.push(list::MALFORMED.at(source.at(&route), message));
        return;
    };
    let least = match (keys.contains_key("run"), keys.contains_key("uses")) {
        (true, true) => {
            let message = format!("step {} of job `{id}` has both `run` and `uses`, expected one", position + 1);
            found.push(list::MALFORMED.at(source.at(&route), message));
            return;
        }
        (true, false) => json!({ "run": "a" }),
        (false, true) => json!({ "uses": "a/b@c" }),
        (false, false) if ["wait", "wait-all", "cancel", "parallel"].iter().any(|key| keys.contains_key(*key)) => {
            Json::Null
        }
        (false, false) => {
            let message = format!("step {} of job `{id}` has neither `run` nor `uses`, expected one", position + 1);
            found.push(list::MALFORMED.at(source.at(&route), message));
            return;
        }
    };
    check_keys::<StepModel>(source, &route, keys, &least, found);
}

/// Offers a mapping to its type; where that refuses, each key alone beside the least that the type takes.
fn check_keys<T: DeserializeOwned>(
    source: &Source,
    route: &[Part<'_>],
    keys: &Map<String, Json>,
    least: &Json,
    found: &mut Refused,
) {
    let Some(why) = refused_by::<T>(&Json::Object(keys.clone())) else { return };
    let before = found.len();
    for (key, value) in keys {
        let Some(mut one) = least.as_object().cloned() else { break };
        one.insert(key.clone(), value.clone());
        if refused_by::<T>(&Json::Object(one)).is_some() {
            let place = source.at(&[route, &[Part::Key(key)]].concat());
            let shown = match value.to_string() {
                shown if shown.chars().count() <= 60 => shown,
                _ => kind(value).to_owned(),
            };
            found.push(list::MALFORMED.at(place, format!("`{key}` is not as GitHub takes it: found {shown}")));
        }
    }
    if found.len() == before {
        found.push(list::MALFORMED.at(source.at(route), format!("this is not as GitHub takes it: {why}")));
    }
}

/// Parses every `${{ … }}` and every `if`, wherever they stand.
fn check_expressions<'a>(source: &Source, value: &'a Json, route: &mut Vec<Part<'a>>, found: &mut Refused) {
    match value {
        Json::String(text) => {
            let condition = matches!(route.last(), Some(Part::Key("if")));
            let parts = if condition && !text.contains("${{") { vec![text.as_str()] } else { expressions(text) };
            for part in parts {
                if let Err(error) = Expr::parse(part.trim()) {
                    let message = format!("`{}`: {error}", part.trim());
                    found.push(list::EXPRESSION.at(source.within(route, part.trim()), message));
                }
            }
            if text.matches("${{").count() > expressions(text).len() {
                let place = source.within(route, "${{");
                found.push(list::EXPRESSION.at(place, "`${{` has no `}}` after it".to_owned()));
            }
        }
        Json::Array(items) => {
            for (position, item) in items.iter().enumerate() {
                route.push(Part::Index(position));
                check_expressions(source, item, route, found);
                route.pop();
            }
        }
        Json::Object(keys) => {
            for (key, value) in keys {
                route.push(Part::Key(key));
                check_expressions(source, value, route, found);
                route.pop();
            }
        }
        _ => {}
    }
}

/// The insides of each `${{ … }}` of a text; braces within quotes do not end one.
pub fn expressions(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("${{") {
        let mut quoted = false;
        let end = after.bytes().enumerate().position(|(at, byte)| {
            quoted ^= byte == b'\'';
            !quoted && after.as_bytes()[at..].starts_with(b"}}")
        });
        let Some(end) = end else { break };
        found.push(&after[..end]);
        rest = &after[end + 2..];
    }
    found
}

fn kind(value: &Json) -> &'static str {
    match value {
        Json::Null => "empty",
        Json::Bool(_) => "a boolean",
        Json::Number(_) => "a number",
        Json::String(_) => "text",
        Json::Array(_) => "a list",
        Json::Object(_) => "a mapping",
    }
}

/// A scalar as the text that GitHub makes of it.
fn text(value: Option<&Json>) -> Option<String> {
    match value? {
        Json::Null => None,
        Json::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// One text or a list of them.
fn texts(value: Option<&Json>) -> Vec<String> {
    match value {
        Some(Json::Array(items)) => items.iter().filter_map(|item| text(Some(item))).collect(),
        other => text(other).into_iter().collect(),
    }
}

fn pairs(value: Option<&Json>) -> Vec<(String, String)> {
    let each = value.and_then(Json::as_object).into_iter().flatten();
    each.map(|(key, value)| (key.clone(), text(Some(value)).unwrap_or_default())).collect()
}

fn triggers(on: &Json) -> (Vec<Trigger>, Option<Vec<Input>>) {
    let bodies: Vec<(String, &Json)> = match on {
        Json::Object(events) => events.iter().map(|(event, body)| (event.clone(), body)).collect(),
        other => texts(Some(other)).into_iter().map(|event| (event, &Json::Null)).collect(),
    };
    let mut triggers = Vec::new();
    let mut call = None;
    for (event, body) in bodies {
        let inputs = inputs(body.get("inputs"));
        if event == "workflow_call" {
            call = Some(inputs);
        } else {
            triggers.push(Trigger { event, branches: texts(body.get("branches")), inputs });
        }
    }
    (triggers, call)
}

fn inputs(value: Option<&Json>) -> Vec<Input> {
    let each = value.and_then(Json::as_object).into_iter().flatten();
    each.map(|(name, body)| Input {
        name: name.clone(),
        kind: text(body.get("type")).unwrap_or_else(|| "string".to_owned()),
        options: texts(body.get("options")),
        default: body.get("default").cloned(),
    })
    .collect()
}

fn permissions(value: Option<&Json>) -> Option<Permissions> {
    Some(match value? {
        Json::String(word) if word == "write-all" => Permissions::WriteAll,
        Json::String(_) => Permissions::ReadAll,
        each => Permissions::Each(pairs(Some(each))),
    })
}

fn concurrency(value: Option<&Json>) -> Option<Concurrency> {
    let value = value?;
    let group = text(value.get("group").or(Some(value)))?;
    Some(Concurrency { group, cancels: text(value.get("cancel-in-progress")).unwrap_or_else(|| "false".to_owned()) })
}

/// Without `shell: bash` the shell is `bash -e`, and a failure before a pipe is lost.
fn default_shell(of: &Json) -> bool {
    text(of.pointer("/defaults/run/shell")).is_some_and(|shell| shell == "bash")
}

fn job(id: &str, value: &Json, pipefail: bool) -> Job {
    let pipefail = pipefail || default_shell(value);
    let body = match text(value.get("uses")) {
        Some(uses) => Body::Call {
            uses: uses.into(),
            with: value.get("with").and_then(Json::as_object).cloned().unwrap_or_default().into_iter().collect(),
            inherits_secrets: text(value.get("secrets")).is_some_and(|word| word == "inherit"),
        },
        None => Body::Steps {
            steps: steps(value.get("steps"), pipefail),
            environment: match value.get("environment") {
                Some(Json::Object(environment)) => text(environment.get("name")),
                other => text(other),
            },
            continues: text(value.get("continue-on-error")).unwrap_or_else(|| "false".to_owned()),
            outputs: pairs(value.get("outputs")),
            pipefail,
            env: pairs(value.get("env")),
        },
    };
    Job {
        id: id.to_owned(),
        needs: texts(value.get("needs")),
        condition: text(value.get("if")),
        permissions: permissions(value.get("permissions")),
        concurrency: concurrency(value.get("concurrency")),
        matrix: Matrix::of(value),
        body,
    }
}

fn steps(value: Option<&Json>, pipefail: bool) -> Vec<Step> {
    let mut steps = Vec::new();
    for (position, value) in value.and_then(Json::as_array).into_iter().flatten().enumerate() {
        match value.get("parallel").and_then(Json::as_array) {
            Some(parallel) => {
                let each = parallel.iter().enumerate();
                steps.extend(each.map(|(inner, value)| step((position, Some(inner)), value, pipefail)));
            }
            None => steps.push(step((position, None), value, pipefail)),
        }
    }
    steps
}

fn step(index: (usize, Option<usize>), value: &Json, pipefail: bool) -> Step {
    Step {
        index,
        condition: text(value.get("if")),
        run: text(value.get("run")),
        pipefail: text(value.get("shell")).map_or(pipefail, |shell| shell == "bash" || shell.contains("pipefail")),
        uses: text(value.get("uses")),
        with: pairs(value.get("with")),
        env: pairs(value.get("env")),
        continues: text(value.get("continue-on-error")).unwrap_or_else(|| "false".to_owned()),
    }
}
