//! Queries read by a parser before Prometheus reads them, with the mistakes that a parser alone does not see: a counter shown raw, a
//! rate over a gauge, a quantile without its buckets' bounds.

use super::panel::Dashboard;
use promql_parser::parser::{self, Expr, LabelModifier};
use serde::Serialize;

/// Something that should not be on a wall.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The dashboard.
    pub dashboard: String,
    /// The panel.
    pub panel: String,
    /// The query.
    pub query: String,
    /// What is wrong with it, and what would be right.
    pub reason: String,
}

/// Reads every query of a dashboard.
pub fn lint(dashboard: &Dashboard) -> Vec<Finding> {
    let mut findings = Vec::new();
    for panel in dashboard.panels() {
        let mut add = |query: &str, reason: String| {
            let (dashboard, panel) = (dashboard.title.to_owned(), panel.title.clone());
            findings.push(Finding { dashboard, panel, query: query.to_owned(), reason });
        };
        if panel.queries.is_empty() {
            add("", "it asks nothing; expected a query".to_owned());
        }
        for query in &panel.queries {
            query_findings(&query.expr).into_iter().for_each(|reason| add(&query.expr, reason));
        }
    }
    findings
}

/// What is wrong with one query.
pub(super) fn query_findings(query: &str) -> Vec<String> {
    match parser::parse(query) {
        Ok(expr) => {
            let mut reasons = Vec::new();
            walk(&expr, None, &mut reasons);
            reasons
        }
        Err(reason) => vec![format!("it does not parse: {reason}")],
    }
}

/// Functions that make a rate of a counter.
const RATES: [&str; 5] = ["rate", "increase", "irate", "resets", "absent_over_time"];

fn walk(expr: &Expr, function: Option<&str>, reasons: &mut Vec<String>) {
    match expr {
        Expr::VectorSelector(selector) => {
            let Some(name) = &selector.name else {
                return reasons.push("a selector names no metric; expected a name before the braces".to_owned());
            };
            if is_counter(name) && function.is_none_or(|function| !RATES.contains(&function)) {
                reasons.push(format!("{name} is a counter and shown raw; expected rate() or increase() around it"));
            }
            if !is_counter(name) && function.is_some_and(|function| ["rate", "increase", "irate"].contains(&function)) {
                reasons.push(format!("{name} is no counter, and a rate of it means nothing; expected delta() or none"));
            }
        }
        Expr::MatrixSelector(selector) => walk(&Expr::VectorSelector(selector.vs.clone()), function, reasons),
        Expr::Call(call) => {
            let name = call.func.name;
            if name == "histogram_quantile" && !call.args.args.iter().any(|argument| keeps_bounds(argument)) {
                reasons.push(
                    "histogram_quantile needs the buckets' bounds; expected `le` among the labels of `by`".to_owned(),
                );
            }
            call.args.args.iter().for_each(|argument| walk(argument, Some(name), reasons));
        }
        Expr::Aggregate(aggregate) => walk(&aggregate.expr, function, reasons),
        Expr::Unary(unary) => walk(&unary.expr, function, reasons),
        Expr::Paren(paren) => walk(&paren.expr, function, reasons),
        Expr::Subquery(subquery) => walk(&subquery.expr, None, reasons),
        Expr::Binary(binary) => {
            walk(&binary.lhs, function, reasons);
            walk(&binary.rhs, function, reasons);
        }
        _ => {}
    }
}

/// Prometheus' naming: counters end in `_total`, and histograms and summaries bring three.
fn is_counter(name: &str) -> bool {
    let recorded = name.contains(':');
    !recorded && ["_total", "_sum", "_count", "_bucket"].iter().any(|ending| name.ends_with(ending))
}

fn keeps_bounds(expr: &Expr) -> bool {
    match expr {
        Expr::Aggregate(aggregate) => match &aggregate.modifier {
            Some(LabelModifier::Include(labels)) => labels.labels.iter().any(|label| label == "le"),
            Some(LabelModifier::Exclude(labels)) => labels.labels.iter().all(|label| label != "le"),
            None => false,
        },
        Expr::Paren(paren) => keeps_bounds(&paren.expr),
        Expr::Call(_) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{lint, query_findings};

    #[test]
    fn mistakes_that_parse_are_found() {
        fn check(query: &str, expected: &str) {
            let found = query_findings(query).join("\n");
            assert!(found.contains(expected) && found.is_empty() == expected.is_empty(), "{query}: {found}");
        }
        check("sum by (a) (rate(x_total[5m]))", "");
        check("slo:events:rate5m / 2", "");
        check("time() - max(y_timestamp_seconds)", "");
        check("sum(x_total)", "x_total is a counter and shown raw");
        check("rate(temperature[5m])", "temperature is no counter");
        check("histogram_quantile(0.9, sum(rate(x_bucket[5m])))", "expected `le`");
        check("histogram_quantile(0.9, sum by (le) (rate(x_bucket[5m])))", "");
        check("{job=\"a\"}", "names no metric");
        check("sum(rate(x_total[5m])", "does not parse");
    }

    #[test]
    fn the_dashboards_are_without_findings() {
        let slos = include_str!("../../observability/slos.yaml");
        let dashboards = crate::dashboards::all(&crate::slo::Spec::parse(slos).unwrap());
        assert_eq!(dashboards.iter().flat_map(lint).collect::<Vec<_>>(), []);
        let panels: usize = dashboards.iter().map(|dashboard| dashboard.panels().count()).sum();
        assert!(panels >= 30, "{panels}");
    }
}
