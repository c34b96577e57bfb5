//! What people and programs read, as it is; and the schema, kept current.

use super::*;
use crate::alerts::Severity as Urgency;
use crate::validation::outcome::Outcome;
use std::path::Path;

const SCHEMA: &str = "schemas/validation-report.schema.json";

#[test]
fn people_read_this() {
    insta::assert_snapshot!("markdown", markdown(&example::outcome()));
    insta::assert_snapshot!("html", html(&example::outcome()));
}

#[test]
fn ci_servers_read_this() {
    insta::assert_snapshot!("junit", junit(&example::outcome()));
}

#[test]
fn the_page_loads_nothing_and_escapes_what_data_say() {
    let page = html(&example::outcome());
    for forbidden in ["<script", "src=", "@import", "url(", "href=\"http"] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
    assert!(page.contains("trial &lt;script&gt;"));
    let ids: Vec<_> = page.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let distinct: std::collections::BTreeSet<_> = ids.iter().collect();
    assert_eq!(ids.len(), distinct.len(), "{ids:?}");
}

#[test]
fn an_outcome_without_anything_is_rendered_too() {
    let mut outcome = example::outcome();
    (outcome.expectations, outcome.datasets, outcome.budgets, outcome.notes) = Default::default();
    (outcome.drift, outcome.performance, outcome.signature, outcome.description) = (None, None, None, None);
    (outcome.verdict, outcome.counts) = (Outcome::decide(&[]), crate::validation::outcome::Counts::of(&[]));
    assert!(html(&outcome).contains("fraud passed") && markdown(&outcome).contains("fraud passed"));
    assert!(junit(&outcome).contains("tests=\"0\"") && alerts(&outcome).is_empty());
}

#[test]
fn the_schema_describes_the_report_and_refuses_another() {
    let schema = serde_json::to_value(schemars::schema_for!(Outcome)).unwrap();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(SCHEMA);
    if std::env::var_os("INSTA_UPDATE").is_some_and(|value| value == "always") {
        std::fs::write(&path, format!("{}\n", serde_json::to_string_pretty(&schema).unwrap())).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    let written: serde_json::Value = serde_json::from_str(&written).unwrap_or_default();
    assert_eq!(
        written, schema,
        "{SCHEMA} is stale; INSTA_UPDATE=always cargo test -p mod-106 --lib report writes it anew"
    );
    let validator = jsonschema::validator_for(&written).unwrap();
    let report: serde_json::Value = serde_json::from_str(&json(&example::outcome())).unwrap();
    assert!(validator.is_valid(&report), "{:?}", validator.iter_errors(&report).next());
    let mut wrong = report.clone();
    wrong["expectations"][0]["verdict"] = "maybe".into();
    assert!(!validator.is_valid(&wrong));
    let mut wrong = report;
    wrong.as_object_mut().unwrap().remove("spec_digest");
    assert!(!validator.is_valid(&wrong));
}

#[test]
fn each_owner_is_told_what_did_not_pass_and_nothing_that_changes_daily_identifies_it() {
    let outcome = example::outcome();
    let alerts = alerts(&outcome);
    let told: Vec<_> = alerts
        .iter()
        .map(|alert| {
            alert.check().unwrap();
            format!("{} {} {}: {}", alert.severity.word(), alert.name, alert.labels["expectation"], alert.summary)
        })
        .collect();
    insta::assert_snapshot!(told.join("\n"));
    assert!(alerts.iter().filter(|alert| alert.severity == Urgency::Critical).count() == 2);
    let mut tomorrow = outcome;
    tomorrow.started_at = "2026-01-03T03:04:05Z".to_owned();
    tomorrow.expectations.iter_mut().for_each(|it| it.why.push_str(" today"));
    let again = super::alerts(&tomorrow);
    assert!(alerts.iter().zip(&again).all(|(old, new)| old.fingerprint() == new.fingerprint()));
}
