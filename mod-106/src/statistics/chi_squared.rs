//! Pearson's χ² test of homogeneity, as scipy's `chi2_contingency(correction=False)`: both samples are random, so the reference is
//! not taken for the truth. Treating it as exact (`chisquare`) rejects a true null hypothesis four times too often.

use statrs::function::gamma::{gamma_lr, gamma_ur, ln_gamma};

/// What the test says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChiSquared {
    /// Σ (observed − expected)² / expected.
    pub statistic: f64,
    /// Categories that occur, less one.
    pub degrees_of_freedom: usize,
    /// How probable a statistic as large is without a difference.
    pub p_value: f64,
}

/// Compares the counts of the same categories in two samples. Categories that neither has do not count; nothing, if a sample is
/// empty.
pub fn homogeneity(reference: &[u64], current: &[u64]) -> Option<ChiSquared> {
    let (m, n) = (reference.iter().sum::<u64>() as f64, current.iter().sum::<u64>() as f64);
    if m == 0.0 || n == 0.0 {
        return None;
    }
    let (mut statistic, mut categories) = (0.0, 0_usize);
    for (left, right) in reference.iter().zip(current) {
        let total = (left + right) as f64;
        if total > 0.0 {
            categories += 1;
            let (expected_left, expected_right) = (total * m / (m + n), total * n / (m + n));
            let gap = *left as f64 - expected_left;
            statistic += gap * gap / expected_left + gap * gap / expected_right;
        }
    }
    let degrees_of_freedom = categories - 1;
    Some(ChiSquared { statistic, degrees_of_freedom, p_value: survival(statistic, degrees_of_freedom as f64) })
}

/// Cramér's V as it would be if both samples were equally large: ½ Σ (p − q)² / (p + q), square root, less what chance alone adds.
///
/// The plain V shrinks when one sample is much larger than the other, and then calls every drift small.
pub fn cramers_v(reference: &[u64], current: &[u64]) -> Option<f64> {
    let (m, n) = (reference.iter().sum::<u64>() as f64, current.iter().sum::<u64>() as f64);
    if m == 0.0 || n == 0.0 {
        return None;
    }
    let (mut square, mut categories) = (0.0, 0.0);
    for (left, right) in reference.iter().zip(current).filter(|(left, right)| **left + **right > 0) {
        let (p, q) = (*left as f64 / m, *right as f64 / n);
        square += (p - q) * (p - q) / (p + q);
        categories += 1.0;
    }
    let by_chance = (categories - 1.0) / 4.0 * (1.0 / m + 1.0 / n);
    Some((square / 2.0 - by_chance).max(0.0).sqrt())
}

/// P(X ≥ x) of the χ² distribution.
pub fn survival(x: f64, degrees_of_freedom: f64) -> f64 {
    if degrees_of_freedom <= 0.0 || x <= 0.0 {
        return 1.0;
    }
    if x.is_infinite() { 0.0 } else { gamma_ur(degrees_of_freedom / 2.0, x / 2.0) }
}

/// The x that is exceeded with probability `significance`.
pub fn critical(significance: f64, degrees_of_freedom: f64) -> f64 {
    let mut high = degrees_of_freedom.max(1.0);
    while survival(high, degrees_of_freedom) > significance {
        high *= 2.0;
    }
    let mut low = 0.0;
    for _ in 0..100 {
        let middle = f64::midpoint(low, high);
        if survival(middle, degrees_of_freedom) > significance { low = middle } else { high = middle }
    }
    high
}

/// P(X ≥ x) of the non-central χ² distribution: a Poisson mixture of central ones, summed outwards from its heaviest term.
pub fn noncentral_survival(x: f64, degrees_of_freedom: f64, noncentrality: f64) -> f64 {
    if noncentrality <= 0.0 {
        return survival(x, degrees_of_freedom);
    }
    let half = noncentrality / 2.0;
    let term = |j: f64| {
        let weight = (-half + j * half.ln() - ln_gamma(j + 1.0)).exp();
        (weight, weight * gamma_lr(degrees_of_freedom / 2.0 + j, (x / 2.0).max(f64::MIN_POSITIVE)))
    };
    let center = half.floor();
    let (_, mut below_x) = term(center);
    for direction in [1.0, -1.0] {
        let mut j = center + direction;
        while j >= 0.0 {
            let (weight, part) = term(j);
            below_x += part;
            if weight < 1e-16 {
                break;
            }
            j += direction;
        }
    }
    (1.0 - below_x).clamp(0.0, 1.0)
}

/// The non-centrality at which a test at `significance` finds what it looks for with probability `power`.
pub fn noncentrality(significance: f64, power: f64, degrees_of_freedom: f64) -> f64 {
    let critical = critical(significance, degrees_of_freedom);
    let (mut low, mut high) = (0.0, 1.0);
    while noncentral_survival(critical, degrees_of_freedom, high) < power && high < 1e9 {
        high *= 2.0;
    }
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if noncentral_survival(critical, degrees_of_freedom, middle) < power { low = middle } else { high = middle }
    }
    high
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_by_hand() {
        let found = homogeneity(&[10, 20, 0], &[20, 10, 0]).expect("not empty");
        assert!((found.statistic - 20.0 / 3.0).abs() < 1e-12);
        assert_eq!(found.degrees_of_freedom, 1);
        assert!((found.p_value - 0.009_823_274_507_519_235).abs() < 1e-12, "{}", found.p_value);
        assert_eq!(homogeneity(&[0], &[1]), None);
        assert!((homogeneity(&[3], &[1]).expect("not empty").p_value - 1.0).abs() < 1e-15);
    }

    #[test]
    fn v_does_not_shrink_with_the_other_sample() {
        let v = |m: u64, n: u64| cramers_v(&[m, 0], &[0, n]).expect("not empty");
        assert!((v(1_000_000, 1_000) - 1.0).abs() < 1e-3);
        assert!((v(1_000, 1_000) - 1.0).abs() < 1e-3);
    }

    /// Cohen 1988, table 8.3.14: w = 0.1, two groups, α = 0.05, power 0.8 asks for 785.
    #[test]
    fn noncentrality_is_cohens() {
        assert!((noncentrality(0.05, 0.8, 1.0) - 7.848_9).abs() < 1e-3);
    }
}
