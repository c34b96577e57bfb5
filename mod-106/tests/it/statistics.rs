//! Our statistics beside scipy's, statsmodels' and scikit-learn's: more than a thousand data sets by seed, among them ties, NaN,
//! infinities, constants, new categories, one outlier of 10¹², and samples of one. They agree to 10⁻⁹.

use super::target::labs;
use fastrand::Rng;
use libtest_mimic::{Completion, Failed, Trial};
use mod_106::statistics::{
    bins, chi_squared, correction, divergence, interval, kolmogorov, ks, order, roc, wasserstein,
};
use serde_json::{Value, json};
use std::io::Write;
use std::process::{Command, Stdio};

const SCRIPT: &str = include_str!("python/statistics_peer.py");
const TOLERANCE: f64 = 1e-9;

/// A question, and what we answer.
pub(crate) struct Question {
    pub(crate) asked: Value,
    pub(crate) ours: Vec<f64>,
}

pub(crate) fn trial() -> Trial {
    Trial::ignorable_test("statistics::agree-with-scipy", || agree(&questions()))
}

/// Asks Python the same questions.
pub(crate) fn agree(questions: &[Question]) -> Result<Completion, Failed> {
    let python = labs().join("scipy/bin/python");
    if !python.exists() {
        let reason = "no target/labs/scipy; `cargo xtask images --process` makes it";
        return Ok(Completion::ignored_with(reason));
    }
    let answers = answers(&python, questions)?;
    let mut differences: Vec<String> = Vec::new();
    for (question, theirs) in questions.iter().zip(&answers) {
        let same = question.ours.len() == theirs.len()
            && question.ours.iter().zip(theirs).all(|(ours, theirs)| close(*ours, *theirs));
        if !same {
            let asked: String = question.asked.to_string().chars().take(300).collect();
            differences.push(format!("{asked}\n  ours:   {:?}\n  theirs: {theirs:?}", question.ours));
        }
    }
    if differences.is_empty() {
        return Ok(Completion::Completed);
    }
    let (count, all) = (differences.len(), questions.len());
    differences.truncate(20);
    Err(Failed::from(format!("{count} of {all} differ, the first:\n{}", differences.join("\n"))))
}

/// Absolutely below 1, relatively above.
fn close(ours: f64, theirs: f64) -> bool {
    (ours.is_nan() && theirs.is_nan()) || ours == theirs || (ours - theirs).abs() <= TOLERANCE * theirs.abs().max(1.0)
}

fn answers(python: &std::path::Path, questions: &[Question]) -> Result<Vec<Vec<f64>>, Failed> {
    let mut command = Command::new(python);
    command.args(["-c", SCRIPT]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn()?;
    let mut input = child.stdin.take().ok_or("no pipe")?;
    let text: String = questions.iter().map(|question| format!("{}\n", question.asked)).collect();
    let writer = std::thread::spawn(move || input.write_all(text.as_bytes()));
    let output = child.wait_with_output()?;
    let _ = writer.join();
    let lines = String::from_utf8(output.stdout)?;
    let answers: Vec<Vec<f64>> = lines
        .lines()
        .map(|line| {
            let texts: Vec<String> = serde_json::from_str(line).unwrap_or_default();
            texts.iter().map(|text| text.parse().unwrap_or(f64::NAN)).collect()
        })
        .collect();
    if answers.len() == questions.len() {
        Ok(answers)
    } else {
        Err(format!("{} answers to {} questions", answers.len(), questions.len()).into())
    }
}

fn questions() -> Vec<Question> {
    let mut random = Rng::with_seed(106);
    let mut questions = Vec::new();
    for round in 0..300 {
        let (a, b) = pair(round, &mut random);
        samples(a, b, &mut questions);
    }
    for round in 0..250 {
        tables(round, &mut random, &mut questions);
        families(&mut random, &mut questions);
        distributions(round, &mut random, &mut questions);
    }
    questions
}

/// A number as JSON can hold it.
pub(crate) fn written(values: &[f64]) -> Value {
    values.iter().map(|value| if value.is_finite() { json!(value) } else { json!(value.to_string()) }).collect()
}

/// Two samples, nasty in turn.
fn pair(round: usize, random: &mut Rng) -> (Vec<f64>, Vec<f64>) {
    let size = |random: &mut Rng| match round % 10 {
        0 => random.usize(1..4),
        // Beyond 10,000 the p-value is the limit for large samples.
        9 => random.usize(9_990..14_000),
        8 => random.usize(500..2_000),
        _ => random.usize(5..200),
    };
    let shift = [0.0, 0.0, 0.05, 0.3, 1.0, 5.0][random.usize(0..6)];
    let kind = round % 13;
    let value = |random: &mut Rng| match kind {
        0 => 7.0,
        1 | 2 => f64::from(random.u8(0..6)),
        3 => (random.f64() * 10.0).round() / 10.0,
        4 => -random.f64().ln() * 1e6,
        5 => random.f64() * 1e-12,
        _ => (0..12).map(|_| random.f64()).sum::<f64>() - 6.0,
    };
    let (m, n) = (size(random), if round.is_multiple_of(3) { None } else { Some(size(random)) });
    let mut a: Vec<f64> = (0..m).map(|_| value(random)).collect();
    let mut b: Vec<f64> = (0..n.unwrap_or(m)).map(|_| value(random) + shift).collect();
    match round % 7 {
        0 => b.push(1e12),
        1 => a.extend([f64::NAN, f64::NAN]),
        2 => b.extend([f64::INFINITY, f64::NEG_INFINITY, f64::NAN]),
        3 => a.extend([-0.0, 0.0, 0.0]),
        _ => {}
    }
    (a, b)
}

fn samples(a: Vec<f64>, b: Vec<f64>, questions: &mut Vec<Question>) {
    let sorted = |values: &[f64], keep: fn(&f64) -> bool| {
        let mut kept: Vec<f64> = values.iter().copied().filter(keep).collect();
        order::sort(&mut kept, &mut Vec::new());
        kept
    };
    let (left, right) = (sorted(&a, |value| !value.is_nan()), sorted(&b, |value| !value.is_nan()));
    let ours = ks::two_sample(&left, &right).unwrap();
    let (wa, wb) = (written(&a), written(&b));
    questions
        .push(Question { asked: json!({ "what": "ks", "a": wa, "b": wb }), ours: vec![ours.statistic, ours.p_value] });
    let (mut left, right) = (sorted(&a, |value| value.is_finite()), sorted(&b, |value| value.is_finite()));
    let ours = wasserstein::distance(&left, &right).unwrap();
    questions.push(Question { asked: json!({ "what": "wasserstein", "a": wa, "b": wb }), ours: vec![ours] });
    let share = left[0].abs().fract();
    let asked = json!({ "what": "quantile", "a": written(&left), "share": share });
    questions.push(Question { asked, ours: vec![order::quantile(&left, share).unwrap()] });
    // Bins on quantiles: of values that are all different, for what is frequent gets a bin of its own.
    left.dedup();
    if left.len() < 2 {
        return;
    }
    let edges = bins::Edges::of_reference(&left, 10);
    let ours = divergence::population_stability(&edges.counts(&left), &edges.counts(&right)).unwrap();
    let asked = json!({ "what": "psi_of_samples", "a": written(&left), "b": written(&right) });
    questions.push(Question { asked, ours: vec![ours] });
}

/// Contingency tables: few and many categories, some new, some gone, unequal sizes; and scores with labels.
fn tables(round: usize, random: &mut Rng, questions: &mut Vec<Question>) {
    let categories = if round % 10 == 9 { 500 } else { random.usize(2..30) };
    let scale = [1, 10, 1_000, 1_000_000][round % 4];
    let mut side = || -> Vec<u64> {
        let mut counts: Vec<u64> =
            (0..categories).map(|_| if random.u8(0..5) == 0 { 0 } else { random.u64(0..=scale) }).collect();
        counts[random.usize(0..categories)] += 1;
        counts
    };
    let (a, b) = (side(), side());
    let ours = chi_squared::homogeneity(&a, &b).unwrap();
    let asked = json!({ "what": "chi_squared", "a": a, "b": b });
    questions.push(Question { asked, ours: vec![ours.statistic, ours.p_value, ours.degrees_of_freedom as f64] });
    let asked = json!({ "what": "jensen_shannon", "a": a, "b": b });
    questions.push(Question { asked, ours: vec![divergence::jensen_shannon_distance(&a, &b).unwrap()] });
    let asked = json!({ "what": "psi", "a": a, "b": b });
    questions.push(Question { asked, ours: vec![divergence::population_stability(&a, &b).unwrap()] });

    let coarse = if round.is_multiple_of(2) { 10.0 } else { 1e9 };
    let mut scored: Vec<(f64, bool)> =
        (0..random.usize(4..300)).map(|_| ((random.f64() * coarse).round() / coarse, random.bool())).collect();
    scored.extend([(0.1, false), (0.9, true), (0.5, true), (0.5, false)]);
    let ours = roc::area(&scored).unwrap();
    let (scores, labels): (Vec<f64>, Vec<bool>) = scored.into_iter().unzip();
    let asked = json!({ "what": "area", "a": scores, "labels": labels });
    questions.push(Question { asked, ours: vec![ours.value, ours.variance] });
}

fn families(random: &mut Rng, questions: &mut Vec<Question>) {
    let p_values: Vec<f64> = (0..random.usize(1..60))
        .map(|_| match random.u8(0..5) {
            0 => 0.01,
            1 => random.f64() * 1e-12,
            2 => 1.0,
            _ => random.f64(),
        })
        .collect();
    let asked = json!({ "what": "benjamini_hochberg", "a": p_values });
    questions.push(Question { asked, ours: correction::benjamini_hochberg(&p_values) });
    let asked = json!({ "what": "holm", "a": p_values });
    questions.push(Question { asked, ours: correction::holm(&p_values) });
}

fn distributions(round: usize, random: &mut Rng, questions: &mut Vec<Question>) {
    // Above a million scipy approximates, and differs from the sum by 10⁻⁹.
    let n = [3, 20, 100, 140, 141, 500, 5_000, 99_999, 200_000, 1_000_000][round % 10];
    let x = (random.f64() * 3.0 / f64::from(n).sqrt()).min(1.0);
    let asked = json!({ "what": "kstwo", "n": n, "x": x });
    questions.push(Question { asked, ours: vec![kolmogorov::survival(n as u64, x)] });

    let (m, n) = (random.u32(1..5_000), random.u32(1..500));
    let (h, k) = (random.u32(0..=m), random.u32(0..=n));
    let ends = interval::wilson(h.into(), m.into(), 0.9).unwrap();
    let asked = json!({ "what": "wilson", "hits": h, "n": m, "confidence": 0.9 });
    questions.push(Question { asked, ours: vec![ends.lower, ends.upper] });
    let ends = interval::newcombe((h.into(), k.into()), (m.into(), n.into()), 0.95).unwrap();
    let asked = json!({ "what": "newcombe", "hits": [h, k], "n": [m, n] });
    questions.push(Question { asked, ours: vec![ends.lower, ends.upper] });

    let share = 0.5 + 0.4999 * random.f64();
    let asked = json!({ "what": "student", "share": share, "n": n });
    questions.push(Question { asked, ours: vec![interval::student_quantile(share, n.into())] });
    let (freedom, center) = (f64::from(random.u32(1..50)), random.f64() * 80.0);
    let x = random.f64() * 2.0 * (freedom + center);
    let asked = json!({ "what": "noncentral", "x": x, "n": freedom, "noncentrality": center });
    questions.push(Question { asked, ours: vec![chi_squared::noncentral_survival(x, freedom, center)] });
}
