//! What labels say of a model, as `performance measure` prints it, raises a trigger and prices a proposal as estimates do.

use super::super::environment::COMMAND;
use super::scene::Scene;
use libtest_mimic::Failed;
use serde_json::{Value, json};
use std::fmt::Write;
use std::process::Command;

/// Two days of predictions, of which every fifth turns out to be wrong; their labels come within the hour.
fn two_days(scene: &Scene) -> Result<(), Failed> {
    let (mut log, mut labels) = (String::new(), String::new());
    for number in 0..800 {
        let (day, minute) = (1 + number / 400, number % 400);
        let at = |hour: u32| format!("2026-03-{day:02}T{hour:02}:{:02}:00Z", minute % 60);
        let (id, predicted) = (format!("r-{number}"), number % 2 == 0);
        let record = json!({
            "time": at(minute / 60), "request_id": id, "model": "churn", "version": "7", "variant": "stable", "features": {},
            "prediction": predicted, "score": if predicted { 0.9 } else { 0.1 }, "latency_ms": 1.0, "status": 200,
        });
        let label =
            json!({ "request_id": id, "label": predicted != (number % 5 == 0), "observed_at": at(minute / 60 + 1) });
        // Writing to a string cannot fail.
        let _ = (writeln!(log, "{record}"), writeln!(labels, "{label}"));
    }
    scene.write("log.jsonl", &log)?;
    scene.write("labels.jsonl", &labels)
}

/// Measures what was known at this moment.
fn measured(scene: &Scene, name: &str, now: &str, code: i32) -> Result<(), Failed> {
    let mut command = Command::new(COMMAND);
    command.current_dir(scene.folder.path()).args([
        "performance",
        "measure",
        "--log",
        "log.jsonl",
        "--labels",
        "labels.jsonl",
    ]);
    command.args(["--positive", "true", "--limit", "accuracy=0.9", "--maturity", "6h", "--json", "--now", now]);
    let output = command.output()?;
    if output.status.code() != Some(code) {
        return Err(format!("{:?}: {}", output.status, String::from_utf8_lossy(&output.stderr)).into());
    }
    scene.write(name, &String::from_utf8(output.stdout)?)
}

pub(super) fn labels_count_as_estimates_do() -> Result<(), Failed> {
    let scene = Scene::new()?;
    two_days(&scene)?;
    measured(&scene, "waiting.json", "2026-03-01T20:00:00Z", 0)?;
    measured(&scene, "one.json", "2026-03-02T12:00:00Z", 1)?;
    measured(&scene, "two.json", "2026-03-03T12:00:00Z", 1)?;
    scene.says(
        "decide --now 2026-03-02T01:00:00Z --signal waiting.json",
        2,
        "no window whose labels had their time yet",
    )?;
    scene.says("decide --now 2026-03-02T12:30:00Z --signal one.json", 0, "accuracy has 1 of 2 windows")?;
    let answer = scene.run("decide --now 2026-03-03T12:30:00Z --signal two.json", 0)?;
    assert_eq!(answer["outcome"], "due", "{answer}");
    scene.run("propose --now 2026-03-03T13:00:00Z --by monitor --performance two.json", 0)?;
    let paths = scene.git(&["-C", "gitops.git", "ls-tree", "-r", "--name-only", "main", "proposals"])?;
    let proposal: Value = serde_json::from_str(&scene.show(paths.trim())?)?;
    let ends = proposal["impact"]["loss"].as_array().ok_or("no loss")?.iter();
    let ends: Vec<f64> = ends.filter_map(|end| end.as_str()?.parse().ok()).collect();
    assert!(ends.len() == 2 && ends[0] < 0.1 && 0.1 < ends[1], "a loss of 0.1 against the limit of 0.9: {proposal}");
    Ok(())
}
