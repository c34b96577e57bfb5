//! `results.json`: the results as they are.

use crate::results::Results;

pub(super) fn render(results: &Results) -> Result<String, String> {
    serde_json::to_string_pretty(results).map(|text| text + "\n").map_err(|error| error.to_string())
}
