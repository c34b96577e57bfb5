//! Two samples of finite numbers: Kolmogorov–Smirnov and Wasserstein from one walk, PSI and Jensen–Shannon over bins fixed on the
//! reference's quantiles. What is missing or infinite has bins of its own, and is compared apart.

use super::sample::Sample;
use super::table::{counts, measures};
use super::walk::{Walk, walk};
use super::{Measured, Taken};
use crate::decision::Method;
use mod_106::statistics::{ks, order::quantile};
use mod_106::validation::outcome::{Bin, BinKind};
use mod_106::validation::table;

/// Values farther out than so many interquartile ranges count as if they were there: one of 10¹² moves nothing.
const RANGES: f64 = 10.0;

/// Compares them.
pub(super) fn compare(
    (reference, left): (&Sample, &[f64]),
    (current, right): (&Sample, &[f64]),
    bins: usize,
) -> Measured {
    let error = reference.error + current.error;
    let table = table::of_numbers((left, reference.n), (right, current.n), bins);
    let mut taken = Vec::new();
    if !left.is_empty() && !right.is_empty() {
        let (scale, range) = scale(left);
        let Walk { distance, area, area_within } = walk(left, right, range);
        // Of sketches, the least distance that is compatible with them: significance is then never overstated.
        let (p_value, exact) = ks::p_value((distance - error).max(0.0), reference.n, current.n);
        let test = if exact { "ks exact" } else { "ks asymptotic" };
        let take = |method, statistic, effect, effect_error, chance| Taken {
            method,
            statistic,
            effect,
            effect_error,
            chance,
            test,
            p_value,
        };
        taken.push(take(Method::Ks, distance, distance, error, None));
        // A rank that is off by ε moves the area by ε times the width of what is compared: here, about four ranges.
        let chance = Some(spread(left, range) / scale);
        taken.push(take(Method::Wasserstein, area, area_within / scale, error * 4.0, chance));
        taken.extend(measures(&table, error).into_iter().filter(|taken| taken.method != Method::ChiSquared));
    }
    let counts = counts(&table);
    let mut distribution = table;
    distribution.extend(apart(reference, current));
    Measured {
        measures: taken,
        n: (reference.n, current.n),
        table: counts,
        error,
        sketch: (error > 0.0).then_some("KLL k=1000"),
        distribution,
        new_categories: Vec::new(),
        facts: (reference.facts.clone(), current.facts.clone()),
    }
}

/// The unit in which a shift is measured, and the range that it is measured in: the reference's interquartile range. If its middle half
/// is constant, its standard deviation; if it is altogether constant, its own value, or 1 if that is 0.
fn scale(reference: &[f64]) -> (f64, (f64, f64)) {
    let at = |share| quantile(reference, share).unwrap_or_default();
    let (low, high) = (at(0.25), at(0.75));
    if high > low {
        let scale = high - low;
        return (scale, (low - RANGES * scale, high + RANGES * scale));
    }
    let n = reference.len() as f64;
    let mean = reference.iter().sum::<f64>() / n;
    let deviation = (reference.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / n).sqrt();
    let scale = match deviation {
        deviation if deviation > mean.abs() * 1e-12 => deviation,
        _ if mean == 0.0 => 1.0,
        _ => mean.abs(),
    };
    (scale, (mean - RANGES * scale, mean + RANGES * scale))
}

/// ∫ √(F(1 − F)) dx over a range. Without drift, the distance between the two distribution functions at x has the standard deviation
/// √(F(1 − F)/e), so that z times this area over √e bounds what chance adds to the Wasserstein distance (del Barrio, Giné & Matrán 1999);
/// if all of them strayed to the same side at once, it would be reached.
fn spread(reference: &[f64], range: (f64, f64)) -> f64 {
    const STEPS: usize = 400;
    let at = |step: usize| quantile(reference, step as f64 / STEPS as f64).unwrap_or_default().clamp(range.0, range.1);
    let area = |step: usize| {
        let share = (step as f64 + 0.5) / STEPS as f64;
        (share * (1.0 - share)).sqrt() * (at(step + 1) - at(step))
    };
    (0..STEPS).map(area).sum()
}

/// Bins of what is no finite number, where there is any.
pub(super) fn apart(reference: &Sample, current: &Sample) -> Vec<Bin> {
    let (left, right) = (&reference.facts, &current.facts);
    let counts = [
        ("missing", BinKind::Missing, reference.missing(), current.missing()),
        ("−∞", BinKind::Other, left.negative_infinities, right.negative_infinities),
        ("+∞", BinKind::Other, left.positive_infinities, right.positive_infinities),
    ];
    let present = counts.into_iter().filter(|(_, _, reference, current)| reference + current > 0);
    present
        .map(|(label, kind, reference, current)| Bin {
            label: label.to_owned(),
            lower: None,
            upper: None,
            kind,
            reference,
            current,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::compare;
    use crate::decision::Method;
    use crate::drift::measure::{Sample, Values};
    use mod_106::statistics::{ks, wasserstein};
    use mod_106::validation::outcome::Facts;
    use proptest::prelude::*;

    fn sample(values: Vec<f64>) -> Sample {
        Sample::of_numbers(Facts { rows: values.len() as u64, ..Facts::default() }, values, &mut Vec::new())
    }

    fn slice(sample: &Sample) -> &[f64] {
        match &sample.values {
            Values::Numbers(values) => values,
            Values::Categories(_) => &[],
        }
    }

    proptest! {
        #[test]
        fn the_walk_agrees_with_the_library(
            left in prop::collection::vec(-1e3..1e3_f64, 1..80),
            right in prop::collection::vec(-1e3..1e3_f64, 1..80),
        ) {
            let (one, two) = (sample(left), sample(right));
            let found = compare((&one, slice(&one)), (&two, slice(&two)), 10);
            let ks = ks::two_sample(slice(&one), slice(&two)).unwrap();
            let taken = found.by(Method::Ks).unwrap();
            prop_assert_eq!((taken.effect, taken.p_value), (ks.statistic, ks.p_value));
            let moved = found.by(Method::Wasserstein).unwrap();
            let (area, effect) = (wasserstein::distance(slice(&one), slice(&two)), wasserstein::effect(slice(&one), slice(&two)));
            prop_assert!((moved.statistic - area.unwrap()).abs() < 1e-9);
            prop_assert!((moved.effect - effect.unwrap()).abs() < 1e-9 * effect.unwrap().max(1.0), "{} {:?}", moved.effect, effect);
        }
    }

    #[test]
    fn one_value_of_a_trillion_hides_nothing() {
        let mut random = fastrand::Rng::with_seed(3);
        let mut normal = |shift: f64| {
            (0..20_000).map(|_| (0..12).map(|_| random.f64()).sum::<f64>() - 6.0 + shift).collect::<Vec<_>>()
        };
        let (left, mut right) = (normal(0.0), normal(3.0));
        right.push(1e12);
        let (one, two) = (sample(left), sample(right));
        let found = compare((&one, slice(&one)), (&two, slice(&two)), 10);
        let effects = [Method::Ks, Method::Wasserstein, Method::Psi, Method::JensenShannon]
            .map(|method| found.by(method).unwrap().effect);
        assert!(
            effects[0] > 0.8 && (2.0..2.5).contains(&effects[1]) && effects[2] > 5.0 && effects[3] > 0.7,
            "{effects:?}"
        );
    }

    #[test]
    fn nothing_is_measured_of_an_empty_side() {
        let (one, two) = (sample(vec![1.0]), sample(Vec::new()));
        assert!(compare((&one, slice(&one)), (&two, slice(&two)), 10).measures.is_empty());
    }
}
