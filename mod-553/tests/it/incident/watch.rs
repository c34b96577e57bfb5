//! The escalation as a program that goes on: `tick --every`, with the real clock, a receiver that is down for a while, and Ctrl-C.

use super::COMMAND;
use super::escalation::Duty;
use libtest_mimic::{Failed, Trial};
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

pub(super) fn trials() -> Vec<Trial> {
    vec![Trial::test("incident::a-watch-pages-goes-on-without-its-receiver-and-ends-when-it-is-asked-to", watch)]
}

const POLICY: &str = "
name: serving
schedule: schedule.yaml
levels:
  - { notify: [primary], wait: 1 s }
  - { notify: [secondary], wait: 1 s }
fallback: [ada]
";

#[expect(clippy::disallowed_methods, reason = "polls with a deadline until the watch has ended")]
fn watch() -> Result<(), Failed> {
    let duty = Duty::new()?;
    let folder = duty.folder.path();
    fs::write(folder.join("policy.yaml"), POLICY)?;
    let there = fs::read_to_string(folder.join("alerts.yaml"))?;
    // A port that was free a moment ago and that nobody listens at.
    let closed = std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?;
    let url = there.split('\'').nth(1).ok_or("no receiver")?;
    fs::write(
        folder.join("alerts.yaml"),
        there.replace(url, &format!("http://{closed}")).replace("burst: 100", "burst: 100, retries: 0"),
    )?;
    let command = |words: &[&str]| {
        let mut command = Command::new(COMMAND);
        command.arg("incident").args(words).args(["--policy", "policy.yaml", "--journal", "journal.jsonl"]);
        command.current_dir(folder).env("HOOK_KEY", "a key for tests alone");
        command
    };
    let opened =
        command(&["open", "--key", "k", "--title", "slow", "--severity", "critical", "--service", "s"]).output()?;
    assert!(opened.status.success(), "{}", String::from_utf8_lossy(&opened.stderr));
    let mut watch = command(&["tick", "--every", "100 ms", "--alerts", "alerts.yaml"]);
    let mut watch = watch.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let mut output = BufReader::new(watch.stdout.take().ok_or("no standard output")?);
    let mut said = String::new();
    while output.read_line(&mut said)? > 0 && !said.contains("level 2, round 1") {}
    // The receiver comes back while the watch goes on: the next tick reads who is to be told where.
    fs::write(folder.join("alerts.yaml"), &there)?;
    while output.read_line(&mut said)? > 0 && !said.contains("because nobody answered") {}
    // A tick every tenth of a second says a line: this is half a minute at least.
    while output.read_line(&mut said)? > 0 && duty.delivered() < 3 && said.lines().count() < 300 {}
    assert!(Command::new("kill").args(["-INT", &watch.id().to_string()]).status()?.success());
    let deadline = Instant::now() + Duration::from_secs(90);
    while watch.try_wait()?.is_none() {
        if Instant::now() > deadline {
            watch.kill()?;
            return Err("the watch did not end when it was asked to".into());
        }
        thread::sleep(Duration::from_millis(20));
    }
    output.read_to_string(&mut said)?;
    let mut errors = String::new();
    watch.stderr.take().ok_or("no standard error")?.read_to_string(&mut errors)?;
    assert_eq!(watch.wait()?.code(), Some(0), "Ctrl-C is no failure: {said}{errors}");
    assert!(errors.contains("error:"), "that the receiver was down is said: {errors}");
    assert_eq!(duty.delivered(), 3, "two levels and the fallback, each once, in spite of all ticks: {said}{errors}");
    let list = command(&["list", "--json"]).output()?;
    let incidents: serde_json::Value = serde_json::from_slice(&list.stdout)?;
    assert_eq!(
        (incidents.as_array().map(Vec::len), &incidents[0]["phase"]),
        (Some(1), &"exhausted".into()),
        "{incidents}"
    );
    Ok(())
}
