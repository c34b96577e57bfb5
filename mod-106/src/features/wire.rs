//! The feature server's protocol as types: what is asked and what is answered, by client and server alike.
//!
//! The shapes are those of Feast 0.67's REST feature server (`feast/feature_server.py`, `ServingService.proto`), read off a running one.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// `POST /get-online-features`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct OnlineRequest {
    /// Join keys by column, one value for each entity asked about.
    pub entities: BTreeMap<String, Vec<Value>>,
    /// A feature service, instead of `features`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feature_service: Option<String>,
    /// `view:feature`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub features: Vec<String>,
    /// Whether features are answered as `view__feature`.
    #[serde(default)]
    pub full_feature_names: bool,
}

/// The answer: a vector for each name, in the order of the names. Servers reorder features: go by name, never by place.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct OnlineResponse {
    /// The names.
    pub metadata: OnlineMetadata,
    /// Their vectors.
    pub results: Vec<FeatureVector>,
}

/// What the vectors are of.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct OnlineMetadata {
    /// Join keys and features.
    pub feature_names: Vec<String>,
}

/// One feature's values, one for each entity asked about.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct FeatureVector {
    /// The values.
    pub values: Vec<Value>,
    /// What to think of each.
    pub statuses: Vec<FieldStatus>,
    /// Since when each is true; 1970 where there is none.
    #[serde(default)]
    pub event_timestamps: Vec<String>,
}

/// What to think of a value (`FieldStatus` in `ServingService.proto`).
///
/// Feast 0.67 answers only `PRESENT` and `NOT_FOUND` on its usual way: a value that is null, or older than the view's time to live,
/// is `PRESENT` there. Our server says what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum FieldStatus {
    /// A value to work with.
    Present,
    /// The entity is known, and its value is *nothing*.
    NullValue,
    /// The entity is not known.
    NotFound,
    /// There is a value, older than the view's time to live: training would not have seen it.
    OutsideMaxAge,
    /// A status of another server.
    #[serde(other)]
    Invalid,
}

/// `POST /push`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PushRequest {
    /// The push source.
    pub push_source_name: String,
    /// Columns of rows.
    pub df: BTreeMap<String, Vec<Value>>,
    /// Where to.
    #[serde(default)]
    pub to: PushTarget,
}

/// Where pushed rows go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
#[value(rename_all = "snake_case")]
pub enum PushTarget {
    /// To the online store.
    #[default]
    Online,
    /// To the offline store.
    Offline,
    /// To both, so that later training sees what was served.
    OnlineAndOffline,
}

/// `POST /materialize`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MaterializeRequest {
    /// From when, as RFC 3339.
    pub start_ts: Option<String>,
    /// Until when, as RFC 3339.
    pub end_ts: Option<String>,
    /// Which views; all that are online otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feature_views: Option<Vec<String>>,
}

/// `POST /materialize-incremental`: from where the last one ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MaterializeIncrementalRequest {
    /// Until when, as RFC 3339.
    pub end_ts: String,
    /// Which views; all that are online otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feature_views: Option<Vec<String>>,
}
