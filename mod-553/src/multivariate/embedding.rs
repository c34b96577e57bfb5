//! Drift of embeddings: how far the cloud's centre has moved, whether it is another cloud (MMD), and whether a model can tell (the
//! classifier). A vector of another length is another embedding model, and an error.

use super::Error;
use super::classifier::{Classifier, TwoSample};
use super::mmd::{Discrepancy, Mmd};
use super::points::{Points, comparable};
use crate::decision::{Reason, Verdict};
use crate::inference_log::Value;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How to compare embeddings.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Embedding {
    /// The kernel test: it decides whether there is a change.
    pub mmd: Mmd,
    /// The classifier: its area decides whether the change matters.
    pub classifier: Classifier,
}

/// How embeddings changed.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct EmbeddingDrift {
    /// How far the centre moved, in units of the reference's spread around its centre.
    pub distance: f64,
    /// 1 − the cosine between the two centres; nothing where one is 0.
    pub cosine_distance: Option<f64>,
    /// The kernel test.
    pub mmd: Discrepancy,
    /// The classifier test.
    pub classifier: TwoSample,
    /// Drift when a test finds a change and the classifier's area is large enough to matter.
    #[serde(flatten)]
    pub verdict: Verdict,
}

/// The vectors of a column; rows where nothing is are left out and counted.
///
/// # Errors
/// A row that is something else, vectors of different lengths, and numbers that are not finite.
pub fn vectors<'a>(column: impl IntoIterator<Item = &'a Value>) -> Result<(Points, usize), Error> {
    let (mut rows, mut missing) = (Vec::new(), 0);
    for (row, value) in column.into_iter().enumerate() {
        match value {
            Value::Vector(vector) => rows.push(vector.as_slice()),
            Value::Null => missing += 1,
            Value::Flag(_) => return Err(Error::NotAVector { row, found: "true or false" }),
            Value::Number(_) => return Err(Error::NotAVector { row, found: "one number" }),
            Value::Text(_) => return Err(Error::NotAVector { row, found: "text" }),
        }
    }
    Ok((Points::new(rows)?, missing))
}

impl Embedding {
    /// Compares two clouds of embeddings, as they are: embeddings have a scale of their own.
    ///
    /// # Errors
    /// Too few rows, or two spaces.
    pub fn compare(&self, reference: &Points, current: &Points) -> Result<EmbeddingDrift, Error> {
        comparable(reference, current, 2)?;
        let (from, to) = (reference.mean(), current.mean());
        let spread = reference.rows().map(|row| squared(row, &from)).sum::<f64>() / reference.len() as f64;
        let moved = squared(&from, &to).sqrt();
        let distance = if moved == 0.0 { 0.0 } else { moved / spread.sqrt() };
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let lengths = (dot(&from, &from) * dot(&to, &to)).sqrt();
        let cosine_distance = (lengths > 0.0).then(|| 1.0 - dot(&from, &to) / lengths);
        let mmd = self.mmd.compare(reference, current)?;
        let classifier = self.classifier.compare(reference, current)?;
        // Two tests are asked for one answer: each has half of the significance (Bonferroni).
        let half = self.classifier.significance / 2.0;
        let changed = mmd.p_value <= half || classifier.p_value <= half;
        let verdict = match classifier.verdict {
            _ if changed && classifier.area >= self.classifier.least_area => Verdict::Drift,
            // A change that the kernel is sure of, and that is too faint for the classifier to size.
            Verdict::Drift | Verdict::NoDrift => Verdict::NoDrift,
            Verdict::Inconclusive { n_min, .. } if mmd.p_value <= half => {
                Verdict::Inconclusive { n_min, reason: Reason::CurrentTooSmall }
            }
            inconclusive @ Verdict::Inconclusive { .. } => inconclusive,
        };
        Ok(EmbeddingDrift { distance, cosine_distance, mmd, classifier, verdict })
    }
}

fn squared(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}
