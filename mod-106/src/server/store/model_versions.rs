//! Model versions, their stages, tags and aliases.
//!
//! A version's number comes from a counter in the model's own row. The tempting `MAX(version) + 1` gives two callers the
//! same number and makes one of them retry; the counter's update locks the row, so each caller gets the next one.

use crate::server::error::ApiError;
use crate::server::records::{ModelVersion, Tag};
use crate::server::store::registered_models::{model_key, no_model};
use crate::server::store::{Store, now_ms};
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, Row, SqliteConnection};

/// The columns that [`from_row`] reads, the model's key first. `v` is the version, `m` its model.
pub(super) const COLUMNS: &str = "v.model_id, m.name, v.version, v.creation_time, v.last_updated_time, v.stage, \
                                  v.description, v.source, v.run_id, v.run_link";
const DELETED: &str = "Deleted_Internal";
/// The stages, as they are written.
pub const STAGES: [&str; 4] = ["None", "Staging", "Production", "Archived"];

/// A model version about to be created.
#[derive(Debug)]
pub struct NewVersion<'v> {
    /// The model's name.
    pub name: &'v str,
    /// Where the model came from.
    pub source: &'v str,
    /// Where its files are, when `source` names another model version.
    pub storage_location: &'v str,
    /// The run that made it.
    pub run_id: &'v str,
    /// A link to the run, when it lives elsewhere.
    pub run_link: &'v str,
    /// A description.
    pub description: &'v str,
    /// Its tags.
    pub tags: &'v [Tag],
}

impl Store {
    /// Creates the next version of a model.
    ///
    /// # Errors
    /// When there is no such model.
    pub async fn create_model_version(&self, new: NewVersion<'_>) -> Result<ModelVersion, ApiError> {
        let mut transaction = self.write().await?;
        let next: Option<(i64, i64)> = sqlx::query_as(
            "UPDATE registered_models SET last_version = last_version + 1, last_updated_time = ? WHERE name = ?
             RETURNING id, last_version",
        )
        .bind(now_ms())
        .bind(new.name)
        .fetch_optional(&mut *transaction)
        .await?;
        let (model, version) = next.ok_or_else(|| no_model(new.name))?;
        sqlx::query(
            "INSERT INTO model_versions (model_id, version, creation_time, last_updated_time, description, source,
             storage_location, run_id, run_link) VALUES (?1, ?2, ?3, ?3, ?4, ?5, ?6, ?7, ?8)",
        )
        .bind(model)
        .bind(version)
        .bind(now_ms())
        .bind(new.description)
        .bind(new.source)
        .bind(new.storage_location)
        .bind(new.run_id)
        .bind(new.run_link)
        .execute(&mut *transaction)
        .await?;
        for tag in new.tags {
            put_tag(&mut transaction, model, version, tag).await?;
        }
        transaction.commit().await?;
        self.model_version(new.name, version).await
    }

    /// A version.
    ///
    /// # Errors
    /// When there is none of this number, or it was deleted.
    pub async fn model_version(&self, name: &str, version: i64) -> Result<ModelVersion, ApiError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM model_versions v JOIN registered_models m ON m.id = v.model_id
             WHERE m.name = ? AND v.version = ? AND v.stage <> '{DELETED}'"
        );
        let row = sqlx::query(AssertSqlSafe(sql)).bind(name).bind(version).fetch_optional(&self.reader).await?;
        let row = row.ok_or_else(|| no_version(name, version))?;
        self.complete_version(&row).await
    }

    pub(super) async fn complete_version(&self, row: &SqliteRow) -> Result<ModelVersion, ApiError> {
        let mut version = from_row(row);
        let (model, number): (i64, i64) = (row.get(0), row.get(2));
        let tags: Vec<(String, String)> =
            sqlx::query_as("SELECT key, value FROM model_version_tags WHERE model_id = ? AND version = ?")
                .bind(model)
                .bind(number)
                .fetch_all(&self.reader)
                .await?;
        version.tags = tags.into_iter().map(|(key, value)| Tag { key, value }).collect();
        version.aliases = sqlx::query_scalar("SELECT alias FROM model_aliases WHERE model_id = ? AND version = ?")
            .bind(model)
            .bind(number)
            .fetch_all(&self.reader)
            .await?;
        Ok(version)
    }

    /// The latest version of each stage of a model, in no particular order and, as in MLflow, without aliases.
    pub(super) async fn latest_of_each_stage(&self, model: i64) -> Result<Vec<ModelVersion>, ApiError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM model_versions v JOIN registered_models m ON m.id = v.model_id
             WHERE v.model_id = ?1 AND v.stage <> '{DELETED}' AND v.version =
                 (SELECT MAX(w.version) FROM model_versions w WHERE w.model_id = ?1 AND w.stage = v.stage)
             ORDER BY v.version"
        );
        let rows = sqlx::query(AssertSqlSafe(sql)).bind(model).fetch_all(&self.reader).await?;
        let mut latest = Vec::with_capacity(rows.len());
        for row in &rows {
            latest.push(ModelVersion { aliases: Vec::new(), ..self.complete_version(row).await? });
        }
        Ok(latest)
    }

    /// Where a version's files are.
    ///
    /// # Errors
    /// When there is none of this number.
    pub async fn model_version_location(&self, name: &str, version: i64) -> Result<String, ApiError> {
        let location = sqlx::query_scalar(
            "SELECT v.storage_location FROM model_versions v JOIN registered_models m ON m.id = v.model_id
             WHERE m.name = ? AND v.version = ? AND v.stage <> 'Deleted_Internal'",
        )
        .bind(name)
        .bind(version)
        .fetch_optional(&self.reader)
        .await?;
        location.ok_or_else(|| no_version(name, version))
    }

    /// Sets a version's description; none clears it.
    ///
    /// # Errors
    /// When there is none of this number.
    pub async fn describe_model_version(
        &self,
        name: &str,
        version: i64,
        description: Option<&str>,
    ) -> Result<ModelVersion, ApiError> {
        let mut transaction = self.write().await?;
        let model = version_key(&mut transaction, name, version).await?;
        sqlx::query(
            "UPDATE model_versions SET description = ?, last_updated_time = ? WHERE model_id = ? AND version = ?",
        )
        .bind(description)
        .bind(now_ms())
        .bind(model)
        .bind(version)
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        self.model_version(name, version).await
    }

    /// Moves a version to a stage; with `archive_others`, those in that stage are archived.
    ///
    /// # Errors
    /// When there is none of this number.
    pub async fn transition_stage(
        &self,
        name: &str,
        version: i64,
        stage: &str,
        archive_others: bool,
    ) -> Result<ModelVersion, ApiError> {
        let mut transaction = self.write().await?;
        let model = version_key(&mut transaction, name, version).await?;
        let now = now_ms();
        if archive_others {
            sqlx::query(
                "UPDATE model_versions SET stage = 'Archived', last_updated_time = ?
                 WHERE model_id = ? AND version <> ? AND stage = ?",
            )
            .bind(now)
            .bind(model)
            .bind(version)
            .bind(stage)
            .execute(&mut *transaction)
            .await?;
        }
        sqlx::query("UPDATE model_versions SET stage = ?, last_updated_time = ? WHERE model_id = ? AND version = ?")
            .bind(stage)
            .bind(now)
            .bind(model)
            .bind(version)
            .execute(&mut *transaction)
            .await?;
        touch(&mut transaction, model, now).await?;
        transaction.commit().await?;
        self.model_version(name, version).await
    }

    /// Deletes a version and the aliases that point to it; its number is never given again.
    ///
    /// # Errors
    /// When there is none of this number.
    pub async fn delete_model_version(&self, name: &str, version: i64) -> Result<(), ApiError> {
        let mut transaction = self.write().await?;
        let model = version_key(&mut transaction, name, version).await?;
        let now = now_ms();
        sqlx::query("DELETE FROM model_aliases WHERE model_id = ? AND version = ?")
            .bind(model)
            .bind(version)
            .execute(&mut *transaction)
            .await?;
        sqlx::query(
            "UPDATE model_versions SET stage = 'Deleted_Internal', last_updated_time = ?, description = NULL,
             source = '', storage_location = '', run_id = '', run_link = '' WHERE model_id = ? AND version = ?",
        )
        .bind(now)
        .bind(model)
        .bind(version)
        .execute(&mut *transaction)
        .await?;
        touch(&mut transaction, model, now).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Sets a tag of a version.
    ///
    /// # Errors
    /// When there is none of this number.
    pub async fn set_model_version_tag(&self, name: &str, version: i64, tag: &Tag) -> Result<(), ApiError> {
        let mut transaction = self.write().await?;
        let model = version_key(&mut transaction, name, version).await?;
        put_tag(&mut transaction, model, version, tag).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Deletes a tag of a version; a tag that is not there is no error.
    ///
    /// # Errors
    /// When there is none of this number.
    pub async fn delete_model_version_tag(&self, name: &str, version: i64, key: &str) -> Result<(), ApiError> {
        let mut transaction = self.write().await?;
        let model = version_key(&mut transaction, name, version).await?;
        sqlx::query("DELETE FROM model_version_tags WHERE model_id = ? AND version = ? AND key = ?")
            .bind(model)
            .bind(version)
            .bind(key)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Points an alias to a version.
    ///
    /// # Errors
    /// When there is none of this number.
    pub async fn set_alias(&self, name: &str, alias: &str, version: i64) -> Result<(), ApiError> {
        let mut transaction = self.write().await?;
        let model = version_key(&mut transaction, name, version).await?;
        sqlx::query("INSERT OR REPLACE INTO model_aliases (model_id, alias, version) VALUES (?, ?, ?)")
            .bind(model)
            .bind(alias)
            .bind(version)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Deletes an alias; one that is not there is no error.
    ///
    /// # Errors
    /// When there is no such model.
    pub async fn delete_alias(&self, name: &str, alias: &str) -> Result<(), ApiError> {
        let mut transaction = self.write().await?;
        let model = model_key(&mut transaction, name).await?;
        sqlx::query("DELETE FROM model_aliases WHERE model_id = ? AND alias = ?")
            .bind(model)
            .bind(alias)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// The version that an alias points to.
    ///
    /// # Errors
    /// When there is no such alias. MLflow calls that an invalid parameter, not a missing resource.
    pub async fn version_by_alias(&self, name: &str, alias: &str) -> Result<ModelVersion, ApiError> {
        let version: Option<i64> = sqlx::query_scalar(
            "SELECT a.version FROM model_aliases a JOIN registered_models m ON m.id = a.model_id
             WHERE m.name = ? AND a.alias = ?",
        )
        .bind(name)
        .bind(alias)
        .fetch_optional(&self.reader)
        .await?;
        let version = version.ok_or_else(|| ApiError::invalid(format!("Registered model alias {alias} not found.")))?;
        self.model_version(name, version).await
    }
}

/// The key of a version's model, when the version is there.
async fn version_key(connection: &mut SqliteConnection, name: &str, version: i64) -> Result<i64, ApiError> {
    let model = sqlx::query_scalar(
        "SELECT v.model_id FROM model_versions v JOIN registered_models m ON m.id = v.model_id
         WHERE m.name = ? AND v.version = ? AND v.stage <> 'Deleted_Internal'",
    )
    .bind(name)
    .bind(version)
    .fetch_optional(connection)
    .await?;
    model.ok_or_else(|| no_version(name, version))
}

async fn touch(connection: &mut SqliteConnection, model: i64, now: i64) -> Result<(), ApiError> {
    sqlx::query("UPDATE registered_models SET last_updated_time = ? WHERE id = ?")
        .bind(now)
        .bind(model)
        .execute(connection)
        .await?;
    Ok(())
}

async fn put_tag(connection: &mut SqliteConnection, model: i64, version: i64, tag: &Tag) -> Result<(), ApiError> {
    sqlx::query("INSERT OR REPLACE INTO model_version_tags (model_id, version, key, value) VALUES (?, ?, ?, ?)")
        .bind(model)
        .bind(version)
        .bind(&tag.key)
        .bind(&tag.value)
        .execute(connection)
        .await?;
    Ok(())
}

fn no_version(name: &str, version: i64) -> ApiError {
    ApiError::missing(format!("Model Version (name={name}, version={version}) not found"))
}

fn from_row(row: &SqliteRow) -> ModelVersion {
    ModelVersion {
        name: row.get(1),
        version: row.get::<i64, _>(2).to_string(),
        creation_timestamp: row.get(3),
        last_updated_timestamp: row.get(4),
        current_stage: row.get(5),
        description: row.get(6),
        source: row.get(7),
        run_id: row.get(8),
        status: "READY",
        tags: Vec::new(),
        run_link: row.get(9),
        aliases: Vec::new(),
    }
}
