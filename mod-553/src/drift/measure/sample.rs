//! One column of one data set, ready to be compared.

use crate::profile::{ColumnProfile, Values as Profiled};
use mod_106::statistics::order;
use mod_106::validation::outcome::Facts;
use std::collections::HashMap;

/// So many numbers stand for a sketched column: four times what it retains.
const STAND_INS: usize = 4096;

/// Whether a column is compared as numbers or as categories.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::drift) enum Shape {
    Numbers,
    Categories,
}

/// One column of one data set.
#[derive(Clone, Debug)]
pub(in crate::drift) struct Sample {
    pub(in crate::drift) facts: Facts,
    pub(in crate::drift) values: Values,
    /// Finite numbers, or categories.
    pub(in crate::drift) n: u64,
    /// In shares: how far a distribution function, or a category's share, may be off.
    pub(in crate::drift) error: f64,
}

#[derive(Clone, Debug)]
pub(in crate::drift) enum Values {
    /// Finite ones, sorted; of a sketched column, stand-ins at evenly spaced ranks.
    Numbers(Vec<f64>),
    /// Counts; of a sketched column, of the frequent ones only.
    Categories(HashMap<String, u64>),
}

impl Sample {
    /// Of all numbers, in any order.
    pub(in crate::drift) fn of_numbers(mut facts: Facts, mut values: Vec<f64>, scratch: &mut Vec<u64>) -> Self {
        let n = values.len() as f64;
        let origin = values.first().copied().unwrap_or_default();
        let sum: f64 = values.iter().map(|value| value - origin).sum();
        facts.mean = (n > 0.0).then(|| origin + sum / n).filter(|mean| mean.is_finite());
        order::sort(&mut values, scratch);
        (facts.min, facts.max) = (values.first().copied(), values.last().copied());
        let changes = values.windows(2).filter(|pair| pair[0] != pair[1]).count();
        facts.distinct = Some((changes + usize::from(!values.is_empty())) as f64);
        Self { facts, n: values.len() as u64, values: Values::Numbers(values), error: 0.0 }
    }

    /// Of all categories.
    pub(in crate::drift) fn of_categories(mut facts: Facts, counts: HashMap<String, u64>) -> Self {
        facts.distinct = Some(counts.len() as f64);
        Self { facts, n: counts.values().sum(), values: Values::Categories(counts), error: 0.0 }
    }

    /// Of a profile: whatever compares samples then compares sketches, too.
    pub(in crate::drift) fn of_profile(profile: &ColumnProfile) -> Self {
        let mut facts = Facts { rows: profile.rows, nulls: profile.nulls, ..Facts::default() };
        match &profile.values {
            Profiled::Numbers(numbers) => {
                let moments = &numbers.moments;
                facts.nans = numbers.nans;
                facts.positive_infinities = numbers.positive_infinities;
                facts.negative_infinities = numbers.negative_infinities;
                (facts.min, facts.max) = (moments.min, moments.max);
                facts.mean = (moments.count > 0).then_some(moments.mean);
                facts.distinct = Some(numbers.distinct());
                let values = numbers.stand_ins(STAND_INS);
                let held = numbers.rank_error() == 0.0 && values.len() as u64 == moments.count;
                let error = if held { 0.0 } else { numbers.rank_error() + 0.5 / values.len().max(1) as f64 };
                Self { facts, n: moments.count, values: Values::Numbers(values), error }
            }
            Profiled::Categories(categories) => {
                facts.distinct = Some(categories.distinct());
                let frequent = categories.frequent().into_iter().map(|it| (it.category, it.count)).collect();
                let (n, error) = (categories.count(), categories.share_error());
                Self { facts, n, values: Values::Categories(frequent), error }
            }
        }
    }

    /// Numbers of few different values as categories: ties make Kolmogorov–Smirnov blind.
    pub(in crate::drift) fn as_categories(&mut self) {
        if let Values::Numbers(values) = &self.values {
            // Of stand-ins, what they stand for.
            let each = self.n as f64 / values.len().max(1) as f64;
            let count = |run: &[f64]| (run.len() as f64 * each).round() as u64;
            let runs = values.chunk_by(|a, b| a == b).map(|run| (run[0].to_string(), count(run)));
            self.values = Values::Categories(runs.collect());
        }
    }

    /// Rows that hold nothing.
    pub(in crate::drift) fn missing(&self) -> u64 {
        self.facts.nulls + self.facts.nans
    }
}
