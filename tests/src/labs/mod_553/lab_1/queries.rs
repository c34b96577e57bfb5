//! Queries of panels, read by a parser: which metrics they ask for, and how.

use promql_parser::parser::{self, Expr};
use std::collections::BTreeSet;

/// What one query asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Asked {
    /// Every metric.
    pub(super) metrics: BTreeSet<String>,
    /// Counters that are shown as they are, without a rate.
    pub(super) raw: BTreeSet<String>,
}

/// Functions that make sense of a counter.
const RATES: [&str; 6] = ["rate", "increase", "irate", "resets", "absent", "absent_over_time"];

/// Reads a query.
///
/// # Errors
/// Why it does not parse.
pub(super) fn read(query: &str) -> Result<Asked, String> {
    let mut asked = Asked::default();
    walk(&parser::parse(query)?, None, &mut asked);
    Ok(asked)
}

fn walk(expr: &Expr, function: Option<&str>, asked: &mut Asked) {
    match expr {
        Expr::VectorSelector(selector) => {
            let name = selector.name.clone().unwrap_or_default();
            if is_counter(&name) && function.is_none_or(|function| !RATES.contains(&function)) {
                asked.raw.insert(name.clone());
            }
            asked.metrics.insert(name);
        }
        Expr::MatrixSelector(selector) => walk(&Expr::VectorSelector(selector.vs.clone()), function, asked),
        Expr::Call(call) => call.args.args.iter().for_each(|argument| walk(argument, Some(call.func.name), asked)),
        Expr::Aggregate(aggregate) => walk(&aggregate.expr, function, asked),
        Expr::Unary(unary) => walk(&unary.expr, function, asked),
        Expr::Paren(paren) => walk(&paren.expr, function, asked),
        Expr::Subquery(subquery) => walk(&subquery.expr, None, asked),
        Expr::Binary(binary) => {
            walk(&binary.lhs, function, asked);
            walk(&binary.rhs, function, asked);
        }
        _ => {}
    }
}

/// By Prometheus' naming; what a rule recorded is none.
fn is_counter(name: &str) -> bool {
    !name.contains(':') && ["_total", "_sum", "_count", "_bucket"].iter().any(|ending| name.ends_with(ending))
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn metrics_are_found_wherever_they_stand() {
        let asked = read("sum by (le) (rate(a_bucket{x=\"b_total\"}[5m])) / on (slo) (max(c) > 0) or d_total").unwrap();
        assert_eq!(asked.metrics.into_iter().collect::<Vec<_>>(), ["a_bucket", "c", "d_total"]);
        assert_eq!(asked.raw.into_iter().collect::<Vec<_>>(), ["d_total"]);
        assert!(read("sum(rate(a[5m])").is_err());
    }
}
