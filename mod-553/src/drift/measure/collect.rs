//! Samples from batches of columns, as a reader hands them out.

use super::sample::{Sample, Shape};
use arrow::array::{Array, ArrayRef, AsArray, Float64Array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int32Type};
use mod_106::validation::outcome::Facts;
use std::collections::HashMap;

/// Collects one column.
pub(in crate::drift) struct Collector {
    facts: Facts,
    held: Held,
}

enum Held {
    Numbers(Vec<f64>),
    Categories(HashMap<String, u64>),
}

impl Collector {
    /// For a column of about so many rows.
    pub(in crate::drift) fn new(shape: Shape, rows: u64) -> Self {
        let held = match shape {
            // What a file says of itself is a hint, and no reason to ask for all memory.
            Shape::Numbers => Held::Numbers(Vec::with_capacity(usize::try_from(rows.min(1 << 22)).unwrap_or(0))),
            Shape::Categories => Held::Categories(HashMap::new()),
        };
        Self { facts: Facts::default(), held }
    }

    /// Looks at a batch.
    pub(in crate::drift) fn see(&mut self, array: &ArrayRef) -> Result<(), arrow::error::ArrowError> {
        self.facts.rows += array.len() as u64;
        self.facts.nulls += array.logical_null_count() as u64;
        match &mut self.held {
            Held::Numbers(values) => {
                let numbers = cast_to(array, &DataType::Float64)?;
                numbers_of(numbers.as_primitive(), values, &mut self.facts);
            }
            Held::Categories(counts) => count(array, counts)?,
        }
        Ok(())
    }

    /// The column, sorted or counted; `scratch` is kept by the caller, so that the next column reuses its memory.
    pub(in crate::drift) fn finish(self, scratch: &mut Vec<u64>) -> Sample {
        match self.held {
            Held::Numbers(values) => Sample::of_numbers(self.facts, values, scratch),
            Held::Categories(counts) => Sample::of_categories(self.facts, counts),
        }
    }
}

fn cast_to(array: &ArrayRef, wanted: &DataType) -> Result<ArrayRef, arrow::error::ArrowError> {
    if array.data_type() == wanted { Ok(array.clone()) } else { cast(array, wanted) }
}

fn numbers_of(array: &Float64Array, values: &mut Vec<f64>, facts: &mut Facts) {
    if array.null_count() == 0 && array.values().iter().fold(true, |all, value| all & value.is_finite()) {
        values.extend_from_slice(array.values());
        return;
    }
    for value in array.iter().flatten() {
        if value.is_finite() {
            values.push(value);
        } else if value.is_nan() {
            facts.nans += 1;
        } else if value > 0.0 {
            facts.positive_infinities += 1;
        } else {
            facts.negative_infinities += 1;
        }
    }
}

/// By the batch's dictionary where it has one: then a row costs one addition.
fn count(array: &ArrayRef, counts: &mut HashMap<String, u64>) -> Result<(), arrow::error::ArrowError> {
    let mut add = |text: &str, count: u64| match counts.get_mut(text) {
        Some(known) => *known += count,
        None => {
            counts.insert(text.to_owned(), count);
        }
    };
    if let DataType::Dictionary(..) = array.data_type() {
        let dictionary = array.as_dictionary::<Int32Type>();
        let mut by_key = vec![0_u64; dictionary.values().len()];
        for key in dictionary.keys().iter().flatten() {
            by_key[key as usize] += 1;
        }
        let words = dictionary.values().as_string::<i32>();
        for (place, count) in by_key.into_iter().enumerate().filter(|(_, count)| *count > 0) {
            if words.is_valid(place) {
                add(words.value(place), count);
            }
        }
        return Ok(());
    }
    let texts = cast_to(array, &DataType::Utf8)?;
    // Runs of the same value are looked up once.
    let mut run: Option<(&str, u64)> = None;
    for text in texts.as_string::<i32>().iter().flatten() {
        match &mut run {
            Some((word, count)) if *word == text => *count += 1,
            _ => {
                if let Some((word, count)) = run.replace((text, 1)) {
                    add(word, count);
                }
            }
        }
    }
    if let Some((word, count)) = run {
        add(word, count);
    }
    Ok(())
}
