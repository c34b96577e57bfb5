//! A bare repository with one manifest, a policy, and the files that a monitor, a trainer and a canary would write. All names and figures
//! follow from the seed.

use crate::{
    check::Fault,
    context::{Call, Context},
    expect,
    submission::CommandOutput,
    tool::Tool,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::{fs, path::PathBuf};

const POLICY: &str = r#"model: MODEL
triggers:
  - { name: drift, source: { drift: { monitor: MODEL-inputs } }, enter: 0.3, leave: 0.1, windows: 2, silence: 30h }
  - { name: burn, source: { alert: { name: ErrorBudgetBurn } } }
cool_down: 72h
budget: { period: 30d, retrainings: 3, money: "1500.00" }
data_window: 28d
impact: { metric: accuracy, predictions_per_day: 20000, value_per_prediction: "0.12", horizon_days: 30, recovered: ["0.5", "0.9"] }
cost: { currency: EUR, compute: "310.00", labels: "40.00", people: "50.00" }
approvals: { needed: 2, valid: 48h }
canary: { share: "0.1", limits: { measures: [error_rate], confidence: 0.95, min_samples: 200, error_rate_margin: 0.05 } }
verify: { metric: accuracy, bound: 0.85 }
"#;

/// One repository and what belongs to it.
pub(super) struct Scene {
    pub(super) ctx: Context,
    pub(super) git: Tool,
    folder: PathBuf,
    start: Timestamp,
    pub(super) model: String,
    /// What is served at first, and what is rolled out.
    pub(super) versions: [u32; 2],
    pub(super) proposer: String,
}

impl Scene {
    /// With the policy above.
    pub(super) async fn new(ctx: &Context) -> Result<Self, Fault> {
        Self::with(ctx, &[]).await
    }

    /// With parts of the policy replaced.
    pub(super) async fn with(ctx: &Context, changes: &[(&str, &str)]) -> Result<Self, Fault> {
        let mut rng = ctx.rng();
        let start: Timestamp = "2026-01-10T00:00:00Z".parse().map_err(|error| Fault::Harness(format!("{error}")))?;
        let old = rng.u32(3..90);
        let scene = Self {
            folder: ctx.scratch()?,
            git: ctx.tool("git")?,
            start: start.saturating_add(SignedDuration::from_hours(24 * rng.i64(0..300))).unwrap_or(start),
            model: ctx.name("model"),
            versions: [old, old + rng.u32(1..9)],
            proposer: ctx.name("proposer"),
            ctx: ctx.clone(),
        };
        scene.policy(changes)?;
        let stable = json!({ "version": old.to_string(), "digest": sha(old) });
        // Keys in no particular order and spaces nobody asked for: a revert restores these very bytes.
        let manifest = format!(
            "{{ \"replicas\":   {}, \"stable\": {stable}, \"canary\": null,\n  \"owner\": \"ml\" }}\n",
            rng.u32(2..9)
        );
        scene.write(&format!("work/deployments/{}.json", scene.model), &manifest)?;
        scene.git(&["init", "--quiet", "-b", "main", &scene.path("work")]).await?;
        scene.git(&["-C", &scene.path("work"), "add", "."]).await?;
        scene.git(&["-C", &scene.path("work"), "commit", "--quiet", "-m", "Serve"]).await?;
        scene.git(&["clone", "--quiet", "--bare", &scene.path("work"), &scene.path("gitops.git")]).await?;
        scene.git(&["-C", &scene.path("work"), "remote", "add", "origin", &scene.path("gitops.git")]).await?;
        Ok(scene)
    }

    /// Writes the policy again, with parts of it replaced.
    pub(super) fn policy(&self, changes: &[(&str, &str)]) -> Result<(), Fault> {
        let policy = changes.iter().fold(POLICY.to_owned(), |policy, (from, to)| policy.replace(from, to));
        self.write("policy.yaml", &policy.replace("MODEL", &self.model))
    }

    pub(super) fn path(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }

    pub(super) fn write(&self, name: &str, content: &str) -> Result<(), Fault> {
        let path = self.folder.join(name);
        let made = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&path, content));
        made.map_err(|error| Fault::Harness(format!("{}: {error}", path.display())))
    }

    /// So many hours after the story's first midnight.
    pub(super) fn time(&self, hours: i64) -> String {
        self.start.saturating_add(SignedDuration::from_hours(hours)).unwrap_or(self.start).to_string()
    }

    /// A drift report of this day, with so many of ten columns drifted; its path and its digest.
    pub(super) fn drift(&self, day: i64, drifted: usize) -> Result<(String, String), Fault> {
        let verdicts = (0..10).map(|column| if column < drifted { "drift" } else { "stable" });
        self.report(day, if drifted > 0 { "drift" } else { "stable" }, verdicts)
    }

    /// A drift report of this day in which no column could be told.
    pub(super) fn untold(&self, day: i64) -> Result<(String, String), Fault> {
        self.report(day, "inconclusive", (0..10).map(|_| "inconclusive"))
    }

    fn report<'a>(
        &self,
        day: i64,
        verdict: &str,
        columns: impl Iterator<Item = &'a str>,
    ) -> Result<(String, String), Fault> {
        let columns: Vec<Value> = columns
            .enumerate()
            .map(|(number, verdict)| json!({ "column": format!("x{number}"), "verdict": verdict }))
            .collect();
        let report = json!({
            "version": 1, "monitor": format!("{}-inputs", self.model), "started_at": self.time(24 * (day + 1)), "verdict": verdict,
            "why": self.ctx.name("why"), "columns": columns,
            "window": { "start": self.time(24 * day), "end": self.time(24 * (day + 1)) },
        });
        let (name, text) = (format!("{}.json", self.ctx.name("drift")), format!("{report:#}\n"));
        self.write(&name, &text)?;
        Ok((self.path(&name), digest(text.as_bytes())))
    }

    /// Estimates of accuracy against a reference of 0.92; the file's path.
    pub(super) fn estimates(&self, lower: f64, upper: f64) -> Result<String, Fault> {
        let estimated = f64::midpoint(lower, upper);
        let estimate =
            json!({ "metric": "accuracy", "estimated": estimated, "lower": lower, "upper": upper, "reference": 0.92 });
        let name = format!("{}.json", self.ctx.name("estimates"));
        self.write(
            &name,
            &json!({ "chunks": [{ "first_row": 0, "rows": 5000, "estimates": [estimate] }] }).to_string(),
        )?;
        Ok(self.path(&name))
    }

    /// What the training made, of the data up to the end of this day.
    pub(super) fn candidate(&self, version: u32, day: i64) -> Result<String, Fault> {
        let end = 24 * (day + 1);
        let window = json!({ "start": self.time(end - 28 * 24), "end": self.time(end) });
        let name = format!("{}.json", self.ctx.name("candidate"));
        self.write(
            &name,
            &json!({ "version": version.to_string(), "digest": sha(version), "data_window": window }).to_string(),
        )?;
        Ok(self.path(&name))
    }

    /// Observations of both versions: requests on each side, and errors.
    pub(super) fn observations(&self, requests: u32, errors: [u32; 2]) -> Result<String, Fault> {
        let side = |number: usize| json!({ "version": self.versions[number].to_string(), "requests": requests, "errors": errors[number] });
        let name = format!("{}.json", self.ctx.name("observations"));
        self.write(&name, &json!({ "baseline": side(0), "canary": side(1) }).to_string())?;
        Ok(self.path(&name))
    }

    /// Calls a command at this hour, with these words.
    pub(super) async fn call(&self, command: &str, hour: i64, words: &[&str]) -> Result<CommandOutput, Fault> {
        self.call_on("gitops.git", command, hour, words, None).await
    }

    pub(super) async fn call_on(
        &self,
        repository: &str,
        command: &str,
        hour: i64,
        words: &[&str],
        kill_after: Option<std::time::Duration>,
    ) -> Result<CommandOutput, Fault> {
        let (policy, repository, now) = (self.path("policy.yaml"), self.path(repository), self.time(hour));
        let arguments = [&[policy.as_str(), "--repository", &repository, "--now", &now], words].concat();
        self.ctx.call(Call { kill_after, ..Call::of(command, &arguments) }).await
    }

    /// The same, which must exit with this code; the JSON it printed.
    pub(super) async fn done(&self, command: &str, hour: i64, words: &[&str], code: i32) -> Result<Value, Fault> {
        let output = self.call(command, hour, words).await?;
        let short: Vec<&str> = words.iter().map(|word| word.rsplit('/').next().unwrap_or(word)).collect();
        expect::exit(&output, &format!("{command} {}", short.join(" ")), code)?;
        if code == 2 { Ok(Value::Null) } else { expect::printed_json(&output) }
    }

    /// Hears these signals; the `outcome` must be this one.
    pub(super) async fn hears(&self, hour: i64, signals: &[&str], outcome: &str) -> Result<Value, Fault> {
        let words: Vec<&str> = signals.iter().flat_map(|signal| ["--signal", signal]).collect();
        let answer = self.done("decide", hour, &words, 0).await?;
        let why = answer["why"].as_str().unwrap_or_default();
        expect::equal(&format!("`outcome` of decide ({why})"), outcome, expect::text(&answer, "/outcome")?)?;
        Ok(answer)
    }

    /// Two loud days, heard on the morning after the second (`day + 1`).
    pub(super) async fn raised(&self, day: i64) -> Result<(), Fault> {
        let (first, second) = (self.drift(day, 5)?.0, self.drift(day + 1, 6)?.0);
        self.hears(24 * (day + 2) + 1, &[&first, &second], "due").await.map(drop)
    }

    /// Proposes an hour later what `raised` raised; the id.
    pub(super) async fn proposed(&self, day: i64) -> Result<String, Fault> {
        let estimates = self.estimates(0.84, 0.88)?;
        let words = ["--by", &self.proposer, "--performance", &estimates];
        let answer = self.done("propose", 24 * (day + 2) + 2, &words, 0).await?;
        expect::equal("`outcome` of propose", "proposed", expect::text(&answer, "/outcome")?)?;
        Ok(expect::text(&answer, "/proposal")?.to_owned())
    }

    /// Two people approve it, an hour later each.
    pub(super) async fn approved(&self, id: &str, day: i64) -> Result<[String; 2], Fault> {
        let people = [self.ctx.name("ada"), self.ctx.name("ben")];
        for (number, person) in (0..).zip(&people) {
            self.done("approve", 24 * (day + 2) + 3 + number, &["--by", person, "--proposal", id], 0).await?;
        }
        Ok(people)
    }

    /// From nothing to a canary: raised by days 0 and 1, proposed, approved, begun at hour 53. The id.
    pub(super) async fn canary(&self) -> Result<String, Fault> {
        self.raised(0).await?;
        let id = self.proposed(0).await?;
        self.approved(&id, 0).await?;
        let candidate = self.candidate(self.versions[1], 1)?;
        self.done("roll-out", 53, &["--by", "deployer", "--proposal", &id, "--candidate", &candidate], 0).await?;
        Ok(id)
    }

    /// And further to all traffic, at hour 54.
    pub(super) async fn full(&self) -> Result<String, Fault> {
        let id = self.canary().await?;
        let seen = self.observations(20_000, [200, 200])?;
        self.done("roll-out", 54, &["--by", "deployer", "--proposal", &id, "--observations", &seen], 0).await?;
        Ok(id)
    }

    /// git, which must succeed; what it printed.
    pub(super) async fn git(&self, words: &[&str]) -> Result<String, Fault> {
        let output = self.try_git(words).await?;
        if output.status == 0 {
            return Ok(output.stdout);
        }
        Err(Fault::failed(format!("git {}", words.join(" ")), "success", output.stderr))
    }

    /// git, as a colleague with a name and a clock.
    pub(super) async fn try_git(&self, words: &[&str]) -> Result<CommandOutput, Fault> {
        let variables = [
            ("GIT_AUTHOR_NAME", "colleague"),
            ("GIT_AUTHOR_EMAIL", "colleague@example.org"),
            ("GIT_COMMITTER_NAME", "colleague"),
            ("GIT_COMMITTER_EMAIL", "colleague@example.org"),
            ("GIT_CONFIG_GLOBAL", "/dev/null"),
        ];
        self.git.run(words, &variables).await
    }

    /// git on the bare repository.
    pub(super) async fn bare(&self, words: &[&str]) -> Result<String, Fault> {
        self.git(&[&["-C", &self.path("gitops.git")], words].concat()).await
    }

    pub(super) async fn tip(&self) -> Result<String, Fault> {
        Ok(self.bare(&["rev-parse", "main"]).await?.trim().to_owned())
    }

    /// A file of the branch.
    pub(super) async fn show(&self, path: &str) -> Result<String, Fault> {
        self.bare(&["show", &format!("main:{path}")]).await
    }

    /// A file of the branch as JSON.
    pub(super) async fn json(&self, path: &str) -> Result<Value, Fault> {
        let text = self.show(path).await?;
        serde_json::from_str(&text).map_err(|error| Fault::failed(format!("main:{path}"), "JSON", error.to_string()))
    }

    /// The deployment's manifest.
    pub(super) async fn manifest(&self) -> Result<Value, Fault> {
        self.json(&format!("deployments/{}.json", self.model)).await
    }

    /// The files below a folder of the branch.
    pub(super) async fn files(&self, folder: &str) -> Result<Vec<String>, Fault> {
        let listed = self.bare(&["ls-tree", "-r", "--name-only", "main", folder]).await?;
        Ok(listed.lines().map(str::to_owned).collect())
    }

    /// A colleague changes a file and pushes it.
    pub(super) async fn colleague(&self, path: &str, edit: impl Fn(&str) -> String) -> Result<(), Fault> {
        let work = self.path("work");
        for _ in 0..30 {
            self.git(&["-C", &work, "fetch", "--quiet", "origin", "main"]).await?;
            self.git(&["-C", &work, "reset", "--quiet", "--hard", "FETCH_HEAD"]).await?;
            let file = format!("work/{path}");
            let before = fs::read_to_string(self.path(&file)).unwrap_or_default();
            self.write(&file, &edit(&before))?;
            self.git(&["-C", &work, "add", "."]).await?;
            self.git(&["-C", &work, "commit", "--quiet", "-m", "By a colleague"]).await?;
            if self.try_git(&["-C", &work, "push", "--quiet", "origin", "HEAD:main"]).await?.status == 0 {
                return Ok(());
            }
        }
        Err(Fault::failed("30 pushes of a colleague", "one that lands", "none"))
    }
}

/// A model's digest, by its version.
pub(super) fn sha(version: u32) -> String {
    digest(version.to_string().as_bytes())
}

/// `sha256:` and the digest of these bytes.
pub(super) fn digest(bytes: &[u8]) -> String {
    let digits: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{digits}")
}
