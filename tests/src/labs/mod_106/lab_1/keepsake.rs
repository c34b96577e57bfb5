//! A small piece of everything a tracking server keeps, written before something drastic and read after it: a run with params,
//! metrics, tags and an artifact, a model with a version and an alias, a user. Restart, rotation and restore all ask about it.

use crate::{
    check::Fault,
    context::Context,
    expect,
    submission::Account,
    tracking::{Run, Tracking},
};
use serde_json::json;

/// Something written that must be readable later.
pub(super) struct Keepsake {
    experiment: String,
    run: Run,
    model: String,
    text: String,
    user: Account,
}

impl Keepsake {
    /// Writes one of everything.
    pub(super) async fn leave(ctx: &Context, admin: &Tracking) -> Result<Self, Fault> {
        let (name, model, text) = (ctx.name("kept"), ctx.name("kept-model"), ctx.name("kept-text"));
        let experiment = admin.experiment(&name).await?;
        let run = admin.run(&experiment).await?;
        let metrics: Vec<_> = (0..20_i32)
            .map(|step| json!({"key": "loss", "value": f64::from(step) / 4.0, "timestamp": 1000 + step, "step": step}))
            .collect();
        let batch = json!({
            "run_id": run.id, "metrics": metrics,
            "params": [{"key": "text", "value": text}], "tags": [{"key": "text", "value": text}],
        });
        admin.did("runs/log-batch", batch).await?;
        admin.store(&run, "model/kept.txt", &text).await?;
        admin.model(&model).await?;
        admin.version(&model, &run).await?;
        admin.did("registered-models/alias", json!({"name": model, "alias": "champion", "version": "1"})).await?;
        let user = admin.user(ctx, "keeper").await?;
        admin.permit(&user, &experiment, "READ").await?;
        Ok(Self { experiment, run, model, text, user })
    }

    /// Reads it all again. `after` names what has happened since.
    pub(super) async fn is_whole(&self, admin: &Tracking, after: &str) -> Result<(), Fault> {
        let run = admin.run_now(&self.run.id).await?;
        for list in ["params", "tags"] {
            let values = expect::texts(&run, &format!("/data/{list}"), "/value");
            expect::holds(
                &format!("the run's {list} after {after}"),
                values.contains(&self.text),
                &self.text,
                &values,
            )?;
        }
        let history = admin.read("metrics/get-history", &[("run_id", &self.run.id), ("metric_key", "loss")]).await?;
        expect::equal(
            &format!("the points of a metric after {after}"),
            &20,
            &expect::list(&history, "/metrics").len(),
        )?;
        admin.holds(&self.run, "model/kept.txt", &self.text).await?;
        let champion = [("name", self.model.as_str()), ("alias", "champion")];
        let champion = admin.read("registered-models/alias", &champion).await?;
        expect::equal(&format!("the champion after {after}"), "1", expect::text(&champion, "/model_version/version")?)?;
        let keeper = admin.seen_by(Some(&self.user));
        keeper.read("experiments/get", &[("experiment_id", &self.experiment)]).await.map(drop)
    }

    /// Spoils it: what a restore must undo.
    pub(super) async fn spoil(&self, admin: &Tracking) -> Result<(), Fault> {
        admin.did("runs/set-tag", json!({"run_id": self.run.id, "key": "text", "value": "spoilt"})).await?;
        admin.did("runs/delete", json!({"run_id": self.run.id})).await?;
        admin.store(&self.run, "model/kept.txt", "spoilt").await?;
        admin.did("registered-models/alias", json!({"name": self.model, "alias": "rival", "version": "1"})).await?;
        let gone = json!({"name": self.model, "alias": "champion"});
        expect::json(&admin.call(http::Method::DELETE, "registered-models/alias", gone).await?).map(drop)
    }

    /// Whether the run is there and active.
    pub(super) async fn stage(&self, admin: &Tracking) -> Result<String, Fault> {
        let run = admin.run_now(&self.run.id).await?;
        Ok(expect::text(&run, "/info/lifecycle_stage")?.to_owned())
    }

    /// Whether the server knows the run at all.
    pub(super) async fn is_unknown(&self, admin: &Tracking, after: &str) -> Result<(), Fault> {
        let answer = admin.get("runs/get", &[("run_id", &self.run.id)]).await?;
        let what = format!("a run that was made after the backup, after {after}");
        expect::holds(&what, answer.status == 404, "status 404", answer.quoted())
    }
}
