//! A logistic regression with what training saw of each feature: enough to predict, to judge inputs and to watch drift.
//!
//! Numbers are standardised, after a logarithm where that suits them; categories have a weight each. What is missing, or was never
//! seen, adds nothing, which is the average.

use super::error::Error;
use crate::inference_log::Value;
use crate::instrument::{Expected, Reference};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::Path;

/// A model's file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// Its registered name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// When it was trained.
    pub trained_at: Timestamp,
    /// How many rows it was fitted to.
    pub training_rows: usize,
    /// The log odds of an average payment.
    pub bias: f64,
    /// The probability from which on a payment is declined.
    pub threshold: f64,
    /// In the order of their names.
    pub features: Vec<Feature>,
    /// On held-out rows.
    pub evaluation: Evaluation,
}

/// What a model was worth when it was trained, on rows that it had not seen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evaluation {
    /// Rows held out.
    pub rows: usize,
    /// The share of right answers.
    pub accuracy: f64,
    /// The area under the receiver operating characteristic.
    pub auc: f64,
    /// The mean log loss.
    pub log_loss: f64,
}

/// One feature.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum Feature {
    /// A number.
    Number {
        /// Its name.
        name: String,
        /// Whether `ln(1 + x)` is what is standardised.
        logarithm: bool,
        /// The mean in training.
        mean: f64,
        /// The standard deviation in training.
        deviation: f64,
        /// Log odds for each standard deviation.
        weight: f64,
        /// The smallest value that counts as ordinary.
        min: f64,
        /// The largest.
        max: f64,
        /// Ten equally full bins of the training data.
        edges: Vec<f64>,
        /// How full they were, then nulls.
        counts: Vec<u64>,
    },
    /// A category.
    Category {
        /// Its name.
        name: String,
        /// The categories of the training data.
        levels: Vec<String>,
        /// Log odds for each.
        weights: Vec<f64>,
        /// How often each was seen, then others, then nulls.
        counts: Vec<u64>,
    },
}

impl Model {
    /// Reads and checks a model's file.
    ///
    /// # Errors
    /// A file that cannot be read, or is no model.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let text = std::fs::read_to_string(path).map_err(|source| Error::Read { path: path.to_owned(), source })?;
        let refuse = |reason: String| Error::Model { path: path.to_owned(), reason };
        let model: Self = serde_json::from_str(&text).map_err(|error| refuse(error.to_string()))?;
        model.check().map_err(refuse)?;
        Ok(model)
    }

    /// Writes it, whole or not at all.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), Error> {
        Ok(mod_106::documents::write(path, format!("{}\n", self.text()).as_bytes())?)
    }

    /// `sha256:…` of its text: which bytes are served.
    pub fn digest(&self) -> String {
        mod_106::audit::digest_text(&Sha256::digest(self.text()))
    }

    fn text(&self) -> String {
        // Plain numbers, texts and lists: JSON takes all of them.
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    fn check(&self) -> Result<(), String> {
        if self.features.is_empty() {
            return Err("features is empty; expected at least one".to_owned());
        }
        if !(0.0..=1.0).contains(&self.threshold) {
            return Err(format!("threshold is {}; expected a probability", self.threshold));
        }
        self.features.iter().try_for_each(Feature::check)
    }

    /// The probability of fraud.
    pub fn score(&self, features: &BTreeMap<String, Value>) -> f64 {
        let log_odds = self.bias + self.contributions(features).map(|(_, contribution)| contribution).sum::<f64>();
        1.0 / (1.0 + (-log_odds).exp())
    }

    /// What each feature adds to the log odds.
    pub fn contributions<'a>(
        &'a self,
        features: &'a BTreeMap<String, Value>,
    ) -> impl Iterator<Item = (&'a str, f64)> + 'a {
        self.features.iter().map(|feature| (feature.name(), feature.contribution(features.get(feature.name()))))
    }

    /// What the training data was like, to watch drift against.
    pub fn references(&self) -> Vec<(String, Reference)> {
        let reference = |feature: &Feature| match feature {
            Feature::Number { edges, counts, .. } => Reference::Number { edges: edges.clone(), counts: counts.clone() },
            Feature::Category { levels, counts, .. } => {
                Reference::Category { levels: levels.clone(), counts: counts.clone() }
            }
        };
        self.features.iter().map(|feature| (feature.name().to_owned(), reference(feature))).collect()
    }

    /// The same model as a bad deployment serves it: standardised with another data set's means, which is the training-serving skew
    /// of <https://developers.google.com/machine-learning/guides/rules-of-ml>, rules 29 to 37. It answers quickly, and wrongly.
    #[must_use]
    pub fn skewed(&self) -> Self {
        let mut skewed = self.clone();
        skewed.version = format!("{}-skew", self.version);
        for feature in &mut skewed.features {
            if let Feature::Number { mean, deviation, .. } = feature {
                *mean -= 2.5 * *deviation;
            }
        }
        skewed
    }
}

impl Feature {
    /// Its name.
    pub fn name(&self) -> &str {
        match self {
            Self::Number { name, .. } | Self::Category { name, .. } => name,
        }
    }

    /// What ordinary values are.
    pub fn expected(&self) -> Expected {
        match self {
            Self::Number { min, max, .. } => Expected::Number { min: *min, max: *max },
            Self::Category { levels, .. } => Expected::Category { levels: levels.iter().cloned().collect() },
        }
    }

    fn contribution(&self, value: Option<&Value>) -> f64 {
        match (self, value) {
            (Self::Number { logarithm, mean, deviation, weight, .. }, Some(Value::Number(number)))
                if number.is_finite() =>
            {
                weight * (transformed(*number, *logarithm) - mean) / deviation
            }
            (Self::Category { levels, weights, .. }, Some(Value::Text(text))) => {
                levels.iter().position(|level| level == text).map_or(0.0, |place| weights[place])
            }
            _ => 0.0,
        }
    }

    fn check(&self) -> Result<(), String> {
        match self {
            Self::Number { name, deviation, edges, counts, min, max, .. } => {
                let ascending = edges.is_sorted_by(|left, right| left < right);
                if !(deviation.is_finite() && *deviation > 0.0) {
                    return Err(format!("feature {name}: deviation is {deviation}; expected a number above 0"));
                }
                if min > max || !ascending || counts.len() != edges.len() + 2 {
                    let expected = "min ≤ max, ascending edges, and two counts more than edges";
                    return Err(format!("feature {name}: its bins do not fit together; expected {expected}"));
                }
            }
            Self::Category { name, levels, weights, counts } => {
                if levels.len() != weights.len() || counts.len() != levels.len() + 2 {
                    let expected = "a weight for each level, and two counts more";
                    return Err(format!("feature {name}: {} levels; expected {expected}", levels.len()));
                }
            }
        }
        Ok(())
    }
}

/// A number as the model takes it. Amounts below −1 cannot be: they are taken as −0.99.
pub(super) fn transformed(number: f64, logarithm: bool) -> f64 {
    if logarithm { number.max(-0.99).ln_1p() } else { number }
}
