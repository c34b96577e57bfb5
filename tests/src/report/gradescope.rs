//! `results.gradescope.json`, as <https://gradescope-autograders.readthedocs.io/en/latest/specs/> describes it. Gradescope wants
//! finite points for each test and knows two statuses only, so a check that could not be decided is left out of the points and says
//! so in its output.

use super::figures;
use crate::{
    results::{CheckResult, Results},
    verdict::Verdict,
};
use rust_decimal::prelude::ToPrimitive;
use serde_json::{Value, json};

pub(super) fn render(results: &Results) -> Result<String, String> {
    let summary = &results.summary;
    let note = if summary.complete { "" } else { "\nThe grade is incomplete: some checks could not run here." };
    let report = json!({
        "score": summary.points.to_f64(),
        "execution_time": results.duration_ms / 1_000,
        "output": format!(
            "{} of {} points.{note}\nReplay: {}",
            figures::points(summary.points),
            figures::points(summary.max_points),
            results.replay,
        ),
        "output_format": "text",
        "visibility": "visible",
        "tests": results.checks.iter().enumerate().map(test).collect::<Vec<_>>(),
    });
    serde_json::to_string_pretty(&report).map(|text| text + "\n").map_err(|error| error.to_string())
}

fn test((index, check): (usize, &CheckResult)) -> Value {
    let mut test = json!({
        "name": format!("{} ({})", check.title, check.backend),
        "number": (index + 1).to_string(),
        "output": output(check),
        "output_format": "text",
        "tags": [check.lab, check.id, check.backend.to_string()],
        "visibility": "visible",
        "extra_data": { "verdict": check.verdict, "duration_ms": check.duration_ms },
    });
    if check.verdict.counts() {
        test["score"] = json!(check.points.to_f64());
        test["max_score"] = json!(check.max_points.to_f64());
        test["status"] = json!(if check.verdict == Verdict::Passed { "passed" } else { "failed" });
    }
    test
}

fn output(check: &CheckResult) -> String {
    let mut lines = vec![check.verdict.words().to_owned()];
    if let Some(finding) = &check.finding {
        lines.push(finding.what.clone());
        lines.extend(finding.expected.iter().map(|text| format!("expected: {text}")));
        lines.extend(finding.actual.iter().map(|text| format!("found: {text}")));
    }
    lines.extend(check.hint.iter().map(|text| format!("hint: {text}")));
    lines.join("\n")
}
