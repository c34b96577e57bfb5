//! The lines of the log as JSON Schema, made from the types: the files in `schemas/` are for whoever writes logs in another language.

/// Of a record.
pub const RECORD_SCHEMA: &str = include_str!("../../schemas/inference-log.schema.json");
/// Of a label.
pub const LABEL_SCHEMA: &str = include_str!("../../schemas/label.schema.json");

#[cfg(test)]
mod tests {
    use super::{LABEL_SCHEMA, RECORD_SCHEMA};
    use crate::inference_log::{Label, Record};

    /// Compares a committed schema to its type, and writes it anew where `UPDATE_SCHEMAS` is set.
    fn check(name: &str, committed: &str, schema: schemars::Schema) {
        let text = format!("{}\n", serde_json::to_string_pretty(&schema).unwrap());
        if std::env::var_os("UPDATE_SCHEMAS").is_some() {
            std::fs::write(format!("{}/schemas/{name}", env!("CARGO_MANIFEST_DIR")), &text).unwrap();
        } else {
            assert_eq!(committed, text, "{name} is not what its type says; run the tests with UPDATE_SCHEMAS=1");
        }
    }

    #[test]
    fn the_committed_schemas_are_those_of_the_types() {
        check("inference-log.schema.json", RECORD_SCHEMA, schemars::schema_for!(Record));
        check("label.schema.json", LABEL_SCHEMA, schemars::schema_for!(Label));
    }
}
