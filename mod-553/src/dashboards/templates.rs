//! The shared set: whoever shows a rate, a share or an objective shows it like everybody else. A reader who knows one dashboard knows
//! all of them.

use super::panel::{Kind, Panel, Query, Threshold, Unit};

/// Windows of rates on dashboards: five scrapes at a minute each.
pub const WINDOW: &str = "5m";

/// A figure: the last value of one query.
pub fn figure(title: &str, description: &str, unit: Unit, expr: &str, legend: &str) -> Panel {
    panel(Kind::Stat, title, description, unit, vec![query(expr, legend)])
}

/// Curves of several queries.
pub fn curves(title: &str, description: &str, unit: Unit, queries: &[(&str, &str)]) -> Panel {
    let queries = queries.iter().map(|(expr, legend)| query(expr, legend)).collect();
    panel(Kind::TimeSeries, title, description, unit, queries)
}

/// How often a counter counts, by labels.
pub fn rate(title: &str, description: &str, counter: &str, by: &[&str]) -> Panel {
    let expr = format!("sum by ({}) (rate({counter}[{WINDOW}]))", by.join(", "));
    panel(Kind::TimeSeries, title, description, Unit::PerSecond, vec![query(&expr, &legend(by))])
}

/// Which part of a counter a narrower selector of it is, by labels; without traffic there is none.
pub fn share(title: &str, description: &str, part: &str, whole: &str, by: &[&str]) -> Panel {
    let sum = |counter: &str| format!("sum by ({}) (rate({counter}[{WINDOW}]))", by.join(", "));
    let expr = format!("({part} or 0 * {whole}) / ({whole} > 0)", part = sum(part), whole = sum(whole));
    panel(Kind::TimeSeries, title, description, Unit::Share, vec![query(&expr, &legend(by))])
}

/// Three quantiles of a histogram of seconds.
pub fn quantiles(title: &str, description: &str, histogram: &str, selector: &str) -> Panel {
    let of = |share: &str| {
        format!("histogram_quantile({share}, sum by (le) (rate({histogram}_bucket{selector}[{WINDOW}])))")
    };
    let queries = [("0.5", "median"), ("0.95", "95 %"), ("0.99", "99 %")];
    let queries = queries.iter().map(|(share, name)| query(&of(share), name)).collect();
    panel(Kind::TimeSeries, title, description, Unit::Seconds, queries)
}

/// What is left of an objective's budget.
pub fn budget(slo: &str, title: &str) -> Panel {
    let expr = format!("slo:error_budget_remaining:ratio{{slo=\"{slo}\"}}");
    let description = "What is left of the error budget of 30 days; below zero the promise is broken.";
    bad_below(figure(title, description, Unit::Share, &expr, "left"), 0.0)
}

/// How fast objectives burn their budgets: 1 spends it in exactly 30 days.
pub fn burn(title: &str, window: &str) -> Panel {
    let expr = format!("slo:error_ratio:rate{window} / on (service, slo) (1 - slo:objective:ratio)");
    let description = format!(
        "How many times faster than they may the budgets burn, over {window}. 1 spends a budget in exactly 30 days."
    );
    bad_above(panel(Kind::TimeSeries, title, &description, Unit::Number, vec![query(&expr, "{{slo}}")]), 1.0)
}

/// Above this value is bad.
#[must_use]
pub fn bad_above(mut panel: Panel, value: f64) -> Panel {
    panel.threshold = Some(Threshold::Above(value));
    panel
}

/// Below this value is bad.
#[must_use]
pub fn bad_below(mut panel: Panel, value: f64) -> Panel {
    panel.threshold = Some(Threshold::Below(value));
    panel
}

fn query(expr: &str, legend: &str) -> Query {
    Query { expr: expr.to_owned(), legend: legend.to_owned() }
}

fn legend(by: &[&str]) -> String {
    by.iter().map(|label| format!("{{{{{label}}}}}")).collect::<Vec<_>>().join(" ")
}

fn panel(kind: Kind, title: &str, description: &str, unit: Unit, queries: Vec<Query>) -> Panel {
    let (title, description) = (title.to_owned(), description.to_owned());
    Panel { title, description, kind, unit, threshold: None, queries }
}
