//! A registered model with its past, at random, made over the wire: what a check knows of it, no submission can have guessed.

use crate::{
    check::Fault,
    context::Context,
    expect,
    tracking::{Run, Tracking},
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::path::PathBuf;

/// What `previous` says in a trail's first entry.
const GENESIS: &str = "sha256:0000000000000000000000000000000000000000000000000000000000000000";

/// A model and its past.
pub(super) struct Story {
    pub(super) server: Tracking,
    pub(super) model: String,
    pub(super) owner: String,
    pub(super) author: String,
    pub(super) now: Timestamp,
    /// The audit trail's lines.
    pub(super) lines: Vec<String>,
    folder: PathBuf,
    rng: fastrand::Rng,
}

/// A version and all that was recorded of it.
#[derive(Clone)]
pub(super) struct Version {
    pub(super) number: String,
    pub(super) run: Run,
    pub(super) commit: String,
    pub(super) dataset: String,
    pub(super) dataset_digest: String,
    pub(super) params: Vec<(String, String)>,
    pub(super) metrics: Vec<(String, f64)>,
    pub(super) weights_digest: String,
    pub(super) report_digest: String,
    pub(super) slice: String,
    pub(super) concern: String,
    pub(super) description: String,
}

/// `sha256:` and 64 hexadecimal digits.
pub(super) fn digest(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().fold("sha256:".to_owned(), |text, byte| text + &format!("{byte:02x}"))
}

impl Story {
    /// A model with an owner, whose name begins with this.
    pub(super) async fn begin(ctx: &Context, prefix: &str) -> Result<Self, Fault> {
        let (server, folder, mut rng) = (ctx.tracking()?, ctx.scratch()?, ctx.rng());
        let (model, owner) = (ctx.name(prefix), word(&mut rng));
        let author = word(&mut rng);
        let tags = json!([{"key": "owner", "value": owner}, {"key": "contact", "value": "#on-call"},
            {"key": "intended_use", "value": "ranks cases for people"}]);
        server
            .did("registered-models/create", json!({"name": model, "description": "Scores cases.", "tags": tags}))
            .await?;
        Ok(Self { server, model, owner, author, now: now(), lines: Vec::new(), folder, rng })
    }

    /// A word that nobody else says.
    pub(super) fn word(&mut self) -> String {
        word(&mut self.rng)
    }

    /// The next version: trained, validated, tested and not yet approved.
    pub(super) async fn version(&mut self, ctx: &Context) -> Result<Version, Fault> {
        let experiment = self.server.experiment(&ctx.name("experiment")).await?;
        let run = self.server.run(&experiment).await?;
        let metrics = vec![("auc".to_owned(), self.figure()), (format!("m-{}", self.word()), self.figure())];
        let params = vec![(format!("p-{}", self.word()), self.word()), ("depth".to_owned(), self.word())];
        let (slice, concern) = (self.word(), format!("nulls.{}", self.word()));
        let report = report(&metrics[0], &slice, &concern);
        let version = Version {
            number: String::new(),
            commit: digest(self.word().as_bytes())[7..47].to_owned(),
            dataset: self.word(),
            dataset_digest: digest(self.word().as_bytes())[7..23].to_owned(),
            weights_digest: String::new(),
            report_digest: digest(report.as_bytes()),
            description: self.word(),
            run,
            params,
            metrics,
            slice,
            concern,
        };
        self.log(&version).await?;
        let weights = self.word();
        self.server.store(&version.run, "model/weights.bin", &weights).await?;
        self.server.store(&version.run, "model/MLmodel", SIGNATURE).await?;
        self.server.store(&version.run, "validation/report.json", &report).await?;
        let number = self.register(&version).await?;
        Ok(Version { number, weights_digest: digest(weights.as_bytes()), ..version })
    }

    async fn log(&self, version: &Version) -> Result<(), Fault> {
        let id = &version.run.id;
        let metrics: Vec<_> = version
            .metrics
            .iter()
            .map(|(key, value)| json!({"key": key, "value": value, "timestamp": 1_760_000_000_000_i64, "step": 0}))
            .collect();
        let params: Vec<_> = version.params.iter().map(|(key, value)| json!({"key": key, "value": value})).collect();
        let tags = json!([{"key": "mlflow.source.git.commit", "value": version.commit}]);
        let batch = json!({"run_id": id, "metrics": metrics, "params": params, "tags": tags});
        self.server.did("runs/log-batch", batch).await?;
        let dataset = json!({"name": version.dataset, "digest": version.dataset_digest, "source_type": "s3",
            "source": "{\"uri\": \"s3://data/cases\"}"});
        let context = json!([{"key": "mlflow.data.context", "value": "training"}]);
        let inputs = json!({"run_id": id, "datasets": [{"tags": context, "dataset": dataset}]});
        self.server.did("runs/log-inputs", inputs).await?;
        let ended = json!({"run_id": id, "status": "FINISHED", "end_time": 1_760_000_600_000_i64});
        self.server.did("runs/update", ended).await.map(drop)
    }

    async fn register(&self, version: &Version) -> Result<String, Fault> {
        let tags = json!([
            {"key": "promotion.author", "value": self.author},
            {"key": "validation.status", "value": "passed"},
            {"key": "validation.report_digest", "value": version.report_digest},
            {"key": "validation.time", "value": self.now.to_string()},
            {"key": "tests.status", "value": "passed"},
        ]);
        let source = format!("mlflow-artifacts:/{}/model", version.run.artifacts);
        let body = json!({"name": self.model, "source": source, "run_id": version.run.id, "tags": tags,
            "description": version.description});
        let created = self.server.did("model-versions/create", body).await?;
        Ok(expect::text(&created, "/model_version/version")?.to_owned())
    }

    /// Somebody approves a version, as it is.
    pub(super) async fn approve(&self, version: &Version, approver: &str) -> Result<(), Fault> {
        self.approve_as(version, approver, &version.number, &version.report_digest, self.days_ago(1)).await
    }

    /// Somebody approves something, which may be something else.
    pub(super) async fn approve_as(
        &self,
        version: &Version,
        approver: &str,
        number: &str,
        digest: &str,
        time: Timestamp,
    ) -> Result<(), Fault> {
        let value = json!({"approver": approver, "version": number, "digest": digest, "time": time.to_string(),
            "comment": "read"});
        self.server.tag(&self.model, &version.number, &format!("approval.{approver}"), &value.to_string()).await
    }

    /// A time in the past.
    pub(super) fn days_ago(&self, days: i64) -> Timestamp {
        self.now - SignedDuration::from_hours(24 * days)
    }

    /// Writes an entry of the audit trail down, and its digest into the next.
    pub(super) fn record(&mut self, action: &str, actor: &str, version: &Version) {
        let previous =
            self.lines.last().map_or(GENESIS.to_owned(), |line| line[line.len() - 73..line.len() - 2].to_owned());
        let text = |value: &str| Value::from(value).to_string();
        let subject = text(&format!("model:{}/{}", self.model, version.number));
        let (sequence, time) = (self.lines.len() + 1, self.now);
        let (actor, action, operation) = (text(actor), text(action), self.word());
        let covered = format!(
            "{{\"sequence\":{sequence},\"time\":\"{time}\",\"actor\":{actor},\"action\":{action},\"subject\":{subject},\
             \"detail\":{{\"operation\":\"{operation}\"}},\"previous\":\"{previous}\""
        );
        let digest = digest(format!("{covered}}}").as_bytes());
        self.lines.push(format!("{covered},\"digest\":\"{digest}\"}}"));
    }

    /// The digest of the trail's last entry.
    pub(super) fn head(&self) -> String {
        self.lines.last().map_or(GENESIS.to_owned(), |line| line[line.len() - 73..line.len() - 2].to_owned())
    }

    /// The audit trail in a file.
    pub(super) fn trail(&self) -> Result<String, Fault> {
        self.file("audit.jsonl", &self.lines.iter().map(|line| format!("{line}\n")).collect::<String>())
    }

    /// Writes a file that both sides can read, and says where it is.
    pub(super) fn file(&self, name: &str, content: &str) -> Result<String, Fault> {
        let path = self.folder.join(name);
        std::fs::write(&path, content).map_err(|error| Fault::Harness(format!("{}: {error}", path.display())))?;
        Ok(path.display().to_string())
    }

    /// Where a file of this name would be.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// A figure with few digits, below 1.
    fn figure(&mut self) -> f64 {
        f64::from(self.rng.u32(100..9999)) / 10_000.0
    }
}

const SIGNATURE: &str =
    "signature:\n  inputs: '[{\"type\": \"double\", \"name\": \"x\"}]'\n  outputs: '[{\"type\": \"double\"}]'\n";

fn report(metric: &(String, f64), slice: &str, concern: &str) -> String {
    let expectation = |id: &str, measure: &str, verdict: &str, severity: &str, why: &str| {
        json!({"id": id, "kind": "metric", "severity": severity, "verdict": verdict, "measure": measure,
            "threshold": {"min": 0.001}, "why": why})
    };
    let expectations = [
        expectation(&format!("performance.{}", metric.0), &metric.0, "passed", "critical", "it is high enough"),
        expectation(concern, "share", "failed", "warning", "values are absent"),
    ];
    let slice =
        json!({"metric": metric.0, "slice": {"country": slice}, "value": 0.5, "n": 321, "verdict": "inconclusive"});
    json!({"version": 1, "suite": "cases", "verdict": "passed", "expectations": expectations,
        "performance": {"metrics": [slice]}})
    .to_string()
}

fn word(rng: &mut fastrand::Rng) -> String {
    std::iter::repeat_with(|| rng.lowercase()).take(10).collect()
}

/// To the second: what is written down is what is compared.
fn now() -> Timestamp {
    Timestamp::from_second(Timestamp::now().as_second()).unwrap_or_default()
}
