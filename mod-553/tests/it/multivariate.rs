//! Kernels, principal components and isotonic curves beside numpy's and scikit-learn's, on more than a thousand data sets by seed:
//! ties, constants, tiny and huge scales, few rows. They agree to 10⁻⁹.

use super::environment::labs;
use fastrand::Rng;
use libtest_mimic::{Completion, Failed, Trial};
use mod_106::statistics::interval::normal_quantile;
use mod_553::multivariate::{Column, Encoder, Mmd, Points, Reconstruction};
use mod_553::performance::{Isotonic, Point};
use serde_json::{Value, json};
use std::io::Write;
use std::process::{Command, Stdio};

const SCRIPT: &str = include_str!("python/multivariate_peer.py");
const TOLERANCE: f64 = 1e-9;

/// A question, what we answer, and the scale below which a difference is rounding.
struct Question {
    asked: Value,
    ours: Vec<f64>,
    scale: f64,
}

pub(crate) fn trials() -> Vec<Trial> {
    vec![Trial::ignorable_test("multivariate::agrees-with-numpy-and-scikit-learn", agrees)]
}

fn agrees() -> Result<Completion, Failed> {
    let python = labs().join("scipy/bin/python");
    if !python.exists() {
        return Ok(Completion::ignored_with("no target/labs/scipy; `cargo xtask images --process scipy` makes it"));
    }
    let mut random = Rng::with_seed(553);
    let mut questions = Vec::new();
    for round in 0..400 {
        questions.push(kernel(round, &mut random)?);
        questions.push(components(round, &mut random)?);
        questions.push(isotonic(round, &mut random));
    }
    let mut child = Command::new(python).args(["-c", SCRIPT]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let mut input = child.stdin.take().ok_or("no pipe")?;
    let text: String = questions.iter().map(|question| format!("{}\n", question.asked)).collect();
    let writer = std::thread::spawn(move || input.write_all(text.as_bytes()));
    let output = child.wait_with_output()?;
    writer.join().map_err(|_| "the writer panicked")??;
    let answers = String::from_utf8(output.stdout)?;
    assert_eq!(answers.lines().count(), questions.len(), "answers to questions");
    for (question, line) in questions.iter().zip(answers.lines()) {
        let theirs: Vec<f64> = serde_json::from_str(line)?;
        let close = |ours: &f64, theirs: &f64| (ours - theirs).abs() <= TOLERANCE * theirs.abs().max(question.scale);
        let same = theirs.len() == question.ours.len() && question.ours.iter().zip(&theirs).all(|(a, b)| close(a, b));
        if !same {
            let asked: String = question.asked.to_string().chars().take(400).collect();
            return Err(format!("{asked}\n  ours:   {:?}\n  theirs: {theirs:?}", question.ours).into());
        }
    }
    Ok(Completion::Completed)
}

/// Rows of three columns, of which two hang together; of six kinds in turn.
fn rows(count: usize, round: usize, shift: f64, random: &mut Rng) -> Vec<Vec<f64>> {
    let normal = |random: &mut Rng| normal_quantile(random.f64().clamp(1e-12, 1.0 - 1e-12));
    let row = |_| {
        let (a, b, c) = (normal(random), normal(random), normal(random));
        let row = [a + shift, 0.8 * a + 0.6 * b, c];
        match round % 6 {
            0 => row.map(f64::round).to_vec(),
            1 => row.map(|value| value * 1e-9).to_vec(),
            2 => row.map(|value| value * 1e9).to_vec(),
            3 => vec![row[0], row[1], 7.0],
            _ => row.to_vec(),
        }
    };
    (0..count).map(row).collect()
}

fn kernel(round: usize, random: &mut Rng) -> Result<Question, Failed> {
    let shift = [0.0, 0.3, 2.0][round % 3];
    let (m, n) = (random.usize(2..25), random.usize(2..25));
    let (reference, current) = (rows(m, round, 0.0, random), rows(n, round, shift, random));
    let settings = Mmd { arrangements: 0, ..Mmd::default() };
    let found = settings.compare(&Points::new(&reference)?, &Points::new(&current)?)?;
    let asked = json!({"what": "mmd", "reference": reference, "current": current});
    Ok(Question { asked, ours: vec![found.squared, found.bandwidth], scale: 1.0 })
}

fn components(round: usize, random: &mut Rng) -> Result<Question, Failed> {
    let chunks = random.usize(2..6);
    let (m, n) = (random.usize(2 * chunks.max(10)..120), random.usize(2..60));
    let (reference, current) = (rows(m, round, 0.0, random), rows(n, round, 0.5, random));
    let columns = |rows: &[Vec<f64>]| -> Vec<Column> {
        (0..3).map(|column| Column::Numbers(rows.iter().map(|row| Some(row[column])).collect())).collect()
    };
    let encoder = Encoder::fit(&columns(&reference))?;
    let fitted = Reconstruction::fit(&encoder.encode(&columns(&reference))?, chunks)?;
    let found = fitted.measure(&encoder.encode(&columns(&current))?)?;
    let ours = vec![fitted.components() as f64, fitted.lower, fitted.upper, found.error, found.standard_error];
    let asked = json!({"what": "reconstruction", "reference": reference, "current": current, "chunks": chunks});
    Ok(Question { asked, ours, scale: 1.0 })
}

fn isotonic(round: usize, random: &mut Rng) -> Question {
    let count = random.usize(1..80);
    let scores: Vec<f64> = (0..count)
        .map(|_| if round.is_multiple_of(2) { random.f64() } else { f64::from(random.u8(0..10)) / 10.0 })
        .collect();
    let truth: Vec<f64> = scores.iter().map(|score| f64::from(u8::from(random.f64() < *score))).collect();
    let weights: Vec<f64> = (0..count).map(|_| f64::from(random.u8(1..4))).collect();
    let asked: Vec<f64> = (0..20).map(|step| f64::from(step) / 18.0 - 0.03).collect();
    let mut points: Vec<Point> = scores
        .iter()
        .zip(&truth)
        .zip(&weights)
        .map(|((score, truth), weight)| Point { score: *score, truth: *truth, weight: *weight })
        .collect();
    points.sort_by(|a, b| a.score.total_cmp(&b.score));
    let curve = Isotonic::fit(points);
    let ours = asked.iter().map(|score| curve.share(*score)).collect();
    let asked = json!({"what": "isotonic", "scores": scores, "truth": truth, "weights": weights, "asked": asked});
    Question { asked, ours, scale: 1.0 }
}
