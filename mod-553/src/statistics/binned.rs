//! Two samples of numbers as one table of counts: bins fixed on the reference's quantiles, and beside them a bin for −∞, one for +∞ and one
//! for what is missing. PSI, Jensen–Shannon, Hellinger, χ² and G of numbers are those of this table.

use super::sample::Sorted;
use mod_106::statistics::bins::Edges;

/// Both sides' counts in the same bins, in the order: −∞, the bins between the edges, +∞, missing.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// The edges of the finite values.
    pub edges: Edges,
    /// Counts of the reference.
    pub reference: Vec<u64>,
    /// Counts of the current data.
    pub current: Vec<u64>,
}

/// Counts both sides in `bins` quantile bins of the reference's finite values and the three others.
pub fn table(reference: (Sorted<'_>, u64), current: (Sorted<'_>, u64), bins: usize) -> Table {
    let edges = Edges::of_reference(reference.0.finite().values(), bins);
    let counts = |(values, missing): (Sorted<'_>, u64)| {
        let finite = values.finite();
        let below = values.values().partition_point(|value| *value == f64::NEG_INFINITY);
        let above = values.len() - finite.len() - below;
        let mut counts = vec![below as u64];
        counts.extend(edges.counts(finite.values()));
        counts.extend([above as u64, missing]);
        counts
    };
    Table { reference: counts(reference), current: counts(current), edges }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::sample::Sample;
    use mod_106::statistics::divergence;

    #[test]
    fn infinities_and_what_is_missing_have_bins_of_their_own() {
        let reference = Sample::of(&(0..100).map(f64::from).collect::<Vec<_>>());
        let current = Sample::of(&[f64::NEG_INFINITY, 5.0, f64::INFINITY, f64::INFINITY]);
        let table = table((reference.sorted(), 7), (current.sorted(), 3), 4);
        assert_eq!(table.reference, [0, 25, 25, 25, 25, 0, 7]);
        assert_eq!(table.current, [1, 1, 0, 0, 0, 2, 3]);
    }

    #[test]
    fn one_outlier_does_not_hide_a_drift() {
        let mut random = fastrand::Rng::with_seed(1);
        let mut side = |shift: f64, outlier: Option<f64>| {
            let values = (0..10_000).map(|_| (0..12).map(|_| random.f64()).sum::<f64>() - 6.0 + shift);
            Sample::of(&values.chain(outlier).collect::<Vec<_>>())
        };
        let (a, b) = (side(0.0, None), side(3.0, Some(1e12)));
        let table = table((a.sorted(), 0), (b.sorted(), 0), 10);
        assert!(divergence::population_stability(&table.reference, &table.current).unwrap() > 5.0);
    }
}
