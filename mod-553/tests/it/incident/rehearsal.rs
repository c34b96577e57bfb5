//! Policies tried on a clock that jumps: nobody is told, no journal is written.

use super::{SOUND, answer};
use libtest_mimic::{Failed, Trial};
use std::fs;

pub(super) fn trials() -> Vec<Trial> {
    vec![
        Trial::test("incident::a-rehearsal-says-who-would-be-told-and-tells-nobody", rehearsed),
        Trial::test("incident::events-that-make-no-sense-are-named-with-their-line", malformed_events),
    ]
}

const POLICY: &str = "
name: serving
schedule: schedule.yaml
levels:
  - { notify: [primary], wait: 5 min }
  - { notify: [secondary], wait: 10 min }
fallback: [grace]
";

const EVENTS: &str = r#"{"at":"2026-02-02T09:00:00Z","event":"firing","fingerprint":"a","starts_at":"2026-02-02T09:00:00Z","title":"slow","severity":"critical","service":"payments"}
{"at":"2026-02-02T09:01:00Z","event":"firing","fingerprint":"b","starts_at":"2026-02-02T09:01:00Z","title":"down","severity":"critical","service":"payments"}
{"at":"2026-02-02T09:03:00Z","event":"firing","fingerprint":"a","starts_at":"2026-02-02T09:00:00Z","title":"slow","severity":"critical","service":"payments"}
{"at":"2026-02-02T09:04:00Z","event":"acknowledged","fingerprint":"a","by":"ada"}
{"at":"2026-02-02T09:04:30Z","event":"acknowledged","fingerprint":"a","by":"grace"}
"#;

fn desk(policy: &str, events: &str) -> Result<(tempfile::TempDir, [String; 2]), Failed> {
    let folder = tempfile::tempdir()?;
    fs::write(folder.path().join("schedule.yaml"), SOUND)?;
    let paths = [("policy.yaml", policy), ("events.jsonl", events)].map(|(name, text)| {
        let path = folder.path().join(name);
        fs::write(&path, text).map(|()| path.display().to_string())
    });
    let [policy, events] = paths;
    Ok((folder, [policy?, events?]))
}

fn rehearsed() -> Result<(), Failed> {
    let (folder, [policy, events]) = desk(POLICY, EVENTS)?;
    let (code, output, error) = answer(&["rehearse", &policy, &events, "--until", "2026-02-02T12:00:00Z"])?;
    assert_eq!(code, 0, "{error}");
    insta::assert_snapshot!("rehearsal", output);
    assert!(error.contains("events.jsonl:5: INC-1: ada has acknowledged it already"), "{error}");
    let left: Vec<_> = fs::read_dir(folder.path())?.flatten().map(|entry| entry.file_name()).collect();
    assert_eq!(left.len(), 3, "no journal: {left:?}");
    Ok(())
}

fn malformed_events() -> Result<(), Failed> {
    fn check(change: (&str, &str), expected: &str) -> Result<(), Failed> {
        let (in_policy, in_events) = (POLICY.replacen(change.0, change.1, 1), EVENTS.replacen(change.0, change.1, 1));
        assert!(in_policy != POLICY || in_events != EVENTS, "{}", change.0);
        let (_folder, [policy, events]) = desk(&in_policy, &in_events)?;
        let (code, output, error) = answer(&["rehearse", &policy, &events, "--until", "2026-02-02T12:00:00Z"])?;
        assert_eq!((code, output.as_str()), (2, ""), "{error}");
        assert!(error.contains(expected), "{expected}\n{error}");
        Ok(())
    }
    check(("\"at\":\"2026-02-02T09:04:00Z\",", ""), "events.jsonl:4: at: found nothing, expected an instant such as")?;
    check(("T09:04:00Z", "T08:04:00Z"), "events.jsonl:4: at: found 2026-02-02T08:04:00Z, expected a time not before")?;
    check(("\"severity\":\"critical\"", "\"severity\":\"bad\""), "events.jsonl:1: unknown variant `bad`")?;
    check(("\"by\":\"ada\"", "\"by\":\"eve\""), "events.jsonl:4: found person \"eve\", expected one of the schedule")?;
    check(
        ("\"fingerprint\":\"a\",\"by\"", "\"fingerprint\":\"z\",\"by\""),
        "events.jsonl:4: fingerprint: found \"z\"",
    )?;
    check(("{\"at\"", "[{\"at\""), "events.jsonl:1: no JSON object")?;
    check(
        ("fallback: [grace]", "fallback: [primary]"),
        "policy.yaml:7:12: found \"primary\", expected a person: ada, grace",
    )
}
