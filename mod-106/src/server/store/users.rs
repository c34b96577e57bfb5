//! Users. Passwords arrive here as hashes and never leave.

use crate::server::error::ApiError;
use crate::server::store::Store;
use std::fmt;

/// A user.
#[derive(Clone, PartialEq, Eq)]
pub struct User {
    /// The key.
    pub id: i64,
    /// The name to sign in with.
    pub username: String,
    /// The password's argon2 hash.
    pub password_hash: String,
    /// Whether everything is allowed.
    pub is_admin: bool,
}

impl fmt::Debug for User {
    // A hash is no password, but nothing good comes of logging it.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("User")
            .field("id", &self.id)
            .field("username", &self.username)
            .field("is_admin", &self.is_admin)
            .finish_non_exhaustive()
    }
}

impl Store {
    /// Creates a user.
    ///
    /// # Errors
    /// When the name is taken.
    pub async fn create_user(&self, username: &str, password_hash: &str, is_admin: bool) -> Result<User, ApiError> {
        sqlx::query("INSERT INTO users (username, password_hash, is_admin) VALUES (?, ?, ?)")
            .bind(username)
            .bind(password_hash)
            .bind(is_admin)
            .execute(&self.writer)
            .await
            .map_err(|error| match ApiError::from(error) {
                error if error.is_unique_violation() => {
                    ApiError::exists(format!("User (username={username}) already exists."))
                }
                error => error,
            })?;
        self.user(username).await
    }

    /// A user.
    ///
    /// # Errors
    /// When there is none of this name.
    pub async fn user(&self, username: &str) -> Result<User, ApiError> {
        self.find_user(username).await?.ok_or_else(|| no_user(username))
    }

    /// A user, if there is one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn find_user(&self, username: &str) -> Result<Option<User>, ApiError> {
        let row: Option<(i64, String, String, bool)> =
            sqlx::query_as("SELECT id, username, password_hash, is_admin FROM users WHERE username = ?")
                .bind(username)
                .fetch_optional(&self.reader)
                .await?;
        Ok(row.map(|(id, username, password_hash, is_admin)| User { id, username, password_hash, is_admin }))
    }

    /// Whether there is any user at all.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn has_users(&self) -> Result<bool, ApiError> {
        Ok(sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM users)").fetch_one(&self.reader).await?)
    }

    /// Sets a user's password.
    ///
    /// # Errors
    /// When there is none of this name.
    pub async fn set_password_hash(&self, username: &str, password_hash: &str) -> Result<(), ApiError> {
        let updated = sqlx::query("UPDATE users SET password_hash = ? WHERE username = ?")
            .bind(password_hash)
            .bind(username)
            .execute(&self.writer)
            .await?;
        found(updated.rows_affected(), username)
    }

    /// Makes a user an administrator, or no longer one.
    ///
    /// # Errors
    /// When there is none of this name.
    pub async fn set_admin(&self, username: &str, is_admin: bool) -> Result<(), ApiError> {
        let updated = sqlx::query("UPDATE users SET is_admin = ? WHERE username = ?")
            .bind(is_admin)
            .bind(username)
            .execute(&self.writer)
            .await?;
        found(updated.rows_affected(), username)
    }

    /// Deletes a user with their permissions.
    ///
    /// # Errors
    /// When there is none of this name.
    pub async fn delete_user(&self, username: &str) -> Result<(), ApiError> {
        let deleted = sqlx::query("DELETE FROM users WHERE username = ?").bind(username).execute(&self.writer).await?;
        found(deleted.rows_affected(), username)
    }
}

fn found(rows: u64, username: &str) -> Result<(), ApiError> {
    if rows == 0 { Err(no_user(username)) } else { Ok(()) }
}

fn no_user(username: &str) -> ApiError {
    ApiError::missing(format!("User with username={username} not found"))
}
