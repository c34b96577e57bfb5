//! Tests of counts beside Pearson's χ²: the likelihood-ratio G, and both against a reference taken for the truth, as one monitor has it.

use super::Test;
use mod_106::statistics::chi_squared;

/// Cochran, Biometrics 10(4), 1954: fewer expected values than this are not χ² distributed.
const LEAST_EXPECTED: f64 = 5.0;

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

/// G divided by Williams' q ("Improved likelihood ratio tests for complete contingency tables", Biometrika 63(1), 1976), without which a table
/// of many small counts differs too often.
pub fn g_williams(reference: &[u64], current: &[u64]) -> Option<Test> {
    let plain = g(reference, current)?;
    let (m, n) = (total(reference), total(current));
    let both: Vec<f64> =
        reference.iter().zip(current).map(|(left, right)| (left + right) as f64).filter(|both| *both > 0.0).collect();
    let freedom = both.len() as f64 - 1.0;
    if freedom < 1.0 {
        return Some(plain);
    }
    let rows = (m + n) * (1.0 / m + 1.0 / n) - 1.0;
    let columns = (m + n) * both.iter().map(|both| 1.0 / both).sum::<f64>() - 1.0;
    let statistic = plain.statistic / (1.0 + rows * columns / (6.0 * (m + n) * freedom));
    Some(Test { statistic, p_value: chi_squared::survival(statistic, freedom) })
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

/// Counts of categories that are too rare for χ² and G, put together until each group is expected often enough on the smaller side.
///
/// Which are rare, and which go together, is decided from both sides' totals alone, so that the tests stay fair. That holds for categories;
/// bins whose edges come from one side would be sorted by what the other side has, and must not be grouped like this. Without it G calls
/// a column of many rare levels drifted whatever happens: each level that occurs once adds 2 ln 2 to it, and is expected to add 1.
pub fn grouped(reference: &[u64], current: &[u64]) -> (Vec<u64>, Vec<u64>) {
    let (m, n) = (total(reference), total(current));
    let smaller = if m + n > 0.0 { m.min(n) / (m + n) } else { 0.0 };
    let mut rows: Vec<(u64, u64)> = reference.iter().copied().zip(current.iter().copied()).collect();
    rows.retain(|(left, right)| left + right > 0);
    // Stable: equally frequent categories stay in the order given, which knows nothing of the counts.
    rows.sort_by_key(|(left, right)| std::cmp::Reverse(left + right));
    let mut groups: Vec<(u64, u64)> = Vec::new();
    let mut open = (0, 0);
    for row in rows {
        open = (open.0 + row.0, open.1 + row.1);
        if (open.0 + open.1) as f64 * smaller >= LEAST_EXPECTED {
            groups.push(std::mem::take(&mut open));
        }
    }
    // What is left over is too little for a group of its own: the last group bears it, unless that were the only one.
    if open.0 + open.1 > 0 {
        match groups.as_mut_slice() {
            [_, .., last] => *last = (last.0 + open.0, last.1 + open.1),
            _ => groups.push(open),
        }
    }
    groups.into_iter().unzip()
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
    fn rare_categories_go_together() {
        let (left, right) = grouped(&[100, 1, 2, 0, 0, 3, 4], &[90, 2, 0, 1, 0, 3, 3]);
        assert_eq!((left, right), (vec![100, 10], vec![90, 9]));
        assert_eq!(grouped(&[3, 0], &[2, 1]), (vec![3], vec![3]));
        assert_eq!(grouped(&[], &[]), (vec![], vec![]));
    }

    #[test]
    fn a_new_category_is_infinitely_unlikely_when_the_reference_is_exact() {
        assert_eq!(against_expected(&[999.0, 1.0], &[1000.0, 0.0]).p_value, 0.0);
        assert!(chi_squared::homogeneity(&[1000, 0], &[999, 1]).unwrap().p_value > 0.3);
    }
}
