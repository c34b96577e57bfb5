//! The tracking store: experiments, runs, the registry, users and permissions, in SQLite.
//!
//! One connection writes, a few read: SQLite has one writer anyway, and a queue in front of it beats busy retries. An
//! acknowledged write is on disk (write-ahead log, synchronous). All SQL of the server is in this folder, one file for
//! each kind of thing, so that a second database means a second set of these files and nothing else.
//!
//! [`connect`] opens and migrates; [`run_page`] and [`clauses`] hold what searches share.

pub mod clauses;
pub mod connect;
pub mod datasets;
pub mod experiments;
pub mod logging;
pub mod metrics;
pub mod model_versions;
pub mod permissions;
pub mod registered_models;
pub mod run_page;
pub mod run_search;
pub mod runs;
pub mod users;
pub mod version_search;

use crate::server::error::ApiError;
use sqlx::{Sqlite, SqlitePool, Transaction};

/// The database, as the server sees it.
#[derive(Debug, Clone)]
pub struct Store {
    reader: SqlitePool,
    writer: SqlitePool,
}

/// Whose eyes a search looks with.
#[derive(Debug, Clone, Copy)]
pub enum Viewer {
    /// Sees everything: an administrator, or anyone where there is no authentication.
    Everything,
    /// Sees what they have a permission for, and the rest only if the default lets them.
    User {
        /// The user's key.
        user_id: i64,
        /// Whether what carries no permission can be read.
        default_can_read: bool,
    },
}

/// Who gets `MANAGE` on what is being created: its creator, where users exist.
pub type Owner = Option<i64>;

/// A transaction that writes.
pub type WriteTransaction = Transaction<'static, Sqlite>;

impl Store {
    /// Starts a transaction that holds the write lock from its first statement on.
    async fn write(&self) -> Result<WriteTransaction, ApiError> {
        Ok(self.writer.begin_with("BEGIN IMMEDIATE").await?)
    }

    /// Each pool with its open connections, and how many of these are idle.
    #[must_use]
    pub fn connections(&self) -> [(&'static str, u32, usize); 2] {
        [("reader", self.reader.size(), self.reader.num_idle()), ("writer", self.writer.size(), self.writer.num_idle())]
    }

    /// Lets the database write back its log and close.
    pub async fn close(&self) {
        self.reader.close().await;
        self.writer.close().await;
    }
}

/// Now, in milliseconds since 1970.
#[must_use]
pub fn now_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

/// Texts as a JSON list, for `IN (SELECT value FROM json_each(?))`: one bound value, one cached statement, any length.
fn json_list<T: serde::Serialize>(values: &[T]) -> String {
    serde_json::to_string(values).expect("texts and numbers always serialize")
}
