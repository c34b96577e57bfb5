//! Datasets that went into runs. A dataset is told by name and digest within its experiment and stored once.

use crate::server::error::ApiError;
use crate::server::records::{DatasetInput, DatasetSummary};
use crate::server::store::runs::active_run;
use crate::server::store::{Store, Viewer, clauses, json_list};
use sqlx::{QueryBuilder, SqliteConnection};

const MOST_SUMMARIES: i64 = 1000;

impl Store {
    /// Records datasets as inputs of an active run; one that is there already gains nothing.
    ///
    /// # Errors
    /// When the run is absent or deleted.
    pub async fn log_inputs(&self, run_id: &str, inputs: &[DatasetInput]) -> Result<(), ApiError> {
        let mut transaction = self.write().await?;
        let run = active_run(&mut transaction, run_id).await?;
        for input in inputs {
            let dataset = dataset_key(&mut transaction, run.experiment_id, input).await?;
            let linked = sqlx::query("INSERT OR IGNORE INTO inputs (run_id, dataset_id) VALUES (?, ?)")
                .bind(run.id)
                .bind(dataset)
                .execute(&mut *transaction)
                .await?;
            if linked.rows_affected() == 0 {
                continue;
            }
            for tag in &input.tags {
                sqlx::query("INSERT OR REPLACE INTO input_tags (input_id, key, value) VALUES (?, ?, ?)")
                    .bind(linked.last_insert_rowid())
                    .bind(&tag.key)
                    .bind(&tag.value)
                    .execute(&mut *transaction)
                    .await?;
            }
        }
        transaction.commit().await?;
        Ok(())
    }

    /// The datasets used in experiments, with what they were used for.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn dataset_summaries(
        &self,
        experiment_ids: &[String],
        viewer: Viewer,
    ) -> Result<Vec<DatasetSummary>, ApiError> {
        let experiments: Vec<i64> = experiment_ids.iter().filter_map(|id| id.parse().ok()).collect();
        let mut sql = QueryBuilder::new(
            "SELECT DISTINCT d.experiment_id, d.name, d.digest, t.value FROM datasets d
             JOIN inputs i ON i.dataset_id = d.id
             LEFT JOIN input_tags t ON t.input_id = i.id AND t.key = 'mlflow.data.context'
             WHERE d.experiment_id IN (SELECT value FROM json_each(",
        );
        sql.push_bind(json_list(&experiments)).push("))");
        let column = "CAST(d.experiment_id AS TEXT)";
        clauses::readable(&mut sql, viewer, "experiment_permissions", "experiment_id", column);
        sql.push(" LIMIT ").push_bind(MOST_SUMMARIES);
        let rows: Vec<(i64, String, String, Option<String>)> = sql.build_query_as().fetch_all(&self.reader).await?;
        Ok(rows
            .into_iter()
            .map(|(id, name, digest, context)| DatasetSummary { experiment_id: id.to_string(), name, digest, context })
            .collect())
    }
}

async fn dataset_key(
    connection: &mut SqliteConnection,
    experiment: i64,
    input: &DatasetInput,
) -> Result<i64, ApiError> {
    let dataset = &input.dataset;
    sqlx::query(
        "INSERT OR IGNORE INTO datasets (experiment_id, name, digest, source_type, source, schema, profile)
         VALUES (?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(experiment)
    .bind(&dataset.name)
    .bind(&dataset.digest)
    .bind(&dataset.source_type)
    .bind(&dataset.source)
    .bind(&dataset.schema)
    .bind(&dataset.profile)
    .execute(&mut *connection)
    .await?;
    Ok(sqlx::query_scalar("SELECT id FROM datasets WHERE experiment_id = ? AND name = ? AND digest = ?")
        .bind(experiment)
        .bind(&dataset.name)
        .bind(&dataset.digest)
        .fetch_one(connection)
        .await?)
}
