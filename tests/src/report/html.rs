//! `report.html`: one file, no network, readable at a glance; light and dark by the reader's own preference.

use super::figures;
use crate::results::{CheckResult, Results, SubmissionResult};
use minijinja::{Environment, value::Serde};
use rust_decimal::Decimal;
use serde::Serialize;

const TEMPLATE: &str = include_str!("report.html.j2");

pub(super) fn render(results: &Results) -> Result<String, String> {
    let mut environment = Environment::new();
    // The name's ending is what turns on the escaping of HTML.
    environment.add_template("report.html", TEMPLATE).map_err(|error| format!("{error:#}"))?;
    environment.add_filter("duration", figures::duration);
    environment.add_filter("points", |points: f64| {
        Decimal::try_from(points).map_or_else(|_| points.to_string(), figures::points)
    });
    environment.add_filter("words", |verdict: String| verdict.replace('_', " "));
    let template = environment.get_template("report.html").map_err(|error| format!("{error:#}"))?;
    let groups: Vec<_> = results
        .submissions
        .iter()
        .map(|submission| Group { submission, checks: results.checks_of(submission).collect() })
        .collect();
    let page = Page { results, groups };
    template.render(Serde(&page)).map_err(|error| format!("{error:#}"))
}

/// What the template sees.
#[derive(Serialize)]
struct Page<'a> {
    results: &'a Results,
    groups: Vec<Group<'a>>,
}

#[derive(Serialize)]
struct Group<'a> {
    submission: &'a SubmissionResult,
    checks: Vec<&'a CheckResult>,
}
