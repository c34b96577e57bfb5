//! Reference against current, column by column: the part of an outcome that a drift report is made of.

use super::{Facts, Precision, Verdict};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a family of p-values is corrected for being a family.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Correction {
    /// The false discovery rate.
    #[default]
    BenjaminiHochberg,
    /// The family-wise error rate.
    Holm,
    /// None: 50 columns then drift falsely two or three times a day.
    None,
}

/// Reference against current.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Drift {
    /// The false discovery rate, or the family-wise error rate, that is allowed.
    pub significance: f64,
    /// How surely a drift as large as the threshold is to be found.
    pub power: f64,
    /// How p-values are corrected.
    pub correction: Correction,
    /// How many columns drifted: `failed` among `columns`.
    pub drifted: usize,
    /// The columns, in the order of the current data set.
    pub columns: Vec<DriftColumn>,
}

/// How two samples are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Kolmogorov–Smirnov: the largest distance between the two distribution functions.
    Ks,
    /// χ² test of homogeneity of a contingency table.
    ChiSquared,
    /// Population stability index over bins fixed on the reference's quantiles.
    Psi,
    /// Jensen–Shannon distance over bins or categories, base 2.
    JensenShannon,
    /// Wasserstein-1, the earth mover's distance.
    Wasserstein,
}

impl Method {
    /// The word in specs and reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ks => "ks",
            Self::ChiSquared => "chi_squared",
            Self::Psi => "psi",
            Self::JensenShannon => "jensen_shannon",
            Self::Wasserstein => "wasserstein",
        }
    }

    /// The name people know.
    pub fn title(self) -> &'static str {
        match self {
            Self::Ks => "Kolmogorov–Smirnov",
            Self::ChiSquared => "χ² of homogeneity",
            Self::Psi => "population stability index",
            Self::JensenShannon => "Jensen–Shannon distance",
            Self::Wasserstein => "Wasserstein distance",
        }
    }
}

/// One column, reference against current. It has drifted only if the difference is large, significant *and* the samples are large
/// enough to tell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DriftColumn {
    /// The expectation that this is behind.
    pub id: String,
    /// The column.
    pub column: String,
    /// How it was compared.
    pub method: Method,
    /// Whether every value was looked at.
    pub precision: Precision,
    /// The method's statistic: D, χ², PSI, JS distance, W₁ in the column's unit.
    pub statistic: Option<f64>,
    /// The test behind the p-value: `ks exact`, `ks asymptotic`, `chi-squared`.
    pub test: String,
    /// The p-value by itself.
    pub p_value: Option<f64>,
    /// The p-value corrected for the number of columns; compared to `significance`.
    pub adjusted_p_value: Option<f64>,
    /// How large the difference is; compared to `effect_threshold`.
    pub effect: Option<f64>,
    /// What `effect` is: `D`, `Cramér's V`, `PSI, bias-corrected`, `JS distance, bias-corrected`, `W₁ / IQR of the reference`.
    pub effect_name: String,
    /// A smaller effect is no drift, however significant.
    pub effect_threshold: f64,
    /// Values of the reference that were compared.
    pub reference_n: u64,
    /// Values of the current data that were compared.
    pub current_n: u64,
    /// How many values of the current data the power analysis asks for; absent when the reference is too small for any number.
    pub needed_n: Option<u64>,
    /// How many values each side would need, if both had as many.
    pub needed_n_each: Option<u64>,
    /// What became of it.
    pub verdict: Verdict,
    /// One sentence.
    pub why: String,
    /// Counts of the reference.
    pub reference: Facts,
    /// Counts of the current data.
    pub current: Facts,
    /// Both sides, binned alike, to be drawn over each other.
    pub distribution: Vec<Bin>,
    /// Categories that only the current data have; at most ten, the most frequent first.
    pub new_categories: Vec<String>,
}

/// One bar of a distribution, on both sides.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Bin {
    /// `[1.5, 2)`, a category, `missing`, or `other` for all categories that are not shown.
    pub label: String,
    /// Of a bin of numbers, its lower edge; absent is −∞.
    pub lower: Option<f64>,
    /// Of a bin of numbers, its upper edge; absent is +∞.
    pub upper: Option<f64>,
    /// Whether it holds numbers, categories or what is missing.
    pub kind: BinKind,
    /// How many values of the reference fall into it.
    pub reference: u64,
    /// How many values of the current data fall into it.
    pub current: u64,
}

/// What a bin holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum BinKind {
    /// Numbers between `lower` and `upper`.
    Numbers,
    /// One category.
    Category,
    /// All other categories.
    Other,
    /// Nulls and NaN.
    Missing,
}
