//! Lab 3's notebooks, run headless with the official Python client against our own server, and compared with what was committed.
//! A twin whose committed result is another one must fail, or the comparison would prove nothing.

use super::target::{labs, start_embedded, stop};
use libtest_mimic::{Completion, Failed, Trial};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const NOTEBOOKS: [&str; 2] = ["validate-a-model.ipynb", "explain-a-drift-report.ipynb"];

/// One test: both notebooks, then the wrong twin of one.
pub(crate) fn trial() -> Trial {
    Trial::ignorable_test("notebooks::say-what-they-said", || {
        let python = labs().join("notebooks/bin/python");
        if !python.exists() {
            let reason = "no target/labs/notebooks; `cargo xtask images --process` makes it";
            return Ok(Completion::ignored_with(reason));
        }
        let folder = tempfile::tempdir()?;
        let (uri, mut server) = start_embedded(folder.path(), "none")?;
        let judged = judge(&python, &uri, folder.path());
        stop(&mut server);
        judged.map(|()| Completion::Completed)
    })
}

fn judge(python: &Path, uri: &str, folder: &Path) -> Result<(), Failed> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("labs/lab-3-validation-suite/solution/notebooks");
    let run = |notebooks: &[PathBuf]| -> Result<Output, Failed> {
        let ours = Path::new(env!("CARGO_BIN_EXE_mod-106")).parent().map(Path::to_owned).unwrap_or_default();
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path = std::env::join_paths([ours].into_iter().chain(std::env::split_paths(&path)))?;
        let mut command = Command::new(python);
        command.arg(here.join("run.py")).args(notebooks).env("PATH", path).env("HOME", folder);
        command.env("MLFLOW_TRACKING_URI", uri).env("NO_PROXY", "127.0.0.1").env("PYTHONWARNINGS", "ignore");
        command.env("MLFLOW_DISABLE_TELEMETRY", "true").env("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false");
        Ok(command.output()?)
    };
    let output = run(&NOTEBOOKS.map(|name| here.join(name)))?;
    if !output.status.success() {
        let text = [output.stdout, output.stderr].concat();
        return Err(format!("{}: {}", output.status, String::from_utf8_lossy(&text)).into());
    }
    let text = std::fs::read_to_string(here.join(NOTEBOOKS[0]))?;
    let wrong = text.replacen("\"passed\\n\"", "\"failed\\n\"", 1);
    if wrong == text {
        return Err("the twin is no other: no output of the notebook says `passed`".into());
    }
    let twin = folder.join("twin.ipynb");
    std::fs::write(&twin, wrong)?;
    let output = run(&[twin])?;
    assert_eq!(output.status.code(), Some(1), "the twin with another result was not found out");
    Ok(())
}
