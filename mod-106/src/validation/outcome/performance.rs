//! Predictions against labels: metrics of all rows and of every slice, with their intervals.

use super::{Interval, Threshold, Verdict};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Predictions against labels.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Performance {
    /// `binary`, `multiclass` or `regression`.
    pub task: String,
    /// Rows with both a prediction and a label.
    pub rows: u64,
    /// Rows left out, for one of them is missing or not finite.
    pub left_out: u64,
    /// Every metric, of all rows and of every slice.
    pub metrics: Vec<Metric>,
    /// Of a binary or multi-class task: `labels` × `labels` counts, rows are what is true, columns what was predicted.
    pub confusion: Option<Confusion>,
    /// Of probabilities: predicted against observed, in ten bins.
    pub calibration: Vec<CalibrationBin>,
}

/// One metric of one slice.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Metric {
    /// The expectation that this is behind; absent of a metric that has no threshold.
    pub id: Option<String>,
    /// `accuracy`, `precision`, `recall`, `f1`, `roc_auc`, `log_loss`, `brier`, `ece`, `mae`, `rmse`, `r2`.
    pub metric: String,
    /// The slice: `column` → value; empty of all rows.
    pub slice: BTreeMap<String, String>,
    /// The value; absent where it is not defined, such as ROC AUC of one class.
    pub value: Option<f64>,
    /// Where the true value lies.
    pub interval: Option<Interval>,
    /// What it had to be.
    pub threshold: Threshold,
    /// Rows behind it.
    pub n: u64,
    /// How many rows would settle an inconclusive verdict, if the value stays as it is.
    pub needed_n: Option<u64>,
    /// What became of it; `passed` where nothing was asked.
    pub verdict: Verdict,
}

/// What is true against what was predicted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Confusion {
    /// The classes.
    pub labels: Vec<String>,
    /// `counts[true][predicted]`.
    pub counts: Vec<Vec<u64>>,
}

/// Predicted against observed probabilities.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CalibrationBin {
    /// The lower edge of the predicted probability.
    pub lower: f64,
    /// The upper edge.
    pub upper: f64,
    /// Rows in it.
    pub n: u64,
    /// The mean predicted probability.
    pub predicted: Option<f64>,
    /// The share of positives.
    pub observed: Option<f64>,
}
