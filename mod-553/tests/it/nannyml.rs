//! Estimated performance and reconstruction errors beside NannyML's, chunk by chunk. NannyML brings two gigabytes of packages with it, so
//! its environment is made when it is named (`cargo xtask images --process nannyml`), and these tests are ignored elsewhere.

use super::environment::labs;
use fastrand::Rng;
use libtest_mimic::{Completion, Failed, Trial};
use mod_106::statistics::interval::normal_quantile;
use mod_553::multivariate::{Column, Encoder, Reconstruction};
use mod_553::performance::{Cbpe, Estimator, Outcomes};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

const SCRIPT: &str = include_str!("python/nannyml_peer.py");
/// Rows of a chunk; the reference has ten of them.
const ROWS: usize = 400;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        Trial::ignorable_test("nannyml::cbpe-estimates-the-same", || with_nannyml(cbpe)),
        Trial::ignorable_test("nannyml::reconstruction-errors-are-the-same", || with_nannyml(reconstruction)),
    ]
}

fn with_nannyml(test: fn(&Path) -> Result<(), Failed>) -> Result<Completion, Failed> {
    let python = labs().join("nannyml/bin/python");
    if !python.exists() {
        return Ok(Completion::ignored_with("no target/labs/nannyml; `cargo xtask images --process nannyml` makes it"));
    }
    test(&python)?;
    Ok(Completion::Completed)
}

fn asked(python: &Path, what: &str, reference: &str, current: &str) -> Result<Value, Failed> {
    let folder = tempfile::tempdir()?;
    fs::write(folder.path().join("reference.csv"), reference)?;
    fs::write(folder.path().join("current.csv"), current)?;
    let arguments = ["-c", SCRIPT, what, "reference.csv", "current.csv", &ROWS.to_string()];
    let output = Command::new(python).args(arguments).current_dir(folder.path()).stderr(Stdio::inherit()).output()?;
    let text = String::from_utf8(output.stdout)?;
    Ok(serde_json::from_str(text.lines().last().ok_or("NannyML said nothing")?)?)
}

/// Scores that are too sure of themselves, predictions at one half, labels.
fn scored(rows: usize, center: f64, random: &mut Rng) -> (Vec<f64>, Vec<bool>) {
    let row = |_| {
        let odds = center + 2.0 * normal_quantile(random.f64().clamp(1e-9, 1.0 - 1e-9));
        (1.0 / (1.0 + (-2.0 * odds).exp()), random.f64() < 1.0 / (1.0 + (-odds).exp()))
    };
    (0..rows).map(row).unzip()
}

fn written((scores, labels): &(Vec<f64>, Vec<bool>)) -> String {
    let row = |(score, label): (&f64, &bool)| format!("{score},{},{}\n", u8::from(*score >= 0.5), u8::from(*label));
    let rows: String = scores.iter().zip(labels).map(row).collect();
    format!("score,predicted,label\n{rows}")
}

fn cbpe(python: &Path) -> Result<(), Failed> {
    let mut random = Rng::with_seed(553);
    let reference = scored(10 * ROWS, 0.0, &mut random);
    let mut current = (Vec::new(), Vec::new());
    for chunk in 0..5 {
        let (scores, labels) = scored(ROWS, f64::from(chunk) * 0.5 - 1.0, &mut random);
        current.0.extend(scores);
        current.1.extend(labels);
    }
    let theirs = asked(python, "cbpe", &written(&reference), &written(&current))?;
    assert_eq!(theirs["calibrated"], true);
    let estimator =
        Estimator::fit(&Outcomes::binary(&reference.0, 0.5, &reference.1), &Cbpe { replicates: 1, ..Cbpe::default() })?;
    assert!(estimator.calibration[0].used);
    for (chunk, theirs_of_chunk) in theirs["chunks"].as_array().ok_or("no chunks")?.iter().enumerate() {
        let scores = &current.0[chunk * ROWS..(chunk + 1) * ROWS];
        for estimate in estimator.estimate(&Outcomes::binary(scores, 0.5, &[]))? {
            // NannyML rounds counts to five digits on its way to the area.
            let tolerance = if estimate.metric == "roc_auc" { 1e-6 } else { 1e-9 };
            let near =
                |ours: f64, theirs: &Value| theirs.as_f64().is_some_and(|theirs| (ours - theirs).abs() < tolerance);
            let metric = estimate.metric;
            let ours = estimate.estimated.ok_or("not defined")?;
            assert!(
                near(ours, &theirs_of_chunk[metric]),
                "{metric} of chunk {chunk}: {ours}, {}",
                theirs_of_chunk[metric]
            );
            let usual = &theirs["usual"][metric];
            assert!(
                near(estimate.usual_from, &usual[0]) && near(estimate.usual_to, &usual[1]),
                "{metric}: {estimate:?}, {usual}"
            );
        }
    }
    Ok(())
}

fn reconstruction(python: &Path) -> Result<(), Failed> {
    let mut random = Rng::with_seed(554);
    let mut rows = |count: usize, correlation: f64| -> Vec<[f64; 3]> {
        let mut normal = || normal_quantile(random.f64().clamp(1e-9, 1.0 - 1e-9));
        (0..count)
            .map(|_| {
                let (a, b, c) = (normal(), normal(), normal());
                [a, correlation * a + (1.0 - correlation * correlation).sqrt() * b, 5.0 * c]
            })
            .collect()
    };
    let reference = rows(10 * ROWS, 0.9);
    let current: Vec<[f64; 3]> = [rows(ROWS, 0.9), rows(ROWS, 0.0), rows(ROWS, -0.9)].concat();
    let written = |rows: &[[f64; 3]]| {
        let text: String = rows.iter().map(|[a, b, c]| format!("{a},{b},{c}\n")).collect();
        format!("a,b,c\n{text}")
    };
    let theirs = asked(python, "reconstruction", &written(&reference), &written(&current))?;
    let columns = |rows: &[[f64; 3]]| -> Vec<Column> {
        (0..3).map(|column| Column::Numbers(rows.iter().map(|row| Some(row[column])).collect())).collect()
    };
    let encoder = Encoder::fit(&columns(&reference))?;
    let fitted = Reconstruction::fit(&encoder.encode(&columns(&reference))?, 10)?;
    let near = |ours: f64, theirs: &Value| theirs.as_f64().is_some_and(|theirs| (ours - theirs).abs() < 1e-9);
    assert!(near(fitted.lower, &theirs["usual"][0]) && near(fitted.upper, &theirs["usual"][1]), "{theirs}");
    for (chunk, rows) in current.chunks(ROWS).enumerate() {
        let found = fitted.measure(&encoder.encode(&columns(rows))?)?;
        assert!(near(found.error, &theirs["chunks"][chunk]), "chunk {chunk}: {found:?}, {theirs}");
        assert_eq!(Value::from(found.alert), theirs["alerts"][chunk], "chunk {chunk}");
    }
    Ok(())
}
