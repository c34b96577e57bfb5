//! SQL that searches share: comparisons, visibility, pages.
//!
//! Every value is bound. Only names that are spelled out in this folder are pasted into SQL.

use crate::server::error::ApiError;
use crate::server::records::Page;
use crate::server::search::filter::{Comparator, Operand};
use crate::server::search::page_token;
use crate::server::store::{Viewer, json_list};
use sqlx::{QueryBuilder, Sqlite};

/// Adds `column comparator operand`.
pub(super) fn compare(sql: &mut QueryBuilder<Sqlite>, column: &str, comparator: Comparator, operand: &Operand) {
    match (comparator, operand) {
        (Comparator::ILike, Operand::Text(text)) => {
            sql.push(format_args!("lower({column}) LIKE lower(")).push_bind(text.clone()).push(")");
        }
        (_, Operand::List(texts)) => {
            sql.push(format_args!("{column} {} (SELECT value FROM json_each(", comparator.symbol()));
            sql.push_bind(json_list(texts)).push("))");
        }
        (_, Operand::Text(text)) => {
            sql.push(format_args!("{column} {} ", comparator.symbol())).push_bind(text.clone());
        }
        (_, Operand::Number(number)) => {
            sql.push(format_args!("{column} {} ", comparator.symbol())).push_bind(*number);
        }
    }
}

/// Adds a clause that keeps only what the viewer may read. `table` holds permissions, keyed there by `key`.
pub(super) fn readable(sql: &mut QueryBuilder<Sqlite>, viewer: Viewer, table: &str, key: &str, column: &str) {
    let Viewer::User { user_id, default_can_read } = viewer else { return };
    sql.push(format_args!(
        " AND COALESCE((SELECT permission <> 'NO_PERMISSIONS' FROM {table} WHERE {table}.{key} = {column} AND user_id = "
    ));
    sql.push_bind(user_id).push("), ").push_bind(default_can_read).push(")");
}

/// Where a page starts and how long it is; one more row is asked for, to see whether another page follows.
pub(super) struct PageRequest {
    offset: i64,
    max_results: i64,
}

impl PageRequest {
    pub(super) fn new(max_results: i64, token: Option<&str>) -> Result<Self, ApiError> {
        Ok(Self { offset: page_token::read(token)?, max_results })
    }

    pub(super) fn push(&self, sql: &mut QueryBuilder<Sqlite>) {
        sql.push(" LIMIT ").push_bind(self.max_results + 1).push(" OFFSET ").push_bind(self.offset);
    }

    pub(super) fn cut<T>(&self, mut rows: Vec<T>) -> Page<T> {
        let length = usize::try_from(self.max_results).unwrap_or(usize::MAX);
        let more = rows.len() > length;
        rows.truncate(length);
        Page { items: rows, next_page_token: more.then(|| page_token::write(self.offset + self.max_results)) }
    }
}
