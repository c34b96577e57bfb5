//! What is defined, as Feast's REST registry server tells it (`feast/api/registry/rest`): entities, data sources, feature views,
//! feature services, saved datasets, and how they hang together.
//!
//! Shapes are protocol buffers' JSON of `feast.core`: camelCase, enums as words, times and lengths as text. Lists are whole: a
//! repository's file is small, and a page too few would be a gap in a catalogue. `page` and `limit` are obeyed when given.

use super::State;
use crate::features::definitions::{About, FeatureView, Repository, Source};
use axum::Router;
use axum::extract::{Path, Query, State as Shared};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

/// The registry's reads.
pub(super) fn router() -> Router<Arc<State>> {
    Router::new()
        .route("/projects", get(projects))
        .route("/lineage/registry", get(lineage))
        .route("/{kind}", get(list))
        .route("/{kind}/{name}", get(one))
}

#[derive(Debug, Deserialize)]
struct Wanted {
    project: Option<String>,
    page: Option<usize>,
    limit: Option<usize>,
}

/// A refusal, in the registry server's own form.
fn refusal(status: StatusCode, kind: &str, detail: String) -> Response {
    let body = json!({ "status_code": status.as_u16(), "detail": detail, "error_type": kind });
    (status, axum::Json(body)).into_response()
}

fn no_project() -> Response {
    let detail = "give the project, as in ?project=NAME".to_owned();
    refusal(StatusCode::UNPROCESSABLE_ENTITY, "RequestValidationError", detail)
}

async fn projects(state: Shared<Arc<State>>) -> axum::Json<Value> {
    let project = json!({ "spec": { "name": state.repository.project } });
    axum::Json(json!({ "projects": [project], "pagination": { "totalCount": 1 } }))
}

/// All of one kind, by the name of its list in an answer.
fn objects(repository: &Repository, kind: &str) -> Option<(&'static str, Vec<Value>)> {
    Some(match kind {
        "entities" => ("entities", entities(repository)),
        "data_sources" => ("dataSources", data_sources(repository)),
        "feature_views" => ("featureViews", repository.feature_views.iter().map(|it| view(repository, it)).collect()),
        "feature_services" => ("featureServices", services(repository)),
        "saved_datasets" => ("savedDatasets", saved_datasets(repository)),
        _ => return None,
    })
}

async fn list(state: Shared<Arc<State>>, Path(kind): Path<String>, Query(wanted): Query<Wanted>) -> Response {
    let Some((key, mut all)) = objects(&state.repository, &kind) else {
        return refusal(StatusCode::NOT_FOUND, "HTTPException", "Not Found".to_owned());
    };
    let Some(project) = wanted.project else { return no_project() };
    if project != state.repository.project {
        all.clear();
    }
    let total = all.len();
    let (page, limit) = (wanted.page.unwrap_or(1).max(1), wanted.limit.unwrap_or(total.max(1)));
    let shown: Vec<_> = all.into_iter().skip((page - 1).saturating_mul(limit)).take(limit).collect();
    axum::Json(json!({ key: shown, "pagination": { "totalCount": total } })).into_response()
}

async fn one(
    state: Shared<Arc<State>>,
    Path((kind, name)): Path<(String, String)>,
    Query(wanted): Query<Wanted>,
) -> Response {
    let Some((_, all)) = objects(&state.repository, &kind) else {
        return refusal(StatusCode::NOT_FOUND, "HTTPException", "Not Found".to_owned());
    };
    let Some(project) = wanted.project else { return no_project() };
    let is_it = |it: &&Value| [it.pointer("/spec/name"), it.get("name")].into_iter().flatten().any(|it| *it == name);
    match all.iter().find(is_it).filter(|_| project == state.repository.project) {
        Some(found) => axum::Json(found.clone()).into_response(),
        None => {
            let detail = format!("{kind}: {name} does not exist in project {project}");
            refusal(StatusCode::NOT_FOUND, "FeastObjectNotFoundException", detail)
        }
    }
}

async fn lineage(state: Shared<Arc<State>>, Query(wanted): Query<Wanted>) -> Response {
    let Some(project) = wanted.project else { return no_project() };
    let repository = &state.repository;
    let mut relationships = Vec::new();
    let mut relate = |from: (&str, &str), to: (&str, &str)| {
        let end = |(kind, name): (&str, &str)| json!({ "type": kind, "name": name });
        relationships.push(json!({ "source": end(from), "target": end(to) }));
    };
    if project == repository.project {
        for service in &repository.feature_services {
            for reference in &service.features {
                let view = reference.split(':').next().unwrap_or_default();
                relate(("featureView", view), ("featureService", &service.name));
            }
        }
        for view in &repository.feature_views {
            let target = ("featureView", view.name.as_str());
            view.entities.iter().for_each(|entity| relate(("entity", entity), target));
            view.features.iter().for_each(|feature| relate(("feature", &feature.name), target));
            if let Ok(source) = repository.source_of(view) {
                relate(("dataSource", &source.name), target);
            }
        }
    }
    axum::Json(json!({ "relationships": relationships, "indirect_relationships": [] })).into_response()
}

/// Adds what something says about itself, as protocol buffers leave empty fields out.
fn with_about(mut spec: Value, about: &About) -> Value {
    if !about.description.is_empty() {
        spec["description"] = json!(about.description);
    }
    if !about.owner.is_empty() {
        spec["owner"] = json!(about.owner);
    }
    if !about.tags.is_empty() {
        spec["tags"] = json!(about.tags);
    }
    spec
}

fn entities(repository: &Repository) -> Vec<Value> {
    let spec = |it: &crate::features::definitions::Entity| {
        let spec = json!({ "name": it.name, "valueType": it.value_type.word(), "joinKey": it.join_key });
        json!({ "spec": with_about(spec, &it.about) })
    };
    repository.entities.iter().map(spec).collect()
}

fn file_source(source: &Source) -> Value {
    let mut value = json!({
        "name": source.name,
        "type": "BATCH_FILE",
        "timestampField": source.timestamp_field,
        "fileOptions": { "uri": source.path },
    });
    if let Some(column) = &source.created_timestamp_column {
        value["createdTimestampColumn"] = json!(column);
    }
    with_about(value, &source.about)
}

fn data_sources(repository: &Repository) -> Vec<Value> {
    let behind = |name: &str| repository.sources.iter().find(|source| source.name == name).map(file_source);
    let push = |it: &crate::features::definitions::PushSource| {
        let batch = behind(&it.batch_source).unwrap_or_default();
        let mut value = json!({ "name": it.name, "type": "PUSH_SOURCE", "batchSource": batch });
        // What is pushed has its times where the batch behind it has them, and Feast says so twice.
        for key in ["timestampField", "createdTimestampColumn"] {
            if let Some(column) = batch.get(key) {
                value[key] = column.clone();
            }
        }
        with_about(value, &it.about)
    };
    repository.sources.iter().map(file_source).chain(repository.push_sources.iter().map(push)).collect()
}

fn view(repository: &Repository, view: &FeatureView) -> Value {
    let features: Vec<_> = view
        .features
        .iter()
        .map(|it| {
            let about = About { description: it.description.clone(), ..About::default() };
            with_about(json!({ "name": it.name, "valueType": it.dtype.word() }), &about)
        })
        .collect();
    let mut spec = json!({ "name": view.name, "entities": view.entities, "features": features, "online": view.online });
    if !view.ttl.is_zero() {
        spec["ttl"] = json!(format!("{}s", view.ttl.as_secs()));
    }
    if let Ok(source) = repository.source_of(view) {
        spec["batchSource"] = file_source(source);
    }
    if repository.push_sources.iter().any(|push| push.name == view.source) {
        spec["streamSource"] = json!({ "name": view.source, "type": "PUSH_SOURCE" });
    }
    json!({ "type": "featureView", "spec": with_about(spec, &view.about) })
}

fn services(repository: &Repository) -> Vec<Value> {
    let mut all = Vec::new();
    for service in &repository.feature_services {
        let mut projections: Vec<Value> = Vec::new();
        for reference in repository.features(&service.features).unwrap_or_default() {
            let column = json!({ "name": reference.feature.name, "valueType": reference.feature.dtype.word() });
            let name = &reference.view.name;
            match projections.iter_mut().find(|it| it["featureViewName"] == **name) {
                Some(known) => {
                    known["featureColumns"].as_array_mut().into_iter().for_each(|it| it.push(column.clone()));
                }
                None => projections.push(json!({ "featureViewName": name, "featureColumns": [column] })),
            }
        }
        all.push(
            json!({ "spec": with_about(json!({ "name": service.name, "features": projections }), &service.about) }),
        );
    }
    all
}

fn saved_datasets(repository: &Repository) -> Vec<Value> {
    let spec = |it: &crate::features::definitions::SavedDataset| {
        let storage = json!({ "fileStorage": { "uri": it.path } });
        json!({ "spec": with_about(json!({ "name": it.name, "features": it.features, "storage": storage }), &it.about) })
    };
    repository.saved_datasets.iter().map(spec).collect()
}
