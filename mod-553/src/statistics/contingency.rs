//! Tests of counts beside Pearson's χ²: the likelihood-ratio G, and both against a reference taken for the truth, as one monitor has it.

use super::Test;
use mod_106::statistics::chi_squared;

/// The G-test of homogeneity (Wilks 1938; Sokal & Rohlf, Biometry, section 17.4), as scipy's `chi2_contingency(correction=False,
/// lambda_="log-likelihood")`. Categories that neither side has do not count; nothing, if a side is empty.
pub fn g(reference: &[u64], current: &[u64]) -> Option<Test> {
    let (m, n) = (total(reference), total(current));
    if m == 0.0 || n == 0.0 {
        return None;
    }
    let part = |observed: f64, expected: f64| if observed > 0.0 { observed * (observed / expected).ln() } else { 0.0 };
    let (mut sum, mut categories) = (0.0, 0_usize);
    for (left, right) in reference.iter().zip(current).filter(|(left, right)| **left + **right > 0) {
        categories += 1;
        let both = (left + right) as f64;
        sum += part(*left as f64, both * m / (m + n)) + part(*right as f64, both * n / (m + n));
    }
    let statistic = (2.0 * sum).max(0.0);
    Some(Test { statistic, p_value: chi_squared::survival(statistic, categories as f64 - 1.0) })
}

/// Pearson's χ² of counts against expectations that are taken for exact, as scipy's `chisquare`. With expectations that are themselves
/// a sample it rejects a true hypothesis four times too often: it is here to show that.
pub fn against_expected(observed: &[f64], expected: &[f64]) -> Test {
    let term = |(observed, expected): (&f64, &f64)| (observed - expected).powi(2) / expected;
    let statistic = observed.iter().zip(expected).map(term).sum();
    Test { statistic, p_value: upper(statistic, observed.len()) }
}

/// The likelihood ratio of counts against expectations taken for exact, as scipy's `power_divergence(lambda_="log-likelihood")`. It
/// may be negative where their sums differ.
pub fn g_against_expected(observed: &[f64], expected: &[f64]) -> Test {
    let term = |(observed, expected): (&f64, &f64)| {
        if *observed == 0.0 && !(observed / expected).is_nan() { 0.0 } else { observed * (observed / expected).ln() }
    };
    let statistic = 2.0 * observed.iter().zip(expected).map(term).sum::<f64>();
    Test { statistic, p_value: upper(statistic, observed.len()) }
}

/// scipy's answer where there is no degree of freedom, and to what is not a number: NaN.
fn upper(statistic: f64, categories: usize) -> f64 {
    if statistic.is_nan() || categories < 2 {
        f64::NAN
    } else {
        chi_squared::survival(statistic, categories as f64 - 1.0)
    }
}

fn total(counts: &[u64]) -> f64 {
    counts.iter().sum::<u64>() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_tables_do_not_differ() {
        assert_eq!(g(&[5, 5], &[50, 50]).unwrap().p_value, 1.0);
        assert_eq!(g(&[0, 0], &[1, 1]), None);
    }

    #[test]
    fn a_new_category_is_infinitely_unlikely_when_the_reference_is_exact() {
        assert_eq!(against_expected(&[999.0, 1.0], &[1000.0, 0.0]).p_value, 0.0);
        assert!(chi_squared::homogeneity(&[1000, 0], &[999, 1]).unwrap().p_value > 0.3);
    }
}
