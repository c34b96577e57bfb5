//! One line of the inference log.

use jiff::Timestamp;
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One prediction that was served, or refused.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// When the request came, in UTC.
    #[schemars(with = "String")]
    pub time: Timestamp,
    /// What names this request everywhere; unique.
    pub request_id: String,
    /// The model's registered name.
    pub model: String,
    /// Its version.
    pub version: String,
    /// Which deployment answered: `stable` or `canary`.
    #[serde(default = "stable")]
    pub variant: String,
    /// Who asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// The features as the model saw them.
    pub features: BTreeMap<String, Value>,
    /// What was answered: a number or a class; absent when the request failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prediction: Option<Value>,
    /// The probability of the positive class, or of the class that was answered, in 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    /// From the request's arrival to the answer's last byte, in milliseconds.
    pub latency_ms: f64,
    /// The HTTP status that was answered.
    pub status: u16,
    /// What a language model consumed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
}

/// A label that came to be known after its prediction.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Label {
    /// The request it belongs to.
    pub request_id: String,
    /// What was true.
    pub label: Value,
    /// When it came to be known, in UTC.
    #[schemars(with = "String")]
    pub observed_at: Timestamp,
}

/// Tokens of a language model. Cached tokens are part of the input, reasoning tokens part of the output: OpenTelemetry's GenAI
/// conventions count them as subsets, and they must not be added up.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Usage {
    /// The language model that was called, where it has another name than the model that answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// All input tokens, cached ones included.
    pub input_tokens: u64,
    /// All output tokens, reasoning ones included.
    pub output_tokens: u64,
    /// Input tokens that came from the provider's cache.
    #[serde(default)]
    pub cached_input_tokens: u64,
    /// Output tokens that were spent on reasoning.
    #[serde(default)]
    pub reasoning_tokens: u64,
    /// What it cost, in US dollars, when the caller knows already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub cost_usd: Option<Decimal>,
}

/// A feature, a prediction or a label.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Value {
    /// Nothing was there.
    Null,
    /// True or false.
    Flag(bool),
    /// A number.
    Number(f64),
    /// A category.
    Text(String),
    /// An embedding.
    Vector(Vec<f64>),
}

fn stable() -> String {
    "stable".to_owned()
}
