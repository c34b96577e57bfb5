//! Whether a table of costs is what FOCUS 1.2 asks for: presence, type, nullability and allowed values of its columns, from the facts
//! in `focus-1.2.json`, and the products that must agree. It looks at CSV as it is written, and knows nothing of how it was made.
//! FinOps' own `focus-validator` knows more rules; where it is installed, the tests ask it, too.

use super::error::Error;
use super::money;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// The facts, with their source.
const FACTS: &str = include_str!("focus-1.2.json");

/// What is said of all columns.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Facts {
    #[expect(dead_code, reason = "for whoever reads the file")]
    specification: String,
    #[expect(dead_code, reason = "for whoever reads the file")]
    source: String,
    columns: Vec<Column>,
}

/// What is said of one column.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Column {
    name: String,
    r#type: Type,
    presence: Presence,
    nullable: bool,
    #[serde(default)]
    when: Vec<String>,
    #[serde(default)]
    allowed: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
enum Type {
    String,
    Decimal,
    #[serde(rename = "Date/Time")]
    Time,
    #[serde(rename = "JSON")]
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Presence {
    Mandatory,
    Conditional,
    Recommended,
}

/// What holds for providers of language models: they publish prices, sell by unit, count usage, and we tag it by tenant and model.
pub const APPLICABLE: [&str; 6] = [
    "PUBLIC_PRICE_LIST_SUPPORTED",
    "UNIT_PRICING_SUPPORTED",
    "USAGE_MEASUREMENT_SUPPORTED",
    "SUB_ACCOUNT_SUPPORTED",
    "TAGGING_SUPPORTED",
    "MULTIPLE_PRICING_CATEGORIES_SUPPORTED",
];

/// Something that FOCUS does not allow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The line of the file, from 1; the header's for columns that are missing.
    pub line: u64,
    /// The column.
    pub column: String,
    /// What was found, and what was expected.
    pub reason: String,
}

/// Looks at a table in CSV.
///
/// # Errors
/// A file that cannot be read, or is no CSV.
pub fn check(path: &Path) -> Result<Vec<Finding>, Error> {
    let facts: Facts = super::yaml::parse("focus-1.2.json", FACTS)?;
    let broken = |error: csv::Error| Error::malformed(path.display(), error.to_string(), "CSV with a header");
    let mut reader = csv::Reader::from_path(path).map_err(broken)?;
    let header = reader.headers().map_err(broken)?.clone();
    let mut findings = Vec::new();
    let mut add =
        |line, column: &str, reason: String| findings.push(Finding { line, column: column.to_owned(), reason });
    for column in &facts.columns {
        let applies = column.when.iter().all(|criterion| APPLICABLE.contains(&criterion.as_str()));
        if column.presence != Presence::Recommended && applies && !header.iter().any(|name| name == column.name) {
            add(1, &column.name, "is missing; FOCUS asks for it".to_owned());
        }
    }
    let known: BTreeMap<&str, &Column> = facts.columns.iter().map(|column| (column.name.as_str(), column)).collect();
    for name in header.iter().filter(|name| !known.contains_key(name) && !name.starts_with("x_")) {
        add(1, name, "is no column of FOCUS; a column of one's own begins with x_".to_owned());
    }
    for record in reader.records() {
        let record = record.map_err(broken)?;
        let line = record.position().map_or(0, csv::Position::line);
        let row: BTreeMap<&str, &str> = header.iter().zip(&record).collect();
        for (name, value) in &row {
            if let Some(reason) = known.get(name).and_then(|column| wrong(column, value)) {
                add(line, name, reason);
            }
        }
        for (column, reason) in disagreements(&row) {
            add(line, column, reason);
        }
    }
    Ok(findings)
}

fn wrong(column: &Column, value: &str) -> Option<String> {
    if value.is_empty() {
        return (!column.nullable).then(|| "is null, and must not be".to_owned());
    }
    let fits = match column.r#type {
        Type::String => true,
        Type::Decimal => money::parse(value).is_some(),
        Type::Time => value.ends_with('Z') && value.len() == 20 && value.parse::<Timestamp>().is_ok(),
        Type::Json => serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(value).is_ok(),
    };
    if !fits {
        return Some(format!("is `{value}`; expected {:?}", column.r#type));
    }
    let allowed = column.allowed.is_empty() || column.allowed.iter().any(|allowed| allowed == value);
    (!allowed).then(|| format!("is `{value}`; expected one of {}", column.allowed.join(", ")))
}

/// Products that must be what they are of, for usage that is no correction.
fn disagreements(row: &BTreeMap<&str, &str>) -> Vec<(&'static str, String)> {
    let number = |name: &str| row.get(name).copied().and_then(money::parse);
    let text = |name: &str| row.get(name).copied().unwrap_or_default();
    let mut found = Vec::new();
    if text("ChargeClass") == "Correction" || text("ChargeCategory") != "Usage" {
        return found;
    }
    for (price, cost) in [("ListUnitPrice", "ListCost"), ("ContractedUnitPrice", "ContractedCost")] {
        let (Some(price), Some(quantity), Some(cost_value)) = (number(price), number("PricingQuantity"), number(cost))
        else {
            continue;
        };
        if money::times(price, quantity) != Some(cost_value.normalize()) {
            found.push((cost, format!("is {cost_value}; {price} for each of {quantity} is not that")));
        }
    }
    for name in ["PricingQuantity", "PricingUnit", "ListUnitPrice", "SkuPriceId", "ConsumedQuantity", "ConsumedUnit"] {
        if text(name).is_empty() {
            found.push((name, "is null, and must not be for usage".to_owned()));
        }
    }
    if text("ChargePeriodEnd") <= text("ChargePeriodStart") {
        found.push(("ChargePeriodEnd", "is not after ChargePeriodStart".to_owned()));
    }
    found
}
