//! A bare repository with a manifest, a policy, and files that other programs would write; our command and git's on it.

use super::super::environment::COMMAND;
use libtest_mimic::Failed;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

pub(super) const POLICY: &str = r#"
model: churn
triggers:
  - { name: drift, source: { drift: { monitor: churn-inputs } }, enter: 0.3, leave: 0.1, windows: 2, silence: 26h }
  - { name: burn, source: { alert: { name: ErrorBudgetBurn, heartbeat: Watchdog } } }
  - { name: accuracy, source: { performance: { metric: accuracy } }, enter: 0.05, leave: 0.02, windows: 2 }
cool_down: 72h
budget: { period: 30d, retrainings: 2, money: "900.00" }
data_window: 28d
impact: { metric: accuracy, predictions_per_day: 20000, value_per_prediction: "0.12", horizon_days: 30, recovered: ["0.5", "0.9"] }
cost: { currency: EUR, compute: "310.00", labels: "40.00", people: "50.00" }
approvals: { needed: 2, valid: 72h, approvers: [ada, ben, cyd] }
canary: { share: "0.1", limits: { measures: [error_rate], min_samples: 200, error_rate_margin: 0.01 } }
verify: { metric: accuracy, bound: 0.85 }
"#;

/// A folder that vanishes, with all of it.
pub(super) struct Scene {
    pub(super) folder: tempfile::TempDir,
}

impl Scene {
    pub(super) fn new() -> Result<Self, Failed> {
        let scene = Self { folder: tempfile::tempdir()? };
        scene.write("policy.yaml", POLICY)?;
        let served = json!({ "version": "7", "digest": sha(7) });
        scene.write(
            "work/deployments/churn.json",
            &format!("{{ \"replicas\": 3, \"stable\": {served}, \"canary\": null }}\n"),
        )?;
        scene.git(&["init", "--quiet", "-b", "main", "work"])?;
        scene.git(&["-C", "work", "add", "."])?;
        scene.git(&["-C", "work", "commit", "--quiet", "-m", "Serve version 7"])?;
        scene.git(&["clone", "--quiet", "--bare", "work", "gitops.git"])?;
        scene.git(&["-C", "work", "remote", "add", "origin", &scene.path("gitops.git").display().to_string()])?;
        for (number, day) in (1..=6).enumerate() {
            scene.drift(&format!("drift-{}.json", number + 1), day, 2)?;
        }
        scene.estimates("loss.json", [0.84, 0.86, 0.88])?;
        scene.estimates("well.json", [0.90, 0.91, 0.92])?;
        scene.estimates("badly.json", [0.79, 0.80, 0.81])?;
        scene.write("candidate.json", &candidate(8, 3).to_string())?;
        scene.write("good.yaml", &seen(8, 9000, 9))?;
        scene.write("bad.yaml", &seen(8, 9000, 900))?;
        scene.write("few.yaml", &seen(8, 100, 1))?;
        Ok(scene)
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(super) fn write(&self, name: &str, content: &str) -> Result<(), Failed> {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap_or(&path))?;
        Ok(fs::write(path, content)?)
    }

    /// A drift report of this day of March, with so many of four columns drifted.
    pub(super) fn drift(&self, name: &str, day: u32, drifted: usize) -> Result<(), Failed> {
        let verdict = |number: usize| if number < drifted { "drift" } else { "stable" };
        let report = json!({
            "version": 1, "monitor": "churn-inputs", "started_at": format!("2026-03-{:02}T00:10:00Z", day + 1),
            "window": { "start": format!("2026-03-{day:02}T00:00:00Z"), "end": format!("2026-03-{:02}T00:00:00Z", day + 1) },
            "verdict": verdict(0), "why": format!("{drifted} of 4 columns drifted"),
            "columns": (0..4).map(|number| json!({ "column": number.to_string(), "verdict": verdict(number) })).collect::<Vec<_>>(),
        });
        self.write(name, &report.to_string())
    }

    fn estimates(&self, name: &str, [lower, estimated, upper]: [f64; 3]) -> Result<(), Failed> {
        let estimate =
            json!({ "metric": "accuracy", "estimated": estimated, "lower": lower, "upper": upper, "reference": 0.92 });
        self.write(name, &json!({ "chunks": [{ "first_row": 0, "rows": 5000, "estimates": [estimate] }] }).to_string())
    }

    /// git, as somebody whose clock stands still.
    pub(super) fn git(&self, words: &[&str]) -> Result<String, Failed> {
        let output = self.try_git(words)?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        if !output.status.success() {
            return Err(format!("git {}: {said}", words.join(" ")).into());
        }
        Ok(String::from_utf8(output.stdout)?)
    }

    pub(super) fn try_git(&self, words: &[&str]) -> Result<Output, Failed> {
        let mut git = Command::new("git");
        for (name, value) in
            [("NAME", "colleague"), ("EMAIL", "colleague@example.org"), ("DATE", "2026-02-01T00:00:00Z")]
        {
            git.env(format!("GIT_AUTHOR_{name}"), value).env(format!("GIT_COMMITTER_{name}"), value);
        }
        git.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_SYSTEM", "/dev/null");
        Ok(git.current_dir(self.folder.path()).args(words).output()?)
    }

    /// Our command on a repository of this name.
    pub(super) fn command(&self, repository: &str, words: &str) -> Command {
        let mut words = words.split_whitespace();
        let mut command = Command::new(COMMAND);
        command.current_dir(self.folder.path()).args(["retrain", words.next().unwrap_or_default(), "policy.yaml"]);
        command.args(["--repository", repository, "--json"]).args(words);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs it and requires the exit code; its answer, null when there was none.
    pub(super) fn run(&self, words: &str, code: i32) -> Result<Value, Failed> {
        let output = self.command("gitops.git", words).output()?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        if output.status.code() != Some(code) {
            return Err(format!("{words}: {:?} instead of {code}: {said}", output.status.code()).into());
        }
        if output.stdout.is_empty() {
            return Ok(json!({ "why": said }));
        }
        Ok(serde_json::from_slice(&output.stdout)?)
    }

    /// Runs it, requires the exit code, and that it says this.
    pub(super) fn says(&self, words: &str, code: i32, expected: &str) -> Result<(), Failed> {
        let answer = self.run(words, code)?;
        let why = answer["why"].as_str().unwrap_or_default();
        if why.contains(expected) { Ok(()) } else { Err(format!("{words}: {why:?} does not say {expected:?}").into()) }
    }

    /// A file of the branch, as git shows it.
    pub(super) fn show(&self, path: &str) -> Result<String, Failed> {
        self.git(&["-C", "gitops.git", "show", &format!("main:{path}")])
    }

    /// Hears two days of drift and proposes; the proposal's id.
    pub(super) fn proposed(&self) -> Result<String, Failed> {
        self.run("decide --now 2026-03-03T01:00:00Z --signal drift-1.json --signal drift-2.json", 0)?;
        let answer = self.run("propose --now 2026-03-03T01:05:00Z --by monitor --performance loss.json", 0)?;
        Ok(answer["proposal"].as_str().ok_or("no id")?.to_owned())
    }

    /// The same, approved by two.
    pub(super) fn approved(&self) -> Result<String, Failed> {
        let id = self.proposed()?;
        for by in ["ada", "ben"] {
            self.run(&format!("approve --now 2026-03-03T02:00:00Z --by {by} --proposal {id}"), 0)?;
        }
        Ok(id)
    }

    /// What is wrong with the repository itself, once nobody is at it.
    pub(super) fn damage(&self, repository: &str) -> Result<Option<String>, Failed> {
        let checked = self.try_git(&["-C", repository, "fsck", "--strict", "--no-dangling"])?;
        if !checked.status.success() {
            return Ok(Some(String::from_utf8_lossy(&checked.stderr).into_owned()));
        }
        let left = ["refs/heads/main.lock", "retraining.intent"];
        let left = left.iter().find(|name| self.path(repository).join(name).exists());
        Ok(left.map(|name| format!("{name} was left")))
    }
}

/// A digest by number.
pub(super) fn sha(number: u32) -> String {
    format!("sha256:{number:064x}")
}

/// A candidate that learned from the 28 days before this day of March.
pub(super) fn candidate(version: u32, day: u32) -> Value {
    let window =
        json!({ "start": format!("2026-02-{day:02}T00:00:00Z"), "end": format!("2026-03-{day:02}T00:00:00Z") });
    json!({ "version": version.to_string(), "digest": sha(version), "data_window": window })
}

/// Observations of version 7 and this canary.
pub(super) fn seen(version: u32, requests: u32, errors: u32) -> String {
    format!(
        "baseline: {{ version: 7, requests: {requests}, errors: {} }}\ncanary: {{ version: {version}, requests: {requests}, errors: {errors} }}\n",
        requests / 1000
    )
}

/// Copies a folder.
pub(super) fn copy(from: &Path, to: &Path) -> Result<(), Failed> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
