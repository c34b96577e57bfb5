//! Who may do what: permissions of users on experiments and on registered models.
//!
//! Both tables have one shape, so [`Table`] says which one is meant and everything else is written once.

use crate::server::auth::permission::Permission;
use crate::server::error::ApiError;
use crate::server::store::Store;
use sqlx::{AssertSqlSafe, SqliteConnection};

/// What permissions are on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Table {
    /// Experiments, by id.
    Experiments,
    /// Registered models, by name.
    RegisteredModels,
}

impl Table {
    fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Experiments => ("experiment_permissions", "experiment_id"),
            Self::RegisteredModels => ("registered_model_permissions", "name"),
        }
    }

    fn describe(self, resource: &str, username: &str) -> String {
        match self {
            Self::Experiments => {
                format!("Experiment permission with experiment_id={resource} and username={username}")
            }
            Self::RegisteredModels => {
                format!("Registered model permission with name={resource} and username={username}")
            }
        }
    }
}

/// A permission, as the API shows it.
#[derive(Debug, Clone)]
pub struct Grant {
    /// The user's key.
    pub user_id: i64,
    /// The experiment's id or the model's name.
    pub resource: String,
    /// What they may do.
    pub permission: Permission,
}

impl Store {
    /// What a user was explicitly given.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn permission_of(
        &self,
        table: Table,
        resource: &str,
        user_id: i64,
    ) -> Result<Option<Permission>, ApiError> {
        let (table, key) = table.names();
        let sql = format!("SELECT permission FROM {table} WHERE user_id = ? AND {key} = ?");
        let word: Option<String> =
            sqlx::query_scalar(AssertSqlSafe(sql)).bind(user_id).bind(resource).fetch_optional(&self.reader).await?;
        word.as_deref().map(Permission::from_word).transpose()
    }

    /// Reads a permission.
    ///
    /// # Errors
    /// When there is no such user, or they were given nothing.
    pub async fn permission(&self, table: Table, resource: &str, username: &str) -> Result<Grant, ApiError> {
        let user = self.user(username).await?;
        let permission = self.permission_of(table, resource, user.id).await?;
        let permission = permission.ok_or_else(|| no_permission(table, resource, username))?;
        Ok(Grant { user_id: user.id, resource: resource.to_owned(), permission })
    }

    /// Everything a user was given on experiments or on models.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn permissions_of(&self, table: Table, user_id: i64) -> Result<Vec<Grant>, ApiError> {
        let (table, key) = table.names();
        let sql = format!("SELECT {key}, permission FROM {table} WHERE user_id = ?");
        let rows: Vec<(String, String)> =
            sqlx::query_as(AssertSqlSafe(sql)).bind(user_id).fetch_all(&self.reader).await?;
        rows.into_iter()
            .map(|(resource, word)| Ok(Grant { user_id, resource, permission: Permission::from_word(&word)? }))
            .collect()
    }

    /// Gives a permission.
    ///
    /// # Errors
    /// When there is no such user, or they have one already.
    pub async fn create_permission(
        &self,
        table: Table,
        resource: &str,
        username: &str,
        permission: Permission,
    ) -> Result<Grant, ApiError> {
        let user = self.user(username).await?;
        let (name, key) = table.names();
        let sql = format!("INSERT INTO {name} (user_id, {key}, permission) VALUES (?, ?, ?)");
        sqlx::query(AssertSqlSafe(sql))
            .bind(user.id)
            .bind(resource)
            .bind(permission.word())
            .execute(&self.writer)
            .await
            .map_err(|error| match ApiError::from(error) {
                error if error.is_unique_violation() => {
                    ApiError::exists(format!("{} already exists.", table.describe(resource, username)))
                }
                error => error,
            })?;
        Ok(Grant { user_id: user.id, resource: resource.to_owned(), permission })
    }

    /// Changes a permission.
    ///
    /// # Errors
    /// When there is no such user, or they were given nothing.
    pub async fn update_permission(
        &self,
        table: Table,
        resource: &str,
        username: &str,
        permission: Permission,
    ) -> Result<(), ApiError> {
        let user = self.user(username).await?;
        let (name, key) = table.names();
        let sql = format!("UPDATE {name} SET permission = ? WHERE user_id = ? AND {key} = ?");
        let updated = sqlx::query(AssertSqlSafe(sql))
            .bind(permission.word())
            .bind(user.id)
            .bind(resource)
            .execute(&self.writer)
            .await?;
        if updated.rows_affected() == 0 {
            return Err(no_permission(table, resource, username));
        }
        Ok(())
    }

    /// Takes a permission away.
    ///
    /// # Errors
    /// When there is no such user, or they were given nothing.
    pub async fn delete_permission(&self, table: Table, resource: &str, username: &str) -> Result<(), ApiError> {
        let user = self.user(username).await?;
        let (name, key) = table.names();
        let sql = format!("DELETE FROM {name} WHERE user_id = ? AND {key} = ?");
        let deleted = sqlx::query(AssertSqlSafe(sql)).bind(user.id).bind(resource).execute(&self.writer).await?;
        if deleted.rows_affected() == 0 {
            return Err(no_permission(table, resource, username));
        }
        Ok(())
    }
}

/// Lets an experiment's creator manage it.
pub(super) async fn grant_experiment(
    connection: &mut SqliteConnection,
    user_id: i64,
    experiment_id: &str,
) -> Result<(), ApiError> {
    grant(connection, Table::Experiments, user_id, experiment_id).await
}

/// Lets a model's creator manage it.
pub(super) async fn grant_model(connection: &mut SqliteConnection, user_id: i64, name: &str) -> Result<(), ApiError> {
    grant(connection, Table::RegisteredModels, user_id, name).await
}

async fn grant(connection: &mut SqliteConnection, table: Table, user_id: i64, resource: &str) -> Result<(), ApiError> {
    let (table, key) = table.names();
    let sql = format!("INSERT OR REPLACE INTO {table} (user_id, {key}, permission) VALUES (?, ?, 'MANAGE')");
    sqlx::query(AssertSqlSafe(sql)).bind(user_id).bind(resource).execute(connection).await?;
    Ok(())
}

fn no_permission(table: Table, resource: &str, username: &str) -> ApiError {
    ApiError::missing(format!("{} not found", table.describe(resource, username)))
}
