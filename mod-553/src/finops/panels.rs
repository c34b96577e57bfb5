//! The dashboard of what models cost, from the templates that all dashboards share.

use crate::dashboards::templates::{bad_above, bad_below, curves, figure, rate};
use crate::dashboards::{Dashboard, Panel, Row, Unit};

/// What models cost, and whether it is too much.
pub fn dashboard() -> Dashboard {
    let hourly = |window: &str| format!("3600 * finops:cost_usd_per_s:rate{window}");
    let burn = curves(
        "How fast budgets burn",
        "1 spends a budget in exactly its period; over an hour, and over five minutes.",
        Unit::Number,
        &[("finops:budget_burn:rate1h", "{{budget}}, 1 h"), ("finops:budget_burn:rate5m", "{{budget}}, 5 min")],
    );
    let cost = curves(
        "Cost by model",
        "From token counters at today's prices.",
        Unit::UsdPerHour,
        &[(&hourly("1h"), "{{gen_ai_request_model}}")],
    );
    let tenants = curves(
        "Cost by tenant",
        "From cost rows, since the first of them.",
        Unit::Number,
        &[("sum by (tenant) (finops_cost_usd)", "{{tenant}}")],
    );
    let tokens = rate(
        "Tokens",
        "By model and direction; cached tokens are part of the input.",
        "gen_ai_client_token_usage_sum",
        &["gen_ai_request_model", "gen_ai_token_type"],
    );
    let (call, cached) = calls();
    Dashboard {
        uid: "mod-553-cost",
        title: "Cost",
        description: "What do models cost, and is it too much?",
        rows: vec![
            budgets(),
            Row { title: "Spend", panels: vec![bad_above(burn, 1.0), cost] },
            Row { title: "For whom", panels: vec![tenants, call] },
            Row { title: "Tokens", panels: vec![tokens, cached] },
        ],
    }
}

/// What somebody looks at first.
fn budgets() -> Row {
    let share = figure(
        "Spent",
        "The share of each budget that is spent in its period.",
        Unit::Share,
        "finops_budget_spent_share",
        "{{budget}}",
    );
    let left =
        figure("Left", "US dollars until the period ends.", Unit::Number, "finops_budget_left_usd", "{{budget}}");
    let known = figure(
        "Evaluated",
        "Since budgets were last looked at; policies decide without them after two hours.",
        Unit::Seconds,
        "time() - max(finops_budget_evaluated_timestamp_seconds)",
        "ago",
    );
    Row { title: "Budgets", panels: vec![bad_above(share, 1.0), bad_below(left, 0.0), bad_above(known, 7_200.0)] }
}

/// What one call costs, and why it may cost more than yesterday.
fn calls() -> (Panel, Panel) {
    let call = curves(
        "Cost of a thousand calls",
        "Grows with prompts and prices, not with traffic.",
        Unit::Number,
        &[(
            "1000 * finops:cost_usd_per_s:rate1h / on (gen_ai_request_model) (sum by (gen_ai_request_model) (rate(gen_ai_client_token_usage_count{gen_ai_token_type=\"input\"}[1h])) > 0)",
            "{{gen_ai_request_model}}",
        )],
    );
    let cached = curves(
        "Input from caches",
        "The share of input tokens that cost less; a fall is a prompt that changed at its beginning.",
        Unit::Share,
        &[(
            "sum by (gen_ai_request_model) (rate(gen_ai_cached_input_tokens_total[1h])) / (sum by (gen_ai_request_model) (rate(gen_ai_client_token_usage_sum{gen_ai_token_type=\"input\"}[1h])) > 0)",
            "{{gen_ai_request_model}}",
        )],
    );
    (call, cached)
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_query_is_one_that_a_wall_may_show() {
        assert_eq!(crate::dashboards::lint(&super::dashboard()), vec![]);
    }
}
