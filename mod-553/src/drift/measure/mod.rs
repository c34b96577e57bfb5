//! From two columns to numbers. Nothing here knows a threshold: what a number means is `decide`'s.
//!
//! | File | What it holds |
//! |---|---|
//! | `sample` | one column of one data set: every number, sorted; every category, counted; or what a sketch has of them |
//! | `collect` | samples from batches of columns |
//! | `walk` | the one pass over two sorted samples that finds Kolmogorov–Smirnov's and both Wasserstein distances |
//! | `numbers` | two samples of numbers |
//! | `table` | two rows of counts: PSI, Jensen–Shannon, χ² |
//! | `categories` | two samples of categories as such a table |

mod categories;
mod collect;
mod numbers;
mod sample;
mod table;
mod walk;

pub(super) use collect::Collector;
pub(super) use sample::{Sample, Shape, Values};

use crate::decision::Method;
use mod_106::validation::outcome::{Bin, Facts};

/// How far two samples of one column are apart, by every measure that fits them.
#[derive(Clone, Debug)]
pub(super) struct Measured {
    pub(super) measures: Vec<Taken>,
    /// Values of the reference and of the current data.
    pub(super) n: (u64, u64),
    /// Counts of both sides in the same bins or categories, without what is missing or infinite.
    pub(super) table: (Vec<u64>, Vec<u64>),
    /// In shares: how far a distribution function, or a category's share, may be off because of sketches.
    pub(super) error: f64,
    /// `KLL k=1000`, `frequent items`; absent when every value was looked at.
    pub(super) sketch: Option<&'static str>,
    pub(super) distribution: Vec<Bin>,
    pub(super) new_categories: Vec<String>,
    pub(super) facts: (Facts, Facts),
}

/// One measure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Taken {
    pub(super) method: Method,
    pub(super) statistic: f64,
    pub(super) effect: f64,
    /// How far the effect may be off because of sketches.
    pub(super) effect_error: f64,
    /// What chance moves the effect by, times the square root of the effective size, in standard deviations; where that is known.
    pub(super) chance: Option<f64>,
    pub(super) test: &'static str,
    pub(super) p_value: f64,
}

impl Measured {
    /// One of the measures.
    pub(super) fn by(&self, method: Method) -> Option<&Taken> {
        self.measures.iter().find(|taken| taken.method == method)
    }
}

/// Compares two samples of the same shape.
pub(super) fn compare(reference: &Sample, current: &Sample, bins: usize, max_categories: usize) -> Option<Measured> {
    match (&reference.values, &current.values) {
        (Values::Numbers(left), Values::Numbers(right)) => {
            Some(numbers::compare((reference, left), (current, right), bins))
        }
        (Values::Categories(left), Values::Categories(right)) => {
            Some(categories::compare((reference, left), (current, right), max_categories))
        }
        _ => None,
    }
}
