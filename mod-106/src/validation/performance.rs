//! Predictions against labels, from end to end: every metric, of all rows and of every slice.

use super::decide::performance::decide;
use super::error::Error;
use super::measure::metrics::{self, Counts};
use super::measure::predictions::{Predictions, collect};
use super::outcome::{Confusion, Expectation, Metric, Performance};
use super::read::{Source, Watch};
use super::spec::{Care, MetricName, MetricSpec, PerformanceSpec, Task, plain};
use std::collections::BTreeMap;

/// Measures and judges.
pub(super) fn performance(
    spec: &PerformanceSpec,
    current: &Source,
    memory_limit: u64,
    watch: &dyn Watch,
    notes: &mut Vec<String>,
) -> Result<(Performance, Vec<Expectation>), Error> {
    let all = collect(spec, current, memory_limit, watch)?;
    if spec.task == Task::Binary && all.classes.len() > 2 {
        let found = format!("`{}` has the classes {}, and the task is binary", spec.label, all.classes.join(", "));
        return Err(Error::data(&current.given, found, "set `task: multiclass`, or `positive` to one of them"));
    }
    let mut judged = judge(spec, &all, &BTreeMap::new());
    for (column, (values, of_rows)) in spec.slices.iter().zip(&all.slices) {
        let mut rows: Vec<Vec<u32>> = vec![Vec::new(); values.len()];
        for (row, value) in of_rows.iter().enumerate() {
            if let Some(rows) = rows.get_mut(*value as usize) {
                rows.push(row as u32);
            }
        }
        let mut named: Vec<(&String, Vec<u32>)> = values.iter().zip(rows).collect();
        named.sort_unstable_by(|a, b| a.0.cmp(b.0));
        for (value, rows) in named {
            if (rows.len() as u64) < spec.min_slice_rows {
                notes.push(format!("the slice {column} = {value} has {} rows and was not looked at", rows.len()));
                continue;
            }
            judged.extend(judge(spec, &all.of_rows(&rows), &BTreeMap::from([(column.clone(), value.clone())])));
        }
    }
    let (metrics, expectations): (Vec<Metric>, Vec<Option<Expectation>>) = judged.into_iter().unzip();
    let confusion = (spec.task != Task::Regression)
        .then(|| Confusion { labels: all.classes.clone(), counts: counts(&all).cells })
        .filter(|confusion| confusion.labels.len() <= 50);
    let found = Performance {
        task: format!("{:?}", spec.task).to_lowercase(),
        rows: all.rows() as u64,
        left_out: all.left_out,
        metrics,
        confusion,
        calibration: if all.scored.is_empty() { Vec::new() } else { metrics::calibration(&all.scored) },
    };
    Ok((found, expectations.into_iter().flatten().collect()))
}

fn judge(
    spec: &PerformanceSpec,
    rows: &Predictions,
    slice: &BTreeMap<String, String>,
) -> Vec<(Metric, Option<Expectation>)> {
    let counts = counts(rows);
    let positive = rows.classes.iter().position(|class| *class == spec.positive).filter(|_| spec.task == Task::Binary);
    let one = |metric: &MetricSpec| {
        let estimate = match metric.metric {
            MetricName::Mae | MetricName::Rmse | MetricName::R2 => {
                metrics::of_numbers(metric.metric, &rows.numbers, spec.confidence)
            }
            name if name.needs_score() => metrics::of_scores(name, &rows.scored, spec.confidence),
            name => metrics::of_classes(name, &counts, positive, spec.confidence),
        };
        decide(&of_slice(metric, slice), estimate, rows.rows() as u64, slice)
    };
    spec.metrics.iter().map(one).collect()
}

/// The metric as it is asked of a slice: under an id of its own, and without bounds when slices need not reach them.
fn of_slice(metric: &MetricSpec, slice: &BTreeMap<String, String>) -> MetricSpec {
    let Some((column, value)) = slice.first_key_value() else { return metric.clone() };
    let id = format!("{}.{}.{}", metric.care.id, plain(column), plain(value));
    let bounds = if metric.slices { (metric.min, metric.max) } else { (None, None) };
    MetricSpec { care: Care { id, ..metric.care.clone() }, min: bounds.0, max: bounds.1, ..metric.clone() }
}

fn counts(rows: &Predictions) -> Counts {
    let mut cells = vec![vec![0; rows.classes.len()]; rows.classes.len()];
    for (truth, predicted) in &rows.labels {
        cells[*truth as usize][*predicted as usize] += 1;
    }
    Counts { cells }
}
