//! Confidence intervals: where the true value lies, given as many rows as there were.

use statrs::function::{beta::beta_reg, erf::erfc_inv};

/// An interval's two ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ends {
    /// The lower one.
    pub lower: f64,
    /// The upper one.
    pub upper: f64,
}

/// The standard normal value below which lies `share` of the distribution.
pub fn normal_quantile(share: f64) -> f64 {
    -std::f64::consts::SQRT_2 * erfc_inv(2.0 * share)
}

/// Wilson's interval of a share (1927), as statsmodels' `proportion_confint(method="wilson")`. It stays within 0 and 1, and tells 0 of
/// 10 from 0 of 10,000.
pub fn wilson(hits: f64, n: f64, confidence: f64) -> Option<Ends> {
    if n <= 0.0 {
        return None;
    }
    let z = normal_quantile(f64::midpoint(1.0, confidence));
    let (share, z2) = (hits / n, z * z);
    let center = (share + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = z / (1.0 + z2 / n) * (share * (1.0 - share) / n + z2 / (4.0 * n * n)).sqrt();
    Some(Ends { lower: (center - half).max(0.0), upper: (center + half).min(1.0) })
}

/// Newcombe's interval of a difference of two shares (1998), as statsmodels' `confint_proportions_2indep(method="newcomb")`.
pub fn newcombe(hits: (f64, f64), n: (f64, f64), confidence: f64) -> Option<Ends> {
    let (one, two) = (wilson(hits.0, n.0, confidence)?, wilson(hits.1, n.1, confidence)?);
    let (p, q) = (hits.0 / n.0, hits.1 / n.1);
    Some(Ends {
        lower: p - q - ((p - one.lower).powi(2) + (two.upper - q).powi(2)).sqrt(),
        upper: p - q + ((one.upper - p).powi(2) + (q - two.lower).powi(2)).sqrt(),
    })
}

/// Student's interval around a mean, from its sample variance (divided by n − 1).
pub fn student(mean: f64, variance: f64, n: f64, confidence: f64) -> Option<Ends> {
    if n < 2.0 || !variance.is_finite() {
        return None;
    }
    let half = student_quantile(f64::midpoint(1.0, confidence), n - 1.0) * (variance / n).sqrt();
    Some(Ends { lower: mean - half, upper: mean + half })
}

/// The value below which lies `share` (> ½) of Student's t distribution.
pub fn student_quantile(share: f64, degrees_of_freedom: f64) -> f64 {
    // P(T > t) = I(ν/(ν + t²); ν/2, ½) / 2, searched for by halving.
    let above =
        |t: f64| beta_reg(degrees_of_freedom / 2.0, 0.5, degrees_of_freedom / (degrees_of_freedom + t * t)) / 2.0;
    let (mut low, mut high) = (0.0, 1.0);
    while above(high) > 1.0 - share {
        high *= 2.0;
    }
    for _ in 0..100 {
        let middle = f64::midpoint(low, high);
        if above(middle) > 1.0 - share { low = middle } else { high = middle }
    }
    f64::midpoint(low, high)
}

/// The interval between two quantiles of replicates, for what has no formula.
pub fn percentile(mut replicates: Vec<f64>, confidence: f64) -> Option<Ends> {
    replicates.retain(|value| value.is_finite());
    replicates.sort_by(f64::total_cmp);
    let tail = (1.0 - confidence) / 2.0;
    let at = |share| super::order::quantile(&replicates, share);
    Some(Ends { lower: at(tail)?, upper: at(1.0 - tail)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_of_nothing_and_of_extremes() {
        assert_eq!(wilson(0.0, 0.0, 0.95), None);
        let none = wilson(0.0, 10.0, 0.95).expect("ten rows");
        assert!(none.lower.abs() < 1e-15 && (none.upper - 0.277_532_8).abs() < 1e-7, "{none:?}");
        assert_eq!(student(1.0, 1.0, 1.0, 0.95), None);
    }

    #[test]
    fn quantiles_as_in_tables() {
        assert!((normal_quantile(0.975) - 1.959_963_984_540_054).abs() < 1e-12);
        assert!((student_quantile(0.975, 10.0) - 2.228_138_851_964_939).abs() < 1e-9);
    }
}
