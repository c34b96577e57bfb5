//! `metrics/*`: histories of metrics.

use crate::server::error::ApiError;
use crate::server::parameters::missing_value;
use crate::server::records::{Metric, Page};
use crate::server::routes::search::page;
use crate::server::routes::{Answer, Call, json};
use crate::server::search::page_token;
use crate::server::store::metrics::Steps;
use serde_json::json;
use std::collections::BTreeSet;

const MOST_RUNS: usize = 100;
const MOST_HISTORY: i64 = 25_000;
const MOST_PER_RUN: i64 = 2500;

/// One metric's history in one run. MLflow gives all of it at once; with `max_results` it comes in pages here.
pub(super) async fn history(call: Call) -> Answer {
    let parameters = &call.parameters;
    let run_id = parameters.run_id()?;
    let key = parameters.required_text("metric_key")?;
    let offset = page_token::read(parameters.text("page_token")?)?;
    let length = parameters.integer("max_results")?.filter(|length| *length > 0);
    let limit = length.map_or(-1, |length| length + 1);
    let mut metrics = call.state.store.metric_history(run_id, key, Steps::All, limit, offset).await?;
    let mut next_page_token = None;
    if let Some(length) = length
        && let Ok(cut) = usize::try_from(length)
        && metrics.len() > cut
    {
        metrics.truncate(cut);
        next_page_token = Some(page_token::write(offset + length));
    }
    page("metrics", &Page { items: metrics, next_page_token })
}

/// One metric's history in several runs.
pub(super) async fn history_bulk(call: Call) -> Answer {
    let parameters = &call.parameters;
    let mut run_ids = parameters.texts("run_id")?;
    if run_ids.is_empty() {
        return Err(ApiError::invalid("GetMetricHistoryBulk request must specify at least one run_id."));
    }
    if run_ids.len() > MOST_RUNS {
        let got = run_ids.len();
        return Err(ApiError::invalid(format!(
            "GetMetricHistoryBulk request cannot specify more than {MOST_RUNS} run_ids. Received {got} run_ids."
        )));
    }
    let key = parameters
        .text("metric_key")?
        .ok_or_else(|| ApiError::invalid("GetMetricHistoryBulk request must specify a metric_key."))?;
    let most = parameters.integer("max_results")?.unwrap_or(MOST_HISTORY).clamp(0, MOST_HISTORY);
    run_ids.sort_unstable();
    run_ids.dedup();
    let mut metrics: Vec<Metric> = Vec::new();
    for run_id in &run_ids {
        let left = most - i64::try_from(metrics.len()).unwrap_or(most);
        let history = call.state.store.metric_history(run_id, key, Steps::All, left, 0).await?;
        metrics.extend(of_run(history, run_id));
    }
    json(&json!({ "metrics": metrics }))
}

/// One metric in several runs, thinned to evenly spread steps for a chart.
pub(super) async fn history_bulk_interval(call: Call) -> Answer {
    let parameters = &call.parameters;
    let run_ids = parameters.texts("run_ids")?;
    if run_ids.is_empty() {
        return Err(missing_value("run_ids"));
    }
    if run_ids.len() > MOST_RUNS {
        let got = run_ids.len();
        return Err(ApiError::invalid(format!(
            "GetMetricHistoryBulkInterval request must specify at most {MOST_RUNS} run_ids. Received {got} run_ids. \
             See the API docs for more information about request parameters."
        )));
    }
    let key = parameters.required_text("metric_key")?;
    let range = (parameters.integer("start_step")?, parameters.integer("end_step")?);
    let most = parameters.integer("max_results")?.unwrap_or(MOST_PER_RUN);
    if !(1..=MOST_PER_RUN).contains(&most) {
        return Err(ApiError::invalid(format!(
            "max_results must be between 1 and {MOST_PER_RUN}. See the API docs for more information about request \
             parameters."
        )));
    }
    let range = checked_range(range)?;
    let mut steps_of_runs = Vec::with_capacity(run_ids.len());
    for run_id in &run_ids {
        steps_of_runs.push(call.state.store.metric_steps(run_id, key).await?);
    }
    let steps = sampled_steps(&steps_of_runs, range, usize::try_from(most).unwrap_or_default());
    let mut metrics = Vec::new();
    for run_id in &run_ids {
        let history = call.state.store.metric_history(run_id, key, Steps::Among(&steps), MOST_HISTORY, 0).await?;
        metrics.extend(of_run(history, run_id));
    }
    page("metrics", &Page { items: metrics, next_page_token: None })
}

fn of_run(history: Vec<Metric>, run_id: &str) -> impl Iterator<Item = Metric> {
    history.into_iter().map(move |metric| Metric { run_id: Some(run_id.to_owned()), ..metric })
}

fn checked_range(range: (Option<i64>, Option<i64>)) -> Result<Option<(i64, i64)>, ApiError> {
    match range {
        (None, None) => Ok(None),
        (Some(start), Some(end)) if start <= end => Ok(Some((start, end))),
        (Some(start), Some(end)) => Err(ApiError::invalid(format!(
            "end_step must be greater than start_step. Found start_step={start} and end_step={end}."
        ))),
        _ => Err(ApiError::invalid("If either start step or end step are specified, both must be specified.")),
    }
}

/// At most about `most` of the steps within the range, evenly spread, and each run's first and last step there.
fn sampled_steps(steps_of_runs: &[Vec<i64>], range: Option<(i64, i64)>, most: usize) -> Vec<i64> {
    let all: Vec<i64> = steps_of_runs.iter().flatten().copied().collect::<BTreeSet<_>>().into_iter().collect();
    let (start, end) = range.unwrap_or((0, all.last().copied().unwrap_or_default()));
    let within = &all[all.partition_point(|step| *step < start)..all.partition_point(|step| *step <= end)];
    let mut sampled: BTreeSet<i64> = if within.len() <= most {
        within.iter().copied().collect()
    } else {
        (0..most).map(|index| within[index * within.len() / most]).chain(within.last().copied()).collect()
    };
    let ends = steps_of_runs.iter().flat_map(|steps| steps.first().into_iter().chain(steps.last()));
    sampled.extend(ends.copied().filter(|step| (start..=end).contains(step)));
    sampled.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::sampled_steps;

    #[test]
    fn few_steps_are_all_kept() {
        assert_eq!(sampled_steps(&[vec![1, 2], vec![2, 9]], None, 10), [1, 2, 9]);
        assert_eq!(sampled_steps(&[vec![1, 2], vec![2, 9]], Some((2, 5)), 10), [2]);
        assert!(sampled_steps(&[], None, 10).is_empty());
    }

    #[test]
    fn many_steps_are_spread_with_both_ends() {
        let steps: Vec<i64> = (0..1000).collect();
        assert_eq!(sampled_steps(std::slice::from_ref(&steps), None, 4), [0, 250, 500, 750, 999]);
        assert_eq!(sampled_steps(&[steps], Some((100, 199)), 2), [100, 150, 199]);
    }
}
