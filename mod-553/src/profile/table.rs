//! A whole data set: its columns by name.

use super::column::{ColumnProfile, Kind};
use super::error::Error;
use arrow::array::{Array, RecordBatch};
use std::collections::BTreeMap;

/// A data set's profile.
#[derive(Clone, Debug, Default)]
pub struct Profile {
    /// How many rows it has.
    pub rows: u64,
    /// Its columns, by name.
    pub columns: BTreeMap<String, ColumnProfile>,
}

impl Profile {
    /// Looks at a batch; columns that are neither numbers, categories nor times are passed over.
    ///
    /// # Errors
    /// When a column changed its kind between batches.
    pub fn see(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        for (field, array) in batch.schema().fields().iter().zip(batch.columns()) {
            let Some(kind) = Kind::of(array.data_type()) else { continue };
            let column = self.columns.entry(field.name().clone()).or_insert_with(|| {
                let mut column = ColumnProfile::new(kind);
                // Rows before the column appeared have no value in it.
                (column.rows, column.nulls) = (self.rows, self.rows);
                column
            });
            column.see(array)?;
        }
        self.rows += batch.num_rows() as u64;
        self.fill();
        Ok(())
    }

    /// Adds what another part of the data set has. A column that one part lacks is null there.
    ///
    /// # Errors
    /// When a column is of another kind in the other part; then nothing was added.
    pub fn merge(&mut self, other: &Self) -> Result<(), Error> {
        let mut merged = self.clone();
        for (name, column) in &other.columns {
            match merged.columns.get_mut(name) {
                Some(here) => here.merge(name, column)?,
                None => {
                    let mut column = column.clone();
                    column.rows += self.rows;
                    column.nulls += self.rows;
                    merged.columns.insert(name.clone(), column);
                }
            }
        }
        merged.rows += other.rows;
        merged.fill();
        *self = merged;
        Ok(())
    }

    /// Counts the rows in which a column was not there as nulls of it.
    fn fill(&mut self) {
        for column in self.columns.values_mut() {
            let lacking = self.rows.saturating_sub(column.rows);
            column.rows += lacking;
            column.nulls += lacking;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Profile;
    use arrow::array::{ArrayRef, Float64Array, RecordBatch, StringArray};
    use std::sync::Arc;

    fn profile(columns: Vec<(&str, ArrayRef)>) -> Profile {
        let mut profile = Profile::default();
        profile.see(&RecordBatch::try_from_iter(columns).unwrap()).unwrap();
        profile
    }

    fn numbers(values: &[f64]) -> ArrayRef {
        Arc::new(Float64Array::from(values.to_vec()))
    }

    #[test]
    fn a_column_that_one_part_lacks_is_null_there() {
        let mut left = profile(vec![("x", numbers(&[1.0, 2.0]))]);
        left.merge(&profile(vec![("x", numbers(&[3.0])), ("y", numbers(&[4.0]))])).unwrap();
        assert_eq!(left.rows, 3);
        assert_eq!((left.columns["y"].rows, left.columns["y"].nulls), (3, 2));
        assert_eq!((left.columns["x"].rows, left.columns["x"].nulls), (3, 0));
    }

    #[test]
    fn a_changed_kind_is_named_and_nothing_is_added() {
        let mut left = profile(vec![("x", numbers(&[1.0, 2.0]))]);
        let texts: ArrayRef = Arc::new(StringArray::from(vec!["a"]));
        let error = left.merge(&profile(vec![("x", texts)])).unwrap_err().to_string();
        assert!(error.starts_with("column `x` is numbers in one profile and categories in the other"), "{error}");
        assert_eq!(left.rows, 2);
    }
}
