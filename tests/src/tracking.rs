//! How checks speak MLflow's REST API 2.0: plain JSON to the routes as the API's pages name them, and the few things that nearly
//! every check must make first (an experiment, a run, a user). No client library: it would be judged too.

use crate::{
    check::Fault,
    context::Context,
    expect,
    submission::Account,
    wire::{Answer, Body, Download, Request, Wire, sigv4},
};
use http::Method;
use serde_json::{Value, json};
use std::{collections::BTreeMap, time::Duration};

/// Where MLflow's REST API lives.
pub const API: &str = "/api/2.0/mlflow/";
/// Where the same API lives for MLflow's own pages.
pub const AJAX_API: &str = "/ajax-api/2.0/mlflow/";
/// Where the artifact proxy lives.
pub const ARTIFACTS: &str = "/api/2.0/mlflow-artifacts/artifacts";

/// 100 MiB travel through a proxy to S3 and are hashed on a busy machine.
const TRANSFER_LIMIT: Duration = Duration::from_secs(180);

/// The tracking server, as one user sees it.
#[derive(Clone, Debug)]
pub struct Tracking {
    wire: Wire,
    base: String,
    /// Who asks.
    pub account: Option<Account>,
}

/// A run that a check made.
#[derive(Clone, Debug)]
pub struct Run {
    /// 32 hexadecimal digits.
    pub id: String,
    /// Its folder in the artifact proxy, such as `1/0a…/artifacts`.
    pub artifacts: String,
}

impl Tracking {
    /// The submission's own server, as its admin sees it.
    pub fn as_admin(ctx: &Context) -> Result<Self, Fault> {
        Ok(Self::at(ctx.wire().clone(), ctx.endpoint("tracking")?, Some(ctx.account("admin")?)))
    }

    /// A server at this address, as this account sees it.
    #[must_use]
    pub fn at(wire: Wire, url: &str, account: Option<Account>) -> Self {
        Self { wire, base: url.to_owned(), account }
    }

    /// Where it answers, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.base
    }

    /// As somebody else sees it, or nobody.
    pub fn seen_by(&self, account: Option<&Account>) -> Self {
        Self { account: account.cloned(), ..self.clone() }
    }

    /// A request that is not sent yet.
    pub fn request(&self, method: Method, target: impl Into<String>) -> Request {
        Request::new(method, &self.base, target).account(self.account.as_ref())
    }

    /// Sends a request.
    pub async fn send(&self, request: Request) -> Result<Answer, Fault> {
        Ok(self.wire.send(request).await?)
    }

    /// `GET` with a query, to a route such as `runs/get`.
    pub async fn get(&self, route: &str, query: &[(&str, &str)]) -> Result<Answer, Fault> {
        self.send(self.request(Method::GET, format!("{API}{route}?{}", sigv4::canonical_query(query)))).await
    }

    /// `POST` of a JSON body.
    pub async fn post(&self, route: &str, body: Value) -> Result<Answer, Fault> {
        self.call(Method::POST, route, body).await
    }

    /// Any method with a JSON body.
    pub async fn call(&self, method: Method, route: &str, body: Value) -> Result<Answer, Fault> {
        self.send(self.request(method, format!("{API}{route}")).json(&body)).await
    }

    /// `POST` that must succeed.
    pub async fn did(&self, route: &str, body: Value) -> Result<Value, Fault> {
        expect::json(&self.post(route, body).await?)
    }

    /// `GET` that must succeed.
    pub async fn read(&self, route: &str, query: &[(&str, &str)]) -> Result<Value, Fault> {
        expect::json(&self.get(route, query).await?)
    }

    /// A new experiment's id.
    pub async fn experiment(&self, name: &str) -> Result<String, Fault> {
        let created = self.did("experiments/create", json!({"name": name})).await?;
        Ok(expect::text(&created, "/experiment_id")?.to_owned())
    }

    /// A new run of an experiment.
    pub async fn run(&self, experiment_id: &str) -> Result<Run, Fault> {
        let body = json!({"experiment_id": experiment_id, "start_time": 1_700_000_000_000_i64});
        let created = self.did("runs/create", body).await?;
        let id = expect::text(&created, "/run/info/run_id")?.to_owned();
        let artifacts = proxied_path(expect::text(&created, "/run/info/artifact_uri")?)?;
        Ok(Run { id, artifacts })
    }

    /// A run as the server has it now, under `/info`, `/data` and `/inputs`.
    pub async fn run_now(&self, run_id: &str) -> Result<Value, Fault> {
        let answer = self.read("runs/get", &[("run_id", run_id)]).await?;
        Ok(expect::at(&answer, "/run")?.clone())
    }

    /// A new registered model.
    pub async fn model(&self, name: &str) -> Result<(), Fault> {
        self.did("registered-models/create", json!({"name": name})).await.map(drop)
    }

    /// A new version of a registered model, from a run's artifacts.
    pub async fn version(&self, model: &str, run: &Run) -> Result<String, Fault> {
        let source = format!("mlflow-artifacts:/{}/model", run.artifacts);
        let body = json!({"name": model, "source": source, "run_id": run.id});
        let created = self.did("model-versions/create", body).await?;
        Ok(expect::text(&created, "/model_version/version")?.to_owned())
    }

    /// A version as the server has it now: its `version`, `tags`, `aliases`, `run_id` …
    pub async fn version_now(&self, model: &str, version: &str) -> Result<Value, Fault> {
        let answer = self.read("model-versions/get", &[("name", model), ("version", version)]).await?;
        Ok(expect::at(&answer, "/model_version")?.clone())
    }

    /// Sets a tag of a version.
    pub async fn tag(&self, model: &str, version: &str, key: &str, value: &str) -> Result<(), Fault> {
        let body = json!({"name": model, "version": version, "key": key, "value": value});
        self.did("model-versions/set-tag", body).await.map(drop)
    }

    /// Points an alias at a version.
    pub async fn alias(&self, model: &str, alias: &str, version: &str) -> Result<(), Fault> {
        let body = json!({"name": model, "alias": alias, "version": version});
        self.did("registered-models/alias", body).await.map(drop)
    }

    /// Every alias of a model, and the version that it points at.
    pub async fn aliases(&self, model: &str) -> Result<BTreeMap<String, String>, Fault> {
        let answer = self.read("registered-models/get", &[("name", model)]).await?;
        Ok(pairs(&answer, "/registered_model/aliases", "alias", "version"))
    }

    /// A new user without any permission, whose password no report shows.
    pub async fn user(&self, ctx: &Context, role: &str) -> Result<Account, Fault> {
        let username = ctx.name(role);
        let mut rng = ctx.rng();
        let password: String = std::iter::repeat_with(|| rng.alphanumeric()).take(24).collect();
        self.wire.learn(&format!("$LAB_{}_PASSWORD", role.to_uppercase()), &password);
        let answer = self.post("users/create", json!({"username": username, "password": password})).await?;
        expect::status(&answer, 200)?;
        Ok(Account { username, password })
    }

    /// Lets a user do something with an experiment.
    pub async fn permit(&self, user: &Account, experiment_id: &str, permission: &str) -> Result<(), Fault> {
        let body = json!({"experiment_id": experiment_id, "username": user.username, "permission": permission});
        self.did("experiments/permissions/create", body).await.map(drop)
    }

    /// Stores an artifact; `name` is already encoded for a path.
    pub async fn upload(&self, run: &Run, name: &str, body: Body) -> Result<Answer, Fault> {
        let request = self.request(Method::PUT, artifact(run, name)).limit(TRANSFER_LIMIT);
        self.send(request.header("content-type", "application/octet-stream").body(body)).await
    }

    /// Reads an artifact; `name` is already encoded for a path.
    pub async fn download(&self, run: &Run, name: &str) -> Result<Download, Fault> {
        Ok(self.wire.download(self.request(Method::GET, artifact(run, name)).limit(TRANSFER_LIMIT)).await?)
    }

    /// Stores an artifact and requires success.
    pub async fn store(&self, run: &Run, name: &str, content: &str) -> Result<(), Fault> {
        let answer = self.upload(run, name, Body::Bytes(content.to_owned().into())).await?;
        expect::status(&answer, 200)
    }

    /// Requires that an artifact still reads as it was stored.
    pub async fn holds(&self, run: &Run, name: &str, content: &str) -> Result<(), Fault> {
        let body = Body::Bytes(content.to_owned().into());
        expect::file(&self.download(run, name).await?, body.length(), &body.sha256())
    }
}

/// The tags of a run's `/data`, of a version or of a model.
#[must_use]
pub fn tags(of: &Value) -> BTreeMap<String, String> {
    pairs(of, "/tags", "key", "value")
}

/// A list of pairs; numbers read as text, because MLflow writes versions as both.
fn pairs(value: &Value, pointer: &str, key: &str, to: &str) -> BTreeMap<String, String> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let entries = expect::list(value, pointer).iter();
    entries.filter_map(|entry| Some((text(entry.get(key)?), text(entry.get(to)?)))).collect()
}

/// The artifact proxy's address of one file.
pub fn artifact(run: &Run, name: &str) -> String {
    format!("{ARTIFACTS}/{}/{name}", run.artifacts)
}

/// Notes how an answer ended, so that two worlds can be compared: status and MLflow's error code, without the wording.
pub fn observe(ctx: &Context, key: &str, answer: &Answer) {
    let code = answer.error_code().unwrap_or_default();
    ctx.observe(key, format!("{} {code}", answer.status).trim_end());
}

/// `mlflow-artifacts:/1/0a/artifacts` and `mlflow-artifacts://host:1/1/0a/artifacts` both live under `1/0a/artifacts`.
fn proxied_path(uri: &str) -> Result<String, Fault> {
    let path = uri.strip_prefix("mlflow-artifacts:").map(|rest| match rest.strip_prefix("//") {
        Some(with_host) => with_host.split_once('/').map_or("", |(_, path)| path),
        None => rest.trim_start_matches('/'),
    });
    path.filter(|path| !path.is_empty()).map(|path| path.trim_end_matches('/').to_owned()).ok_or_else(|| {
        Fault::failed("the artifact_uri of a new run", "mlflow-artifacts:/… (clients need no key to the bucket)", uri)
    })
}

#[cfg(test)]
mod tests {
    use super::{pairs, proxied_path, tags};
    use serde_json::json;
    use std::collections::BTreeMap;

    #[test]
    fn aliases_and_tags_are_read_whatever_their_numbers_look_like() {
        let version = json!({"tags": [{"key": "a", "value": "1"}], "aliases": [{"alias": "champion", "version": 3}]});
        assert_eq!(tags(&version), BTreeMap::from([("a".to_owned(), "1".to_owned())]));
        assert_eq!(pairs(&version, "/aliases", "alias", "version").get("champion").unwrap(), "3");
        assert!(tags(&json!({})).is_empty());
    }

    #[test]
    fn artifact_uris_become_paths_of_the_proxy() {
        fn check(uri: &str, expected: Option<&str>) {
            assert_eq!(proxied_path(uri).ok().as_deref(), expected, "{uri}");
        }
        check("mlflow-artifacts:/1/0a/artifacts", Some("1/0a/artifacts"));
        check("mlflow-artifacts://host:5000/1/0a/artifacts/", Some("1/0a/artifacts"));
        check("s3://bucket/1/0a/artifacts", None);
        check("mlflow-artifacts:", None);
    }
}
