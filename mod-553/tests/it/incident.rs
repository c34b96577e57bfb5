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
        Trial::test("incident::tabletop-latency-is-scored", || prepared("latency", 100)),
        Trial::test("incident::tabletop-drift-is-scored", || prepared("drift", 100)),
        Trial::test("incident::tabletop-bad-deploy-is-scored", || prepared("bad-deploy", 100)),
        Trial::test("incident::tabletop-cost-spike-is-scored", || prepared("cost-spike", 100)),
        Trial::test("incident::tabletop-wrong-turns-cost-points-and-say-why", wrong_turns),
        Trial::test("incident::tabletop-takes-typed-decisions-and-refuses-unknown-ones", typed_decisions),
        Trial::test("incident::tabletop-files-that-make-no-sense-are-named", malformed_exercises),
        Trial::test("incident::a-postmortem-says-what-the-journal-holds-and-blames-nobody", postmortems),
        Trial::test("incident::an-action-without-its-evidence-fails", actions_and_evidence),
        Trial::ignorable_test("incident::every-runbook-of-ours-mends-what-it-is-for", runbooks_mend),
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

/// Plays a scenario that we keep; gives the exit code, what was said, and the folder.
fn play(scenario: &str, decisions: &str) -> Result<(i32, serde_json::Value, String, tempfile::TempDir), Failed> {
    let folder = tempfile::tempdir()?;
    let scenario = kept(&format!("scenarios/{scenario}.yaml"));
    let decisions = kept(&format!("decisions/{decisions}.yaml"));
    let mut command = Command::new(COMMAND);
    command.args(["incident", "tabletop", "--json", "--decisions"]).arg(decisions).arg(scenario);
    let output = command.arg("--out").arg(folder.path().join("out")).stdin(Stdio::null()).output()?;
    let said = String::from_utf8(output.stderr)?;
    let score = serde_json::from_slice(&output.stdout).map_err(|error| format!("{error}: {said}"))?;
    Ok((output.status.code().ok_or("a signal ended it")?, score, said, folder))
}

/// A prepared responder, the real service, real faults: the alert fires by itself, and ends by what was done.
fn prepared(scenario: &str, points: u64) -> Result<(), Failed> {
    let (code, score, said, folder) = play(scenario, scenario)?;
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

fn wrong_turns() -> Result<(), Failed> {
    let (code, score, said, _folder) = play("latency", "wrong-turns")?;
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

/// Every runbook is run against the real service with the fault that it is for, and leaves it without.
fn runbooks_mend() -> Result<Completion, Failed> {
    if Command::new("curl").arg("--version").output().is_err() {
        return Ok(Completion::ignored_with("no curl on the path, which runbooks use"));
    }
    let folder = tempfile::tempdir()?;
    let run = |arguments: &[&str]| -> Result<(), Failed> {
        let output = Command::new(COMMAND).args(arguments).current_dir(folder.path()).output()?;
        assert!(output.status.success(), "{arguments:?}\n{}", String::from_utf8_lossy(&output.stderr));
        Ok(())
    };
    run(&["inference", "train", "--out", "model.json", "--rows", "2000"])?;
    let mut serve = Command::new(COMMAND);
    serve.args([
        "inference",
        "serve",
        "--model",
        "model.json",
        "--port",
        "0",
        "--management-port",
        "0",
        "--faults",
        "--ready-file",
        "ready.json",
    ]);
    let mut service = Stopped(serve.current_dir(folder.path()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?);
    let deadline = Instant::now() + Duration::from_secs(30);
    let doors = loop {
        let text = fs::read_to_string(folder.path().join("ready.json")).unwrap_or_default();
        match serde_json::from_str::<serde_json::Value>(&text) {
            Ok(doors) => break doors,
            Err(_) if Instant::now() < deadline && service.0.try_wait()?.is_none() => {
                thread::sleep(Duration::from_millis(50))
            }
            Err(_) => return Err("the service was not ready".into()),
        }
    };
    let (url, management) = (doors["url"].as_str().unwrap(), doors["management"].as_str().unwrap());
    run(&["inference", "traffic", "--url", url, "--requests", "120", "--labels", "--explain"])?;
    let faults = |body: Option<&str>| -> Result<String, Failed> {
        let mut curl = Command::new("curl");
        curl.args(["-fsS", "--noproxy", "*", &format!("{management}/admin/faults")]);
        if let Some(body) = body {
            curl.args(["-X", "PUT", "-H", "content-type: application/json", "-d", body]);
        }
        Ok(String::from_utf8(curl.output()?.stdout)?)
    };
    let none = faults(None)?;
    let all = [
        ("latency", r#"{"latency_ms": 500}"#),
        ("errors", r#"{"error_share": 1.0}"#),
        ("drift", r#"{"scale": {"amount_usd": 100.0}}"#),
        ("bad-deploy", r#"{"bad_deploy": true}"#),
        ("cost", r#"{"token_factor": 10.0}"#),
        ("labels-late", "{}"),
        ("no-traffic", "{}"),
    ];
    for (name, fault) in all {
        assert_eq!(faults(Some(fault))? == none, fault == "{}", "{name}: the fault is on");
        let mut command = Command::new(COMMAND);
        command.args([
            "incident",
            "runbook",
            "run",
            "--execute",
            "--set",
            &format!("URL={url}"),
            "--set",
            &format!("MANAGEMENT={management}"),
        ]);
        let output = command.arg(kept(&format!("runbooks/{name}.md"))).env("NO_PROXY", "*").output()?;
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(faults(None)?, none, "{name}: what it is for is mended");
    }
    // Every signal of an exercise names a runbook that is there, and every runbook has been run above.
    let signals = fs::read_to_string(kept("signals.yaml"))?;
    for name in signals.lines().filter_map(|line| line.trim().strip_prefix("runbook: ")) {
        assert!(all.iter().any(|(known, _)| *known == name), "signals.yaml: runbook {name}");
    }
    let kept_books = fs::read_dir(kept("runbooks"))?.count();
    assert_eq!(kept_books, all.len(), "every runbook is run");
    Ok(Completion::Completed)
}

/// A service that ends with the test, whatever becomes of it.
struct Stopped(std::process::Child);

impl Drop for Stopped {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
