//! Bins of equal width over both sides pooled, as many as Sturges asks for: one outlier stretches them until everything else is in one.
//! As numpy's `histogram_bin_edges(bins="sturges")` and `histogram`, rounding included.

use super::column::Refused;
use crate::statistics::sample::Sorted;

/// The edges, one more than bins. `count` values lie between `first` and `last`.
pub(super) fn sturges(first: f64, last: f64, count: usize, are_integers: bool) -> Result<Vec<f64>, Refused> {
    let mut width = (last - first) / ((count as f64).log2() + 1.0);
    if are_integers && width > 0.0 && width < 1.0 {
        width = 1.0;
    }
    let (first, last) = if first == last { (first - 0.5, last + 0.5) } else { (first, last) };
    let bins = if width > 0.0 { ((last - first) / width).ceil() } else { 1.0 };
    if !bins.is_finite() {
        return Err(Refused::Values("numpy", "they are too far apart for bins"));
    }
    let step = (last - first) / bins;
    let mut edges: Vec<f64> = (0..=bins as usize).map(|place| place as f64 * step + first).collect();
    if let Some(end) = edges.last_mut() {
        *end = last;
    }
    if edges.windows(2).all(|pair| pair[0] < pair[1]) {
        Ok(edges)
    } else {
        Err(Refused::Values("numpy", "they are too close together for bins"))
    }
}

/// How many values lie in each bin: closed to the left, the last one on both sides.
pub(super) fn counts(values: Sorted<'_>, edges: &[f64]) -> Vec<f64> {
    let values = values.values();
    let below = |place: usize| {
        if place + 1 == edges.len() {
            values.partition_point(|value| *value <= edges[place])
        } else {
            values.partition_point(|value| *value < edges[place])
        }
    };
    (1..edges.len()).map(|place| (below(place) - below(place - 1)) as f64).collect()
}

/// Shares that are zero become 0.0001, or a millionth of the smallest share if that is not larger: one value in a new bin can then
/// outweigh the rest.
pub(super) fn fill_zeros(shares: &mut [f64]) {
    let least = shares.iter().copied().filter(|share| *share != 0.0).fold(f64::INFINITY, f64::min);
    let filling = if least <= 0.0001 { least / 1e6 } else { 0.0001 };
    shares.iter_mut().filter(|share| **share == 0.0).for_each(|share| *share = filling);
}

/// The population stability index of shares.
pub(super) fn psi(reference: &[f64], current: &[f64]) -> f64 {
    reference.iter().zip(current).map(|(p, q)| (p - q) * (p / q).ln()).sum()
}

/// The Jensen–Shannon distance with the natural logarithm, of weights that are scaled to shares.
pub(super) fn jensen_shannon(reference: &[f64], current: &[f64]) -> f64 {
    let (left, right) = (reference.iter().sum::<f64>(), current.iter().sum::<f64>());
    let part = |share: f64, middle: f64| if share > 0.0 { share * (share / middle).ln() } else { 0.0 };
    let (mut of_reference, mut of_current) = (0.0, 0.0);
    for (p, q) in reference.iter().zip(current) {
        let (p, q) = (p / left, q / right);
        let middle = (p + q) / 2.0;
        of_reference += part(p, middle);
        of_current += part(q, middle);
    }
    ((of_reference + of_current) / 2.0).max(0.0).sqrt()
}
