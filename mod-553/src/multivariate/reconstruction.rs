//! Drift by reconstruction, as NannyML's `DataReconstructionDriftCalculator` has it: rows are projected onto the reference's principal
//! components and back. While the columns hang together as they did, what is lost stays the same.

use super::Error;
use super::eigen::symmetric;
use super::points::{Points, comparable};
use schemars::JsonSchema;
use serde::Serialize;

/// The share of variance that the components must hold; NannyML's default.
const KEPT: f64 = 0.65;
/// Chunks whose errors differ by more than so many standard deviations from the reference's alert; NannyML's default.
const DEVIATIONS: f64 = 3.0;

/// What the reference taught.
#[derive(Clone, Debug, PartialEq)]
pub struct Reconstruction {
    mean: Vec<f64>,
    components: Vec<Vec<f64>>,
    /// Between these an error is usual.
    pub lower: f64,
    /// See `lower`.
    pub upper: f64,
}

/// A chunk's error.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ChunkError {
    /// Rows.
    pub n: usize,
    /// The mean distance between a row and what the components make of it.
    pub error: f64,
    /// Its standard error.
    pub standard_error: f64,
    /// Whether it lies outside what was usual: also below, for rows that became more alike have changed too.
    pub alert: bool,
}

impl Reconstruction {
    /// Learns from a reference, which was scaled by an `Encoder`, in so many chunks; their errors say what is usual.
    ///
    /// # Errors
    /// Fewer than two rows a chunk, or fewer than two chunks.
    pub fn fit(reference: &Points, chunks: usize) -> Result<Self, Error> {
        let chunks = chunks.max(2);
        comparable(reference, reference, 2 * chunks)?;
        let eigen = symmetric(reference.covariance());
        let total: f64 = eigen.values.iter().map(|value| value.max(0.0)).sum();
        let mut held = 0.0;
        let needed = eigen.values.iter().position(|value| {
            held += value.max(0.0);
            held > KEPT * total
        });
        let count = needed.map_or(eigen.vectors.len(), |index| index + 1);
        let components = eigen.vectors.into_iter().take(count).collect();
        let mut fitted = Self { mean: reference.mean(), components, lower: 0.0, upper: f64::INFINITY };
        let size = reference.len() / chunks;
        let errors: Vec<f64> = reference.rows().map(|row| fitted.error(row)).collect();
        // What remains after the last whole chunk belongs to it.
        let end = |chunk: usize| if chunk + 1 == chunks { errors.len() } else { (chunk + 1) * size };
        let means: Vec<f64> = (0..chunks).map(|chunk| mean(&errors[chunk * size..end(chunk)])).collect();
        let center = mean(&means);
        let spread = (means.iter().map(|value| (value - center).powi(2)).sum::<f64>() / chunks as f64).sqrt();
        (fitted.lower, fitted.upper) = ((center - DEVIATIONS * spread).max(0.0), center + DEVIATIONS * spread);
        Ok(fitted)
    }

    /// How many components hold the variance.
    pub fn components(&self) -> usize {
        self.components.len()
    }

    /// The error of a chunk.
    ///
    /// # Errors
    /// Fewer than two rows, or another space.
    pub fn measure(&self, chunk: &Points) -> Result<ChunkError, Error> {
        if chunk.len() < 2 {
            return Err(Error::TooFew { side: "chunk", found: chunk.len(), expected: 2 });
        }
        if chunk.dimensions() != self.mean.len() {
            return Err(Error::Dimensions { reference: self.mean.len(), current: chunk.dimensions() });
        }
        let errors: Vec<f64> = chunk.rows().map(|row| self.error(row)).collect();
        let (n, error) = (errors.len(), mean(&errors));
        let variance = errors.iter().map(|value| (value - error).powi(2)).sum::<f64>() / (n - 1) as f64;
        let standard_error = (variance / n as f64).sqrt();
        // Rounding is no drift: a reference that is reconstructed perfectly has no room between its ends.
        let slack = 1e-9 * (1.0 + self.upper);
        let alert = error < self.lower - slack || error > self.upper + slack;
        Ok(ChunkError { n, error, standard_error, alert })
    }

    /// The length of what the components lose of a row.
    fn error(&self, row: &[f64]) -> f64 {
        let mut rest: Vec<f64> = row.iter().zip(&self.mean).map(|(value, mean)| value - mean).collect();
        for component in &self.components {
            let along: f64 = rest.iter().zip(component).map(|(value, direction)| value * direction).sum();
            rest.iter_mut().zip(component).for_each(|(value, direction)| *value -= along * direction);
        }
        rest.iter().map(|value| value * value).sum::<f64>().sqrt()
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}
