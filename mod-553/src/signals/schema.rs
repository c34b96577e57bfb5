//! Evidence and findings as JSON Schema, made from their types: the files in `schemas/` are for whoever reads them in another language.

/// Of the evidence for governance.
pub const EVIDENCE_SCHEMA: &str = include_str!("../../schemas/evidence.schema.json");
/// Of a finding for security: what of OCSF's Detection Finding is filled.
pub const FINDING_SCHEMA: &str = include_str!("../../schemas/detection-finding.schema.json");

#[cfg(test)]
mod tests {
    use super::super::{DetectionFinding, Export};
    use super::{EVIDENCE_SCHEMA, FINDING_SCHEMA};

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
        check("evidence.schema.json", EVIDENCE_SCHEMA, schemars::schema_for!(Export));
        check("detection-finding.schema.json", FINDING_SCHEMA, schemars::schema_for!(DetectionFinding));
    }
}
