//! The documents under `docs/` beside what they speak of: secrets by name, and pipelines that call the command.
//!
//! Airflow is not installed: its file runs with stand-ins for the few names that it imports. Kubeflow's runs with Kubeflow's own local
//! runner where the environment `kfp` is there.

use libtest_mimic::{Completion, Failed, Trial};
use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

pub(crate) fn trials() -> [Trial; 5] {
    [
        Trial::test("documents::the-template-has-names-and-no-values", the_template_has_names_and_no_values),
        Trial::ignorable_test("documents::workflows-and-template-name-the-same", workflows_and_template_name_the_same),
        Trial::test("documents::nothing-looks-like-a-secret", nothing_looks_like_a_secret),
        Trial::ignorable_test("documents::airflow-tasks-call-the-command", airflow_tasks_call_the_command),
        Trial::ignorable_test("documents::kubeflow-components-call-the-command", kubeflow_components_call_the_command),
    ]
}

fn module() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn names() -> BTreeSet<String> {
    let text = std::fs::read_to_string(module().join("docs/secrets/ci.env.template")).unwrap();
    let stored = text.lines().filter_map(|line| line.strip_prefix("# stored · ")?.split(" · ").next());
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| line.split_once('=')).map(|(name, _)| name).chain(stored).map(str::to_owned).collect()
}

fn the_template_has_names_and_no_values() -> Result<(), Failed> {
    let text = std::fs::read_to_string(module().join("docs/secrets/ci.env.template"))?;
    let mut said = "";
    for line in text.lines().filter(|line| !line.is_empty()) {
        if let Some(comment) = line.strip_prefix("# ") {
            said = comment;
            continue;
        }
        let (name, value) = line.split_once('=').unwrap_or((line, "no `=`"));
        assert!(value.is_empty(), "{name} has a value: {value:?}");
        let parts: Vec<_> = said.split(" · ").collect();
        assert!(
            parts.len() == 3 && ["secret", "variable"].contains(&parts[0]),
            "{name}: the comment above is {said:?}"
        );
        said = "";
    }
    assert!(!names().is_empty());
    Ok(())
}

/// Every `secrets.NAME`, `vars.NAME` and secret of the cloud's store that the labs' workflows name, against the template. GitHub's own token
/// is nobody's to keep.
fn workflows_and_template_name_the_same() -> Result<Completion, Failed> {
    let named = regex::Regex::new(r"(?:\b(?:secrets|vars)\.|--secret-id )([A-Za-z_][A-Za-z0-9_/-]*)")?;
    let mut used = BTreeSet::new();
    for file in files(&module().join("labs")) {
        let path = file.display().to_string();
        if path.contains("/solution/.github/workflows/") {
            let text = std::fs::read_to_string(&file)?;
            used.extend(
                named.captures_iter(&text).map(|found| found[1].to_owned()).filter(|name| name != "GITHUB_TOKEN"),
            );
        }
    }
    if used.is_empty() {
        return Ok(Completion::ignored_with("no workflow names a secret or a variable"));
    }
    let listed = names();
    let unlisted: Vec<_> = used.difference(&listed).collect();
    assert!(unlisted.is_empty(), "named by a workflow and not in docs/secrets/ci.env.template: {unlisted:?}");
    let unused: Vec<_> = listed.difference(&used).collect();
    assert!(unused.is_empty(), "in docs/secrets/ci.env.template and named by no workflow: {unused:?}");
    Ok(Completion::Completed)
}

/// The shapes of well-known keys, in everything a person writes in this module.
fn nothing_looks_like_a_secret() -> Result<(), Failed> {
    let shapes = [
        r"\bAKIA[0-9A-Z]{16}\b",
        r"\bgh[pousr]_[A-Za-z0-9]{36}\b",
        r"\bgithub_pat_[A-Za-z0-9_]{60,}",
        r"\bxox[abprs]-[A-Za-z0-9-]{20,}",
        r"\bsk_live_[A-Za-z0-9]{20,}",
        r"\bAIza[0-9A-Za-z_-]{35}\b",
        r"\beyJ[A-Za-z0-9_-]{15,}\.eyJ[A-Za-z0-9_-]{15,}\.[A-Za-z0-9_-]{15,}",
        r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----\s+[A-Za-z0-9+/=]{40}",
    ];
    let shapes = regex::Regex::new(&shapes.join("|"))?;
    assert!(shapes.is_match(&format!("key = AKIA{}", "ABCDEFGHIJKLMNOP")), "the search finds what it should");
    let mut looked = 0;
    for folder in ["docs", "labs", "observability", "quiz", "src", "tests"] {
        for file in files(&module().join(folder)) {
            let Ok(text) = std::fs::read_to_string(&file) else { continue };
            looked += 1;
            if let Some(found) = shapes.find(&text) {
                let line = 1 + text[..found.start()].matches('\n').count();
                return Err(format!("{}:{line} looks like a secret: revoke it if it is one", file.display()).into());
            }
        }
    }
    assert!(looked > 200, "{looked}");
    Ok(())
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let (path, kind) = (entry.path(), entry.file_type().unwrap());
        // What npm and Python install is not ours.
        let foreign = ["node_modules", "__pycache__", ".venv"].iter().any(|name| path.ends_with(name));
        if kind.is_dir() && !foreign {
            found.extend(files(&path));
        } else if kind.is_file() {
            found.push(path);
        }
    }
    found
}

/// Stands in for the command: writes its words down, and ends as it is told.
const RECORDER: &str = "#!/bin/sh\nprintf '%s\\n' \"$*\" >> \"$RECORD\"\necho '{\"outcome\": \"promoted\"}'\necho said >&2\nexit \"${EXIT:-0}\"\n";

struct Stage {
    folder: tempfile::TempDir,
}

impl Stage {
    fn new() -> Result<Self, Failed> {
        let folder = tempfile::tempdir()?;
        let program = folder.path().join("mod-106");
        std::fs::write(&program, RECORDER)?;
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755))?;
        Ok(Self { folder })
    }

    /// Runs Python where `mod-106` is the recorder, ending with this code.
    fn python(&self, python: &Path, code: &str, exit: u8) -> Result<Output, Failed> {
        let path = format!("{}:{}", self.folder.path().display(), std::env::var("PATH").unwrap_or_default());
        let mut command = Command::new(python);
        command.args(["-c", code]).current_dir(self.folder.path()).env("PATH", path).env("EXIT", exit.to_string());
        command.env("RECORD", self.folder.path().join("record")).env("PYTHONDONTWRITEBYTECODE", "1");
        command.env("PIPELINES", module().join("docs/pipelines")).env_remove("PYTHONPATH");
        Ok(command.stdin(Stdio::null()).output()?)
    }

    /// The words of each call since the last time.
    fn words(&self) -> Vec<String> {
        let record = self.folder.path().join("record");
        let text = std::fs::read_to_string(&record).unwrap_or_default();
        let _ = std::fs::remove_file(record);
        text.lines().map(str::to_owned).collect()
    }
}

/// Help is asked for at the end, so the words before it have been understood; nothing is done.
fn understood(words: &str) -> Result<(), Failed> {
    let words: Vec<_> = words.split(' ').chain(["--help"]).collect();
    let output = Command::new(env!("CARGO_BIN_EXE_mod-106")).args(&words).output()?;
    assert!(output.status.success(), "mod-106 {words:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

const VALIDATE: &str = "validate validation.yaml --log-to-run r1 --model churn --version 3";
const PROMOTE: &str = "promote to staging churn --version 3 --json";

/// Airflow's names as far as the file uses them: tasks run when they are called, and a version is handed on.
const AIRFLOW: &str = r#"
import os, sys, types
sys.path.insert(0, os.environ["PIPELINES"])
params = {"model": "churn", "version": "3", "run_id": "r1", "spec": "validation.yaml"}
class Fail(Exception): pass
class Skip(Exception): pass
def task(function):
    return lambda *given: function(*given, params)
def dag(**settings):
    assert settings["default_args"]["retries"] > 0 and settings["catchup"] is False
    return lambda function: function
for name, content in {"airflow": {}, "airflow.decorators": {"dag": dag, "task": task},
                      "airflow.exceptions": {"AirflowFailException": Fail, "AirflowSkipException": Skip}}.items():
    module = types.ModuleType(name)
    module.__dict__.update(content)
    sys.modules[name] = module
try:
    import airflow_promotion
    print("raised: nothing")
except Exception as error:
    print("raised:", type(error).__name__)
"#;

fn airflow_tasks_call_the_command() -> Result<Completion, Failed> {
    let python = Path::new("python3");
    if Command::new(python).arg("--version").output().is_err() {
        return Ok(Completion::ignored_with("no python3 on this machine"));
    }
    let stage = Stage::new()?;
    for (exit, raised, calls) in [
        (0, "nothing", &[VALIDATE, PROMOTE][..]),
        (1, "Fail", &[VALIDATE][..]),
        (2, "Fail", &[VALIDATE][..]),
        (3, "RuntimeError", &[VALIDATE][..]),
        (4, "Skip", &[VALIDATE][..]),
    ] {
        let output = stage.python(python, AIRFLOW, exit)?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            said.contains(&format!("raised: {raised}")),
            "exit {exit}: {said}{}",
            String::from_utf8_lossy(&output.stderr)
        );
        assert_eq!(stage.words(), calls, "exit {exit}");
    }
    understood(VALIDATE)?;
    understood(PROMOTE)?;
    Ok(Completion::Completed)
}

/// Kubeflow's own local runner, each component in a process of its own.
const KUBEFLOW: &str = r#"
import os, sys
sys.path.insert(0, os.environ["PIPELINES"])
from kfp import compiler, local
import kubeflow_promotion
compiler.Compiler().compile(kubeflow_promotion.promotion, "promotion.yaml")
local.init(runner=local.SubprocessRunner(use_venv=False), raise_on_error=True, pipeline_root="outputs")
task = kubeflow_promotion.validate(spec="validation.yaml", run_id="r1", model="churn", version="3")
print("outcome:", kubeflow_promotion.promote(model="churn", version=task.output).output)
"#;

fn kubeflow_components_call_the_command() -> Result<Completion, Failed> {
    let python = module().join("../target/labs/kfp/bin/python");
    if !python.exists() {
        return Ok(Completion::ignored_with("no target/labs/kfp; `cargo xtask images --process` makes it"));
    }
    let stage = Stage::new()?;
    let output = stage.python(&python, KUBEFLOW, 0)?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("outcome: promoted"), "{said}");
    assert_eq!(stage.words(), [VALIDATE, PROMOTE]);
    let compiled = std::fs::read_to_string(stage.folder.path().join("promotion.yaml"))?;
    assert!(compiled.contains("maxRetryCount: 3"), "{compiled}");
    // Nothing is promoted where the validation did not pass, whatever the reason.
    for exit in [1, 4] {
        let output = stage.python(&python, KUBEFLOW, exit)?;
        assert!(!output.status.success());
        assert_eq!(stage.words(), [VALIDATE], "exit {exit}");
    }
    Ok(Completion::Completed)
}
