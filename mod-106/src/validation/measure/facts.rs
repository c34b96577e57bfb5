//! What is missing from a column, and its range: nulls, NaN and both infinities counted apart, for each has another cause.

use super::each_number;
use crate::validation::outcome::{Facts, finite};
use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, TimestampMicrosecondType};

/// Counts as batches come by.
#[derive(Clone, Debug)]
pub(in crate::validation) struct FactCount {
    facts: Facts,
    least: f64,
    greatest: f64,
    sum: f64,
    count: f64,
    latest_us: Option<i64>,
}

impl Default for FactCount {
    fn default() -> Self {
        let (least, greatest) = (f64::INFINITY, f64::NEG_INFINITY);
        Self { facts: Facts::default(), least, greatest, sum: 0.0, count: 0.0, latest_us: None }
    }
}

impl FactCount {
    /// Looks at a batch of the column; `each` is called with every number that is not NaN.
    pub(in crate::validation) fn see(&mut self, array: &ArrayRef, mut each: impl FnMut(f64)) {
        self.facts.rows += array.len() as u64;
        self.facts.nulls += array.null_count() as u64;
        each_number(array, |_, value| {
            if value.is_finite() {
                self.least = self.least.min(value);
                self.greatest = self.greatest.max(value);
                self.sum += value;
                self.count += 1.0;
                each(value);
            } else if value.is_nan() {
                self.facts.nans += 1;
            } else {
                if value > 0.0 {
                    self.facts.positive_infinities += 1;
                } else {
                    self.facts.negative_infinities += 1;
                }
                each(value);
            }
        });
        if let DataType::Timestamp(..) = array.data_type() {
            let times = array.as_primitive::<TimestampMicrosecondType>();
            self.latest_us = self.latest_us.max(times.iter().flatten().max());
        }
    }

    /// The counts so far.
    pub(in crate::validation) fn facts(&self) -> Facts {
        let some = self.count > 0.0;
        Facts {
            min: finite(self.least),
            max: finite(self.greatest),
            mean: if some { finite(self.sum / self.count) } else { None },
            ..self.facts.clone()
        }
    }

    /// The latest time of a column of times, in microseconds since 1970.
    pub(in crate::validation) fn latest_us(&self) -> Option<i64> {
        self.latest_us
    }
}
