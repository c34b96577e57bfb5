//! Our tests of two samples beside scipy's and statsmodels': more than a thousand generated data sets for each, among them ties, NaN,
//! infinities, constants, one value, huge values, an outlier, exact and asymptotic p-values. They agree to 10⁻⁹ of the value; of what scipy
//! itself computes as a difference of numbers near 1, to 10⁻¹³.

use super::peer::{ask, python, read, written};
use fastrand::Rng;
use libtest_mimic::{Completion, Failed, Trial};
use mod_106::statistics::order;
use mod_553::statistics::{
    Test,
    anderson_darling::{self, Variant},
    contingency, cramer_von_mises, distances, energy, epps_singleton, fisher,
    mann_whitney::{self, Alternative, Precision},
    proportions,
    sample::{Sample, Sorted},
    student,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const SCRIPT: &str = include_str!("python/tests_peer.py");
const ROUNDS: usize = 1_680;
/// So many data sets at least have a defined answer of each test.
const AT_LEAST: u64 = 1_000;
/// Near-singular covariances: below, rounding decides the rank, in scipy as here.
const SINGULAR: f64 = 1e-7;

/// What we answer to one question: by test, its numbers; none where it is refused.
type Answers = BTreeMap<&'static str, Option<Vec<f64>>>;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        Trial::ignorable_test("statistics::tests-of-values-agree-with-scipy", || agree(values, &VALUES)),
        Trial::ignorable_test("statistics::tests-of-counts-agree-with-scipy", || agree(counts, &COUNTS)),
    ]
}

const VALUES: [&str; 11] = [
    "anderson_midrank",
    "anderson_right",
    "cramer_von_mises",
    "energy",
    "epps_singleton",
    "mann_whitney",
    "mann_whitney_asymptotic",
    "mann_whitney_exact",
    "mann_whitney_greater",
    "mann_whitney_less",
    "student",
];
const COUNTS: [&str; 8] = [
    "against_expected",
    "fisher",
    "g",
    "g_against_expected",
    "hellinger",
    "kullback_leibler",
    "proportions",
    "total_variation",
];

fn agree(questions: fn() -> Vec<(Value, Answers)>, tests: &[&str]) -> Result<Completion, Failed> {
    let python = match python("scipy") {
        Ok(python) => python,
        Err(reason) => return Ok(Completion::ignored_with(reason)),
    };
    let (asked, ours): (Vec<Value>, Vec<Answers>) = questions().into_iter().unzip();
    let mut agreed: BTreeMap<&str, u64> = BTreeMap::new();
    let mut differences = Vec::new();
    for ((question, ours), theirs) in asked.iter().zip(&ours).zip(ask(&python, SCRIPT, &asked)?) {
        for (name, ours) in ours {
            let theirs: Option<Vec<f64>> = theirs[name].as_array().map(|all| all.iter().map(read).collect());
            if same(ours.as_deref(), theirs.as_deref()) {
                *agreed.entry(name).or_default() += u64::from(ours.is_some());
            } else {
                let asked: String = question.to_string().chars().take(300).collect();
                differences.push(format!("{name}: {asked}\n  ours:   {ours:?}\n  theirs: {theirs:?}"));
            }
        }
    }
    println!("{agreed:?}");
    let count = differences.len();
    differences.truncate(20);
    assert!(differences.is_empty(), "{count} differ, the first:\n{}", differences.join("\n"));
    for name in tests {
        let sets = agreed.get(name).copied().unwrap_or_default();
        assert!(sets >= AT_LEAST, "{name} was compared on {sets} data sets only");
    }
    Ok(Completion::Completed)
}

/// What is refused here is refused, or NaN, there.
fn same(ours: Option<&[f64]>, theirs: Option<&[f64]>) -> bool {
    match (ours, theirs) {
        (None, theirs) => theirs.is_none_or(|theirs| theirs.last().is_some_and(|last| last.is_nan())),
        (Some(ours), None) => ours.last().is_some_and(|last| last.is_nan()),
        (Some(ours), Some(theirs)) => {
            ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(ours, theirs)| close(*ours, *theirs))
        }
    }
}

fn close(ours: f64, theirs: f64) -> bool {
    // Two constants that differ: their variance is 0 up to rounding errors, here and there.
    let infinite = ours.abs() > 1e13 && theirs.abs() > 1e13 && ours.signum() == theirs.signum();
    let near = (ours - theirs).abs() <= 1e-9 * theirs.abs() + 1e-13;
    (ours.is_nan() && theirs.is_nan()) || ours == theirs || infinite || near
}

fn values() -> Vec<(Value, Answers)> {
    let mut random = Rng::with_seed(553);
    (0..ROUNDS)
        .map(|round| {
            let (a, b) = pair(round, &mut random);
            let (left, right) = (Sample::of(&a), Sample::of(&b));
            let nan = a.iter().chain(&b).filter(|value| value.is_nan()).count() as u64;
            assert_eq!(left.nan + right.nan, nan, "NaN are counted");
            assert!(nan == 0 || Sorted::new(&a).is_none() || Sorted::new(&b).is_none(), "NaN are refused");
            let exact = left.sorted().len() * right.sorted().len() <= 400;
            let asked = json!({ "what": "values", "a": written(&a), "b": written(&b), "exact": exact });
            (asked, of_values(left.sorted(), right.sorted(), exact))
        })
        .collect()
}

fn of_values(a: Sorted<'_>, b: Sorted<'_>, exact: bool) -> Answers {
    let pair = |test: Option<Test>| test.map(|test| vec![test.statistic, test.p_value]);
    let mann_whitney = |alternative, precision| pair(mann_whitney::two_sample(a, b, alternative, precision));
    let mut answers = Answers::from([
        ("anderson_midrank", pair(anderson_darling::two_sample(a, b, Variant::Midrank))),
        ("anderson_right", pair(anderson_darling::two_sample(a, b, Variant::Right))),
        ("cramer_von_mises", pair(cramer_von_mises::two_sample(a, b))),
        ("mann_whitney", mann_whitney(Alternative::TwoSided, Precision::Auto)),
        ("mann_whitney_less", mann_whitney(Alternative::Less, Precision::Auto)),
        ("mann_whitney_greater", mann_whitney(Alternative::Greater, Precision::Auto)),
        ("mann_whitney_asymptotic", mann_whitney(Alternative::TwoSided, Precision::Asymptotic)),
        ("energy", energy::distance(a.finite(), b.finite()).map(|distance| vec![distance])),
        ("student", pair(student::two_sample(a.finite(), b.finite()))),
    ]);
    if exact {
        answers.insert("mann_whitney_exact", mann_whitney(Alternative::TwoSided, Precision::Exact));
    }
    match epps_singleton::two_sample(a.finite(), b.finite()) {
        Some(found) if found.conditioning < SINGULAR || largest_phase(a, b) > 1e5 => {}
        found => {
            answers.insert("epps_singleton", pair(found.map(|found| found.test)));
        }
    }
    answers
}

/// How many ranges a value lies away at most. The waves of an outlier of 10¹² have a phase that is all rounding.
fn largest_phase(a: Sorted<'_>, b: Sorted<'_>) -> f64 {
    let pooled: Vec<f64> = a.finite().values().iter().chain(b.finite().values()).copied().collect();
    let pooled = Sample::of(&pooled);
    let values = pooled.sorted().values();
    let at = |share| order::quantile(values, share).unwrap_or(0.0);
    values.iter().fold(0.0_f64, |largest, value| largest.max(value.abs())) / (at(0.75) - at(0.25))
}

/// Two samples, nasty in turn.
fn pair(round: usize, random: &mut Rng) -> (Vec<f64>, Vec<f64>) {
    let size = |random: &mut Rng| match round % 20 {
        0 => random.usize(1..4),
        1 => random.usize(500..2_000),
        2 if round % 200 == 2 => random.usize(9_990..12_000),
        3..=7 => random.usize(4..if round % 100 == 3 { 21 } else { 12 }),
        8..=10 => random.usize(3..9),
        _ => random.usize(5..50),
    };
    let shift = [0.0, 0.0, 0.05, 0.3, 1.0, 5.0][random.usize(0..6)];
    let kind = round % 17;
    let normal = |random: &mut Rng| (0..12).map(|_| random.f64()).sum::<f64>() - 6.0;
    let value = |random: &mut Rng| match kind {
        0 => 7.0,
        1 | 2 => f64::from(random.u8(0..6)),
        3 => (random.f64() * 10.0).round() / 10.0,
        4 => -random.f64().ln() * 1e6,
        5 => random.f64() * 1e-12,
        6 => f64::from(random.u8(0..2)),
        7 => (std::f64::consts::PI * (random.f64() - 0.5)).tan(),
        8 => normal(random) * 1e100,
        _ => normal(random),
    };
    let scale = match kind {
        4 => 1e6,
        5 => 1e-12,
        8 => 1e100,
        _ => 1.0,
    };
    let (m, n) = (size(random), if round.is_multiple_of(3) { None } else { Some(size(random)) });
    let mut a: Vec<f64> = (0..m).map(|_| value(random)).collect();
    let mut b: Vec<f64> = (0..n.unwrap_or(m)).map(|_| value(random) + shift * scale).collect();
    match round % 7 {
        0 => b.push(1e12),
        1 => a.extend([f64::NAN, f64::NAN]),
        2 => b.extend([f64::INFINITY, f64::NEG_INFINITY, f64::NAN]),
        3 => a.extend([-0.0, 0.0, 0.0]),
        _ => {}
    }
    (a, b)
}

/// Tables of counts: few and many categories, some new, some gone, unequal sizes, millions; and tables of two by two.
fn counts() -> Vec<(Value, Answers)> {
    let mut random = Rng::with_seed(1553);
    let mut questions = Vec::new();
    for round in 0..ROUNDS {
        let categories = if round % 10 == 9 { 300 } else { random.usize(2..30) };
        let scale = [1, 10, 1_000, 1_000_000][round % 4];
        let mut side = |full: bool| -> Vec<u64> {
            let empty = |random: &mut Rng| !full && random.u8(0..5) == 0;
            (0..categories).map(|_| if empty(&mut random) { 0 } else { random.u64(1..=scale) }).collect()
        };
        // A reference that has every category, so that expectations are defined, and one in three that has not.
        let (mut a, mut b) = (side(round % 3 > 0), side(round % 5 == 0));
        a[0] += 1;
        b[1] += 1;
        questions.push((json!({ "what": "table", "a": a, "b": b }), of_table(&a, &b)));

        let scale = [3, 10, 100, 2_000, 300_000][round % 5];
        let mut cell = || random.u64(0..=scale);
        let (mut a, mut b) = ([cell(), cell()], [cell(), cell()]);
        if round % 11 == 0 {
            b = [a[1], a[0]];
        }
        a[0] += 1;
        b[1] += 1;
        let z = proportions::z((a[0], b[0]), (a[0] + a[1], b[0] + b[1]));
        let answers = Answers::from([
            ("fisher", Some(vec![fisher::two_sided([a, b])])),
            ("proportions", Some(vec![z.statistic, z.p_value])),
        ]);
        questions.push((json!({ "what": "pair", "a": a, "b": b }), answers));
    }
    questions
}

fn of_table(a: &[u64], b: &[u64]) -> Answers {
    let pair = |test: Test| Some(vec![test.statistic, test.p_value]);
    let floats = |counts: &[u64]| counts.iter().map(|count| *count as f64).collect::<Vec<_>>();
    let (reference, observed) = (floats(a), floats(b));
    let ratio = observed.iter().sum::<f64>() / reference.iter().sum::<f64>();
    let expected: Vec<f64> = reference.iter().map(|count| count * ratio).collect();
    Answers::from([
        ("g", contingency::g(a, b).and_then(pair)),
        ("against_expected", pair(contingency::against_expected(&observed, &expected))),
        ("g_against_expected", pair(contingency::g_against_expected(&observed, &expected))),
        ("hellinger", distances::hellinger(a, b).map(|distance| vec![distance])),
        ("total_variation", distances::total_variation(a, b).map(|distance| vec![distance])),
        ("kullback_leibler", Some(vec![distances::kullback_leibler(&reference, &observed)])),
    ])
}
