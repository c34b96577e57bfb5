//! How far a comparison of sketches may be from one of all values. What a sketch says of one value is carried through each method to its
//! effect; where a bound is loose it is loose on the safe side, so that what it leaves undecided is called inconclusive.
//!
//! Tables: each method is a sum over bins of a convex function of both sides' shares that is 0 where they agree. Its least and its
//! greatest value over a box of shares are then at corners of the box, or 0 where the box touches agreement.

use crate::statistics::{chi_squared, order::quantile};
use crate::validation::outcome::{Bin, BinKind, Method};
use std::f64::consts::LN_2;

/// Added to each count before PSI, as `statistics::divergence` does.
const PSEUDO_COUNT: f64 = 0.5;

/// What is certain of a table whose counts are not.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Certain {
    /// How far the effect may be off.
    pub(super) error: f64,
    /// The p-value of the least χ² that the sketches allow: significance is never overstated.
    pub(super) p_value: f64,
}

/// Bounds of a method's effect on a table, of which the sides' distribution functions, or counts as shares, may be off by `errors`.
pub(super) fn of_table(table: &[Bin], method: Method, errors: (f64, f64), effect: f64) -> Option<Certain> {
    let occupied: Vec<&Bin> = table.iter().filter(|bin| bin.reference + bin.current > 0).collect();
    let bins = occupied.len() as f64;
    let m = occupied.iter().map(|bin| bin.reference).sum::<u64>() as f64;
    let n = occupied.iter().map(|bin| bin.current).sum::<u64>() as f64;
    if m == 0.0 || n == 0.0 {
        return None;
    }
    let side = |count: u64, of: f64, pseudo: f64, slack: f64| Share {
        value: (count as f64 + pseudo) / (of + pseudo * bins),
        least: pseudo / (of + pseudo * bins),
        slack,
    };
    let categories = occupied.iter().filter(|bin| bin.kind == BinKind::Category).count() as f64;
    let shares = |pseudo: f64| -> Vec<(Share, Share)> {
        let both = |bin: &&Bin| {
            let slack = slack_of(bin.kind, categories);
            (side(bin.reference, m, pseudo, slack * errors.0), side(bin.current, n, pseudo, slack * errors.1))
        };
        occupied.iter().map(both).collect()
    };
    let by_chance = (bins - 1.0) * (1.0 / m + 1.0 / n);
    let term = |p: f64, q: f64| match method {
        Method::Psi => (p - q) * (p / q).ln(),
        Method::JensenShannon => half(p, q) + half(q, p),
        _ if p + q > 0.0 => (p - q) * (p - q) / (p + q),
        _ => 0.0,
    };
    let effect_of = |sum: f64| match method {
        Method::Psi => (sum - by_chance).max(0.0),
        Method::JensenShannon => (sum / 2.0 / LN_2 - by_chance / (8.0 * LN_2)).max(0.0).sqrt(),
        _ => (sum / 2.0 - by_chance / 4.0).max(0.0).sqrt(),
    };
    let (least, greatest) = range(&shares(if method == Method::Psi { PSEUDO_COUNT } else { 0.0 }), term);
    let error = (effect_of(greatest) - effect).max(effect - effect_of(least)).max(0.0);
    let (least, _) = range(&shares(0.0), |p, q| {
        let whole = m * p + n * q;
        if whole > 0.0 { m * n * (p - q) * (p - q) / whole } else { 0.0 }
    });
    Some(Certain { error, p_value: chi_squared::survival(least, bins - 1.0) })
}

/// How far W₁ in interquartile ranges of the reference may be off: the area between a distribution function and its sketch is at most
/// the sketch's error times the width of what is compared.
pub(super) fn of_area(reference: &[f64], ends: (f64, f64), errors: (f64, f64)) -> f64 {
    let quartiles = (quantile(reference, 0.25), quantile(reference, 0.75));
    let (Some(low), Some(high)) = quartiles else { return 0.0 };
    let scale = high - low;
    if scale.is_nan() || scale <= 0.0 {
        // `wasserstein::effect` then measures in another unit, and counts nothing beyond ten of them.
        return 20.0 * (errors.0 + errors.1);
    }
    let width = ends.1.min(high + 10.0 * scale) - ends.0.max(low - 10.0 * scale);
    (errors.0 + errors.1) * width.max(0.0) / scale
}

/// One side's share of a bin.
#[derive(Clone, Copy, Debug)]
struct Share {
    value: f64,
    least: f64,
    slack: f64,
}

impl Share {
    fn ends(self) -> (f64, f64) {
        ((self.value - self.slack).max(self.least), (self.value + self.slack).min(1.0))
    }
}

/// By how many errors a bin may be off. Between two edges there are two ranks; a category that a sketch does not name may have twice its
/// error; and all others are what is left.
fn slack_of(kind: BinKind, categories: f64) -> f64 {
    match kind {
        BinKind::Numbers | BinKind::Category => 2.0,
        BinKind::Other => 2.0 * categories,
        BinKind::Missing => 0.0,
    }
}

/// p ln(p / middle), twice what Jensen and Shannon's divergence takes of one side.
fn half(p: f64, other: f64) -> f64 {
    if p > 0.0 { p * (2.0 * p / (p + other)).ln() } else { 0.0 }
}

/// The least and the greatest sum.
fn range(shares: &[(Share, Share)], term: impl Fn(f64, f64) -> f64) -> (f64, f64) {
    let (mut least, mut greatest) = (0.0, 0.0);
    for (reference, current) in shares {
        let ((p_low, p_high), (q_low, q_high)) = (reference.ends(), current.ends());
        least += if p_low > q_high {
            term(p_low, q_high)
        } else if q_low > p_high {
            term(p_high, q_low)
        } else {
            0.0
        };
        let corners = [(p_low, q_low), (p_low, q_high), (p_high, q_low), (p_high, q_high)];
        greatest += corners.into_iter().map(|(p, q)| term(p, q)).fold(0.0, f64::max);
    }
    (least, greatest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::divergence;

    fn table(left: &[u64], right: &[u64]) -> Vec<Bin> {
        let bin = |(reference, current): (&u64, &u64)| Bin {
            label: String::new(),
            lower: None,
            upper: None,
            kind: BinKind::Numbers,
            reference: *reference,
            current: *current,
        };
        left.iter().zip(right).map(bin).collect()
    }

    fn effect(method: Method, left: &[u64], right: &[u64]) -> f64 {
        let found = match method {
            Method::Psi => divergence::population_stability_corrected(left, right),
            Method::JensenShannon => divergence::jensen_shannon_distance_corrected(left, right),
            _ => chi_squared::cramers_v(left, right),
        };
        found.expect("not empty")
    }

    const METHODS: [Method; 3] = [Method::Psi, Method::JensenShannon, Method::ChiSquared];

    /// Tables that a sketch might have shown instead: none is farther away than the bound says.
    #[test]
    fn no_table_within_the_errors_is_outside_the_bound() {
        let mut random = fastrand::Rng::with_seed(7);
        for round in 0..2_000 {
            let error = [0.0, 0.002, 0.01, 0.05][round % 4];
            let bins = random.usize(2..12);
            let mut side = || -> Vec<u64> { (0..bins).map(|_| random.u64(0..20_000) * random.u64(0..3)).collect() };
            let (mut left, mut right) = (side(), side());
            (left[0], right[0]) = (left[0] + 5_000, right[0] + 5_000);
            let (m, n) = (left.iter().sum::<u64>(), right.iter().sum::<u64>());
            // What was seen instead of them: the same sizes, each rank moved by at most the error.
            let mut moved = |counts: &[u64], of: u64| -> Vec<u64> {
                let mut ranks: Vec<f64> = counts
                    .iter()
                    .scan(0_u64, |sum, count| {
                        *sum += count;
                        Some(*sum as f64 + (random.f64() * 2.0 - 1.0) * error * of as f64)
                    })
                    .map(|rank| rank.clamp(0.0, of as f64).round())
                    .collect();
                (1..ranks.len()).for_each(|place| ranks[place] = ranks[place].max(ranks[place - 1]));
                let last = ranks.len() - 1;
                ranks[last] = of as f64;
                let before = std::iter::once(&0.0).chain(&ranks);
                ranks.iter().zip(before).map(|(rank, before)| (rank - before) as u64).collect()
            };
            let (seen_left, seen_right) = (moved(&left, m), moved(&right, n));
            for method in METHODS {
                let (truth, seen) = (effect(method, &left, &right), effect(method, &seen_left, &seen_right));
                let seen_table = table(&seen_left, &seen_right);
                // Half a count is lost to rounding.
                let errors = (error + 0.5 / m as f64, error + 0.5 / n as f64);
                let found = of_table(&seen_table, method, errors, seen).expect("not empty");
                // A bin that only one of the two has is another table.
                let same = (left.iter().zip(&right)).zip(seen_left.iter().zip(&seen_right));
                let same = same.into_iter().all(|(a, b)| (a.0 + a.1 > 0) == (b.0 + b.1 > 0));
                assert!(!same || (truth - seen).abs() <= found.error + 1e-9, "{method:?} {truth} {seen} {found:?}");
                let exact = chi_squared::homogeneity(&left, &right).expect("not empty").p_value;
                assert!(!same || found.p_value >= exact - 1e-9, "{method:?} {exact} {found:?}");
            }
        }
    }

    #[test]
    fn what_is_exact_is_not_off() {
        for method in METHODS {
            let (left, right) = ([50, 30, 20, 0], [40, 30, 25, 5]);
            let seen = effect(method, &left, &right);
            let found = of_table(&table(&left, &right), method, (0.0, 0.0), seen).expect("not empty");
            assert!(found.error < 1e-12, "{method:?} {found:?}");
            let p_value = chi_squared::homogeneity(&left, &right).expect("not empty").p_value;
            assert!((found.p_value - p_value).abs() < 1e-12, "{method:?}");
        }
    }
}
