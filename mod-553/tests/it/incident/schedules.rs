//! Schedules that hold and that do not, and what is said of each.

use super::{COMMAND, SOUND, answer, kept};
use libtest_mimic::{Completion, Failed, Trial};
use std::fs;
use std::process::{Command, Stdio};

pub(super) fn trials() -> Vec<Trial> {
    vec![
        Trial::test("incident::the-schedule-we-keep-has-no-gap-for-two-years", our_schedule_holds),
        Trial::test("incident::each-schedule-that-does-not-hold-is-named-with-its-time", schedules_that_do_not_hold),
        Trial::test("incident::each-schedule-that-cannot-be-read-is-named-with-its-place", malformed_schedules),
        Trial::test("incident::who-is-on-call-changes-at-the-hand-off-and-not-before", who_is_on_call),
        Trial::ignorable_test("incident::python-reads-the-calendar-that-we-write", python_reads_our_calendar),
    ]
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
