//! Every route of the server, with its method, path, demand and handler.
//!
//! A route without a demand cannot be written, and the tests below knock at each one.

use crate::server::auth::access::Access;
use crate::server::auth::permission::Right::{Manage, Read, Update};
use crate::server::routes::{
    Answer, Call, artifacts, experiments, inputs, logging, metrics, model_versions, multipart, nothing, permissions,
    registered_models, runs, users,
};
use axum::body::Body;
use axum::http::Method;
use futures::future::BoxFuture;

/// A route.
pub struct Route {
    /// The method.
    pub method: Method,
    /// The path: below both API prefixes, or as it stands.
    pub path: Path,
    /// What it demands of its sender.
    pub access: Access,
    /// What answers it.
    pub handler: Handler,
}

/// Where a route is mounted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Path {
    /// Below `/api/2.0` and `/ajax-api/2.0`.
    Api(&'static str),
    /// As it stands.
    Root(&'static str),
}

/// What answers a route.
#[derive(Clone, Copy)]
pub enum Handler {
    /// Fields in, a response out.
    Fields(fn(Call) -> BoxFuture<'static, Answer>),
    /// A stream in, a response out.
    Stream(fn(Call, Body) -> BoxFuture<'static, Answer>),
}

fn api(method: Method, path: &'static str, access: Access, handler: fn(Call) -> BoxFuture<'static, Answer>) -> Route {
    Route { method, path: Path::Api(path), access, handler: Handler::Fields(handler) }
}

/// The whole table.
#[must_use]
pub fn routes() -> Vec<Route> {
    let mut routes = vec![
        Route {
            method: Method::GET,
            path: Path::Root("/health"),
            access: Access::Public,
            handler: Handler::Fields(|_| Box::pin(async { Ok(axum::response::Response::new(Body::from("OK"))) })),
        },
        Route {
            method: Method::GET,
            path: Path::Root("/version"),
            access: Access::SignedIn,
            handler: Handler::Fields(|_| Box::pin(async { Ok(axum::response::Response::new(Body::from("2.22.5"))) })),
        },
    ];
    routes.extend(experiment_routes());
    routes.extend(run_routes());
    routes.extend(registered_model_routes());
    routes.extend(model_version_routes());
    routes.extend(artifact_routes());
    routes.extend(user_routes());
    routes
}

fn experiment_routes() -> Vec<Route> {
    let (get, post) = (Method::GET, Method::POST);
    vec![
        api(post.clone(), "/mlflow/experiments/create", Access::SignedIn, |call| Box::pin(experiments::create(call))),
        api(get.clone(), "/mlflow/experiments/get", Access::Experiment(Read), |call| Box::pin(experiments::get(call))),
        api(get.clone(), "/mlflow/experiments/get-by-name", Access::ExperimentByName(Read), |call| {
            Box::pin(experiments::get_by_name(call))
        }),
        api(get, "/mlflow/experiments/search", Access::SignedIn, |call| Box::pin(experiments::search(call))),
        api(post.clone(), "/mlflow/experiments/search", Access::SignedIn, |call| Box::pin(experiments::search(call))),
        api(post.clone(), "/mlflow/experiments/update", Access::Experiment(Update), |call| {
            Box::pin(experiments::update(call))
        }),
        api(post.clone(), "/mlflow/experiments/delete", Access::Experiment(Manage), |call| {
            Box::pin(experiments::delete(call))
        }),
        api(post.clone(), "/mlflow/experiments/restore", Access::Experiment(Manage), |call| {
            Box::pin(experiments::restore(call))
        }),
        api(post.clone(), "/mlflow/experiments/set-experiment-tag", Access::Experiment(Update), |call| {
            Box::pin(experiments::set_tag(call))
        }),
        api(post.clone(), "/mlflow/experiments/delete-experiment-tag", Access::Experiment(Update), |call| {
            Box::pin(experiments::delete_tag(call))
        }),
        api(post.clone(), "/mlflow/experiments/search-datasets", Access::SignedIn, |call| {
            Box::pin(inputs::search_datasets(call))
        }),
        // MLflow's own definition lacks a slash, so its clients call this path.
        Route {
            method: post,
            path: Path::Root("/api/2.0mlflow/experiments/search-datasets"),
            access: Access::SignedIn,
            handler: Handler::Fields(|call| Box::pin(inputs::search_datasets(call))),
        },
    ]
}

fn run_routes() -> Vec<Route> {
    let (get, post) = (Method::GET, Method::POST);
    vec![
        api(post.clone(), "/mlflow/runs/create", Access::Experiment(Update), |call| Box::pin(runs::create(call))),
        api(get.clone(), "/mlflow/runs/get", Access::Run(Read), |call| Box::pin(runs::get(call))),
        api(post.clone(), "/mlflow/runs/update", Access::Run(Update), |call| Box::pin(runs::update(call))),
        api(post.clone(), "/mlflow/runs/delete", Access::Run(Manage), |call| Box::pin(runs::delete(call))),
        api(post.clone(), "/mlflow/runs/restore", Access::Run(Manage), |call| Box::pin(runs::restore(call))),
        api(post.clone(), "/mlflow/runs/search", Access::SignedIn, |call| Box::pin(runs::search(call))),
        api(post.clone(), "/mlflow/runs/log-metric", Access::Run(Update), |call| Box::pin(logging::metric(call))),
        api(post.clone(), "/mlflow/runs/log-parameter", Access::Run(Update), |call| Box::pin(logging::param(call))),
        api(post.clone(), "/mlflow/runs/set-tag", Access::Run(Update), |call| Box::pin(logging::set_tag(call))),
        api(post.clone(), "/mlflow/runs/delete-tag", Access::Run(Update), |call| Box::pin(logging::delete_tag(call))),
        api(post.clone(), "/mlflow/runs/log-batch", Access::Run(Update), |call| Box::pin(logging::batch(call))),
        api(post.clone(), "/mlflow/runs/log-model", Access::Run(Update), |call| Box::pin(logging::model(call))),
        api(post.clone(), "/mlflow/runs/log-inputs", Access::Run(Update), |call| Box::pin(inputs::log(call))),
        // MLflow 3 asks for a run's logged models wherever it lists artifacts. In 2.x's world there are none.
        api(post, "/mlflow/logged-models/search", Access::SignedIn, |_| Box::pin(async { nothing() })),
        api(get.clone(), "/mlflow/metrics/get-history", Access::Run(Read), |call| Box::pin(metrics::history(call))),
        api(get.clone(), "/mlflow/metrics/get-history-bulk", Access::Runs("run_id", Read), |call| {
            Box::pin(metrics::history_bulk(call))
        }),
        api(get.clone(), "/mlflow/metrics/get-history-bulk-interval", Access::Runs("run_ids", Read), |call| {
            Box::pin(metrics::history_bulk_interval(call))
        }),
        api(get, "/mlflow/artifacts/list", Access::Run(Read), |call| Box::pin(artifacts::list_of_run(call))),
    ]
}

fn registered_model_routes() -> Vec<Route> {
    let (get, post, delete) = (Method::GET, Method::POST, Method::DELETE);
    let latest: fn(Call) -> BoxFuture<'static, Answer> = |call| Box::pin(registered_models::latest_versions(call));
    vec![
        api(post.clone(), "/mlflow/registered-models/create", Access::SignedIn, |call| {
            Box::pin(registered_models::create(call))
        }),
        api(get.clone(), "/mlflow/registered-models/get", Access::Model(Read), |call| {
            Box::pin(registered_models::get(call))
        }),
        api(get.clone(), "/mlflow/registered-models/search", Access::SignedIn, |call| {
            Box::pin(registered_models::search(call))
        }),
        api(Method::PATCH, "/mlflow/registered-models/update", Access::Model(Update), |call| {
            Box::pin(registered_models::update(call))
        }),
        api(post.clone(), "/mlflow/registered-models/rename", Access::Model(Update), |call| {
            Box::pin(registered_models::rename(call))
        }),
        api(delete.clone(), "/mlflow/registered-models/delete", Access::Model(Manage), |call| {
            Box::pin(registered_models::delete(call))
        }),
        api(get.clone(), "/mlflow/registered-models/get-latest-versions", Access::Model(Read), latest),
        api(post.clone(), "/mlflow/registered-models/get-latest-versions", Access::Model(Read), latest),
        api(post.clone(), "/mlflow/registered-models/set-tag", Access::Model(Update), |call| {
            Box::pin(registered_models::set_tag(call))
        }),
        api(delete.clone(), "/mlflow/registered-models/delete-tag", Access::Model(Update), |call| {
            Box::pin(registered_models::delete_tag(call))
        }),
        api(post, "/mlflow/registered-models/alias", Access::Model(Update), |call| {
            Box::pin(model_versions::set_alias(call))
        }),
        api(get, "/mlflow/registered-models/alias", Access::Model(Read), |call| {
            Box::pin(model_versions::get_by_alias(call))
        }),
        api(delete, "/mlflow/registered-models/alias", Access::Model(Manage), |call| {
            Box::pin(model_versions::delete_alias(call))
        }),
    ]
}

fn model_version_routes() -> Vec<Route> {
    let (get, post, delete) = (Method::GET, Method::POST, Method::DELETE);
    vec![
        api(post.clone(), "/mlflow/model-versions/create", Access::Model(Update), |call| {
            Box::pin(model_versions::create(call))
        }),
        api(get.clone(), "/mlflow/model-versions/get", Access::Model(Read), |call| Box::pin(model_versions::get(call))),
        api(get.clone(), "/mlflow/model-versions/search", Access::SignedIn, |call| {
            Box::pin(model_versions::search(call))
        }),
        api(Method::PATCH, "/mlflow/model-versions/update", Access::Model(Update), |call| {
            Box::pin(model_versions::update(call))
        }),
        api(delete.clone(), "/mlflow/model-versions/delete", Access::Model(Manage), |call| {
            Box::pin(model_versions::delete(call))
        }),
        api(post.clone(), "/mlflow/model-versions/transition-stage", Access::Model(Update), |call| {
            Box::pin(model_versions::transition_stage(call))
        }),
        api(get, "/mlflow/model-versions/get-download-uri", Access::Model(Read), |call| {
            Box::pin(model_versions::download_uri(call))
        }),
        api(post, "/mlflow/model-versions/set-tag", Access::Model(Update), |call| {
            Box::pin(model_versions::set_tag(call))
        }),
        api(delete, "/mlflow/model-versions/delete-tag", Access::Model(Manage), |call| {
            Box::pin(model_versions::delete_tag(call))
        }),
    ]
}

fn artifact_routes() -> Vec<Route> {
    const FILE: &str = "/mlflow-artifacts/artifacts/{*path}";
    let root = |path, access, handler| Route {
        method: Method::GET,
        path: Path::Root(path),
        access,
        handler: Handler::Fields(handler),
    };
    vec![
        api(Method::GET, "/mlflow-artifacts/artifacts", Access::Artifact(Read), |call| Box::pin(artifacts::list(call))),
        api(Method::GET, FILE, Access::Artifact(Read), |call| Box::pin(artifacts::download(call))),
        api(Method::DELETE, FILE, Access::Artifact(Manage), |call| Box::pin(artifacts::delete(call))),
        Route {
            method: Method::PUT,
            path: Path::Api(FILE),
            access: Access::Artifact(Update),
            handler: Handler::Stream(|call, body| Box::pin(artifacts::upload(call, body))),
        },
        api(Method::POST, "/mlflow-artifacts/mpu/create/{*path}", Access::Artifact(Update), |call| {
            Box::pin(multipart::create(call))
        }),
        api(Method::POST, "/mlflow-artifacts/mpu/complete/{*path}", Access::Artifact(Update), |call| {
            Box::pin(multipart::complete(call))
        }),
        api(Method::POST, "/mlflow-artifacts/mpu/abort/{*path}", Access::Artifact(Update), |call| {
            Box::pin(multipart::abort(call))
        }),
        root("/get-artifact", Access::Run(Read), |call| Box::pin(artifacts::download_of_run(call))),
        root("/model-versions/get-artifact", Access::Model(Read), |call| {
            Box::pin(artifacts::download_of_version(call))
        }),
    ]
}

fn user_routes() -> Vec<Route> {
    let (get, post, patch, delete) = (Method::GET, Method::POST, Method::PATCH, Method::DELETE);
    let (experiment, model) = (Access::Experiment(Manage), Access::Model(Manage));
    vec![
        api(post.clone(), "/mlflow/users/create", Access::Admin, |call| Box::pin(users::create(call))),
        api(get.clone(), "/mlflow/users/get", Access::Oneself, |call| Box::pin(users::get(call))),
        api(patch.clone(), "/mlflow/users/update-password", Access::Oneself, |call| {
            Box::pin(users::update_password(call))
        }),
        api(patch.clone(), "/mlflow/users/update-admin", Access::Admin, |call| Box::pin(users::update_admin(call))),
        api(delete.clone(), "/mlflow/users/delete", Access::Admin, |call| Box::pin(users::delete(call))),
        api(post.clone(), "/mlflow/experiments/permissions/create", experiment, |call| {
            Box::pin(permissions::create_on_experiment(call))
        }),
        api(get.clone(), "/mlflow/experiments/permissions/get", experiment, |call| {
            Box::pin(permissions::get_on_experiment(call))
        }),
        api(patch.clone(), "/mlflow/experiments/permissions/update", experiment, |call| {
            Box::pin(permissions::update_on_experiment(call))
        }),
        api(delete.clone(), "/mlflow/experiments/permissions/delete", experiment, |call| {
            Box::pin(permissions::delete_on_experiment(call))
        }),
        api(post, "/mlflow/registered-models/permissions/create", model, |call| {
            Box::pin(permissions::create_on_model(call))
        }),
        api(get, "/mlflow/registered-models/permissions/get", model, |call| Box::pin(permissions::get_on_model(call))),
        api(patch, "/mlflow/registered-models/permissions/update", model, |call| {
            Box::pin(permissions::update_on_model(call))
        }),
        api(delete, "/mlflow/registered-models/permissions/delete", model, |call| {
            Box::pin(permissions::delete_on_model(call))
        }),
    ]
}
