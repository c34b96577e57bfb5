//! The Wasserstein-1 distance between two samples: the area between their distribution functions. As scipy's
//! `wasserstein_distance`, and a second form that one broken value cannot move.

use super::order::quantile;

/// The area between the distribution functions of two sorted samples of finite values, in their own unit; nothing, if one is
/// empty.
pub fn distance(reference: &[f64], current: &[f64]) -> Option<f64> {
    clamped(reference, current, f64::NEG_INFINITY, f64::INFINITY)
}

/// How far apart the samples are, in interquartile ranges of the reference; values beyond ten of them outside its quartiles count
/// as if they were there. One outlier of 10¹² in 100,000 rows moves the plain distance by 10⁷, and this one by 0.0001.
///
/// A reference whose middle half is constant is measured in standard deviations (of the clamped values), and one that is altogether
/// constant in its own value, or 1 if that is 0.
pub fn effect(reference: &[f64], current: &[f64]) -> Option<f64> {
    let (low, high) = (quantile(reference, 0.25)?, quantile(reference, 0.75)?);
    let finite = low.is_finite() && high.is_finite();
    let mut scale = if finite { high - low } else { 0.0 };
    let (mut floor, mut ceiling) = (low - 10.0 * scale, high + 10.0 * scale);
    if scale.is_nan() || scale <= 0.0 {
        let inside: Vec<f64> = reference.iter().copied().filter(|value| value.is_finite()).collect();
        let mean = inside.iter().sum::<f64>() / inside.len().max(1) as f64;
        let variance = inside.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / inside.len().max(1) as f64;
        scale = variance.sqrt();
        if scale <= mean.abs() * 1e-12 {
            scale = if mean == 0.0 { 1.0 } else { mean.abs() };
        }
        (floor, ceiling) = (mean - 10.0 * scale, mean + 10.0 * scale);
    }
    clamped(reference, current, floor, ceiling).map(|distance| distance / scale)
}

/// The area between the distribution functions after every value was moved into `floor..=ceiling`.
fn clamped(reference: &[f64], current: &[f64], floor: f64, ceiling: f64) -> Option<f64> {
    let (m, n) = (reference.len(), current.len());
    if m == 0 || n == 0 {
        return None;
    }
    let (mut i, mut j) = (0, 0);
    let (per_reference, per_current) = (1.0 / m as f64, 1.0 / n as f64);
    let mut area = 0.0;
    let mut last = reference[0].min(current[0]).clamp(floor, ceiling);
    while i < m || j < n {
        let value = match (reference.get(i), current.get(j)) {
            (Some(one), Some(two)) => one.min(*two),
            (Some(rest), None) | (None, Some(rest)) => *rest,
            (None, None) => break,
        };
        let here = value.clamp(floor, ceiling);
        area += (i as f64 * per_reference - j as f64 * per_current).abs() * (here - last);
        last = here;
        // Values that repeat are passed over together.
        i += reference[i..].iter().take_while(|other| **other == value).count();
        j += current[j..].iter().take_while(|other| **other == value).count();
    }
    Some(area)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_by_hand() {
        fn check(a: &[f64], b: &[f64], expected: f64) {
            assert!((distance(a, b).expect("not empty") - expected).abs() < 1e-12, "{a:?} {b:?}");
        }
        check(&[0.0, 1.0, 3.0], &[5.0, 6.0, 8.0], 5.0);
        check(&[0.0], &[0.0], 0.0);
        check(&[0.0, 2.0], &[1.0], 1.0);
        assert_eq!(distance(&[], &[1.0]), None);
    }

    #[test]
    fn one_outlier_moves_the_effect_by_little() {
        let reference: Vec<f64> = (0..100_000).map(|i| f64::from(i) / 1000.0).collect();
        let mut current = reference.clone();
        current[99_999] = 1e12;
        assert!(distance(&reference, &current).expect("not empty") > 1e6);
        assert!(effect(&reference, &current).expect("not empty") < 2e-4);
        let shifted: Vec<f64> = reference.iter().map(|value| value + 25.0).chain([1e12]).collect();
        assert!(effect(&reference, &shifted).expect("not empty") > 0.4);
    }

    #[test]
    fn a_constant_reference_has_an_effect() {
        assert_eq!(effect(&[5.0, 5.0], &[5.0, 5.0]), Some(0.0));
        assert_eq!(effect(&[5.0, 5.0], &[10.0, 10.0]), Some(1.0));
        assert_eq!(effect(&[0.0, 0.0], &[f64::INFINITY]), Some(10.0));
    }
}
