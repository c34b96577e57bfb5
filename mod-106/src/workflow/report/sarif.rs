//! SARIF 2.1.0, as code scanning takes it. Source: <https://docs.oasis-open.org/sarif/sarif/v2.1.0/>.

use crate::workflow::finding::{Finding, Rule, Severity};
use crate::workflow::rules::{Report, list};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC};
use serde_json::{Value, json};

/// Renders the report.
pub fn sarif(report: &Report) -> Value {
    let rules: Vec<_> = list::ALL.iter().map(|rule| described(rule)).collect();
    let results: Vec<_> = report.findings.iter().map(result).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "mod-106 workflow check",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn described(rule: &Rule) -> Value {
    json!({
        "id": rule.id,
        "shortDescription": { "text": rule.id.replace('-', " ") },
        "fullDescription": { "text": rule.why },
        "help": { "text": rule.mend },
        "defaultConfiguration": { "level": level(rule.severity) },
    })
}

fn result(finding: &Finding) -> Value {
    let location = |text: Option<&str>| {
        let mut location = json!({ "physicalLocation": {
            "artifactLocation": { "uri": uri(&finding.file) },
            "region": { "startLine": finding.place.line, "startColumn": finding.place.column },
        } });
        if let Some(text) = text {
            location["message"] = json!({ "text": text });
        }
        location
    };
    let mut result = json!({
        "ruleId": finding.rule,
        "ruleIndex": list::ALL.iter().position(|rule| rule.id == finding.rule),
        "level": level(finding.severity),
        "message": { "text": format!("{}. {} {}", finding.message, finding.why, finding.mend) },
        "locations": [location(None)],
    });
    if !finding.path.is_empty() {
        let steps: Vec<_> = finding.path.iter().map(|step| json!({ "location": location(Some(step)) })).collect();
        result["codeFlows"] = json!([{ "threadFlows": [{ "locations": steps }] }]);
    }
    result
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

/// What a URI's path shows as it is.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'.').remove(b'-').remove(b'_').remove(b'~');

/// A path as a URI reference: relative ones stay so.
fn uri(path: &str) -> String {
    percent_encoding::utf8_percent_encode(path.trim_start_matches("./"), KEPT).to_string()
}
