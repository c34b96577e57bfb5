//! Key and value pairs, as MLflow hangs them on everything: tags and params.

use serde::{Deserialize, Deserializer, Serialize};

/// A tag: free text under a key, which may be set again.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Tag {
    /// At most 250 characters.
    pub key: String,
    /// Runs hold 8,000 characters (MLflow cuts longer ones), experiments and the registry 5,000.
    #[serde(default)]
    pub value: String,
}

impl Tag {
    /// A tag.
    pub fn new(key: impl Into<String>, value: impl Into<String>) -> Self {
        Self { key: key.into(), value: value.into() }
    }
}

/// A param: what a run was given. It can be set once; the same value again is fine, another is refused.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Param {
    /// At most 250 characters.
    pub key: String,
    /// At most 6,000 characters (MLflow cuts longer ones).
    #[serde(default)]
    pub value: String,
}

impl Param {
    /// A param.
    pub fn new(key: impl Into<String>, value: impl Into<String>) -> Self {
        Self { key: key.into(), value: value.into() }
    }
}

/// Reads a list for which servers write nothing, `null` or `[]` when it is empty.
pub(super) fn absent_is_empty<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    Option::<Vec<T>>::deserialize(deserializer).map(Option::unwrap_or_default)
}
