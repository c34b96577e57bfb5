//! `runs/log-*` and `runs/*-tag`: what is logged to a run.

use crate::server::error::ApiError;
use crate::server::limits;
use crate::server::parameters::{Parameters, missing_value};
use crate::server::python_text::quoted;
use crate::server::records::{Metric, Tag};
use crate::server::routes::{Answer, Call, nothing};
use crate::server::store::logging::{Batch, Caller};
use serde_json::{Value, json};

const LOGGED_MODELS_TAG: &str = "mlflow.log-model.history";

pub(super) async fn metric(call: Call) -> Answer {
    let parameters = &call.parameters;
    let run_id = parameters.run_id()?;
    let metric = Metric {
        key: parameters.required_text("key")?.to_owned(),
        value: parameters.required_float("value")?,
        timestamp: parameters.required_integer("timestamp")?,
        step: parameters.integer("step")?.unwrap_or_default(),
        run_id: None,
    };
    limits::metric(&metric.key, metric.value, metric.timestamp, "")?;
    let batch = Batch { metrics: vec![metric], ..Batch::default() };
    call.state.store.log(run_id, &batch, Caller::Single).await?;
    nothing()
}

pub(super) async fn param(call: Call) -> Answer {
    let parameters = &call.parameters;
    let run_id = parameters.run_id()?;
    let key = parameters.required_text("key")?;
    let value = limits::param(key, parameters.text("value")?.unwrap_or_default(), "")?;
    let param = Tag { key: key.to_owned(), value: value.to_owned() };
    let batch = Batch { params: vec![param], ..Batch::default() };
    call.state.store.log(run_id, &batch, Caller::Single).await?;
    nothing()
}

pub(super) async fn set_tag(call: Call) -> Answer {
    let parameters = &call.parameters;
    let run_id = parameters.run_id()?;
    let key = parameters.required_text("key")?;
    let value = limits::run_tag(key, parameters.text("value")?.unwrap_or_default(), "")?;
    let tag = Tag { key: key.to_owned(), value: value.to_owned() };
    call.state.store.log(run_id, &Batch { tags: vec![tag], ..Batch::default() }, Caller::Single).await?;
    nothing()
}

pub(super) async fn delete_tag(call: Call) -> Answer {
    let run_id = call.parameters.required_text("run_id")?;
    call.state.store.delete_run_tag(run_id, call.parameters.required_text("key")?).await?;
    nothing()
}

pub(super) async fn batch(call: Call) -> Answer {
    let parameters = &call.parameters;
    let run_id = parameters.required_text("run_id")?;
    let metrics = entries(parameters, "metrics", read_metric)?;
    let params = entries(parameters, "params", read_pair)?;
    let tags = entries(parameters, "tags", read_pair)?;
    limits::run_id(run_id)?;
    for (index, metric) in metrics.iter().enumerate() {
        limits::metric(&metric.key, metric.value, metric.timestamp, &format!("metrics[{index}]"))?;
    }
    let params = cut(params, "params", limits::param)?;
    let tags = cut(tags, "tags", limits::run_tag)?;
    limits::batch(metrics.len(), params.len(), tags.len())?;
    limits::unique_param_keys(params.iter().map(|param| param.key.as_str()))?;
    call.state.store.log(run_id, &Batch { metrics, params, tags }, Caller::Batch).await?;
    nothing()
}

type Cut = for<'v> fn(&str, &'v str, &str) -> Result<&'v str, ApiError>;

fn cut(pairs: Vec<Tag>, field: &str, rule: Cut) -> Result<Vec<Tag>, ApiError> {
    pairs
        .into_iter()
        .enumerate()
        .map(|(index, pair)| {
            let value = rule(&pair.key, &pair.value, &format!("{field}[{index}]"))?.to_owned();
            Ok(Tag { value, ..pair })
        })
        .collect()
}

fn entries<T>(
    parameters: &Parameters,
    field: &str,
    read: fn(&Parameters, &str) -> Result<T, ApiError>,
) -> Result<Vec<T>, ApiError> {
    let objects = parameters.objects(field)?;
    objects.iter().enumerate().map(|(index, object)| read(object, &format!("{field}[{index}]"))).collect()
}

fn read_metric(object: &Parameters, path: &str) -> Result<Metric, ApiError> {
    Ok(Metric {
        key: required(object, path, "key")?,
        value: present(object, path, "value").and_then(|()| object.required_float("value"))?,
        timestamp: present(object, path, "timestamp").and_then(|()| object.required_integer("timestamp"))?,
        step: object.integer("step")?.unwrap_or_default(),
        run_id: None,
    })
}

fn read_pair(object: &Parameters, path: &str) -> Result<Tag, ApiError> {
    Ok(Tag { key: required(object, path, "key")?, value: object.text("value")?.unwrap_or_default().to_owned() })
}

fn required(object: &Parameters, path: &str, field: &str) -> Result<String, ApiError> {
    present(object, path, field)?;
    Ok(object.required_text(field)?.to_owned())
}

/// Complains with the place in the batch, which the plain reader does not know.
fn present(object: &Parameters, path: &str, field: &str) -> Result<(), ApiError> {
    match object.raw(field) {
        None => Err(missing_value(&format!("{path}.{field}"))),
        Some(Value::String(text)) if text.is_empty() => Err(missing_value(&format!("{path}.{field}"))),
        Some(_) => Ok(()),
    }
}

pub(super) async fn model(call: Call) -> Answer {
    let run_id = call.parameters.required_text("run_id")?;
    let text = call.parameters.required_text("model_json")?;
    let model: Value = serde_json::from_str(text)
        .map_err(|_| ApiError::invalid(format!("Malformed model info. \n {text} \n is not a valid JSON.")))?;
    let missing: Vec<String> = ["artifact_path", "flavors", "utc_time_created", "run_id"]
        .into_iter()
        .filter(|field| model.get(field).is_none())
        .map(quoted)
        .collect();
    if !missing.is_empty() {
        let listed = missing.join(", ");
        return Err(ApiError::invalid(format!("Model json is missing mandatory fields: {{{listed}}}")));
    }
    let mut entry = json!({
        "run_id": model["run_id"],
        "artifact_path": model["artifact_path"],
        "utc_time_created": model["utc_time_created"],
        "model_uuid": model.get("model_uuid"),
        "flavors": model["flavors"],
    });
    // Of a flavor only what tells it apart is kept; configurations and code would not fit into a tag.
    if let Some(flavors) = entry["flavors"].as_object_mut() {
        for flavor in flavors.values_mut().filter_map(Value::as_object_mut) {
            flavor.remove("config");
        }
    }
    call.state.store.append_to_list_tag(run_id, LOGGED_MODELS_TAG, entry).await?;
    nothing()
}
