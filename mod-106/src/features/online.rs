//! The online store: of each entity the newest row of each feature view, in SQLite, for answers within a millisecond.
//!
//! A row replaces an older one and never a newer one: a materialisation that runs late, or a push that was held up, must not turn
//! time back. (Feast's SQLite store writes whatever came last; its Redis store compares times, as here.) Whether a value is too old is not
//! decided here but where it is answered, because only then is it known how old it is. Next: `server/`.

use super::error::Error;
use super::offline::LatestRow;
use super::time::Nanoseconds;
use serde_json::{Map, Value};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions};
use std::path::Path;
use std::time::Duration;

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS newest (
        view TEXT NOT NULL, entity TEXT NOT NULL, event INTEGER NOT NULL, created INTEGER NOT NULL, feature_values TEXT NOT NULL,
        PRIMARY KEY (view, entity)
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS materialized (view TEXT NOT NULL PRIMARY KEY, until INTEGER NOT NULL) WITHOUT ROWID;";
/// How long a writer waits for another one.
const PATIENCE: Duration = Duration::from_secs(20);

/// A handle on the store; clones share it.
#[derive(Debug, Clone)]
pub struct OnlineStore {
    pool: SqlitePool,
    name: String,
}

/// An entity's newest values of one view.
#[derive(Debug, Clone, PartialEq)]
pub struct OnlineRow {
    /// The features' values by name.
    pub values: Map<String, Value>,
    /// Since when they are true.
    pub event: Nanoseconds,
}

impl OnlineStore {
    /// Opens the store's file, which is made when absent.
    ///
    /// # Errors
    /// When SQLite cannot use it.
    pub async fn open(path: &Path) -> Result<Self, Error> {
        let name = path.display().to_string();
        let failed = |reason| Error::Store { store: name.clone(), reason };
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|reason| Error::file(folder, reason))?;
        }
        let options = SqliteConnectOptions::new().filename(path).create_if_missing(true);
        let options = options.journal_mode(SqliteJournalMode::Wal).busy_timeout(PATIENCE);
        let pool = SqlitePoolOptions::new().max_connections(4).acquire_timeout(PATIENCE).connect_with(options).await;
        let pool = pool.map_err(failed)?;
        sqlx::raw_sql(SCHEMA).execute(&pool).await.map_err(failed)?;
        Ok(Self { pool, name })
    }

    /// Puts rows in, all or none; an older row than the one that is there is left out. Says how many are new.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub async fn write(&self, view: &str, rows: &[LatestRow]) -> Result<u64, Error> {
        let failed = |reason| self.failed(reason);
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await.map_err(failed)?;
        let mut written = 0;
        for row in rows {
            let done = sqlx::query(
                "INSERT INTO newest (view, entity, event, created, feature_values) VALUES (?, ?, ?, ?, ?)
                 ON CONFLICT (view, entity) DO UPDATE
                 SET event = excluded.event, created = excluded.created, feature_values = excluded.feature_values
                 WHERE (excluded.event, excluded.created) >= (newest.event, newest.created)",
            )
            .bind(view)
            .bind(entity_key(&row.key))
            .bind(row.event)
            .bind(row.created)
            .bind(Value::Object(row.values.clone()).to_string())
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
            written += done.rows_affected();
        }
        transaction.commit().await.map_err(failed)?;
        Ok(written)
    }

    /// The newest row of an entity.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub async fn read(&self, view: &str, key: &[Value]) -> Result<Option<OnlineRow>, Error> {
        let query = sqlx::query_as("SELECT event, feature_values FROM newest WHERE view = ? AND entity = ?");
        let found: Option<(i64, String)> = query
            .bind(view)
            .bind(entity_key(key))
            .fetch_optional(&self.pool)
            .await
            .map_err(|reason| self.failed(reason))?;
        let read = |(event, text): (i64, String)| {
            let values =
                serde_json::from_str(&text).map_err(|error| Error::malformed(&self.name, error.to_string()))?;
            Ok(OnlineRow { values, event })
        };
        found.map(read).transpose()
    }

    /// Up to when a view was materialised, if ever.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub async fn materialized_until(&self, view: &str) -> Result<Option<Nanoseconds>, Error> {
        let query = sqlx::query_scalar("SELECT until FROM materialized WHERE view = ?").bind(view);
        query.fetch_optional(&self.pool).await.map_err(|reason| self.failed(reason))
    }

    /// Notes up to when a view was materialised; the mark only moves forward.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub async fn note_materialized(&self, view: &str, until: Nanoseconds) -> Result<(), Error> {
        let query = "INSERT INTO materialized (view, until) VALUES (?, ?)
                     ON CONFLICT (view) DO UPDATE SET until = max(until, excluded.until)";
        let done = sqlx::query(query).bind(view).bind(until).execute(&self.pool).await;
        done.map(drop).map_err(|reason| self.failed(reason))
    }

    /// Waits until all is on disk, and lets go of the file.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    fn failed(&self, reason: sqlx::Error) -> Error {
        Error::Store { store: self.name.clone(), reason }
    }
}

/// Join keys as one text: a JSON list, so that `["a,b"]` and `["a", "b"]` stay apart.
fn entity_key(key: &[Value]) -> String {
    Value::from(key.to_vec()).to_string()
}

#[cfg(test)]
mod tests {
    use super::{LatestRow, OnlineStore};
    use serde_json::json;

    #[tokio::test]
    async fn time_does_not_turn_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("online/store.db");
        let row = |event, created, amount: f64| LatestRow {
            key: vec![json!(7)],
            values: json!({ "amount": amount }).as_object().unwrap().clone(),
            event,
            created,
        };
        let store = OnlineStore::open(&path).await.unwrap();
        for (event, created, amount, expected) in
            [(10, 10, 1.0, 1.0), (9, 99, 2.0, 1.0), (10, 9, 3.0, 1.0), (10, 11, 4.0, 4.0), (11, 0, 5.0, 5.0)]
        {
            store.write("spend", &[row(event, created, amount)]).await.unwrap();
            let found = store.read("spend", &[json!(7)]).await.unwrap().unwrap();
            assert_eq!(found.values["amount"], json!(expected));
        }
        store.note_materialized("spend", 20).await.unwrap();
        store.note_materialized("spend", 10).await.unwrap();
        store.close().await;
        let store = OnlineStore::open(&path).await.unwrap();
        assert_eq!(store.materialized_until("spend").await.unwrap(), Some(20));
        assert!(store.read("spend", &[json!("7")]).await.unwrap().is_none());
    }
}
