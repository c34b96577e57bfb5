//! Confidence intervals for a difference: of two proportions, and of two means. Always canary minus baseline.

use statrs::distribution::{ContinuousCDF, Normal, StudentsT};

/// An estimate and the interval around it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// The difference that was seen.
    pub estimate: f64,
    /// Its lower end.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

/// The difference of two proportions with its hybrid score interval: method 10 of Newcombe, "Interval estimation for the
/// difference between independent proportions", Statistics in Medicine 17 (1998). It keeps its coverage where errors are rare; the
/// textbook's interval around `p ± z·s` collapses to nothing when there are none.
///
/// Each pair is (how many, of how many); `confidence` is two-sided, such as 0.95.
pub fn difference_of_proportions(canary: (u64, u64), baseline: (u64, u64), confidence: f64) -> Interval {
    let z = normal_quantile(f64::midpoint(1.0, confidence));
    let proportion = |(some, all): (u64, u64)| some as f64 / all as f64;
    let (p1, p2) = (proportion(canary), proportion(baseline));
    let ((l1, u1), (l2, u2)) = (wilson(canary, z), wilson(baseline, z));
    let estimate = p1 - p2;
    Interval { estimate, low: estimate - (p1 - l1).hypot(u2 - p2), high: estimate + (u1 - p1).hypot(p2 - l2) }
}

/// Wilson's score interval for one proportion, without continuity correction.
fn wilson((some, all): (u64, u64), z: f64) -> (f64, f64) {
    let (some, all) = (some as f64, all as f64);
    let (proportion, squared) = (some / all, z * z);
    let middle = (2.0 * some + squared) / (2.0 * (all + squared));
    let half = z * (squared + 4.0 * all * proportion * (1.0 - proportion)).sqrt() / (2.0 * (all + squared));
    ((middle - half).max(0.0), (middle + half).min(1.0))
}

/// The difference of two means with Welch's interval, which does not ask for equal variances (Welch, "The generalization of
/// 'Student's' problem when several different population variances are involved", Biometrika 34, 1947; degrees of freedom after
/// Satterthwaite). `None` below two values a side.
pub fn difference_of_means(canary: &[f64], baseline: &[f64], confidence: f64) -> Option<Interval> {
    let ((n1, m1, v1), (n2, m2, v2)) = (moments(canary)?, moments(baseline)?);
    let (s1, s2) = (v1 / n1, v2 / n2);
    let estimate = m1 - m2;
    let squared = s1 + s2;
    if squared <= 0.0 {
        // Two constants: there is nothing to be uncertain about.
        return Some(Interval { estimate, low: estimate, high: estimate });
    }
    let freedom = squared * squared / (s1 * s1 / (n1 - 1.0) + s2 * s2 / (n2 - 1.0));
    let t = StudentsT::new(0.0, 1.0, freedom).ok()?.inverse_cdf(f64::midpoint(1.0, confidence));
    let half = t * squared.sqrt();
    Some(Interval { estimate, low: estimate - half, high: estimate + half })
}

/// Count, mean and variance (of a sample), in two passes.
fn moments(values: &[f64]) -> Option<(f64, f64, f64)> {
    if values.len() < 2 {
        return None;
    }
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let variance = values.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / (count - 1.0);
    Some((count, mean, variance))
}

fn normal_quantile(probability: f64) -> f64 {
    // Mean 0 and deviation 1 are always accepted.
    Normal::new(0.0, 1.0).map_or(f64::NAN, |normal| normal.inverse_cdf(probability))
}

#[cfg(test)]
mod tests {
    use super::{difference_of_means, difference_of_proportions};

    /// Newcombe 1998, table II, method 10.
    #[test]
    fn proportions_agree_with_the_paper() {
        fn check(canary: (u64, u64), baseline: (u64, u64), low: f64, high: f64) {
            let interval = difference_of_proportions(canary, baseline, 0.95);
            assert!((interval.low - low).abs() < 6e-5 && (interval.high - high).abs() < 6e-5, "{interval:?}");
        }
        check((56, 70), (48, 80), 0.0524, 0.3339);
        check((9, 10), (3, 10), 0.1705, 0.8090);
        check((6, 7), (2, 7), 0.0582, 0.8062);
        check((5, 56), (0, 29), -0.0381, 0.1926);
        check((0, 10), (0, 20), -0.1611, 0.2775);
        check((10, 10), (0, 10), 0.6075, 1.0);
    }

    /// `scipy.stats.ttest_ind(a, b, equal_var=False).confidence_interval(0.95)` of SciPy 1.17.1.
    #[test]
    fn means_agree_with_scipy() {
        let canary = [27.5, 21.0, 19.0, 23.6, 17.0, 17.9, 16.9, 20.1, 21.9, 22.6, 23.1, 19.6, 19.0, 21.7, 21.4];
        let baseline = [27.1, 22.0, 20.8, 23.4, 23.4, 23.5, 25.8, 22.0, 24.8, 20.2, 21.9, 22.1, 22.9, 30.5, 24.4];
        let interval = difference_of_means(&canary, &baseline, 0.95).unwrap();
        assert!((interval.estimate - -2.833_333_333_333_334).abs() < 1e-12, "{interval:?}");
        assert!((interval.low - -4.868_022_741_791_966).abs() < 1e-9, "{interval:?}");
        assert!((interval.high - -0.798_643_924_874_697_9).abs() < 1e-9, "{interval:?}");
        assert!(difference_of_means(&[1.0], &baseline, 0.95).is_none());
        assert!((difference_of_means(&[2.0, 2.0], &[1.0, 1.0], 0.95).unwrap().high - 1.0).abs() < 1e-12);
    }
}
