//! Predictions and labels, collected by column and taken apart by slice.

use super::super::error::{Error, nearest};
use super::{cell, each_number};
use crate::validation::read::{Source, Watch};
use crate::validation::spec::{PerformanceSpec, Task};
use arrow::array::{Array, ArrayRef};
use std::collections::{BTreeMap, HashMap};

/// Slices of one column beyond which it is refused: an identifier makes no slices.
const MOST_SLICES: usize = 1000;

/// All rows that have both a label and a prediction.
#[derive(Clone, Debug, Default)]
pub(in crate::validation) struct Predictions {
    /// Names of the classes, sorted; of a regression, none.
    pub(in crate::validation) classes: Vec<String>,
    /// Of a classification: what is true and what was predicted, as places in `classes`.
    pub(in crate::validation) labels: Vec<(u32, u32)>,
    /// Of a binary task with a score.
    pub(in crate::validation) scored: Vec<(f64, bool)>,
    /// Of a regression.
    pub(in crate::validation) numbers: Vec<(f64, f64)>,
    /// For each column of slices, its values and the value of each row; `u32::MAX` where it is null.
    pub(in crate::validation) slices: Vec<(Vec<String>, Vec<u32>)>,
    /// Rows left out.
    pub(in crate::validation) left_out: u64,
}

impl Predictions {
    /// How many rows there are.
    pub(in crate::validation) fn rows(&self) -> usize {
        self.labels.len().max(self.scored.len()).max(self.numbers.len())
    }

    /// The same, of some rows only.
    pub(in crate::validation) fn of_rows(&self, rows: &[u32]) -> Self {
        fn pick<T: Copy>(values: &[T], rows: &[u32]) -> Vec<T> {
            if values.is_empty() { Vec::new() } else { rows.iter().map(|row| values[*row as usize]).collect() }
        }
        Self {
            classes: self.classes.clone(),
            labels: pick(&self.labels, rows),
            scored: pick(&self.scored, rows),
            numbers: pick(&self.numbers, rows),
            slices: Vec::new(),
            left_out: 0,
        }
    }
}

/// Names become numbers, in the order of their first appearance.
#[derive(Default)]
struct Names {
    known: HashMap<String, u32>,
}

impl Names {
    fn number(&mut self, name: String) -> u32 {
        let next = self.known.len() as u32;
        *self.known.entry(name).or_insert(next)
    }

    fn list(self) -> Vec<String> {
        let mut names: Vec<(String, u32)> = self.known.into_iter().collect();
        names.sort_unstable_by_key(|(_, number)| *number);
        names.into_iter().map(|(name, _)| name).collect()
    }
}

/// Collects them.
pub(in crate::validation) fn collect(
    spec: &PerformanceSpec,
    source: &Source,
    memory_limit: u64,
    watch: &dyn Watch,
) -> Result<Predictions, Error> {
    let needed = source.rows * (8 + 16 + 4 * spec.slices.len() as u64);
    if needed > memory_limit {
        return Err(Error::Memory { what: "judging predictions".to_owned(), needed, limit: memory_limit });
    }
    let names = [Some(&spec.label), spec.prediction.as_ref(), spec.score.as_ref()];
    let mut columns = Vec::new();
    for name in names.into_iter().flatten().chain(&spec.slices) {
        columns.push(find(source, name)?);
    }
    let (has_prediction, has_score) = (spec.prediction.is_some(), spec.score.is_some());
    let mut found = Predictions { slices: vec![(Vec::new(), Vec::new()); spec.slices.len()], ..Predictions::default() };
    let mut classes = Names::default();
    let positive = classes.number(spec.positive.clone());
    let mut slices: Vec<Names> = spec.slices.iter().map(|_| Names::default()).collect();
    source.scan(&columns, watch, &mut |arrays| {
        let mut rest = arrays[1..].iter();
        let prediction = if has_prediction { rest.next() } else { None };
        let score = if has_score { rest.next() } else { None };
        let slice_arrays: Vec<&ArrayRef> = rest.collect();
        let kept = match spec.task {
            Task::Regression => numbers(&mut found, &arrays[0], prediction),
            _ => labels(&mut found, &mut classes, positive, spec, [Some(&arrays[0]), prediction, score]),
        };
        found.left_out += (arrays[0].len() - kept.len()) as u64;
        for ((values, names), array) in found.slices.iter_mut().zip(&mut slices).zip(slice_arrays) {
            values.1.extend(kept.iter().map(|row| cell(array, *row).map_or(u32::MAX, |name| names.number(name))));
        }
        if let Some(at) = slices.iter().position(|names| names.known.len() > MOST_SLICES) {
            let found = format!("`{}` has more than {MOST_SLICES} values, too many to slice by", spec.slices[at]);
            return Err(Error::data(&source.given, found, "slice by a column of few categories"));
        }
        Ok(())
    })?;
    for ((values, _), names) in found.slices.iter_mut().zip(slices) {
        *values = names.list();
    }
    if spec.task != Task::Regression {
        sort_classes(&mut found, classes.list());
    }
    Ok(found)
}

fn find(source: &Source, name: &str) -> Result<usize, Error> {
    source.column(name).ok_or_else(|| {
        let near = nearest(name, source.fields.iter().map(|field| field.name.as_str()));
        let advice = near.map_or_else(String::new, |near| format!("did you mean `{near}`?"));
        Error::data(&source.given, format!("there is no column `{name}` to judge predictions by"), advice)
    })
}

/// A column of numbers with NaN where there is none.
fn as_numbers(array: &ArrayRef) -> Vec<f64> {
    let mut values = vec![f64::NAN; array.len()];
    each_number(array, |row, value| values[row] = value);
    values
}

/// Adds the rows of a regression and says which they were.
fn numbers(found: &mut Predictions, truth: &ArrayRef, prediction: Option<&ArrayRef>) -> Vec<usize> {
    let (truth, predicted) = (as_numbers(truth), prediction.map(as_numbers).unwrap_or_default());
    let whole = |row: &usize| truth[*row].is_finite() && predicted.get(*row).is_some_and(|value| value.is_finite());
    let kept: Vec<usize> = (0..truth.len()).filter(whole).collect();
    found.numbers.extend(kept.iter().map(|row| (truth[*row], predicted[*row])));
    kept
}

/// Adds the rows of a classification and says which they were.
fn labels(
    found: &mut Predictions,
    classes: &mut Names,
    positive: u32,
    spec: &PerformanceSpec,
    [truth, prediction, score]: [Option<&ArrayRef>; 3],
) -> Vec<usize> {
    let scores = score.map(as_numbers);
    let Some(truth) = truth else { return Vec::new() };
    let mut kept = Vec::new();
    for row in 0..truth.len() {
        let Some(name) = cell(truth, row) else { continue };
        let score = scores.as_ref().map(|scores| scores[row]);
        if score.is_some_and(|score| !(0.0..=1.0).contains(&score)) {
            continue;
        }
        let predicted = match (prediction, score) {
            (Some(prediction), _) => cell(prediction, row).map(|name| class(name, spec)),
            (None, Some(score)) if score >= spec.threshold => Some(spec.positive.clone()),
            // Any other class is told apart from the positive one only.
            (None, _) => Some(format!("not {}", spec.positive)),
        };
        let Some(predicted) = predicted else { continue };
        let name = class(name, spec);
        let is_positive = name == spec.positive;
        let truth = if prediction.is_none() && !is_positive { format!("not {}", spec.positive) } else { name };
        found.labels.push((classes.number(truth), classes.number(predicted)));
        if let Some(score) = score {
            found.scored.push((score, is_positive));
        }
        kept.push(row);
    }
    let _ = positive;
    kept
}

/// A class by its name: `1` and `1.0` and, for a binary task about `1`, `true` are the same.
fn class(name: String, spec: &PerformanceSpec) -> String {
    let name = name.strip_suffix(".0").map(str::to_owned).unwrap_or(name);
    match (name.as_str(), spec.positive.as_str()) {
        ("true", "1") => "1".to_owned(),
        ("false", "1") => "0".to_owned(),
        _ => name,
    }
}

fn sort_classes(found: &mut Predictions, names: Vec<String>) {
    let sorted: BTreeMap<String, usize> =
        names.iter().enumerate().map(|(number, name)| (name.clone(), number)).collect();
    let mut place = vec![0_u32; names.len()];
    for (new, old) in sorted.values().enumerate() {
        place[*old] = new as u32;
    }
    found.labels.iter_mut().for_each(|(truth, predicted)| {
        (*truth, *predicted) = (place[*truth as usize], place[*predicted as usize]);
    });
    found.classes = sorted.into_keys().collect();
}
