//! The JSON Schema of all that is written into the repository: others read it there.

use super::approval::Approval;
use super::ledger::Ledger;
use super::proposal::Proposal;
use super::rollout::{Candidate, Poison, Rollout, Served};
use schemars::JsonSchema;

/// Every document, by where it lies. A repository holds each as a file of its own.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
pub struct Documents {
    /// `proposals/<id>.json`.
    proposal: Proposal,
    /// `approvals/<id>/<person>.json`.
    approval: Approval,
    /// `rollouts/<id>.json`.
    rollout: Rollout,
    /// `poison/<model>.json`.
    poison: Poison,
    /// `signals/<model>.json`.
    signals: Ledger,
    /// `stable` and `canary` of `deployments/<model>.json`.
    served: Served,
    /// What a trainer hands over.
    candidate: Candidate,
}

/// The JSON Schema of [`Documents`]; `schemas/retraining.schema.json` holds the same.
pub fn schema() -> String {
    let schema = serde_json::to_string_pretty(&schemars::schema_for!(Documents));
    format!("{}\n", schema.expect("a schema holds texts, numbers and lists of them"))
}

#[cfg(test)]
mod tests {
    use super::schema;

    #[test]
    fn the_committed_schema_is_that_of_the_types() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/schemas/retraining.schema.json");
        if std::env::var_os("UPDATE_SCHEMAS").is_some() {
            std::fs::write(path, schema()).unwrap();
        }
        let committed = std::fs::read_to_string(path).unwrap();
        assert!(committed == schema(), "a type has changed: run the tests with UPDATE_SCHEMAS=1");
    }
}
