//! `mod-553 performance estimate`: read both sides, fit on the reference, estimate the current rows chunk by chunk.

use super::super::Ended;
use super::table::Table;
use crate::multivariate::{Column, Encoder, Points};
use crate::performance::{Calibration, Cbpe, Dle, Estimate, Estimator, LossEstimator, Outcomes, State};
use anyhow::Result;
use clap::Args;
use serde::Serialize;
use std::io::Write;

/// Estimate metrics of rows without labels, from labelled rows of the same model.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Labelled rows that the model did not learn from: CSV, Parquet or JSON Lines, in the order in which they came.
    #[arg(long, value_name = "FILE")]
    reference: String,
    /// Rows to estimate, in the order in which they came; where they have labels, what they really were is shown as well.
    #[arg(long, value_name = "FILE")]
    current: String,
    /// The column of what is true.
    #[arg(long, value_name = "COLUMN")]
    label: String,
    /// Of two classes, the column of the positive one's probability.
    #[arg(long, value_name = "COLUMN", conflicts_with = "scores")]
    score: Option<String>,
    /// Of more classes, the column of each one's probability.
    #[arg(long, value_name = "CLASS=COLUMN,…", value_delimiter = ',')]
    scores: Vec<String>,
    /// The column of what was predicted; of two classes, the score at `--threshold` says it where there is none.
    #[arg(long, value_name = "COLUMN")]
    prediction: Option<String>,
    /// Of numbers, the columns that the loss is learned from, beside the prediction.
    #[arg(long, value_name = "COLUMN,…", value_delimiter = ',', conflicts_with_all = ["score", "scores"])]
    features: Vec<String>,
    /// Of two classes, the label that is positive.
    #[arg(long, default_value = "1", value_name = "LABEL")]
    positive: String,
    /// Of two classes, the score from which the answer is yes.
    #[arg(long, default_value_t = 0.5)]
    threshold: f64,
    /// How many chunks of the reference say what is usual.
    #[arg(long, default_value_t = 10)]
    chunks: usize,
    /// Rows of a chunk of the current data; as many as a chunk of the reference has, where it is not said.
    #[arg(long, value_name = "ROWS")]
    chunk_rows: Option<usize>,
    /// How surely the real value lies within the band.
    #[arg(long, default_value_t = 0.95)]
    confidence: f64,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  mod-553 performance estimate --reference 2026-01.parquet --current today.csv --label churned --score probability
  mod-553 performance estimate --reference r.csv --current c.csv --label kind --prediction kind_hat --scores cat=p_cat,dog=p_dog,owl=p_owl
  mod-553 performance estimate --reference r.csv --current c.csv --label price --prediction price_hat --features rooms,area";

/// What is printed with `--json`.
#[derive(Debug, Serialize)]
struct Report {
    /// Of each class whose scores were looked at.
    calibration: Vec<Calibration>,
    chunks: Vec<Chunk>,
}

#[derive(Debug, Serialize)]
struct Chunk {
    /// Counted from 0, of the rows that have what is needed.
    first_row: usize,
    rows: usize,
    estimates: Vec<Estimate>,
}

pub(super) fn run(arguments: &Arguments) -> Result<()> {
    let (reference, current) = (Table::open(&arguments.reference)?, Table::open(&arguments.current)?);
    let report = if arguments.score.is_some() || !arguments.scores.is_empty() {
        classes(arguments, &reference, &current)?
    } else {
        numbers(arguments, &reference, &current)?
    };
    let mut output = std::io::stdout().lock();
    if arguments.json {
        writeln!(output, "{}", serde_json::to_string_pretty(&report)?)?;
    } else {
        write!(output, "{}", table(&report))?;
    }
    let states = || report.chunks.iter().flat_map(|chunk| &chunk.estimates);
    if let Some(first) = states().find(|estimate| estimate.state == State::Changed) {
        return Err(Ended { code: 1, message: first.why.clone() }.into());
    }
    if let Some(first) = states().find(|estimate| estimate.state == State::Inconclusive) {
        return Err(Ended { code: 4, message: first.why.clone() }.into());
    }
    Ok(())
}

fn classes(arguments: &Arguments, reference: &Table, current: &Table) -> Result<Report> {
    let known = outcomes(arguments, reference, true)?;
    let asked = outcomes(arguments, current, false)?;
    let settings = Cbpe { chunks: arguments.chunks, confidence: arguments.confidence, ..Cbpe::default() };
    let estimator = Estimator::fit(&known, &settings)?;
    let mut chunks = Vec::new();
    for (first_row, rows) in pieces(asked.scores.len(), arguments, known.scores.len()) {
        let end = first_row + rows;
        let labels = if asked.labels.is_empty() { Vec::new() } else { asked.labels[first_row..end].to_vec() };
        let part = Outcomes {
            scores: asked.scores[first_row..end].to_vec(),
            predicted: asked.predicted[first_row..end].to_vec(),
            labels,
        };
        chunks.push(Chunk { first_row, rows, estimates: estimator.estimate(&part)? });
    }
    Ok(Report { calibration: estimator.calibration.clone(), chunks })
}

/// Rows that have scores (and labels, where they must); others are counted and left out.
fn outcomes(arguments: &Arguments, table: &Table, is_reference: bool) -> Result<Outcomes> {
    let wrong = |message: String| anyhow::Error::from(Ended { code: 2, message });
    let mut names = vec!["other".to_owned(), arguments.positive.clone()];
    let mut columns = Vec::new();
    if let Some(score) = &arguments.score {
        columns.push(table.numbers(score)?);
    } else {
        names.clear();
        for pair in &arguments.scores {
            let parts = pair.split_once('=');
            let (class, column) = parts.ok_or_else(|| wrong(format!("--scores {pair}: expected CLASS=COLUMN")))?;
            names.push(class.to_owned());
            columns.push(table.numbers(column)?);
        }
    }
    let is_binary = arguments.score.is_some();
    let place = |word: &str, what: &str| -> Result<usize> {
        if is_binary {
            return Ok(usize::from(word == arguments.positive));
        }
        let known = names.iter().position(|name| name == word);
        known.ok_or_else(|| wrong(format!("{what} {word:?} is none of the classes of --scores: {}", names.join(", "))))
    };
    let has_labels = is_reference || table.has(&arguments.label);
    let labels = if has_labels { table.words(&arguments.label)? } else { Vec::new() };
    // Labels of the current rows are used when all of them are there: a part of them may not be like the rest.
    let labelled = is_reference || (has_labels && labels.iter().all(Option::is_some));
    let predicted = match &arguments.prediction {
        Some(column) => Some(table.words(column)?),
        None if is_binary => None,
        None => return Err(wrong("say what was predicted with --prediction".to_owned())),
    };
    let (mut outcomes, mut left_out) = (Outcomes::default(), 0);
    for row in 0..columns[0].len() {
        let scores: Option<Vec<f64>> = columns.iter().map(|column| column[row]).collect();
        let label = labels.get(row).and_then(Option::as_deref);
        let answer = predicted.as_ref().map(|words| words[row].as_deref());
        let (Some(scores), false, false) = (scores, labelled && label.is_none(), answer == Some(None)) else {
            left_out += 1;
            continue;
        };
        outcomes.predicted.push(match answer.flatten() {
            Some(word) => place(word, "the prediction")?,
            None => usize::from(scores[0] >= arguments.threshold),
        });
        if let (true, Some(label)) = (labelled, label) {
            outcomes.labels.push(place(label, "the label")?);
        }
        outcomes.scores.push(if is_binary { vec![1.0 - scores[0], scores[0]] } else { scores });
    }
    note(if is_reference { &arguments.reference } else { &arguments.current }, left_out);
    Ok(outcomes)
}

fn numbers(arguments: &Arguments, reference: &Table, current: &Table) -> Result<Report> {
    let Some(prediction) = &arguments.prediction else {
        let message =
            "say where the scores are (--score, --scores), or of numbers where the prediction is (--prediction)";
        return Err(Ended { code: 2, message: message.to_owned() }.into());
    };
    let features = |table: &Table| -> Result<Vec<Column>> {
        arguments.features.iter().chain([prediction]).map(|name| table.column(name)).collect()
    };
    let columns = features(reference)?;
    let encoder = Encoder::fit(&columns).map_err(crate::performance::Error::from)?;
    let encode = |columns: &[Column]| encoder.encode(columns).map_err(crate::performance::Error::from);
    let pairs = |table: &Table, labels: bool| -> Result<Vec<(Option<f64>, Option<f64>)>> {
        let predicted = table.numbers(prediction)?;
        let labels = if labels { table.numbers(&arguments.label)? } else { vec![None; predicted.len()] };
        Ok(predicted.into_iter().zip(labels).collect())
    };
    let (points, predicted, truth) = complete(&encode(&columns)?, &pairs(reference, true)?);
    note(&arguments.reference, columns[0].len() - predicted.len());
    let settings = Dle { chunks: arguments.chunks, confidence: arguments.confidence, ..Dle::default() };
    let estimator = LossEstimator::fit(&points, &predicted, &truth, &settings)?;
    let asked = encode(&features(current)?)?;
    let known = pairs(current, current.has(&arguments.label))?;
    let mut chunks = Vec::new();
    for (first_row, rows) in pieces(asked.len(), arguments, predicted.len()) {
        let part = asked.chosen(&(first_row..first_row + rows).collect::<Vec<_>>());
        let (_, predicted, truth) = complete(&part, &known[first_row..first_row + rows]);
        let all = (truth.len() == rows).then_some((predicted.as_slice(), truth.as_slice()));
        chunks.push(Chunk { first_row, rows, estimates: estimator.estimate(&part, all)? });
    }
    Ok(Report { calibration: Vec::new(), chunks })
}

/// Rows that have both a prediction and a label.
fn complete(points: &Points, pairs: &[(Option<f64>, Option<f64>)]) -> (Points, Vec<f64>, Vec<f64>) {
    let both = |(row, (predicted, truth)): (usize, &(Option<f64>, Option<f64>))| Some((row, (*predicted)?, (*truth)?));
    let whole: Vec<(usize, f64, f64)> = pairs.iter().enumerate().filter_map(both).collect();
    let rows: Vec<usize> = whole.iter().map(|(row, _, _)| *row).collect();
    (points.chosen(&rows), whole.iter().map(|it| it.1).collect(), whole.iter().map(|it| it.2).collect())
}

/// Chunks of the current rows: the first row and how many. What remains after the last whole chunk is one of its own.
fn pieces(rows: usize, arguments: &Arguments, reference: usize) -> Vec<(usize, usize)> {
    let usual = reference / arguments.chunks.max(2);
    let size = arguments.chunk_rows.unwrap_or(usual).max(1);
    (0..rows).step_by(size).map(|first| (first, size.min(rows - first))).collect()
}

fn note(file: &str, left_out: usize) {
    if left_out > 0 {
        eprintln!("{file}: {left_out} rows without a score, a prediction or a label were left out");
    }
}

fn table(report: &Report) -> String {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.force_no_tty();
    table.set_header(["ROWS", "METRIC", "ESTIMATED", "BAND", "USUAL", "REALIZED", "STATE"]);
    let figure = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| format!("{value:.4}"));
    for chunk in &report.chunks {
        for estimate in &chunk.estimates {
            table.add_row([
                format!("{}–{}", chunk.first_row, chunk.first_row + chunk.rows - 1),
                estimate.metric.to_owned(),
                figure(estimate.estimated),
                format!("{} to {}", figure(estimate.lower), figure(estimate.upper)),
                format!("{:.4} to {:.4}", estimate.usual_from, estimate.usual_to),
                figure(estimate.realized),
                match estimate.state {
                    State::Usual => "usual",
                    State::Changed => "changed",
                    State::Inconclusive => "inconclusive",
                }
                .to_owned(),
            ]);
        }
    }
    table.lines().map(|line| format!("{}\n", line.trim())).collect()
}
