//! The inference log, as a user of the command meets it.

use super::environment::COMMAND;
use libtest_mimic::{Failed, Trial};
use std::{fs, process::Command};

pub(crate) fn trials() -> Vec<Trial> {
    vec![Trial::test("log::a-broken-line-is-named-with-its-place", a_broken_line_is_named)]
}

fn a_broken_line_is_named() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("log.jsonl");
    let good = r#"{"time":"2026-01-01T00:00:00Z","request_id":"a","model":"m","version":"1","features":{"x":1},"latency_ms":2,"status":200}"#;
    fs::write(&path, format!("{good}\n{{\"time\":\"noon\"}}\n"))?;
    let output = Command::new(COMMAND).args(["log", "check"]).arg(&path).output()?;
    let error = String::from_utf8(output.stderr)?;
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(error.contains("log.jsonl:2: not a record"), "{error}");
    Ok(())
}
