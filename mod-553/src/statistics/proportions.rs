//! The z-test of two proportions with the pooled variance.

use super::{Test, normal};

/// z and its two-sided p-value of `hits` among `n`, reference and current; NaN where nobody or everybody hits.
pub fn z(hits: (u64, u64), n: (u64, u64)) -> Test {
    let ((h, k), (m, n)) = ((hits.0 as f64, hits.1 as f64), (n.0 as f64, n.1 as f64));
    let pooled = (h + k) / (m + n);
    let statistic = (h / m - k / n) / (pooled * (1.0 - pooled) * (1.0 / m + 1.0 / n)).sqrt();
    Test { statistic, p_value: if statistic.is_nan() { f64::NAN } else { 2.0 * normal::survival(statistic.abs()) } }
}
