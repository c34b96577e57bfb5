//! One column: its kind, its rows and nulls, and its values as sketches. Batches of Arrow come in, from a file, a stream or an
//! executor of a cluster.

use super::categories::CategoryProfile;
use super::error::Error;
use super::numbers::NumberProfile;
use arrow::array::{Array, ArrayRef, AsArray, Float64Array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int32Type, TimeUnit};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::Arc;

/// How a column's values are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// As numbers.
    Numbers,
    /// As categories.
    Categories,
    /// As times: microseconds since 1970.
    Times,
}

impl Kind {
    /// What a column of this type is looked at as; nothing for what is neither, such as lists.
    pub fn of(data_type: &DataType) -> Option<Self> {
        match data_type {
            DataType::Boolean | DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Some(Self::Categories),
            DataType::Timestamp(..) | DataType::Date32 | DataType::Date64 => Some(Self::Times),
            DataType::Dictionary(_, values) => Self::of(values),
            other if other.is_numeric() => Some(Self::Numbers),
            _ => None,
        }
    }

    /// The word in messages.
    pub fn word(self) -> &'static str {
        match self {
            Self::Numbers => "numbers",
            Self::Categories => "categories",
            Self::Times => "times",
        }
    }
}

/// The values of a column.
#[derive(Clone, Debug)]
pub enum Values {
    /// Numbers and times.
    Numbers(NumberProfile),
    /// Categories.
    Categories(CategoryProfile),
}

/// One column.
#[derive(Clone, Debug)]
pub struct ColumnProfile {
    /// How its values are looked at.
    pub kind: Kind,
    /// All rows.
    pub rows: u64,
    /// Rows without a value.
    pub nulls: u64,
    /// The others.
    pub values: Values,
}

impl ColumnProfile {
    /// A column that has seen nothing.
    pub fn new(kind: Kind) -> Self {
        let values = match kind {
            Kind::Categories => Values::Categories(CategoryProfile::default()),
            Kind::Numbers | Kind::Times => Values::Numbers(NumberProfile::default()),
        };
        Self { kind, rows: 0, nulls: 0, values }
    }

    /// Looks at a batch.
    ///
    /// # Errors
    /// When the batch is of another kind than the column.
    pub fn see(&mut self, array: &ArrayRef) -> Result<(), Error> {
        if Kind::of(array.data_type()) != Some(self.kind) && *array.data_type() != DataType::Null {
            let found = format!("a batch of type {}, and the column holds {}", array.data_type(), self.kind.word());
            return Err(Error::malformed("a batch", found));
        }
        let rows = array.len() as u64;
        let nulls = array.logical_null_count() as u64;
        match &mut self.values {
            Values::Numbers(profile) if nulls < rows => see_numbers(profile, array)?,
            Values::Categories(profile) if nulls < rows => see_categories(profile, array)?,
            Values::Numbers(_) | Values::Categories(_) => {}
        }
        self.rows += rows;
        self.nulls += nulls;
        Ok(())
    }

    /// Adds what another part of the column has.
    ///
    /// # Errors
    /// When it is of another kind.
    pub fn merge(&mut self, name: &str, other: &Self) -> Result<(), Error> {
        match (&mut self.values, &other.values) {
            (Values::Numbers(left), Values::Numbers(right)) if self.kind == other.kind => left.merge(right)?,
            (Values::Categories(left), Values::Categories(right)) => left.merge(right),
            _ => {
                let (left, right) = (self.kind.word(), other.kind.word());
                return Err(Error::Kinds { column: name.to_owned(), left, right });
            }
        }
        self.rows += other.rows;
        self.nulls += other.nulls;
        Ok(())
    }

    /// Rows that hold no value: nulls and NaN.
    pub fn missing(&self) -> u64 {
        match &self.values {
            Values::Numbers(profile) => self.nulls + profile.nans,
            Values::Categories(_) => self.nulls,
        }
    }
}

fn see_numbers(profile: &mut NumberProfile, array: &ArrayRef) -> Result<(), Error> {
    let refused = |error| Error::malformed("a batch of numbers", error);
    let numbers: Float64Array = match array.data_type() {
        DataType::Float64 => array.as_primitive().clone(),
        DataType::Timestamp(..) | DataType::Date32 | DataType::Date64 => {
            let times = cast(array, &DataType::Timestamp(TimeUnit::Microsecond, None)).map_err(refused)?;
            let times = cast(&times, &DataType::Int64).map_err(refused)?;
            cast(&times, &DataType::Float64).map_err(refused)?.as_primitive().clone()
        }
        _ => cast(array, &DataType::Float64).map_err(refused)?.as_primitive().clone(),
    };
    if numbers.null_count() == 0 {
        profile.see(numbers.values());
    } else {
        profile.see(&numbers.iter().flatten().collect::<Vec<f64>>());
    }
    Ok(())
}

/// Counts a batch by its dictionary, so that each category is hashed once a batch.
fn see_categories(profile: &mut CategoryProfile, array: &ArrayRef) -> Result<(), Error> {
    let refused = |error| Error::malformed("a batch of categories", error);
    if let DataType::Dictionary(..) = array.data_type() {
        let wanted = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
        let array =
            if *array.data_type() == wanted { Arc::clone(array) } else { cast(array, &wanted).map_err(refused)? };
        let dictionary = array.as_dictionary::<Int32Type>();
        let mut counts = vec![0_u64; dictionary.values().len()];
        for key in dictionary.keys().iter().flatten() {
            counts[key as usize] += 1;
        }
        let words = dictionary.values().as_string::<i32>();
        for (place, count) in counts.into_iter().enumerate() {
            if words.is_valid(place) {
                profile.see(words.value(place), count);
            }
        }
        return Ok(());
    }
    let texts = if *array.data_type() == DataType::Utf8 {
        Arc::clone(array)
    } else {
        cast(array, &DataType::Utf8).map_err(refused)?
    };
    let mut counts: HashMap<&str, u64> = HashMap::new();
    for text in texts.as_string::<i32>().iter().flatten() {
        *counts.entry(text).or_default() += 1;
    }
    // By name, so that what a sketch drops does not depend on a hash map's order.
    let mut counts: Vec<(&str, u64)> = counts.into_iter().collect();
    counts.sort_unstable();
    counts.into_iter().for_each(|(text, count)| profile.see(text, count));
    Ok(())
}
