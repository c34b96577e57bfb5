//! OpenTelemetry's GenAI signals as OTLP/JSON, one `ExportTraceServiceRequest` or `ExportMetricsServiceRequest` a line: spans with
//! `gen_ai.usage.*` attributes become calls, and the histogram `gen_ai.client.token.usage` becomes totals to reconcile them with
//! (<https://opentelemetry.io/docs/specs/semconv/gen-ai/>). A histogram adds tokens up by `gen_ai.token.type`; what is cached or
//! reasoning is a subset there as everywhere, and stands on spans alone.

use super::counters::Totals;
use super::error::{Error, Place};
use super::usage::{Call, Meter, Tier, Tokens};
use jiff::Timestamp;
use serde_json::Value;
use std::collections::BTreeMap;

const METRIC: &str = "gen_ai.client.token.usage";
/// Who is charged: no convention names it, so it is ours.
const TENANT: &str = "tenant";

/// Attributes of one thing, by name.
type Attributes<'a> = BTreeMap<&'a str, &'a Value>;

/// The calls of one line of traces. Spans without token usage (tools, databases) are none.
pub(super) fn calls(line: &Value, place: &Place) -> Result<Vec<Call>, Error> {
    let mut calls = Vec::new();
    for resource in list(line, "resourceSpans") {
        let shared = attributes(&resource["resource"]);
        for scope in list(resource, "scopeSpans") {
            for span in list(scope, "spans") {
                let mut all = shared.clone();
                all.extend(attributes(span));
                if all.contains_key("gen_ai.usage.input_tokens") || all.contains_key("gen_ai.usage.output_tokens") {
                    calls.push(call(span, &all, place)?);
                }
            }
        }
    }
    Ok(calls)
}

fn call(span: &Value, attributes: &Attributes<'_>, place: &Place) -> Result<Call, Error> {
    let id = ["traceId", "spanId"].map(|name| span[name].as_str().unwrap_or_default());
    let refuse =
        |found: String, expected: &str| Err(Error::malformed(place, format!("span {}: {found}", id[1]), expected));
    if id.iter().any(|id| id.is_empty()) {
        return refuse("no `traceId` or no `spanId`".to_owned(), "both, so that a span is counted once");
    }
    let text = |names: &[&str]| names.iter().find_map(|name| string(attributes.get(name)?)).map(str::to_owned);
    let Some(model) = text(&["gen_ai.request.model", "gen_ai.response.model"]) else {
        return refuse("token usage of no model".to_owned(), "`gen_ai.request.model`");
    };
    let word = text(&[
        "openai.response.service_tier",
        "gen_ai.openai.response.service_tier",
        "openai.request.service_tier",
        "gen_ai.openai.request.service_tier",
    ]);
    let Some(tier) = Tier::of(word.as_deref().unwrap_or_default()) else {
        return refuse(format!("service tier {}", word.unwrap_or_default()), "default, batch, priority or flex");
    };
    let count = |name: &str| attributes.get(name).map_or(Ok(0), |value| whole(value).ok_or(name.to_owned()));
    let counts = [
        "gen_ai.usage.input_tokens",
        "gen_ai.usage.output_tokens",
        "gen_ai.usage.cache_read.input_tokens",
        "gen_ai.usage.cache_creation.input_tokens",
        "gen_ai.usage.reasoning.output_tokens",
    ];
    let mut tokens = [0; 5];
    for (token, name) in tokens.iter_mut().zip(counts) {
        match count(name) {
            Ok(found) => *token = found,
            Err(name) => {
                let found = attributes.get(name.as_str()).map(ToString::to_string).unwrap_or_default();
                return refuse(format!("{name} is {found}"), "a whole number, not below zero");
            }
        }
    }
    let [input, output, read, created, reasoning] = tokens;
    let tokens = match Tokens::new(input, output, read, created, reasoning) {
        Ok(tokens) => tokens,
        Err(found) => return refuse(found, "parts that are no larger than their whole: they are subsets"),
    };
    let Some(at) = nanoseconds(&span["startTimeUnixNano"]) else {
        return refuse(format!("startTimeUnixNano {}", span["startTimeUnixNano"]), "nanoseconds since 1970");
    };
    let provider = text(&["gen_ai.provider.name", "gen_ai.system"]);
    let tenant = text(&[TENANT]);
    Ok(Call { at, id: id.join("/"), provider, model, tenant, tier, tokens, place: place.clone() })
}

/// Adds the token totals of one line of metrics.
pub(super) fn totals(line: &Value, place: &Place, totals: &mut Totals) -> Result<(), Error> {
    for resource in list(line, "resourceMetrics") {
        let shared = attributes(&resource["resource"]);
        for scope in list(resource, "scopeMetrics") {
            for metric in list(scope, "metrics").iter().filter(|metric| metric["name"] == METRIC) {
                let cumulative = match &metric["histogram"]["aggregationTemporality"] {
                    Value::Number(number) => number.as_u64() == Some(2),
                    Value::String(name) => name.ends_with("CUMULATIVE"),
                    other => return Err(Error::malformed(place, format!("aggregationTemporality {other}"), "1 or 2")),
                };
                for point in list(&metric["histogram"], "dataPoints") {
                    let mut all = shared.clone();
                    all.extend(attributes(point));
                    add(point, &all, cumulative, place, totals)?;
                }
            }
        }
    }
    Ok(())
}

fn add(
    point: &Value,
    attributes: &Attributes<'_>,
    cumulative: bool,
    place: &Place,
    totals: &mut Totals,
) -> Result<(), Error> {
    let text = |name: &str| attributes.get(name).and_then(|value| string(value));
    let refuse = |found: String, expected: &str| Err(Error::malformed(place, found, expected));
    let Some(model) = text("gen_ai.request.model").or_else(|| text("gen_ai.response.model")) else {
        return refuse(format!("a point of {METRIC} without a model"), "`gen_ai.request.model`");
    };
    let meter = match text("gen_ai.token.type") {
        Some("input") => Meter::Input,
        Some("output") => Meter::Output,
        other => {
            return refuse(
                format!("gen_ai.token.type {other:?}"),
                "input or output; anything else is a subset of these",
            );
        }
    };
    let Some(sum) = whole(&point["sum"]) else {
        return refuse(format!("sum {} of {METRIC}", point["sum"]), "a whole number of tokens, not below zero");
    };
    let series = serde_json::to_string(attributes).unwrap_or_default();
    if cumulative {
        let started = nanoseconds(&point["startTimeUnixNano"]).unwrap_or(Timestamp::MIN);
        totals.observe(model, meter, &format!("{series} since {started}"), sum, place)
    } else {
        totals.add(model, meter, sum, place)
    }
}

fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value[name].as_array().map_or(&[], Vec::as_slice)
}

fn attributes(value: &Value) -> Attributes<'_> {
    let pairs = list(value, "attributes").iter();
    pairs.filter_map(|pair| Some((pair["key"].as_str()?, &pair["value"]))).collect()
}

fn string(value: &Value) -> Option<&str> {
    value["stringValue"].as_str()
}

/// OTLP writes 64-bit integers as texts, programs write them as numbers, and a histogram's sum is a double.
fn whole(value: &Value) -> Option<u64> {
    let value = if value.is_object() {
        ["intValue", "doubleValue"].iter().map(|name| &value[*name]).find(|value| !value.is_null())?
    } else {
        value
    };
    match value {
        Value::Number(number) => number.as_u64().or_else(|| number.as_f64().and_then(super::counters::exact)),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

fn nanoseconds(value: &Value) -> Option<Timestamp> {
    let nanoseconds = value.as_str().and_then(|text| text.parse().ok()).or_else(|| value.as_i64().map(i128::from))?;
    Timestamp::from_nanosecond(nanoseconds).ok()
}
