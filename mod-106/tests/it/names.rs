//! Model names that look like options, that hold spaces, quotes, commands and other alphabets: through every command that takes a
//! model's name, and through every runbook, whose commands are executed.
//!
//! A name that begins with `-` stands behind `--`, or behind `=`; that is the only thing that whoever types it must know.

use super::target::{ADMIN, PASSWORD, block_on, start_embedded, stop};
use libtest_mimic::{Failed, Trial};
use mod_106::client::{ArtifactPath, Client, Config, Credentials, NewRun, RunId};
use mod_106::digest::hex;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const NAMES: [&str; 2] = ["--json", "-é 日本 \u{1f4c8} 'quoted' \"twice\" $(touch pwned) `touch pwned`; * \\"];
const REPORT: &str =
    r#"{"version":1,"suite":"cases","verdict":"passed","expectations":[],"performance":{"metrics":[]}}"#;
const SIGNATURE: &str =
    "signature:\n  inputs: '[{\"type\": \"double\", \"name\": \"x\"}]'\n  outputs: '[{\"type\": \"double\"}]'\n";

pub(crate) fn trials() -> [Trial; 1] {
    [Trial::test("names::every-command-takes-every-name", every_command_takes_every_name)]
}

fn every_command_takes_every_name() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let (uri, mut server) = start_embedded(folder.path(), "basic")?;
    let done = NAMES.iter().enumerate().try_for_each(|(number, name)| {
        let place = folder.path().join(format!("it's \"{number}\""));
        std::fs::create_dir(&place)?;
        let office = Office { uri: &uri, name, folder: place };
        office
            .commands()
            .and_then(|run| office.runbooks(&run))
            .map_err(|failed| Failed::from(format!("the name {name:?}: {}", failed.message().unwrap_or_default())))
    });
    stop(&mut server);
    done
}

/// A model with this name, and a folder to work in.
struct Office<'a> {
    uri: &'a str,
    name: &'a str,
    folder: PathBuf,
}

impl Office<'_> {
    /// Runs the command; it must succeed and have done nothing but that.
    fn run(&self, words: &[&str]) -> Result<String, Failed> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mod-106"));
        command.args(words).current_dir(&self.folder).stdin(Stdio::null()).env("MLFLOW_TRACKING_URI", self.uri);
        command.env("MLFLOW_TRACKING_USERNAME", ADMIN).env("MLFLOW_TRACKING_PASSWORD", PASSWORD);
        command.env("NO_PROXY", "127.0.0.1").env_remove("MLFLOW_TRACKING_TOKEN");
        let output = command.output()?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        if !output.status.success() {
            let told = String::from_utf8_lossy(&output.stdout).into_owned();
            return Err(format!("{words:?}: {}: {said}\n{told}", output.status).into());
        }
        if self.folder.join("pwned").exists() {
            return Err(format!("{words:?} ran a part of the name").into());
        }
        Ok(String::from_utf8(output.stdout)?)
    }

    /// Runs the command and reads its JSON.
    fn json(&self, words: &[&str]) -> Result<Value, Failed> {
        let split = words.iter().position(|word| *word == "--").unwrap_or(words.len());
        let (before, after) = words.split_at(split);
        let text = self.run(&[before, &["--json"], after].concat())?;
        serde_json::from_str(&text).map_err(|error| format!("{words:?}: {error}: {text}").into())
    }

    fn client(&self) -> Result<Client, Failed> {
        let mut config = Config::new(self.uri)?;
        (config.credentials, config.proxies_from_environment) = (Credentials::basic(ADMIN, PASSWORD), false);
        Ok(Client::new(&config)?)
    }

    /// A run with everything that gates ask for.
    fn run_with_artifacts(&self) -> Result<RunId, Failed> {
        let client = self.client()?;
        block_on(async {
            let experiment = client.create_experiment(&uuid::Uuid::new_v4().to_string(), None, &[]).await?;
            let new = NewRun { run_name: None, start_time: 0, tags: Vec::new(), user_id: String::new() };
            let run = client.create_run(&experiment, &new).await?.info.run_id;
            let root = client.artifact_root(&run).await?;
            for (path, text) in [("validation/report.json", REPORT), ("model/MLmodel", SIGNATURE)] {
                client.upload_bytes(&root, &ArtifactPath::parse(path)?, text.to_owned().into()).await?;
            }
            Ok(run)
        })
    }

    /// Every command of `models`, `approve`, `promote`, `governance`, `validate` and `catalogue` that takes a model's name.
    fn commands(&self) -> Result<RunId, Failed> {
        let name = self.name;
        let run = self.run_with_artifacts()?;
        let source = format!("runs:/{run}/model");
        let other = format!("{name} renamed");
        self.run(&["models", "create", "--tag=owner=-x", "--", name])?;
        self.run(&["models", "rename", "--", name, &other])?;
        self.run(&["models", "rename", "--", &other, name])?;
        self.run(&["models", "describe", "--", name, "-- what it is for"])?;
        for _ in 0..3 {
            self.run(&["models", "create-version", "--source", &source, "--run", run.as_str(), "--", name])?;
        }
        assert_eq!(self.json(&["models", "get", "--", name])?["name"], name);
        self.run(&["models", "set-stage", "--", name, "1", "staging"])?;
        self.run(&["models", "set-alias", "--", name, "gone", "3"])?;
        self.run(&["models", "delete-alias", "--", name, "gone"])?;
        self.run(&["models", "delete-version", "--", name, "3"])?;
        self.approve("1")?;
        self.approve("2")?;
        self.run(&["models", "set-alias", "--", name, "champion", "1"])?;
        assert_eq!(self.json(&["models", "get-version", "--", name, "champion"])?["version"], "1");
        assert!(self.run(&["promote", "status", "--", name])?.contains("champion"));

        std::fs::write(self.folder.join("a.csv"), "x\n1\n2\n")?;
        std::fs::write(
            self.folder.join("suite.yaml"),
            "suite: s\ncurrent: a.csv\nexpectations: [{ id: x, expect: range, column: x, max: 9 }]\n",
        )?;
        let model = format!("--model={name}");
        let noted = self.run_with_artifacts()?;
        self.run(&["models", "create", "--", &other])?;
        self.run(&["models", "create-version", "--source", &source, "--", &other])?;
        let model_other = format!("--model={other}");
        self.run(&["validate", "suite.yaml", "--log-to-run", noted.as_str(), &model_other, "--version", "1"])?;
        self.run(&["models", "delete", "--", &other])?;

        self.run(&["catalogue", "--out=-catalogue", &model])?;
        let catalogue: Value = serde_json::from_slice(&std::fs::read(self.folder.join("-catalogue/catalogue.json"))?)?;
        let versions = catalogue.pointer("/models/0/versions").and_then(Value::as_array).map(Vec::len);
        assert_eq!((&catalogue["models"][0]["name"], versions), (&Value::from(name), Some(2)));
        for document in ["card", "approval"] {
            assert_eq!(self.json(&["governance", document, "--", name, "2"])?["model"], name, "{document}");
        }
        let controls = "title = \"t\"\n[[control]]\nid = \"A\"\ntitle = \"a\"\nneeds = [{ kind = \"run\" }]\n";
        std::fs::write(self.folder.join("controls.toml"), controls)?;
        let report = self.json(&["governance", "report", "--controls", "controls.toml", "--", name, "2"]);
        // Its run never finished; that is said, of the right model.
        let said = report.err().and_then(|failed| failed.message().map(str::to_owned)).unwrap_or_default();
        assert!(said.contains("not resolved: A"), "{said}");
        let message = self.json(&["governance", "message", "release", "--", name, "champion"])?;
        assert_eq!(message["model"], name);
        Ok(run)
    }

    /// Everything that gates ask of a version, said of it.
    fn approve(&self, version: &str) -> Result<(), Failed> {
        let digest = format!("sha256:{}", hex(&Sha256::digest(REPORT)));
        let now = jiff::Timestamp::now().to_string();
        let tags = [
            ("validation.status", "passed"),
            ("validation.report_digest", &digest),
            ("validation.time", &now),
            ("promotion.author", "--ada"),
            ("tests.status", "passed"),
            ("tests.time", &now),
        ];
        for (key, value) in tags {
            self.run(&["models", "set-tag", "--version", version, "--", self.name, key, value])?;
        }
        self.run(&["approve", "--version", version, "--approver=-grace o'hopper", "--", self.name]).map(drop)
    }

    /// Writes a runbook for a version, and executes it.
    fn execute(&self, kind: &str, version: &str, set: &[(&str, &str)]) -> Result<(), Failed> {
        self.run(&["governance", "runbook", "write", kind, "--out=-books", "--", self.name, version])?;
        let file = format!("./-books/{kind}.md");
        let mut words = vec!["governance", "runbook", "run", &file, "--execute"];
        let set: Vec<_> = set.iter().map(|(name, value)| format!("--set={name}={value}")).collect();
        words.extend(set.iter().map(String::as_str));
        self.run(&words).map(drop)
    }

    fn champion(&self) -> Result<String, Failed> {
        let found = self.json(&["models", "get-version", "--", self.name, "champion"])?;
        Ok(found["version"].as_str().unwrap_or_default().to_owned())
    }

    /// Brings a version into production.
    fn deploy(&self, version: &str, common: &[(&str, &str)]) -> Result<(), Failed> {
        let samples = |from: f64| (0..300_u32).map(|at| from + f64::from(at % 7) / 1000.0).collect::<Vec<_>>();
        let side = |version: &str| json!({ "version": version, "requests": 2000, "errors": 2, "latency_ms": samples(20.0), "quality": samples(0.9) });
        let seen = json!({ "baseline": side("1"), "canary": side(version) });
        std::fs::write(self.folder.join("-seen it's.json"), seen.to_string())?;
        self.execute("deploy", version, &[common, &[("OBSERVATIONS", "-seen it's.json")]].concat())?;
        assert_eq!(self.champion()?, version);
        Ok(())
    }

    /// All five, with files whose names are no better than the model's.
    fn runbooks(&self, run: &RunId) -> Result<(), Failed> {
        let common = [("OUT", "-notes"), ("TRAIL", "-trail.jsonl")];
        self.deploy("2", &common)?;
        rows(&self.folder.join("-reference it's.csv"), 0)?;
        rows(&self.folder.join("-today \"now\".csv"), 900)?;
        let set = [("REFERENCE", "-reference it's.csv"), ("CURRENT", "-today \"now\".csv")];
        self.execute("drift", "2", &[&common[..], &set[..]].concat())?;
        assert_eq!(self.champion()?, "1");
        assert!(self.folder.join("-notes/report.html").exists());

        // What was rolled back never comes again: the next one is another version.
        let source = format!("runs:/{run}/model");
        let words = ["models", "create-version", "--source", &source, "--run", run.as_str(), "--", self.name];
        let next = self.json(&words)?["version"].as_str().unwrap_or_default().to_owned();
        self.approve(&next)?;
        self.deploy(&next, &common)?;
        let reason = ("REASON", "--reason \"it's\" $(touch pwned)");
        self.execute("rollback", &next, &[&common[..], &[reason]].concat())?;
        assert_eq!(self.champion()?, "1");
        let note: Value = serde_json::from_slice(&std::fs::read(self.folder.join("-notes/incident.json"))?)?;
        assert_eq!((&note["model"], &note["poisoned"]["reason"]), (&Value::from(self.name), &Value::from(reason.1)));
        self.rotation()?;
        self.restoration(run)
    }

    /// A file that was changed is put back.
    fn restoration(&self, run: &RunId) -> Result<(), Failed> {
        let client = self.client()?;
        block_on(async {
            let root = client.artifact_root(run).await?;
            client.upload_bytes(&root, &ArtifactPath::parse("validation/report.json")?, "{}".into()).await
        })?;
        std::fs::write(self.folder.join("-copy it's.json"), REPORT)?;
        self.execute("restore", "2", &[("COPY", "-copy it's.json")])?;
        self.run(&["artifacts", "download", "--to=-back", "--", run.as_str(), "validation/report.json"])?;
        assert_eq!(std::fs::read_to_string(self.folder.join("-back/report.json"))?, REPORT);
        Ok(())
    }

    fn rotation(&self) -> Result<(), Failed> {
        let account = format!("robot-{}", uuid::Uuid::new_v4().simple());
        std::fs::write(self.folder.join("-old password"), "an old and long password")?;
        self.run(&["users", "create", "--password-file=-old password", "--", &account])?;
        let set = [("ACCOUNT", account.as_str()), ("OLD_PASSWORD_FILE", "-old password")];
        self.execute("rotate", "2", &[&set[..], &[("NEW_PASSWORD_FILE", "-new password")]].concat())?;
        let password = std::fs::read_to_string(self.folder.join("-new password"))?;
        assert_eq!(password.len(), 48);
        Ok(())
    }
}

/// Three thousand numbers, evenly spread, from here on.
fn rows(path: &Path, from: u32) -> std::io::Result<()> {
    let mut text = "amount\n".to_owned();
    (from..from + 3000).for_each(|row| writeln!(text, "{row}.5").unwrap_or_default());
    std::fs::write(path, text)
}
