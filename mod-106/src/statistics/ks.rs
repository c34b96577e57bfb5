//! The two-sample Kolmogorov–Smirnov test, as scipy's `ks_2samp` with `method="auto"`.
//!
//! The statistic is the largest distance between the two distribution functions. Ties make the p-value larger than it should be
//! (conservative): counts and categories belong to χ².

use super::kolmogorov::{greatest_common_divisor, survival, two_sample_exact};

/// Up to this many values a side, the p-value is exact.
const EXACT_UP_TO: usize = 10_000;

/// What the test says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ks {
    /// The largest distance between the distribution functions.
    pub statistic: f64,
    /// How probable a distance as large is without a difference.
    pub p_value: f64,
    /// Whether every order of the values was counted, or the limit for large samples was used.
    pub exact: bool,
}

/// Compares two sorted samples without NaN; nothing, if one is empty.
pub fn two_sample(reference: &[f64], current: &[f64]) -> Option<Ks> {
    let (m, n) = (reference.len() as u64, current.len() as u64);
    if m == 0 || n == 0 {
        return None;
    }
    let statistic = distance(reference, current);
    let (p_value, exact) = p_value(statistic, m, n);
    Some(Ks { statistic, p_value, exact })
}

/// The p-value of a statistic, and whether it is exact.
pub fn p_value(statistic: f64, m: u64, n: u64) -> (f64, bool) {
    if m.max(n) <= EXACT_UP_TO as u64 {
        let multiple = m / greatest_common_divisor(m, n) * n;
        let exact = two_sample_exact(m, n, (statistic * multiple as f64).round() as u64);
        if (0.0..=1.0).contains(&exact) {
            return (exact, true);
        }
    }
    let (larger, smaller) = (m.max(n) as f64, m.min(n) as f64);
    // numpy rounds halves to even, and so do we.
    let effective = (larger * smaller / (larger + smaller)).round_ties_even() as u64;
    (survival(effective, statistic).clamp(0.0, 1.0), false)
}

/// The largest distance between the distribution functions of two sorted samples that are not empty.
pub fn distance(reference: &[f64], current: &[f64]) -> f64 {
    let (m, n) = (reference.len(), current.len());
    let (mut i, mut j) = (0, 0);
    // In units of 1/(m·n), whole numbers: nothing is rounded until the end.
    let mut largest = 0_i128;
    while i < m && j < n {
        let value = reference[i].min(current[j]);
        while i < m && reference[i] == value {
            i += 1;
        }
        while j < n && current[j] == value {
            j += 1;
        }
        let gap = (i as i128 * n as i128 - j as i128 * m as i128).abs();
        largest = largest.max(gap);
    }
    largest as f64 / (m as f64 * n as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_of_nasty_samples() {
        fn check(a: &[f64], b: &[f64], expected: f64) {
            assert!((distance(a, b) - expected).abs() < 1e-15, "{a:?} {b:?}");
        }
        check(&[1.0], &[1.0], 0.0);
        check(&[1.0], &[2.0], 1.0);
        check(&[1.0, 1.0, 2.0], &[1.0, 2.0, 2.0], 1.0 / 3.0);
        check(&[f64::NEG_INFINITY, 0.0], &[0.0, f64::INFINITY], 0.5);
        assert_eq!(two_sample(&[], &[1.0]), None);
    }

    /// One outlier moves one value: the statistic by no more than 1/n.
    #[test]
    fn one_outlier_is_one_value() {
        let reference: Vec<f64> = (0..1000).map(f64::from).collect();
        let mut current = reference.clone();
        current[999] = 1e12;
        assert!(distance(&reference, &current) <= 0.001 + 1e-12);
    }
}
