//! Postmortems from a journal, and actions with evidence that is there or not.

use super::escalation::Duty;
use super::{COMMAND, kept};
use libtest_mimic::{Failed, Trial};
use std::fs;
use std::process::Command;

pub(super) fn trials() -> Vec<Trial> {
    vec![
        Trial::test("incident::a-postmortem-says-what-the-journal-holds-and-blames-nobody", postmortems),
        Trial::test("incident::a-postmortem-of-an-exercise-has-its-figures-and-answers-security", of_an_exercise),
        Trial::test("incident::an-action-without-its-evidence-fails", actions_and_evidence),
    ]
}

fn postmortems() -> Result<(), Failed> {
    let duty = Duty::new()?;
    duty.open("latency", "2026-02-02T10:00")?;
    let step = |arguments: &[&str], at: &str| -> Result<(), Failed> {
        let (code, output, error) = duty.run(arguments, at)?;
        assert_eq!(code, 0, "{output}{error}");
        Ok(())
    };
    step(&["tick"], "2026-02-02T10:05")?;
    step(&["acknowledge", "INC-1", "--by", "grace"], "2026-02-02T10:07")?;
    step(
        &["note", "INC-1", "--by", "grace", "--kind", "communication", "status page: payments are slow"],
        "2026-02-02T10:09",
    )?;
    step(
        &["note", "INC-1", "--by", "grace", "--kind", "mitigation", "served with cached features"],
        "2026-02-02T10:12",
    )?;
    step(
        &["note", "INC-1", "--by", "grace", "--kind", "cause", "ada forgot the time-out of the feature store"],
        "2026-02-02T10:30",
    )?;
    step(
        &["resolve", "INC-1", "--by", "grace", "--cause", "no time-out <script> on the call to the feature store"],
        "2026-02-02T10:45",
    )?;
    let actions = "
incident: INC-1
actions:
  - { id: timeout, title: Give the call a time-out, owner: serving, due: 2026-03-01, evidence: [{ test: { file: schedule_test.rs, name: calls_time_out } }] }
  - { id: alert, title: Alert on the store, owner: data, due: 2026-02-03 }
";
    fs::write(duty.folder.path().join("actions.yaml"), actions)?;
    fs::write(duty.folder.path().join("schedule_test.rs"), "fn calls_time_out() {}\n")?;
    let mut command = Command::new(COMMAND);
    command.args([
        "incident",
        "postmortem",
        "INC-1",
        "--journal",
        "journal.jsonl",
        "--policy",
        "policy.yaml",
        "--actions",
        "actions.yaml",
    ]);
    let output = command.current_dir(duty.folder.path()).output()?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let markdown = fs::read_to_string(duty.folder.path().join("postmortem.md"))?;
    insta::assert_snapshot!("postmortem", markdown);
    let page = fs::read_to_string(duty.folder.path().join("postmortem.html"))?;
    assert!(!page.contains("<script") && page.contains("Contributing factors"), "{page}");
    Ok(())
}

/// An exercise is played against the real service; what it left becomes a postmortem, whose figures are those of the exercise.
fn of_an_exercise() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let out = folder.path().join("out");
    let mut play = Command::new(COMMAND);
    play.args(["incident", "tabletop", "--decisions"]).arg(kept("decisions/cost-spike.yaml")).arg("--out").arg(&out);
    let played = play.arg(kept("scenarios/cost-spike.yaml")).stdin(std::process::Stdio::null()).output()?;
    assert!(played.status.success(), "{}", String::from_utf8_lossy(&played.stderr));
    let policy = kept("escalation.yaml");
    let note = |kind: &str, text: &str| -> Result<(), Failed> {
        let mut note = Command::new(COMMAND);
        note.args(["incident", "note", "INC-1", "--by", "grace", "--kind", kind, text, "--at", "2026-03-12T18:00"]);
        let noted = note.arg("--policy").arg(&policy).arg("--journal").arg(out.join("journal.jsonl")).output()?;
        assert!(noted.status.success(), "{}", String::from_utf8_lossy(&noted.stderr));
        Ok(())
    };
    note("exposure", "none: prompts held no card numbers, says the log of the gateway")?;
    note("credentials", "none were in reach")?;
    note("communication", "security and finance know since the evening")?;
    let actions = "incident: INC-1\nactions:\n  - { id: test, title: Count a prompt's tokens in a test, owner: ml-finops, due: 2026-04-01 }\n";
    fs::write(folder.path().join("actions.yaml"), actions)?;
    let mut command = Command::new(COMMAND);
    command.args(["incident", "postmortem", "INC-1", "--on", "2026-03-13", "--journal"]).arg(out.join("journal.jsonl"));
    command.arg("--policy").arg(&policy).arg("--impact").arg(out.join("impact.json"));
    command.arg("--timeline").arg(out.join("timeline.jsonl")).arg("--security").arg(kept("security.yaml"));
    command.arg("--actions").arg(folder.path().join("actions.yaml")).arg("--out").arg(folder.path());
    let output = command.output()?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let read =
        |path: &std::path::Path| -> Result<serde_json::Value, Failed> { Ok(serde_json::from_slice(&fs::read(path)?)?) };
    let (postmortem, impact) = (read(&folder.path().join("postmortem.json"))?, read(&out.join("impact.json"))?);
    let timeline = fs::read_to_string(out.join("timeline.jsonl"))?;
    let entries: Vec<serde_json::Value> = timeline.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    let at = |fits: &dyn Fn(&serde_json::Value) -> bool| -> Result<jiff::Timestamp, Failed> {
        let entry = entries.iter().find(|entry| fits(entry)).ok_or("no such entry")?;
        Ok(entry["at"].as_str().unwrap_or_default().parse()?)
    };
    let fired = at(&|entry| entry["what"] == "fired")?;
    let seconds = |from: jiff::Timestamp, to: jiff::Timestamp| Some(to.duration_since(from).as_secs());
    let times = &postmortem["facts"]["times"];
    assert_eq!(times["detected_s"].as_i64(), seconds(at(&|entry| entry["what"] == "broken")?, fired), "{times}");
    for (field, word) in
        [("acknowledged_s", "acknowledge"), ("told_s", "tell"), ("mitigated_s", "act"), ("resolved_s", "resolve")]
    {
        assert_eq!(times[field].as_i64(), seconds(fired, at(&|entry| entry["word"] == word)?), "{field}: {times}");
    }
    let counted = postmortem["facts"]["impact"][0][1].as_str().unwrap_or_default().replace([',', ' ', '\u{202f}'], "");
    assert_eq!(counted.parse::<f64>().ok(), impact["requests"].as_f64(), "{}", postmortem["facts"]["impact"]);
    let met: Vec<_> =
        postmortem["facts"]["security"]["requirements"].as_array().into_iter().flatten().map(|it| &it["met"]).collect();
    assert_eq!(met, ["met", "met", "met", "met"], "{}", postmortem["facts"]["security"]);
    let markdown = fs::read_to_string(folder.path().join("postmortem.md"))?;
    let section =
        markdown.split("## ").find(|section| section.starts_with("Security")).ok_or("no section on security")?;
    insta::assert_snapshot!("security", section);
    Ok(())
}

fn actions_and_evidence() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let root = folder.path();
    let git = |arguments: &[&str]| -> Result<String, Failed> {
        let identity = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"];
        let output = Command::new("git").args(identity).args(arguments).current_dir(root).output()?;
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    };
    git(&["init", "--quiet"])?;
    fs::write(root.join("rules.yml"), "groups: [{ name: g, rules: [{ alert: StoreSlow, expr: up }] }]\n")?;
    git(&["add", "."])?;
    git(&["commit", "--quiet", "-m", "x"])?;
    let commit = git(&["rev-parse", "HEAD"])?;
    let trail = mod_106::audit::Trail::new(root.join("trail.jsonl"));
    let entry = mod_106::audit::Event::new("ada", "promotion.completed", "model:payments/2", serde_json::json!({}));
    trail.append(&entry, "2026-01-01T00:00:00Z".parse()?)?;
    let check = |evidence: &str, on: &str, code: i32, expected: &str| -> Result<(), Failed> {
        let file = root.join("actions.yaml");
        let action = format!(
            "incident: INC-1\nactions:\n  - {{ id: a, title: t, owner: o, due: 2026-03-01, evidence: [{evidence}] }}\n"
        );
        fs::write(&file, action)?;
        let mut command = Command::new(COMMAND);
        command.args(["incident", "actions", "check", "--on", on, "--root"]).arg(root).arg(&file);
        let output = command.output()?;
        let (said, error) = (String::from_utf8(output.stdout)?, String::from_utf8(output.stderr)?);
        assert_eq!(output.status.code(), Some(code), "{evidence}\n{said}{error}");
        assert!(said.contains(expected) || error.contains(expected), "{expected}\n{said}{error}");
        Ok(())
    };
    check("", "2026-03-01", 0, "open")?;
    check("", "2026-03-02", 1, "no evidence, and it was due on 2026-03-01")?;
    check(&format!("{{ commit: '{commit}' }}"), "2026-03-02", 0, "done")?;
    check("{ commit: '0123456789abcdef0123456789abcdef01234567' }", "2026-01-01", 1, "there is no such commit")?;
    check("{ commit: main }", "2026-01-01", 1, "expected at least seven hexadecimal digits")?;
    check("{ alert-rule: { file: rules.yml, name: StoreSlow } }", "2026-03-02", 0, "done")?;
    check("{ alert-rule: { file: rules.yml, name: StoreFast } }", "2026-01-01", 1, "no rule of this name")?;
    check("{ test: { file: rules.yml, name: slow } }", "2026-01-01", 1, "no test of this name")?;
    check(
        "{ audit: { trail: trail.jsonl, action: promotion.completed, subject: 'model:payments/2' } }",
        "2026-03-02",
        0,
        "done",
    )?;
    check(
        "{ audit: { trail: trail.jsonl, action: promotion.completed, subject: 'model:payments/3' } }",
        "2026-01-01",
        1,
        "no such entry",
    )?;
    check("{ promise: soon }", "2026-01-01", 2, "unknown variant `promise`")?;
    let text = fs::read_to_string(root.join("trail.jsonl"))?;
    fs::write(root.join("trail.jsonl"), text.replace("ada", "eve"))?;
    check(
        "{ audit: { trail: trail.jsonl, action: promotion.completed, subject: 'model:payments/2' } }",
        "2026-01-01",
        1,
        "it was changed",
    )
}
