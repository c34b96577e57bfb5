//! Direct loss estimation (NannyML's DLE): a second model learns from the reference how large the first one's error is, given the features
//! and the prediction; its mean over a chunk is the chunk's expected loss.
//!
//! The second model is a few dozen boosted trees of depth 3 on quantile bins, where NannyML has LightGBM of a hundred trees of 31 leaves:
//! ours sees interactions of three features at most and leaves smooth detail out, is fitted in milliseconds, and needs no native library.
//! Its band adds up how much losses like these scatter, learned from rows that a model has not seen, and how much the estimate itself would
//! differ with other reference rows (a jackknife over folds); NannyML takes the spread of the whole reference's loss for both.

use super::error::Error;
use super::judge::{Estimate, Usual};
use crate::multivariate::Points;
use crate::multivariate::trees::{Boosted, Loss, Settings};
use mod_106::statistics::interval::normal_quantile;
use mod_106::validation::spec::MetricName;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The fewest rows of a reference's chunk.
const LEAST_ROWS: usize = 20;
/// Folds of the cross-fitting.
const FOLDS: usize = 5;

/// How to estimate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Dle {
    /// How many chunks of the reference say what is usual.
    pub chunks: usize,
    /// How surely the real value lies within the band.
    pub confidence: f64,
    /// The second model.
    pub trees: Settings,
}

impl Default for Dle {
    fn default() -> Self {
        Self { chunks: 10, confidence: 0.95, trees: Settings { rounds: 60, ..Settings::default() } }
    }
}

/// What the reference taught.
#[derive(Clone, Debug)]
pub struct LossEstimator {
    confidence: f64,
    losses: Vec<LossModel>,
}

/// One loss.
#[derive(Clone, Debug)]
struct LossModel {
    name: MetricName,
    model: Boosted,
    /// One without each fold.
    folds: Vec<Boosted>,
    /// Of rows that a model has not seen: the mean of loss − estimate.
    bias: f64,
    /// And the square of that difference, learned from the same points.
    scatter: Boosted,
    usual: Usual,
}

impl LossEstimator {
    /// Learns from points (features, scaled or not, and the prediction among them), predictions and what was true.
    ///
    /// # Errors
    /// Rows that do not fit together, or too few.
    pub fn fit(points: &Points, predicted: &[f64], truth: &[f64], settings: &Dle) -> Result<Self, Error> {
        let chunks = settings.chunks.max(2);
        let rows = points.len();
        if rows < chunks * LEAST_ROWS {
            return Err(Error::TooFew { found: rows, expected: chunks * LEAST_ROWS, chunks });
        }
        if !(0.5..1.0).contains(&settings.confidence) {
            let found = settings.confidence.to_string();
            return Err(Error::Setting { name: "confidence", found, expected: "from 0.5 to below 1" });
        }
        check("reference", "predictions", predicted, rows)?;
        check("reference", "labels", truth, rows)?;
        let losses = [MetricName::Mae, MetricName::Rmse].map(|name| {
            let losses: Vec<f64> = predicted.iter().zip(truth).map(|(a, b)| loss(name, a - b)).collect();
            LossModel::fit(name, points, &losses, settings)
        });
        Ok(Self { confidence: settings.confidence, losses: losses.into() })
    }

    /// Estimates a chunk's loss; where the truth is known, what it really was as well.
    ///
    /// # Errors
    /// Points of another space, or a truth that does not fit them.
    pub fn estimate(&self, points: &Points, known: Option<(&[f64], &[f64])>) -> Result<Vec<Estimate>, Error> {
        let n = points.len();
        if let Some((predicted, truth)) = known {
            check("current data", "predictions", predicted, n)?;
            check("current data", "labels", truth, n)?;
        }
        let z = normal_quantile(f64::midpoint(1.0, self.confidence));
        let estimates = self.losses.iter().map(|loss_model| {
            let LossModel { name, usual, .. } = loss_model;
            if n == 0 {
                return usual.judge(*name, None, None, None);
            }
            let (mean, variance) = loss_model.estimate(points);
            let half = z * variance.sqrt();
            let back = |value: f64| if *name == MetricName::Rmse { value.max(0.0).sqrt() } else { value.max(0.0) };
            let realized = known.map(|(predicted, truth)| {
                back(predicted.iter().zip(truth).map(|(a, b)| loss(*name, a - b)).sum::<f64>() / n as f64)
            });
            usual.judge(*name, Some(back(mean)), Some((back(mean - half), back(mean + half))), realized)
        });
        Ok(estimates.collect())
    }
}

impl LossModel {
    fn fit(name: MetricName, points: &Points, losses: &[f64], settings: &Dle) -> Self {
        let rows = losses.len();
        let (mut rest, mut folds) = (vec![0.0; rows], Vec::with_capacity(FOLDS));
        for fold in 0..FOLDS {
            let (judged, learned): (Vec<usize>, Vec<usize>) = (0..rows).partition(|row| row % FOLDS == fold);
            let targets: Vec<f64> = learned.iter().map(|row| losses[*row]).collect();
            let model = Boosted::fit(&points.chosen(&learned), &targets, Loss::Squared, &settings.trees);
            judged.into_iter().for_each(|row| rest[row] = losses[row] - model.predict(points.row(row)));
            folds.push(model);
        }
        let bias = rest.iter().sum::<f64>() / rows as f64;
        let squares: Vec<f64> = rest.iter().map(|value| (value - bias).powi(2)).collect();
        let scatter = Boosted::fit(points, &squares, Loss::Squared, &settings.trees);
        let chunks = settings.chunks.max(2);
        let size = rows / chunks;
        let end = |chunk: usize| if chunk + 1 == chunks { rows } else { (chunk + 1) * size };
        let usual: Vec<f64> = (0..chunks)
            .map(|chunk| {
                let losses = &losses[chunk * size..end(chunk)];
                let mean = losses.iter().sum::<f64>() / losses.len() as f64;
                if name == MetricName::Rmse { mean.sqrt() } else { mean }
            })
            .collect();
        let model = Boosted::fit(points, losses, Loss::Squared, &settings.trees);
        Self { name, model, folds, bias, scatter, usual: Usual::of(&usual, f64::INFINITY) }
    }

    /// The mean loss of points, and the variance of what it may really be.
    fn estimate(&self, points: &Points) -> (f64, f64) {
        let n = points.len() as f64;
        let mean = |model: &Boosted| points.rows().map(|point| model.predict(point)).sum::<f64>() / n;
        // The jackknife of groups (Shao & Tu, The Jackknife and Bootstrap, 1995, section 5.2): (k − 1)/k Σ (mean without a fold − their mean)².
        let without: Vec<f64> = self.folds.iter().map(mean).collect();
        let k = without.len() as f64;
        let center = without.iter().sum::<f64>() / k;
        let of_model = (k - 1.0) / k * without.iter().map(|value| (value - center).powi(2)).sum::<f64>();
        ((mean(&self.model) + self.bias).max(0.0), mean(&self.scatter).max(0.0) / n + of_model)
    }
}

/// What the metric is the mean of; RMSE is its root.
fn loss(name: MetricName, error: f64) -> f64 {
    if name == MetricName::Rmse { error * error } else { error.abs() }
}

fn check(side: &'static str, what: &'static str, values: &[f64], rows: usize) -> Result<(), Error> {
    if values.len() != rows {
        return Err(Error::Length { side, what, found: values.len(), expected: rows });
    }
    match values.iter().position(|value| !value.is_finite()) {
        Some(row) => {
            Err(Error::Row { side, row, found: format!("{what} of {}", values[row]), expected: "a finite number" })
        }
        None => Ok(()),
    }
}
