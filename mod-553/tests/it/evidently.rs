//! Our parity mode beside Evidently 0.7.23, really run: more than a thousand generated columns of numbers and as many of categories, each
//! with every test that may be asked of it and with the default; and whole data sets through its own `DataDriftPreset`.
//!
//! Two things of Evidently cannot be repeated by anybody: `empirical_mmd` draws from a generator without a seed (its statistic is compared,
//! on what is small), and `TVD` takes a second for a column (it is compared on sixty). Its exact `cramer_von_mises` counts in floats of 16 and
//! 32 bits, and is compared to as many digits.

use super::peer::{ask, python, read, written};
use fastrand::Rng;
use libtest_mimic::{Completion, Failed, Trial};
use mod_553::parity::{Categories, Column, Numbers, Outcome, Refused, StatTest, dataset, mmd_statistic, score};
use mod_553::statistics::{epps_singleton, sample::Sample};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const SCRIPT: &str = include_str!("python/evidently_peer.py");
const ROUNDS: usize = 1_100;
const AT_LEAST: u64 = 1_000;
const TVD_ROUNDS: usize = 60;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        Trial::ignorable_test("evidently::columns-of-numbers-agree", || columns(numbers)),
        Trial::ignorable_test("evidently::columns-of-categories-agree", || columns(categories)),
        Trial::ignorable_test("evidently::data-sets-agree", data_sets),
    ]
}

/// A question, and what we answer to each test that it names; `default` is none.
struct Asked {
    question: Value,
    ours: Vec<(String, Result<Outcome, Refused>)>,
    mmd: Option<f64>,
}

fn columns(questions: fn() -> Vec<Asked>) -> Result<Completion, Failed> {
    let python = match python("evidently") {
        Ok(python) => python,
        Err(reason) => return Ok(Completion::ignored_with(reason)),
    };
    let asked = questions();
    let texts: Vec<Value> = asked.iter().map(|asked| asked.question.clone()).collect();
    let (mut differences, mut agreed) = (Vec::new(), BTreeMap::new());
    for (asked, theirs) in asked.iter().zip(ask(&python, SCRIPT, &texts)?) {
        let mut differ = |name: &str, ours: String| {
            let text: String = asked.question.to_string().chars().take(400).collect();
            differences.push(format!("{name}: {text}\n  ours:   {ours}\n  theirs: {}", theirs[name]));
        };
        for (name, ours) in &asked.ours {
            if same(ours, &theirs[name], asked.digits_of(name)) {
                *agreed.entry(name.clone()).or_insert(0) += 1;
            } else {
                differ(name, format!("{ours:?}"));
            }
        }
        if let Some(ours) = asked.mmd {
            if close(ours, read(&theirs["mmd"]), false, 1e-9) {
                *agreed.entry("mmd".to_owned()).or_insert(0) += 1;
            } else {
                differ("mmd", ours.to_string());
            }
        }
    }
    println!("{agreed:?}");
    let count = differences.len();
    differences.truncate(15);
    assert!(differences.is_empty(), "{count} differ, the first:\n{}", differences.join("\n"));
    for (name, sets) in agreed {
        let least = match name.as_str() {
            "TVD" => TVD_ROUNDS as u64,
            "mmd" => 100,
            "es" => 800,
            _ => AT_LEAST,
        };
        assert!(sets >= least, "{name} was compared on {sets} columns only");
    }
    Ok(Completion::Completed)
}

impl Asked {
    /// The relative difference that is allowed: what Evidently counts in floats of 16 or 32 bits has no more digits.
    fn digits_of(&self, name: &str) -> f64 {
        let size = |side: &str| {
            let finite = |value: &&Value| value.is_number();
            self.question[side].as_array().map_or(0, |values| values.iter().filter(finite).count())
        };
        match size("a").max(size("b")) {
            0..10 if name == "cramer_von_mises" => 5e-3,
            10..=20 if name == "cramer_von_mises" => 1e-6,
            _ => 1e-9,
        }
    }
}

fn same(ours: &Result<Outcome, Refused>, theirs: &Value, digits: f64) -> bool {
    let Some([test, theirs_score, drifted]) = theirs.as_array().map(Vec::as_slice) else { return ours.is_err() };
    ours.as_ref().is_ok_and(|ours| {
        // What is a square root of a difference of numbers near 1 is compared before the root was taken.
        let is_root = matches!(ours.test, StatTest::Hellinger | StatTest::JensenShannon);
        *test == ours.test.word() && close(ours.score, read(theirs_score), is_root, digits) && *drifted == ours.drifted
    })
}

fn close(ours: f64, theirs: f64, is_root: bool, digits: f64) -> bool {
    let (ours, theirs) = if is_root { (ours * ours, theirs * theirs) } else { (ours, theirs) };
    (ours.is_nan() && theirs.is_nan()) || ours == theirs || (ours - theirs).abs() <= digits * theirs.abs() + 1e-13
}

fn answered(column: Column<'_>, tests: &[StatTest]) -> Vec<(String, Result<Outcome, Refused>)> {
    let named = tests.iter().map(|test| (test.word().to_owned(), score(column, Some(*test), None)));
    named.chain([("default".to_owned(), score(column, None, None))]).collect()
}

fn words(tests: &[StatTest]) -> Value {
    tests.iter().map(|test| json!(test.word())).chain([Value::Null]).collect()
}

fn numbers() -> Vec<Asked> {
    let tests: Vec<StatTest> =
        StatTest::ALL.into_iter().filter(|test| test.compares_numbers() && *test != StatTest::Mmd).collect();
    let mut random = Rng::with_seed(723);
    (0..ROUNDS)
        .map(|round| {
            let (a, b, are_integers) = sides(round, &mut random);
            let kind = if are_integers { "integers" } else { "numbers" };
            let finite = a.iter().chain(&b).all(|value| value.is_finite());
            let mmd = (finite && a.len().min(b.len()) > 1 && a.len().max(b.len()) < 60).then(|| mmd_statistic(&a, &b));
            let question = json!({
                "what": "column", "kind": kind, "a": written(&a), "b": written(&b), "tests": words(&tests), "mmd": mmd.is_some(),
            });
            let column = Column::Numbers(Numbers { reference: &a, current: &b, are_integers });
            let mut ours = answered(column, &tests);
            // Of a handful of distinct values rounding decides the rank of the covariance, there as here.
            let (left, right) = (Sample::of(&a), Sample::of(&b));
            let found = epps_singleton::two_sample(left.sorted().finite(), right.sorted().finite());
            let singular = found.is_some_and(|found| found.conditioning < 1e-7);
            ours.retain(|(name, _)| !singular || name != StatTest::EppsSingleton.word());
            Asked { question, ours, mmd }
        })
        .collect()
}

/// Two sides, nasty in turn, and whether they are whole numbers.
fn sides(round: usize, random: &mut Rng) -> (Vec<f64>, Vec<f64>, bool) {
    let size = |random: &mut Rng| match round % 50 {
        0 => random.usize(1..6),
        1 => random.usize(1_001..1_500),
        2..=9 => random.usize(12..22),
        _ => random.usize(20..200),
    };
    let shift = [0.0, 0.0, 0.1, 0.5, 2.0][random.usize(0..5)];
    let kind = round % 13;
    let normal = |random: &mut Rng| (0..12).map(|_| random.f64()).sum::<f64>() - 6.0;
    let mut value = |shift: f64| match kind {
        0 => 7.0,
        1 => f64::from(random.u8(0..2)),
        2 => f64::from(random.u8(0..5)),
        3 => (normal(random) * 8.0 + shift).round(),
        4 => (random.f64() * 10.0 + shift).round() / 10.0,
        5 => (normal(random) + shift).exp() * 1e6,
        6 => (normal(random) + shift) * 1e-9,
        7 => f64::from(random.u32(0..3_000)),
        8 => (normal(random) + shift) * 1e80,
        _ => normal(random) + shift,
    };
    let mut random_size = Rng::with_seed(round as u64);
    let (m, n) = (size(&mut random_size), size(&mut random_size));
    let mut a: Vec<f64> = (0..m).map(|_| value(0.0)).collect();
    let mut b: Vec<f64> = (0..n).map(|_| value(shift)).collect();
    let are_integers = matches!(kind, 2 | 3 | 7);
    if !are_integers {
        match round % 7 {
            0 if kind != 6 && kind != 8 => b.push(1e6),
            1 => a.extend([f64::NAN, f64::NAN]),
            2 => b.extend([f64::INFINITY, f64::NEG_INFINITY, f64::NAN]),
            _ => {}
        }
    }
    (a, b, are_integers)
}

fn categories() -> Vec<Asked> {
    let tests: Vec<StatTest> = StatTest::ALL.into_iter().filter(|test| test.compares_categories()).collect();
    let without_tvd: Vec<StatTest> = tests.iter().copied().filter(|test| *test != StatTest::Tvd).collect();
    let mut random = Rng::with_seed(1723);
    (0..ROUNDS)
        .map(|round| {
            let with_tvd = round < TVD_ROUNDS;
            let kinds = [1, 2, 2, 3, 6, 12, 60][if with_tvd { random.usize(0..5) } else { random.usize(0..7) }];
            // Shares of 64 values are exact numbers, so that equal distances are equal there too.
            let size = |random: &mut Rng| if with_tvd { 64 } else { [random.usize(1..8), 50, 300, 1_100][round % 4] };
            let (m, equal) = (size(&mut random), round % 3 > 0);
            let n = if equal || with_tvd { m } else { size(&mut random) + 1 };
            let mut side = |count: usize, favourite: usize| {
                let mut counts = vec![0_u64; kinds];
                (0..count).for_each(|_| {
                    let other = random.usize(0..kinds);
                    counts[if random.u8(0..4) == 0 { favourite % kinds } else { other }] += 1;
                });
                counts
            };
            let (a, b) = (side(m, 0), side(n, round % 3));
            let tests = if with_tvd { &tests } else { &without_tvd };
            let rows = |counts: &[u64]| -> Value {
                let of = |(place, count): (usize, &u64)| std::iter::repeat_n(format!("c{place:02}"), *count as usize);
                counts.iter().enumerate().flat_map(of).collect()
            };
            let question =
                json!({ "what": "column", "kind": "categories", "a": rows(&a), "b": rows(&b), "tests": words(tests) });
            let mut ours = answered(Column::Categories(Categories { reference: &a, current: &b }), tests);
            // Where two categories on each side are three together, the answer hangs on the order of a Python set.
            let both = a.iter().zip(&b).filter(|(left, right)| **left + **right > 0).count();
            ours.retain(|(name, _)| {
                both < 3 || name != StatTest::FisherExact.word() || kinds_of(&a).max(kinds_of(&b)) > 2
            });
            Asked { question, ours, mmd: None }
        })
        .collect()
}

fn kinds_of(counts: &[u64]) -> usize {
    counts.iter().filter(|count| **count > 0).count()
}

/// Whole data sets through Evidently's own preset: the defaults, and the share of columns.
fn data_sets() -> Result<Completion, Failed> {
    let python = match python("evidently") {
        Ok(python) => python,
        Err(reason) => return Ok(Completion::ignored_with(reason)),
    };
    let mut random = Rng::with_seed(2723);
    let (mut questions, mut ours) = (Vec::new(), Vec::new());
    for round in 0..8 {
        let rows = [200, 1_000, 1_001, 1_500][round % 4];
        let columns = 2 + round;
        let mut outcomes = Vec::new();
        let mut written_sides = [Vec::new(), Vec::new()];
        for place in 0..columns {
            let shift = if place % 2 == round % 2 { 1.0 } else { 0.0 };
            let mut side = |shift: f64| -> Vec<f64> {
                (0..rows).map(|_| (0..12).map(|_| random.f64()).sum::<f64>() - 6.0 + shift).collect()
            };
            let (a, b) = (side(0.0), side(shift));
            let name = format!("x{place}");
            let column = Column::Numbers(Numbers { reference: &a, current: &b, are_integers: false });
            outcomes.push((name.clone(), score(column, None, None)?));
            for (written_side, values) in written_sides.iter_mut().zip([&a, &b]) {
                written_side.push(json!([name, "numbers", written(values)]));
            }
        }
        questions.push(json!({ "what": "frame", "sides": written_sides }));
        ours.push(outcomes);
    }
    for (ours, theirs) in ours.iter().zip(ask(&python, SCRIPT, &questions)?) {
        let outcomes: Vec<Outcome> = ours.iter().map(|(_, outcome)| *outcome).collect();
        let whole = dataset(&outcomes, None).ok_or("no columns")?;
        for (name, outcome) in ours {
            let theirs = read(&theirs["scores"][name]);
            assert!(close(outcome.score, theirs, false, 1e-9), "{name}: ours {outcome:?}, theirs {theirs}");
        }
        assert_eq!(json!(whole.drifted_columns as f64), json!(read(&theirs["count"])));
        assert!((whole.share - read(&theirs["share"])).abs() < 1e-12);
    }
    Ok(Completion::Completed)
}
