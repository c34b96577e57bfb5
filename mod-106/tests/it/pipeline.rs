//! Lab 2's workflows, step by step, as a runner takes them: every command line is one that `mod-106` takes, every file is there, and one
//! release after the other does what it says, up to the rollback. What is not here is GitHub itself, the cloud and the gateway:
//! `gh`, `aws` and a log of requests stand in for them.

use super::scripted::{Scripted, with};
use super::target::{labs, start_embedded, stop};
use clap::Parser;
use libtest_mimic::{Completion, Failed, Trial};
use mod_106::cli::Arguments;
use regex::{Captures, Regex};
use serde_json::Value;
use std::collections::BTreeMap;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The trials of this file.
pub(crate) fn trials() -> Vec<Trial> {
    vec![
        Trial::test("pipeline::every-command-line-is-one-that-we-take", every_command_line_is_one_that_we_take),
        Trial::test("pipeline::every-file-that-is-named-is-there", every_file_that_is_named_is_there),
        Trial::ignorable_test("pipeline::releases-go-from-code-to-production-and-back", releases),
    ]
}

fn lab() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("labs/lab-2-promotion-pipeline")
}

/// Files of a folder, sorted.
fn files(folder: &Path) -> Result<Vec<PathBuf>, Failed> {
    let mut files = std::fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>()?;
    files.sort();
    Ok(files)
}

/// A step of a workflow that runs something.
struct Step {
    file: String,
    job: String,
    run: String,
    variables: Vec<String>,
}

/// All steps that run something, file by file, and what the files use besides.
fn steps() -> Result<(Vec<Step>, Vec<String>), Failed> {
    let (mut steps, mut uses) = (Vec::new(), Vec::new());
    for path in files(&lab().join("solution/.github/workflows"))? {
        let workflow: Value = serde_saphyr::from_str(&std::fs::read_to_string(&path)?)?;
        for (name, job) in workflow["jobs"].as_object().ok_or("no jobs")? {
            uses.extend(job["uses"].as_str().map(str::to_owned));
            for step in job["steps"].as_array().into_iter().flatten() {
                uses.extend(step["uses"].as_str().map(str::to_owned));
                let Some(run) = step["run"].as_str() else { continue };
                steps.push(Step {
                    file: path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
                    job: name.clone(),
                    run: run.to_owned(),
                    variables: step["env"].as_object().into_iter().flatten().map(|(key, _)| key.clone()).collect(),
                });
            }
        }
    }
    Ok((steps, uses))
}

/// The words of a command line, with variables replaced by what could be in them. The shell's own signs end it.
fn words(line: &str) -> Vec<String> {
    let variable = Regex::new(r"\$\{?(\w+)\}?").unwrap();
    let line = variable.replace_all(line, |found: &Captures<'_>| match found[1].to_lowercase().as_str() {
        "version" | "3" => "3".to_owned(),
        "run" => "0123456789abcdef0123456789abcdef".to_owned(),
        "stage" => "staging".to_owned(),
        name => name.to_owned(),
    });
    let word = Regex::new(r#""([^"]*)"|'([^']*)'|(\S+)"#).unwrap();
    let words = word.captures_iter(&line).map(|found| {
        let inside = found.get(1).or(found.get(2)).or(found.get(3));
        inside.map_or("", |inside| inside.as_str()).to_owned()
    });
    words.take_while(|word| !word.starts_with([')', '|', '&', ';']) && !word.contains('>')).collect()
}

/// The command lines of `mod-106` in a script.
fn calls(script: &str) -> Vec<Vec<String>> {
    let joined = script.replace("\\\n", " ");
    let lines = joined.lines().map(|line| line.trim().trim_start_matches("exec ")).map(str::to_owned);
    lines.filter(|line| line.starts_with("mod-106 ") && !line.contains("\"$@\"")).map(|line| words(&line)).collect()
}

fn every_command_line_is_one_that_we_take() -> Result<(), Failed> {
    let mut all: Vec<(String, Vec<String>)> = Vec::new();
    for step in steps()?.0 {
        all.extend(calls(&step.run).into_iter().map(|call| (format!("{}, {}", step.file, step.job), call)));
    }
    for folder in ["solution", "starter"] {
        for path in files(&lab().join(folder))?.iter().filter(|path| path.extension().is_some_and(|end| end == "sh")) {
            let script = std::fs::read_to_string(path)?;
            all.extend(calls(&script).into_iter().map(|call| (path.display().to_string(), call)));
        }
        // A submission's commands, with what the brief says that the checks put behind them.
        for path in files(&lab().join(folder))?.iter().filter(|path| path.extension().is_some_and(|end| end == "toml"))
        {
            let manifest: toml::Table = toml::from_str(&std::fs::read_to_string(path)?)?;
            for (name, declared) in manifest["commands"].as_table().ok_or("no commands")? {
                let declared: Vec<_> =
                    declared.as_array().into_iter().flatten().filter_map(|word| word.as_str()).collect();
                let Some((&("mod-106" | "./with-github.sh"), own)) = declared.split_first() else { continue };
                let asked = match name.as_str() {
                    "promote" => {
                        "champion m --version 3 --trail f --actor a --observations o --dry-run --github --github-run 7"
                    }
                    "approve" => "m --version 3 --approver a --trail f",
                    "rollback" => "m --trail f --version 3 --actor a --reason r",
                    "status" => "m",
                    "resume" => "m --trail f",
                    "verify" => "--trail f --head sha256:00",
                    other => return Err(format!("the brief has no command {other}").into()),
                };
                let call = ["mod-106"].iter().chain(own).copied().chain(asked.split(' ')).map(str::to_owned);
                all.push((format!("{}, {name}", path.display()), call.collect()));
            }
        }
    }
    for (place, call) in &all {
        if let Err(error) = Arguments::try_parse_from(call) {
            return Err(format!("{place}: {call:?}: {error}").into());
        }
    }
    // Nobody changes how they are found without seeing it here.
    assert!(all.len() >= 25, "only {} command lines were found: {all:?}", all.len());
    Ok(())
}

fn every_file_that_is_named_is_there() -> Result<(), Failed> {
    let (steps, uses) = steps()?;
    let solution = lab().join("solution");
    for used in uses.iter().filter_map(|used| used.strip_prefix("$/")) {
        assert!(solution.join(used).exists(), "{used} is not there");
    }
    // What a step makes, and another takes.
    let made = ["observations.json"];
    let file = Regex::new(r"(?:^|[\s='\x22])((?:\./)?[\w./-]+\.(?:py|sh|txt|ya?ml|json|toml))\b").unwrap();
    let folder = Regex::new(r"-m pytest (\w+)").unwrap();
    let mut named = 0;
    for step in &steps {
        let found = file.captures_iter(&step.run).chain(folder.captures_iter(&step.run));
        for name in found.filter_map(|found| found.get(1)).map(|name| name.as_str()) {
            let there = solution.join(name).exists() || made.contains(&name);
            assert!(there, "{}, {}: {name} is not there", step.file, step.job);
            named += 1;
        }
    }
    assert!(named >= 10, "only {named} files are named");
    Ok(())
}

/// A runner: what it finds on its path, and what one job leaves for the next.
struct Runner {
    folder: tempfile::TempDir,
    steps: Vec<Step>,
    values: BTreeMap<&'static str, String>,
    jobs: u32,
}

impl Runner {
    fn new(programs: &Path, tracking: &str, gateway: &str) -> Result<Self, Failed> {
        let folder = tempfile::tempdir()?;
        let bin = folder.path().join("bin");
        std::fs::create_dir(&bin)?;
        symlink(env!("CARGO_BIN_EXE_mod-106"), bin.join("mod-106"))?;
        symlink(programs.join("python"), bin.join("python-of-the-environment"))?;
        let scripts = [
            ("python", format!("exec '{}' \"$@\"", programs.join("python").display())),
            ("aws", "echo a-token-for-an-hour".to_owned()),
            ("gh", "echo ada".to_owned()),
        ];
        for (name, script) in scripts {
            std::fs::write(bin.join(name), format!("#!/bin/sh\n{script}\n"))?;
            std::fs::set_permissions(bin.join(name), std::fs::Permissions::from_mode(0o755))?;
        }
        let values = [
            ("EXPERIMENT", "churn"),
            ("MODEL", "churn"),
            ("REASON", "complaints"),
            ("GH_TOKEN", "a token"),
            ("MLFLOW_TRACKING_URI", tracking),
            ("GATEWAY_URL", gateway),
        ];
        let values = values.into_iter().map(|(key, value)| (key, value.to_owned())).collect();
        Ok(Self { folder, steps: steps()?.0, values, jobs: 0 })
    }

    /// Runs a job in a checkout of its own; answers how its last step ended, and what it said.
    fn job(&mut self, file: &str, job: &str) -> Result<(i32, String), Failed> {
        self.jobs += 1;
        let checkout = self.folder.path().join(format!("job-{}", self.jobs));
        copy(&lab().join("solution"), &checkout)?;
        // What was uploaded as an artifact is downloaded.
        let artifact = self.folder.path().join("observations.json");
        if artifact.exists() {
            std::fs::copy(&artifact, checkout.join("observations.json"))?;
        }
        let outputs = self.folder.path().join("outputs");
        std::fs::write(&outputs, "")?;
        let path = format!("{}:/usr/bin:/bin", self.folder.path().join("bin").display());
        let mut ended = None;
        for step in self.steps.iter().filter(|step| step.file == file && step.job == job) {
            let mut command = Command::new("bash");
            command.args(["-e", "-c", &step.run]).current_dir(&checkout).env_clear().env("PATH", &path);
            command.env("HOME", self.folder.path()).env("GITHUB_OUTPUT", &outputs).env("GITHUB_SHA", "0a1b2c");
            command.envs([("GITHUB_ACTOR", "mallory"), ("GITHUB_RUN_ID", "7"), ("GITHUB_REPOSITORY", "lab/shop")]);
            // All is installed, hash by hash: pip has nothing to ask anybody.
            command.envs([
                ("PIP_NO_INDEX", "1"),
                ("PIP_DISABLE_PIP_VERSION_CHECK", "1"),
                ("PYTHONDONTWRITEBYTECODE", "1"),
            ]);
            for name in &step.variables {
                let value = self.values.get(name.as_str()).ok_or_else(|| format!("{file}, {job}: what is {name}?"))?;
                command.env(name, value);
            }
            let output = command.output()?;
            let said = [output.stdout, output.stderr].concat();
            let code = output.status.code().unwrap_or(-1);
            ended = Some((code, String::from_utf8_lossy(&said).into_owned()));
            if code != 0 {
                break;
            }
        }
        for line in std::fs::read_to_string(&outputs)?.lines() {
            match line.split_once('=') {
                Some(("run", value)) => drop(self.values.insert("RUN", value.to_owned())),
                Some(("version", value)) => drop(self.values.insert("VERSION", value.to_owned())),
                _ => return Err(format!("{file}, {job}: an output that nobody takes: {line}").into()),
            }
        }
        if checkout.join("observations.json").exists() {
            std::fs::copy(checkout.join("observations.json"), &artifact)?;
        }
        ended.ok_or_else(|| format!("{file} has no job {job}").into())
    }

    /// A job that must end well.
    fn succeeds(&mut self, file: &str, job: &str) -> Result<(), Failed> {
        match self.job(file, job)? {
            (0, _) => Ok(()),
            (code, said) => Err(format!("{file}, {job}: {code}\n{said}").into()),
        }
    }

    /// Who stands where, as `alias=version`.
    fn aliases(&self) -> Result<String, Failed> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mod-106"));
        command.args(["promote", "status", "churn", "--json", "--tracking-uri", &self.values["MLFLOW_TRACKING_URI"]]);
        let status: Value = serde_json::from_slice(&command.env("NO_PROXY", "127.0.0.1").output()?.stdout)?;
        let aliases = status["aliases"].as_object().ok_or("no aliases")?;
        let shown = aliases.iter().map(|(alias, version)| format!("{alias}={}", version.as_str().unwrap_or("?")));
        Ok(shown.collect::<Vec<_>>().join(" "))
    }
}

fn copy(from: &Path, to: &Path) -> Result<(), Failed> {
    std::fs::create_dir_all(to)?;
    for path in files(from)? {
        let target = to.join(path.file_name().unwrap_or_default());
        if path.is_dir() {
            copy(&path, &target)?;
        } else {
            std::fs::copy(&path, &target)?;
        }
    }
    Ok(())
}

/// What a gateway logged: each version took as many requests, and the third answers with errors.
fn log_of_requests() -> String {
    let line = |version: u32, number: u32| {
        let (ok, latency) = (version < 3 || !number.is_multiple_of(5), 20.0 + f64::from(number % 7) / 10.0);
        let quality = 0.9 + f64::from(number % 5) / 100.0;
        format!("{{\"version\": \"{version}\", \"ok\": {ok}, \"latency_ms\": {latency}, \"quality\": {quality}}}\n")
    };
    (1..=3).flat_map(|version| (0..2000).map(move |number| line(version, number))).collect()
}

fn releases() -> Result<Completion, Failed> {
    let programs = labs().join("promotion/bin");
    if !programs.join("python").exists() {
        let reason = "no target/labs/promotion; `cargo xtask images --process` makes it";
        return Ok(Completion::ignored_with(reason));
    }
    let folder = tempfile::tempdir()?;
    let (tracking, mut server) = start_embedded(folder.path(), "none")?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let gateway = runtime
        .block_on(Scripted::start(|_, _| with("200 OK", "content-type: application/x-ndjson", &log_of_requests())));
    let played = play(&mut Runner::new(&programs, &tracking, &gateway.uri)?);
    stop(&mut server);
    played.map(|()| Completion::Completed)
}

fn play(runner: &mut Runner) -> Result<(), Failed> {
    runner.succeeds("test.yml", "unit")?;
    let up = [
        ("train.yml", "train"),
        ("test.yml", "validate"),
        ("release.yml", "register"),
        ("release.yml", "staging"),
        ("release.yml", "approval"),
        ("rollout.yml", "canary"),
    ];
    for (version, standing) in [("1", "champion=1"), ("2", "champion=2 previous-champion=1")] {
        for (file, job) in up {
            runner.succeeds(file, job)?;
        }
        // A job that is run again registers nothing twice.
        assert_eq!(runner.values["VERSION"], version);
        runner.succeeds("release.yml", "register").or_else(|refused| match version {
            // It stands further by now, and the engine says so.
            _ if refused.message().is_some_and(|said| said.contains("which is further")) => Ok(()),
            _ => Err(refused),
        })?;
        assert_eq!(runner.values["VERSION"], version);
        runner.succeeds("rollout.yml", "production")?;
        assert_eq!(runner.aliases()?, standing);
    }
    // The third answers with errors: production refuses it, the canary is out, and the way back finds nothing left to do.
    for (file, job) in up {
        runner.succeeds(file, job)?;
    }
    let (code, said) = runner.job("rollout.yml", "production")?;
    assert!(code == 1 && said.contains("rolled-back"), "{code}: {said}");
    runner.succeeds("rollout.yml", "back")?;
    assert_eq!(runner.aliases()?, "champion=2 previous-champion=1");
    // Somebody presses the button, and somebody else does too.
    runner.values.insert("VERSION", "2".to_owned());
    for _ in 0..2 {
        runner.succeeds("rollback.yml", "rollback")?;
        assert_eq!(runner.aliases()?, "champion=1");
    }
    Ok(())
}
