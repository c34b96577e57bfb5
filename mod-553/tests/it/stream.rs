//! `mod-553 stream` and `mod-553 performance`, as a user meets them: files that grow, labels that never come, bad input.

use super::environment::COMMAND;
use libtest_mimic::{Failed, Trial};
use serde_json::{Value, json};
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        Trial::test("stream::a-file-that-grows-is-read-on-from-its-state", a_file_that_grows),
        Trial::test("stream::standard-input-answers-at-once", standard_input_answers_at_once),
        Trial::test("stream::bad-input-is-named-with-its-place", bad_input_is_named),
        Trial::test("performance::labels-that-never-come-are-a-verdict", labels_that_never_come),
        Trial::test("performance::estimates-of-every-kind-of-model", estimates_of_every_kind),
    ]
}

fn run(folder: &Path, arguments: &[&str]) -> Result<(i32, String, String), Failed> {
    let output: Output = Command::new(COMMAND).args(arguments).current_dir(folder).stdin(Stdio::null()).output()?;
    let code = output.status.code().ok_or("killed")?;
    Ok((code, String::from_utf8(output.stdout)?, String::from_utf8(output.stderr)?))
}

/// Rows around 0, and from 700 on around 3; one of them is empty.
fn rows(from: usize, to: usize) -> String {
    let value = |row: usize| f64::from(u32::from(row >= 700)) * 3.0 + (row * 7_919 % 100) as f64 / 100.0;
    (from..to).map(|row| if row == 5 { "5,\n".to_owned() } else { format!("{row},{}\n", value(row)) }).collect()
}

fn a_file_that_grows() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("scores.csv");
    fs::write(&path, format!("id,score\n{}", rows(0, 1_500)))?;
    let whole = ["stream", "scores.csv", "--column", "score", "--detector", "adwin", "--set", "clock=1", "--json"];
    let (code, expected, said) = run(folder.path(), &whole)?;
    assert_eq!((code, expected.lines().count()), (1, 1), "{expected}{said}");
    let alarm: Value = serde_json::from_str(&expected)?;
    let at = alarm["index"].as_u64().ok_or("no index")?;
    assert!((700..760).contains(&at) && alarm["line"] == json!(at + 3), "{alarm}");
    assert!(said.contains("1499 values, 1 rows without a value, 1 alarms in all"), "{said}");
    let mut found = String::new();
    for end in [0, 3, 300, 701, 703, 1_500] {
        fs::write(&path, format!("id,score\n{}", rows(0, end)))?;
        let (_, alarms, said) = run(folder.path(), &[&whole[..], &["--state", "state.json"]].concat())?;
        found.push_str(&alarms);
        assert!(!said.contains("not a state"), "{said}");
    }
    assert_eq!(found, expected);
    // What is there goes on without being told again, and nothing of another detector's is taken for it.
    let (code, _, _) = run(folder.path(), &["stream", "scores.csv", "--column", "score", "--state", "state.json"])?;
    assert_eq!(code, 0);
    let (code, _, said) = run(
        folder.path(),
        &["stream", "scores.csv", "--column", "score", "--state", "state.json", "--detector", "ddm"],
    )?;
    assert!(code == 2 && said.contains("\"ddm\"") && said.contains("was asked for"), "{said}");
    fs::write(&path, format!("id,score\n{}", rows(0, 10)))?;
    let (code, _, said) = run(folder.path(), &["stream", "scores.csv", "--column", "score", "--state", "state.json"])?;
    assert!(code == 2 && said.contains("has 10 rows, and 1500 were read before"), "{said}");
    fs::write(folder.path().join("state.json"), "{\"detector\":{\"detector\":\"adwin\"}}")?;
    let (code, _, said) = run(folder.path(), &["stream", "scores.csv", "--column", "score", "--state", "state.json"])?;
    assert!(code == 2 && said.contains("state.json: not a state of"), "{said}");
    Ok(())
}

fn standard_input_answers_at_once() -> Result<(), Failed> {
    let arguments = ["stream", "-", "--detector", "page_hinkley", "--set", "threshold=10"];
    let mut child = Command::new(COMMAND)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let mut input = child.stdin.take().ok_or("no pipe")?;
    let text: String = (0..200).map(|row| if row < 100 { "0\n" } else { "5\n" }).collect();
    input.write_all(text.as_bytes())?;
    // The input stays open: the alarm must not wait for its end.
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stdout.take().ok_or("no pipe")?), &mut line)?;
    assert_eq!(line, "-:103: drift at value 102 (5)\n");
    drop(input);
    assert_eq!(child.wait()?.code(), Some(1));
    Ok(())
}

fn bad_input_is_named() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text);
    write("a.csv", "x,y\n1,2\n2,three\n")?;
    write("b.jsonl", "{\"x\":1}\n{\"x\":\n")?;
    write("c.csv", "x,y\n1,2\n1,NaN\n")?;
    write("d.jsonl", "{\"x\":1}\n{\"x\":2}\n")?;
    write("e.txt", "1\n0.5\n")?;
    let check = |arguments: &[&str], expected: &str| -> Result<(), Failed> {
        let (code, output, said) = run(folder.path(), &[&["stream"], arguments].concat())?;
        assert!(code == 2 && said.contains(expected) && output.is_empty(), "{arguments:?}: {code} {said}");
        Ok(())
    };
    check(&["a.csv", "--detector", "adwin", "--column", "y"], "a.csv:3: \"three\" is not a number")?;
    check(&["a.csv", "--detector", "adwin", "--column", "z"], "there is no column \"z\"; there are: x, y")?;
    check(&["a.csv", "--detector", "adwin"], "say which with --column")?;
    check(&["b.jsonl", "--detector", "adwin", "--column", "x"], "b.jsonl:2: not a JSON object")?;
    check(&["c.csv", "--detector", "adwin", "--column", "y"], "c.csv:3: the value is NaN")?;
    check(&["d.jsonl", "--detector", "adwin", "--column", "z"], "none of 2 rows has a value in \"z\"")?;
    check(&["e.txt", "--detector", "ddm"], "e.txt:2: ddm takes errors")?;
    check(&["e.txt", "--detector", "adwim"], "unknown variant `adwim`")?;
    check(&["e.txt", "--detector", "adwin", "--set", "delta=7"], "delta is 7, and must be between 0 and 1")?;
    check(&["gone.txt", "--detector", "adwin"], "cannot read gone.txt")?;
    check(&["e.txt", "--state", "new.json"], "name a --detector to begin with")
}

fn labels_that_never_come() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let (mut log, mut labels) = (String::new(), String::new());
    for id in 0..600 {
        let (day, yes) = (1 + id / 200, id % 2 == 0);
        log.push_str(&format!(
            "{{\"time\":\"2026-01-{day:02}T12:00:00Z\",\"request_id\":\"r{id}\",\"model\":\"m\",\"version\":\"1\",\"features\":{{}},\
             \"prediction\":{yes},\"score\":{},\"latency_ms\":1,\"status\":200}}\n",
            if yes { 0.8 } else { 0.2 }
        ));
        // The first day all labels come and one in ten is wrong, the second day half of them, the third day none.
        if day == 1 || (day == 2 && id % 2 == 0) {
            let truth = yes != (id % 10 == 0);
            labels.push_str(&format!(
                "{{\"request_id\":\"r{id}\",\"label\":{truth},\"observed_at\":\"2026-01-05T00:00:00Z\"}}\n"
            ));
        }
    }
    fs::write(folder.path().join("log.jsonl"), log)?;
    fs::write(folder.path().join("labels.jsonl"), labels)?;
    let standings = |now: &str, limit: &str| -> Result<(i32, Vec<String>), Failed> {
        let arguments = [
            "performance",
            "measure",
            "--log",
            "log.jsonl",
            "--labels",
            "labels.jsonl",
            "--positive",
            "true",
            "--json",
        ];
        let (code, output, said) = run(folder.path(), &[&arguments[..], &["--now", now, "--limit", limit]].concat())?;
        let report: Value = serde_json::from_str(&output).map_err(|error| format!("{error}: {said}"))?;
        let words = report["windows"]
            .as_array()
            .ok_or("no windows")?
            .iter()
            .map(|window| window["standing"].as_str().unwrap_or_default().to_owned());
        Ok((code, words.collect()))
    };
    assert_eq!(standings("2026-01-03T18:00:00Z", "accuracy=0.8")?, (0, vec!["pending".into(); 3]));
    assert_eq!(
        standings("2026-01-06T00:00:00Z", "accuracy=0.8")?,
        (0, vec!["held".into(), "pending".into(), "pending".into()])
    );
    let unlabelled = || "unlabelled".to_owned();
    assert_eq!(
        standings("2026-02-01T00:00:00Z", "accuracy=0.8")?,
        (4, vec!["held".into(), unlabelled(), unlabelled()])
    );
    assert_eq!(
        standings("2026-02-01T00:00:00Z", "accuracy=0.99")?,
        (1, vec!["broken".into(), unlabelled(), unlabelled()])
    );
    let (code, _, said) =
        run(folder.path(), &["performance", "measure", "--log", "log.jsonl", "--labels", "log.jsonl"])?;
    assert!(code == 2 && said.contains("log.jsonl:1: not a label"), "{said}");
    Ok(())
}

fn estimates_of_every_kind() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let mut random = fastrand::Rng::with_seed(9);
    let mut write = |name: &str, rows: usize, hardness: f64| -> Result<(), Failed> {
        let mut text = "score,label,a,b,c,kind,kind_hat,x,price,price_hat\n".to_owned();
        for _ in 0..rows {
            let score = 0.5 + hardness * (random.f64() - 0.5);
            let label = u8::from(random.f64() < score);
            let other = (1.0 - score) / 2.0;
            let drawn = random.f64();
            let kind = if drawn < score {
                "a"
            } else if drawn < score + other {
                "b"
            } else {
                "c"
            };
            let kind_hat = if score >= other { "a" } else { "b" };
            let (x, noise) = (1.0 / hardness, (0..12).map(|_| random.f64()).sum::<f64>() - 6.0);
            let x = x * (0.5 + random.f64());
            text.push_str(&format!(
                "{score},{label},{score},{other},{other},{kind},{kind_hat},{x},{},{}\n",
                10.0 + x * noise,
                10.0
            ));
        }
        Ok(fs::write(folder.path().join(name), text)?)
    };
    write("reference.csv", 2_000, 1.0)?;
    write("same.csv", 400, 1.0)?;
    write("harder.csv", 400, 0.4)?;
    let kinds: [&[&str]; 3] = [
        &["--label", "label", "--score", "score"],
        &["--label", "kind", "--prediction", "kind_hat", "--scores", "a=a,b=b,c=c"],
        &["--label", "price", "--prediction", "price_hat", "--features", "x"],
    ];
    for kind in kinds {
        for (current, expected) in [("same.csv", 0), ("harder.csv", 1)] {
            let arguments =
                [&["performance", "estimate", "--reference", "reference.csv", "--current", current], kind].concat();
            let (code, output, said) = run(folder.path(), &arguments)?;
            assert_eq!(code, expected, "{current} {kind:?}: {output}{said}");
        }
    }
    let gone = [
        "performance",
        "estimate",
        "--reference",
        "reference.csv",
        "--current",
        "same.csv",
        "--label",
        "labl",
        "--score",
        "score",
    ];
    let (code, _, said) = run(folder.path(), &gone)?;
    assert!(code == 2 && said.contains("there is no column \"labl\""), "{said}");
    Ok(())
}
