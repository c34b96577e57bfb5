//! What is logged to a run: metrics, params, tags and whole batches, each in one transaction.

use crate::server::error::ApiError;
use crate::server::python_text::quoted;
use crate::server::records::{Metric, Tag};
use crate::server::store::runs::{RUN_NAME_TAG, active_run, put_tag};
use crate::server::store::{Store, metrics};
use sqlx::SqliteConnection;

/// Everything one call logs.
#[derive(Debug, Default)]
pub struct Batch {
    /// Metrics.
    pub metrics: Vec<Metric>,
    /// Params.
    pub params: Vec<Tag>,
    /// Tags.
    pub tags: Vec<Tag>,
}

/// Which message a changed param gets: MLflow words it differently for one param and for a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caller {
    /// A call that logs one entry.
    Single,
    /// A batch.
    Batch,
}

impl Store {
    /// Logs a batch to an active run: all of it, or nothing.
    ///
    /// # Errors
    /// When the run is absent or deleted, or a param has another value already.
    pub async fn log(&self, run_id: &str, batch: &Batch, caller: Caller) -> Result<(), ApiError> {
        let mut transaction = self.write().await?;
        let run = active_run(&mut transaction, run_id).await?;
        log_params(&mut transaction, run.id, run_id, &batch.params, caller).await?;
        metrics::insert(&mut transaction, run.id, &batch.metrics).await?;
        for tag in &batch.tags {
            if tag.key != RUN_NAME_TAG {
                put_tag(&mut transaction, run.id, &tag.key, &tag.value).await?;
            } else if !tag.value.is_empty() {
                rename(&mut transaction, run.id, &tag.value).await?;
            }
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Deletes a tag of an active run.
    ///
    /// # Errors
    /// When the run is absent or deleted, or has no such tag.
    pub async fn delete_run_tag(&self, run_id: &str, key: &str) -> Result<(), ApiError> {
        let mut transaction = self.write().await?;
        let run = active_run(&mut transaction, run_id).await?;
        let deleted = sqlx::query("DELETE FROM tags WHERE run_id = ? AND key = ?")
            .bind(run.id)
            .bind(key)
            .execute(&mut *transaction)
            .await?;
        if deleted.rows_affected() == 0 {
            return Err(ApiError::missing(format!("No tag with name: {key} in run with id {run_id}")));
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Appends to a tag that holds a JSON list, in one step, so that two callers do not overwrite each other.
    ///
    /// # Errors
    /// When the run is absent or deleted.
    pub async fn append_to_list_tag(&self, run_id: &str, key: &str, entry: serde_json::Value) -> Result<(), ApiError> {
        let mut transaction = self.write().await?;
        let run = active_run(&mut transaction, run_id).await?;
        let previous: Option<String> = sqlx::query_scalar("SELECT value FROM tags WHERE run_id = ? AND key = ?")
            .bind(run.id)
            .bind(key)
            .fetch_optional(&mut *transaction)
            .await?;
        let mut list: Vec<serde_json::Value> =
            previous.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        list.push(entry);
        put_tag(&mut transaction, run.id, key, &super::json_list(&list)).await?;
        transaction.commit().await?;
        Ok(())
    }
}

async fn rename(connection: &mut SqliteConnection, run: i64, name: &str) -> Result<(), ApiError> {
    sqlx::query("UPDATE runs SET name = ? WHERE id = ?").bind(name).bind(run).execute(&mut *connection).await?;
    put_tag(connection, run, RUN_NAME_TAG, name).await
}

/// Params are immutable: the same value again is no error, another one is.
async fn log_params(
    connection: &mut SqliteConnection,
    run: i64,
    run_id: &str,
    params: &[Tag],
    caller: Caller,
) -> Result<(), ApiError> {
    let mut conflicts = Vec::new();
    for param in params {
        let inserted = sqlx::query("INSERT INTO params (run_id, key, value) VALUES (?, ?, ?) ON CONFLICT DO NOTHING")
            .bind(run)
            .bind(&param.key)
            .bind(&param.value)
            .execute(&mut *connection)
            .await?;
        if inserted.rows_affected() == 0 {
            let logged: String = sqlx::query_scalar("SELECT value FROM params WHERE run_id = ? AND key = ?")
                .bind(run)
                .bind(&param.key)
                .fetch_one(&mut *connection)
                .await?;
            if logged != param.value {
                conflicts.push((param, logged));
            }
        }
    }
    let Some((first, logged)) = conflicts.first() else { return Ok(()) };
    Err(ApiError::invalid(match caller {
        Caller::Single => format!(
            "Changing param values is not allowed. Param with key='{}' was already logged with value='{logged}' \
             for run ID='{run_id}'. Attempted logging new value '{}'.",
            first.key, first.value
        ),
        Caller::Batch => {
            let listed: Vec<String> = conflicts
                .iter()
                .map(|(param, logged)| {
                    let (key, old, new) = (quoted(&param.key), quoted(logged), quoted(&param.value));
                    format!("{{'key': {key}, 'old_value': {old}, 'new_value': {new}}}")
                })
                .collect();
            let listed = listed.join(", ");
            format!(
                "Changing param values is not allowed. Params were already logged='[{listed}]' for run ID='{run_id}'."
            )
        }
    }))
}
