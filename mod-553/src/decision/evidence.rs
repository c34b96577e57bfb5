//! What was measured of one column, and what was decided from it: plain data, the shape of a drift report's rows.

use super::Method;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What of a column was compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Aspect {
    /// Its values.
    #[default]
    Values,
    /// How many of its values are missing. No test of values sees that.
    Missing,
}

/// What was measured of one column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Evidence {
    /// The column.
    pub column: String,
    /// What of it was compared.
    pub aspect: Aspect,
    /// How.
    pub method: Method,
    /// The test behind the p-value: `ks exact`, `ks asymptotic`, `permutation of 40 blocks`.
    pub test: String,
    /// The method's statistic: D, A², T, U, W, χ², PSI, a distance.
    pub statistic: Option<f64>,
    /// How probable a statistic as extreme is without a difference, in this one test.
    pub p_value: Option<f64>,
    /// The e-value of all looks so far, for whoever looks repeatedly (`Watch::e_value`).
    pub e_value: Option<f64>,
    /// How large the difference is, whatever the sample's size.
    pub effect: Option<f64>,
    /// What the effect is called.
    pub effect_name: String,
    /// A smaller effect is no drift, however significant.
    pub least_effect: f64,
    /// How far the effect may be off because a side is a sketch; 0 for all values.
    pub effect_error: f64,
    /// How far chance may have moved the effect at the test's significance, where that is known.
    pub effect_radius: Option<f64>,
    /// Values of the reference that were compared.
    pub reference_n: u64,
    /// Values of the current data that were compared.
    pub current_n: u64,
    /// The effective size m·n/(m + n) at which the least effect is found with the wanted power.
    pub needed_effective: f64,
}

impl Evidence {
    /// The effective size that there is.
    pub fn effective(&self) -> f64 {
        let (m, n) = (self.reference_n as f64, self.current_n as f64);
        if m + n > 0.0 { m * n / (m + n) } else { 0.0 }
    }
}

/// What became of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "verdict")]
pub enum Verdict {
    /// Large enough to matter, and not by chance.
    Drift,
    /// A drift as large as the threshold would have been seen, and was not.
    NoDrift,
    /// Nobody can tell from these data.
    Inconclusive {
        /// How many values are needed: of the current data, or on each side if the reference is too small. Absent where more values
        /// would not help.
        n_min: Option<u64>,
        /// Why not.
        reason: Reason,
    },
}

impl Verdict {
    /// One word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Drift => "drift",
            Self::NoDrift => "no drift",
            Self::Inconclusive { .. } => "inconclusive",
        }
    }
}

/// Why nobody can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// More current values are needed.
    CurrentTooSmall,
    /// More values of the reference are needed.
    ReferenceTooSmall,
    /// A side has no values, or the measure is not defined for them.
    NothingToCompare,
    /// The threshold lies within the error of a sketch.
    SketchTooCoarse,
}

/// What was decided of one column, and from what.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Decision {
    /// What was measured.
    #[serde(flatten)]
    pub evidence: Evidence,
    /// The p-value corrected for the number of columns; of repeated looks, what e-BH makes of the e-value. Compared to the policy's
    /// significance.
    pub adjusted_p_value: Option<f64>,
    /// What became of it.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// One sentence for whoever is on call.
    pub why: String,
}
