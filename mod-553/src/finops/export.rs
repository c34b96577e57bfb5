//! What is exact, told to Prometheus: budgets and costs as a text file for node_exporter's textfile collector. Values become doubles
//! there; the files that they come from stay exact.

use super::budgets::State;
use super::costs::Cost;
use super::error::Error;
use super::money;
use rust_decimal::Decimal;
use std::collections::BTreeMap;
use std::fmt::Write;

/// Budgets as they stand, and the cost of all rows by model and tenant.
///
/// # Errors
/// [`Error::TooLarge`] where a sum does not fit.
pub fn text(state: &State, costs: &[Cost]) -> Result<String, Error> {
    let mut text = String::new();
    let mut family = |name: &str, help: &str, samples: Vec<(String, String)>| {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} gauge");
        for (labels, value) in samples {
            let _ = writeln!(text, "{name}{labels} {value}");
        }
    };
    let of = |value: fn(&super::budgets::Standing) -> Option<Decimal>| {
        let samples = state.budgets.iter().filter_map(|standing| {
            let labels = labels(&[("budget", &standing.budget), ("owner", &standing.owner)]);
            Some((labels, value(standing)?.to_string()))
        });
        samples.collect::<Vec<_>>()
    };
    family("finops_budget_usd", "What may be spent in the period.", of(|standing| Some(standing.amount_usd)));
    family("finops_budget_spent_usd", "What is spent of it.", of(|standing| Some(standing.spent_usd)));
    family("finops_budget_left_usd", "What is left of it.", of(|standing| Some(standing.left_usd)));
    family("finops_budget_spent_share", "Spent by amount.", of(|standing| Some(standing.spent_share)));
    family("finops_budget_burn_rate", "Spent share by elapsed share.", of(|standing| standing.burn_rate));
    let at = vec![(String::new(), state.at.as_second().to_string())];
    family("finops_budget_evaluated_timestamp_seconds", "When budgets were last looked at.", at);
    let mut sums = BTreeMap::<(&str, &str), Decimal>::new();
    for cost in costs {
        let key = (cost.model.as_deref().unwrap_or("none"), cost.tenant.as_deref().unwrap_or("none"));
        let sum = sums.entry(key).or_default();
        *sum =
            money::plus(*sum, cost.billed).ok_or_else(|| Error::TooLarge { what: format!("the cost of {}", key.0) })?;
    }
    let sums = sums
        .into_iter()
        .map(|((model, tenant), usd)| (labels(&[("model", model), ("tenant", tenant)]), usd.to_string()));
    family("finops_cost_usd", "What all rows come to.", sums.collect());
    Ok(text)
}

fn labels(pairs: &[(&str, &str)]) -> String {
    let escaped = |value: &str| value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    let pairs: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
    format!("{{{}}}", pairs.join(","))
}
