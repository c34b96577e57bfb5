//! Metrics: written in batches, read back as histories.
//!
//! SQL knows neither NaN nor infinities: NaN is 0 with a flag, ±∞ the largest double of its sign, as in MLflow.

use crate::server::error::ApiError;
use crate::server::records::{LARGEST_VALUE, Metric};
use crate::server::store::{Store, json_list};
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};
use std::collections::HashMap;

/// Rows in one statement: six values each, well below SQLite's 32766.
const ROWS_PER_STATEMENT: usize = 500;

/// The value and the NaN flag that stand for a metric's value.
pub(super) fn storable(value: f64) -> (f64, bool) {
    if value.is_nan() { (0.0, true) } else { (value.clamp(-LARGEST_VALUE, LARGEST_VALUE), false) }
}

/// The metric's value that was stored so.
pub(super) fn stored_value(value: f64, is_nan: bool) -> f64 {
    if is_nan { f64::NAN } else { value }
}

/// Writes metrics of a run; values that are there already change nothing.
pub(super) async fn insert(connection: &mut SqliteConnection, run: i64, metrics: &[Metric]) -> Result<(), ApiError> {
    if metrics.is_empty() {
        return Ok(());
    }
    let keys = key_ids(connection, metrics).await?;
    for chunk in metrics.chunks(ROWS_PER_STATEMENT) {
        let mut sql: QueryBuilder<Sqlite> =
            QueryBuilder::new("INSERT OR IGNORE INTO metrics (run_id, key_id, timestamp, step, value, is_nan) ");
        sql.push_values(chunk, |mut row, metric| {
            let (value, is_nan) = storable(metric.value);
            row.push_bind(run).push_bind(keys[metric.key.as_str()]);
            row.push_bind(metric.timestamp).push_bind(metric.step).push_bind(value).push_bind(is_nan);
        });
        sql.build().execute(&mut *connection).await?;
    }
    let latest = latest_of_each(metrics);
    for chunk in latest.chunks(ROWS_PER_STATEMENT) {
        let mut sql: QueryBuilder<Sqlite> =
            QueryBuilder::new("INSERT INTO latest_metrics (run_id, key_id, step, timestamp, value, is_nan) ");
        sql.push_values(chunk, |mut row, metric| {
            let (value, is_nan) = storable(metric.value);
            row.push_bind(run).push_bind(keys[metric.key.as_str()]);
            row.push_bind(metric.step).push_bind(metric.timestamp).push_bind(value).push_bind(is_nan);
        });
        sql.push(
            " ON CONFLICT (run_id, key_id) DO UPDATE SET step = excluded.step, timestamp = excluded.timestamp,
              value = excluded.value, is_nan = excluded.is_nan
              WHERE (excluded.step, excluded.timestamp, excluded.value)
                  > (latest_metrics.step, latest_metrics.timestamp, latest_metrics.value)",
        );
        sql.build().execute(&mut *connection).await?;
    }
    Ok(())
}

/// The latest of each key: the largest step, then time, then value.
fn latest_of_each(metrics: &[Metric]) -> Vec<&Metric> {
    let rank = |metric: &Metric| (metric.step, metric.timestamp, storable(metric.value).0);
    let mut latest: HashMap<&str, &Metric> = HashMap::new();
    for metric in metrics {
        let kept = latest.entry(&metric.key).or_insert(metric);
        if rank(metric) > rank(kept) {
            *kept = metric;
        }
    }
    latest.into_values().collect()
}

async fn key_ids(connection: &mut SqliteConnection, metrics: &[Metric]) -> Result<HashMap<String, i64>, ApiError> {
    let mut names: Vec<&str> = metrics.iter().map(|metric| metric.key.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let listed = json_list(&names);
    let known = known_keys(connection, &listed).await?;
    if known.len() == names.len() {
        return Ok(known);
    }
    sqlx::query("INSERT OR IGNORE INTO metric_keys (name) SELECT value FROM json_each(?)")
        .bind(&listed)
        .execute(&mut *connection)
        .await?;
    known_keys(connection, &listed).await
}

async fn known_keys(connection: &mut SqliteConnection, names: &str) -> Result<HashMap<String, i64>, ApiError> {
    let rows: Vec<(String, i64)> =
        sqlx::query_as("SELECT name, id FROM metric_keys WHERE name IN (SELECT value FROM json_each(?))")
            .bind(names)
            .fetch_all(connection)
            .await?;
    Ok(rows.into_iter().collect())
}

/// Which part of a history to read.
#[derive(Debug)]
pub enum Steps<'s> {
    /// All of it.
    All,
    /// These steps only.
    Among(&'s [i64]),
}

impl Store {
    /// A metric's history in one run, oldest first; an unknown run has none.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn metric_history(
        &self,
        run_id: &str,
        key: &str,
        steps: Steps<'_>,
        limit: i64,
        offset: i64,
    ) -> Result<Vec<Metric>, ApiError> {
        let mut sql: QueryBuilder<Sqlite> = QueryBuilder::new(
            "SELECT m.value, m.timestamp, m.step, m.is_nan FROM metrics m
             WHERE m.run_id = (SELECT id FROM runs WHERE uuid = ",
        );
        sql.push_bind(run_id.to_owned()).push(") AND m.key_id = (SELECT id FROM metric_keys WHERE name = ");
        sql.push_bind(key.to_owned()).push(")");
        match steps {
            Steps::All => sql.push(" ORDER BY m.timestamp, m.step, m.value"),
            Steps::Among(steps) => sql
                .push(" AND m.step IN (SELECT value FROM json_each(")
                .push_bind(json_list(steps))
                .push(")) ORDER BY m.step, m.timestamp, m.value"),
        };
        sql.push(" LIMIT ").push_bind(limit).push(" OFFSET ").push_bind(offset);
        let rows: Vec<(f64, i64, i64, bool)> = sql.build_query_as().fetch_all(&self.reader).await?;
        Ok(rows
            .into_iter()
            .map(|(value, timestamp, step, is_nan)| Metric {
                key: key.to_owned(),
                value: stored_value(value, is_nan),
                timestamp,
                step,
                run_id: None,
            })
            .collect())
    }

    /// The steps at which a run logged a metric, ascending, each once.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn metric_steps(&self, run_id: &str, key: &str) -> Result<Vec<i64>, ApiError> {
        Ok(sqlx::query_scalar(
            "SELECT DISTINCT step FROM metrics WHERE run_id = (SELECT id FROM runs WHERE uuid = ?)
             AND key_id = (SELECT id FROM metric_keys WHERE name = ?) ORDER BY step",
        )
        .bind(run_id)
        .bind(key)
        .fetch_all(&self.reader)
        .await?)
    }
}

#[cfg(test)]
mod tests {
    use super::{latest_of_each, storable, stored_value};
    use crate::server::records::Metric;
    use proptest::prelude::{any, proptest};

    #[test]
    fn infinities_become_the_largest_values() {
        assert_eq!(storable(f64::INFINITY), (f64::MAX, false));
        assert_eq!(storable(f64::NEG_INFINITY), (f64::MIN, false));
        assert!(stored_value(0.0, true).is_nan());
    }

    #[test]
    fn the_latest_has_the_largest_step() {
        let metric = |step, timestamp, value| Metric { key: "m".to_owned(), value, timestamp, step, run_id: None };
        let metrics = [metric(1, 9, 9.0), metric(2, 1, 0.5), metric(2, 1, 0.25)];
        assert_eq!(latest_of_each(&metrics), [&metrics[1]]);
    }

    proptest! {
        #[test]
        fn finite_values_come_back(value in any::<f64>()) {
            let (stored, is_nan) = storable(value);
            let read = stored_value(stored, is_nan);
            assert!(read == value || read.is_nan() && value.is_nan() || value.is_infinite());
        }
    }
}
