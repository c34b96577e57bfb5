//! Bins fixed on the reference's quantiles: half-open to the left, `(lower, upper]`, the first from −∞ and the last to +∞.
//!
//! Bins of equal width over both samples pooled let one outlier squeeze everything else into one bin, and hide a drift of three
//! standard deviations. Quantiles do not move for an outlier.

use super::order::quantile;

/// Edges between bins, strictly ascending; one more bin than edges.
#[derive(Clone, Debug, PartialEq)]
pub struct Edges(Vec<f64>);

impl Edges {
    /// The edges of `bins` bins that each hold as much of a sorted reference. A value that is so frequent that it spans quantiles gets a
    /// bin of its own, so that what moves away from it on either side is seen.
    pub fn of_reference(sorted: &[f64], bins: usize) -> Self {
        let mut edges: Vec<f64> = Vec::new();
        let mut push = |edge: f64| {
            if edge.is_finite() && edges.last().is_none_or(|last| *last < edge) {
                edges.push(edge);
            }
        };
        let at = |place: usize| quantile(sorted, place as f64 / bins as f64);
        for place in 1..bins {
            let (Some(before), Some(here), Some(after)) = (at(place - 1), at(place), at(place + 1)) else { break };
            if before == here || here == after {
                push(here.next_down());
            }
            push(here);
        }
        Self(edges)
    }

    /// The edges.
    pub fn values(&self) -> &[f64] {
        &self.0
    }

    /// How many bins there are.
    pub fn bins(&self) -> usize {
        self.0.len() + 1
    }

    /// The lower and upper edge of a bin; an open end is infinite.
    pub fn bounds(&self, bin: usize) -> (f64, f64) {
        let lower = bin.checked_sub(1).map_or(f64::NEG_INFINITY, |before| self.0[before]);
        (lower, self.0.get(bin).copied().unwrap_or(f64::INFINITY))
    }

    /// How many values of a sorted sample fall into each bin; infinities fall into the outermost.
    pub fn counts(&self, sorted: &[f64]) -> Vec<u64> {
        let mut start = 0;
        let mut counts = Vec::with_capacity(self.bins());
        for edge in &self.0 {
            let end = start + sorted[start..].partition_point(|value| value <= edge);
            counts.push((end - start) as u64);
            start = end;
        }
        counts.push((sorted.len() - start) as u64);
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_hold_equal_parts_of_the_reference() {
        let reference: Vec<f64> = (0..1000).map(f64::from).collect();
        let edges = Edges::of_reference(&reference, 10);
        assert_eq!(edges.counts(&reference), vec![100; 10]);
        assert_eq!(edges.bounds(0).0, f64::NEG_INFINITY);
        assert_eq!(edges.counts(&[f64::NEG_INFINITY, 5.0, f64::INFINITY]), [2, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    }

    #[test]
    fn a_constant_has_a_bin_on_either_side() {
        let edges = Edges::of_reference(&[5.0; 20], 10);
        assert_eq!(edges.counts(&[4.0, 5.0, 5.0, 6.0]), [1, 2, 1]);
        assert_eq!(Edges::of_reference(&[], 10).bins(), 1);
    }

    #[test]
    fn an_atom_is_alone() {
        let mut reference = vec![0.0; 500];
        reference.extend((1..=500).map(f64::from));
        let edges = Edges::of_reference(&reference, 10);
        let counts = edges.counts(&reference);
        assert_eq!(counts.iter().sum::<u64>(), 1000);
        assert_eq!(edges.counts(&[-1.0, 0.0]).iter().filter(|count| **count > 0).count(), 2);
    }
}
