//! Confidence-based performance estimation (Białek, Kuberski, Perrakis & Bifet, "Estimating model performance under covariate shift without
//! labels", 2024; NannyML's CBPE): calibrated scores say how probable each class is, and so how many predictions are expected to be right.
//!
//! The band is a bootstrap of both things that are uncertain: which rows the calibration was learned from, and which labels the rows will
//! turn out to have. NannyML's band holds the second only. What it cannot hold: an answer that changed (concept drift).

use super::error::Error;
use super::expected::{Ranking, Truth, metric};
use super::isotonic::{Isotonic, Point, calibration_error};
use super::judge::{Estimate, Usual};
use fastrand::Rng;
use mod_106::statistics::interval::percentile;
use mod_106::validation::spec::MetricName;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is estimated.
const METRICS: [MetricName; 5] =
    [MetricName::Accuracy, MetricName::Precision, MetricName::Recall, MetricName::F1, MetricName::RocAuc];
/// The fewest rows of a reference's chunk.
const LEAST_ROWS: usize = 20;
/// Folds and bins of the question whether scores need calibration.
const FOLDS: usize = 10;
const BINS: usize = 10;

/// How to estimate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Cbpe {
    /// How many chunks of the reference say what is usual.
    pub chunks: usize,
    /// How surely the real value lies within the band.
    pub confidence: f64,
    /// Replicates of the bootstrap.
    pub replicates: u32,
    /// What replicates are drawn with.
    pub seed: u64,
}

impl Default for Cbpe {
    fn default() -> Self {
        Self { chunks: 10, confidence: 0.95, replicates: 200, seed: 553 }
    }
}

/// What a classifier answered.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcomes {
    /// For each row, a score for each class, in 0 to 1; of two classes the second is the positive one.
    pub scores: Vec<Vec<f64>>,
    /// For each row, the class that was answered.
    pub predicted: Vec<usize>,
    /// For each row, the class that was true; empty where nobody knows.
    pub labels: Vec<usize>,
}

impl Outcomes {
    /// Of two classes, from the score of the positive one; the answer is yes from `threshold` on.
    pub fn binary(scores: &[f64], threshold: f64, labels: &[bool]) -> Self {
        Self {
            scores: scores.iter().map(|score| vec![1.0 - score, *score]).collect(),
            predicted: scores.iter().map(|score| usize::from(*score >= threshold)).collect(),
            labels: labels.iter().map(|label| usize::from(*label)).collect(),
        }
    }

    fn check(&self, side: &'static str, classes: usize) -> Result<(), Error> {
        let rows = self.scores.len();
        if self.predicted.len() != rows {
            return Err(Error::Length { side, what: "predictions", found: self.predicted.len(), expected: rows });
        }
        if !self.labels.is_empty() && self.labels.len() != rows {
            return Err(Error::Length { side, what: "labels", found: self.labels.len(), expected: rows });
        }
        for (row, scores) in self.scores.iter().enumerate() {
            if scores.len() != classes {
                let found = format!("{} scores", scores.len());
                return Err(Error::Row { side, row, found, expected: "a score for each class of the reference" });
            }
            if let Some(score) = scores.iter().find(|score| !(0.0..=1.0).contains(*score)) {
                return Err(Error::Row { side, row, found: format!("a score of {score}"), expected: "0 to 1" });
            }
            let class = self.predicted[row].max(self.labels.get(row).copied().unwrap_or(0));
            if class >= classes {
                return Err(Error::Row {
                    side,
                    row,
                    found: format!("class {class}"),
                    expected: "a class that has a score",
                });
            }
        }
        Ok(())
    }
}

/// How good the reference's scores are as probabilities, and what was done about it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Calibration {
    /// The expected calibration error of the scores.
    pub before: f64,
    /// The same of calibrated scores, on rows that the calibration has not seen.
    pub after: f64,
    /// Whether scores are calibrated: when that makes them better.
    pub used: bool,
}

/// What the reference taught.
#[derive(Clone, Debug)]
pub struct Estimator {
    settings: Cbpe,
    classes: usize,
    /// For each class, the reference's rows in the order of its scores; of two classes, for the second only.
    sorted: Vec<Vec<Reference>>,
    curves: Vec<Option<Isotonic>>,
    usual: Vec<(MetricName, Usual)>,
    /// Of each class: of two classes, of the second only.
    pub calibration: Vec<Calibration>,
}

/// A reference's row, for one class.
#[derive(Clone, Copy, Debug)]
struct Reference {
    row: u32,
    score: f64,
    truth: f64,
}

impl Estimator {
    /// Learns from labelled rows, in the order in which they came.
    ///
    /// # Errors
    /// Rows that do not fit together, a class that never occurs, or too few rows.
    pub fn fit(reference: &Outcomes, settings: &Cbpe) -> Result<Self, Error> {
        let chunks = settings.chunks.max(2);
        let (rows, classes) = (reference.labels.len(), reference.scores.first().map_or(0, Vec::len));
        if rows < chunks * LEAST_ROWS || classes < 2 {
            return Err(Error::TooFew { found: rows, expected: chunks * LEAST_ROWS, chunks });
        }
        if !(0.5..1.0).contains(&settings.confidence) {
            let found = settings.confidence.to_string();
            return Err(Error::Setting { name: "confidence", found, expected: "from 0.5 to below 1" });
        }
        reference.check("reference", classes)?;
        if let Some(class) = (0..classes).find(|class| !reference.labels.contains(class)) {
            return Err(Error::NoSuchClass { class });
        }
        let mut estimator = Self {
            settings: settings.clone(),
            classes,
            sorted: Vec::new(),
            curves: Vec::new(),
            usual: Vec::new(),
            calibration: Vec::new(),
        };
        for class in if classes == 2 { 1..2 } else { 0..classes } {
            let mut sorted: Vec<Reference> = (0..rows)
                .map(|row| Reference {
                    row: row as u32,
                    score: reference.scores[row][class],
                    truth: f64::from(u8::from(reference.labels[row] == class)),
                })
                .collect();
            sorted.sort_by(|a, b| a.score.total_cmp(&b.score));
            let calibration = needs_calibration(&sorted);
            estimator.curves.push(calibration.used.then(|| curve(&sorted, |_| 1.0)));
            estimator.calibration.push(calibration);
            estimator.sorted.push(sorted);
        }
        let size = rows / chunks;
        // What remains after the last whole chunk belongs to it.
        let end = |chunk: usize| if chunk + 1 == chunks { rows } else { (chunk + 1) * size };
        let realized: Vec<Vec<Option<f64>>> =
            (0..chunks).map(|chunk| estimator.realized(&part(reference, chunk * size, end(chunk)))).collect();
        for (index, name) in METRICS.into_iter().enumerate() {
            let values: Vec<f64> = realized.iter().filter_map(|chunk| chunk[index]).collect();
            if !values.is_empty() {
                estimator.usual.push((name, Usual::of(&values, 1.0)));
            }
        }
        Ok(estimator)
    }

    /// Estimates a chunk's metrics; where its labels are known, what they really were as well.
    ///
    /// # Errors
    /// Rows that do not fit the reference.
    pub fn estimate(&self, chunk: &Outcomes) -> Result<Vec<Estimate>, Error> {
        chunk.check("current data", self.classes)?;
        let rankings = self.rankings(chunk);
        let names: Vec<MetricName> = self.usual.iter().map(|(name, _)| *name).collect();
        let all = |probabilities: &[f64]| -> Vec<Option<f64>> {
            let truth = Truth { classes: self.classes, probabilities };
            names.iter().map(|name| metric(*name, &truth, &chunk.predicted, &rankings)).collect()
        };
        let estimated = all(&self.probabilities(chunk, &self.curves));
        let mut random = Rng::with_seed(self.settings.seed);
        let mut replicates = vec![Vec::new(); names.len()];
        for _ in 0..self.settings.replicates {
            let curves = self.resampled(&mut random);
            let labels = drawn(&self.probabilities(chunk, &curves), self.classes, &mut random);
            for (values, value) in replicates.iter_mut().zip(all(&labels)) {
                values.extend(value);
            }
        }
        let realized = if chunk.labels.is_empty() { vec![None; METRICS.len()] } else { self.realized(chunk) };
        let judged =
            self.usual.iter().zip(estimated).zip(replicates).map(|(((name, usual), estimated), replicates)| {
                let band = percentile(replicates, self.settings.confidence).map(|ends| (ends.lower, ends.upper));
                let index = METRICS.iter().position(|metric| metric == name).unwrap_or(0);
                usual.judge(*name, estimated, band, realized[index])
            });
        Ok(judged.collect())
    }

    /// Calibrated probabilities, row after row; of more than two classes they are made to sum up to 1.
    fn probabilities(&self, chunk: &Outcomes, curves: &[Option<Isotonic>]) -> Vec<f64> {
        let share = |curve: &Option<Isotonic>, score: f64| curve.as_ref().map_or(score, |curve| curve.share(score));
        let mut probabilities = Vec::with_capacity(chunk.scores.len() * self.classes);
        for scores in &chunk.scores {
            if let [curve] = curves {
                let positive = share(curve, scores[1]);
                probabilities.extend([1.0 - positive, positive]);
                continue;
            }
            let raw: Vec<f64> = scores.iter().zip(curves).map(|(score, curve)| share(curve, *score)).collect();
            let sum: f64 = raw.iter().sum();
            let even = 1.0 / self.classes as f64;
            probabilities.extend(raw.into_iter().map(|share| if sum > 0.0 { share / sum } else { even }));
        }
        probabilities
    }

    /// The calibration that another draw of the reference's rows would have taught: each row counts as often as a Poisson number of mean 1
    /// says, the same for all classes.
    fn resampled(&self, random: &mut Rng) -> Vec<Option<Isotonic>> {
        let rows = self.sorted.first().map_or(0, Vec::len);
        let weights: Vec<f64> = (0..rows).map(|_| poisson(random)).collect();
        let again = |(curve, sorted): (&Option<Isotonic>, &Vec<Reference>)| {
            curve.as_ref().map(|_| self::curve(sorted, |row| weights[row as usize]))
        };
        self.curves.iter().zip(&self.sorted).map(again).collect()
    }

    fn rankings(&self, chunk: &Outcomes) -> Vec<Ranking> {
        let flat: Vec<f64> = chunk.scores.iter().flatten().copied().collect();
        (0..self.classes).map(|class| Ranking::of(&flat, self.classes, class)).collect()
    }

    fn realized(&self, chunk: &Outcomes) -> Vec<Option<f64>> {
        let mut probabilities = vec![0.0; chunk.labels.len() * self.classes];
        chunk.labels.iter().enumerate().for_each(|(row, label)| probabilities[row * self.classes + label] = 1.0);
        let truth = Truth { classes: self.classes, probabilities: &probabilities };
        let rankings = self.rankings(chunk);
        METRICS.iter().map(|name| metric(*name, &truth, &chunk.predicted, &rankings)).collect()
    }
}

fn curve(sorted: &[Reference], weight: impl Fn(u32) -> f64) -> Isotonic {
    Isotonic::fit(sorted.iter().map(|reference| Point {
        score: reference.score,
        truth: reference.truth,
        weight: weight(reference.row),
    }))
}

/// Whether calibration makes scores better on rows that it has not seen; every tenth row in the order of scores is a fold.
fn needs_calibration(sorted: &[Reference]) -> Calibration {
    let mut calibrated = Vec::with_capacity(sorted.len());
    for fold in 0..FOLDS {
        let learned = sorted.iter().enumerate().filter(|(index, _)| index % FOLDS != fold);
        let curve = Isotonic::fit(learned.map(|(_, row)| Point { score: row.score, truth: row.truth, weight: 1.0 }));
        let judged = sorted.iter().skip(fold).step_by(FOLDS);
        calibrated.extend(judged.map(|row| (curve.share(row.score), row.truth)));
    }
    let plain: Vec<(f64, f64)> = sorted.iter().map(|row| (row.score, row.truth)).collect();
    let (before, after) = (calibration_error(&plain, BINS), calibration_error(&calibrated, BINS));
    Calibration { before, after, used: after < before }
}

/// Rows from one to another.
fn part(outcomes: &Outcomes, from: usize, to: usize) -> Outcomes {
    Outcomes {
        scores: outcomes.scores[from..to].to_vec(),
        predicted: outcomes.predicted[from..to].to_vec(),
        labels: outcomes.labels[from..to].to_vec(),
    }
}

/// Labels drawn by their probabilities, as probabilities of 0 and 1.
fn drawn(probabilities: &[f64], classes: usize, random: &mut Rng) -> Vec<f64> {
    let mut labels = vec![0.0; probabilities.len()];
    for (row, probabilities) in probabilities.chunks_exact(classes).enumerate() {
        let mut left = random.f64();
        let drawn = probabilities.iter().position(|probability| {
            left -= probability;
            left < 0.0
        });
        labels[row * classes + drawn.unwrap_or(classes - 1)] = 1.0;
    }
    labels
}

/// A Poisson number of mean 1 (Knuth).
fn poisson(random: &mut Rng) -> f64 {
    let (mut product, mut count) = (random.f64(), 0.0);
    while product > (-1.0_f64).exp() {
        product *= random.f64();
        count += 1.0;
    }
    count
}
