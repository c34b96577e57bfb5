//! The verdict of a data set: it has drifted when half of its columns have, however many there are and however little chance was asked.

use super::column::Outcome;

/// The share of drifted columns from which a data set has drifted.
const DRIFT_SHARE: f64 = 0.5;

/// What Evidently would say of the whole.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DatasetDrift {
    /// How many columns drifted.
    pub drifted_columns: usize,
    /// Their share.
    pub share: f64,
    /// The verdict.
    pub drifted: bool,
}

/// Judges a data set from its columns' outcomes; `drift_share` is 0.5 when nobody names one. Nothing for no columns.
pub fn dataset(columns: &[Outcome], drift_share: Option<f64>) -> Option<DatasetDrift> {
    let drifted_columns = columns.iter().filter(|column| column.drifted).count();
    let share = (!columns.is_empty()).then(|| drifted_columns as f64 / columns.len() as f64)?;
    Some(DatasetDrift { drifted_columns, share, drifted: share >= drift_share.unwrap_or(DRIFT_SHARE) })
}
