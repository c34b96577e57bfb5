//! Answers online features: for each entity asked about the newest values, and for each value what to think of it.

use super::State;
use super::problem::Problem;
use crate::features::definitions::{FeatureReference, FeatureView, ValueType};
use crate::features::online::OnlineRow;
use crate::features::time::{self, Nanoseconds};
use crate::features::wire::{FeatureVector, FieldStatus, OnlineMetadata, OnlineRequest, OnlineResponse};
use serde_json::Value;
use std::collections::HashMap;

/// The newest values; `now` is the clock that ages are measured with.
pub(super) async fn online(state: &State, request: OnlineRequest, now: Nanoseconds) -> Result<OnlineResponse, Problem> {
    let references = match &request.feature_service {
        Some(service) => state.repository.features(&state.repository.service(service)?.features)?,
        None => state.repository.features(&request.features)?,
    };
    if references.is_empty() {
        return Err(Problem::unprocessable("no features: give `feature_service`, or `features` as view:feature"));
    }
    let count = count(&request)?;
    let mut response = OnlineResponse::default();
    for (column, values) in &request.entities {
        push(&mut response, column.clone(), values.iter().map(|value| (value.clone(), FieldStatus::Present, 0)));
    }
    let mut rows: HashMap<&str, Vec<Option<OnlineRow>>> = HashMap::new();
    for FeatureReference { view, .. } in &references {
        if !rows.contains_key(view.name.as_str()) {
            rows.insert(&view.name, newest(state, view, &request, count).await?);
        }
    }
    for FeatureReference { view, feature } in references {
        let name =
            if request.full_feature_names { format!("{}__{}", view.name, feature.name) } else { feature.name.clone() };
        if response.metadata.feature_names.contains(&name) {
            let detail = format!("two features are named {name}; set full_feature_names");
            return Err(Problem::unprocessable(detail));
        }
        push(
            &mut response,
            name,
            rows[view.name.as_str()].iter().map(|row| look(view, &feature.name, row.as_ref(), now)),
        );
    }
    Ok(response)
}

/// How many entities are asked about: every column must say the same.
fn count(request: &OnlineRequest) -> Result<usize, Problem> {
    let mut lengths = request.entities.values().map(Vec::len);
    let first = lengths.next().ok_or_else(|| Problem::unprocessable("no entities: give each join key's values"))?;
    if lengths.all(|length| length == first) {
        Ok(first)
    } else {
        Err(Problem::unprocessable("the join keys have columns of different lengths; give one value for each entity"))
    }
}

async fn newest(
    state: &State,
    view: &FeatureView,
    request: &OnlineRequest,
    count: usize,
) -> Result<Vec<Option<OnlineRow>>, Problem> {
    let mut columns = Vec::new();
    for (name, value_type) in state.repository.join_keys(view)? {
        let values = request.entities.get(name).ok_or_else(|| {
            let given: Vec<_> = request.entities.keys().map(String::as_str).collect();
            let view = &view.name;
            Problem::unprocessable(format!("{view} needs the join key {name}; given {}", given.join(", ")))
        })?;
        let values: Result<Vec<_>, _> = values.iter().map(|value| fit(name, value, value_type)).collect();
        columns.push(values?);
    }
    let mut rows = Vec::with_capacity(count);
    for entity in 0..count {
        let key: Vec<_> = columns.iter().map(|column| column[entity].clone()).collect();
        rows.push(state.online.read(&view.name, &key).await?);
    }
    Ok(rows)
}

/// A value as its type: Feast takes `"7"` for the number 7, and so do we.
pub(super) fn fit(name: &str, value: &Value, value_type: ValueType) -> Result<Value, Problem> {
    let fitting = match (value_type, value) {
        (_, Value::Null) => Some(Value::Null),
        (ValueType::Int32 | ValueType::Int64, Value::Number(number)) if number.is_i64() => Some(value.clone()),
        (ValueType::Int32 | ValueType::Int64, Value::String(text)) => text.trim().parse::<i64>().ok().map(Value::from),
        (ValueType::Float32 | ValueType::Float64, Value::Number(number)) => number.as_f64().map(Value::from),
        (ValueType::Float32 | ValueType::Float64, Value::String(text))
            if matches!(text.as_str(), "NaN" | "Infinity" | "-Infinity") =>
        {
            Some(value.clone())
        }
        (ValueType::String, Value::String(_)) | (ValueType::Bool, Value::Bool(_)) => Some(value.clone()),
        (ValueType::String, Value::Number(number)) => Some(Value::from(number.to_string())),
        _ => None,
    };
    let narrow =
        |value: &Value| value_type != ValueType::Int32 || value.as_i64().is_none_or(|n| i32::try_from(n).is_ok());
    fitting.filter(narrow).ok_or_else(|| Problem::unprocessable(format!("{name}: {value} is no {value_type:?}")))
}

/// A value, what to think of it, and since when it is true.
fn look(
    view: &FeatureView,
    feature: &str,
    row: Option<&OnlineRow>,
    now: Nanoseconds,
) -> (Value, FieldStatus, Nanoseconds) {
    let Some(row) = row else { return (Value::Null, FieldStatus::NotFound, 0) };
    let value = row.values.get(feature).cloned().unwrap_or_default();
    let age = i128::from(now) - i128::from(row.event);
    let status = if !view.ttl.is_zero() && age > view.ttl.as_nanos().cast_signed() {
        FieldStatus::OutsideMaxAge
    } else if value.is_null() {
        FieldStatus::NullValue
    } else {
        FieldStatus::Present
    };
    (value, status, row.event)
}

fn push(response: &mut OnlineResponse, name: String, values: impl Iterator<Item = (Value, FieldStatus, Nanoseconds)>) {
    let mut vector = FeatureVector::default();
    for (value, status, event) in values {
        vector.values.push(value);
        vector.statuses.push(status);
        vector.event_timestamps.push(time::format(event));
    }
    let OnlineMetadata { feature_names } = &mut response.metadata;
    feature_names.push(name);
    response.results.push(vector);
}
