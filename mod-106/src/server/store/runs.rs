//! Runs: created, read, updated, deleted, restored. What is logged to them is in `logging.rs`, searches in
//! `run_search.rs`.

use crate::server::error::ApiError;
use crate::server::records::{Lifecycle, Run, RunInfo, Tag};
use crate::server::store::experiments::{check_active, experiment_key};
use crate::server::store::run_page::{COLUMNS, info_from_row};
use crate::server::store::{Store, now_ms};
use sqlx::{AssertSqlSafe, Row, SqliteConnection};

/// The tag that mirrors a run's name.
pub const RUN_NAME_TAG: &str = "mlflow.runName";

/// A run about to be created.
#[derive(Debug)]
pub struct NewRun<'r> {
    /// The experiment it belongs to.
    pub experiment_id: &'r str,
    /// Its id.
    pub run_id: &'r str,
    /// Its name.
    pub name: &'r str,
    /// Who starts it.
    pub user_id: &'r str,
    /// Milliseconds since 1970.
    pub start_time: i64,
    /// Its tags, its name among them.
    pub tags: &'r [Tag],
}

/// What may change in a run.
#[derive(Debug, Default)]
pub struct RunUpdate<'r> {
    /// A new status.
    pub status: Option<&'r str>,
    /// A new end, in milliseconds since 1970.
    pub end_time: Option<i64>,
    /// A new name.
    pub name: Option<&'r str>,
}

/// A run as a key into the tables that hang on it.
#[derive(Debug)]
pub(super) struct RunKey {
    /// The key.
    pub(super) id: i64,
    /// The experiment it belongs to.
    pub(super) experiment_id: i64,
}

impl Store {
    /// Creates a run in an active experiment.
    ///
    /// # Errors
    /// When the experiment is absent or deleted.
    pub async fn create_run(&self, new: NewRun<'_>) -> Result<Run, ApiError> {
        let experiment = self.experiment(new.experiment_id).await?;
        check_active(&experiment)?;
        let artifact_uri = run_artifact_uri(&experiment.artifact_location, new.run_id);
        let mut transaction = self.write().await?;
        let inserted = sqlx::query(
            "INSERT INTO runs (uuid, experiment_id, name, user_id, status, start_time, artifact_uri)
             VALUES (?, ?, ?, ?, 'RUNNING', ?, ?)",
        )
        .bind(new.run_id)
        .bind(experiment_key(&experiment))
        .bind(new.name)
        .bind(new.user_id)
        .bind(new.start_time)
        .bind(artifact_uri)
        .execute(&mut *transaction)
        .await?;
        for tag in new.tags {
            put_tag(&mut transaction, inserted.last_insert_rowid(), &tag.key, &tag.value).await?;
        }
        transaction.commit().await?;
        self.run(new.run_id).await
    }

    /// A run with all that was logged to it, deleted or not.
    ///
    /// # Errors
    /// When there is none with this id.
    pub async fn run(&self, run_id: &str) -> Result<Run, ApiError> {
        let sql = format!("SELECT {COLUMNS} FROM runs r WHERE r.uuid = ?");
        let row = sqlx::query(AssertSqlSafe(sql)).bind(run_id).fetch_optional(&self.reader).await?;
        let row = row.ok_or_else(|| no_run(run_id))?;
        let mut runs = self.complete_runs(vec![(row.get(0), info_from_row(&row))]).await?;
        runs.pop().ok_or_else(|| no_run(run_id))
    }

    /// A run's own fields.
    ///
    /// # Errors
    /// When there is none with this id.
    pub async fn run_info(&self, run_id: &str) -> Result<RunInfo, ApiError> {
        let sql = format!("SELECT {COLUMNS} FROM runs r WHERE r.uuid = ?");
        let row = sqlx::query(AssertSqlSafe(sql)).bind(run_id).fetch_optional(&self.reader).await?;
        Ok(info_from_row(&row.ok_or_else(|| no_run(run_id))?))
    }

    /// Updates an active run; a new name also becomes its name tag.
    ///
    /// # Errors
    /// When the run is absent or deleted.
    pub async fn update_run(&self, run_id: &str, update: RunUpdate<'_>) -> Result<RunInfo, ApiError> {
        let mut transaction = self.write().await?;
        let run = active_run(&mut transaction, run_id).await?;
        let name = update.name.filter(|name| !name.is_empty());
        sqlx::query(
            "UPDATE runs SET status = COALESCE(?, status), end_time = COALESCE(?, end_time), name = COALESCE(?, name)
             WHERE id = ?",
        )
        .bind(update.status)
        .bind(update.end_time)
        .bind(name)
        .bind(run.id)
        .execute(&mut *transaction)
        .await?;
        if let Some(name) = name {
            put_tag(&mut transaction, run.id, RUN_NAME_TAG, name).await?;
        }
        transaction.commit().await?;
        self.run_info(run_id).await
    }

    /// Deletes or restores a run; doing so twice is no error.
    ///
    /// # Errors
    /// When there is none with this id.
    pub async fn move_run(&self, run_id: &str, to: Lifecycle) -> Result<(), ApiError> {
        let moved = sqlx::query("UPDATE runs SET lifecycle_stage = ?, deleted_time = ? WHERE uuid = ?")
            .bind(to.word())
            .bind((to == Lifecycle::Deleted).then(now_ms))
            .bind(run_id)
            .execute(&self.writer)
            .await?;
        if moved.rows_affected() == 0 {
            return Err(no_run(run_id));
        }
        Ok(())
    }
}

/// Finds a run to write to.
pub(super) async fn active_run(connection: &mut SqliteConnection, run_id: &str) -> Result<RunKey, ApiError> {
    let found: Option<(i64, i64, String)> =
        sqlx::query_as("SELECT id, experiment_id, lifecycle_stage FROM runs WHERE uuid = ?")
            .bind(run_id)
            .fetch_optional(connection)
            .await?;
    let (id, experiment_id, stage) = found.ok_or_else(|| no_run(run_id))?;
    if Lifecycle::from_word(&stage) != Lifecycle::Active {
        return Err(ApiError::invalid(format!(
            "The run {run_id} must be in the 'active' state. Current state is {stage}."
        )));
    }
    Ok(RunKey { id, experiment_id })
}

/// Sets a tag of a run.
pub(super) async fn put_tag(
    connection: &mut SqliteConnection,
    run: i64,
    key: &str,
    value: &str,
) -> Result<(), ApiError> {
    sqlx::query("INSERT OR REPLACE INTO tags (run_id, key, value) VALUES (?, ?, ?)")
        .bind(run)
        .bind(key)
        .bind(value)
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) fn no_run(run_id: &str) -> ApiError {
    ApiError::missing(format!("Run with id={run_id} not found"))
}

/// A run's artifact folder below its experiment's; a query (`s3://bucket/path?x=y`) stays at the end.
fn run_artifact_uri(location: &str, run_id: &str) -> String {
    let (path, query) = location.split_once('?').map_or((location, None), |(path, query)| (path, Some(query)));
    let joined = format!("{}/{run_id}/artifacts", path.trim_end_matches('/'));
    query.map_or(joined.clone(), |query| format!("{joined}?{query}"))
}

#[cfg(test)]
mod tests {
    use super::run_artifact_uri;

    #[test]
    fn artifacts_go_below_the_experiment() {
        for (location, expected) in [
            ("mlflow-artifacts:/1", "mlflow-artifacts:/1/r/artifacts"),
            ("s3://b/p/", "s3://b/p/r/artifacts"),
            ("s3://b/p?x=y", "s3://b/p/r/artifacts?x=y"),
        ] {
            assert_eq!(run_artifact_uri(location, "r"), expected);
        }
    }
}
