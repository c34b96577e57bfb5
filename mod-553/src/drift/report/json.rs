//! `drift.json`: the outcome as it is.

use crate::drift::outcome::Outcome;

/// Its JSON Schema.
pub const SCHEMA: &str = include_str!("../../../schemas/drift.schema.json");

/// The report for programs.
pub fn json(outcome: &Outcome) -> String {
    let text = serde_json::to_string_pretty(outcome).expect("an outcome holds texts, numbers and lists of them");
    format!("{text}\n")
}

#[cfg(test)]
mod tests {
    use super::SCHEMA;
    use crate::drift::outcome::Outcome;

    #[test]
    fn the_committed_schema_is_that_of_the_type() {
        let text = format!("{}\n", serde_json::to_string_pretty(&schemars::schema_for!(Outcome)).unwrap());
        if std::env::var_os("UPDATE_SCHEMAS").is_some() {
            std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/schemas/drift.schema.json"), &text).unwrap();
        } else {
            assert!(SCHEMA == text, "the type has changed: run the tests with UPDATE_SCHEMAS=1");
        }
    }
}
