//! What others are told, as they would read it: evidence against its schema, findings by OCSF's types, inferences and spans by Arize's
//! own client; exports that are repeated, receivers that are down, and input that is no input.

use super::environment::COMMAND;
use libtest_mimic::{Completion, Failed, Trial};
use mod_553::signals::{EVIDENCE_SCHEMA, FINDING_SCHEMA};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};
use std::thread;

const JUDGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/python/signals_judge.py");

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        Trial::test("signals::evidence-follows-the-records", evidence_follows_the_records),
        Trial::test("signals::a-changed-journal-is-no-evidence-and-a-finding", a_changed_journal),
        Trial::test("signals::findings-are-valid-and-come-once", findings_come_once),
        Trial::test("signals::a-receiver-that-is-down-loses-nothing", a_receiver_that_is_down),
        Trial::test("signals::an-inference-table-has-each-request-once", each_request_once),
        Trial::test("signals::bad-input-is-refused-with-its-place", bad_input),
        Trial::ignorable_test("signals::ocsf-knows-every-finding", || judged(ocsf_knows_every_finding)),
        Trial::ignorable_test("signals::arize-takes-our-inferences", || judged(arize_takes_inferences)),
        Trial::ignorable_test("signals::arize-takes-our-spans", || judged(arize_takes_spans)),
    ]
}

fn judged(test: fn(&Path) -> Result<(), Failed>) -> Result<Completion, Failed> {
    match super::peer::python("signals") {
        Ok(python) => test(&python).map(|()| Completion::Completed),
        Err(reason) => Ok(Completion::ignored_with(reason)),
    }
}

fn judge(python: &Path, words: [&str; 2]) -> Result<Value, Failed> {
    let output = Command::new(python).arg(JUDGE).args(words).output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// A folder with records of a bad day.
struct Day(tempfile::TempDir);

const SIGNALS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/observability/controls.toml");
const POLICY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/incident/escalation.yaml");

impl Day {
    /// Drift of one of two columns; an incident that is answered after so many minutes, escalated meanwhile, and resolved.
    fn with(shift: f64, minutes: u32) -> Result<Self, Failed> {
        let day = Self(tempfile::tempdir()?);
        let mut random = fastrand::Rng::with_seed(7);
        let mut table = |shift: f64| {
            let row = |random: &mut fastrand::Rng| format!("{:.3},{}\n", random.f64() + shift, random.usize(0..3));
            "amount,channel\n".to_owned() + &(0..4000).map(|_| row(&mut random)).collect::<String>()
        };
        fs::write(day.path("reference.csv"), table(0.0))?;
        fs::write(day.path("current.csv"), table(shift))?;
        fs::write(day.path("spec.yaml"), "monitor: payments\n")?;
        let drift =
            ["drift", "check", "spec.yaml", "--reference", "reference.csv", "--current", "current.csv", "--json"];
        let output = day.run(&drift)?;
        assert_eq!(output.status.code(), Some(i32::from(shift > 0.0)), "{}", String::from_utf8_lossy(&output.stderr));
        fs::write(day.path("drift.json"), output.stdout)?;
        let incident = |words: &[&str], minute: u32| {
            let at = format!("2026-01-05T10:{minute:02}:00Z");
            let last = ["--policy", POLICY, "--journal", "journal.jsonl", "--at", &at];
            let output = day.run(&[&["incident"], words, &last].concat())?;
            assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
            Ok::<_, Failed>(())
        };
        let opened = ["--key", "a", "--title", "slow answers", "--severity", "critical", "--service", "payments"];
        incident(&[&["open"], opened.as_slice()].concat(), 0)?;
        incident(&["tick"], minutes)?;
        incident(&["acknowledge", "INC-1", "--by", "ada"], minutes)?;
        incident(&["resolve", "INC-1", "--by", "ada"], minutes + 5)?;
        let alert = |ended: Value| {
            let labels =
                json!({ "alertname": "LatencyBurn", "severity": "page", "service": "payments", "owner": "ada" });
            let mut line = json!({
                "fingerprint": "f1", "starts_at": "2026-01-05T09:58:00Z", "labels": labels, "ended_at": ended,
                "annotations": { "summary": "answers are slow" }, "received_at": "2026-01-05T09:58:01Z",
            })
            .to_string();
            line.push('\n');
            line
        };
        fs::write(day.path("inbox.jsonl"), alert(Value::Null) + &alert(json!("2026-01-05T10:30:00Z")))?;
        let postmortem = json!({ "facts": { "id": "INC-1" }, "actions": [{ "id": "A1", "standing": "done" }] });
        fs::write(day.path("postmortem.json"), postmortem.to_string())?;
        Ok(day)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn run(&self, words: &[&str]) -> Result<Output, Failed> {
        Ok(Command::new(COMMAND).args(words).current_dir(self.0.path()).env_remove("SIEM").output()?)
    }

    /// Runs it, and says how it ended and what it said.
    fn signals(&self, words: &[&str]) -> Result<(i32, String), Failed> {
        let output = self.run(&[&["signals"], words].concat())?;
        let said = String::from_utf8(output.stdout)? + &String::from_utf8(output.stderr)?;
        Ok((output.status.code().ok_or("a signal ended it")?, said))
    }

    fn evidence(&self, more: &[&str]) -> Result<(i32, Value), Failed> {
        let words =
            ["evidence", "--controls", SIGNALS, "--model", "payments", "--model-version", "3", "--to", "e.json"];
        let (code, said) = self.signals(&[&words, more].concat())?;
        let text = fs::read_to_string(self.path("e.json")).map_err(|error| format!("{error}: {said}"))?;
        Ok((code, serde_json::from_str(&text)?))
    }

    fn findings(&self) -> Result<Vec<Value>, Failed> {
        let text = fs::read_to_string(self.path("findings.jsonl"))?;
        text.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
    }
}

const RECORDS: [&str; 6] = ["--drift", "drift.json", "--journal", "journal.jsonl", "--postmortem", "postmortem.json"];
const WATCHED: [&str; 7] =
    ["security", "--drift", "drift.json", "--inbox", "inbox.jsonl", "--journal", "journal.jsonl"];

fn valid(schema: &str, value: &Value) -> Result<(), Failed> {
    let validator = jsonschema::validator_for(&serde_json::from_str(schema)?)?;
    let mistakes: Vec<String> = validator.iter_errors(value).map(|error| error.to_string()).collect();
    if mistakes.is_empty() { Ok(()) } else { Err(mistakes.join("; ").into()) }
}

/// Each control's finding, by its id.
fn standing(export: &Value) -> BTreeMap<&str, &str> {
    let lines = export["controls"].as_array().unwrap().iter();
    lines.map(|line| (line["id"].as_str().unwrap(), line["finding"].as_str().unwrap())).collect()
}

fn evidence_follows_the_records() -> Result<(), Failed> {
    let good = Day::with(0.0, 4)?;
    let (code, export) = good.evidence(&RECORDS)?;
    valid(EVIDENCE_SCHEMA, &export)?;
    assert_eq!(code, 0, "{export}");
    assert_eq!(export["resolved_controls"], 5);
    // Digests are those of the files, and ids do not change while the records do not.
    let piece = &export["controls"][0]["evidence"][0];
    let bytes = fs::read(good.path("drift.json"))?;
    let digest = <sha2::Sha256 as sha2::Digest>::digest(&bytes);
    assert_eq!(piece["digest"], mod_106::audit::digest_text(&digest));
    assert_eq!(piece["source"], "drift.json");
    let at = export["as_of"].as_str().unwrap();
    let (_, again) = good.evidence(&[&RECORDS[..], &["--as-of", at, "--report", "pages"]].concat())?;
    assert_eq!(again, export);
    let page = fs::read_to_string(good.path("pages/compliance-report.md"))?;
    assert!(page.contains("5 of 5 controls are resolved") && page.contains("| MON-1 |"), "{page}");

    let bad = Day::with(3.0, 40)?;
    let (code, export) = bad.evidence(&RECORDS)?;
    valid(EVIDENCE_SCHEMA, &export)?;
    let expected = [
        ("INC-1", "contradicted"),
        ("INC-2", "resolved"),
        ("MON-1", "resolved"),
        ("MON-2", "contradicted"),
        ("OBJ-1", "resolved"),
    ];
    assert_eq!((code, standing(&export)), (1, expected.into_iter().collect()));
    // Nothing was given, nothing is shown; and a report does not stay fresh for ever.
    let (code, export) = bad.evidence(&[])?;
    let missing = export["controls"].as_array().unwrap().iter().filter(|line| line["finding"] == "missing").count();
    assert_eq!((code, missing), (1, 4), "{export}");
    let (_, export) = bad.evidence(&[&RECORDS[..], &["--as-of", "2031-01-01T00:00:00Z"]].concat())?;
    assert_eq!(standing(&export)["MON-1"], "contradicted");
    Ok(())
}

fn a_changed_journal() -> Result<(), Failed> {
    let day = Day::with(0.0, 4)?;
    let journal = fs::read_to_string(day.path("journal.jsonl"))?;
    fs::write(day.path("journal.jsonl"), journal.replacen("critical", "warning", 1))?;
    let (code, export) = day.evidence(&RECORDS)?;
    assert_eq!((code, standing(&export)["INC-1"], standing(&export)["MON-1"]), (1, "contradicted", "resolved"));
    let (code, said) = day.signals(&["security", "--journal", "journal.jsonl", "--to", "findings.jsonl"])?;
    assert_eq!(code, 0, "{said}");
    let findings = day.findings()?;
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert_eq!(findings[0]["finding_info"]["types"], json!(["Audit Trail Tampering"]));
    assert_eq!(findings[0]["severity_id"], 5);
    Ok(())
}

fn findings_come_once() -> Result<(), Failed> {
    let day = Day::with(3.0, 40)?;
    let to = [&WATCHED[..], &["--to", "findings.jsonl"]].concat();
    assert_eq!(day.signals(&to)?.0, 0);
    let first = fs::read(day.path("findings.jsonl"))?;
    let (code, said) = day.signals(&to)?;
    assert!(code == 0 && said.contains("0 new findings"), "{said}");
    assert_eq!(fs::read(day.path("findings.jsonl"))?, first);
    let findings = day.findings()?;
    let mut steps = Vec::new();
    for finding in &findings {
        valid(FINDING_SCHEMA, finding)?;
        let kind = finding["finding_info"]["types"][0].as_str().unwrap();
        steps.push(format!("{kind} {}: {}", finding["activity_name"], finding["message"].as_str().unwrap()));
    }
    // The drift report is of today, the others are of a day in January: the rest is in the order of time.
    let told = steps.join("\n");
    let order = [
        "Alert \"Create\"",
        "Incident \"Create\"",
        "paged",
        "Alert \"Close\"",
        "acknowledged",
        "Incident \"Close\"",
        "Data Drift",
    ];
    let places: Vec<_> = order.iter().map(|word| told.find(word)).collect();
    assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{places:?}\n{told}");
    // All steps of an incident are one finding, and each is an event of its own.
    let uids = |of: &str| {
        let ours = findings.iter().filter(|finding| finding["finding_info"]["types"][0] == of);
        ours.map(|finding| finding["finding_info"]["uid"].to_string()).collect::<BTreeSet<_>>()
    };
    assert_eq!((uids("Incident").len(), uids("Alert").len(), uids("Data Drift").len()), (1, 1, 1), "{told}");
    let events: BTreeSet<String> = findings.iter().map(|finding| finding["metadata"]["uid"].to_string()).collect();
    assert_eq!(events.len(), findings.len());
    Ok(())
}

/// How often each finding was taken, by its id.
type Taken = Arc<Mutex<BTreeMap<String, usize>>>;

/// A receiver that answers each request with the next of these statuses, and 200 after them. What it took is kept by id.
fn receiver(statuses: Vec<u16>) -> Result<(u16, Taken), Failed> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let port = listener.local_addr()?.port();
    let taken = Arc::new(Mutex::new(BTreeMap::new()));
    let keeps = Arc::clone(&taken);
    thread::spawn(move || {
        let mut statuses = statuses.into_iter();
        for stream in listener.incoming().map_while(Result::ok) {
            let mut reader = BufReader::new(stream);
            let (mut length, mut line) = (0, String::new());
            while reader.read_line(&mut line).is_ok_and(|read| read > 2) {
                if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap_or(0);
                }
                line.clear();
            }
            let mut body = vec![0; length];
            if reader.read_exact(&mut body).is_err() {
                continue;
            }
            let status = statuses.next().unwrap_or(200);
            if status == 200 {
                for line in String::from_utf8_lossy(&body).lines() {
                    let finding: Value = serde_json::from_str(line).unwrap_or_default();
                    *keeps.lock().unwrap().entry(finding["metadata"]["uid"].to_string()).or_default() += 1;
                }
            }
            let answer = format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            let _ = reader.get_mut().write_all(answer.as_bytes());
        }
    });
    Ok((port, taken))
}

fn a_receiver_that_is_down() -> Result<(), Failed> {
    let day = Day::with(3.0, 40)?;
    let send = |port: u16, more: &[&str]| {
        let url = format!("http://127.0.0.1:{port}/ocsf?key=secret");
        day.signals(&[&WATCHED[..], &["--send", &url, "--spool", "spool"], more].concat())
    };
    let waiting = || Ok::<_, Failed>(fs::read_to_string(day.path("spool/waiting.jsonl"))?.lines().count());
    // Nobody listens on a port that was just given back.
    let nobody = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
    let (code, said) = send(nobody, &[])?;
    assert!(code == 3 && said.contains("wait in spool: run this again") && !said.contains("secret"), "{code} {said}");
    let count = waiting()?;
    assert!(count > 5, "{said}");
    // One that answers 500 as often as it is asked; then one that wants another key; then one that takes a break, and takes it.
    let (port, taken) = receiver(vec![500, 500, 500, 401, 503, 200])?;
    assert_eq!((send(port, &[])?.0, waiting()?), (3, count));
    let (code, said) = send(port, &["--authorization-env", "HOME"])?;
    assert!(code == 1 && said.contains("answered 401") && said.contains("--authorization-env"), "{code} {said}");
    assert_eq!(waiting()?, count);
    let (code, said) = send(port, &[])?;
    assert!(code == 0 && said.contains(&format!("{count} sent")), "{code} {said}");
    assert_eq!(waiting()?, 0);
    let (code, said) = send(port, &[])?;
    assert!(code == 0 && said.contains("0 new findings") && said.contains("0 sent"), "{code} {said}");
    let taken = taken.lock().unwrap();
    assert!(taken.len() == count && taken.values().all(|times| *times == 1), "{taken:?}");
    Ok(())
}

/// What the model answers to a request, by its number.
type Model = fn(usize) -> Value;

/// A log of so many requests, one of them twice, and labels of every second one and of one that is not there.
fn log(folder: &Path, requests: usize, prediction: Model) -> Result<(PathBuf, PathBuf), Failed> {
    let (mut records, mut labels) = (String::new(), String::new());
    for number in 0..requests {
        let failed = number % 50 == 49;
        let record = json!({
            "time": format!("2026-01-05T10:{:02}:{:02}.25Z", number / 60 % 60, number % 60), "request_id": format!("r{number}"),
            "model": "payments", "version": "3", "tenant": (number % 3 == 0).then_some("acme"),
            "features": {
                "amount_usd": number as f64 * 1.5, "channel": (number % 7 > 0).then_some("web"), "new": number % 2 == 0,
                "text": [0.1, number as f64, -1.0],
            },
            "prediction": (!failed).then(|| prediction(number)), "score": (!failed).then_some(0.25),
            "latency_ms": 3.5, "status": if failed { 500 } else { 200 },
        });
        writeln!(records, "{record}")?;
        if number == 1 {
            writeln!(records, "{record}")?;
        }
        if number % 2 == 0 {
            let label = json!({ "request_id": format!("r{number}"), "label": prediction(number + 1), "observed_at": "2026-01-06T00:00:00Z" });
            writeln!(labels, "{label}")?;
        }
    }
    writeln!(
        labels,
        "{}",
        json!({ "request_id": "gone", "label": prediction(0), "observed_at": "2026-01-06T00:00:00Z" })
    )?;
    let paths = (folder.join("log.jsonl"), folder.join("labels.jsonl"));
    fs::write(&paths.0, records)?;
    fs::write(&paths.1, labels)?;
    Ok(paths)
}

fn flag(number: usize) -> Value {
    json!(number.is_multiple_of(3))
}

fn each_request_once() -> Result<(), Failed> {
    let day = Day(tempfile::tempdir()?);
    log(day.0.path(), 120, flag)?;
    let words = ["inferences", "log.jsonl", "--labels", "labels.jsonl", "--to", "out", "--format", "jsonl"];
    let (code, said) = day.signals(&words)?;
    assert_eq!(code, 0, "{said}");
    assert!(
        said.contains("118 inferences, 2 unanswered, 60 labelled; 1 duplicates left out, 1 labels of other requests"),
        "{said}"
    );
    let table = fs::read_to_string(day.path("out/inferences.jsonl"))?;
    assert_eq!(table.lines().count(), 118);
    assert_eq!(fs::read_to_string(day.path("out/unanswered.jsonl"))?.lines().count(), 2);
    let row: Value = serde_json::from_str(table.lines().next().unwrap())?;
    insta::assert_json_snapshot!("inference-row", row);
    let mapping: Value = serde_json::from_slice(&fs::read(day.path("out/schema.json"))?)?;
    insta::assert_json_snapshot!("inference-schema", mapping);
    assert_eq!(fs::read_to_string(day.path("out/actuals.jsonl"))?.lines().count(), 1);
    // Again, without labels: the same rows, and no late label stays behind.
    assert_eq!(day.signals(&["inferences", "log.jsonl", "--to", "out", "--format", "jsonl"])?.0, 0);
    assert!(!day.path("out/actuals.jsonl").exists());
    Ok(())
}

fn bad_input() -> Result<(), Failed> {
    let day = Day(tempfile::tempdir()?);
    let check = |files: &[(&str, &str)], words: &[&str], expected: &str| {
        for (name, text) in files {
            fs::write(day.path(name), text)?;
        }
        let (code, said) = day.signals(words)?;
        if code == 2 && said.contains(expected) {
            Ok(())
        } else {
            Err(Failed::from(format!("{words:?}: {code} {said}")))
        }
    };
    let record = |model: &str, extra: &str| {
        format!(
            r#"{{"time":"2026-01-01T00:00:00Z","request_id":"a","model":"{model}","version":"1","features":{{{extra}}},"latency_ms":2,"status":200}}"#
        )
    };
    let inferences = ["inferences", "log.jsonl", "--to", "out"];
    let twice = format!("{}\n{}\n", record("m", ""), record("m", "\"x\":1"));
    check(&[("log.jsonl", &twice)], &inferences, "log.jsonl, record 2: the request \"a\" again, with other words")?;
    let models = format!("{}\n{}\n", record("m", ""), record("n", "").replace("\"a\"", "\"b\""));
    check(&[("log.jsonl", &models)], &inferences, "records of 2 models: m, n; say which with --model")?;
    check(&[("log.jsonl", &record("m", "\"prompt\":1"))], &inferences, "a feature called \"prompt\"")?;
    check(&[("log.jsonl", "")], &inferences, "no record")?;
    check(&[("log.jsonl", "{\"time\":1}\n")], &inferences, "log.jsonl:1: not a record")?;
    assert!(!day.path("out").exists(), "what is refused leaves nothing behind");
    check(
        &[("d.json", "{\"version\":9}")],
        &["drift", "d.json", "--to", "out"],
        "d.json: a drift report of version 9",
    )?;
    check(&[("d.json", "[1]")], &["drift", "d.json", "--to", "out"], "d.json: not a drift report")?;
    let security = |more: &[&'static str]| [&["security", "--to", "f.jsonl"], more].concat();
    check(&[("i.jsonl", "{}\n{}\n")], &security(&["--inbox", "i.jsonl"]), "i.jsonl:1: not an alert")?;
    check(&[], &security(&["--inbox", "nowhere.jsonl"]), "cannot read nowhere.jsonl")?;
    check(&[("f.jsonl", "mine\n")], &security(&[]), "f.jsonl:1: not a finding")?;
    check(&[], &["security", "--send", "ftp://x/", "--spool", "s"], "the scheme \"ftp\"")?;
    check(&[], &["security", "--drift", "d.json"], "required")?;
    let secret = ["security", "--send", "http://127.0.0.1:9/", "--spool", "s", "--authorization-env", "SIEM"];
    check(&[], &secret, "the variable SIEM")?;
    Ok(())
}

fn ocsf_knows_every_finding(python: &Path) -> Result<(), Failed> {
    let day = Day::with(3.0, 40)?;
    assert_eq!(day.signals(&[&WATCHED[..], &["--to", "findings.jsonl"]].concat())?.0, 0);
    let journal = fs::read_to_string(day.path("journal.jsonl"))?;
    fs::write(day.path("changed.jsonl"), journal.replacen("critical", "warning", 1))?;
    assert_eq!(day.signals(&["security", "--journal", "changed.jsonl", "--to", "findings.jsonl"])?.0, 0);
    let judged = judge(python, ["findings", &day.path("findings.jsonl").display().to_string()])?;
    assert_eq!(judged, json!({ "findings": day.findings()?.len(), "unknown": [] }));
    Ok(())
}

fn arize_takes_inferences(python: &Path) -> Result<(), Failed> {
    let predictions: [(&str, Model); 3] = [
        ("flags", flag),
        ("classes", |number| json!(["low", "middle", "high"][number % 3])),
        ("numbers", |number| json!(number as f64 / 7.0)),
    ];
    for (name, prediction) in predictions {
        let day = Day(tempfile::tempdir()?);
        log(day.0.path(), 400, prediction)?;
        let (code, said) = day.signals(&["inferences", "log.jsonl", "--labels", "labels.jsonl", "--to", "out"])?;
        assert_eq!(code, 0, "{said}");
        let judged = judge(python, ["inferences", &day.path("out").display().to_string()])?;
        assert_eq!(
            (&judged["status"], &judged["rows"], &judged["names_twice"]),
            (&json!(200), &json!(392), &json!(0)),
            "{name}: {judged}"
        );
        assert_eq!(judged["posted"][0]["rows"], 392, "{name}: {judged}");
        let categories = json!(["actual", "feature", "id", "prediction", "tag", "timestamp"]);
        assert_eq!(judged["categories"], categories, "{name}");
    }
    Ok(())
}

fn arize_takes_spans(python: &Path) -> Result<(), Failed> {
    let day = Day::with(3.0, 40)?;
    let (code, said) = day.signals(&["drift", "drift.json", "drift.json", "--to", "out"])?;
    assert_eq!(code, 0, "{said}");
    let judged = judge(python, ["spans", &day.path("out").display().to_string()])?;
    // The comparison and its two columns, though the report was given twice.
    assert_eq!(
        (&judged["status"], &judged["spans"], &judged["evaluations"]),
        (&json!(200), &json!(3), &json!(3)),
        "{judged}"
    );
    for unknown in ["unknown_attributes", "unknown_kinds", "unknown_mime_types"] {
        assert_eq!(judged[unknown], json!([]), "{unknown}");
    }
    assert_eq!(judged["posted"][0]["rows"], 3, "{judged}");
    Ok(())
}
