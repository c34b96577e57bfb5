//! The Anderson–Darling test of two samples: the squared distance of the distribution functions, weighted so that a difference in the
//! tails counts as much as one in the middle.
//!
//! Source: Scholz & Stephens, "K-Sample Anderson–Darling Tests", JASA 82(399), 1987: statistics (6) and (7), variance (4), table 1. As
//! scipy's `anderson_ksamp`, whose p-value ends at 0.25 and at 0.001; `tail` goes on from there.

use super::Test;
use super::sample::{Sorted, ties};
use statrs::function::erf::erfc;

/// How ties are treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variant {
    /// Half of the ties lie below a value: scipy's default, equation (7).
    Midrank,
    /// The right-continuous distribution function, equation (6).
    Right,
}

/// Where table 1 ends: significance of 25 % down to 0.1 %.
const SIGNIFICANCE: [f64; 7] = [0.25, 0.1, 0.05, 0.025, 0.01, 0.005, 0.001];
/// The critical values of two samples: b₀ + b₁ + b₂ of table 1.
const CRITICAL: [f64; 7] = [
    0.675 - 0.245 - 0.105,
    1.281 + 0.25 - 0.305,
    1.645 + 0.678 - 0.362,
    1.96 + 1.149 - 0.391,
    2.326 + 1.822 - 0.396,
    2.573 + 2.364 - 0.345,
    3.085 + 3.615 - 0.154,
];

/// The standardised statistic and its p-value between 0.001 and 0.25, as scipy. Nothing for fewer than four values, an empty sample, or
/// one value altogether.
pub fn two_sample(reference: Sorted<'_>, current: Sorted<'_>, variant: Variant) -> Option<Test> {
    let statistic = standardised(reference, current, variant)?;
    let p_value = if statistic < CRITICAL[0] {
        SIGNIFICANCE[0]
    } else if statistic > CRITICAL[6] {
        SIGNIFICANCE[6]
    } else {
        interpolated(statistic)
    };
    Some(Test { statistic, p_value })
}

/// The p-value of a standardised statistic, beyond the table too. scipy's stops at 0.001, which no correction for more than 50
/// columns at 5 % would ever let through.
///
/// In its limit the statistic is Σ χ²₁/(j(j+1)), whose tail is that of its heaviest term times ∏(1 − λⱼ/λ₁)^−½ = √3 (Zolotarev, "Concerning
/// a certain probability problem", Theory Probab. Appl. 6, 1961).
pub fn tail(statistic: f64) -> f64 {
    if statistic < CRITICAL[0] {
        SIGNIFICANCE[0]
    } else if statistic <= CRITICAL[6] {
        interpolated(statistic)
    } else {
        // The limit's mean is 1 and its variance 2(π² − 9)/3.
        let limit = 1.0 + statistic * (2.0 * (std::f64::consts::PI.powi(2) - 9.0) / 3.0).sqrt();
        (3.0_f64.sqrt() * erfc(limit.sqrt())).min(SIGNIFICANCE[6])
    }
}

fn standardised(reference: Sorted<'_>, current: Sorted<'_>, variant: Variant) -> Option<f64> {
    let (m, n) = (reference.len(), current.len());
    if m == 0 || n == 0 || m + n < 4 {
        return None;
    }
    let raw = raw(reference, current, variant)?;
    Some((raw - 1.0) / variance(m as f64, n as f64).sqrt())
}

fn raw(reference: Sorted<'_>, current: Sorted<'_>, variant: Variant) -> Option<f64> {
    let (m, n) = (reference.len() as f64, current.len() as f64);
    let total = m + n;
    let (mut below_reference, mut below_current) = (0.0, 0.0);
    let (mut sum_reference, mut sum_current) = (0.0, 0.0);
    let mut distinct = 0_u64;
    for tie in ties(reference, current) {
        distinct += 1;
        let (left, right, both) = (tie.reference as f64, tie.current as f64, tie.both() as f64);
        let below = below_reference + below_current;
        let (place, of_reference, of_current, spread) = match variant {
            Variant::Midrank => {
                let place = below + both / 2.0;
                let spread = place * (total - place) - total * both / 4.0;
                (place, below_reference + left / 2.0, below_current + right / 2.0, spread)
            }
            Variant::Right => {
                let place = below + both;
                (place, below_reference + left, below_current + right, place * (total - place))
            }
        };
        below_reference += left;
        below_current += right;
        if variant == Variant::Right && below_reference + below_current >= total {
            break;
        }
        let weight = both / total / spread;
        sum_reference += weight * (total * of_reference - place * m).powi(2);
        sum_current += weight * (total * of_current - place * n).powi(2);
    }
    if distinct < 2 {
        return None;
    }
    let raw = sum_reference / m + sum_current / n;
    Some(if variant == Variant::Midrank { raw * (total - 1.0) / total } else { raw })
}

/// Equation (4) for k = 2.
fn variance(m: f64, n: f64) -> f64 {
    let total = m + n;
    let inverse = 1.0 / m + 1.0 / n;
    // h = Σ 1/i, g = ΣΣ 1/((N − i) j).
    let (mut partial, mut g) = (0.0, 0.0);
    for place in 2..m as u64 + n as u64 {
        partial += 1.0 / (total + 1.0 - place as f64);
        g += partial / place as f64;
    }
    let h = partial + 1.0;
    let k = 2.0;
    let a = (4.0 * g - 6.0) * (k - 1.0) + (10.0 - 6.0 * g) * inverse;
    let b = (2.0 * g - 4.0) * k * k + 8.0 * h * k + (2.0 * g - 14.0 * h - 4.0) * inverse - 8.0 * h + 4.0 * g - 6.0;
    let c = (6.0 * h + 2.0 * g - 2.0) * k * k + (4.0 * h - 4.0 * g + 6.0) * k + (2.0 * h - 6.0) * inverse + 4.0 * h;
    let d = (2.0 * h + 6.0) * k * k - 4.0 * h * k;
    (((a * total + b) * total + c) * total + d) / ((total - 1.0) * (total - 2.0) * (total - 3.0))
}

/// The logarithm of the significance is a parabola in the critical value, fitted to the table by least squares.
fn interpolated(statistic: f64) -> f64 {
    let center = CRITICAL.iter().sum::<f64>() / CRITICAL.len() as f64;
    let mut moments = [0.0; 5];
    let mut products = [0.0; 3];
    for (critical, significance) in CRITICAL.iter().zip(SIGNIFICANCE) {
        let x = critical - center;
        (0..5).for_each(|power| moments[power] += x.powi(power as i32));
        (0..3).for_each(|power| products[power] += x.powi(power as i32) * significance.ln());
    }
    let mut matrix = [0, 1, 2].map(|row| [moments[row], moments[row + 1], moments[row + 2], products[row]]);
    for pivot in 0..3 {
        for row in (0..3).filter(|row| *row != pivot) {
            let subtracted = matrix[pivot];
            let factor = matrix[row][pivot] / subtracted[pivot];
            matrix[row].iter_mut().zip(subtracted).for_each(|(entry, other)| *entry -= factor * other);
        }
    }
    let coefficient = |power: usize| matrix[power][3] / matrix[power][power];
    let x = statistic - center;
    (coefficient(0) + x * (coefficient(1) + x * coefficient(2))).exp()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::sample::Sample;

    #[test]
    fn the_tail_goes_on_where_the_table_ends() {
        assert!((tail(CRITICAL[6] + 1e-9) - 0.001).abs() < 1e-4);
        assert!(tail(20.0) < 1e-7 && tail(20.0) > 0.0);
    }

    #[test]
    fn what_has_no_spread_has_no_test() {
        let (one, other) = (Sample::of(&[1.0, 1.0, 1.0]), Sample::of(&[1.0, 1.0]));
        assert_eq!(two_sample(one.sorted(), other.sorted(), Variant::Midrank), None);
        assert_eq!(two_sample(one.sorted(), Sample::of(&[]).sorted(), Variant::Right), None);
    }
}
