//! What all searches share: stages of life, page lengths, what is asked of the registry, pages as responses.

use crate::server::auth::access::viewer;
use crate::server::error::ApiError;
use crate::server::parameters::{Parameters, wrong_type};
use crate::server::python_text::compact_json;
use crate::server::records::{Lifecycle, Page};
use crate::server::routes::{Answer, Call, json};
use crate::server::search::filter::{self, Comparison};
use crate::server::search::order_by::{self, Ordering};
use crate::server::search::vocabulary::Vocabulary;
use crate::server::store::registered_models::RegistrySearch;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::Value;

/// Reads a view type, by name or by number; none means what is active.
pub(super) fn stages(parameters: &Parameters, field: &str) -> Result<Vec<Lifecycle>, ApiError> {
    let word = match parameters.raw(field) {
        None => return Ok(vec![Lifecycle::Active]),
        Some(Value::String(word)) => word.clone(),
        Some(other) => other.to_string(),
    };
    match word.as_str() {
        "ACTIVE_ONLY" | "1" => Ok(vec![Lifecycle::Active]),
        "DELETED_ONLY" | "2" => Ok(vec![Lifecycle::Deleted]),
        "ALL" | "3" => Ok(vec![Lifecycle::Active, Lifecycle::Deleted]),
        _ => {
            let value = compact_json(&Value::String(word));
            Err(ApiError::invalid(format!(
                "Invalid value {value} for parameter '{field}' supplied: give ACTIVE_ONLY, DELETED_ONLY or ALL."
            )))
        }
    }
}

/// Reads the length of a page. MLflow words the two refusals so for every search but that over experiments.
pub(super) fn max_results(parameters: &Parameters, default: i64, most: i64) -> Result<i64, ApiError> {
    let value = parameters.integer("max_results")?.unwrap_or(default);
    if value < 1 {
        return Err(ApiError::invalid(format!(
            "Invalid value {value} for parameter 'max_results' supplied. It must be a positive integer"
        )));
    }
    match parameters.raw("max_results") {
        Some(raw) if value > most => Err(wrong_type("max_results", raw)),
        _ => Ok(value),
    }
}

/// What a request asks of the registry, in the words that models or versions are searched with.
pub(super) struct RegistryQuery<'c> {
    call: &'c Call,
    max_results: i64,
    order_by: Vec<Ordering>,
    filter: Vec<Comparison>,
}

impl<'c> RegistryQuery<'c> {
    /// Reads the request; a page has `default` results unless it says otherwise, and never more than `most`.
    pub(super) fn read(call: &'c Call, words: &Vocabulary, default: i64, most: i64) -> Result<Self, ApiError> {
        let parameters = &call.parameters;
        let text = parameters.text("filter")?.unwrap_or_default();
        let max_results = max_results(parameters, default, most)?;
        let order_by = order_by::parse_all(&parameters.texts("order_by")?, words)?;
        Ok(Self { call, max_results, order_by, filter: filter::parse(text, words)? })
    }

    /// The search that the store understands.
    pub(super) fn search(&self) -> Result<RegistrySearch<'_>, ApiError> {
        Ok(RegistrySearch {
            filter: &self.filter,
            order_by: &self.order_by,
            max_results: self.max_results,
            page_token: self.call.parameters.text("page_token")?,
            viewer: viewer(&self.call.state, &self.call.sender),
        })
    }
}

/// A page as a response; an empty one has no list, as protobuf's JSON has it.
pub(super) fn page<T: Serialize>(name: &'static str, page: &Page<T>) -> Answer {
    json(&NamedPage { name, page })
}

/// Written straight into text: a page of a thousand runs is large, and a tree of values would hold it twice.
struct NamedPage<'p, T> {
    name: &'static str,
    page: &'p Page<T>,
}

impl<T: Serialize> Serialize for NamedPage<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_map(None)?;
        if !self.page.items.is_empty() {
            fields.serialize_entry(self.name, &self.page.items)?;
        }
        if let Some(token) = &self.page.next_page_token {
            fields.serialize_entry("next_page_token", token)?;
        }
        fields.end()
    }
}
