//! The energy distance of two samples: √(2 E|X−Y| − E|X−X′| − E|Y−Y′|), in one dimension √2 times the L² distance of the distribution
//! functions (Székely & Rizzo 2013). As scipy's `energy_distance`.

use super::sample::{Sorted, ties};
use mod_106::statistics::order;

/// The distance, in the square root of the values' unit; nothing for an empty side or infinite values.
pub fn distance(reference: Sorted<'_>, current: Sorted<'_>) -> Option<f64> {
    if reference.is_empty() || current.is_empty() || !reference.is_finite() || !current.is_finite() {
        return None;
    }
    Some(clamped(reference, current, f64::NEG_INFINITY, f64::INFINITY))
}

/// The distance when values are measured in interquartile ranges of the reference, and what lies beyond ten of them counts as ten: one
/// outlier of 10¹² moves the plain distance by thousands. A reference without a range is measured by the current data's, and if they have
/// none either, by their gap.
pub fn effect(reference: Sorted<'_>, current: Sorted<'_>) -> Option<f64> {
    let (center, range) = scale(reference, current)?;
    Some(clamped(reference, current, center - 10.0 * range, center + 10.0 * range) / range.sqrt())
}

/// The middle of the reference and the unit to measure in.
pub fn scale(reference: Sorted<'_>, current: Sorted<'_>) -> Option<(f64, f64)> {
    let quartiles = |side: Sorted<'_>| {
        let values = side.finite().values();
        Some((order::quantile(values, 0.25)?, order::quantile(values, 0.75)?))
    };
    let ((low, high), (other_low, other_high)) = (quartiles(reference)?, quartiles(current)?);
    let center = f64::midpoint(low, high);
    let candidates = [high - low, other_high - other_low, (f64::midpoint(other_low, other_high) - center).abs(), 1.0];
    let range = candidates.into_iter().find(|range| *range > 0.0 && range.is_finite())?;
    Some((center, range))
}

fn clamped(reference: Sorted<'_>, current: Sorted<'_>, floor: f64, ceiling: f64) -> f64 {
    let (m, n) = (reference.len() as f64, current.len() as f64);
    let (mut below_reference, mut below_current) = (0.0, 0.0);
    let (mut area, mut last) = (0.0, f64::NAN);
    for tie in ties(reference, current) {
        let value = tie.value.clamp(floor, ceiling);
        if value > last {
            area += (below_reference / m - below_current / n).powi(2) * (value - last);
        }
        last = value;
        below_reference += tie.reference as f64;
        below_current += tie.current as f64;
    }
    (2.0 * area).sqrt()
}
