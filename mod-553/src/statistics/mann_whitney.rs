//! The Mann–Whitney U test: whether values of one sample tend to be larger than those of the other.
//!
//! Source: Mann & Whitney 1947. As scipy's `mannwhitneyu`: exact for at most eight values on a side without ties, otherwise normal with
//! corrections for ties and continuity.

use super::Test;
use super::normal;
use super::sample::{Sorted, ties};

/// Which difference is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alternative {
    /// Any.
    TwoSided,
    /// The reference tends to be smaller.
    Less,
    /// The reference tends to be larger.
    Greater,
}

/// How the p-value is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// As scipy chooses.
    Auto,
    /// All orders are counted; ties are not accounted for.
    Exact,
    /// The normal limit.
    Asymptotic,
}

/// U of the reference and its p-value; nothing, if a side is empty. All values the same give p = 1, or NaN as scipy's where its
/// alternative is one-sided and the sizes leave nothing to correct.
pub fn two_sample(
    reference: Sorted<'_>,
    current: Sorted<'_>,
    alternative: Alternative,
    precision: Precision,
) -> Option<Test> {
    let (m, n) = (reference.len() as f64, current.len() as f64);
    if m == 0.0 || n == 0.0 {
        return None;
    }
    let (mut below, mut twice_statistic, mut cubes) = (0.0, 0.0, 0.0);
    let mut any_tie = false;
    for tie in ties(reference, current) {
        let (left, right, both) = (tie.reference as f64, tie.current as f64, tie.both() as f64);
        twice_statistic += left * (2.0 * below + right);
        below += right;
        cubes += both * both * both - both;
        any_tie |= tie.both() > 1;
    }
    let statistic = twice_statistic / 2.0;
    let (u, factor) = match alternative {
        Alternative::Greater => (statistic, 1.0),
        Alternative::Less => (m * n - statistic, 1.0),
        Alternative::TwoSided => (statistic.max(m * n - statistic), 2.0),
    };
    let few = m.min(n) <= 8.0;
    let exact = match precision {
        Precision::Auto => few && !any_tie,
        Precision::Exact => true,
        Precision::Asymptotic => false,
    };
    let counted = if exact { exact_survival(u as u64, reference.len() as u64, current.len() as u64) } else { None };
    let p_value = counted.unwrap_or_else(|| {
        let total = m + n;
        let variance = m * n / 12.0 * ((total + 1.0) - cubes / (total * (total - 1.0)));
        normal::survival((u - m * n / 2.0 - 0.5) / variance.sqrt())
    });
    Some(Test { statistic, p_value: (factor * p_value).clamp(0.0, 1.0) })
}

/// P(U ≥ u): the coefficients of the Gaussian binomial, in whole numbers. Nothing, if those do not fit: such samples are large.
fn exact_survival(u: u64, m: u64, n: u64) -> Option<f64> {
    let complement = m * n - u;
    let upto = complement.min(u);
    let counts = orders(m.min(n), m.max(n), upto as usize)?;
    let all = binomial(m + n, m.min(n))? as f64;
    let at_most = counts.iter().sum::<i128>() as f64 / all;
    // The distribution is symmetric: what is at least u is as probable as what is at most its complement.
    Some(if complement <= u { at_most } else { 1.0 - at_most + counts[upto as usize] as f64 / all })
}

/// How many orders of `few` and `many` values have U = 0, 1, … `upto`: ∏ (1 − q^(many+i)) / (1 − q^i).
fn orders(few: u64, many: u64, upto: usize) -> Option<Vec<i128>> {
    binomial(few + many, few)?;
    let mut counts = vec![0_i128; upto + 1];
    counts[0] = 1;
    for i in 1..=few as usize {
        let shift = many as usize + i;
        for place in (shift..=upto).rev() {
            counts[place] -= counts[place - shift];
        }
        for place in i..=upto {
            counts[place] += counts[place - i];
        }
    }
    Some(counts)
}

fn binomial(total: u64, part: u64) -> Option<i128> {
    (1..=i128::from(part)).try_fold(1_i128, |product, i| {
        // A product of i consecutive numbers is divisible by i!, so that every quotient is whole.
        Some(product.checked_mul(i128::from(total) - i128::from(part) + i)? / i)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::sample::Sample;

    fn p_value(a: &[f64], b: &[f64], alternative: Alternative) -> f64 {
        two_sample(Sample::of(a).sorted(), Sample::of(b).sorted(), alternative, Precision::Auto).unwrap().p_value
    }

    #[test]
    fn all_orders_of_three_and_three() {
        let (low, high) = ([1.0, 2.0, 3.0], [4.0, 5.0, 6.0]);
        assert!((p_value(&low, &high, Alternative::TwoSided) - 0.1).abs() < 1e-15);
        assert!((p_value(&low, &high, Alternative::Less) - 0.05).abs() < 1e-15);
        assert!((p_value(&low, &high, Alternative::Greater) - 1.0).abs() < 1e-15);
    }

    #[test]
    fn one_value_says_nothing() {
        let same = [1.0; 20];
        assert_eq!(p_value(&same, &same, Alternative::TwoSided), 1.0);
    }
}
