//! From two samples of a column to evidence: a statistic, the p-value of its test, an effect that does not grow with the sample, and the
//! effective size that a fair answer needs.

use super::{Aspect, Evidence, Method, Question};
use crate::statistics::permutation::{self, Distance, Unit};
use crate::statistics::{
    anderson_darling, binned, contingency, cramer_von_mises, distances, energy, epps_singleton, fisher, mann_whitney,
    power as sizes,
    sample::{Sorted, tied_share},
};
use mod_106::statistics::{chi_squared, divergence, interval, kolmogorov, ks, power, wasserstein};
use std::f64::consts::LN_2;

/// Arrangements that a permutation test looks at.
pub(super) const ARRANGEMENTS: u32 = 9_999;
/// A fixed seed: the same data have the same verdict.
const SEED: u64 = 553;
/// Up to this many rows, missing values are compared exactly.
const FISHER_UP_TO: u64 = 100_000;
/// Fewer expected values than this in a bin are not χ² distributed (Cochran 1954).
const LEAST_IN_BIN: f64 = 5.0;
/// With more ties than this Anderson–Darling rejects too often: of Poisson(1) data, nearly twice as often as it says. The statistic's
/// variance knows no ties.
const MOST_TIES: f64 = 0.05;
/// Epps–Singleton inverts a covariance of waves that are nearly the same: with 30 values it rejects nine times too often, and from this
/// effective size on as often as it says.
const EPPS_SINGLETON_FROM: f64 = 400.0;

/// One side of a column of numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Side<'a> {
    /// Its values; infinities are values, NaN are missing.
    pub values: Sorted<'a>,
    /// How many are missing: null or NaN.
    pub missing: u64,
}

/// What a method answered.
struct Answer {
    test: String,
    statistic: Option<f64>,
    p_value: Option<f64>,
    effect: Option<f64>,
    radius: Option<f64>,
    needed_effective: f64,
}

/// Compares numbers. Tests of values see only those that are there; the tables' methods count what is missing as a bin.
pub fn numbers(column: &str, reference: Side<'_>, current: Side<'_>, question: &Question) -> Evidence {
    let sizes = (reference.values.len() as u64, current.values.len() as u64);
    if question.method.compares_categories() {
        // Bins that a small side can fill.
        let bins = question.bins.min((sizes.0.min(sizes.1) as f64 / LEAST_IN_BIN) as usize).max(2);
        let table = binned::table((reference.values, reference.missing), (current.values, current.missing), bins);
        let sizes = (table.reference.iter().sum(), table.current.iter().sum());
        let answer = of_table(&table.reference, &table.current, question);
        return evidence(column, Aspect::Values, question, sizes, answer);
    }
    let answer = of_values(reference.values, current.values, question);
    evidence(column, Aspect::Values, question, sizes, answer)
}

/// Compares categories: counts of the same category stand at the same place. What is missing may be a category.
pub fn categories(column: &str, reference: &[u64], current: &[u64], question: &Question) -> Evidence {
    let sizes = (reference.iter().sum(), current.iter().sum());
    let occupied = reference.iter().zip(current).filter(|(left, right)| **left + **right > 0).count();
    // What is too rare to be compared by itself goes together; an exact test needs no groups.
    let answer = if question.method == Method::Fisher && occupied <= 2 {
        of_table(reference, current, question)
    } else {
        let (reference, current) = contingency::grouped(reference, current);
        of_table(&reference, &current, question)
    };
    evidence(column, Aspect::Values, question, sizes, answer)
}

/// Compares how many values are missing: `(missing, rows)` of each side. The effect is the difference of the shares.
pub fn missing(column: &str, reference: (u64, u64), current: (u64, u64), question: &Question) -> Evidence {
    let (left, right) =
        ([reference.0, reference.1.saturating_sub(reference.0)], [current.0, current.1.saturating_sub(current.0)]);
    let exact = reference.1 + current.1 <= FISHER_UP_TO;
    let chi_squared = chi_squared::homogeneity(&left, &right);
    let share = |(missing, rows): (u64, u64)| missing as f64 / rows as f64;
    let effect = chi_squared.map(|_| (share(current) - share(reference)).abs());
    let answer = Answer {
        test: if exact { "Fisher exact" } else { "χ²" }.to_owned(),
        statistic: effect,
        p_value: chi_squared.map(|test| if exact { fisher::two_sided([left, right]) } else { test.p_value }),
        effect,
        radius: None,
        needed_effective: power::chi_squared_effective(asked(question), 2, 4.0 * question.least_effect.powi(2)),
    };
    let mut evidence = evidence(column, Aspect::Missing, question, (reference.1, current.1), answer);
    evidence.method = Method::Fisher;
    "difference of the shares missing".clone_into(&mut evidence.effect_name);
    evidence
}

fn evidence(column: &str, aspect: Aspect, question: &Question, sizes: (u64, u64), answer: Answer) -> Evidence {
    Evidence {
        column: column.to_owned(),
        aspect,
        method: question.method,
        test: answer.test,
        statistic: answer.statistic.filter(|value| value.is_finite()),
        p_value: answer.p_value.filter(|value| value.is_finite()),
        e_value: None,
        effect: answer.effect.filter(|value| value.is_finite()),
        effect_name: question.method.effect_name().to_owned(),
        least_effect: question.least_effect,
        effect_error: 0.0,
        effect_radius: answer.radius,
        reference_n: sizes.0,
        current_n: sizes.1,
        needed_effective: answer.needed_effective,
    }
}

fn asked(question: &Question) -> power::Question {
    power::Question { significance: question.significance, power: question.power, effect: question.least_effect }
}

fn of_values(reference: Sorted<'_>, current: Sorted<'_>, question: &Question) -> Answer {
    let (m, n) = (reference.len() as f64, current.len() as f64);
    let effective = if m + n > 0.0 { m * n / (m + n) } else { 0.0 };
    let ks = ks::two_sample(reference.values(), current.values());
    let mut answer = Answer {
        test: "none".to_owned(),
        statistic: None,
        p_value: None,
        effect: ks.map(|ks| ks.statistic),
        radius: (effective > 0.0).then(|| kolmogorov::limit_critical(question.significance) / effective.sqrt()),
        needed_effective: power::ks_effective(asked(question)),
    };
    let mut found = |test: &str, statistic: f64, p_value: f64| {
        test.clone_into(&mut answer.test);
        (answer.statistic, answer.p_value) = (Some(statistic), Some(p_value));
    };
    match question.method {
        Method::AndersonDarling if tied_share(reference, current) > MOST_TIES => {
            if let Some(test) = cramer_von_mises::two_sample(reference, current) {
                found("Cramér–von Mises, for many ties", test.statistic, test.p_value);
            }
        }
        Method::AndersonDarling => {
            if let Some(test) = anderson_darling::two_sample(reference, current, anderson_darling::Variant::Midrank) {
                found("Anderson–Darling", test.statistic, anderson_darling::tail(test.statistic));
            }
        }
        Method::CramerVonMises => {
            if let Some(test) = cramer_von_mises::two_sample(reference, current) {
                found("Cramér–von Mises", test.statistic, test.p_value);
            }
        }
        Method::EppsSingleton => {
            if let Some(found_by) = epps_singleton::two_sample(reference, current) {
                found("Epps–Singleton", found_by.test.statistic, found_by.test.p_value);
            }
            answer.radius = None;
            answer.needed_effective = answer.needed_effective.max(EPPS_SINGLETON_FROM);
        }
        Method::MannWhitney => mann_whitney(reference, current, question, effective, &mut answer),
        Method::Energy => energy(reference, current, question, &mut answer),
        _ => {
            if let Some(ks) = ks {
                found(if ks.exact { "KS exact" } else { "KS asymptotic" }, ks.statistic, ks.p_value);
            }
            if question.method == Method::Wasserstein {
                let shift = power::ks_distance_of_shift(question.least_effect);
                answer.statistic = wasserstein::distance(reference.finite().values(), current.finite().values());
                answer.effect = wasserstein::effect(reference.values(), current.values());
                answer.radius = None;
                answer.needed_effective = power::ks_effective(power::Question { effect: shift, ..asked(question) });
            }
        }
    }
    if answer.p_value.is_none() && is_one_value(reference, current) {
        // Both sides are the same constant: no test is defined, and nothing differs.
        "one value on both sides".clone_into(&mut answer.test);
        (answer.p_value, answer.effect) = (Some(1.0), Some(0.0));
    }
    answer
}

fn is_one_value(reference: Sorted<'_>, current: Sorted<'_>) -> bool {
    let first = reference.values().first();
    first.is_some()
        && [reference, current].iter().all(|side| side.values().first() == first && side.values().last() == first)
}

fn mann_whitney(reference: Sorted<'_>, current: Sorted<'_>, question: &Question, effective: f64, answer: &mut Answer) {
    use mann_whitney::{Alternative, Precision};
    let Some(test) = mann_whitney::two_sample(reference, current, Alternative::TwoSided, Precision::Auto) else {
        return;
    };
    "Mann–Whitney".clone_into(&mut answer.test);
    (answer.statistic, answer.p_value) = (Some(test.statistic), Some(test.p_value));
    answer.effect = Some((2.0 * test.statistic / (reference.len() as f64 * current.len() as f64) - 1.0).abs());
    answer.radius = Some(interval::normal_quantile(1.0 - question.significance / 2.0) / (3.0 * effective).sqrt());
    answer.needed_effective = sizes::mann_whitney_effective(asked(question));
}

fn energy(reference: Sorted<'_>, current: Sorted<'_>, question: &Question, answer: &mut Answer) {
    answer.effect = energy::effect(reference, current);
    answer.radius = None;
    let shift = sizes::shift_of_energy(question.least_effect);
    let effect = power::ks_distance_of_shift(shift);
    answer.needed_effective = power::ks_effective(power::Question { effect, ..asked(question) });
    let Some((center, range)) = energy::scale(reference, current) else { return };
    let unit = |is_current| {
        move |value: &f64| {
            let clamped = value.clamp(center - 10.0 * range, center + 10.0 * range);
            Unit { stratum: 0, is_current, values: vec![clamped] }
        }
    };
    let units: Vec<Unit> =
        (reference.values().iter().map(unit(false))).chain(current.values().iter().map(unit(true))).collect();
    if let Some(found) = permutation::exchange(&units, Distance::Energy, ARRANGEMENTS, SEED) {
        answer.test = format!("permutation, {} arrangements", found.arrangements);
        (answer.statistic, answer.p_value) = (Some(found.statistic), Some(found.p_value));
    }
}

/// Distances and tests of a table of counts.
fn of_table(reference: &[u64], current: &[u64], question: &Question) -> Answer {
    let pearson = chi_squared::homogeneity(reference, current);
    let least = question.least_effect;
    let (statistic, effect, information) = match question.method {
        Method::Psi => (
            divergence::population_stability(reference, current),
            divergence::population_stability_corrected(reference, current),
            least,
        ),
        Method::JensenShannon => (
            divergence::jensen_shannon_distance(reference, current),
            divergence::jensen_shannon_distance_corrected(reference, current),
            8.0 * LN_2 * least * least,
        ),
        Method::Hellinger => (
            distances::hellinger(reference, current),
            distances::hellinger_corrected(reference, current),
            8.0 * least * least,
        ),
        Method::TotalVariation => (
            distances::total_variation(reference, current),
            distances::total_variation_corrected(reference, current),
            4.0 * least * least,
        ),
        Method::G => (
            contingency::g(reference, current).map(|test| test.statistic),
            chi_squared::cramers_v(reference, current),
            4.0 * least * least,
        ),
        _ => (pearson.map(|test| test.statistic), chi_squared::cramers_v(reference, current), 4.0 * least * least),
    };
    let occupied: Vec<[u64; 2]> = (reference.iter().zip(current))
        .filter(|(left, right)| **left + **right > 0)
        .map(|(left, right)| [*left, *right])
        .collect();
    let (test, p_value) = match (question.method, occupied.as_slice()) {
        (Method::Fisher, [one, other]) if pearson.is_some() => {
            ("Fisher exact", Some(fisher::two_sided([*one, *other])))
        }
        (Method::G, _) => ("G, Williams", contingency::g_williams(reference, current).map(|test| test.p_value)),
        _ => ("χ²", pearson.map(|test| test.p_value)),
    };
    Answer {
        test: test.to_owned(),
        statistic,
        p_value,
        effect,
        radius: None,
        needed_effective: power::chi_squared_effective(asked(question), occupied.len(), information),
    }
}
