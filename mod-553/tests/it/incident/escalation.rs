//! Escalation: a journal, a schedule and a receiver that counts what it is told.

use super::{COMMAND, SOUND};
use libtest_mimic::{Failed, Trial};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use std::{fs, thread};

pub(super) fn trials() -> Vec<Trial> {
    vec![
        Trial::test("incident::of-two-responders-at-once-one-has-it-and-the-other-is-told", two_responders_at_once),
        Trial::test("incident::killed-anywhere-nothing-is-lost-and-nobody-is-paged-twice", killed_anywhere),
        Trial::test("incident::a-journal-that-was-cut-or-changed-is-named-with-its-line", truncated_journals),
    ]
}

/// A folder with a policy, its schedule, a journal and receivers; what the receiver was told is kept.
pub(super) struct Duty {
    pub(super) folder: tempfile::TempDir,
    told: Arc<Mutex<Vec<serde_json::Value>>>,
}

const POLICY: &str = "
name: serving
schedule: schedule.yaml
levels:
  - { notify: [primary], wait: 5 min }
  - { notify: [secondary], wait: 10 min }
";

impl Duty {
    pub(super) fn new() -> Result<Self, Failed> {
        let folder = tempfile::tempdir()?;
        fs::write(folder.path().join("schedule.yaml"), SOUND)?;
        fs::write(folder.path().join("policy.yaml"), POLICY)?;
        let told = Arc::new(Mutex::new(Vec::new()));
        let url = receiver(Arc::clone(&told))?;
        let alerts = format!(
            "receivers: {{ hook: {{ kind: webhook, url: '{url}', secret_env: HOOK_KEY, burst: 100 }} }}\ndefault: [hook]\n"
        );
        fs::write(folder.path().join("alerts.yaml"), alerts)?;
        Ok(Self { folder, told })
    }

    fn command(&self, arguments: &[&str], at: &str) -> Command {
        let mut command = Command::new(COMMAND);
        command
            .arg("incident")
            .args(arguments)
            .current_dir(self.folder.path())
            .env("HOOK_KEY", "a key for tests alone");
        command.args(["--policy", "policy.yaml", "--journal", "journal.jsonl", "--alerts", "alerts.yaml", "--at", at]);
        command
    }

    pub(super) fn run(&self, arguments: &[&str], at: &str) -> Result<(i32, String, String), Failed> {
        let output = self.command(arguments, at).output()?;
        let code = output.status.code().ok_or("a signal ended it")?;
        Ok((code, String::from_utf8(output.stdout)?, String::from_utf8(output.stderr)?))
    }

    pub(super) fn open(&self, key: &str, at: &str) -> Result<(i32, String, String), Failed> {
        let alert =
            ["open", "--key", key, "--title", "slow answers", "--severity", "critical", "--service", "payments"];
        self.run(&alert, at)
    }

    /// How many different messages were delivered.
    pub(super) fn delivered(&self) -> usize {
        self.pages().len()
    }

    /// How often each idempotency key was delivered.
    fn pages(&self) -> BTreeMap<String, usize> {
        let told = self.told.lock().unwrap();
        let mut pages = BTreeMap::new();
        for message in told.iter() {
            *pages.entry(message["key"].as_str().unwrap_or_default().to_owned()).or_default() += 1;
        }
        pages
    }
}

/// A webhook's receiver: answers 200 and keeps each body, with its idempotency key.
fn receiver(told: Arc<Mutex<Vec<serde_json::Value>>>) -> Result<String, Failed> {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0))?;
    let url = format!("http://{}", listener.local_addr()?);
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let mut reader = BufReader::new(stream);
            let (mut length, mut key, mut line) = (0, String::new(), String::new());
            while reader.read_line(&mut line).is_ok_and(|read| read > 2) {
                let lower = line.to_ascii_lowercase();
                if let Some(value) = lower.strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap_or(0);
                } else if let Some(value) = lower.strip_prefix("idempotency-key:") {
                    value.trim().clone_into(&mut key);
                }
                line.clear();
            }
            let mut body = vec![0; length];
            if reader.read_exact(&mut body).is_ok() {
                let body: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
                told.lock().unwrap().push(serde_json::json!({ "key": key, "body": body }));
                let _ =
                    reader.get_mut().write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            }
        }
    });
    Ok(url)
}

fn two_responders_at_once() -> Result<(), Failed> {
    let duty = Duty::new()?;
    let (code, output, error) = duty.open("latency", "2026-02-02T10:00")?;
    assert_eq!(code, 0, "{output}{error}");
    assert!(output.contains("paged ada (level 1, round 1)"), "{output}");
    // The same alert again is the same incident, and pages nobody.
    assert!(duty.open("latency", "2026-02-02T10:01")?.1.contains("nothing new"));
    let take = |by: &str| -> Result<std::process::Child, Failed> {
        let mut command = duty.command(&["acknowledge", "INC-1", "--by", by], "2026-02-02T10:02");
        Ok(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?)
    };
    let both = [take("ada")?, take("grace")?].map(std::process::Child::wait_with_output);
    let [ada, grace] = both;
    let (ada, grace) = (ada?, grace?);
    let mut codes = [ada.status.code(), grace.status.code()];
    codes.sort_unstable();
    assert_eq!(codes, [Some(0), Some(1)], "one has it");
    let errors = String::from_utf8([ada.stderr, grace.stderr].concat())?;
    assert!(errors.contains("has acknowledged it already; hand it over, or add a note to help"), "{errors}");
    let (_, output, _) = duty.run(&["tick"], "2026-02-02T12:00")?;
    assert!(output.contains("nothing new"), "nobody is paged after acknowledgement: {output}");
    let told = duty.told.lock().unwrap().clone();
    let statuses: Vec<_> = told.iter().map(|message| message["body"]["status"].as_str().unwrap_or_default()).collect();
    assert_eq!(statuses, ["firing", "resolved"], "{told:?}");
    Ok(())
}

#[expect(
    clippy::disallowed_methods,
    reason = "what is killed after some milliseconds is killed in the middle of something"
)]
fn killed_anywhere() -> Result<(), Failed> {
    let duty = Duty::new()?;
    // Each step is killed after another while, and then done again, as a supervisor would.
    for (number, wait_ms) in [0_u64, 2, 5, 8, 12, 20, 40].into_iter().enumerate() {
        let key = format!("key-{number}");
        let alert =
            ["open", "--key", &key, "--title", "slow answers", "--severity", "critical", "--service", "payments"];
        let mut child = duty.command(&alert, "2026-02-02T10:00").stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        thread::sleep(Duration::from_millis(wait_ms));
        child.kill()?;
        child.wait()?;
        let (code, _, error) = duty.open(&key, "2026-02-02T10:01")?;
        assert_eq!(code, 0, "{error}");
    }
    for minute in ["10:06", "10:07", "10:20", "10:21"] {
        let mut child = duty
            .command(&["tick"], &format!("2026-02-02T{minute}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        thread::sleep(Duration::from_millis(15));
        child.kill()?;
        child.wait()?;
        let (code, _, error) = duty.run(&["tick"], &format!("2026-02-02T{minute}"))?;
        assert_eq!(code, 0, "{error}");
    }
    let (code, output, error) = duty.run(&["list", "--json"], "2026-02-02T10:30")?;
    assert_eq!(code, 0, "{error}");
    let incidents: Vec<serde_json::Value> = serde_json::from_str(&output)?;
    assert_eq!(incidents.len(), 7, "each alert opened one incident");
    let paged = |incident: &serde_json::Value| incident["pages"].as_array().map_or(0, Vec::len);
    assert!(incidents.iter().all(|incident| incident["phase"] == "exhausted" && paged(incident) == 2), "{output}");
    // Delivery is at least once, and each page is known by its key: seven incidents, two levels.
    let pages = duty.pages();
    assert_eq!(pages.len(), 14, "{pages:?}");
    let deadline = Instant::now() + Duration::from_secs(1);
    while Instant::now() < deadline && pages != duty.pages() {}
    let (code, _, error) = duty.run(&["tick"], "2026-02-02T11:00")?;
    assert_eq!((code, duty.pages()), (0, pages), "{error}");
    Ok(())
}

fn truncated_journals() -> Result<(), Failed> {
    let duty = Duty::new()?;
    duty.open("one", "2026-02-02T10:00")?;
    duty.open("two", "2026-02-02T10:01")?;
    duty.run(&["acknowledge", "INC-1", "--by", "ada"], "2026-02-02T10:02")?;
    let path = duty.folder.path().join("journal.jsonl");
    let sound = fs::read_to_string(&path)?;
    // The last line torn: it was nobody's decision yet, and the next one stands on what is whole.
    fs::write(&path, &sound[..sound.len() - 30])?;
    let (code, output, error) = duty.run(&["acknowledge", "INC-1", "--by", "grace"], "2026-02-02T10:03")?;
    assert!(code == 0 && output.contains("grace acknowledged"), "{output}{error}");
    assert!(error.contains("that was never finished is kept in journal.jsonl.torn"), "{error}");
    let check = |text: &str, expected: &str| -> Result<(), Failed> {
        fs::write(&path, text)?;
        let (code, output, error) = duty.run(&["acknowledge", "INC-1", "--by", "ada"], "2026-02-02T10:04")?;
        assert!(code == 2 && error.contains(expected), "{expected}\n{output}{error}");
        assert_eq!(fs::read_to_string(&path)?, text, "what is not understood is not written to");
        Ok(())
    };
    let lines: Vec<_> = sound.lines().collect();
    check(&format!("{}\n{}\n", lines[0], lines[2]), "journal.jsonl, line 2: it says it is entry 3")?;
    check(&sound.replacen("critical", "info", 1), "journal.jsonl, line 1: its text has the digest")?;
    check("not a journal\n", "journal.jsonl, line 1:")?;
    for (from, to, expected) in [
        ("wait: 5 min", "wait: soon", "policy.yaml:5:32: found \"soon\", expected a time such as 5 min"),
        (
            "[secondary]",
            "[tertiary]",
            "policy.yaml:6:16: found \"tertiary\", expected a role (primary, secondary) or a person (ada, grace)",
        ),
        ("schedule.yaml", "nowhere.yaml", "cannot read nowhere.yaml"),
    ] {
        fs::write(duty.folder.path().join("policy.yaml"), POLICY.replacen(from, to, 1))?;
        let (code, _, error) = duty.run(&["tick"], "2026-02-02T10:04")?;
        assert!(code == 2 && error.contains(expected), "{expected}\n{error}");
    }
    Ok(())
}
