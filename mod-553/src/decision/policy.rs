//! What is asked of a family of columns. The defaults are those of the module's labs.

use super::Method;
pub use mod_106::validation::outcome::Correction;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a family of columns is judged.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// The false discovery rate, or the family-wise error rate, that is allowed.
    pub significance: f64,
    /// How surely an effect as large as the threshold is to be found.
    pub power: f64,
    /// How p-values are corrected. Repeated looks are corrected by e-BH, whatever stands here.
    pub correction: Correction,
    /// Whether the same reference is compared once, or again and again.
    pub looks: Looks,
    /// Fewer values than this on either side decide nothing, however far apart they are.
    pub least_rows: u64,
    /// Bins on the reference's quantiles, for methods that need bins.
    pub bins: usize,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            significance: 0.05,
            power: 0.8,
            correction: Correction::BenjaminiHochberg,
            looks: Looks::Once,
            least_rows: 30,
            bins: 10,
        }
    }
}

impl Policy {
    /// The significance that one of `tests` must reach in the worst case, when it alone has drifted: what a power analysis must
    /// assume. Benjamini–Hochberg and Holm agree there.
    pub fn significance_of_one(&self, tests: usize) -> f64 {
        match self.correction {
            Correction::None => self.significance,
            Correction::BenjaminiHochberg | Correction::Holm => self.significance / tests.max(1) as f64,
        }
    }

    /// What is asked of one of `tests` columns.
    pub fn question(&self, method: Method, least_effect: f64, tests: usize) -> Question {
        Question {
            method,
            least_effect,
            significance: self.significance_of_one(tests),
            power: self.power,
            bins: self.bins,
        }
    }
}

/// How often the same reference is compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Looks {
    /// Once: p-values hold.
    #[default]
    Once,
    /// Again and again, until it drifts: thirty daily tests at 5 % alarm falsely with probability 0.7. Only e-values hold.
    Repeated,
}

/// What is asked of one column.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Question {
    /// How it is compared.
    pub method: Method,
    /// The least effect that matters, in the unit of the method's effect.
    pub least_effect: f64,
    /// Of this one test.
    pub significance: f64,
    /// How surely the least effect is to be found.
    pub power: f64,
    /// Bins on the reference's quantiles.
    pub bins: usize,
}
