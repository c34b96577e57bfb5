//! A drift *signal*: the last requests against the training data, feature by feature, cheap enough for every request.
//!
//! Bins are the training data's quantiles, with one more for what is missing; the index is the bias-corrected PSI of
//! `mod_106::statistics::divergence`. This tells that something moved. Whether it matters is decided by `mod-553 drift`, with tests,
//! corrections and a power analysis: a page on this signal alone would be a page for chance.

use crate::inference_log::Value;
use mod_106::statistics::divergence::population_stability_corrected;
use std::collections::{BTreeMap, VecDeque};

/// Fewer requests say nothing about ten bins.
const FEWEST: usize = 100;

/// How the training data fell into bins.
#[derive(Clone, Debug, PartialEq)]
pub enum Reference {
    /// Half-open bins `(lower, upper]` between ascending edges; one more count than edges, and one for nulls.
    Number {
        /// Ascending.
        edges: Vec<f64>,
        /// A count for each bin, then for nulls.
        counts: Vec<u64>,
    },
    /// A count for each category, one for those never seen (0), one for nulls.
    Category {
        /// The categories.
        levels: Vec<String>,
        /// A count for each, then for unseen ones, then for nulls.
        counts: Vec<u64>,
    },
}

impl Reference {
    fn counts(&self) -> &[u64] {
        match self {
            Self::Number { counts, .. } | Self::Category { counts, .. } => counts,
        }
    }

    fn bin(&self, value: Option<&Value>) -> usize {
        let last = self.counts().len() - 1;
        match (self, value) {
            (Self::Number { edges, .. }, Some(Value::Number(number))) if !number.is_nan() => {
                edges.partition_point(|edge| edge < number)
            }
            (Self::Category { levels, .. }, Some(Value::Text(text))) => {
                levels.iter().position(|level| level == text).unwrap_or(last - 1)
            }
            _ => last,
        }
    }
}

/// The last requests, binned.
#[derive(Debug)]
pub struct Window {
    references: Vec<(String, Reference)>,
    capacity: usize,
    counts: Vec<Vec<u64>>,
    /// For each request the bin of each feature, oldest first.
    rows: VecDeque<Vec<usize>>,
}

impl Window {
    /// An empty window over these features.
    pub fn new(references: Vec<(String, Reference)>, capacity: usize) -> Self {
        let counts = references.iter().map(|(_, reference)| vec![0; reference.counts().len()]).collect();
        Self { references, capacity: capacity.max(FEWEST), counts, rows: VecDeque::new() }
    }

    /// Takes in one request; the oldest makes room.
    pub fn add(&mut self, features: &BTreeMap<String, Value>) {
        let bins: Vec<usize> =
            self.references.iter().map(|(name, reference)| reference.bin(features.get(name))).collect();
        if self.rows.len() == self.capacity
            && let Some(oldest) = self.rows.pop_front()
        {
            self.counts.iter_mut().zip(oldest).for_each(|(counts, bin)| counts[bin] -= 1);
        }
        self.counts.iter_mut().zip(&bins).for_each(|(counts, bin)| counts[*bin] += 1);
        self.rows.push_back(bins);
    }

    /// How many requests it holds.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Each feature with its bias-corrected PSI; NaN, which no alert compares true with, while there are too few requests.
    pub fn stability(&self) -> Vec<(&str, f64)> {
        let pairs = self.references.iter().zip(&self.counts);
        let index = pairs.map(|((name, reference), counts)| {
            let psi = population_stability_corrected(reference.counts(), counts).filter(|_| self.len() >= FEWEST);
            (name.as_str(), psi.unwrap_or(f64::NAN))
        });
        index.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{Reference, Window};
    use crate::inference_log::Value;
    use std::collections::BTreeMap;

    fn window() -> Window {
        let edges: Vec<f64> = (1..10).map(|place| f64::from(place) / 10.0).collect();
        let counts = [vec![1_000; 10], vec![0]].concat();
        let channel =
            Reference::Category { levels: vec!["web".to_owned(), "app".to_owned()], counts: vec![5_000, 5_000, 0, 0] };
        Window::new(vec![("x".to_owned(), Reference::Number { edges, counts }), ("channel".to_owned(), channel)], 500)
    }

    fn row(x: f64, channel: &str) -> BTreeMap<String, Value> {
        [("x".to_owned(), Value::Number(x)), ("channel".to_owned(), Value::Text(channel.to_owned()))].into()
    }

    #[test]
    fn quiet_data_is_quiet_and_moved_data_is_not() {
        let mut random = fastrand::Rng::with_seed(7);
        let mut window = window();
        assert!(window.is_empty() && window.stability().iter().all(|(_, psi)| psi.is_nan()));
        for _ in 0..500 {
            window.add(&row(random.f64(), if random.bool() { "web" } else { "app" }));
        }
        let quiet = window.stability();
        assert!(quiet.iter().all(|(_, psi)| *psi < 0.05), "{quiet:?}");
        for _ in 0..500 {
            window.add(&row(random.f64() + 0.5, "fax"));
        }
        assert_eq!(window.len(), 500);
        let moved = window.stability();
        assert!(moved.iter().all(|(_, psi)| *psi > 0.5), "{moved:?}");
    }

    #[test]
    fn one_huge_value_is_one_value() {
        let mut random = fastrand::Rng::with_seed(8);
        let mut window = window();
        for _ in 0..499 {
            window.add(&row(random.f64(), if random.bool() { "web" } else { "app" }));
        }
        window.add(&row(1e12, "web"));
        assert!(window.stability()[0].1 < 0.05, "{:?}", window.stability());
    }
}
