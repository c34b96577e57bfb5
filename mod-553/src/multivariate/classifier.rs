//! The classifier two-sample test (Lopez-Paz & Oquab, "Revisiting classifier two-sample tests", ICLR 2017): a model learns to tell
//! current rows from reference rows on some folds, and is judged on the fold that it has not seen. If nothing changed, it guesses.
//!
//! The area under the ROC curve is taken in each fold, where scores are of one model, and averaged. A model learns from the folds *before*
//! the one that it is judged on, never from those after it: without a change each area is then ½ on average whatever came before, so the
//! areas are uncorrelated, and their variances add up. (With the usual cross-fitting each pair of folds counts twice, once each way: the
//! variance is up to twice what it seems, and 5 % of false alarms become 12 %.)

use super::Error;
use super::points::{Points, comparable};
use super::trees::{Boosted, Loss, Settings};
use crate::decision::{Reason, Verdict};
use crate::statistics::normal;
use fastrand::Rng;
use mod_106::statistics::interval::normal_quantile;
use mod_106::statistics::roc;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The fewest rows of a side: below, a fold holds too few to rank.
const LEAST_ROWS: usize = 20;

/// How to compare, and what matters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Classifier {
    /// Of larger sides, so many rows are drawn.
    pub most_rows: usize,
    /// How many folds: each but the first is judged by a model of those before it.
    pub folds: usize,
    /// The model.
    pub trees: Settings,
    /// The smallest area that matters; ½ is guessing.
    pub least_area: f64,
    /// How probable a false alarm may be.
    pub significance: f64,
    /// How surely the smallest area that matters must be seen, before its absence is called no drift.
    pub power: f64,
    /// What rows and folds are drawn with.
    pub seed: u64,
}

impl Default for Classifier {
    fn default() -> Self {
        Self {
            most_rows: 5_000,
            folds: 5,
            trees: Settings::default(),
            least_area: 0.55,
            significance: 0.05,
            power: 0.8,
            seed: 553,
        }
    }
}

/// What the test says.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct TwoSample {
    /// How often a current row scores above a reference row; ½ is guessing.
    pub area: f64,
    /// Its standard error (DeLong).
    pub standard_error: f64,
    /// How probable an area as large is without a change; one-sided, since worse than guessing is no finding.
    pub p_value: f64,
    /// For each dimension, its share of what the trees gained: by what they told the rows apart. All 0 when they found nothing.
    pub importance: Vec<f64>,
    /// Rows of the reference that were used.
    pub reference_n: usize,
    /// Rows of the current data that were used.
    pub current_n: usize,
    /// Whether the area is large enough to matter, and not by chance.
    #[serde(flatten)]
    pub verdict: Verdict,
}

impl Classifier {
    /// Compares two clouds.
    ///
    /// # Errors
    /// Fewer than 20 rows on a side, or two spaces.
    pub fn compare(&self, reference: &Points, current: &Points) -> Result<TwoSample, Error> {
        comparable(reference, current, LEAST_ROWS)?;
        let mut random = Rng::with_seed(self.seed);
        let most = self.most_rows.max(LEAST_ROWS);
        let (reference, current) = (reference.thinned(most, &mut random), current.thinned(most, &mut random));
        let (m, n) = (reference.len(), current.len());
        let pooled = reference.followed_by(&current);
        let folds = self.folds.clamp(2, LEAST_ROWS / 2);
        let fold_of = folds_of(m, n, folds, &mut random);
        let (mut area, mut variance, mut by_chance, mut gains) = (0.0, 0.0, 0.0, vec![0.0; pooled.dimensions()]);
        let judged_folds = (folds - 1) as f64;
        for fold in 1..folds {
            let rows = |which: &dyn Fn(usize) -> bool| -> Vec<usize> {
                (0..m + n).filter(|row| which(fold_of[*row])).collect()
            };
            let (learned, judged) = (rows(&|of| of < fold), rows(&|of| of == fold));
            let targets: Vec<f64> = learned.iter().map(|row| f64::from(u8::from(*row >= m))).collect();
            let model = Boosted::fit(&pooled.chosen(&learned), &targets, Loss::Logistic, &self.trees);
            let scored: Vec<(f64, bool)> =
                judged.iter().map(|row| (model.predict(pooled.row(*row)), *row >= m)).collect();
            // Every fold has rows of both sides.
            let Some(found) = roc::area(&scored) else { continue };
            area += found.value / judged_folds;
            variance += found.variance / judged_folds.powi(2);
            // Mann–Whitney's variance without a change; ties make it smaller.
            let positives = judged.iter().filter(|row| **row >= m).count() as f64;
            let negatives = judged.len() as f64 - positives;
            by_chance += (positives + negatives + 1.0) / (12.0 * positives * negatives) / judged_folds.powi(2);
            gains.iter_mut().zip(&model.gains).for_each(|(sum, gain)| *sum += gain);
        }
        let p_value = normal::survival((area - 0.5) / by_chance.sqrt());
        let total: f64 = gains.iter().sum();
        let importance = gains.iter().map(|gain| if total > 0.0 { gain / total } else { 0.0 }).collect();
        let verdict = if p_value <= self.significance && area >= self.least_area {
            Verdict::Drift
        } else {
            let share = judged_folds / folds as f64;
            self.absence(p_value, m as f64, n as f64, share)
        };
        let standard_error = variance.sqrt();
        Ok(TwoSample { area, standard_error, p_value, importance, reference_n: m, current_n: n, verdict })
    }

    /// Whether the smallest area that matters would have been seen: 1/m + 1/n ≤ 12 (area − ½)²/(z_α + z_β)², from the variance of
    /// Mann–Whitney's statistic, of the share of rows that are judged.
    fn absence(&self, p_value: f64, m: f64, n: f64, share: f64) -> Verdict {
        let z = normal_quantile(1.0 - self.significance) + normal_quantile(self.power);
        let allowed = share * 12.0 * (self.least_area - 0.5).powi(2) / (z * z);
        if p_value <= self.significance || 1.0 / m + 1.0 / n <= allowed {
            return Verdict::NoDrift;
        }
        if 1.0 / m >= allowed {
            let n_min = if allowed > 0.0 { Some((2.0 / allowed).ceil() as u64) } else { None };
            return Verdict::Inconclusive { n_min, reason: Reason::ReferenceTooSmall };
        }
        let n_min = Some((1.0 / (allowed - 1.0 / m)).ceil() as u64);
        Verdict::Inconclusive { n_min, reason: Reason::CurrentTooSmall }
    }
}

/// A fold for each row; each side is spread evenly.
fn folds_of(m: usize, n: usize, folds: usize, random: &mut Rng) -> Vec<usize> {
    let mut all = Vec::with_capacity(m + n);
    for rows in [m, n] {
        let mut of_side: Vec<usize> = (0..rows).map(|row| row % folds).collect();
        random.shuffle(&mut of_side);
        all.append(&mut of_side);
    }
    all
}
