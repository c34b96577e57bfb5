//! Columns into points: numbers as they are, categories as their share in the reference (count encoding), what is missing as the
//! reference's mean, and then each dimension on the reference's scale. A category that the reference never had is as rare as can be.
//!
//! Whether more values are missing than before is a question of one column, and asked there.

use super::{Error, Points};
use std::collections::HashMap;

/// A column's values, row by row.
#[derive(Clone, Debug, PartialEq)]
pub enum Column {
    /// Numbers; NaN and ±∞ count as missing.
    Numbers(Vec<Option<f64>>),
    /// Categories.
    Categories(Vec<Option<String>>),
}

impl Column {
    /// How many rows it has.
    pub fn len(&self) -> usize {
        match self {
            Self::Numbers(values) => values.len(),
            Self::Categories(values) => values.len(),
        }
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// What the reference taught.
#[derive(Clone, Debug, PartialEq)]
pub struct Encoder {
    columns: Vec<Learned>,
}

#[derive(Clone, Debug, PartialEq)]
struct Learned {
    /// Of categories, the share of each.
    shares: Option<HashMap<String, f64>>,
    mean: f64,
    /// The standard deviation; 1 where nothing varies.
    scale: f64,
}

impl Encoder {
    /// Learns from the reference.
    ///
    /// # Errors
    /// Columns of different lengths.
    pub fn fit(reference: &[Column]) -> Result<Self, Error> {
        same_length(reference)?;
        Ok(Self { columns: reference.iter().map(Learned::of).collect() })
    }

    /// Points of columns in the same order.
    ///
    /// # Errors
    /// Columns that are not those of the reference.
    pub fn encode(&self, columns: &[Column]) -> Result<Points, Error> {
        same_length(columns)?;
        if columns.len() != self.columns.len() {
            return Err(Error::Dimensions { reference: self.columns.len(), current: columns.len() });
        }
        let mut encoded = Vec::with_capacity(columns.len());
        for (index, (learned, column)) in self.columns.iter().zip(columns).enumerate() {
            encoded.push(learned.encode(column).ok_or(Error::Column { column: index, found: "its kind changed" })?);
        }
        let rows = columns.first().map_or(0, Column::len);
        Points::new((0..rows).map(|row| encoded.iter().map(|column| column[row]).collect::<Vec<f64>>()))
    }
}

impl Learned {
    fn of(column: &Column) -> Self {
        let shares = match column {
            Column::Numbers(_) => None,
            Column::Categories(values) => {
                let mut shares = HashMap::new();
                for value in values.iter().flatten() {
                    *shares.entry(value.clone()).or_insert(0.0) += 1.0 / values.len() as f64;
                }
                Some(shares)
            }
        };
        let raw = Self { shares, mean: 0.0, scale: 1.0 };
        let known: Vec<f64> = raw.numbers(column).into_iter().flatten().flatten().collect();
        let n = known.len().max(1) as f64;
        let mean = known.iter().sum::<f64>() / n;
        let spread = (known.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / n).sqrt();
        // A constant has a spread of rounding errors at most.
        let scale = if spread > 1e-12 * mean.abs() && spread.is_finite() { spread } else { 1.0 };
        Self { mean: if mean.is_finite() { mean } else { 0.0 }, scale, ..raw }
    }

    /// Numbers of a column; nothing, if it is of the other kind.
    fn numbers(&self, column: &Column) -> Option<Vec<Option<f64>>> {
        match (column, &self.shares) {
            (Column::Numbers(values), None) => {
                Some(values.iter().map(|value| value.filter(|value| value.is_finite())).collect())
            }
            (Column::Categories(values), Some(shares)) => {
                let share = |value: &String| shares.get(value).copied().unwrap_or(0.0);
                Some(values.iter().map(|value| value.as_ref().map(share)).collect())
            }
            _ => None,
        }
    }

    fn encode(&self, column: &Column) -> Option<Vec<f64>> {
        let scaled = |value: Option<f64>| (value.unwrap_or(self.mean) - self.mean) / self.scale;
        Some(self.numbers(column)?.into_iter().map(scaled).collect())
    }
}

fn same_length(columns: &[Column]) -> Result<(), Error> {
    let rows = columns.first().map_or(0, Column::len);
    match columns.iter().position(|column| column.len() != rows) {
        Some(column) => Err(Error::Column { column, found: "it has more or fewer rows than the first" }),
        None => Ok(()),
    }
}
