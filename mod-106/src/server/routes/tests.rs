//! Knocks at every route of the table: as a stranger, as a user without permissions, as a reader.

use crate::server::artifacts::storage::ArtifactStore;
use crate::server::auth::access::Access;
use crate::server::auth::password;
use crate::server::auth::permission::{Permission, Right};
use crate::server::auth::sign_in::SignIn;
use crate::server::config::{ArtifactSettings, S3Credentials};
use crate::server::routes::dispatch::router;
use crate::server::routes::table::{Path, Route, routes};
use crate::server::state::ServerState;
use crate::server::store::connect;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, StatusCode, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;
use secrecy::SecretString;
use serde_json::{Value, json};
use std::sync::Arc;

const PASSWORD: &str = "a long password";

struct Server {
    service: TowerToHyperService<Router>,
    state: Arc<ServerState>,
    experiment: String,
    run: String,
    _folder: tempfile::TempDir,
}

/// A server with an administrator, a stranger (no permissions), a reader, and something of the administrator's to want.
async fn server() -> Server {
    let folder = tempfile::tempdir().unwrap();
    let store = connect::open("sqlite::memory:").await.unwrap();
    let hash = password::hash(SecretString::from(PASSWORD)).await.unwrap();
    for (name, is_admin) in [("admin", true), ("stranger", false), ("reader", false)] {
        store.create_user(name, &hash, is_admin).await.unwrap();
    }
    let artifacts = ArtifactStore::open(&ArtifactSettings {
        location: folder.path().join("artifacts").display().to_string(),
        s3_endpoint: None,
        s3_region: None,
        s3_credentials: S3Credentials::Absent,
    });
    let state = Arc::new(ServerState {
        store,
        artifacts: artifacts.unwrap(),
        sign_in: Some(SignIn::default()),
        default_permission: Permission::NoPermissions,
        allowed_hosts: Vec::new(),
    });
    let service = TowerToHyperService::new(router(Arc::clone(&state)));
    let mut server = Server { service, state, experiment: String::new(), run: String::new(), _folder: folder };
    server.furnish().await;
    server
}

impl Server {
    async fn furnish(&mut self) {
        let created = self.post("/experiments/create", &json!({"name": "secret"})).await;
        self.experiment = created["experiment_id"].as_str().unwrap().to_owned();
        let created = self.post("/runs/create", &json!({"experiment_id": self.experiment})).await;
        self.run = created["run"]["info"]["run_id"].as_str().unwrap().to_owned();
        self.post("/registered-models/create", &json!({"name": "secret"})).await;
        self.post("/model-versions/create", &json!({"name": "secret", "source": "s3://b/p"})).await;
        for table in ["experiments", "registered-models"] {
            let grant = json!({"experiment_id": self.experiment, "name": "secret", "username": "reader",
                               "permission": "READ"});
            self.post(&format!("/{table}/permissions/create"), &grant).await;
        }
    }

    async fn post(&self, path: &str, body: &Value) -> Value {
        let path = format!("/api/2.0/mlflow{path}");
        let (status, body) = self.send(Method::POST, &path, Some("admin"), body.to_string()).await;
        assert_eq!(status, StatusCode::OK, "{path}: {body}");
        serde_json::from_str(&body).unwrap()
    }

    async fn send(&self, method: Method, path: &str, user: Option<&str>, body: String) -> (StatusCode, String) {
        let mut request = Request::builder().method(method).uri(path).header(header::CONTENT_TYPE, "application/json");
        if let Some(user) = user {
            let credentials = STANDARD.encode(format!("{user}:{PASSWORD}"));
            request = request.header(header::AUTHORIZATION, format!("Basic {credentials}"));
        }
        let response = self.service.call(request.body(Body::from(body)).unwrap()).await.unwrap();
        assert_eq!(response.headers()[header::X_CONTENT_TYPE_OPTIONS], "nosniff", "{path}");
        let status = response.status();
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (status, String::from_utf8_lossy(&body).into_owned())
    }

    /// Knocks at a route with every field it could want, all naming the administrator's things.
    async fn knock(&self, route: &Route, user: Option<&str>) -> Vec<(String, StatusCode)> {
        let mut answers = Vec::new();
        for path in paths(route) {
            let path = path.replace("{*path}", &format!("{}/{}/artifacts/file", self.experiment, self.run));
            let (query, body) = if route.method == Method::GET {
                let (experiment, run) = (&self.experiment, &self.run);
                let query = format!(
                    "?experiment_id={experiment}&experiment_name=secret&run_id={run}&run_ids={run}&name=secret&version=1\
                     &alias=a&username=admin&metric_key=m&path={experiment}/x&max_results=5"
                );
                (query, String::new())
            } else {
                let body = json!({
                    "experiment_id": self.experiment, "experiment_ids": [self.experiment], "run_id": self.run,
                    "name": "secret", "version": "1", "username": "admin", "password": "another password",
                    "is_admin": true, "permission": "MANAGE", "new_name": "stolen", "key": "k", "value": "1",
                    "timestamp": 1, "stage": "Staging", "alias": "a", "source": "s3://b/p", "path": "file",
                    "datasets": [], "model_json": "{}", "max_results": 5,
                });
                (String::new(), body.to_string())
            };
            let (status, _) = self.send(route.method.clone(), &format!("{path}{query}"), user, body).await;
            answers.push((format!("{} {path}", route.method), status));
        }
        answers
    }
}

fn paths(route: &Route) -> Vec<String> {
    match route.path {
        Path::Root(path) => vec![path.to_owned()],
        Path::Api(path) => vec![format!("/api/2.0{path}"), format!("/ajax-api/2.0{path}")],
    }
}

#[tokio::test]
async fn every_route_but_health_demands_a_sign_in() {
    let server = server().await;
    for route in routes() {
        let public = route.path == Path::Root("/health");
        assert_eq!(route.access == Access::Public, public);
        let expected = if public { StatusCode::OK } else { StatusCode::UNAUTHORIZED };
        for (path, status) in server.knock(&route, None).await {
            assert_eq!(status, expected, "{path}");
        }
    }
    for path in ["/", "/api/2.0/mlflow/nonsense", "/api/2.0/mlflow/runs/get/", "/static-files/x"] {
        assert_eq!(server.send(Method::GET, path, None, String::new()).await.0, StatusCode::UNAUTHORIZED, "{path}");
        assert_eq!(
            server.send(Method::GET, path, Some("admin"), String::new()).await.0,
            StatusCode::NOT_FOUND,
            "{path}"
        );
    }
    let wrong_method = server.send(Method::DELETE, "/api/2.0/mlflow/runs/get", None, String::new()).await.0;
    assert_eq!(wrong_method, StatusCode::UNAUTHORIZED);
    assert_eq!(
        server.send(Method::DELETE, "/api/2.0/mlflow/runs/get", Some("admin"), String::new()).await.0,
        StatusCode::METHOD_NOT_ALLOWED
    );
}

#[tokio::test]
async fn without_permissions_every_guarded_route_is_forbidden() {
    let server = server().await;
    for route in routes() {
        if matches!(route.access, Access::Public | Access::SignedIn) {
            continue;
        }
        for (path, status) in server.knock(&route, Some("stranger")).await {
            assert_eq!(status, StatusCode::FORBIDDEN, "{path}");
        }
    }
}

#[tokio::test]
async fn a_reader_reads_and_writes_nothing() {
    let server = server().await;
    for route in routes() {
        let right = match route.access {
            Access::Experiment(right) | Access::ExperimentByName(right) | Access::Run(right) => right,
            Access::Runs(_, right) | Access::Model(right) | Access::Artifact(right) => right,
            Access::Public | Access::SignedIn | Access::Admin | Access::Oneself => continue,
        };
        for (path, status) in server.knock(&route, Some("reader")).await {
            assert_eq!(status == StatusCode::FORBIDDEN, right != Right::Read, "{path}: {status}");
        }
    }
}

#[tokio::test]
async fn searches_show_only_what_may_be_read() {
    let server = server().await;
    let experiments = json!({"experiment_ids": ["0", server.experiment], "max_results": 10});
    for (user, seen) in [("stranger", false), ("reader", true), ("admin", true)] {
        for (method, path) in [
            (Method::POST, "/api/2.0/mlflow/experiments/search"),
            (Method::POST, "/api/2.0/mlflow/runs/search"),
            (Method::GET, "/api/2.0/mlflow/registered-models/search"),
            (Method::GET, "/api/2.0/mlflow/model-versions/search"),
        ] {
            let (status, body) = server.send(method, path, Some(user), experiments.to_string()).await;
            assert_eq!(status, StatusCode::OK, "{path}");
            assert_eq!(body.contains("secret") || body.contains(&server.run), seen, "{user} {path}: {body}");
        }
    }
}

#[tokio::test]
async fn a_creator_manages_what_they_created() {
    let server = server().await;
    let send = async |path: &str, body: Value| {
        let path = format!("/api/2.0/mlflow{path}");
        server.send(Method::POST, &path, Some("stranger"), body.to_string()).await
    };
    let (status, body) = send("/experiments/create", json!({"name": "mine"})).await;
    assert_eq!(status, StatusCode::OK);
    let id = serde_json::from_str::<Value>(&body).unwrap()["experiment_id"].clone();
    assert_eq!(send("/runs/create", json!({"experiment_id": id})).await.0, StatusCode::OK);
    assert_eq!(send("/experiments/delete", json!({"experiment_id": id})).await.0, StatusCode::OK);
    assert_eq!(send("/registered-models/create", json!({"name": "mine"})).await.0, StatusCode::OK);
    // Neither a borrowed artifact folder nor a borrowed source opens another's files.
    let borrowed = format!("mlflow-artifacts:/{}/x", server.experiment);
    let (status, _) = send("/experiments/create", json!({"name": "b", "artifact_location": borrowed})).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let (status, _) = send("/model-versions/create", json!({"name": "mine", "source": borrowed})).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn sixteen_at_once_get_sixteen_versions() {
    let server = server().await;
    let one = || async {
        let created = server.post("/model-versions/create", &json!({"name": "secret", "source": "s3://b/p"})).await;
        created["model_version"]["version"].as_str().unwrap().parse::<u32>().unwrap()
    };
    let mut versions = futures::future::join_all((0..16).map(|_| one())).await;
    versions.sort_unstable();
    assert_eq!(versions, (2..18).collect::<Vec<u32>>());
    assert_eq!(server.state.store.registered_model("secret").await.unwrap().latest_versions[0].version, "17");
}
