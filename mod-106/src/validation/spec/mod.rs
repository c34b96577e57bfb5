//! What is expected of the data: one YAML file, read and checked as a whole before any data are touched.
//!
//! `text` is the file as it is written, `check` turns it into the types below or says `file:line:column: what is wrong`.

mod check;
mod text;

pub use check::{bytes, parse};
pub(in crate::validation) use check::{drift_id, plain};
pub use text::{Encoding, WantedPrecision};

use super::outcome::{Correction, Method, Severity, Side};
use super::read::{Format, Kind};
use regex::Regex;
use std::collections::BTreeMap;

/// A checked spec.
#[derive(Clone, Debug)]
pub struct Spec {
    /// The suite's name.
    pub suite: String,
    /// What it is for.
    pub description: Option<String>,
    /// Accepted data, to compare with.
    pub reference: Option<SourceSpec>,
    /// The data to validate.
    pub current: SourceSpec,
    /// Schema and quality.
    pub expectations: Vec<Expected>,
    /// Reference against current.
    pub drift: Option<DriftSpec>,
    /// Predictions against labels.
    pub performance: Option<PerformanceSpec>,
    /// Latency, size and others.
    pub budgets: Vec<BudgetSpec>,
    /// The model's inputs against the data.
    pub signature: Option<SignatureSpec>,
}

/// Where data are, and how to read them.
#[derive(Clone, Debug, PartialEq)]
pub struct SourceSpec {
    /// As given; relative to the spec's folder.
    pub path: String,
    /// How the file is written.
    pub format: Format,
    /// Of CSV, what stands between fields.
    pub delimiter: u8,
    /// Of CSV, the words for nothing.
    pub null_values: Vec<String>,
    /// Of CSV and JSON Lines.
    pub encoding: Encoding,
    /// Of CSV, the types of columns that would be guessed wrongly.
    pub types: BTreeMap<String, Kind>,
}

/// Who is told, how loudly, and under which name.
#[derive(Clone, Debug, PartialEq)]
pub struct Care {
    /// Unique in the suite.
    pub id: String,
    /// How much it matters.
    pub severity: Severity,
    /// Who is told.
    pub owner: String,
}

/// One expectation of schema or quality.
#[derive(Clone, Debug)]
pub struct Expected {
    /// Its name, severity and owner.
    pub care: Care,
    /// Which data set it is about.
    pub on: Side,
    /// What is expected.
    pub check: Check,
}

/// What is expected of a column or of all rows. `max_share` is the share of values that may break it.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields are the spec's keys")]
pub enum Check {
    /// Every value has this type.
    Type { column: String, kind: Kind, max_share: f64 },
    /// Values are there. NaN is a value, see `Finite`.
    Nulls { column: String, max_share: f64 },
    /// No NaN, no ±∞.
    Finite { column: String, max_share: f64 },
    /// Values lie between two bounds, which are included.
    Range { column: String, min: Option<f64>, max: Option<f64>, max_share: f64 },
    /// The mean of the finite values lies between two bounds.
    Mean { column: String, min: Option<f64>, max: Option<f64> },
    /// No value occurs twice.
    Unique { column: String, max_share: f64 },
    /// Values are among these.
    Categories { column: String, values: Vec<String>, max_share: f64 },
    /// Values match a regular expression.
    Pattern { column: String, pattern: Regex, max_share: f64 },
    /// The latest time is not longer ago than this.
    Freshness { column: String, max_age_seconds: f64 },
    /// There are as many rows.
    Rows { min: Option<f64>, max: Option<f64> },
    /// No two rows agree in these columns; in all, when none is named.
    Duplicates { columns: Vec<String>, max_share: f64 },
    /// These columns are there, and if `exact`, no others.
    Columns { values: Vec<String>, exact: bool },
}

impl Check {
    /// The word in the spec.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Type { .. } => "type",
            Self::Nulls { .. } => "nulls",
            Self::Finite { .. } => "finite",
            Self::Range { .. } => "range",
            Self::Mean { .. } => "mean",
            Self::Unique { .. } => "unique",
            Self::Categories { .. } => "categories",
            Self::Pattern { .. } => "pattern",
            Self::Freshness { .. } => "freshness",
            Self::Rows { .. } => "rows",
            Self::Duplicates { .. } => "duplicates",
            Self::Columns { .. } => "columns",
        }
    }

    /// The one column that it is about.
    pub fn column(&self) -> Option<&str> {
        match self {
            Self::Type { column, .. }
            | Self::Nulls { column, .. }
            | Self::Finite { column, .. }
            | Self::Range { column, .. }
            | Self::Mean { column, .. }
            | Self::Unique { column, .. }
            | Self::Categories { column, .. }
            | Self::Pattern { column, .. }
            | Self::Freshness { column, .. } => Some(column),
            Self::Rows { .. } | Self::Duplicates { .. } | Self::Columns { .. } => None,
        }
    }
}

/// How drift is looked for.
#[derive(Clone, Debug, PartialEq)]
pub struct DriftSpec {
    /// The false discovery rate, or family-wise error rate.
    pub significance: f64,
    /// How surely a drift of the least effect that matters is to be found.
    pub power: f64,
    /// How p-values are corrected.
    pub correction: Correction,
    /// The method of columns of numbers.
    pub numeric: Method,
    /// The method of columns of categories.
    pub categorical: Method,
    /// These columns; every column that both sides have, when there is no list.
    pub columns: Option<Vec<DriftColumnSpec>>,
    /// Not these.
    pub exclude: Vec<String>,
    /// The least effect that matters; each method has its own when this is absent.
    pub effect: Option<f64>,
    /// How many quantile bins.
    pub bins: usize,
    /// Rarer categories than the most frequent so many are counted together.
    pub max_categories: usize,
    /// Exact or sketched.
    pub precision: WantedPrecision,
    /// Severity and owner of columns that have none of their own.
    pub severity: Severity,
    /// Who is told.
    pub owner: String,
}

/// How one column's drift is looked for.
#[derive(Clone, Debug, PartialEq)]
pub struct DriftColumnSpec {
    /// The column.
    pub column: String,
    /// Its name, severity and owner.
    pub care: Care,
    /// The method, where it is not the usual one.
    pub method: Option<Method>,
    /// The least effect that matters.
    pub effect: Option<f64>,
}

/// What a model predicts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Task {
    Binary,
    Multiclass,
    Regression,
}

/// What can be measured of predictions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum MetricName {
    Accuracy,
    Precision,
    Recall,
    F1,
    RocAuc,
    LogLoss,
    Brier,
    Ece,
    Mae,
    Rmse,
    R2,
}

impl MetricName {
    /// The word in specs and reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Accuracy => "accuracy",
            Self::Precision => "precision",
            Self::Recall => "recall",
            Self::F1 => "f1",
            Self::RocAuc => "roc_auc",
            Self::LogLoss => "log_loss",
            Self::Brier => "brier",
            Self::Ece => "ece",
            Self::Mae => "mae",
            Self::Rmse => "rmse",
            Self::R2 => "r2",
        }
    }

    /// Whether it needs probabilities rather than classes.
    pub fn needs_score(self) -> bool {
        matches!(self, Self::RocAuc | Self::LogLoss | Self::Brier | Self::Ece)
    }

    /// Whether the task has it.
    pub fn belongs_to(self, task: Task) -> bool {
        match task {
            Task::Regression => matches!(self, Self::Mae | Self::Rmse | Self::R2),
            Task::Binary => !matches!(self, Self::Mae | Self::Rmse | Self::R2),
            Task::Multiclass => matches!(self, Self::Accuracy | Self::Precision | Self::Recall | Self::F1),
        }
    }
}

/// How predictions are judged.
#[derive(Clone, Debug, PartialEq)]
pub struct PerformanceSpec {
    /// What the model predicts.
    pub task: Task,
    /// The column of what is true.
    pub label: String,
    /// The column of predicted classes or values.
    pub prediction: Option<String>,
    /// The column of predicted probabilities of `positive`.
    pub score: Option<String>,
    /// The class whose probability `score` is.
    pub positive: String,
    /// The probability from which on `positive` is predicted, when there is no `prediction`.
    pub threshold: f64,
    /// Of intervals.
    pub confidence: f64,
    /// What is measured.
    pub metrics: Vec<MetricSpec>,
    /// Columns whose values each make a slice.
    pub slices: Vec<String>,
    /// Smaller slices are not looked at.
    pub min_slice_rows: u64,
}

/// One metric and what it must be.
#[derive(Clone, Debug, PartialEq)]
pub struct MetricSpec {
    /// Its name, severity and owner.
    pub care: Care,
    /// What is measured.
    pub metric: MetricName,
    /// At least.
    pub min: Option<f64>,
    /// At most.
    pub max: Option<f64>,
    /// Whether every slice must reach it too.
    pub slices: bool,
}

/// One budget.
#[derive(Clone, Debug, PartialEq)]
pub struct BudgetSpec {
    /// Its name, severity and owner.
    pub care: Care,
    /// What is limited.
    pub subject: BudgetSubject,
    /// What may be spent.
    pub limit: f64,
    /// `ms`, `bytes`, or empty.
    pub unit: String,
}

/// What is limited.
#[derive(Clone, Debug, PartialEq)]
pub enum BudgetSubject {
    /// A quantile of a column of the current data.
    Quantile {
        /// The column.
        column: String,
        /// Between 0 and 1.
        quantile: f64,
    },
    /// The size of a file, or of all files in a folder.
    Size {
        /// Relative to the spec's folder.
        path: String,
    },
    /// A number in a JSON file.
    Metric {
        /// Relative to the spec's folder.
        path: String,
        /// Names joined by dots.
        key: String,
    },
}

/// Whose signature the data must fit.
#[derive(Clone, Debug, PartialEq)]
pub struct SignatureSpec {
    /// Its name, severity and owner.
    pub care: Care,
    /// The `MLmodel` file or the folder that holds it; relative to the spec's folder.
    pub model: String,
}
