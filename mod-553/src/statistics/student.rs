//! Student's t-test of two means. It is here for comparison: one broken value takes its power away, which rank tests do not suffer.
//!
//! As scipy's `ttest_ind` with `equal_var=True`.

use super::Test;
use super::sample::Sorted;
use statrs::function::beta::beta_reg;

/// t and its two-sided p-value. Nothing for fewer than three values together or infinite ones; NaN where both sides are the same
/// constant, as scipy.
pub fn two_sample(reference: Sorted<'_>, current: Sorted<'_>) -> Option<Test> {
    let (m, n) = (reference.len() as f64, current.len() as f64);
    if m == 0.0 || n == 0.0 || m + n < 3.0 || !reference.is_finite() || !current.is_finite() {
        return None;
    }
    let ((one, squares_one), (two, squares_two)) = (moments(reference.values()), moments(current.values()));
    let freedom = m + n - 2.0;
    let spread = ((squares_one + squares_two) / freedom * (1.0 / m + 1.0 / n)).sqrt();
    let statistic = (one - two) / spread;
    Some(Test { statistic, p_value: two_sided(statistic, freedom) })
}

/// P(|T| ≥ |t|).
fn two_sided(t: f64, freedom: f64) -> f64 {
    if t.is_nan() {
        return f64::NAN;
    }
    if t.is_infinite() {
        return 0.0;
    }
    beta_reg(freedom / 2.0, 0.5, freedom / (freedom + t * t))
}

/// The mean, and the sum of squares around it.
fn moments(values: &[f64]) -> (f64, f64) {
    let mean = sum(values.iter().copied()) / values.len() as f64;
    (mean, sum(values.iter().map(|value| (value - mean).powi(2))))
}

/// Neumaier's sum: what rounding takes away is added at the end.
pub(crate) fn sum(values: impl Iterator<Item = f64>) -> f64 {
    let (mut sum, mut lost) = (0.0_f64, 0.0);
    for value in values {
        let next = sum + value;
        lost += if sum.abs() >= value.abs() { (sum - next) + value } else { (value - next) + sum };
        sum = next;
    }
    sum + lost
}
