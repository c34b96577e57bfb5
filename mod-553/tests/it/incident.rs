//! Incidents, as a user of the command meets them: schedules that hold and that do not, and what is said of each.

use super::environment::COMMAND;
use libtest_mimic::{Completion, Failed, Trial};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use std::{fs, thread};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        Trial::test("incident::the-schedule-we-keep-has-no-gap-for-two-years", our_schedule_holds),
        Trial::test("incident::each-schedule-that-does-not-hold-is-named-with-its-time", schedules_that_do_not_hold),
        Trial::test("incident::each-schedule-that-cannot-be-read-is-named-with-its-place", malformed_schedules),
        Trial::test("incident::who-is-on-call-changes-at-the-hand-off-and-not-before", who_is_on_call),
        Trial::test("incident::of-two-responders-at-once-one-has-it-and-the-other-is-told", two_responders_at_once),
        Trial::test("incident::killed-anywhere-nothing-is-lost-and-nobody-is-paged-twice", killed_anywhere),
        Trial::test("incident::a-journal-that-was-cut-or-changed-is-named-with-its-line", truncated_journals),
        Trial::ignorable_test("incident::python-reads-the-calendar-that-we-write", python_reads_our_calendar),
    ]
}

/// What the command answered: exit code, standard output, standard error.
fn answer(arguments: &[&str]) -> Result<(i32, String, String), Failed> {
    let output = Command::new(COMMAND).arg("incident").args(arguments).output()?;
    let code = output.status.code().ok_or("a signal ended it")?;
    Ok((code, String::from_utf8(output.stdout)?, String::from_utf8(output.stderr)?))
}

/// Files that this repository keeps.
fn kept(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("incident").join(name)
}

fn our_schedule_holds() -> Result<(), Failed> {
    let path = kept("schedule.yaml");
    let path = path.to_str().ok_or("a path that is no text")?;
    let (code, output, error) = answer(&["schedule", "check", path, "--from", "2026-01-01", "--to", "2028-01-01"])?;
    assert_eq!(code, 0, "{output}{error}");
    assert!(output.ends_with("The schedule holds.\n"), "{output}");
    assert!(output.contains("lasts 6 d 23 h instead of 7 d"), "daylight saving is said: {output}");
    Ok(())
}

const SOUND: &str = "
name: serving
zone: Europe/Amsterdam
people: { ada: {}, grace: {} }
roles: { primary: { maximum: 1 }, secondary: {} }
layers:
  - { name: one, role: primary, starts: 2026-01-05T02:30, every: 1 week, turns: [ada, grace] }
  - { name: two, role: secondary, starts: 2026-01-05T02:30, every: 1 week, turns: [grace, ada] }
";

fn with(change: (&str, &str), more: &str) -> Result<(tempfile::TempDir, String), Failed> {
    assert!(SOUND.contains(change.0), "{}", change.0);
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("schedule.yaml");
    fs::write(&path, format!("{}{more}", SOUND.replacen(change.0, change.1, 1)))?;
    let path = path.to_str().ok_or("a path that is no text")?.to_owned();
    Ok((folder, path))
}

fn schedules_that_do_not_hold() -> Result<(), Failed> {
    fn check(change: (&str, &str), more: &str, expected: &[&str]) -> Result<(), Failed> {
        let (_folder, path) = with(change, more)?;
        let (code, output, error) =
            answer(&["schedule", "check", &path, "--from", "2026-02-02T02:30", "--to", "2026-11-30T02:30"])?;
        let holds = expected.first().is_some_and(|first| first.starts_with("note"));
        assert_eq!(code, i32::from(!holds), "{output}{error}");
        for expected in expected {
            assert!(output.contains(expected), "{expected}\n{output}");
        }
        Ok(())
    }
    let nothing = ("name: serving", "name: serving");
    check(
        nothing,
        "",
        &[
            "note: primary: Mon 2026-03-23 02:30 CET to Mon 2026-03-30 02:30 CEST (6 d 23 h): the turn of grace lasts 6 d 23 h instead of 7 d",
        ],
    )?;
    // The office only: every night and weekend is a gap, said once for each shape.
    check(
        ("turns: [ada, grace] }", "turns: [ada, grace], hours: [{ from: monday 09:00, to: friday 17:00 }] }"),
        "",
        &["error: primary: Fri 2026-02-06 17:00 CET to Mon 2026-02-09 09:00 CET (2 d 16 h): nobody is on call; and"],
    )?;
    // Twenty minutes, one day a year.
    check(
        ("turns: [ada, grace] }", "turns: [ada, grace], ends: 2026-11-30T02:10 }"),
        "",
        &["(20 min): nobody is on call"],
    )?;
    check(
        nothing,
        "overrides:\n  - { role: primary, people: [ada], from: 2026-05-01, until: 2026-05-03 }\n  - { role: primary, people: [grace], from: 2026-05-02, until: 2026-05-04 }\n",
        &["the overrides of line 10 (ada) and line 11 (grace) overlap; the later line holds"],
    )?;
    check(("turns: [ada, grace] }", "turns: [ada + grace] }"), "", &["2 on call (ada, grace), expected at most 1"])?;
    check(("turns: [grace, ada] }", "turns: [ada] }"), "", &["ada also holds secondary, expected two people"])?;
    check(
        (
            "starts: 2026-01-05T02:30, every: 1 week, turns: [ada, grace]",
            "starts: 2026-01-05T02:30, every: 1 day, turns: [ada, grace]",
        ),
        "distinct: false\n",
        &[
            "note: primary: Sun 2026-03-29 03:00 CEST: the hand-off to grace is at 02:30 on 2026-03-29, which Europe/Amsterdam skips",
            "the hand-off to grace is at 02:30 on 2026-10-25, which Europe/Amsterdam has twice: it happens at the first",
        ],
    )
}

fn malformed_schedules() -> Result<(), Failed> {
    fn check(change: (&str, &str), expected: &str) -> Result<(), Failed> {
        let (_folder, path) = with(change, "")?;
        let (code, output, error) = answer(&["schedule", "check", &path])?;
        assert_eq!((code, output.as_str()), (2, ""), "{error}");
        assert!(error.contains(expected), "{expected}\n{error}");
        Ok(())
    }
    check(("Europe/Amsterdam", "Europe/Amsterdan"), "schedule.yaml:3:7: found zone \"Europe/Amsterdan\"")?;
    check(("[ada, grace]", "[ada, linus]"), ":7:87: found person \"linus\", expected one of people: ada, grace")?;
    check(("every: 1 week", "every: 0 days"), "a rotation of no length")?;
    check(("role: secondary", "role: third"), "found role \"third\", expected one of primary, secondary")?;
    check(("layers:", "layers: ["), "schedule.yaml:")?;
    let (code, _, error) = answer(&["schedule", "check", "nowhere.yaml"])?;
    assert!(code == 2 && error.contains("cannot read nowhere.yaml"), "{error}");
    let (_folder, path) = with(("name: serving", "name: serving"), "")?;
    let (code, _, error) = answer(&["schedule", "check", &path, "--from", "2026-02-01", "--to", "2026-01-01"])?;
    assert!(code == 2 && error.contains("expected an end after it"), "{error}");
    Ok(())
}

fn who_is_on_call() -> Result<(), Failed> {
    let (_folder, path) = with(("name: serving", "name: serving"), "")?;
    let who = |at: &str| -> Result<String, Failed> {
        let (code, output, error) = answer(&["schedule", "who", &path, "--at", at, "--role", "primary", "--json"])?;
        assert_eq!(code, 0, "{error}");
        let holders: serde_json::Value = serde_json::from_str(&output)?;
        Ok(holders[0]["people"][0].as_str().unwrap_or_default().to_owned())
    };
    let (before, after) = (who("2026-03-30T00:29:59Z")?, who("2026-03-30T00:30:00Z")?);
    assert_eq!((before.as_str(), after.as_str()), ("grace", "ada"));
    let (code, _, error) = answer(&["schedule", "who", &path, "--at", "2026-01-01"])?;
    assert!(code == 1 && error.contains("nobody is on call"), "{error}");
    Ok(())
}

/// Unfolds and reads our calendar with no code of ours, and asks Python's own zone database for the hand-offs.
const READ_CALENDAR: &str = r#"
import sys
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo
text = sys.stdin.buffer.read().decode().replace("\r\n ", "")
assert "\n" not in text.replace("\r\n", ""), "lines end in CRLF"
events = [dict(line.split(":", 1) for line in part.split("\r\n")[1:] if ":" in line) for part in text.split("BEGIN:VEVENT")[1:]]
at = lambda text: datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
turns = sorted((at(e["DTSTART"]), at(e["DTEND"]), e["SUMMARY"].split()[0]) for e in events if "(primary)" in e["SUMMARY"])
zone, local = ZoneInfo("Europe/Amsterdam"), datetime(2026, 1, 5, 2, 30)
for number, (start, end, who) in enumerate(turns):
    expected = (local + timedelta(weeks=number)).replace(tzinfo=zone).astimezone(timezone.utc)
    assert (start, who) == (expected, ["ada", "grace"][number % 2]), (start, who, expected)
    assert number == 0 or turns[number - 1][1] == start, start
assert len({e["UID"] for e in events}) == len(events)
print(len(turns))
"#;

fn python_reads_our_calendar() -> Result<Completion, Failed> {
    if Command::new("python3").arg("--version").output().is_err() {
        return Ok(Completion::ignored_with("no python3 on the path"));
    }
    let (_folder, path) = with(("name: serving", "name: serving"), "")?;
    let arguments =
        ["incident", "schedule", "show", &path, "--from", "2026-01-05T02:30", "--to", "2027-01-04T02:30", "--calendar"];
    let calendar = Command::new(COMMAND).args(arguments).output()?;
    assert!(calendar.status.success());
    let mut python = Command::new("python3");
    python.args(["-c", READ_CALENDAR]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut python = python.spawn()?;
    std::io::Write::write_all(&mut python.stdin.take().ok_or("no standard input")?, &calendar.stdout)?;
    let output = python.wait_with_output()?;
    assert!(output.status.success());
    assert_eq!(String::from_utf8(output.stdout)?.trim(), "52");
    Ok(Completion::Completed)
}

/// A folder with a policy, its schedule, a journal and receivers; what the receiver was told is kept.
struct Duty {
    folder: tempfile::TempDir,
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
    fn new() -> Result<Self, Failed> {
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

    fn run(&self, arguments: &[&str], at: &str) -> Result<(i32, String, String), Failed> {
        let output = self.command(arguments, at).output()?;
        let code = output.status.code().ok_or("a signal ended it")?;
        Ok((code, String::from_utf8(output.stdout)?, String::from_utf8(output.stderr)?))
    }

    fn open(&self, key: &str, at: &str) -> Result<(i32, String, String), Failed> {
        let alert =
            ["open", "--key", key, "--title", "slow answers", "--severity", "critical", "--service", "payments"];
        self.run(&alert, at)
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
