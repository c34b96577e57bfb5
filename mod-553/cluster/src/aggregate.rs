//! `column_profile(column)`: a column's sketch as an aggregate function. Its state and its result are the same text, a profile of one
//! column as `mod-553 drift` writes it, so whoever reads the state of a running plan reads a profile.

use crate::profile::{self, ColumnProfile, Kind, Profile};
use datafusion::arrow::array::{ArrayRef, AsArray};
use datafusion::arrow::datatypes::DataType;
use datafusion::common::{DataFusionError, Result, ScalarValue, exec_err};
use datafusion::logical_expr::function::AccumulatorArgs;
use datafusion::logical_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, Signature, Volatility};
use std::sync::Arc;

/// The function's name, by which executors look it up in their registry.
pub const NAME: &str = "column_profile";
/// What the column is called in a state.
const COLUMN: &str = "column";
/// About what a column's sketches take in memory: 23 KB of quantiles, 4 KB of registers, and the lists around them.
const BYTES: usize = 40 << 10;

/// The function, for a session or a registry.
pub fn function() -> Arc<AggregateUDF> {
    let signature = Signature::any(1, Volatility::Immutable);
    Arc::new(AggregateUDF::new_from_impl(ColumnProfileFunction { signature }))
}

/// The column in what the function answered.
///
/// # Errors
/// A text that is no profile of one column.
pub fn column(text: &str) -> Result<ColumnProfile, profile::Error> {
    let mut profile = profile::parse("the aggregate's state", text)?;
    // `write` put it there, and `parse` refuses what is no profile.
    Ok(profile.columns.remove(COLUMN).unwrap_or_else(|| ColumnProfile::new(Kind::Categories)))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct ColumnProfileFunction {
    signature: Signature,
}

impl AggregateUDFImpl for ColumnProfileFunction {
    fn name(&self) -> &str {
        NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        match arguments.first().and_then(Kind::of) {
            Some(_) => Ok(DataType::Utf8),
            None => exec_err!("{NAME} takes numbers, categories or times, and not {arguments:?}"),
        }
    }

    fn accumulator(&self, arguments: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        let data_type = arguments.expr_fields.first().map(|field| field.data_type());
        match data_type.and_then(Kind::of) {
            Some(kind) => Ok(Box::new(Sketch { column: ColumnProfile::new(kind) })),
            None => exec_err!("{NAME} takes numbers, categories or times, and not {data_type:?}"),
        }
    }
}

#[derive(Debug)]
struct Sketch {
    column: ColumnProfile,
}

fn external(error: profile::Error) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

impl Accumulator for Sketch {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        values.iter().try_for_each(|array| self.column.see(array)).map_err(external)
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        for state in states.iter().flat_map(|array| array.as_string::<i32>().iter().flatten()) {
            let other = column(state).map_err(external)?;
            self.column.merge(COLUMN, &other).map_err(external)?;
        }
        Ok(())
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![self.evaluate()?])
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let columns = [(COLUMN.to_owned(), self.column.clone())].into();
        let text = profile::write(&Profile { rows: self.column.rows, columns });
        Ok(ScalarValue::Utf8(Some(text)))
    }

    fn size(&self) -> usize {
        size_of_val(self) + BYTES
    }
}
