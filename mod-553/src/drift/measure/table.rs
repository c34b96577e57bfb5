//! Two rows of counts over the same bins or categories: PSI, Jensen–Shannon and χ², each without what chance adds.

use super::Taken;
use crate::decision::Method;
use mod_106::statistics::{chi_squared, divergence};
use mod_106::validation::outcome::Bin;

/// Both rows.
pub(super) fn counts(table: &[Bin]) -> (Vec<u64>, Vec<u64>) {
    table.iter().map(|bin| (bin.reference, bin.current)).unzip()
}

/// All measures of a table; none, when a side is empty.
pub(super) fn measures(table: &[Bin], error: f64) -> Vec<Taken> {
    let (left, right) = counts(table);
    let Some(test) = chi_squared::homogeneity(&left, &right) else { return Vec::new() };
    let take = |method, statistic: Option<f64>, effect: Option<f64>| {
        // A share that is off by ε moves each of these by a small multiple of it.
        let (effect_error, p_value) = (error * 4.0, test.p_value);
        Some(Taken {
            method,
            statistic: statistic?,
            effect: effect?,
            effect_error,
            chance: None,
            test: "chi-squared",
            p_value,
        })
    };
    let taken = [
        take(
            Method::Psi,
            divergence::population_stability(&left, &right),
            divergence::population_stability_corrected(&left, &right),
        ),
        take(
            Method::JensenShannon,
            divergence::jensen_shannon_distance(&left, &right),
            divergence::jensen_shannon_distance_corrected(&left, &right),
        ),
        take(Method::ChiSquared, Some(test.statistic), chi_squared::cramers_v(&left, &right)),
    ];
    taken.into_iter().flatten().collect()
}
