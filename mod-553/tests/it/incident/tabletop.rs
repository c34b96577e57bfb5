//! Exercises: real faults in the real service, decisions from a file and typed ones.

use super::{COMMAND, kept};
use libtest_mimic::{Failed, Trial};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};

pub(super) fn trials() -> Vec<Trial> {
    vec![
        Trial::test("incident::tabletop-latency-is-scored", || prepared("latency", 100)),
        Trial::test("incident::tabletop-drift-is-scored", || prepared("drift", 100)),
        Trial::test("incident::tabletop-bad-deploy-is-scored", || prepared("bad-deploy", 100)),
        Trial::test("incident::tabletop-cost-spike-is-scored", || prepared("cost-spike", 100)),
        Trial::test("incident::tabletop-wrong-turns-cost-points-and-say-why", wrong_turns),
        Trial::test("incident::tabletop-takes-typed-decisions-and-refuses-unknown-ones", typed_decisions),
        Trial::test("incident::tabletop-ends-its-service-when-it-is-ended-and-loses-nothing", || {
            ended_from_outside("TERM")
        }),
        Trial::test("incident::tabletop-ends-its-service-on-ctrl-c", || ended_from_outside("INT")),
        Trial::test("incident::tabletop-of-the-same-decisions-is-the-same", same_decisions),
        Trial::test("incident::tabletop-killed-outright-has-kept-what-was-seen", || ended_from_outside("KILL")),
        Trial::test("incident::tabletop-files-that-make-no-sense-are-named", malformed_exercises),
    ]
}

/// Plays a scenario that we keep; gives the exit code, what was said, and the folder.
fn play(
    scenario: &str,
    decisions: &str,
    speed: &str,
) -> Result<(i32, serde_json::Value, String, tempfile::TempDir), Failed> {
    let folder = tempfile::tempdir()?;
    let scenario = kept(&format!("scenarios/{scenario}.yaml"));
    let decisions = kept(&format!("decisions/{decisions}.yaml"));
    let mut command = Command::new(COMMAND);
    command.args(["incident", "tabletop", "--json", "--speed", speed, "--decisions"]).arg(decisions).arg(scenario);
    let output = command.arg("--out").arg(folder.path().join("out")).stdin(Stdio::null()).output()?;
    let said = String::from_utf8(output.stderr)?;
    let score = serde_json::from_slice(&output.stdout).map_err(|error| format!("{error}: {said}"))?;
    Ok((output.status.code().ok_or("a signal ended it")?, score, said, folder))
}

/// A prepared responder, the real service, real faults: the alert fires by itself, and ends by what was done.
fn prepared(scenario: &str, points: u64) -> Result<(), Failed> {
    let (code, score, said, folder) = play(scenario, scenario, "120")?;
    assert_eq!((code, score["points"].as_u64()), (0, Some(points)), "{score:#}\n{said}");
    let text = fs::read_to_string(folder.path().join("out/timeline.jsonl"))?;
    let entries: Vec<serde_json::Value> = text.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    let place = |what: &str| entries.iter().position(|entry| entry["what"] == what).ok_or(format!("no {what}: {said}"));
    assert!(place("broken")? < place("fired")? && place("fired")? < place("cleared")?, "{said}");
    assert!(fs::read_to_string(folder.path().join("out/timeline.md"))?.contains("## Score: 100 of 100"));
    let impact: serde_json::Value = serde_json::from_slice(&fs::read(folder.path().join("out/impact.json"))?)?;
    assert!(impact["requests"].as_f64() > Some(100.0), "{impact}");
    let left: Vec<_> = fs::read_dir(folder.path().join("out"))?.flatten().map(|entry| entry.file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().ends_with(".part")), "{left:?}");
    Ok(())
}

/// Counts and the exercise's own clock decide: what differs between two runs is what was measured, and nothing else.
fn same_decisions() -> Result<(), Failed> {
    let played = || -> Result<(serde_json::Value, Vec<serde_json::Value>), Failed> {
        let (_, score, _, folder) = play("cost-spike", "cost-spike", "120")?;
        let text = fs::read_to_string(folder.path().join("out/timeline.jsonl"))?;
        let entries = text.lines().map(|line| {
            let mut entry: serde_json::Value = serde_json::from_str(line)?;
            entry.as_object_mut().map(|fields| fields.remove("value").filter(|_| fields.contains_key("alert")));
            Ok(entry)
        });
        Ok((score, entries.collect::<Result<Vec<_>, serde_json::Error>>()?))
    };
    let (one, other) = (played()?, played()?);
    assert_eq!(one, other);
    Ok(())
}

fn wrong_turns() -> Result<(), Failed> {
    let (code, score, said, _folder) = play("latency", "wrong-turns", "300")?;
    assert_eq!(code, 1, "{score:#}\n{said}");
    let lines = score["lines"].as_array().ok_or("no lines")?;
    let found = |id: &str| {
        let line = lines.iter().find(|line| line["id"] == id).ok_or(format!("no line {id}"))?;
        Ok::<_, Failed>((line["points"].as_u64().unwrap_or(9), line["found"].as_str().unwrap_or_default().to_owned()))
    };
    for id in [
        "acknowledged",
        "severity",
        "runbook",
        "mitigated",
        "impact-before-cause",
        "communication",
        "cause",
        "recovered",
        "no-harm",
    ] {
        assert_eq!(found(id)?.0, 0, "{id}: {score:#}\n{said}");
    }
    assert_eq!(found("no-harm")?.1, "raise-threshold: the alert was right; nobody would have known");
    assert!(said.contains("(level 2, round 1)"), "who does not acknowledge is not the last to be paged: {said}");
    Ok(())
}

fn typed_decisions() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let mut command = Command::new(COMMAND);
    command.args(["incident", "tabletop", "--speed", "240", "--out"]).arg(folder.path().join("out"));
    command.arg(kept("scenarios/latency.yaml")).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn()?;
    let mut typed = child.stdin.take().ok_or("no standard input")?;
    let mut said = String::new();
    let mut reader = BufReader::new(child.stderr.take().ok_or("no standard error")?);
    while reader.read_line(&mut said)? > 0 {
        if said.lines().last().is_some_and(|line| line.contains("paged")) {
            typed.write_all(b"panic\nact pray\nacknowledge\nact use-cached-features\nresolve\n")?;
            typed.flush()?;
            break;
        }
    }
    reader.read_to_string(&mut said)?;
    child.wait()?;
    assert!(said.contains("refused: found \"panic\", expected one of: acknowledge"), "{said}");
    assert!(
        said.contains("act: found \"pray\", expected one of use-cached-features, restart, raise-threshold"),
        "{said}"
    );
    assert!(
        said.contains("margaret: act use-cached-features") || said.contains("linus: act use-cached-features"),
        "{said}"
    );
    assert!(said.contains("InferenceLatencyBurnFast has ended"), "{said}");
    Ok(())
}

fn malformed_exercises() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let sound = fs::read_to_string(kept("scenarios/latency.yaml"))?;
    fs::create_dir(folder.path().join("scenarios"))?;
    for name in ["signals.yaml", "rubric.yaml", "escalation.yaml", "schedule.yaml"] {
        fs::copy(kept(name), folder.path().join(name))?;
    }
    for (from, to, expected) in [
        ("latency_ms: 400", "latency: 400", "latency.yaml: the service has no such knob: unknown field `latency`"),
        (
            "cause: feature-store }",
            "cause: gremlins }",
            "expects.cause: found \"gremlins\", expected one of feature-store, traffic, model",
        ),
        ("lasts: 40 min", "lasts: forever", "latency.yaml:6:8:"),
        ("alert: InferenceLatencyBurnFast", "alert: Nothing", "there is no signal \"Nothing\""),
        ("speed: 120", "speed: 0", "speed: found 0, expected 1 to 3600"),
    ] {
        assert!(sound.contains(from), "{from}");
        let path = folder.path().join("scenarios/latency.yaml");
        fs::write(&path, sound.replacen(from, to, 1))?;
        let mut command = Command::new(COMMAND);
        let output =
            command.args(["incident", "tabletop"]).arg(&path).arg("--out").arg(folder.path().join("out")).output()?;
        let error = String::from_utf8(output.stderr)?;
        assert!(output.status.code() == Some(2) && error.contains(expected), "{expected}\n{error}");
    }
    Ok(())
}

/// Ends an exercise once its first page is out.
fn ended_from_outside(signal: &str) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let out = folder.path().join("out");
    let mut command = Command::new(COMMAND);
    command.args(["incident", "tabletop", "--speed", "240", "--out"]).arg(&out).arg(kept("scenarios/latency.yaml"));
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
    let mut said = String::new();
    let mut reader = BufReader::new(child.stderr.take().ok_or("no standard error")?);
    while reader.read_line(&mut said)? > 0 && !said.contains("paged") {}
    let ready: serde_json::Value = serde_json::from_slice(&fs::read(out.join("ready.json"))?)?;
    assert!(Command::new("kill").args([&format!("-{signal}"), &child.id().to_string()]).status()?.success());
    let status = child.wait()?;
    let door = ready["management"].as_str().unwrap_or_default().trim_start_matches("http://").to_owned();
    if signal != "KILL" {
        assert_eq!(status.code(), Some(1), "{said}");
        assert!(std::net::TcpStream::connect(&door).is_err(), "the service has ended with the exercise");
        assert!(out.join("score.json").exists() && out.join("timeline.md").exists());
    } else {
        // Nobody was left to end the service: it is ours by its ready file, and its log names its process.
        end_service(&out)?;
    }
    let timeline = fs::read_to_string(out.join("timeline.jsonl"))?;
    assert!(timeline.contains("\"fired\"") && timeline.contains("\"escalation\""), "{timeline}");
    let mut list = Command::new(COMMAND);
    let output = list.args(["incident", "list", "--json", "--journal"]).arg(out.join("journal.jsonl")).output()?;
    let incidents: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    assert_eq!(incidents[0]["phase"], "notified", "the journal is whole: {incidents}");
    Ok(())
}

/// Ends the service that was left behind, found by the model file that it alone serves.
fn end_service(out: &std::path::Path) -> Result<(), Failed> {
    let model = out.join("model.json");
    for entry in fs::read_dir("/proc")?.flatten() {
        let words = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        if String::from_utf8_lossy(&words).split('\0').any(|word| std::path::Path::new(word) == model) {
            Command::new("kill").arg(entry.file_name()).status()?;
        }
    }
    Ok(())
}
