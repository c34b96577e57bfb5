//! How far two samples of a column are apart: a statistic, the p-value of a test, an effect size that does not grow with the sample,
//! the effective size that a fair answer needs, and both sides' counts in the same bins.

use super::bounds;
use super::samples::{Sample, Values};
use crate::statistics::{chi_squared, divergence, ks, power, wasserstein};
use crate::validation::outcome::{Bin, BinKind, Method};
use crate::validation::table;
use std::collections::{HashMap, HashSet};
use std::f64::consts::LN_2;

/// Bars shown of a distribution of categories.
const SHOWN_CATEGORIES: usize = 20;
/// Categories expected fewer times than this are counted together (Cochran 1954).
const LEAST_EXPECTED: f64 = 5.0;

/// What is asked of a column.
#[derive(Clone, Copy, Debug)]
pub(in crate::validation) struct Question {
    pub(in crate::validation) method: Method,
    /// The least effect that matters.
    pub(in crate::validation) effect: f64,
    /// Of one test, after correction.
    pub(in crate::validation) significance: f64,
    pub(in crate::validation) power: f64,
    pub(in crate::validation) bins: usize,
    pub(in crate::validation) max_categories: usize,
}

/// How far apart they are.
#[derive(Clone, Debug)]
pub(in crate::validation) struct Difference {
    pub(in crate::validation) statistic: Option<f64>,
    pub(in crate::validation) test: &'static str,
    pub(in crate::validation) p_value: Option<f64>,
    pub(in crate::validation) effect: Option<f64>,
    pub(in crate::validation) effect_name: &'static str,
    /// How far the effect may be off, because a side is sketched.
    pub(in crate::validation) error: f64,
    pub(in crate::validation) n: (u64, u64),
    /// The effective size m·n/(m + n) that the power analysis asks for.
    pub(in crate::validation) needed_effective: f64,
    pub(in crate::validation) distribution: Vec<Bin>,
    pub(in crate::validation) new_categories: Vec<String>,
}

/// The least effect that matters when the spec names none.
pub(in crate::validation) fn usual_effect(_method: Method) -> f64 {
    // D, V, PSI, the JS distance and W₁/IQR all have 0.1 as the customary border between noise and something to look at.
    0.1
}

/// Compares two samples of the same shape.
pub(in crate::validation) fn compare(reference: &Sample, current: &Sample, question: Question) -> Difference {
    match (&reference.values, &current.values) {
        (Values::Numbers(left), Values::Numbers(right)) => numbers((reference, left), (current, right), question),
        (Values::Categories(left), Values::Categories(right)) => {
            let table = category_table((reference, left), (current, right), question.max_categories);
            let mut difference = of_table(&table, question, (reference.error(), current.error()));
            difference.new_categories = new_categories(left, right);
            difference.distribution = shown(table);
            difference
        }
        _ => Difference {
            statistic: None,
            test: "none",
            p_value: None,
            effect: None,
            effect_name: "none",
            error: 0.0,
            n: (0, 0),
            needed_effective: 0.0,
            distribution: Vec::new(),
            new_categories: Vec::new(),
        },
    }
}

fn numbers(
    (reference, left): (&Sample, &[f64]),
    (current, right): (&Sample, &[f64]),
    question: Question,
) -> Difference {
    let error = reference.error() + current.error();
    let mut table = table::of_numbers((left, reference.n), (right, current.n), question.bins);
    if reference.missing() + current.missing() > 0 {
        table.push(missing_bin(reference, current));
    }
    if !matches!(question.method, Method::Ks | Method::Wasserstein) {
        let mut difference = of_table(&table, question, (reference.error(), current.error()));
        difference.distribution = table;
        return difference;
    }
    let statistic_and_test = (!left.is_empty() && !right.is_empty()).then(|| {
        let distance = ks::distance(left, right);
        // Of sketches, the least distance that is compatible with them: significance is then never overstated.
        let (p_value, exact) = ks::p_value((distance - error).max(0.0), reference.n, current.n);
        (distance, p_value, if exact { "ks exact" } else { "ks asymptotic" })
    });
    let (distance, p_value) = (statistic_and_test.map(|found| found.0), statistic_and_test.map(|found| found.1));
    let asked = power::Question { significance: question.significance, power: question.power, effect: question.effect };
    let mut difference = Difference {
        statistic: distance,
        test: statistic_and_test.map_or("none", |found| found.2),
        p_value,
        effect: distance,
        effect_name: "D",
        error,
        n: (reference.n, current.n),
        needed_effective: power::ks_effective(asked),
        distribution: table,
        new_categories: Vec::new(),
    };
    if question.method == Method::Wasserstein {
        let effect = power::ks_distance_of_shift(question.effect);
        difference.statistic = wasserstein::distance(finite(left), finite(right));
        difference.effect = wasserstein::effect(left, right);
        difference.effect_name = "W₁ / IQR of the reference";
        let ends = |end: fn(&Sample) -> Option<f64>, of: fn(f64, f64) -> f64, from: f64| {
            [reference, current].into_iter().filter_map(end).fold(from, of)
        };
        let least = ends(|side| side.facts.min, f64::min, f64::INFINITY);
        let greatest = ends(|side| side.facts.max, f64::max, f64::NEG_INFINITY);
        difference.error = bounds::of_area(left, (least, greatest), (reference.error(), current.error()));
        difference.needed_effective = power::ks_effective(power::Question { effect, ..asked });
    }
    difference
}

/// PSI, Jensen–Shannon and χ² of a table of counts.
fn of_table(table: &[Bin], question: Question, errors: (f64, f64)) -> Difference {
    let left: Vec<u64> = table.iter().map(|bin| bin.reference).collect();
    let right: Vec<u64> = table.iter().map(|bin| bin.current).collect();
    let test = chi_squared::homogeneity(&left, &right);
    let (statistic, effect, effect_name, information) = match question.method {
        Method::Psi => (
            divergence::population_stability(&left, &right),
            divergence::population_stability_corrected(&left, &right),
            "PSI, bias-corrected",
            question.effect,
        ),
        Method::JensenShannon => (
            divergence::jensen_shannon_distance(&left, &right),
            divergence::jensen_shannon_distance_corrected(&left, &right),
            "JS distance, bias-corrected",
            8.0 * LN_2 * question.effect * question.effect,
        ),
        _ => (
            test.map(|test| test.statistic),
            chi_squared::cramers_v(&left, &right),
            "Cramér's V",
            4.0 * question.effect * question.effect,
        ),
    };
    let asked = power::Question { significance: question.significance, power: question.power, effect: question.effect };
    let certain = effect
        .filter(|_| errors.0 + errors.1 > 0.0)
        .and_then(|effect| bounds::of_table(table, question.method, errors, effect));
    let occupied = left.iter().zip(&right).filter(|(left, right)| **left + **right > 0).count();
    Difference {
        statistic,
        test: "chi-squared",
        p_value: certain.map(|certain| certain.p_value).or(test.map(|test| test.p_value)),
        effect,
        effect_name,
        error: certain.map_or(0.0, |certain| certain.error),
        n: (left.iter().sum(), right.iter().sum()),
        needed_effective: power::chi_squared_effective(asked, occupied, information),
        distribution: Vec::new(),
        new_categories: Vec::new(),
    }
}

/// Both sides' counts of the most frequent categories; the rest, and what is too rare for χ², together.
fn category_table(
    (reference, left): (&Sample, &HashMap<String, u64>),
    (current, right): (&Sample, &HashMap<String, u64>),
    max_categories: usize,
) -> Vec<Bin> {
    let names: HashSet<&String> = left.keys().chain(right.keys()).collect();
    let count = |side: &HashMap<String, u64>, name: &String| side.get(name).copied().unwrap_or(0);
    let mut rows: Vec<(&String, u64, u64)> =
        names.into_iter().map(|name| (name, count(left, name), count(right, name))).collect();
    rows.sort_unstable_by(|a, b| (b.1 + b.2).cmp(&(a.1 + a.2)).then_with(|| a.0.cmp(b.0)));
    let (m, n) = (reference.n as f64, current.n as f64);
    let smaller = if m + n > 0.0 { m.min(n) / (m + n) } else { 0.0 };
    let bin =
        |label: String, kind, reference, current| Bin { label, lower: None, upper: None, kind, reference, current };
    let mut table: Vec<Bin> = (rows.iter().take(max_categories))
        // The first two stay whatever they are: a table of one category compares nothing.
        .enumerate()
        .take_while(|(place, row)| *place < 2 || (row.1 + row.2) as f64 * smaller >= LEAST_EXPECTED)
        .map(|(_, (name, left, right))| bin((*name).clone(), BinKind::Category, *left, *right))
        .collect();
    let kept = |side: fn(&Bin) -> u64, table: &[Bin]| table.iter().map(side).sum::<u64>();
    let left_over = reference.n.saturating_sub(kept(|bin| bin.reference, &table));
    let right_over = current.n.saturating_sub(kept(|bin| bin.current, &table));
    if left_over + right_over > 0 {
        table.push(bin("other".to_owned(), BinKind::Other, left_over, right_over));
    }
    if reference.missing() + current.missing() > 0 {
        table.push(missing_bin(reference, current));
    }
    table
}

/// What a person can look at: the most frequent categories, everything else in one bar.
fn shown(table: Vec<Bin>) -> Vec<Bin> {
    let mut bins: Vec<Bin> = Vec::new();
    let mut other = (0, 0);
    let mut last = Vec::new();
    for bin in table {
        match bin.kind {
            BinKind::Missing => last.push(bin),
            BinKind::Category if bins.len() < SHOWN_CATEGORIES => bins.push(bin),
            _ => other = (other.0 + bin.reference, other.1 + bin.current),
        }
    }
    if other != (0, 0) {
        let (label, kind) = ("other".to_owned(), BinKind::Other);
        bins.push(Bin { label, lower: None, upper: None, kind, reference: other.0, current: other.1 });
    }
    bins.extend(last);
    bins
}

fn new_categories(left: &HashMap<String, u64>, right: &HashMap<String, u64>) -> Vec<String> {
    let mut new: Vec<(&String, &u64)> = right.iter().filter(|(name, _)| !left.contains_key(*name)).collect();
    new.sort_unstable_by(|a, b| b.1.cmp(a.1).then_with(|| a.0.cmp(b.0)));
    new.into_iter().take(10).map(|(name, _)| name.clone()).collect()
}

/// A column of few different numbers is compared as categories: ties make Kolmogorov–Smirnov blind.
pub(in crate::validation) fn as_categories(sample: &mut Sample) {
    if let Values::Numbers(values) = &sample.values {
        let runs = values.chunk_by(|a, b| a == b);
        sample.values = Values::Categories(runs.map(|run| (run[0].to_string(), run.len() as u64)).collect());
    }
}

fn missing_bin(reference: &Sample, current: &Sample) -> Bin {
    let (reference, current) = (reference.missing(), current.missing());
    Bin { label: "missing".to_owned(), lower: None, upper: None, kind: BinKind::Missing, reference, current }
}

fn finite(sorted: &[f64]) -> &[f64] {
    let start = sorted.partition_point(|value| *value == f64::NEG_INFINITY);
    let end = sorted.partition_point(|value| *value < f64::INFINITY);
    &sorted[start..end.max(start)]
}
