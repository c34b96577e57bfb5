//! Who may do what. A reader reads and changes nothing; a user of one experiment learns nothing about another's, by no route, not
//! even by the ones that MLflow 2.22 itself forgets to guard; nobody makes themselves an admin. What was refused is looked at
//! again as admin: a 403 whose deed was done all the same is no refusal.

use super::probe::{Probe, keeps};
use crate::{
    check::{Check, Fault},
    context::Context,
    expect,
    submission::Account,
    tracking::{AJAX_API, API, Run, Tracking, artifact, observe},
};
use http::Method;
use serde_json::{Value, json};
use std::time::Duration;

const FOLLOWS: &[&str] = &["server-speaks-mlflow"];

pub(super) const READER: Check = Check {
    id: "readers-cannot-write",
    title: "A user with READ may look at an experiment and a model, and change nothing (403)",
    follows: FOLLOWS,
    needs: &[],
    limit: Duration::from_secs(60),
    exclusive: false,
    run: |ctx| Box::pin(reader_cannot_write(ctx)),
};

pub(super) const STRANGER: Check = Check {
    id: "strangers-see-nothing",
    title: "A user of one experiment can neither see nor touch another's, by any route",
    follows: FOLLOWS,
    needs: &[],
    limit: Duration::from_secs(60),
    exclusive: false,
    run: |ctx| Box::pin(stranger_sees_nothing(ctx)),
};

pub(super) const PROMOTION: Check = Check {
    id: "users-cannot-promote-themselves",
    title: "Only an admin makes users and admins, and only a manager hands out permissions",
    follows: FOLLOWS,
    needs: &[],
    limit: Duration::from_secs(30),
    exclusive: false,
    run: |ctx| Box::pin(users_cannot_promote_themselves(ctx)),
};

/// Somebody's work: an experiment, a run with everything in it, and a model. Each thing carries the canary.
struct Work {
    experiment: String,
    experiment_name: String,
    run: Run,
    model: String,
    canary: String,
}

impl Work {
    async fn begin(ctx: &Context, owner: &Tracking) -> Result<Self, Fault> {
        let (experiment_name, model, canary) = (ctx.name("experiment"), ctx.name("model"), ctx.name("canary"));
        let experiment = owner.experiment(&experiment_name).await?;
        let run = owner.run(&experiment).await?;
        let tag = json!({"experiment_id": experiment, "key": "note", "value": canary});
        owner.did("experiments/set-experiment-tag", tag).await?;
        let batch = json!({
            "run_id": run.id,
            "params": [{"key": "secret", "value": canary}],
            "tags": [{"key": "secret", "value": canary}],
            "metrics": [{"key": canary, "value": 1.0, "timestamp": 1, "step": 0}],
        });
        owner.did("runs/log-batch", batch).await?;
        owner.store(&run, "model/secret.txt", &canary).await?;
        owner.model(&model).await?;
        owner.version(&model, &run).await?;
        let description = json!({"name": model, "version": "1", "description": canary});
        expect::json(&owner.call(Method::PATCH, "model-versions/update", description).await?)?;
        let alias = json!({"name": model, "alias": "champion", "version": "1"});
        owner.did("registered-models/alias", alias).await?;
        Ok(Self { experiment, experiment_name, run, model, canary })
    }

    /// Requires that nobody has changed anything.
    async fn is_untouched(&self, owner: &Tracking) -> Result<(), Fault> {
        let run = owner.run_now(&self.run.id).await?;
        expect::equal("the run's lifecycle_stage", "active", expect::text(&run, "/info/lifecycle_stage")?)?;
        expect::equal("the run's status", "RUNNING", expect::text(&run, "/info/status")?)?;
        expect::equal("the run's params", &1, &expect::list(&run, "/data/params").len())?;
        expect::equal("the run's metrics", &1, &expect::list(&run, "/data/metrics").len())?;
        expect::equal("the run's inputs", &0, &expect::list(&run, "/inputs/dataset_inputs").len())?;
        let changed = expect::texts(&run, "/data/tags", "/key").iter().any(|key| key == "changed");
        expect::holds("the run's tags", !changed, "none that a refused request set", &run["data"]["tags"])?;
        owner.holds(&self.run, "model/secret.txt", &self.canary).await?;
        let found = owner.read("experiments/get", &[("experiment_id", &self.experiment)]).await?;
        expect::equal(
            "the experiment's name",
            self.experiment_name.as_str(),
            expect::text(&found, "/experiment/name")?,
        )?;
        let model = owner.read("registered-models/alias", &[("name", &self.model), ("alias", "champion")]).await?;
        expect::equal("the alias `champion`", "1", expect::text(&model, "/model_version/version")?)
    }

    /// Every way to change something of it.
    fn writes(&self) -> Vec<Probe> {
        let (experiment, run, model) = (&self.experiment, &self.run.id, &self.model);
        let dataset = json!({"name": "d", "digest": "1", "source_type": "local", "source": "{}"});
        let mut writes = vec![
            Probe::post("runs/create", json!({"experiment_id": experiment, "start_time": 1})),
            Probe::post("runs/update", json!({"run_id": run, "status": "FAILED"})),
            Probe::post("runs/log-metric", json!({"run_id": run, "key": "m", "value": 1.5, "timestamp": 1})),
            Probe::post("runs/log-parameter", json!({"run_id": run, "key": "p", "value": "1"})),
            Probe::post("runs/log-batch", json!({"run_id": run, "tags": [{"key": "changed", "value": "1"}]})),
            Probe::post("runs/log-inputs", json!({"run_id": run, "datasets": [{"dataset": dataset}]})),
            Probe::post("runs/set-tag", json!({"run_id": run, "key": "changed", "value": "1"})),
            Probe::post("runs/delete-tag", json!({"run_id": run, "key": "secret"})),
            Probe::post("runs/delete", json!({"run_id": run})),
            Probe::post("experiments/update", json!({"experiment_id": experiment, "new_name": "changed"})),
            Probe::post(
                "experiments/set-experiment-tag",
                json!({"experiment_id": experiment, "key": "k", "value": "v"}),
            ),
            Probe::post("experiments/delete", json!({"experiment_id": experiment})),
            Probe::post("model-versions/create", json!({"name": model, "source": "mlflow-artifacts:/1/x/artifacts/m"})),
            Probe::post("model-versions/set-tag", json!({"name": model, "version": "1", "key": "k", "value": "v"})),
            Probe::post(
                "model-versions/transition-stage",
                json!({"name": model, "version": "1", "stage": "Production", "archive_existing_versions": false}),
            ),
            Probe::post("registered-models/rename", json!({"name": model, "new_name": format!("{model}-2")})),
            Probe::post("registered-models/set-tag", json!({"name": model, "key": "k", "value": "v"})),
            Probe::post("registered-models/alias", json!({"name": model, "alias": "challenger", "version": "1"})),
            Probe::api(Method::PATCH, "registered-models/update", json!({"name": model, "description": "changed"})),
            Probe::api(
                Method::PATCH,
                "model-versions/update",
                json!({"name": model, "version": "1", "description": "x"}),
            ),
            Probe::api(Method::DELETE, "registered-models/alias", json!({"name": model, "alias": "champion"})),
            Probe::api(Method::DELETE, "model-versions/delete", json!({"name": model, "version": "1"})),
            Probe::api(Method::DELETE, "registered-models/delete", json!({"name": model})),
        ];
        writes.extend(self.artifact_writes());
        writes
    }

    /// The artifact proxy's own ways, under both of its prefixes.
    fn artifact_writes(&self) -> Vec<Probe> {
        let file = format!("{}/model/secret.txt", self.run.artifacts);
        let multipart = json!({"path": "secret.txt", "num_parts": 1});
        let completion = json!({"path": "secret.txt", "upload_id": "1", "parts": []});
        let prefixes = ["/api/2.0/mlflow-artifacts", "/ajax-api/2.0/mlflow-artifacts"];
        let probes = prefixes.iter().flat_map(|prefix| {
            [
                Probe::at(Method::PUT, format!("{prefix}/artifacts/{file}"), json!("overwritten")),
                Probe::at(Method::DELETE, format!("{prefix}/artifacts/{file}"), Value::Null),
                Probe::at(Method::POST, format!("{prefix}/mpu/create/{file}"), multipart.clone()),
                Probe::at(Method::POST, format!("{prefix}/mpu/complete/{file}"), completion.clone()),
                Probe::at(Method::POST, format!("{prefix}/mpu/abort/{file}"), completion.clone()),
            ]
        });
        probes.collect()
    }

    /// Every way to read something of it by its own id: 200 for a reader.
    fn reads(&self) -> Vec<Probe> {
        let (experiment, run, model) = (&self.experiment, &self.run.id, &self.model);
        let canary = &self.canary;
        let mut reads = Vec::new();
        for api in [API, AJAX_API] {
            reads.extend([
                Probe::read(format!("{api}experiments/get?experiment_id={experiment}")),
                Probe::read(format!("{api}experiments/get-by-name?experiment_name={}", self.experiment_name)),
                Probe::read(format!("{api}runs/get?run_id={run}")),
                Probe::read(format!("{api}metrics/get-history?run_id={run}&metric_key={canary}")),
                Probe::read(format!("{api}artifacts/list?run_id={run}&path=model")),
                Probe::read(format!("{api}registered-models/get?name={model}")),
                Probe::read(format!("{api}registered-models/alias?name={model}&alias=champion")),
                Probe::read(format!("{api}model-versions/get?name={model}&version=1")),
                Probe::read(format!("{api}model-versions/get-download-uri?name={model}&version=1")),
            ]);
        }
        reads.push(Probe::read(artifact(&self.run, "model/secret.txt")));
        reads
    }

    /// Ways round the front door: routes that MLflow 2.22 leaves unguarded. A server may lack them; none may tell.
    fn side_doors(&self) -> Vec<Probe> {
        let (experiment, run, model, canary) = (&self.experiment, &self.run.id, &self.model, &self.canary);
        let artifacts = &self.run.artifacts;
        let graphql =
            format!("{{mlflowGetRun(input: {{runId: \"{run}\"}}) {{run {{data {{params {{key value}}}}}}}}}}");
        let runs = json!({"experiment_ids": [experiment], "max_results": 10});
        vec![
            Probe::post("runs/search", runs.clone()),
            Probe::at(Method::POST, format!("{AJAX_API}runs/search"), runs),
            Probe::post("experiments/search", json!({"max_results": 1000})),
            Probe::read(format!("{API}metrics/get-history-bulk-interval?run_ids={run}&metric_key={canary}")),
            Probe::read(format!("{AJAX_API}metrics/get-history-bulk-interval?run_ids={run}&metric_key={canary}")),
            Probe::read(format!("{API}registered-models/search?filter=name%3D%27{model}%27")),
            Probe::read(format!("{API}model-versions/search?filter=name%3D%27{model}%27")),
            Probe::read(format!("{AJAX_API}model-versions/search?filter=run_id%3D%27{run}%27")),
            Probe::read(format!("/ajax-api/2.0/mlflow-artifacts/artifacts/{artifacts}/model/secret.txt")),
            Probe::read(format!("/api/2.0/mlflow-artifacts/artifacts?path={artifacts}/model")),
            Probe::read(format!("/ajax-api/2.0/mlflow-artifacts/artifacts?path={artifacts}/model")),
            Probe::read(format!("/get-artifact?run_uuid={run}&path=model/secret.txt")),
            Probe::read(format!("/model-versions/get-artifact?name={model}&version=1&path=secret.txt")),
            Probe::at(Method::POST, "/graphql".to_owned(), json!({"query": graphql})),
        ]
    }
}

async fn reader_cannot_write(ctx: Context) -> Result<(), Fault> {
    let admin = Tracking::as_admin(&ctx)?;
    let work = Work::begin(&ctx, &admin).await?;
    let user = admin.user(&ctx, "reader").await?;
    admin.permit(&user, &work.experiment, "READ").await?;
    permit_model(&admin, &user, &work.model).await?;
    let reader = admin.seen_by(Some(&user));
    for probe in work.reads() {
        expect::status(&probe.send(&reader).await?, 200)?;
    }
    for probe in work.writes() {
        let answer = probe.send(&reader).await?;
        observe(&ctx, &probe.label(&[&work.run.artifacts]), &answer);
        expect::status(&answer, 403)?;
    }
    work.is_untouched(&admin).await
}

async fn stranger_sees_nothing(ctx: Context) -> Result<(), Fault> {
    let admin = Tracking::as_admin(&ctx)?;
    let work = Work::begin(&ctx, &admin).await?;
    let user = admin.user(&ctx, "stranger").await?;
    let stranger = admin.seen_by(Some(&user));
    // A user with work of their own: what they may see must not open what they may not.
    let own = stranger.experiment(&ctx.name("own")).await?;
    let own_run = stranger.run(&own).await?;
    stranger.store(&own_run, "mine.txt", "mine").await?;
    stranger.holds(&own_run, "mine.txt", "mine").await?;

    for probe in work.reads().iter().chain(&work.writes()) {
        let answer = probe.send(&stranger).await?;
        observe(
            &ctx,
            &probe.label(&[&work.run.artifacts, &work.run.id, &work.model, &work.canary, &work.experiment_name]),
            &answer,
        );
        expect::status_in(&answer, &[403, 404])?;
        keeps(&answer, &work.canary)?;
    }
    for probe in work.side_doors() {
        let answer = probe.send(&stranger).await?;
        keeps(&answer, &work.canary)?;
        keeps(&answer, "secret.txt")?;
        keeps(&answer, &format!("\"{}\"", work.model))?;
    }
    let both = json!({"experiment_ids": [own, work.experiment]});
    keeps(&stranger.post("runs/search", both).await?, &work.canary)?;
    work.is_untouched(&admin).await
}

async fn users_cannot_promote_themselves(ctx: Context) -> Result<(), Fault> {
    let admin = Tracking::as_admin(&ctx)?;
    let experiment = admin.experiment(&ctx.name("experiment")).await?;
    let (user, other) = (admin.user(&ctx, "user").await?, admin.user(&ctx, "other").await?);
    admin.permit(&user, &experiment, "EDIT").await?;
    let boss = ctx.account("admin")?;
    let (name, mallory) = (&user.username, ctx.name("mallory"));
    let grant = json!({"experiment_id": experiment, "username": name, "permission": "MANAGE"});
    let probes = [
        Probe::post("users/create", json!({"username": mallory, "password": "long-enough-1"})),
        Probe::api(Method::PATCH, "users/update-admin", json!({"username": name, "is_admin": true})),
        Probe::api(
            Method::PATCH,
            "users/update-password",
            json!({"username": other.username, "password": "stolen-1234"}),
        ),
        Probe::api(
            Method::PATCH,
            "users/update-password",
            json!({"username": boss.username, "password": "stolen-1234"}),
        ),
        Probe::api(Method::DELETE, "users/delete", json!({"username": other.username})),
        Probe::api(Method::PATCH, "experiments/permissions/update", grant.clone()),
        Probe::post(
            "experiments/permissions/create",
            json!({"experiment_id": "0", "username": name, "permission": "READ"}),
        ),
        Probe::read(format!("{API}users/get?username={}", other.username)),
    ];
    let session = admin.seen_by(Some(&user));
    for (number, probe) in probes.iter().enumerate() {
        let answer = probe.send(&session).await?;
        observe(&ctx, &format!("{number} {}", probe.label(&[&other.username])), &answer);
        expect::status(&answer, 403)?;
    }
    let seen = admin.read("users/get", &[("username", name)]).await?;
    expect::equal("is_admin of a user who tried", &json!(false), expect::at(&seen, "/user/is_admin")?)?;
    let kept = expect::text(&seen, "/user/experiment_permissions/0/permission")?;
    expect::equal("the permission of a user who tried", "EDIT", kept)?;
    // The other user's password is still the one that the admin gave.
    let still = admin.seen_by(Some(&other)).get("users/get", &[("username", &other.username)]).await?;
    expect::status(&still, 200)?;
    expect::status(&admin.get("users/get", &[("username", &mallory)]).await?, 404)
}

async fn permit_model(admin: &Tracking, user: &Account, model: &str) -> Result<(), Fault> {
    let body = json!({"name": model, "username": user.username, "permission": "READ"});
    admin.did("registered-models/permissions/create", body).await.map(drop)
}
