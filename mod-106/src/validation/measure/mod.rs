//! From streams of columns to numbers. Nothing here knows a threshold: what a number means is `decide`'s.
//!
//! | File | What it measures |
//! |---|---|
//! | `facts` | what is missing from a column, and its range |
//! | `breaks` | how many values break an expectation, and which ones |
//! | `repeats` | values and rows that occur more than once, exactly, in bounded memory |
//! | `samples` | columns collected for a comparison: sorted, counted, or sketched |
//! | `difference` | how far two samples are apart |
//! | `bounds` | how far that may be off, when a side is sketched |
//! | `predictions` | predictions and labels, whole or by slice |
//! | `metrics` | performance metrics with their confidence intervals |

mod bounds;
pub(super) mod breaks;
pub(super) mod difference;
pub(super) mod facts;
pub mod metrics;
pub(super) mod predictions;
pub(super) mod repeats;
pub(super) mod samples;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Float64Type, Int64Type, TimestampMicrosecondType};

/// A cell as people read it; nothing, if it is null.
pub(super) fn cell(array: &ArrayRef, row: usize) -> Option<String> {
    if array.is_null(row) {
        return None;
    }
    Some(match array.data_type() {
        DataType::Boolean => array.as_boolean().value(row).to_string(),
        DataType::Int64 => array.as_primitive::<Int64Type>().value(row).to_string(),
        DataType::Float64 => array.as_primitive::<Float64Type>().value(row).to_string(),
        DataType::Utf8 => array.as_string::<i32>().value(row).to_owned(),
        _ => {
            let us = array.as_primitive::<TimestampMicrosecondType>().value(row);
            jiff::Timestamp::from_microsecond(us).map_or_else(|_| us.to_string(), |time| time.to_string())
        }
    })
}

/// Calls with each number of a column of numbers; nulls are left out.
pub(super) fn each_number(array: &ArrayRef, mut each: impl FnMut(usize, f64)) {
    match array.data_type() {
        DataType::Int64 => {
            let array = array.as_primitive::<Int64Type>();
            for (row, value) in array.iter().enumerate() {
                if let Some(value) = value {
                    each(row, value as f64);
                }
            }
        }
        DataType::Float64 => {
            let array = array.as_primitive::<Float64Type>();
            if array.null_count() == 0 {
                array.values().iter().enumerate().for_each(|(row, value)| each(row, *value));
            } else {
                array
                    .iter()
                    .enumerate()
                    .filter_map(|(row, value)| Some((row, value?)))
                    .for_each(|(row, value)| each(row, value));
            }
        }
        _ => {}
    }
}
