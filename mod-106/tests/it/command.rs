//! The `mod-106` command against a real server: an experiment, a run, a model, files; for people and for programs.

use super::target::{ADMIN, PASSWORD, Side};
use libtest_mimic::Failed;
use serde_json::Value;
use std::process::{Command, Output};

fn mod_106(side: &Side, words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mod-106"));
    command.args(words).env("MLFLOW_TRACKING_URI", &side.uri).env("NO_PROXY", "127.0.0.1");
    command
        .env("MLFLOW_TRACKING_USERNAME", ADMIN)
        .env("MLFLOW_TRACKING_PASSWORD", PASSWORD)
        .env_remove("MLFLOW_TRACKING_TOKEN");
    command.output().unwrap()
}

fn text(side: &Side, words: &[&str]) -> Result<String, Failed> {
    let output = mod_106(side, words);
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(format!("{words:?}: {}: {}", output.status, String::from_utf8_lossy(&output.stderr)).into())
}

fn json(side: &Side, words: &[&str]) -> Result<Value, Failed> {
    let text = text(side, &[words, &["--json"]].concat())?;
    serde_json::from_str(&text).map_err(|error| format!("{words:?}: {error}: {text}").into())
}

pub(crate) fn the_command_does_a_days_work(side: &Side) -> Result<(), Failed> {
    let name = side.name("command");
    let experiment = json(side, &["experiments", "create", &name, "--tag", "a=b"])?;
    let experiment = experiment["experiment_id"].as_str().unwrap();
    assert_eq!(json(side, &["experiments", "get", "--name", &name])?["tags"][0]["value"], "b");
    let filter = format!("name = '{name}'");
    assert!(text(side, &["experiments", "list", "--filter", &filter])?.contains(&name));

    let run = json(side, &["runs", "create", "--experiment", experiment, "--name", "one"])?;
    let run = run["info"]["run_id"].as_str().unwrap();
    let logged = [
        "runs", "log", run, "--metric", "loss=0.5", "--metric", "odd=nan", "--step", "-3", "--param", "depth=8",
        "--tag", "t=u",
    ];
    assert!(text(side, &logged)?.contains("logged 2 metrics, 1 params and 1 tags"));
    text(side, &["runs", "log", run, "--metric", "loss=0.25", "--step", "4"])?;
    assert!(text(side, &["runs", "history", run, "loss"])?.contains("0.25"));
    assert!(text(side, &["runs", "finish", run])?.contains("FINISHED"));
    assert!(text(side, &["runs", "list", "--experiment", experiment])?.contains("loss=0.25"));
    assert_eq!(json(side, &["runs", "get", run])?["data"]["params"][0]["value"], "8");

    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("a b.txt"), "text")?;
    let folder_text = folder.path().display().to_string();
    assert_eq!(json(side, &["artifacts", "upload", run, &folder_text, "--to", "in"])?["files"], 1);
    assert!(text(side, &["artifacts", "list", run, "in"])?.contains("in/a b.txt"));
    let back = folder.path().join("back").display().to_string();
    text(side, &["artifacts", "download", run, "in/a b.txt", "--to", &back])?;
    assert_eq!(std::fs::read_to_string(folder.path().join("back/a b.txt"))?, "text");
    text(side, &["artifacts", "delete", run, "in"])?;

    let model = side.name("model");
    text(side, &["models", "create", &model, "--description", "d"])?;
    text(side, &["models", "create-version", &model, "--source", &format!("runs:/{run}/in"), "--run", run])?;
    text(side, &["models", "set-alias", &model, "champion", "1"])?;
    assert_eq!(json(side, &["models", "get-version", &model, "champion"])?["version"], "1");
    assert!(text(side, &["models", "list", "--filter", &format!("name = '{model}'")])?.contains("champion=1"));

    let missing = mod_106(side, &["runs", "get", "ffffffffffffffffffffffffffffffff"]);
    assert_eq!(missing.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&missing.stderr).contains("RESOURCE_DOES_NOT_EXIST"), "{missing:?}");
    assert_eq!(mod_106(side, &["runs", "get", "../x"]).status.code(), Some(2));
    let nobody = ["experiments", "list", "--tracking-uri", "http://127.0.0.1:1"];
    assert_eq!(mod_106(side, &nobody).status.code(), Some(3));
    Ok(())
}

pub(crate) fn a_validation_is_logged_with_its_verdict(side: &Side) -> Result<(), Failed> {
    let experiment = json(side, &["experiments", "create", &side.name("validation")])?;
    let experiment = experiment["experiment_id"].as_str().unwrap();
    let run = json(side, &["runs", "create", "--experiment", experiment])?;
    let run = run["info"]["run_id"].as_str().unwrap();
    let model = side.name("validated");
    text(side, &["models", "create", &model])?;
    text(side, &["models", "create-version", &model, "--source", &format!("runs:/{run}/model"), "--run", run])?;

    let folder = tempfile::tempdir()?;
    let path = |name: &str| folder.path().join(name).display().to_string();
    std::fs::write(folder.path().join("a.csv"), "x\n1\n2\n900\n")?;
    let spec = "suite: s\ncurrent: a.csv\nexpectations: [{ id: x-range, expect: range, column: x, max: 10 }]\n";
    std::fs::write(folder.path().join("suite.yaml"), spec)?;
    let (suite, report) = (path("suite.yaml"), path("report"));
    let words = ["validate", &suite, "--report", &report, "--log-to-run", run, "--model", &model, "--version", "1"];
    let output = mod_106(side, &words);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("the suite `s` failed"), "{said}");

    let found = json(side, &["runs", "get", run])?;
    let metrics = found["data"]["metrics"].as_array().unwrap();
    let metric = metrics.iter().find(|metric| metric["key"] == "validation.x-range.outside_share").unwrap();
    assert!((metric["value"].as_f64().unwrap() - 1.0 / 3.0).abs() < 1e-12);
    let version = json(side, &["models", "get-version", &model, "1"])?;
    let tag = |key: &str| {
        let tags = version["tags"].as_array().unwrap();
        tags.iter().find(|tag| tag["key"] == key).map(|tag| tag["value"].as_str().unwrap().to_owned())
    };
    assert_eq!(tag("validation.status").as_deref(), Some("failed"));
    assert!(tag("validation.time").is_some());
    let back = path("back");
    text(side, &["artifacts", "download", run, "validation", "--to", &back])?;
    for name in ["report.json", "report.md", "report.html", "junit.xml"] {
        let logged = std::fs::read(folder.path().join("back").join(name))?;
        assert_eq!(logged, std::fs::read(folder.path().join("report").join(name))?, "{name}");
    }
    let digest = tag("validation.report_digest").unwrap();
    let sum = Command::new("sha256sum").arg(folder.path().join("report/report.json")).output()?;
    let sum = String::from_utf8_lossy(&sum.stdout).into_owned();
    assert_eq!(digest.strip_prefix("sha256:"), sum.split_whitespace().next());
    Ok(())
}
