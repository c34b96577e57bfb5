//! Turns rows of runs into runs with all that was logged to them: four queries for a page of any length.

use crate::server::error::ApiError;
use crate::server::records::{Dataset, DatasetInput, Lifecycle, Metric, Run, RunData, RunInfo, RunInputs, Tag};
use crate::server::store::metrics::stored_value;
use crate::server::store::{Store, json_list};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;
use std::collections::HashMap;

/// The columns that [`info_from_row`] reads, the run's key first.
pub(super) const COLUMNS: &str = "r.id, r.uuid, r.experiment_id, r.name, r.user_id, r.status, r.start_time, \
                                  r.end_time, r.artifact_uri, r.lifecycle_stage";

/// Reads [`COLUMNS`].
pub(super) fn info_from_row(row: &SqliteRow) -> RunInfo {
    let run_id: String = row.get(1);
    RunInfo {
        run_uuid: run_id.clone(),
        experiment_id: row.get::<i64, _>(2).to_string(),
        run_name: row.get(3),
        user_id: row.get(4),
        status: row.get(5),
        start_time: row.get(6),
        end_time: row.get::<Option<i64>, _>(7).filter(|end| *end != 0),
        artifact_uri: row.get(8),
        lifecycle_stage: Lifecycle::from_word(row.get(9)),
        run_id,
    }
}

impl Store {
    /// Adds metrics, params, tags and inputs to runs given by key and fields.
    pub(super) async fn complete_runs(&self, runs: Vec<(i64, RunInfo)>) -> Result<Vec<Run>, ApiError> {
        let keys: Vec<i64> = runs.iter().map(|(key, _)| *key).collect();
        let keys = json_list(&keys);
        let mut metrics = self.latest_metrics(&keys).await?;
        let mut params = self.pairs("SELECT run_id, key, value FROM params WHERE run_id IN", &keys).await?;
        let mut tags = self.pairs("SELECT run_id, key, value FROM tags WHERE run_id IN", &keys).await?;
        let mut inputs = self.dataset_inputs(&keys).await?;
        Ok(runs
            .into_iter()
            .map(|(key, info)| Run {
                info,
                data: RunData {
                    metrics: metrics.remove(&key).unwrap_or_default(),
                    params: params.remove(&key).unwrap_or_default(),
                    tags: tags.remove(&key).unwrap_or_default(),
                },
                inputs: RunInputs { dataset_inputs: inputs.remove(&key).unwrap_or_default() },
            })
            .collect())
    }

    async fn latest_metrics(&self, keys: &str) -> Result<HashMap<i64, Vec<Metric>>, ApiError> {
        let rows: Vec<(i64, String, f64, i64, i64, bool)> = sqlx::query_as(
            "SELECT m.run_id, k.name, m.value, m.timestamp, m.step, m.is_nan
             FROM latest_metrics m JOIN metric_keys k ON k.id = m.key_id
             WHERE m.run_id IN (SELECT value FROM json_each(?))",
        )
        .bind(keys)
        .fetch_all(&self.reader)
        .await?;
        let mut metrics: HashMap<i64, Vec<Metric>> = HashMap::new();
        for (run, key, value, timestamp, step, is_nan) in rows {
            let value = stored_value(value, is_nan);
            metrics.entry(run).or_default().push(Metric { key, value, timestamp, step, run_id: None });
        }
        Ok(metrics)
    }

    async fn pairs(&self, select: &'static str, keys: &str) -> Result<HashMap<i64, Vec<Tag>>, ApiError> {
        let mut sql = sqlx::QueryBuilder::new(select);
        sql.push(" (SELECT value FROM json_each(").push_bind(keys.to_owned()).push("))");
        let rows: Vec<(i64, String, String)> = sql.build_query_as().fetch_all(&self.reader).await?;
        let mut pairs: HashMap<i64, Vec<Tag>> = HashMap::new();
        for (run, key, value) in rows {
            pairs.entry(run).or_default().push(Tag { key, value });
        }
        Ok(pairs)
    }

    async fn dataset_inputs(&self, keys: &str) -> Result<HashMap<i64, Vec<DatasetInput>>, ApiError> {
        let rows = sqlx::query(
            "SELECT i.run_id, i.id, d.name, d.digest, d.source_type, d.source, d.schema, d.profile, t.key, t.value
             FROM inputs i JOIN datasets d ON d.id = i.dataset_id LEFT JOIN input_tags t ON t.input_id = i.id
             WHERE i.run_id IN (SELECT value FROM json_each(?)) ORDER BY i.id",
        )
        .bind(keys)
        .fetch_all(&self.reader)
        .await?;
        let mut inputs: HashMap<i64, Vec<DatasetInput>> = HashMap::new();
        let mut previous = None;
        for row in rows {
            let of_run = inputs.entry(row.get(0)).or_default();
            if previous.replace(row.get::<i64, _>(1)) != Some(row.get(1)) {
                of_run.push(DatasetInput { tags: Vec::new(), dataset: dataset_from_row(&row) });
            }
            let tag: Option<String> = row.get(8);
            if let (Some(key), Some(input)) = (tag, of_run.last_mut()) {
                input.tags.push(Tag { key, value: row.get(9) });
            }
        }
        Ok(inputs)
    }
}

fn dataset_from_row(row: &SqliteRow) -> Dataset {
    let present = |text: Option<String>| text.filter(|text| !text.is_empty());
    Dataset {
        name: row.get(2),
        digest: row.get(3),
        source_type: row.get(4),
        source: row.get(5),
        schema: present(row.get(6)),
        profile: present(row.get(7)),
    }
}
