//! The training job: draw, fit, judge on held-out rows, write; and say on the way what a job should say.

use super::error::Error;
use super::fit::{self, Fit};
use super::model::{Evaluation, Feature, Model, transformed};
use super::population::{CHANNELS, MERCHANTS, Payment, Population};
use crate::inference_log::Value;
use crate::instrument::TrainingFigures;
use jiff::Timestamp;
use mod_106::statistics::{bins::Edges, roc::area};
use std::path::PathBuf;
use std::time::Instant;

/// Numbers, and whether a logarithm suits them.
const NUMBERS: [(&str, bool); 4] =
    [("account_age_days", true), ("amount_usd", true), ("attempts_24h", false), ("hour", false)];
const BINS: usize = 10;
const MOST_EPOCHS: usize = 400;

/// What to train.
#[derive(Clone, Debug)]
pub struct Job {
    /// The model's registered name.
    pub model: String,
    /// Its version.
    pub version: String,
    /// Rows to draw; a fifth is held out.
    pub rows: usize,
    /// What the rows are drawn from.
    pub seed: u64,
    /// Where the model goes.
    pub out: PathBuf,
    /// Where the job's figures go, for node_exporter.
    pub metrics: Option<PathBuf>,
}

/// Runs the job. `now` is when it was started; `after_epoch` is told of epochs and loss.
///
/// # Errors
/// Too few rows, or a file that cannot be written.
pub fn train(job: &Job, now: Timestamp, mut after_epoch: impl FnMut(usize, f64)) -> Result<Model, Error> {
    if job.rows < 1_000 {
        let (found, expected) = (job.rows.to_string(), "at least 1000, or held-out figures say nothing");
        return Err(Error::Setting { setting: "--rows", found, expected });
    }
    let started = Instant::now();
    let figures = TrainingFigures::new(&job.model, &job.version)?;
    let mut population = Population::new(job.seed);
    let payments: Vec<Payment> = (0..job.rows).map(|_| population.draw()).collect();
    let (held_out, fitted) = payments.split_at(job.rows / 5);
    let mut features = describe(fitted);
    let rows: Vec<(Vec<f64>, bool)> =
        fitted.iter().map(|payment| (columns(&features, payment), payment.fraud)).collect();
    let fit = fit::fit(&rows, MOST_EPOCHS, |fit| {
        figures.progress(rows.len(), fit.epochs, fit.loss);
        after_epoch(fit.epochs, fit.loss);
    });
    take_weights(&mut features, &fit);
    let nothing = Evaluation { rows: 0, accuracy: 0.0, auc: 0.0, log_loss: 0.0 };
    let mut model = Model {
        name: job.model.clone(),
        version: job.version.clone(),
        trained_at: now,
        training_rows: rows.len(),
        bias: fit.bias,
        threshold: 0.5,
        features,
        evaluation: nothing,
    };
    model.evaluation = evaluate(&model, held_out);
    let Evaluation { accuracy, auc, log_loss, .. } = model.evaluation;
    for (measure, value) in [("accuracy", accuracy), ("auc", auc), ("log_loss", log_loss)] {
        figures.evaluated(measure, value);
    }
    model.write(&job.out)?;
    if let Some(path) = &job.metrics {
        figures.succeeded(started.elapsed().as_secs_f64(), now.as_millisecond() as f64 / 1_000.0);
        figures.write(path)?;
    }
    Ok(model)
}

/// What the training data is like, without weights yet.
fn describe(payments: &[Payment]) -> Vec<Feature> {
    let number = |(name, logarithm): (&str, bool)| {
        let mut values: Vec<f64> = payments.iter().map(|payment| number_of(payment, name)).collect();
        values.sort_by(f64::total_cmp);
        let edges = Edges::of_reference(&values, BINS);
        let counts = [edges.counts(&values), vec![0]].concat();
        let count = values.len().max(1) as f64;
        let mean = values.iter().map(|value| transformed(*value, logarithm)).sum::<f64>() / count;
        let variance = values.iter().map(|value| (transformed(*value, logarithm) - mean).powi(2)).sum::<f64>() / count;
        let (min, max) = (values.first().copied().unwrap_or(0.0), values.last().copied().unwrap_or(0.0));
        // What lies a little beyond is no fault of anybody's.
        let max = max + 0.1 * (max - min);
        let name = name.to_owned();
        let edges = edges.values().to_vec();
        Feature::Number {
            name,
            logarithm,
            mean,
            deviation: variance.sqrt().max(1e-9),
            weight: 0.0,
            min,
            max,
            edges,
            counts,
        }
    };
    let category = |name: &str, levels: Vec<String>| {
        let count = |level: &String| payments.iter().filter(|payment| text_of(payment, name) == level).count() as u64;
        let counts = levels.iter().map(count).chain([0, 0]).collect();
        Feature::Category { name: name.to_owned(), weights: vec![0.0; levels.len()], levels, counts }
    };
    let names = |among: &[(&str, f64, f64)]| among.iter().map(|(name, ..)| (*name).to_owned()).collect();
    let mut features: Vec<Feature> = NUMBERS.into_iter().map(number).collect();
    features.push(category("channel", names(&CHANNELS)));
    features.push(category("merchant", names(&MERCHANTS)));
    features.sort_by(|left, right| left.name().cmp(right.name()));
    features
}

fn number_of(payment: &Payment, name: &str) -> f64 {
    match payment.features().get(name) {
        Some(Value::Number(number)) => *number,
        _ => 0.0,
    }
}

fn text_of(payment: &Payment, name: &str) -> &'static str {
    if name == "channel" { payment.channel } else { payment.merchant }
}

/// A payment as the fit sees it: a standardised number or a flag for each level.
fn columns(features: &[Feature], payment: &Payment) -> Vec<f64> {
    let mut columns = Vec::new();
    for feature in features {
        match feature {
            Feature::Number { name, logarithm, mean, deviation, .. } => {
                columns.push((transformed(number_of(payment, name), *logarithm) - mean) / deviation);
            }
            Feature::Category { name, levels, .. } => {
                columns.extend(levels.iter().map(|level| f64::from(u8::from(text_of(payment, name) == level))));
            }
        }
    }
    columns
}

fn take_weights(features: &mut [Feature], fit: &Fit) {
    let mut found = fit.weights.iter().copied();
    for feature in features {
        match feature {
            Feature::Number { weight, .. } => *weight = found.next().unwrap_or(0.0),
            Feature::Category { weights, .. } => {
                weights.iter_mut().for_each(|weight| *weight = found.next().unwrap_or(0.0));
            }
        }
    }
}

/// What the model is worth on rows that it has not seen.
fn evaluate(model: &Model, payments: &[Payment]) -> Evaluation {
    let scored: Vec<(f64, bool)> =
        payments.iter().map(|payment| (model.score(&payment.features()), payment.fraud)).collect();
    let count = scored.len().max(1) as f64;
    let right = scored.iter().filter(|(score, fraud)| (*score >= model.threshold) == *fraud).count();
    let loss: f64 =
        scored.iter().map(|(score, fraud)| -if *fraud { *score } else { 1.0 - score }.max(1e-12).ln()).sum();
    Evaluation {
        rows: scored.len(),
        accuracy: right as f64 / count,
        auc: area(&scored).map_or(f64::NAN, |area| area.value),
        log_loss: loss / count,
    }
}

#[cfg(test)]
mod tests {
    use super::{Job, evaluate, train};
    use crate::inference::Model;
    use crate::inference::population::Population;
    use jiff::Timestamp;

    #[test]
    fn a_trained_model_is_better_than_guessing_and_a_skewed_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let job = Job {
            model: "payments".to_owned(),
            version: "1".to_owned(),
            rows: 4_000,
            seed: 1,
            out: folder.path().join("model.json"),
            metrics: Some(folder.path().join("training.prom")),
        };
        let mut epochs = 0;
        let model = train(&job, Timestamp::UNIX_EPOCH, |_, _| epochs += 1).unwrap();
        assert!(
            epochs > 10 && model.evaluation.auc > 0.8 && model.evaluation.accuracy > 0.84,
            "{:?}",
            model.evaluation
        );
        let read = Model::read(&job.out).unwrap();
        assert_eq!(read, model);
        assert_eq!(read.digest(), model.digest());
        let mut population = Population::new(2);
        let fresh: Vec<_> = (0..2_000).map(|_| population.draw()).collect();
        let (good, bad) = (evaluate(&model, &fresh).accuracy, evaluate(&model.skewed(), &fresh).accuracy);
        assert!(bad < good - 0.1, "{good} {bad}");
        assert!(std::fs::read_to_string(job.metrics.unwrap()).unwrap().contains("training_evaluation"));
    }

    #[test]
    fn a_file_that_is_no_model_is_named_with_what_is_wrong() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.json");
        let check = |text: &str, expected: &str| {
            std::fs::write(&path, text).unwrap();
            let error = Model::read(&path).unwrap_err();
            assert!(error.exit_code() == 2 && error.to_string().contains(expected), "{error}");
        };
        check("{", "line 1");
        check(r#"{"name":"m","nme":1}"#, "nme");
    }
}
