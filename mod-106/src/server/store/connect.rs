//! Opens the database and brings its schema up to date.
//!
//! Migrations are numbered SQL files inside the binary; each runs once, in a transaction. What the tables mean is written
//! in `schema_1.sql`.

use crate::server::store::{Store, now_ms};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use std::str::FromStr;
use std::time::Duration;

const MIGRATIONS: [&str; 1] = [include_str!("schema_1.sql")];
const READERS: u32 = 4;
/// How long a request waits for a connection before it is told to come back later.
const PATIENCE: Duration = Duration::from_secs(20);

/// Why the database could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The URL names no SQLite database.
    #[error("the database '{url}' is none this server knows; give sqlite://PATH or sqlite::memory:")]
    UnknownUrl {
        /// What was given.
        url: String,
    },
    /// SQLite refuses.
    #[error("cannot open the database '{url}': {reason}; check that its folder exists and can be written")]
    Unusable {
        /// What was given.
        url: String,
        /// SQLite's reason.
        reason: sqlx::Error,
    },
    /// A newer server wrote this database.
    #[error("the database '{url}' has schema {found}, this server knows up to {known}; start the newer server")]
    TooNew {
        /// What was given.
        url: String,
        /// Its schema.
        found: usize,
        /// The newest schema known here.
        known: usize,
    },
}

/// Opens `sqlite://path` (created when absent) or `sqlite::memory:`.
///
/// # Errors
/// When the URL is of no known kind, the file cannot be used, or a newer server wrote it.
pub async fn open(url: &str) -> Result<Store, OpenError> {
    let unusable = |reason| OpenError::Unusable { url: url.to_owned(), reason };
    if !url.starts_with("sqlite:") {
        return Err(OpenError::UnknownUrl { url: url.to_owned() });
    }
    let in_memory = url.contains(":memory:") || url.contains("mode=memory");
    // SQLAlchemy writes three slashes before a relative path and four before an absolute one.
    let path = url.replacen("sqlite:////", "sqlite:///", 1);
    let options = SqliteConnectOptions::from_str(&path)
        .map_err(unusable)?
        .create_if_missing(true)
        .foreign_keys(true)
        .journal_mode(if in_memory { SqliteJournalMode::Memory } else { SqliteJournalMode::Wal })
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(PATIENCE)
        .pragma("case_sensitive_like", "true");
    let pool = |connections: u32| {
        SqlitePoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(PATIENCE)
            .idle_timeout(None)
            .max_lifetime(None)
            .test_before_acquire(false)
    };
    let writer = pool(1).connect_with(options.clone()).await.map_err(unusable)?;
    // A database in memory belongs to its connection, so there must be only one.
    let reader = if in_memory { writer.clone() } else { pool(READERS).connect_lazy_with(options.read_only(true)) };
    let store = Store { reader, writer };
    store.migrate(url).await?;
    store.create_default_experiment().await.map_err(unusable)?;
    Ok(store)
}

impl Store {
    async fn migrate(&self, url: &str) -> Result<(), OpenError> {
        let unusable = |reason| OpenError::Unusable { url: url.to_owned(), reason };
        let mut transaction = self.writer.begin_with("BEGIN IMMEDIATE").await.map_err(unusable)?;
        sqlx::raw_sql(
            "CREATE TABLE IF NOT EXISTS schema_migrations (number INTEGER PRIMARY KEY, applied INTEGER NOT NULL)",
        )
        .execute(&mut *transaction)
        .await
        .map_err(unusable)?;
        let applied: i64 = sqlx::query_scalar("SELECT COALESCE(MAX(number), 0) FROM schema_migrations")
            .fetch_one(&mut *transaction)
            .await
            .map_err(unusable)?;
        let applied = usize::try_from(applied).unwrap_or_default();
        if applied > MIGRATIONS.len() {
            return Err(OpenError::TooNew { url: url.to_owned(), found: applied, known: MIGRATIONS.len() });
        }
        for (index, migration) in MIGRATIONS.into_iter().enumerate().skip(applied) {
            sqlx::raw_sql(migration).execute(&mut *transaction).await.map_err(unusable)?;
            sqlx::query("INSERT INTO schema_migrations (number, applied) VALUES (?, ?)")
                .bind(i64::try_from(index + 1).unwrap_or(i64::MAX))
                .bind(now_ms())
                .execute(&mut *transaction)
                .await
                .map_err(unusable)?;
        }
        transaction.commit().await.map_err(unusable)
    }

    /// MLflow's clients expect an experiment `Default` with id 0.
    async fn create_default_experiment(&self) -> Result<(), sqlx::Error> {
        sqlx::query(
            "INSERT INTO experiments (id, name, artifact_location, creation_time, last_update_time)
             SELECT 0, 'Default', 'mlflow-artifacts:/0', ?1, ?1 WHERE NOT EXISTS (SELECT 1 FROM experiments)",
        )
        .bind(now_ms())
        .execute(&self.writer)
        .await
        .map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use super::{OpenError, open};

    #[tokio::test]
    async fn a_file_keeps_its_schema() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/a.db", folder.path().display());
        for _ in 0..2 {
            let store = open(&url).await.unwrap();
            assert_eq!(store.experiment("0").await.unwrap().name, "Default");
            store.close().await;
        }
    }

    #[tokio::test]
    async fn what_cannot_be_opened_says_why() {
        assert!(matches!(open("postgres://x/y").await, Err(OpenError::UnknownUrl { .. })));
        assert!(matches!(open("sqlite:///no/such/folder/a.db").await, Err(OpenError::Unusable { .. })));
    }
}
