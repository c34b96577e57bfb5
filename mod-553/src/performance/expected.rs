//! Metrics of rows whose truth is known only as a probability: expected counts of what is true against what was predicted, and from
//! those the metrics (NannyML's CBPE). With probabilities of 0 and 1 these are the metrics of known labels.

use mod_106::validation::metrics::macro_average;
use mod_106::validation::spec::MetricName;

/// What is true with which probability, row after row: `classes` numbers each.
pub(super) struct Truth<'a> {
    pub(super) classes: usize,
    pub(super) probabilities: &'a [f64],
}

/// Rows in ascending order of their scores for one class, in groups of equal scores.
pub(super) struct Ranking {
    order: Vec<u32>,
    ends: Vec<usize>,
}

impl Ranking {
    /// Ranks rows by scores, of which each row has `stride` and the one at `offset` is meant.
    pub(super) fn of(scores: &[f64], stride: usize, offset: usize) -> Self {
        let score = |row: u32| scores[row as usize * stride + offset];
        let mut order: Vec<u32> = (0..(scores.len() / stride) as u32).collect();
        order.sort_by(|a, b| score(*a).total_cmp(&score(*b)));
        let differs = |index: &usize| *index == order.len() || score(order[*index]) != score(order[*index - 1]);
        let ends = (1..=order.len()).filter(differs).collect();
        Self { order, ends }
    }
}

/// One metric. For two classes it is about the second; for more it is the mean over classes. Nothing where it is not defined.
pub(super) fn metric(name: MetricName, truth: &Truth<'_>, predicted: &[usize], rankings: &[Ranking]) -> Option<f64> {
    let value = if name == MetricName::RocAuc {
        if truth.classes == 2 {
            area(truth, 1, &rankings[1])
        } else {
            let sum: f64 = (0..truth.classes).map(|class| area(truth, class, &rankings[class])).sum();
            sum / truth.classes as f64
        }
    } else {
        of_cells(name, &cells(truth, predicted))
    };
    value.is_finite().then_some(value)
}

/// `[true][predicted]`, expected.
fn cells(truth: &Truth<'_>, predicted: &[usize]) -> Vec<Vec<f64>> {
    let mut cells = vec![vec![0.0; truth.classes]; truth.classes];
    for (probabilities, predicted) in truth.probabilities.chunks_exact(truth.classes).zip(predicted) {
        for (class, probability) in probabilities.iter().enumerate() {
            cells[class][*predicted] += probability;
        }
    }
    cells
}

fn of_cells(name: MetricName, cells: &[Vec<f64>]) -> f64 {
    let all: f64 = cells.iter().flatten().sum();
    if name == MetricName::Accuracy {
        return (0..cells.len()).map(|class| cells[class][class]).sum::<f64>() / all;
    }
    if cells.len() != 2 {
        return macro_average(name, cells);
    }
    let hits = cells[1][1];
    let (truly, predicted) = (cells[1][0] + hits, cells[0][1] + hits);
    match name {
        MetricName::Precision => hits / predicted,
        MetricName::Recall => hits / truly,
        _ => 2.0 * hits / (truly + predicted),
    }
}

/// The expected area under the ROC curve of one class against the others: the share of pairs in which the positive scores higher, each
/// row being positive and negative with its probabilities; equal scores count half.
fn area(truth: &Truth<'_>, class: usize, ranking: &Ranking) -> f64 {
    let (mut positives, mut negatives, mut pairs, mut start) = (0.0, 0.0, 0.0, 0);
    for end in &ranking.ends {
        let rows = &ranking.order[start..*end];
        let positive: f64 = rows.iter().map(|row| truth.probabilities[*row as usize * truth.classes + class]).sum();
        let negative = rows.len() as f64 - positive;
        pairs += positive * (negatives + negative / 2.0);
        positives += positive;
        negatives += negative;
        start = *end;
    }
    // What is left of nothing by rounding is nothing.
    if positives <= 1e-9 || negatives <= 1e-9 { f64::NAN } else { pairs / (positives * negatives) }
}
