//! A registered model with all that a promotion asks for, and the submission's commands in words. Every check makes its own, so that
//! all of them can run against one tracking server at once.

use crate::{
    check::Fault,
    context::{Call, Context},
    expect,
    submission::CommandOutput,
    tracking::{Run, Tracking},
    wire::Body,
};
use serde_json::{Value, json};
use std::{collections::BTreeMap, path::PathBuf, time::Duration};

/// Who made every version.
pub(super) const AUTHOR: &str = "mallory";
/// Who may approve.
pub(super) const APPROVER: &str = "ada";

const MLMODEL: &str = "artifact_path: model\nflavors:\n  python_function:\n    loader_module: none\n\
signature:\n  inputs: '[{\"name\": \"amount\", \"type\": \"double\"}]'\n  outputs: '[{\"type\": \"double\"}]'\n";

/// A model on the given tracking server, and the commands that promote it.
pub(super) struct Pipeline {
    pub(super) ctx: Context,
    pub(super) server: Tracking,
    pub(super) model: String,
    pub(super) run: Run,
    pub(super) digest: String,
    folder: PathBuf,
}

impl Pipeline {
    /// A new model, with a run that holds a signed model and a validation report.
    pub(super) async fn new(ctx: &Context) -> Result<Self, Fault> {
        let (server, model) = (ctx.tracking()?, ctx.name("model"));
        let experiment = server.experiment(&ctx.name("experiment")).await?;
        let run = server.run(&experiment).await?;
        let report = json!({ "status": "passed", "seed": ctx.rng().u64(..) }).to_string();
        server.store(&run, "validation/report.json", &report).await?;
        server.store(&run, "model/MLmodel", MLMODEL).await?;
        server.model(&model).await?;
        let digest = format!("sha256:{}", Body::Bytes(report.into()).sha256());
        Ok(Self { ctx: ctx.clone(), server, model, run, digest, folder: ctx.scratch()? })
    }

    /// A version that every gate but the approvals lets through.
    pub(super) async fn version(&self) -> Result<String, Fault> {
        let version = self.server.version(&self.model, &self.run).await?;
        for (key, value) in [
            ("tests.status", "passed"),
            ("validation.status", "passed"),
            ("validation.report_digest", self.digest.as_str()),
            ("validation.time", hours_ago(1).as_str()),
            ("promotion.author", AUTHOR),
        ] {
            self.server.tag(&self.model, &version, key, value).await?;
        }
        Ok(version)
    }

    /// A champion, and a canary beside it that is approved: set up by hand, for checks of what comes later.
    pub(super) async fn champion_and_canary(&self) -> Result<(String, String), Fault> {
        let (champion, canary) = (self.version().await?, self.version().await?);
        self.server.alias(&self.model, "champion", &champion).await?;
        self.server.alias(&self.model, "canary", &canary).await?;
        self.approve(&canary, APPROVER, 0).await?;
        Ok((champion, canary))
    }

    /// The audit trail's file.
    pub(super) fn trail(&self) -> PathBuf {
        self.folder.join("audit.jsonl")
    }

    /// `promote STAGE MODEL --version N --actor … --trail …` and more.
    pub(super) async fn promote(&self, stage: &str, version: &str, more: &[&str]) -> Result<CommandOutput, Fault> {
        let trail = self.trail().display().to_string();
        let words = [stage, &self.model, "--version", version, "--actor", "pipeline", "--trail", &trail];
        self.ctx.run("promote", &[&words, more].concat()).await
    }

    /// The same, killed after a while.
    pub(super) async fn promote_killed(
        &self,
        stage: &str,
        version: &str,
        after: Duration,
    ) -> Result<CommandOutput, Fault> {
        let trail = self.trail().display().to_string();
        let words = [stage, &self.model, "--version", version, "--actor", "pipeline", "--trail", &trail];
        self.ctx.call(Call { kill_after: Some(after), ..Call::of("promote", &words) }).await
    }

    /// `promote`, which must exit with this code; its JSON.
    pub(super) async fn promoted(&self, stage: &str, version: &str, more: &[&str], code: i32) -> Result<Value, Fault> {
        let done = self.promote(stage, version, more).await?;
        expect::exit(&done, &format!("promote {stage} … {}", more.join(" ")), code)?;
        expect::printed_json(&done)
    }

    /// `approve MODEL --version N --approver NAME`, which must exit with this code.
    pub(super) async fn approve(&self, version: &str, approver: &str, code: i32) -> Result<(), Fault> {
        let trail = self.trail().display().to_string();
        let words = [&self.model, "--version", version, "--approver", approver, "--trail", &trail];
        expect::exit(&self.ctx.run("approve", &words).await?, "approve", code)
    }

    /// `rollback MODEL …`, which must exit with this code; its JSON.
    pub(super) async fn roll_back(&self, more: &[&str], code: i32) -> Result<Value, Fault> {
        let trail = self.trail().display().to_string();
        let words = [self.model.as_str(), "--actor", "pipeline", "--trail", &trail];
        let done = self.ctx.run("rollback", &[&words, more].concat()).await?;
        expect::exit(&done, &format!("rollback … {}", more.join(" ")), code)?;
        expect::printed_json(&done)
    }

    /// The aliases must be exactly these.
    pub(super) async fn stands(&self, when: &str, expected: &[(&str, &str)]) -> Result<(), Fault> {
        let expected: BTreeMap<_, _> =
            expected.iter().map(|&(alias, version)| (alias.to_owned(), version.to_owned())).collect();
        expect::equal(&format!("the aliases after {when}"), &expected, &self.server.aliases(&self.model).await?)
    }

    /// A file of observations of two versions.
    pub(super) fn observed(&self, baseline: &Seen<'_>, canary: &Seen<'_>) -> Result<String, Fault> {
        let mut rng = self.ctx.rng();
        let mut side = |seen: &Seen<'_>| {
            let mut noise = |middle: f64, width: f64| {
                let sum: f64 = std::iter::repeat_with(|| rng.f64()).take(6).sum();
                middle + width * (sum / 3.0 - 1.0)
            };
            let latency: Vec<f64> = (0..seen.requests).map(|_| noise(seen.latency_ms, seen.latency_ms / 3.0)).collect();
            let quality: Vec<f64> = (0..seen.labels).map(|_| noise(seen.quality, 0.05)).collect();
            json!({ "version": seen.version, "requests": seen.requests, "errors": seen.errors,
                "latency_ms": latency, "quality": quality })
        };
        let text = json!({ "baseline": side(baseline), "canary": side(canary) }).to_string();
        let path = self.folder.join(format!("{}.json", self.ctx.name("observations")));
        std::fs::write(&path, text).map_err(|error| Fault::Harness(format!("{}: {error}", path.display())))?;
        Ok(path.display().to_string())
    }
}

/// What was seen of a version.
pub(super) struct Seen<'a> {
    pub(super) version: &'a str,
    pub(super) requests: u64,
    /// For how many of them it is known by now how good the answer was.
    pub(super) labels: u64,
    pub(super) errors: u64,
    pub(super) latency_ms: f64,
    pub(super) quality: f64,
}

impl<'a> Seen<'a> {
    /// A healthy version under good traffic.
    pub(super) fn well(version: &'a str) -> Self {
        Self { version, requests: 4000, labels: 4000, errors: 12, latency_ms: 20.0, quality: 0.9 }
    }
}

/// RFC 3339, so many hours back.
pub(super) fn hours_ago(hours: i64) -> String {
    let seconds = jiff::Timestamp::now().as_second() - hours * 3600;
    jiff::Timestamp::from_second(seconds).map(|time| time.to_string()).unwrap_or_default()
}
