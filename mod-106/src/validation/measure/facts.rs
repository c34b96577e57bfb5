//! What is missing from a column, its range, and how many different values it has. Nulls, NaN and both infinities are counted apart,
//! for each has another cause; different values are estimated by HyperLogLog, so that a column of any size takes 4 KB.

use super::each_number;
use crate::validation::outcome::{Facts, finite};
use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Float64Type, Int64Type, TimestampMicrosecondType};
use datasketches::common::NumStdDev;
use datasketches::hll::{HllSketch, HllType};

/// 2¹² registers: a standard error of 1.3 % (Flajolet et al. 2007, with the estimator of Ting 2014).
const LG_REGISTERS: u8 = 12;

/// Counts as batches come by.
#[derive(Clone, Debug)]
pub(in crate::validation) struct FactCount {
    facts: Facts,
    least: f64,
    greatest: f64,
    sum: f64,
    count: f64,
    latest_us: Option<i64>,
    different: Option<HllSketch>,
}

impl Default for FactCount {
    fn default() -> Self {
        let (least, greatest) = (f64::INFINITY, f64::NEG_INFINITY);
        Self { facts: Facts::default(), least, greatest, sum: 0.0, count: 0.0, latest_us: None, different: None }
    }
}

impl FactCount {
    /// One that also estimates how many different values there are; it costs a hash for each.
    pub(in crate::validation) fn estimating() -> Self {
        // The only refused numbers of registers are outside 4..=21.
        Self { different: HllSketch::new(LG_REGISTERS, HllType::Hll8).ok(), ..Self::default() }
    }

    /// Begins to estimate, with values of text that were seen before.
    pub(super) fn estimate_from<'a>(&mut self, seen: impl Iterator<Item = &'a str>) {
        let Self { different, .. } = Self::estimating();
        self.different = different.map(|mut sketch| {
            seen.for_each(|text| sketch.update(text));
            sketch
        });
    }

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
        if let Some(sketch) = &mut self.different {
            see_different(sketch, array);
        }
        if let DataType::Timestamp(..) = array.data_type() {
            let times = array.as_primitive::<TimestampMicrosecondType>();
            self.latest_us = self.latest_us.max(times.iter().flatten().max());
        }
    }

    /// The counts so far.
    pub(in crate::validation) fn facts(&self) -> Facts {
        let some = self.count > 0.0;
        let (distinct, distinct_error) = self.different.as_ref().map(estimate).unzip();
        Facts {
            min: finite(self.least),
            max: finite(self.greatest),
            mean: if some { finite(self.sum / self.count) } else { None },
            distinct,
            distinct_error: distinct_error.filter(|error| *error > 0.0),
            ..self.facts.clone()
        }
    }

    /// The latest time of a column of times, in microseconds since 1970.
    pub(in crate::validation) fn latest_us(&self) -> Option<i64> {
        self.latest_us
    }
}

/// Adds each value that is neither null nor NaN; −0 is 0.
fn see_different(sketch: &mut HllSketch, array: &ArrayRef) {
    match array.data_type() {
        DataType::Int64 => array.as_primitive::<Int64Type>().iter().flatten().for_each(|value| sketch.update(value)),
        DataType::Float64 => {
            let numbers = array.as_primitive::<Float64Type>().iter().flatten().filter(|value| !value.is_nan());
            numbers.for_each(|value| sketch.update((value + 0.0).to_bits()));
        }
        DataType::Boolean => array.as_boolean().iter().flatten().for_each(|value| sketch.update(value)),
        DataType::Utf8 => {
            let mut last = None;
            for text in array.as_string::<i32>().iter().flatten() {
                // Runs of the same value are hashed once.
                if last != Some(text) {
                    sketch.update(text);
                    last = Some(text);
                }
            }
        }
        _ => {
            let times = array.as_primitive::<TimestampMicrosecondType>();
            times.iter().flatten().for_each(|time| sketch.update(time));
        }
    }
}

/// How many different values, and how far off that may be with 95 % confidence; few are counted one by one, and nothing is off.
fn estimate(sketch: &HllSketch) -> (f64, f64) {
    let value = sketch.estimate().round();
    let off = (sketch.upper_bound(NumStdDev::Two) - value).max(value - sketch.lower_bound(NumStdDev::Two));
    (value, off.round())
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Float64Array, StringArray};
    use std::sync::Arc;

    #[test]
    fn different_values_are_estimated() {
        fn check(arrays: Vec<ArrayRef>, expected: f64) {
            let mut count = FactCount::estimating();
            arrays.iter().for_each(|array| count.see(array, |_| {}));
            let facts = count.facts();
            let (found, error) = (facts.distinct.expect("it was asked"), facts.distinct_error.unwrap_or(0.0));
            assert!((found - expected).abs() <= error, "{found} ± {error}, not {expected}");
            assert!(error <= 0.04 * expected, "{found} ± {error}");
        }
        check(vec![Arc::new(Float64Array::from(vec![Some(0.0), Some(-0.0), None, Some(f64::NAN), Some(2.0)]))], 2.0);
        check(vec![Arc::new(StringArray::from(vec![Some("a"), Some("a"), None, Some("b"), Some("a")]))], 2.0);
        check(vec![Arc::new(StringArray::from(Vec::<Option<&str>>::new()))], 0.0);
        let batch = |from: u32| Arc::new((from..from + 30_000).map(f64::from).collect::<Float64Array>()) as ArrayRef;
        check(vec![batch(0), batch(20_000), batch(0)], 50_000.0);
    }

    #[test]
    fn what_was_not_asked_is_not_estimated() {
        let mut count = FactCount::default();
        count.see(&(Arc::new(StringArray::from(vec!["a"])) as ArrayRef), |_| {});
        assert_eq!(count.facts().distinct, None);
    }
}
