//! Registered models with their tags and aliases. Their versions are in `model_versions.rs`.

use crate::server::error::ApiError;
use crate::server::python_text::quoted;
use crate::server::records::{ModelAlias, Page, RegisteredModel, Tag};
use crate::server::search::filter::Comparison;
use crate::server::search::order_by::Ordering;
use crate::server::search::vocabulary::Entity;
use crate::server::store::clauses::{PageRequest, compare, readable};
use crate::server::store::permissions::grant_model;
use crate::server::store::version_search::{is_prompt_clause, prompts_only};
use crate::server::store::{Owner, Store, Viewer, now_ms};
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row, Sqlite, SqliteConnection};

/// The tag that tells prompts, which ride on the registry, from models.
pub(super) const PROMPT_TAG: &str = "mlflow.prompt.is_prompt";

/// A search over registered models or model versions, already parsed.
#[derive(Debug)]
pub struct RegistrySearch<'s> {
    /// The clauses, all of which must hold.
    pub filter: &'s [Comparison],
    /// The orderings, most important first.
    pub order_by: &'s [Ordering],
    /// The length of a page.
    pub max_results: i64,
    /// Where the page starts.
    pub page_token: Option<&'s str>,
    /// Who looks.
    pub viewer: Viewer,
}

impl Store {
    /// Creates a registered model; its creator may manage it.
    ///
    /// # Errors
    /// When the name is taken.
    pub async fn create_registered_model(
        &self,
        name: &str,
        description: &str,
        tags: &[Tag],
        owner: Owner,
    ) -> Result<RegisteredModel, ApiError> {
        let mut transaction = self.write().await?;
        let inserted = sqlx::query(
            "INSERT INTO registered_models (name, description, creation_time, last_updated_time) VALUES (?1, ?2, ?3, ?3)",
        )
        .bind(name)
        .bind(description)
        .bind(now_ms())
        .execute(&mut *transaction)
        .await;
        let id = match inserted.map_err(ApiError::from) {
            Ok(inserted) => inserted.last_insert_rowid(),
            Err(error) if error.is_unique_violation() => {
                drop(transaction);
                return Err(self.name_taken(name, tags).await?);
            }
            Err(error) => return Err(error),
        };
        for tag in tags {
            put_tag(&mut transaction, id, tag).await?;
        }
        if let Some(user_id) = owner {
            grant_model(&mut transaction, user_id, name).await?;
        }
        transaction.commit().await?;
        self.registered_model(name).await
    }

    async fn name_taken(&self, name: &str, tags: &[Tag]) -> Result<ApiError, ApiError> {
        let is_prompt = |tags: &[Tag]| tags.iter().any(|tag| tag.key == PROMPT_TAG);
        let word = |prompt| if prompt { "Prompt" } else { "Registered Model" };
        let old = word(is_prompt(&self.registered_model(name).await?.tags));
        let new = word(is_prompt(tags));
        if old == new {
            return Ok(ApiError::exists(format!("{new} (name={name}) already exists.")));
        }
        Ok(ApiError::exists(format!(
            "Tried to create a {} with name {}, but the name is already taken by a {}. \
             MLflow does not allow creating a model and a prompt with the same name.",
            new.to_lowercase(),
            quoted(name),
            old.to_lowercase()
        )))
    }

    /// A registered model with the latest version of each stage.
    ///
    /// # Errors
    /// When there is none of this name.
    pub async fn registered_model(&self, name: &str) -> Result<RegisteredModel, ApiError> {
        let row = sqlx::query(
            "SELECT m.id, m.name, m.creation_time, m.last_updated_time, m.description FROM registered_models m
             WHERE m.name = ?",
        )
        .bind(name)
        .fetch_optional(&self.reader)
        .await?
        .ok_or_else(|| no_model(name))?;
        self.complete_model(&row).await
    }

    async fn complete_model(&self, row: &SqliteRow) -> Result<RegisteredModel, ApiError> {
        let id: i64 = row.get(0);
        let tags: Vec<(String, String)> =
            sqlx::query_as("SELECT key, value FROM registered_model_tags WHERE model_id = ?")
                .bind(id)
                .fetch_all(&self.reader)
                .await?;
        let aliases: Vec<(String, i64)> = sqlx::query_as("SELECT alias, version FROM model_aliases WHERE model_id = ?")
            .bind(id)
            .fetch_all(&self.reader)
            .await?;
        Ok(RegisteredModel {
            name: row.get(1),
            creation_timestamp: row.get(2),
            last_updated_timestamp: row.get(3),
            description: row.get(4),
            latest_versions: self.latest_of_each_stage(id).await?,
            tags: tags.into_iter().map(|(key, value)| Tag { key, value }).collect(),
            aliases: aliases
                .into_iter()
                .map(|(alias, version)| ModelAlias { alias, version: version.to_string() })
                .collect(),
        })
    }

    /// Sets a model's description.
    ///
    /// # Errors
    /// When there is none of this name.
    pub async fn describe_registered_model(&self, name: &str, description: &str) -> Result<RegisteredModel, ApiError> {
        let updated = sqlx::query("UPDATE registered_models SET description = ?, last_updated_time = ? WHERE name = ?")
            .bind(description)
            .bind(now_ms())
            .bind(name)
            .execute(&self.writer)
            .await?;
        if updated.rows_affected() == 0 {
            return Err(no_model(name));
        }
        self.registered_model(name).await
    }

    /// Renames a model; permissions follow it.
    ///
    /// # Errors
    /// When there is none of the old name, or the new one is taken.
    pub async fn rename_registered_model(&self, name: &str, new_name: &str) -> Result<RegisteredModel, ApiError> {
        let mut transaction = self.write().await?;
        let id = model_key(&mut transaction, name).await?;
        sqlx::query("UPDATE registered_models SET name = ?, last_updated_time = ? WHERE id = ?")
            .bind(new_name)
            .bind(now_ms())
            .bind(id)
            .execute(&mut *transaction)
            .await
            .map_err(|error| match ApiError::from(error) {
                error if error.is_unique_violation() => {
                    ApiError::exists(format!("Registered Model (name={new_name}) already exists."))
                }
                error => error,
            })?;
        sqlx::query("UPDATE model_versions SET last_updated_time = ? WHERE model_id = ?")
            .bind(now_ms())
            .bind(id)
            .execute(&mut *transaction)
            .await?;
        sqlx::query("UPDATE OR REPLACE registered_model_permissions SET name = ? WHERE name = ?")
            .bind(new_name)
            .bind(name)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        self.registered_model(new_name).await
    }

    /// Deletes a model with all its versions and everybody's permissions on it.
    ///
    /// # Errors
    /// When there is none of this name.
    pub async fn delete_registered_model(&self, name: &str) -> Result<(), ApiError> {
        let mut transaction = self.write().await?;
        let id = model_key(&mut transaction, name).await?;
        sqlx::query("DELETE FROM registered_models WHERE id = ?").bind(id).execute(&mut *transaction).await?;
        // Left behind, they would open the next model of this name to the old one's users.
        sqlx::query("DELETE FROM registered_model_permissions WHERE name = ?")
            .bind(name)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Searches models; prompts show only when asked for.
    ///
    /// # Errors
    /// When the page token is none of ours.
    pub async fn search_registered_models(
        &self,
        search: RegistrySearch<'_>,
    ) -> Result<Page<RegisteredModel>, ApiError> {
        let page = PageRequest::new(search.max_results, search.page_token)?;
        let mut sql = QueryBuilder::new(
            "SELECT m.id, m.name, m.creation_time, m.last_updated_time, m.description FROM registered_models m WHERE ",
        );
        sql.push(format_args!(
            "{} EXISTS (SELECT 1 FROM registered_model_tags p WHERE p.model_id = m.id AND p.key = '{PROMPT_TAG}'
             AND p.value = 'true')",
            if prompts_only(search.filter) { "" } else { "NOT" }
        ));
        for clause in search.filter.iter().filter(|clause| !is_prompt_clause(clause)) {
            sql.push(" AND ");
            push_clause(&mut sql, clause);
        }
        readable(&mut sql, search.viewer, "registered_model_permissions", "name", "m.name");
        sql.push(" ORDER BY ");
        for ordering in search.order_by {
            let column = if ordering.key == "name" { "m.name" } else { "m.last_updated_time" };
            let way = if ordering.ascending { "ASC" } else { "DESC" };
            sql.push(format_args!("{column} {way}, "));
        }
        sql.push("m.name ASC");
        page.push(&mut sql);
        let rows = sql.build().fetch_all(&self.reader).await?;
        let mut models = Vec::with_capacity(rows.len());
        for row in &rows {
            models.push(self.complete_model(row).await?);
        }
        Ok(page.cut(models))
    }

    /// Sets a tag of a model.
    ///
    /// # Errors
    /// When there is none of this name.
    pub async fn set_registered_model_tag(&self, name: &str, tag: &Tag) -> Result<(), ApiError> {
        let mut transaction = self.write().await?;
        let id = model_key(&mut transaction, name).await?;
        put_tag(&mut transaction, id, tag).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Deletes a tag of a model; a tag that is not there is no error.
    ///
    /// # Errors
    /// When there is none of this name.
    pub async fn delete_registered_model_tag(&self, name: &str, key: &str) -> Result<(), ApiError> {
        let mut transaction = self.write().await?;
        let id = model_key(&mut transaction, name).await?;
        sqlx::query("DELETE FROM registered_model_tags WHERE model_id = ? AND key = ?")
            .bind(id)
            .bind(key)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(())
    }
}

/// The key of a model.
pub(super) async fn model_key(connection: &mut SqliteConnection, name: &str) -> Result<i64, ApiError> {
    let id = sqlx::query_scalar("SELECT id FROM registered_models WHERE name = ?")
        .bind(name)
        .fetch_optional(connection)
        .await?;
    id.ok_or_else(|| no_model(name))
}

pub(super) fn no_model(name: &str) -> ApiError {
    ApiError::missing(format!("Registered Model with name={name} not found"))
}

async fn put_tag(connection: &mut SqliteConnection, model: i64, tag: &Tag) -> Result<(), ApiError> {
    sqlx::query("INSERT OR REPLACE INTO registered_model_tags (model_id, key, value) VALUES (?, ?, ?)")
        .bind(model)
        .bind(&tag.key)
        .bind(&tag.value)
        .execute(connection)
        .await?;
    Ok(())
}

fn push_clause(sql: &mut QueryBuilder<Sqlite>, clause: &Comparison) {
    if clause.entity == Entity::Attribute {
        return compare(sql, "m.name", clause.comparator, &clause.operand);
    }
    sql.push("EXISTS (SELECT 1 FROM registered_model_tags t WHERE t.model_id = m.id AND t.key = ");
    sql.push_bind(clause.key.clone()).push(" AND ");
    compare(sql, "t.value", clause.comparator, &clause.operand);
    sql.push(")");
}
