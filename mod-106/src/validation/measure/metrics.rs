//! Performance metrics, each with a confidence interval. Formulas are scikit-learn's; intervals are Wilson's for shares, DeLong's for
//! the area under the curve, Student's for means, and for the rest a linearisation or a bootstrap with a fixed seed.

use crate::statistics::interval::{Ends, normal_quantile, percentile, student, wilson};
use crate::statistics::roc;
use crate::validation::outcome::{CalibrationBin, Interval};
use crate::validation::spec::MetricName;

/// Replicates of a bootstrap.
const REPLICATES: usize = 1000;
/// Probabilities are kept this far from 0 and 1, as scikit-learn's `log_loss` does.
const LEAST_PROBABILITY: f64 = f64::EPSILON;
/// Bins of the expected calibration error.
const CALIBRATION_BINS: usize = 10;

/// A metric's value and interval.
#[derive(Clone, Debug, PartialEq)]
pub struct Estimate {
    /// Nothing where it is not defined, such as the precision of a model that never says yes.
    pub value: Option<f64>,
    /// How sure it is, where there is a way to tell.
    pub interval: Option<Interval>,
}

/// Counts of what is true against what was predicted.
#[derive(Clone, Debug, PartialEq)]
pub struct Counts {
    /// `[true][predicted]`.
    pub cells: Vec<Vec<u64>>,
}

impl Estimate {
    fn new(value: f64, ends: Option<Ends>, confidence: f64, method: &str) -> Self {
        let interval = ends.filter(|ends| ends.lower.is_finite() && ends.upper.is_finite()).map(|ends| Interval {
            lower: ends.lower,
            upper: ends.upper,
            confidence,
            method: method.to_owned(),
        });
        Self { value: value.is_finite().then_some(value), interval }
    }

    fn undefined() -> Self {
        Self { value: None, interval: None }
    }

    fn share(hits: u64, of: u64, confidence: f64) -> Self {
        if of == 0 {
            return Self::undefined();
        }
        Self::new(hits as f64 / of as f64, wilson(hits as f64, of as f64, confidence), confidence, "wilson")
    }
}

/// A metric of predicted classes. `positive` is the class that a binary task is about; without one, classes count alike (macro).
pub fn of_classes(metric: MetricName, counts: &Counts, positive: Option<usize>, confidence: f64) -> Estimate {
    let classes = counts.cells.len();
    let row = |class: usize| counts.cells[class].iter().sum::<u64>();
    let column = |class: usize| (0..classes).map(|row| counts.cells[row][class]).sum::<u64>();
    let all: u64 = (0..classes).map(row).sum();
    if metric == MetricName::Accuracy {
        return Estimate::share((0..classes).map(|class| counts.cells[class][class]).sum(), all, confidence);
    }
    let Some(class) = positive else { return of_all_classes(metric, counts, confidence) };
    let hits = counts.cells[class][class];
    match metric {
        MetricName::Precision => Estimate::share(hits, column(class), confidence),
        MetricName::Recall => Estimate::share(hits, row(class), confidence),
        _ => {
            // F1 = 2J/(1 + J), where J = TP/(TP + FP + FN) is a share and has Wilson's interval.
            let either = row(class) + column(class) - hits;
            let Some(ends) = wilson(hits as f64, either as f64, confidence) else { return Estimate::undefined() };
            let f1 = |jaccard: f64| 2.0 * jaccard / (1.0 + jaccard);
            let ends = Ends { lower: f1(ends.lower), upper: f1(ends.upper) };
            Estimate::new(f1(hits as f64 / either as f64), Some(ends), confidence, "wilson")
        }
    }
}

fn of_all_classes(metric: MetricName, counts: &Counts, confidence: f64) -> Estimate {
    let real: Vec<Vec<f64>> = counts.cells.iter().map(|row| row.iter().map(|count| *count as f64).collect()).collect();
    let value = macro_average(metric, &real);
    let mut random = fastrand::Rng::with_seed(106);
    let replicate = |_| {
        let drawn: Vec<Vec<f64>> =
            real.iter().map(|row| row.iter().map(|mean| poisson(*mean, &mut random)).collect()).collect();
        macro_average(metric, &drawn)
    };
    let ends = percentile((0..REPLICATES).map(replicate).collect(), confidence);
    Estimate::new(value, ends, confidence, "bootstrap")
}

/// Precision, recall or F1 of counts (or expected counts) `[true][predicted]`: the mean over classes that are true or predicted somewhere; a class that is never predicted has precision 0, as in scikit-learn.
pub fn macro_average(metric: MetricName, cells: &[Vec<f64>]) -> f64 {
    let (mut sum, mut classes) = (0.0, 0.0);
    for class in 0..cells.len() {
        let truly: f64 = cells[class].iter().sum();
        let predicted: f64 = cells.iter().map(|row| row[class]).sum();
        if truly + predicted > 0.0 {
            let hits = cells[class][class];
            let of = match metric {
                MetricName::Precision => predicted,
                MetricName::Recall => truly,
                _ => f64::midpoint(truly, predicted),
            };
            sum += if of > 0.0 { hits / of } else { 0.0 };
            classes += 1.0;
        }
    }
    if classes > 0.0 { sum / classes } else { f64::NAN }
}

/// A Poisson number: by Knuth's product when the mean is small, by the normal limit otherwise.
fn poisson(mean: f64, random: &mut fastrand::Rng) -> f64 {
    if mean > 50.0 {
        return (mean + mean.sqrt() * normal(random)).round().max(0.0);
    }
    let (limit, mut product, mut count) = ((-mean).exp(), random.f64(), 0.0);
    while product > limit {
        product *= random.f64();
        count += 1.0;
    }
    count
}

fn normal(random: &mut fastrand::Rng) -> f64 {
    normal_quantile((random.f64() + f64::EPSILON).min(1.0 - f64::EPSILON))
}

/// A metric of predicted probabilities of a positive class.
pub fn of_scores(metric: MetricName, scored: &[(f64, bool)], confidence: f64) -> Estimate {
    match metric {
        MetricName::RocAuc => match roc::area(scored) {
            Some(area) => Estimate::new(area.value, Some(area.interval(confidence)), confidence, "delong"),
            None => Estimate::undefined(),
        },
        MetricName::LogLoss => {
            mean_of(scored.iter().map(|(score, positive)| log_loss(*score, *positive)), confidence, |x| x)
        }
        MetricName::Brier => {
            mean_of(scored.iter().map(|(score, positive)| (score - f64::from(*positive)).powi(2)), confidence, |x| x)
        }
        _ => calibration_error(scored, confidence),
    }
}

fn log_loss(score: f64, positive: bool) -> f64 {
    let probability = score.clamp(LEAST_PROBABILITY, 1.0 - LEAST_PROBABILITY);
    -if positive { probability.ln() } else { (1.0 - probability).ln() }
}

/// Predicted against observed, in bins of equal width.
pub fn calibration(scored: &[(f64, bool)]) -> Vec<CalibrationBin> {
    let mut sums = [(0_u64, 0.0, 0_u64); CALIBRATION_BINS];
    for (score, positive) in scored {
        let bin = ((score * CALIBRATION_BINS as f64) as usize).min(CALIBRATION_BINS - 1);
        sums[bin].0 += 1;
        sums[bin].1 += score;
        sums[bin].2 += u64::from(*positive);
    }
    let width = 1.0 / CALIBRATION_BINS as f64;
    let bin = |(index, (n, sum, positives)): (usize, (u64, f64, u64))| CalibrationBin {
        lower: index as f64 * width,
        upper: (index + 1) as f64 * width,
        n,
        predicted: (n > 0).then(|| sum / n as f64),
        observed: (n > 0).then(|| positives as f64 / n as f64),
    };
    sums.into_iter().enumerate().map(bin).collect()
}

/// The expected calibration error (Naeini 2015): Σ n_b/n |observed − predicted|. Its bootstrap draws each bin's positives anew.
fn calibration_error(scored: &[(f64, bool)], confidence: f64) -> Estimate {
    let n = scored.len() as f64;
    let bins: Vec<(f64, f64, f64)> = (calibration(scored).into_iter())
        .filter_map(|bin| Some((bin.n as f64, bin.predicted?, bin.observed?)))
        .collect();
    if bins.is_empty() {
        return Estimate::undefined();
    }
    let value = bins.iter().map(|(count, predicted, observed)| count / n * (observed - predicted).abs()).sum();
    let mut random = fastrand::Rng::with_seed(106);
    let replicate = |_| {
        let drawn = bins.iter().map(|(count, predicted, observed)| {
            let spread = (observed * (1.0 - observed) / count).sqrt();
            count / n * (observed + spread * normal(&mut random) - predicted).abs()
        });
        drawn.sum()
    };
    let ends = percentile((0..REPLICATES).map(replicate).collect(), confidence);
    Estimate::new(value, ends, confidence, "bootstrap")
}

/// A metric of predicted numbers: pairs of what is true and what was predicted.
pub fn of_numbers(metric: MetricName, pairs: &[(f64, f64)], confidence: f64) -> Estimate {
    match metric {
        MetricName::Mae => mean_of(pairs.iter().map(|(truth, predicted)| (truth - predicted).abs()), confidence, |x| x),
        MetricName::Rmse => {
            let root = |x: f64| x.max(0.0).sqrt();
            mean_of(pairs.iter().map(|(truth, predicted)| (truth - predicted).powi(2)), confidence, root)
        }
        _ => determination(pairs, confidence),
    }
}

/// R² = 1 − MSE/variance. Its interval is that of the ratio, linearised: each row moves it by (e² − θ(y − ȳ)²)/variance.
fn determination(pairs: &[(f64, f64)], confidence: f64) -> Estimate {
    let n = pairs.len() as f64;
    let Some(first) = pairs.first().map(|(truth, _)| *truth) else { return Estimate::undefined() };
    // From the first value on: the mean of large values that lie close together is otherwise a rounding error away from them.
    let mean = first + pairs.iter().map(|(truth, _)| truth - first).sum::<f64>() / n;
    let variance = pairs.iter().map(|(truth, _)| (truth - mean).powi(2)).sum::<f64>() / n;
    if pairs.iter().all(|(truth, _)| *truth == first) || variance <= 0.0 {
        return Estimate::undefined();
    }
    let error = pairs.iter().map(|(truth, predicted)| (truth - predicted).powi(2)).sum::<f64>() / n;
    let ratio = error / variance;
    let moved = pairs
        .iter()
        .map(|(truth, predicted)| ((truth - predicted).powi(2) - ratio * (truth - mean).powi(2)) / variance);
    let spread = moved.map(|moved| moved * moved).sum::<f64>() / (n - 1.0);
    Estimate::new(1.0 - ratio, student(1.0 - ratio, spread, n, confidence), confidence, "delta")
}

/// A mean with Student's interval, both carried through a rising function.
fn mean_of(values: impl Iterator<Item = f64> + Clone, confidence: f64, carry: impl Fn(f64) -> f64) -> Estimate {
    let n = values.clone().count() as f64;
    if n == 0.0 {
        return Estimate::undefined();
    }
    let mean = values.clone().sum::<f64>() / n;
    let variance = values.map(|value| (value - mean).powi(2)).sum::<f64>() / (n - 1.0);
    let ends = student(mean, variance, n, confidence);
    let ends = ends.map(|ends| Ends { lower: carry(ends.lower.max(0.0)), upper: carry(ends.upper) });
    Estimate::new(carry(mean), ends, confidence, "student")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_by_hand() {
        let counts = Counts { cells: vec![vec![50, 10], vec![5, 35]] };
        let check = |metric, positive, expected: f64| {
            let found = of_classes(metric, &counts, positive, 0.95).value.expect("defined");
            assert!((found - expected).abs() < 1e-12, "{metric:?}: {found}");
        };
        check(MetricName::Accuracy, Some(1), 0.85);
        check(MetricName::Precision, Some(1), 35.0 / 45.0);
        check(MetricName::Recall, Some(1), 0.875);
        check(MetricName::F1, Some(1), 70.0 / 85.0);
        check(MetricName::Recall, None, (0.875 + 5.0 / 6.0) / 2.0);
    }

    #[test]
    fn what_is_not_defined_has_no_value() {
        let never = Counts { cells: vec![vec![5, 0], vec![5, 0]] };
        assert_eq!(of_classes(MetricName::Precision, &never, Some(1), 0.95).value, None);
        assert_eq!(of_scores(MetricName::RocAuc, &[(0.5, true)], 0.95).value, None);
        assert_eq!(of_numbers(MetricName::R2, &[(1.0, 1.0), (1.0, 2.0)], 0.95).value, None);
        assert_eq!(of_numbers(MetricName::Mae, &[], 0.95).value, None);
    }

    #[test]
    fn a_constant_that_no_double_holds_has_no_determination() {
        let pairs: Vec<(f64, f64)> = (0..11).map(|row| (0.1, f64::from(row))).collect();
        assert_eq!(of_numbers(MetricName::R2, &pairs, 0.95).value, None);
    }

    #[test]
    fn intervals_hold_the_value() {
        let mut random = fastrand::Rng::with_seed(5);
        let scored: Vec<(f64, bool)> = (0..500).map(|_| (random.f64(), random.bool())).collect();
        for metric in [MetricName::RocAuc, MetricName::LogLoss, MetricName::Brier] {
            let Estimate { value: Some(value), interval: Some(interval) } = of_scores(metric, &scored, 0.95) else {
                panic!("{metric:?} is defined")
            };
            assert!(interval.lower < value && value < interval.upper, "{metric:?}");
        }
    }
}
