//! Prometheus' side of spend: prices as series, cost rates from token counters, how fast budgets burn, and alerts on two windows at
//! once, as objectives have them. Here money is floating point, for Prometheus knows nothing else: these rules wake somebody within
//! minutes, and what is charged is said by `pricing.rs`. Budgets of one tenant are not here, because token counters know no tenant;
//! they are watched by what `export.rs` writes.

use super::budgets::{Budget, Budgets, Period};
use super::error::Error;
use super::prices::PriceMap;
use super::usage::{Meter, Tier};
use jiff::Timestamp;
use rust_decimal::Decimal;
use serde_json::{Value, json};

/// Windows of cost rates.
const WINDOWS: [&str; 4] = ["5m", "30m", "1h", "6h"];
/// By period: long window, short window, how many times too fast, and what it is called. A month's are those of error budgets over 30
/// days: 2 % and 5 % of it. A day's are a quarter and a half of it.
const PAIRS: [(&str, &str, &str, f64, &str, &str); 4] = [
    ("month", "1h", "5m", 14.4, "BudgetBurnFast", "page"),
    ("month", "6h", "30m", 6.0, "BudgetBurnSlow", "ticket"),
    ("day", "1h", "5m", 6.0, "BudgetBurnFast", "page"),
    ("day", "6h", "30m", 2.0, "BudgetBurnSlow", "ticket"),
];
/// Where each alert is explained.
const RUNBOOK: &str = "mod-553/finops/runbook.md";

/// The rules, as Prometheus loads them: JSON is YAML.
///
/// # Errors
/// A model whose standard price has no key for input or output.
pub fn rules(map: &PriceMap, budgets: &Budgets, at: Timestamp) -> Result<String, Error> {
    let groups = json!({ "groups": [
        { "name": "finops-prices", "rules": prices(map, at) },
        { "name": "finops-spend", "rules": spend(budgets) },
        { "name": "finops-alerts", "rules": alerts() },
    ] });
    let text = serde_json::to_string_pretty(&groups).map_err(|error| Error::Input(error.to_string()))?;
    Ok(format!(
        "# Generated from prices.json and budgets.yaml by `mod-553 finops rules`; change those, not this.\n{text}\n"
    ))
}

/// One series for each model and direction that has a price now, and what a cached token costs less.
fn prices(map: &PriceMap, at: Timestamp) -> Vec<Value> {
    let mut rules = Vec::new();
    for model in map.models() {
        let Ok(entry) = map.at(model, None, at) else { continue };
        let price = |meter| entry.price(meter, Tier::Standard, 0).map(|price| price.usd);
        for meter in [Meter::Input, Meter::Output] {
            if let Ok(usd) = price(meter) {
                let labels = json!({ "gen_ai_request_model": model, "gen_ai_token_type": meter.word() });
                rules.push(
                    json!({ "record": "finops:token_price_usd", "expr": format!("vector({usd})"), "labels": labels }),
                );
            }
        }
        if let (Ok(input), Ok(cached)) = (price(Meter::Input), price(Meter::CacheRead)) {
            let expr = format!("vector({})", input - cached);
            rules.push(json!({ "record": "finops:cached_discount_usd", "expr": expr, "labels": { "gen_ai_request_model": model } }));
        }
    }
    rules
}

fn spend(budgets: &Budgets) -> Vec<Value> {
    let cost = |window: &str| {
        let tokens = format!("rate(gen_ai_client_token_usage_sum[{window}])");
        let expr = format!(
            "sum by (gen_ai_request_model) (sum by (gen_ai_request_model, gen_ai_token_type) ({tokens}) \
             * on (gen_ai_request_model, gen_ai_token_type) finops:token_price_usd) \
             - on (gen_ai_request_model) (sum by (gen_ai_request_model) (rate(gen_ai_cached_input_tokens_total[{window}])) \
             * on (gen_ai_request_model) finops:cached_discount_usd or on (gen_ai_request_model) 0 * sum by (gen_ai_request_model) ({tokens}))"
        );
        json!({ "record": format!("finops:cost_usd_per_s:rate{window}"), "expr": expr })
    };
    let counted = budgets.budgets.iter().filter(|budget| budget.tenant.is_none());
    let burns = counted.flat_map(|budget| WINDOWS.map(|window| burn(budget, window)));
    WINDOWS.map(cost).into_iter().chain(burns).collect()
}

/// How many times faster than it may a budget is spent.
fn burn(budget: &Budget, window: &str) -> Value {
    let (seconds, period) = if budget.period == Period::Month { (2_592_000, "month") } else { (86_400, "day") };
    let model = budget.model.as_ref().map(|model| format!("{{gen_ai_request_model=\"{model}\"}}")).unwrap_or_default();
    let amount = budget.amount().unwrap_or(Decimal::ONE);
    let expr = format!("sum(finops:cost_usd_per_s:rate{window}{model}) / ({amount} / {seconds})");
    let labels = json!({ "budget": budget.name, "period": period, "owner": budget.owner });
    json!({ "record": format!("finops:budget_burn:rate{window}"), "expr": expr, "labels": labels })
}

fn alerts() -> Vec<Value> {
    let pairs = PAIRS.iter().map(|(period, long, short, factor, name, severity)| {
        let side = |window: &str| format!("finops:budget_burn:rate{window}{{period=\"{period}\"}} > {factor}");
        let pace = if *severity == "page" { "within days" } else { "well before its end" };
        json!({
            "alert": name, "expr": format!("{} and {}", side(long), side(short)), "for": if *severity == "page" { "2m" } else { "15m" },
            "keep_firing_for": "15m", "labels": { "severity": severity, "service": "finops", "period": period },
            "annotations": annotations(name, &format!("At this rate the budget {{{{ $labels.budget }}}} is spent {pace}"), "{{ $value | printf \"%.1f\" }} times faster than it may be spent."),
        })
    });
    let plain = [
        (
            "BudgetOverspent",
            "finops_budget_left_usd < 0",
            "5m",
            "More is spent than the budget {{ $labels.budget }} has",
            "{{ $value | printf \"%.2f\" }} US dollars are left.",
            "page",
        ),
        (
            "BudgetsNotEvaluated",
            "time() - max(finops_budget_evaluated_timestamp_seconds) > 7200",
            "5m",
            "Nobody knows what is spent",
            "Budgets were last evaluated {{ $value | humanizeDuration }} ago; policies decide without them.",
            "ticket",
        ),
        (
            "TokensWithoutPrice",
            "sum by (gen_ai_request_model) (rate(gen_ai_client_token_usage_sum[30m])) > 0 unless on (gen_ai_request_model) finops:token_price_usd",
            "15m",
            "A model is used that the price map does not have",
            "{{ $labels.gen_ai_request_model }} costs something, and no figure says how much.",
            "ticket",
        ),
    ];
    let plain = plain.into_iter().map(|(name, expr, hold, summary, description, severity)| {
        let labels = json!({ "severity": severity, "service": "finops" });
        json!({ "alert": name, "expr": expr, "for": hold, "labels": labels, "annotations": annotations(name, summary, description) })
    });
    pairs.chain(plain).collect()
}

fn annotations(name: &str, summary: &str, description: &str) -> Value {
    let runbook = format!("{RUNBOOK}#{}", name.to_lowercase());
    json!({ "summary": summary, "description": description, "runbook_url": runbook, "first_command": "mod-553 finops budget --rows rows.csv" })
}
