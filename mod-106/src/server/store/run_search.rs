//! Searches over runs: filters become `EXISTS` clauses, orderings become joins, and only one page leaves the database.

use crate::server::error::ApiError;
use crate::server::records::{Lifecycle, Page, Run, RunInfo};
use crate::server::search::filter::Comparison;
use crate::server::search::order_by::Ordering;
use crate::server::search::page_token;
use crate::server::search::vocabulary::Entity;
use crate::server::store::clauses::{compare, readable};
use crate::server::store::run_page::{COLUMNS, info_from_row};
use crate::server::store::runs::RUN_NAME_TAG;
use crate::server::store::{Store, Viewer, json_list};
use sqlx::{QueryBuilder, Row, Sqlite};

/// A search over runs, already parsed.
#[derive(Debug)]
pub struct RunSearch<'s> {
    /// The experiments to look into.
    pub experiment_ids: &'s [String],
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
    /// Searches runs. A full page carries a token, as in MLflow, even when nothing follows it.
    ///
    /// # Errors
    /// When the page token is none of ours.
    pub async fn search_runs(&self, search: RunSearch<'_>) -> Result<Page<Run>, ApiError> {
        let offset = page_token::read(search.page_token)?;
        // An id that is no number names no experiment.
        let experiments: Vec<i64> = search.experiment_ids.iter().filter_map(|id| id.parse().ok()).collect();
        let mut sql = QueryBuilder::new(format!("SELECT {COLUMNS} FROM runs r"));
        for (index, ordering) in search.order_by.iter().enumerate() {
            push_join(&mut sql, index, ordering);
        }
        sql.push(" WHERE r.experiment_id IN (SELECT value FROM json_each(").push_bind(json_list(&experiments));
        sql.push(")) AND r.lifecycle_stage IN (");
        let mut stages = sql.separated(", ");
        for stage in search.stages {
            stages.push_bind(stage.word());
        }
        sql.push(")");
        readable(&mut sql, search.viewer, "experiment_permissions", "experiment_id", "CAST(r.experiment_id AS TEXT)");
        for clause in search.filter {
            sql.push(" AND ");
            push_clause(&mut sql, clause);
        }
        push_order(&mut sql, search.order_by);
        sql.push(" LIMIT ").push_bind(search.max_results).push(" OFFSET ").push_bind(offset);
        let rows = sql.build().fetch_all(&self.reader).await?;
        let runs: Vec<(i64, RunInfo)> = rows.iter().map(|row| (row.get(0), info_from_row(row))).collect();
        let full = i64::try_from(runs.len()).is_ok_and(|length| length == search.max_results);
        let next_page_token = full.then(|| page_token::write(offset + search.max_results));
        Ok(Page { items: self.complete_runs(runs).await?, next_page_token })
    }
}

/// Joins what an ordering looks at; runs without it stay.
fn push_join(sql: &mut QueryBuilder<Sqlite>, index: usize, ordering: &Ordering) {
    let table = match ordering.entity {
        Entity::Metric => {
            sql.push(format_args!(
                " LEFT JOIN latest_metrics o{index} ON o{index}.run_id = r.id
                  AND o{index}.key_id = (SELECT id FROM metric_keys WHERE name = "
            ));
            sql.push_bind(ordering.key.clone()).push(")");
            return;
        }
        Entity::Param => "params",
        Entity::Tag => "tags",
        Entity::Attribute | Entity::Dataset => return,
    };
    sql.push(format_args!(" LEFT JOIN {table} o{index} ON o{index}.run_id = r.id AND o{index}.key = "));
    sql.push_bind(ordering.key.clone());
}

/// What has no value comes last whichever way is asked for, NaN just before it; ties go newest first, then by id.
fn push_order(sql: &mut QueryBuilder<Sqlite>, orderings: &[Ordering]) {
    sql.push(" ORDER BY ");
    let mut by_start_time = false;
    for (index, ordering) in orderings.iter().enumerate() {
        let way = if ordering.ascending { "ASC" } else { "DESC" };
        match ordering.entity {
            Entity::Metric => {
                sql.push(format_args!(
                    "CASE WHEN o{index}.is_nan = 1 THEN 1 WHEN o{index}.value IS NULL THEN 2 ELSE 0 END,
                     o{index}.value {way}, "
                ));
            }
            Entity::Param | Entity::Tag => {
                sql.push(format_args!("o{index}.value IS NULL, o{index}.value {way}, "));
            }
            Entity::Attribute | Entity::Dataset => {
                let column = column(&ordering.key);
                by_start_time |= column == "r.start_time";
                sql.push(format_args!("{column} IS NULL, {column} {way}, "));
            }
        }
    }
    sql.push(if by_start_time { "r.uuid" } else { "r.start_time DESC, r.uuid" });
}

fn push_clause(sql: &mut QueryBuilder<Sqlite>, clause: &Comparison) {
    let (table, key) = match clause.entity {
        Entity::Metric => return push_metric(sql, clause),
        Entity::Dataset => return push_dataset(sql, clause),
        // A run's name is searched through its tag, as MLflow does.
        Entity::Attribute if clause.key == "run_name" => ("tags", RUN_NAME_TAG),
        Entity::Attribute => return compare(sql, column(&clause.key), clause.comparator, &clause.operand),
        Entity::Param => ("params", clause.key.as_str()),
        Entity::Tag => ("tags", clause.key.as_str()),
    };
    sql.push(format_args!("EXISTS (SELECT 1 FROM {table} c WHERE c.run_id = r.id AND c.key = "));
    sql.push_bind(key.to_owned()).push(" AND ");
    compare(sql, "c.value", clause.comparator, &clause.operand);
    sql.push(")");
}

fn push_metric(sql: &mut QueryBuilder<Sqlite>, clause: &Comparison) {
    sql.push(
        "EXISTS (SELECT 1 FROM latest_metrics c WHERE c.run_id = r.id
         AND c.key_id = (SELECT id FROM metric_keys WHERE name = ",
    );
    sql.push_bind(clause.key.clone()).push(") AND ");
    compare(sql, "c.value", clause.comparator, &clause.operand);
    sql.push(")");
}

fn push_dataset(sql: &mut QueryBuilder<Sqlite>, clause: &Comparison) {
    let (join, column) = match clause.key.as_str() {
        "context" => ("JOIN input_tags c ON c.input_id = i.id AND c.key = 'mlflow.data.context'", "c.value"),
        "digest" => ("JOIN datasets c ON c.id = i.dataset_id", "c.digest"),
        _ => ("JOIN datasets c ON c.id = i.dataset_id", "c.name"),
    };
    sql.push(format_args!("EXISTS (SELECT 1 FROM inputs i {join} WHERE i.run_id = r.id AND "));
    compare(sql, column, clause.comparator, &clause.operand);
    sql.push(")");
}

fn column(attribute: &str) -> &'static str {
    match attribute {
        "run_name" => "r.name",
        "user_id" => "r.user_id",
        "status" => "r.status",
        "artifact_uri" => "r.artifact_uri",
        "start_time" => "r.start_time",
        "end_time" => "r.end_time",
        _ => "r.uuid",
    }
}
