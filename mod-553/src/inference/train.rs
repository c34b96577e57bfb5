//! The training job: read or draw, fit, judge on held-out rows, write; and say on the way what a job should say.

use super::error::Error;
use super::fit::{self, Fit};
use super::model::{Evaluation, Feature, Model, transformed};
use super::rows::{CATEGORIES, Labelled, NUMBERS, drawn, read};
use crate::instrument::TrainingFigures;
use jiff::Timestamp;
use mod_106::statistics::{bins::Edges, roc::area};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Instant;

const BINS: usize = 10;
const MOST_EPOCHS: usize = 400;
/// With fewer, held-out figures say nothing.
const FEWEST_ROWS: usize = 1_000;

/// What a model learns from; a fifth of it is held out.
#[derive(Clone, Debug)]
pub enum Data {
    /// So many rows of the population that a seed stands for.
    Drawn {
        /// How many.
        rows: usize,
        /// What they are drawn from.
        seed: u64,
    },
    /// A CSV file.
    File(PathBuf),
}

/// What to train.
#[derive(Clone, Debug)]
pub struct Job {
    /// The model's registered name.
    pub model: String,
    /// Its version.
    pub version: String,
    /// What it learns from.
    pub data: Data,
    /// Where the model goes.
    pub out: PathBuf,
    /// Where the job's figures go, for node_exporter.
    pub metrics: Option<PathBuf>,
}

/// Runs the job. `now` is when it was started; `after_epoch` is told of epochs and loss.
///
/// # Errors
/// Data that do not fit or are too few, or a file that cannot be written. The job's figures of the last success stay then as they are:
/// an alert on their age is how anybody hears of it.
pub fn train(job: &Job, now: Timestamp, mut after_epoch: impl FnMut(usize, f64)) -> Result<Model, Error> {
    let started = Instant::now();
    let payments = rows(&job.data)?;
    let figures = TrainingFigures::new(&job.model, &job.version)?;
    let (held_out, fitted) = payments.split_at(payments.len() / 5);
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

fn rows(data: &Data) -> Result<Vec<Labelled>, Error> {
    let (rows, setting) = match data {
        Data::Drawn { rows, seed } => (drawn(*rows, *seed), "--rows"),
        Data::File(path) => (read(path)?, "--data"),
    };
    if rows.len() < FEWEST_ROWS {
        let (found, expected) = (format!("{} rows", rows.len()), "at least 1000, or held-out figures say nothing");
        return Err(Error::Setting { setting, found, expected });
    }
    Ok(rows)
}

/// What the training data is like, without weights yet; features in the order of their names.
fn describe(payments: &[Labelled]) -> Vec<Feature> {
    let mut features: Vec<Feature> =
        NUMBERS.into_iter().map(|(name, logarithm)| describe_number(payments, name, logarithm)).collect();
    features.extend(CATEGORIES.map(|name| describe_category(payments, name)));
    features.sort_by(|left, right| left.name().cmp(right.name()));
    features
}

fn describe_number(payments: &[Labelled], name: &str, logarithm: bool) -> Feature {
    let mut values: Vec<f64> = payments.iter().filter_map(|payment| payment.number(name)).collect();
    values.sort_by(f64::total_cmp);
    let edges = Edges::of_reference(&values, BINS);
    let counts = [edges.counts(&values), vec![(payments.len() - values.len()) as u64]].concat();
    let count = values.len().max(1) as f64;
    let mean = values.iter().map(|value| transformed(*value, logarithm)).sum::<f64>() / count;
    let variance = values.iter().map(|value| (transformed(*value, logarithm) - mean).powi(2)).sum::<f64>() / count;
    let (min, max) = (values.first().copied().unwrap_or(0.0), values.last().copied().unwrap_or(0.0));
    // What lies a little beyond is no fault of anybody's.
    let max = max + 0.1 * (max - min);
    let (name, edges, deviation) = (name.to_owned(), edges.values().to_vec(), variance.sqrt().max(1e-9));
    Feature::Number { name, logarithm, mean, deviation, weight: 0.0, min, max, edges, counts }
}

fn describe_category(payments: &[Labelled], name: &str) -> Feature {
    let mut seen: BTreeMap<&str, u64> = BTreeMap::new();
    for text in payments.iter().filter_map(|payment| payment.text(name)) {
        *seen.entry(text).or_default() += 1;
    }
    let nulls = payments.len() as u64 - seen.values().sum::<u64>();
    let counts = seen.values().copied().chain([0, nulls]).collect();
    let levels: Vec<String> = seen.into_keys().map(str::to_owned).collect();
    Feature::Category { name: name.to_owned(), weights: vec![0.0; levels.len()], levels, counts }
}

/// A payment as the fit sees it: a standardised number or a flag for each level; a null is the average, as it is when serving.
fn columns(features: &[Feature], payment: &Labelled) -> Vec<f64> {
    let mut columns = Vec::new();
    for feature in features {
        match feature {
            Feature::Number { name, logarithm, mean, deviation, .. } => {
                let number = payment.number(name);
                columns.push(number.map_or(0.0, |number| (transformed(number, *logarithm) - mean) / deviation));
            }
            Feature::Category { name, levels, .. } => {
                let flag = |level: &String| f64::from(u8::from(payment.text(name) == Some(level)));
                columns.extend(levels.iter().map(flag));
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
fn evaluate(model: &Model, payments: &[Labelled]) -> Evaluation {
    let scored: Vec<(f64, bool)> =
        payments.iter().map(|payment| (model.score(&payment.features), payment.fraud)).collect();
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
    use super::{Data, Job, evaluate, train};
    use crate::inference::Model;
    use crate::inference::rows::{drawn, write};
    use jiff::Timestamp;

    #[test]
    fn a_trained_model_is_better_than_guessing_and_a_skewed_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let job = Job {
            model: "payments".to_owned(),
            version: "1".to_owned(),
            data: Data::Drawn { rows: 4_000, seed: 1 },
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
        let fresh = drawn(2_000, 2);
        let (good, bad) = (evaluate(&model, &fresh).accuracy, evaluate(&model.skewed(), &fresh).accuracy);
        assert!(bad < good - 0.1, "{good} {bad}");
        assert!(std::fs::read_to_string(job.metrics.unwrap()).unwrap().contains("training_evaluation"));
    }

    #[test]
    fn a_file_teaches_what_its_rows_teach_and_a_failed_job_leaves_the_last_success() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let mut rows = drawn(1_500, 1);
        write(&path("payments.csv"), &rows).unwrap();
        let job = |data| Job {
            model: "payments".to_owned(),
            version: "1".to_owned(),
            data,
            out: path("model.json"),
            metrics: Some(path("training.prom")),
        };
        let now = Timestamp::UNIX_EPOCH;
        let from_file = train(&job(Data::File(path("payments.csv"))), now, |_, _| {}).unwrap();
        assert_eq!(from_file, train(&job(Data::Drawn { rows: 1_500, seed: 1 }), now, |_, _| {}).unwrap());
        let before = std::fs::read_to_string(path("training.prom")).unwrap();
        rows.truncate(999);
        write(&path("few.csv"), &rows).unwrap();
        let error = train(&job(Data::File(path("few.csv"))), now, |_, _| {}).unwrap_err();
        assert!(error.to_string().starts_with("--data is 999 rows"), "{error}");
        assert_eq!(std::fs::read_to_string(path("training.prom")).unwrap(), before);
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
