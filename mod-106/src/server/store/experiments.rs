//! Experiments and their tags.

use crate::server::error::{ApiError, ErrorCode};
use crate::server::records::{Experiment, Lifecycle, Page, Tag};
use crate::server::search::filter::Comparison;
use crate::server::search::order_by::Ordering;
use crate::server::search::vocabulary::Entity;
use crate::server::store::clauses::{PageRequest, compare, readable};
use crate::server::store::permissions::grant_experiment;
use crate::server::store::{Owner, Store, Viewer, now_ms};
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row, Sqlite, SqliteConnection};
use std::collections::HashMap;

const COLUMNS: &str = "e.id, e.name, e.artifact_location, e.lifecycle_stage, e.last_update_time, e.creation_time";

/// A search over experiments, already parsed.
#[derive(Debug)]
pub struct ExperimentSearch<'s> {
    /// The clauses, all of which must hold.
    pub filter: &'s [Comparison],
    /// The orderings, most important first.
    pub order_by: &'s [Ordering],
    /// Which stages of life to show.
    pub stages: &'s [Lifecycle],
    /// The length of a page.
    pub max_results: i64,
    /// Where the page starts.
    pub page_token: Option<&'s str>,
    /// Who looks.
    pub viewer: Viewer,
}

impl Store {
    /// Creates an experiment and returns its id; its creator may manage it.
    ///
    /// # Errors
    /// When the name is taken, also by a deleted experiment.
    pub async fn create_experiment(
        &self,
        name: &str,
        location: Option<&str>,
        tags: &[Tag],
        owner: Owner,
    ) -> Result<i64, ApiError> {
        let mut transaction = self.write().await?;
        let inserted = sqlx::query(
            "INSERT INTO experiments (name, artifact_location, creation_time, last_update_time) VALUES (?1, ?2, ?3, ?3)",
        )
        .bind(name)
        .bind(location.unwrap_or_default())
        .bind(now_ms())
        .execute(&mut *transaction)
        .await
        .map_err(|error| already_exists(error.into(), name))?;
        let id = inserted.last_insert_rowid();
        if location.is_none() {
            sqlx::query("UPDATE experiments SET artifact_location = 'mlflow-artifacts:/' || id WHERE id = ?")
                .bind(id)
                .execute(&mut *transaction)
                .await?;
        }
        for tag in tags {
            set_tag(&mut transaction, id, tag).await?;
        }
        if let Some(user_id) = owner {
            grant_experiment(&mut transaction, user_id, &id.to_string()).await?;
        }
        transaction.commit().await?;
        Ok(id)
    }

    /// An experiment, deleted or not.
    ///
    /// # Errors
    /// When there is none with this id.
    pub async fn experiment(&self, id: &str) -> Result<Experiment, ApiError> {
        // An id that is no number names no experiment; the message quotes it as it came.
        let found = self.one_experiment("e.id = ", id.parse::<i64>().unwrap_or(-1)).await?;
        found.ok_or_else(|| no_experiment(id))
    }

    /// An experiment by its name, deleted or not.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn experiment_by_name(&self, name: &str) -> Result<Option<Experiment>, ApiError> {
        self.one_experiment("e.name = ", name).await
    }

    async fn one_experiment<'v, V>(&self, condition: &str, value: V) -> Result<Option<Experiment>, ApiError>
    where
        V: sqlx::Encode<'v, Sqlite> + sqlx::Type<Sqlite>,
    {
        let mut sql = QueryBuilder::new(format!("SELECT {COLUMNS} FROM experiments e WHERE {condition}"));
        sql.push_bind(value);
        let row = sql.build().fetch_optional(&self.reader).await?;
        let Some(row) = row else { return Ok(None) };
        let mut experiments = vec![(row.get(0), from_row(&row))];
        self.attach_tags(&mut experiments).await?;
        Ok(experiments.pop().map(|(_, experiment)| experiment))
    }

    /// Searches experiments.
    ///
    /// # Errors
    /// When the page token is none of ours.
    pub async fn search_experiments(&self, search: ExperimentSearch<'_>) -> Result<Page<Experiment>, ApiError> {
        let page = PageRequest::new(search.max_results, search.page_token)?;
        let mut sql = QueryBuilder::new(format!("SELECT {COLUMNS} FROM experiments e WHERE e.lifecycle_stage IN ("));
        let mut stages = sql.separated(", ");
        for stage in search.stages {
            stages.push_bind(stage.word());
        }
        sql.push(")");
        for clause in search.filter {
            sql.push(" AND ");
            push_clause(&mut sql, clause);
        }
        readable(&mut sql, search.viewer, "experiment_permissions", "experiment_id", "CAST(e.id AS TEXT)");
        sql.push(" ORDER BY ");
        for ordering in search.order_by {
            let way = if ordering.ascending { "ASC" } else { "DESC" };
            sql.push(format_args!("e.{} {way}, ", column(&ordering.key)));
        }
        sql.push(if search.order_by.is_empty() { "e.creation_time DESC, e.id ASC" } else { "e.id DESC" });
        page.push(&mut sql);
        let rows = sql.build().fetch_all(&self.reader).await?;
        let mut experiments: Vec<(i64, Experiment)> = rows.iter().map(|row| (row.get(0), from_row(row))).collect();
        self.attach_tags(&mut experiments).await?;
        Ok(page.cut(experiments.into_iter().map(|(_, experiment)| experiment).collect()))
    }

    async fn attach_tags(&self, experiments: &mut [(i64, Experiment)]) -> Result<(), ApiError> {
        let ids: Vec<i64> = experiments.iter().map(|(id, _)| *id).collect();
        let rows: Vec<(i64, String, String)> = sqlx::query_as(
            "SELECT experiment_id, key, value FROM experiment_tags
             WHERE experiment_id IN (SELECT value FROM json_each(?))",
        )
        .bind(super::json_list(&ids))
        .fetch_all(&self.reader)
        .await?;
        let mut tags: HashMap<i64, Vec<Tag>> = HashMap::new();
        for (id, key, value) in rows {
            tags.entry(id).or_default().push(Tag { key, value });
        }
        for (id, experiment) in experiments {
            experiment.tags = tags.remove(id).unwrap_or_default();
        }
        Ok(())
    }

    /// Renames an experiment.
    ///
    /// # Errors
    /// When it is absent or deleted, or the name is taken.
    pub async fn rename_experiment(&self, id: &str, name: &str) -> Result<(), ApiError> {
        if self.experiment(id).await?.lifecycle_stage != Lifecycle::Active {
            return Err(ApiError::refused(ErrorCode::InvalidState, "Cannot rename a non-active experiment."));
        }
        sqlx::query("UPDATE experiments SET name = ?, last_update_time = ? WHERE id = ?")
            .bind(name)
            .bind(now_ms())
            .bind(id)
            .execute(&self.writer)
            .await
            .map_err(|error| match ApiError::from(error) {
                // MLflow lets the database's refusal through as BAD_REQUEST here.
                error if error.is_unique_violation() => {
                    ApiError::refused(ErrorCode::BadRequest, format!("Experiment(name={name}) already exists."))
                }
                error => error,
            })?;
        Ok(())
    }

    /// Deletes an active experiment with its runs, or restores a deleted one with its runs.
    ///
    /// # Errors
    /// When there is none in the opposite stage.
    pub async fn move_experiment(&self, id: &str, to: Lifecycle) -> Result<(), ApiError> {
        let from = if to == Lifecycle::Deleted { Lifecycle::Active } else { Lifecycle::Deleted };
        let mut transaction = self.write().await?;
        let moved = sqlx::query(
            "UPDATE experiments SET lifecycle_stage = ?, last_update_time = ? WHERE id = ? AND lifecycle_stage = ?",
        )
        .bind(to.word())
        .bind(now_ms())
        .bind(id)
        .bind(from.word())
        .execute(&mut *transaction)
        .await?;
        if moved.rows_affected() == 0 {
            return Err(no_experiment(id));
        }
        sqlx::query("UPDATE runs SET lifecycle_stage = ?, deleted_time = ? WHERE experiment_id = ?")
            .bind(to.word())
            .bind((to == Lifecycle::Deleted).then(now_ms))
            .bind(id)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Sets a tag of an active experiment.
    ///
    /// # Errors
    /// When the experiment is absent or deleted.
    pub async fn set_experiment_tag(&self, id: &str, tag: &Tag) -> Result<(), ApiError> {
        let experiment = self.experiment(id).await?;
        check_active(&experiment)?;
        let mut connection = self.writer.acquire().await?;
        set_tag(&mut connection, experiment_key(&experiment), tag).await
    }

    /// Deletes a tag of an active experiment.
    ///
    /// # Errors
    /// When the experiment is absent or deleted, or has no such tag.
    pub async fn delete_experiment_tag(&self, id: &str, key: &str) -> Result<(), ApiError> {
        let experiment = self.experiment(id).await?;
        check_active(&experiment)?;
        let deleted = sqlx::query("DELETE FROM experiment_tags WHERE experiment_id = ? AND key = ?")
            .bind(experiment_key(&experiment))
            .bind(key)
            .execute(&self.writer)
            .await?;
        if deleted.rows_affected() == 0 {
            return Err(ApiError::missing(format!("No tag with name: {key} in experiment with id {id}")));
        }
        Ok(())
    }

    /// The experiments whose custom artifact location holds this path, as ids.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn experiments_holding(&self, artifact_path: &str) -> Result<Vec<String>, ApiError> {
        let ids: Vec<i64> = sqlx::query_scalar(
            "SELECT id FROM experiments WHERE artifact_location LIKE 'mlflow-artifacts:/%'
             AND substr(?1 || '/', 1, length(ltrim(substr(artifact_location, 18), '/')) + 1)
                 = ltrim(substr(artifact_location, 18), '/') || '/'",
        )
        .bind(artifact_path)
        .fetch_all(&self.reader)
        .await?;
        Ok(ids.into_iter().map(|id| id.to_string()).collect())
    }
}

/// Refuses what must not be written to a deleted experiment.
pub(super) fn check_active(experiment: &Experiment) -> Result<(), ApiError> {
    if experiment.lifecycle_stage == Lifecycle::Active {
        return Ok(());
    }
    Err(ApiError::invalid(format!(
        "The experiment {} must be in the 'active' state. Current state is deleted.",
        experiment.experiment_id
    )))
}

/// The key of an experiment that came from the database.
pub(super) fn experiment_key(experiment: &Experiment) -> i64 {
    experiment.experiment_id.parse().expect("ids are written from integers")
}

async fn set_tag(connection: &mut SqliteConnection, id: i64, tag: &Tag) -> Result<(), ApiError> {
    sqlx::query("INSERT OR REPLACE INTO experiment_tags (experiment_id, key, value) VALUES (?, ?, ?)")
        .bind(id)
        .bind(&tag.key)
        .bind(&tag.value)
        .execute(connection)
        .await?;
    Ok(())
}

fn push_clause(sql: &mut QueryBuilder<Sqlite>, clause: &Comparison) {
    if clause.entity == Entity::Attribute {
        return compare(sql, &format!("e.{}", column(&clause.key)), clause.comparator, &clause.operand);
    }
    sql.push("EXISTS (SELECT 1 FROM experiment_tags t WHERE t.experiment_id = e.id AND t.key = ");
    sql.push_bind(clause.key.clone()).push(" AND ");
    compare(sql, "t.value", clause.comparator, &clause.operand);
    sql.push(")");
}

fn column(attribute: &str) -> &'static str {
    match attribute {
        "name" => "name",
        "creation_time" => "creation_time",
        "last_update_time" => "last_update_time",
        _ => "id",
    }
}

fn from_row(row: &SqliteRow) -> Experiment {
    Experiment {
        experiment_id: row.get::<i64, _>(0).to_string(),
        name: row.get(1),
        artifact_location: row.get(2),
        lifecycle_stage: Lifecycle::from_word(row.get(3)),
        last_update_time: row.get(4),
        creation_time: row.get(5),
        tags: Vec::new(),
    }
}

fn no_experiment(id: &str) -> ApiError {
    ApiError::missing(format!("No Experiment with id={id} exists"))
}

fn already_exists(error: ApiError, name: &str) -> ApiError {
    if error.is_unique_violation() {
        return ApiError::exists(format!("Experiment(name={name}) already exists."));
    }
    error
}
