//! What cannot be compared.

/// Why two clouds of points were not compared.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Error {
    /// Rows have different lengths.
    #[error(
        "row {row} has {found} values, and those before it {expected}: was the embedding model changed in between?"
    )]
    Ragged {
        /// Which, from 0.
        row: usize,
        /// How many it has.
        found: usize,
        /// How many it should have.
        expected: usize,
    },
    /// A value is no number, or too large to be squared.
    #[error(
        "row {row}, value {dimension}, is {found:e}, and must lie within ±1e140: leave such rows out and count them, or let the encoder fill them"
    )]
    NotFinite {
        /// Which row, from 0.
        row: usize,
        /// Which value of it, from 0.
        dimension: usize,
        /// What it is.
        found: f64,
    },
    /// A row of an embedding column is something else.
    #[error("row {row} is {found}, and the rows of an embedding are vectors of numbers")]
    NotAVector {
        /// Which, from 0.
        row: usize,
        /// What it is.
        found: &'static str,
    },
    /// The two sides live in different spaces.
    #[error(
        "the reference has {reference} dimensions and the current data {current}: compare what the same model made of the same columns"
    )]
    Dimensions {
        /// The reference's.
        reference: usize,
        /// The current data's.
        current: usize,
    },
    /// There are too few rows to say anything.
    #[error("the {side} has {found} rows, and {expected} are the least for this: widen the window")]
    TooFew {
        /// Which side.
        side: &'static str,
        /// How many it has.
        found: usize,
        /// How many it needs.
        expected: usize,
    },
    /// Columns to encode do not fit those of the reference.
    #[error("column {column}: {found}; give the columns in the order and of the kind that the reference had them")]
    Column {
        /// Which, from 0.
        column: usize,
        /// What does not fit.
        found: &'static str,
    },
}

impl Error {
    /// Too few rows are inconclusive; the rest is malformed input.
    pub fn exit_code(&self) -> u8 {
        if matches!(self, Self::TooFew { .. }) { 4 } else { 2 }
    }
}
