//! The drift monitor as a user meets it: data that are fine, data that are not, and the service. Every case is a run of the command.

use super::environment::COMMAND;
use libtest_mimic::{Failed, Trial};
use serde_json::Value;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials: Vec<Trial> =
        CASES.iter().map(|case| Trial::test(format!("drift::{}", case.name), move || bad_input(case))).collect();
    trials.extend([
        Trial::test("drift::what-moved-is-found-and-what-did-not-is-not", what_moved_is_found),
        Trial::test("drift::the-report-is-valid-against-its-schema", the_report_is_valid),
        Trial::test("drift::all-formats-say-the-same", all_formats_say_the_same),
        Trial::test("drift::what-does-not-fit-is-sketched", what_does_not_fit_is_sketched),
        Trial::test("drift::a-server-that-is-down-is-named", a_server_that_is_down),
    ]);
    trials
}

/// One pair of CSV files and what must come of it.
struct Case {
    name: &'static str,
    reference: fn() -> String,
    current: fn() -> String,
    code: i32,
    /// What the answer, or the error, says.
    says: &'static str,
}

const CASES: &[Case] = &[
    Case {
        name: "eight-rows-decide-nothing",
        reference: usual,
        current: || rows(2, 8, 3.0),
        code: 4,
        says: "are too few to see",
    },
    Case {
        name: "a-reference-of-eight-rows-decides-nothing",
        reference: || rows(1, 8, 0.0),
        current: usual,
        code: 4,
        says: "with a reference of 8 values",
    },
    Case {
        name: "no-rows-are-no-drift",
        reference: usual,
        current: || "x,plan\n".to_owned(),
        code: 4,
        says: "the current data have no value",
    },
    Case {
        name: "an-empty-file-is-malformed",
        reference: usual,
        current: String::new,
        code: 2,
        says: "the file is empty",
    },
    Case {
        name: "a-constant-column-is-stable",
        reference: || constant(1_000, "7"),
        current: || constant(1_000, "7"),
        code: 0,
        says: "none of 1 columns drifted",
    },
    Case {
        name: "another-constant-is-drift",
        reference: || constant(1_000, "7"),
        current: || constant(1_000, "8"),
        code: 1,
        says: "`x` drifted",
    },
    Case {
        name: "all-null-is-drift-of-what-is-missing",
        reference: usual,
        current: || emptied(),
        code: 1,
        says: "the share of `x` that is missing drifted",
    },
    Case {
        name: "null-on-both-sides-is-no-drift",
        reference: || constant(500, ""),
        current: || constant(500, ""),
        code: 4,
        says: "neither side has a value",
    },
    Case {
        name: "a-new-category-is-named",
        reference: usual,
        current: || usual().replace("gold", "platinum"),
        code: 1,
        says: "new: `platinum`",
    },
    Case {
        name: "one-row-of-a-new-category-is-no-drift",
        reference: usual,
        current: || usual().replacen("gold", "platinum", 1),
        code: 0,
        says: "none of 2 columns drifted",
    },
    Case {
        name: "a-changed-type-is-broken",
        reference: usual,
        current: || worded(),
        code: 1,
        says: "`x` changed its type from float to text",
    },
    Case {
        name: "a-column-that-is-gone-is-broken",
        reference: usual,
        current: || without_plan(usual()),
        code: 1,
        says: "`plan` is gone",
    },
    Case {
        name: "a-column-that-is-new-is-noted",
        reference: || without_plan(usual()),
        current: usual,
        code: 0,
        says: "the reference has no column `plan`",
    },
    Case {
        name: "one-value-of-a-trillion-hides-nothing",
        reference: usual,
        current: || format!("{}1e12,gold\n", rows(2, 3_000, 3.0)),
        code: 1,
        says: "`x` drifted",
    },
    Case {
        name: "infinities-are-counted-apart",
        reference: usual,
        current: || infinite(3_000),
        code: 1,
        says: "the share of `x` that is missing drifted",
    },
    Case {
        name: "times-of-several-zones-are-instants",
        reference: || timed("+00:00"),
        current: || timed("+05:30"),
        code: 0,
        says: "`at` was not compared: times always move on",
    },
    Case {
        name: "a-broken-row-is-named",
        reference: usual,
        current: || format!("{}1,2,3\n", usual()),
        code: 2,
        says: "the row has 3 fields and the header 2",
    },
];

fn normal(random: &mut fastrand::Rng) -> f64 {
    (0..12).map(|_| random.f64()).sum::<f64>() - 6.0
}

fn rows(seed: u64, count: usize, shift: f64) -> String {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut text = "x,plan\n".to_owned();
    for _ in 0..count {
        let x = normal(&mut random) + shift;
        let _ = writeln!(text, "{x:.4},{}", ["basic", "basic", "pro", "gold"][random.usize(0..4)]);
    }
    text
}

/// The same on every call: what is compared to itself has not drifted.
fn usual() -> String {
    rows(1, 3_000, 0.0)
}

/// One column of one value; nothing is written as quotes, for an empty line is no row.
fn constant(count: usize, value: &str) -> String {
    let value = if value.is_empty() { "\"\"" } else { value };
    format!("x\n{}", format!("{value}\n").repeat(count))
}

fn emptied() -> String {
    changed(|_, plan| format!(",{plan}"))
}

fn worded() -> String {
    changed(|x, plan| format!("about {x},{plan}"))
}

fn infinite(count: usize) -> String {
    let mut place = 0;
    let text = changed(|x, plan| {
        place += 1;
        if place % 3 == 0 { format!("inf,{plan}") } else { format!("{x},{plan}") }
    });
    text.lines().take(count).map(|line| format!("{line}\n")).collect()
}

fn changed(mut change: impl FnMut(&str, &str) -> String) -> String {
    let mut text = "x,plan\n".to_owned();
    for line in usual().lines().skip(1) {
        let (x, plan) = line.split_once(',').unwrap();
        let _ = writeln!(text, "{}", change(x, plan));
    }
    text
}

fn without_plan(text: String) -> String {
    text.lines().map(|line| format!("{}\n", line.split(',').next().unwrap())).collect()
}

fn timed(zone: &str) -> String {
    let mut text = "x,at\n".to_owned();
    for (row, line) in usual().lines().skip(1).enumerate() {
        let zone = if row % 2 == 0 { zone } else { "Z" };
        let _ = writeln!(text, "{},2026-01-01T{:02}:00:00{zone}", line.split(',').next().unwrap(), row % 24);
    }
    text
}

fn compare(folder: &Path, words: &[&str]) -> Result<Output, Failed> {
    Ok(Command::new(COMMAND).current_dir(folder).args(["drift", "check"]).args(words).output()?)
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn bad_input(case: &Case) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    fs::write(folder.path().join("reference.csv"), (case.reference)())?;
    fs::write(folder.path().join("current.csv"), (case.current)())?;
    let output =
        compare(folder.path(), &["--reference", "reference.csv", "--current", "current.csv", "--report", "report"])?;
    let said = said(&output);
    assert_eq!(output.status.code(), Some(case.code), "{said}");
    assert!(said.contains(case.says), "{said}");
    // A verdict leaves a report, an error leaves nothing.
    assert_eq!(folder.path().join("report/drift.html").exists(), case.code != 2, "{said}");
    Ok(())
}

fn outcome(folder: &Path, words: &[&str]) -> Result<Value, Failed> {
    let output = compare(folder, &[words, &["--json"]].concat())?;
    serde_json::from_slice(&output.stdout).map_err(|_| said(&output).into())
}

fn column<'a>(outcome: &'a Value, name: &str) -> &'a Value {
    outcome["columns"].as_array().unwrap().iter().find(|column| column["column"] == name).unwrap()
}

fn what_moved_is_found() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    fs::write(folder.path().join("reference.csv"), usual())?;
    fs::write(folder.path().join("current.csv"), rows(2, 4_000, 0.4))?;
    let both = ["--reference", "reference.csv", "--current", "current.csv"];
    let found = outcome(folder.path(), &both)?;
    assert_eq!(found["verdict"], "drift");
    let (x, plan) = (column(&found, "x"), column(&found, "plan"));
    assert_eq!((&x["verdict"], &plan["verdict"]), (&"drift".into(), &"stable".into()), "{found}");
    assert_eq!(x["values"]["method"], "wasserstein");
    let methods: Vec<&str> =
        x["measures"].as_array().unwrap().iter().map(|it| it["method"].as_str().unwrap()).collect();
    assert_eq!(methods, ["ks", "wasserstein", "psi", "jensen_shannon"]);
    // A shift of 0.4 standard deviations is about 0.3 interquartile ranges.
    let effect = x["values"]["effect"].as_f64().unwrap();
    assert!((0.25..0.35).contains(&effect), "{effect}");
    fs::write(
        folder.path().join("monitor.yaml"),
        "monitor: quiet\nreference: reference.csv\ncurrent: current.csv\neffect: 0.5\n",
    )?;
    let output = compare(folder.path(), &["monitor.yaml"])?;
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    Ok(())
}

fn the_report_is_valid() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    fs::write(folder.path().join("reference.csv"), usual())?;
    fs::write(folder.path().join("current.csv"), rows(2, 40, 0.0))?;
    compare(folder.path(), &["--reference", "reference.csv", "--current", "current.csv", "--report", "report"])?;
    let schema = Command::new(COMMAND).args(["drift", "schema"]).output()?;
    let validator = jsonschema::validator_for(&serde_json::from_slice(&schema.stdout)?)?;
    let report: Value = serde_json::from_str(&fs::read_to_string(folder.path().join("report/drift.json"))?)?;
    let wrong: Vec<String> = validator.iter_errors(&report).map(|error| error.to_string()).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
    let page = fs::read_to_string(folder.path().join("report/drift.html"))?;
    assert!(page.contains("<svg") && !page.contains("<script"), "a page with charts and without scripts");
    let metrics = fs::read_to_string(folder.path().join("report/drift.prom"))?;
    assert!(metrics.contains("drift_columns{monitor=\"drift\",verdict=\"inconclusive\"} 2"), "{metrics}");
    Ok(())
}

/// The inference log, its Parquet, and a profile of it: one verdict, and of the first two the same figures.
fn all_formats_say_the_same() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let log = |name: &str, seed: u64, shift: f64| -> Result<(), Failed> {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut text = String::new();
        for row in 0..6_000 {
            let (x, plan) = (normal(&mut random) + shift, ["a", "b"][random.usize(0..2)]);
            let line = serde_json::json!({
                "time": format!("2026-01-01T{:02}:{:02}:00Z", row / 250, row % 60),
                "request_id": format!("{seed}-{row}"), "model": "m", "version": "1", "features": {"x": x, "plan": plan},
                "prediction": plan, "latency_ms": 2.0 + random.f64(), "status": 200,
            });
            writeln!(text, "{line}")?;
        }
        Ok(fs::write(folder.path().join(name), text)?)
    };
    log("reference.jsonl", 1, 0.0)?;
    log("current.jsonl", 2, 0.8)?;
    let run = |words: &[&str]| Command::new(COMMAND).current_dir(folder.path()).args(words).output();
    for name in ["reference", "current"] {
        let (from, columns, profile) =
            (format!("{name}.jsonl"), format!("{name}.parquet"), format!("{name}.profile.json"));
        for words in [["log", "columns", &from, "--to", &columns], ["drift", "profile", &from, "--to", &profile]] {
            let output = run(&words)?;
            assert!(output.status.success(), "{}", said(&output));
        }
    }
    let check = |ending: &str| {
        let (reference, current) = (format!("reference.{ending}"), format!("current.{ending}"));
        outcome(folder.path(), &["--reference", &reference, "--current", &current])
    };
    let (lines, columns, profiles) = (check("jsonl")?, check("parquet")?, check("profile.json")?);
    assert_eq!(lines["columns"], columns["columns"]);
    for found in [&lines, &columns, &profiles] {
        let verdicts = ["feature.x", "feature.plan", "latency_ms"].map(|name| column(found, name)["verdict"].clone());
        assert_eq!(verdicts, ["drift", "stable", "stable"], "{found}");
    }
    let effect = |found: &Value| column(found, "feature.x")["values"]["effect"].as_f64().unwrap();
    assert!((effect(&profiles) - effect(&lines)).abs() < 0.03, "{} and {}", effect(&profiles), effect(&lines));
    Ok(())
}

fn what_does_not_fit_is_sketched() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    fs::write(folder.path().join("reference.csv"), rows(1, 20_000, 0.0))?;
    fs::write(folder.path().join("current.csv"), rows(2, 20_000, 1.0))?;
    let found = outcome(
        folder.path(),
        &["--reference", "reference.csv", "--current", "current.csv", "--memory-limit", "64KiB"],
    )?;
    assert_eq!(column(&found, "x")["precision"]["kind"], "sketched", "{found}");
    assert_eq!(
        (&column(&found, "x")["verdict"], &column(&found, "plan")["verdict"]),
        (&"drift".into(), &"stable".into())
    );
    Ok(())
}

fn a_server_that_is_down() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    fs::write(folder.path().join("current.csv"), usual())?;
    // Bound and closed again: nobody listens there.
    let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let url = format!("http://127.0.0.1:{port}/reference.csv");
    let output = compare(folder.path(), &["--reference", &url, "--current", "current.csv"])?;
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    assert!(said(&output).contains(&url), "{}", said(&output));
    Ok(())
}
