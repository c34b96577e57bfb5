//! Performance metrics beside scikit-learn's, through the whole suite: 320 files of labels and predictions by seed, among them
//! ties, scores of 0 and 1, one class only, classes that are never predicted, constants, gaps and a single row. They agree to 10⁻⁹, and
//! what is not defined for scikit-learn has no value for us.

use super::statistics::{Question, agree, written};
use fastrand::Rng;
use libtest_mimic::{Failed, Trial};
use mod_106::validation::outcome::Outcome;
use mod_106::validation::read::Unwatched;
use mod_106::validation::{Settings, spec, validate};
use serde_json::json;
use std::fmt::Write;

const ROUNDS: usize = 320;

pub(crate) fn trial() -> Trial {
    Trial::ignorable_test("statistics::performance-agrees-with-scikit-learn", || agree(&questions()?))
}

fn questions() -> Result<Vec<Question>, Failed> {
    let mut random = Rng::with_seed(553);
    let folder = tempfile::tempdir()?;
    let made = (0..ROUNDS).map(|round| match round % 4 {
        0 => scores(round, &mut random, folder.path()),
        1 => classes(round, &mut random, folder.path(), &["no", "yes"]),
        2 => classes(round, &mut random, folder.path(), &["a", "b", "c", "d", "e"]),
        _ => numbers(round, &mut random, folder.path()),
    });
    made.collect()
}

fn size(round: usize, random: &mut Rng) -> usize {
    match round / 4 % 10 {
        0 => 1,
        1 => random.usize(2..6),
        2 => random.usize(1_000..3_000),
        _ => random.usize(10..300),
    }
}

/// Validates rows of texts and returns the metrics' values in the order asked; NaN for what has none.
fn values(folder: &std::path::Path, rows: &[[String; 2]], task: &str, names: &[&str]) -> Result<Vec<f64>, Failed> {
    let mut csv = "truth,guess\n".to_owned();
    rows.iter().try_for_each(|[truth, guess]| writeln!(csv, "{truth},{guess}"))?;
    std::fs::write(folder.join("p.csv"), csv)?;
    let metrics: Vec<_> = names.iter().map(|name| format!("{{ metric: {name} }}")).collect();
    let metrics = metrics.join(", ");
    let yaml = format!("suite: s\ncurrent: p.csv\nperformance: {{ {task}, label: truth, metrics: [{metrics}] }}\n");
    let path = folder.join("s.yaml");
    let settings = Settings { spec_path: &path, memory_limit: 1 << 30, now: jiff::Timestamp::UNIX_EPOCH };
    let outcome: Outcome = validate(&spec::parse("s.yaml", &yaml)?, &yaml, settings, &Unwatched)?;
    let found = outcome.performance.ok_or("no section on performance")?.metrics;
    assert!(found.iter().map(|metric| metric.metric.as_str()).eq(names.iter().copied()), "{found:?}");
    Ok(found.iter().map(|metric| metric.value.unwrap_or(f64::NAN)).collect())
}

/// A binary task with scores: classes follow from a threshold.
fn scores(round: usize, random: &mut Rng, folder: &std::path::Path) -> Result<Question, Failed> {
    let coarse = [10.0, 1e9, 1.0, 4.0][random.usize(0..4)];
    let prevalence = [0.0, 1.0, 0.5, 0.1, 0.9, 0.5][random.usize(0..6)];
    let constant = random.u8(0..8) == 0;
    let mut rows: Vec<(f64, bool)> = (0..size(round, random))
        .map(|_| {
            let positive = random.f64() < prevalence;
            let score = if constant { 0.5 } else { (random.f64() * coarse).round() / coarse };
            // Half of them know something.
            (if round.is_multiple_of(8) && positive { score.max(0.75) } else { score }, positive)
        })
        .collect();
    if round.is_multiple_of(12) {
        rows.extend([(0.0, true), (1.0, false), (0.0, false), (1.0, true)]);
    }
    let (scores, labels): (Vec<f64>, Vec<u8>) =
        rows.iter().map(|(score, positive)| (*score, u8::from(*positive))).unzip();
    let mut texts: Vec<[String; 2]> =
        rows.iter().map(|(score, positive)| [u8::from(*positive).to_string(), format!("{score:?}")]).collect();
    if round.is_multiple_of(3) {
        // Rows that lack one of the two, or whose score is no probability, are left out.
        for gap in [["1", ""], ["", "0.5"], ["0", "1.5"], ["1", "NaN"]] {
            texts.insert(random.usize(0..=texts.len()), gap.map(str::to_owned));
        }
    }
    let names = ["accuracy", "precision", "recall", "f1", "roc_auc", "log_loss", "brier", "ece"];
    let task = "task: binary, score: guess, positive: \"1\", threshold: 0.5";
    let asked = json!({ "what": "scores", "a": scores, "labels": labels });
    Ok(Question { asked, ours: values(folder, &texts, task, &names)? })
}

/// A task of predicted classes, some of which may never be true, or never predicted.
fn classes(round: usize, random: &mut Rng, folder: &std::path::Path, names: &[&str]) -> Result<Question, Failed> {
    let (truly, guessed) = (random.usize(1..=names.len()), random.usize(1..=names.len()));
    let rows: Vec<[String; 2]> = (0..size(round, random))
        .map(|_| {
            let truth = names[random.usize(0..truly)];
            let guess = if random.u8(0..3) == 0 { names[random.usize(0..guessed)] } else { truth };
            [truth.to_owned(), guess.to_owned()]
        })
        .collect();
    let (truth, guess): (Vec<&str>, Vec<&str>) =
        rows.iter().map(|[truth, guess]| (truth.as_str(), guess.as_str())).unzip();
    let binary = names.len() == 2;
    let task = if binary {
        "task: binary, prediction: guess, positive: \"yes\""
    } else {
        "task: multiclass, prediction: guess"
    };
    let asked = json!({ "what": "classes", "a": truth, "b": guess, "positive": binary.then_some("yes") });
    Ok(Question { asked, ours: values(folder, &rows, task, &["accuracy", "precision", "recall", "f1"])? })
}

/// A regression: constants, large offsets, perfect predictions, hopeless ones.
fn numbers(round: usize, random: &mut Rng, folder: &std::path::Path) -> Result<Question, Failed> {
    let scale = [1.0, 1e-6, 1e4][random.usize(0..3)];
    // Farther away scikit-learn's own mean is off by so much that its R² has fewer digits.
    let offset = scale * [0.0, 1e3, -3.0][random.usize(0..3)];
    let kind = random.u8(0..6);
    let rows: Vec<(f64, f64)> = (0..size(round, random))
        .map(|_| {
            let truth = if kind == 0 { 0.1 } else { offset + scale * random.f64() };
            let guess = match kind {
                1 => truth,
                2 => -truth,
                _ => truth + scale * (random.f64() - 0.5),
            };
            (truth, guess)
        })
        .collect();
    let (truth, guess): (Vec<f64>, Vec<f64>) = rows.iter().copied().unzip();
    let mut texts: Vec<[String; 2]> =
        rows.iter().map(|(truth, guess)| [format!("{truth:?}"), format!("{guess:?}")]).collect();
    if round.is_multiple_of(3) {
        for gap in [["", "1.5"], ["1.5", ""], ["NaN", "1.5"], ["1.5", "inf"]] {
            texts.insert(random.usize(0..=texts.len()), gap.map(str::to_owned));
        }
    }
    let asked = json!({ "what": "numbers", "a": written(&truth), "b": written(&guess) });
    let ours = values(folder, &texts, "task: regression, prediction: guess", &["mae", "rmse", "r2"])?;
    Ok(Question { asked, ours })
}
