//! The newest row of each entity in a span of time: what materialisation copies into the online store.

use super::as_of::FeatureRow;
use super::training::{column, keys, moments, read_rows, refuse_ambiguous};
use crate::features::definitions::{Feature, FeatureView, Repository};
use crate::features::error::Error;
use crate::features::time::Nanoseconds;
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Float32Type, Float64Type, Int32Type, Int64Type};
use serde_json::{Map, Value};
use std::collections::HashMap;

/// An entity's newest row.
#[derive(Debug, Clone, PartialEq)]
pub struct LatestRow {
    /// The join keys' values, in the order of the view's entities.
    pub key: Vec<Value>,
    /// The features' values by name.
    pub values: Map<String, Value>,
    /// Since when they are true.
    pub event: Nanoseconds,
    /// When they were written.
    pub created: Nanoseconds,
}

/// The newest row of each entity with `start ≤ event ≤ end`; ties go to the row created last.
///
/// # Errors
/// When the source cannot be read or does not fit.
pub fn latest(
    repository: &Repository,
    view: &FeatureView,
    start: Nanoseconds,
    end: Nanoseconds,
) -> Result<Vec<LatestRow>, Error> {
    let features: Vec<&Feature> = view.features.iter().collect();
    let table = read_rows(repository, view, &features)?;
    let names: Vec<_> = repository.join_keys(view)?.into_iter().map(|(name, _)| name).collect();
    let (keys, moments) = (keys(&table, &names), moments(repository, view, &table)?);
    let (mut numbers, mut newest): (HashMap<_, u32>, Vec<usize>) = (HashMap::new(), Vec::new());
    let (mut rows, mut origin) = (Vec::new(), Vec::new());
    for (index, (event, created)) in moments.iter().copied().enumerate() {
        if !(start..=end).contains(&event) {
            continue;
        }
        let next = newest.len() as u32;
        let number = *numbers.entry(keys.row(index)).or_insert(next);
        rows.push(FeatureRow { key: number, event, created });
        origin.push(index);
        match newest.get_mut(number as usize) {
            None => newest.push(index),
            Some(best) if moments[*best] <= (event, created) => *best = index,
            Some(_) => {}
        }
    }
    refuse_ambiguous(view, &table, &names, &rows, &origin)?;
    let row = |index: usize| LatestRow {
        key: names.iter().map(|name| cell(column(&table, name), index)).collect(),
        values: values(&table, &features, index),
        event: moments[index].0,
        created: moments[index].1,
    };
    Ok(newest.into_iter().map(row).collect())
}

fn values(table: &RecordBatch, features: &[&Feature], row: usize) -> Map<String, Value> {
    features.iter().map(|feature| (feature.name.clone(), cell(column(table, &feature.name), row))).collect()
}

/// One value as JSON; floating-point numbers that JSON does not know are text, as protocol buffers' JSON has them.
pub(super) fn cell(array: &ArrayRef, row: usize) -> Value {
    if array.is_null(row) {
        return Value::Null;
    }
    match array.data_type() {
        DataType::Int32 => array.as_primitive::<Int32Type>().value(row).into(),
        DataType::Int64 => array.as_primitive::<Int64Type>().value(row).into(),
        DataType::Float32 => float(f64::from(array.as_primitive::<Float32Type>().value(row))),
        DataType::Float64 => float(array.as_primitive::<Float64Type>().value(row)),
        DataType::Boolean => array.as_boolean().value(row).into(),
        _ => arrow::util::display::array_value_to_string(array, row).unwrap_or_default().into(),
    }
}

fn float(number: f64) -> Value {
    let odd = if number.is_nan() {
        "NaN"
    } else if number > 0.0 {
        "Infinity"
    } else {
        "-Infinity"
    };
    serde_json::Number::from_f64(number).map_or_else(|| odd.into(), Value::Number)
}
