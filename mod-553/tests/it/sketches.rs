//! Our profiles beside Apache's DataSketches in Python: each reads what the other wrote, and both say the same.

use super::environment::COMMAND;
use libtest_mimic::{Completion, Failed, Trial};
use mod_553::profile::{Profile, Values, parse, read};
use serde_json::Value;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/python/sketches_peer.py");
const SHARES: [f64; 7] = [0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99];

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        Trial::ignorable_test("sketches::python-reads-what-we-wrote", || with_python(python_reads)),
        Trial::ignorable_test("sketches::we-read-what-python-wrote", || with_python(we_read)),
        Trial::test("sketches::parts-that-are-merged-are-the-whole", parts_are_the_whole),
    ]
}

fn with_python(test: fn(&Path) -> Result<(), Failed>) -> Result<Completion, Failed> {
    let python = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../target/labs/sketches/bin/python");
    if !python.exists() {
        return Ok(Completion::ignored_with(
            "no target/labs/sketches; `cargo xtask images --process sketches` makes it",
        ));
    }
    test(&python).map(|()| Completion::Completed)
}

fn ask(python: &Path, words: [&str; 2]) -> Result<Value, Failed> {
    let output = Command::new(python).arg(SCRIPT).args(words).output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// A CSV of numbers and words, nasty in turn, and its profile by the command.
fn profiled(folder: &Path, seed: u64, rows: usize) -> Result<PathBuf, Failed> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut text = "number,word\n".to_owned();
    for row in 0..rows {
        let number = if row % 11 == 0 { String::new() } else { format!("{:.4}", random.f64().ln() * 100.0) };
        writeln!(text, "{number},level-{}", random.usize(0..60))?;
    }
    let (data, to) = (folder.join(format!("{seed}.csv")), folder.join(format!("{seed}.profile.json")));
    std::fs::write(&data, text)?;
    let output = Command::new(COMMAND).args(["drift", "profile"]).arg(&data).arg("--to").arg(&to).output()?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(to)
}

fn python_reads(python: &Path) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    // One held whole, one in which the sketch estimates.
    for rows in [900, 30_000] {
        let path = profiled(folder.path(), rows as u64, rows)?;
        let theirs = ask(python, ["read", &path.display().to_string()])?;
        let ours = read(&path)?;
        for (name, column) in &ours.columns {
            let theirs = &theirs[name];
            match &column.values {
                Values::Numbers(numbers) => {
                    let quantiles: Vec<f64> = SHARES.iter().filter_map(|share| numbers.quantile(*share)).collect();
                    assert_eq!(theirs["quantiles"], serde_json::json!(quantiles), "{name} of {rows}");
                    assert_eq!(theirs["n"], numbers.moments.count);
                    let error = theirs["error"].as_f64().unwrap();
                    assert!(numbers.rank_error() == 0.0 || (numbers.rank_error() - error).abs() < 1e-12);
                    assert!((numbers.distinct() - theirs["distinct"].as_f64().unwrap()).abs() < 1e-6);
                }
                Values::Categories(categories) => {
                    let mut items: Vec<(String, u64)> =
                        categories.frequent().into_iter().map(|it| (it.category, it.count)).collect();
                    items.sort();
                    assert_eq!(theirs["items"], serde_json::json!(items), "{name} of {rows}");
                    assert!((categories.distinct() - theirs["distinct"].as_f64().unwrap()).abs() < 1e-6);
                }
            }
        }
    }
    Ok(())
}

fn we_read(python: &Path) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("python.profile.json");
    let theirs = ask(python, ["write", &path.display().to_string()])?;
    let profile = read(&path)?;
    let (Values::Numbers(numbers), Values::Categories(words)) =
        (&profile.columns["number"].values, &profile.columns["word"].values)
    else {
        return Err("a column changed its kind".into());
    };
    let quantiles: Vec<f64> = SHARES.iter().filter_map(|share| numbers.quantile(*share)).collect();
    assert_eq!(theirs["quantiles"], serde_json::json!(quantiles));
    let mut items: Vec<(String, u64)> = words.frequent().into_iter().map(|it| (it.category, it.count)).collect();
    items.sort();
    assert_eq!(theirs["items"], serde_json::json!(items));
    let distinct = [numbers.distinct(), words.distinct()];
    for (ours, theirs) in distinct.iter().zip(theirs["distinct"].as_array().unwrap()) {
        assert!((ours - theirs.as_f64().unwrap()).abs() < 1e-6, "{ours} and {theirs}");
    }
    // Their values and ours hash alike: the union of what both have seen counts nothing twice.
    let mut merged = profile.clone();
    merged.merge(&profile)?;
    let Values::Categories(twice) = &merged.columns["word"].values else { return Err("no words".into()) };
    assert!((twice.distinct() - words.distinct()).abs() < 1.0, "{} and {}", twice.distinct(), words.distinct());
    Ok(())
}

fn parts_are_the_whole() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let parts = [profiled(folder.path(), 1, 700)?, profiled(folder.path(), 2, 300)?];
    let to = folder.path().join("all.profile.json");
    let output = Command::new(COMMAND).args(["drift", "merge"]).args(&parts).arg("--to").arg(&to).output()?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut expected = Profile::default();
    for part in &parts {
        expected.merge(&read(part)?)?;
    }
    let merged = parse("all", &std::fs::read_to_string(&to)?)?;
    assert_eq!(merged.rows, 1_000);
    for (name, column) in &expected.columns {
        let (here, there) = (column, &merged.columns[name]);
        assert_eq!((here.rows, here.nulls), (there.rows, there.nulls), "{name}");
        if let (Values::Numbers(here), Values::Numbers(there)) = (&here.values, &there.values) {
            assert_eq!((here.moments.count, here.moments.min), (there.moments.count, there.moments.min), "{name}");
            assert!((here.moments.mean - there.moments.mean).abs() < 1e-9);
        }
    }
    Ok(())
}
