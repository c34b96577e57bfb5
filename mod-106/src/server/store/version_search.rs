//! Searches over model versions, and the rule that hides prompts from searches for models.

use crate::server::error::ApiError;
use crate::server::records::{ModelVersion, Page};
use crate::server::search::filter::{Comparator, Comparison, Operand};
use crate::server::search::vocabulary::Entity;
use crate::server::store::Store;
use crate::server::store::clauses::{PageRequest, compare, readable};
use crate::server::store::model_versions::COLUMNS;
use crate::server::store::registered_models::{PROMPT_TAG, RegistrySearch};
use sqlx::{QueryBuilder, Sqlite};

impl Store {
    /// Searches versions; those of prompts show only when asked for.
    ///
    /// # Errors
    /// When the page token is none of ours.
    pub async fn search_model_versions(&self, search: RegistrySearch<'_>) -> Result<Page<ModelVersion>, ApiError> {
        let page = PageRequest::new(search.max_results, search.page_token)?;
        let mut sql = QueryBuilder::new(format!(
            "SELECT {COLUMNS} FROM model_versions v JOIN registered_models m ON m.id = v.model_id
             WHERE v.stage <> 'Deleted_Internal' AND {} EXISTS (SELECT 1 FROM model_version_tags p
             WHERE p.model_id = v.model_id AND p.key = '{PROMPT_TAG}' AND p.value = 'true')",
            if prompts_only(search.filter) { "" } else { "NOT" }
        ));
        for clause in search.filter.iter().filter(|clause| !is_prompt_clause(clause)) {
            sql.push(" AND ");
            push_clause(&mut sql, clause);
        }
        readable(&mut sql, search.viewer, "registered_model_permissions", "name", "m.name");
        sql.push(" ORDER BY ");
        if search.order_by.is_empty() {
            sql.push("v.last_updated_time DESC, ");
        }
        for ordering in search.order_by {
            let way = if ordering.ascending { "ASC" } else { "DESC" };
            sql.push(format_args!("{} {way}, ", order_column(&ordering.key)));
        }
        sql.push("m.name ASC, v.version DESC");
        page.push(&mut sql);
        let rows = sql.build().fetch_all(&self.reader).await?;
        let mut versions = Vec::with_capacity(rows.len());
        for row in &rows {
            // MLflow leaves aliases out of search results.
            versions.push(ModelVersion { aliases: Vec::new(), ..self.complete_version(row).await? });
        }
        Ok(page.cut(versions))
    }
}

/// Whether a search asks for prompts. Without a word about them, it asks for models.
pub(super) fn prompts_only(filter: &[Comparison]) -> bool {
    filter.iter().find(|clause| is_prompt_clause(clause)).is_some_and(|clause| {
        let Operand::Text(text) = &clause.operand else { return false };
        matches!(
            (clause.comparator, text.to_lowercase().as_str()),
            (Comparator::Equal, "true") | (Comparator::NotEqual, "false")
        )
    })
}

/// Whether a clause is about being a prompt.
pub(super) fn is_prompt_clause(clause: &Comparison) -> bool {
    clause.entity == Entity::Tag && clause.key == PROMPT_TAG
}

fn push_clause(sql: &mut QueryBuilder<Sqlite>, clause: &Comparison) {
    if clause.entity == Entity::Attribute {
        let column = match clause.key.as_str() {
            "name" => "m.name",
            "version_number" => "v.version",
            "run_id" => "v.run_id",
            _ => "v.source",
        };
        return compare(sql, column, clause.comparator, &clause.operand);
    }
    sql.push("EXISTS (SELECT 1 FROM model_version_tags t WHERE t.model_id = v.model_id AND t.version = v.version");
    sql.push(" AND t.key = ").push_bind(clause.key.clone()).push(" AND ");
    compare(sql, "t.value", clause.comparator, &clause.operand);
    sql.push(")");
}

fn order_column(attribute: &str) -> &'static str {
    match attribute {
        "name" => "m.name",
        "version_number" => "v.version",
        "creation_timestamp" => "v.creation_time",
        _ => "v.last_updated_time",
    }
}
