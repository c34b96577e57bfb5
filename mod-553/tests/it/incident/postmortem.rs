//! Postmortems from a journal, and actions with evidence that is there or not.

use super::COMMAND;
use super::escalation::Duty;
use libtest_mimic::{Failed, Trial};
use std::fs;
use std::process::Command;

pub(super) fn trials() -> Vec<Trial> {
    vec![
        Trial::test("incident::a-postmortem-says-what-the-journal-holds-and-blames-nobody", postmortems),
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
