//! What it came to: cost for each model and tenant, for a thousand requests, and what is left of a request's price once it is paid.
//! Sums are exact; a quotient is rounded to nine decimal places, half to even, and says so by having no more than nine.

use super::collect::Collected;
use super::money;
use super::pricing::{Priced, Row};
use rust_decimal::Decimal;
use serde::Serialize;
use std::collections::BTreeMap;

/// Of a quotient.
const PLACES: u32 = 9;

/// All that was priced, in figures.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// Where the prices come from.
    pub prices: String,
    /// US dollars, all rows.
    pub cost_usd: Decimal,
    /// Calls and predictions that were met, each once.
    pub requests: u64,
    /// US dollars for a thousand requests; unknown while some have no price.
    pub cost_per_1k_requests_usd: Option<Decimal>,
    /// By model.
    pub models: BTreeMap<String, Share>,
    /// By tenant; `none` is nobody in particular.
    pub tenants: BTreeMap<String, Share>,
    /// What is earned, where that was said.
    pub economics: Option<Economics>,
    /// Lines that repeated a call.
    pub duplicates: u64,
    /// Calls that were written twice and differ.
    pub conflicts: Vec<super::collect::Conflict>,
    /// Calls without a price: they cost something, and it is in no figure here.
    pub unpriced: u64,
    /// Their tokens, by model.
    pub unpriced_tokens: BTreeMap<String, u64>,
}

/// What one model or tenant came to.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Share {
    /// US dollars.
    pub cost_usd: Decimal,
    /// Requests.
    pub requests: u64,
    /// Requests among them without a price: what they cost is not known, and not in `cost_usd`.
    pub unpriced: u64,
    /// US dollars for a thousand requests; unknown while some have no price.
    pub cost_per_1k_requests_usd: Option<Decimal>,
}

/// What a request earns, costs and leaves.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Economics {
    /// US dollars that a request brings.
    pub revenue_per_request_usd: Decimal,
    /// US dollars that it costs on average.
    pub cost_per_request_usd: Option<Decimal>,
    /// All revenue less all cost.
    pub margin_usd: Decimal,
    /// Margin by revenue; none without revenue.
    pub margin_share: Option<Decimal>,
}

/// Adds up.
///
/// # Errors
/// [`super::Error::TooLarge`] where a sum does not fit.
pub fn summarise(
    prices: &str,
    collected: &Collected,
    priced: &Priced,
    machines: &[Row],
    revenue: Option<Decimal>,
) -> Result<Summary, super::Error> {
    let too_large = |what: &str| super::Error::TooLarge { what: what.to_owned() };
    let rows = || priced.rows.iter().chain(machines);
    let cost_usd = money::sum(rows().map(|row| row.cost)).ok_or_else(|| too_large("the sum of all costs"))?;
    let requests = collected.requests.values().sum();
    let (mut models, mut tenants) = (BTreeMap::<String, Share>::new(), BTreeMap::<String, Share>::new());
    for row in rows() {
        for (shares, name) in [(&mut models, &row.model), (&mut tenants, &row.tenant)] {
            let share = shares.entry(called(name.as_ref())).or_default();
            share.cost_usd =
                money::plus(share.cost_usd, row.cost).ok_or_else(|| too_large("a model's or tenant's cost"))?;
        }
    }
    for call in &collected.calls {
        models.entry(call.model.clone()).or_default().requests += 1;
    }
    for (tenant, requests) in &collected.requests {
        tenants.entry(called(tenant.as_ref())).or_default().requests += requests;
    }
    for call in &priced.unpriced {
        models.entry(call.model.clone()).or_default().unpriced += 1;
        tenants.entry(called(call.tenant.as_ref())).or_default().unpriced += 1;
    }
    for share in models.values_mut().chain(tenants.values_mut()).filter(|share| share.unpriced == 0) {
        share.cost_per_1k_requests_usd = per_1k(share.cost_usd, share.requests);
    }
    let mut unpriced_tokens = BTreeMap::<String, u64>::new();
    for call in &priced.unpriced {
        let tokens = unpriced_tokens.entry(call.model.clone()).or_default();
        *tokens = tokens.saturating_add(call.input_tokens).saturating_add(call.output_tokens);
    }
    let economics = match revenue {
        None => None,
        Some(each) => Some(economics(each, cost_usd, requests).ok_or_else(|| too_large("the revenue"))?),
    };
    Ok(Summary {
        prices: prices.to_owned(),
        cost_usd,
        requests,
        cost_per_1k_requests_usd: if priced.unpriced.is_empty() { per_1k(cost_usd, requests) } else { None },
        models,
        tenants,
        economics,
        duplicates: collected.duplicates,
        conflicts: collected.conflicts.clone(),
        unpriced: priced.unpriced.len() as u64,
        unpriced_tokens,
    })
}

fn economics(each: Decimal, cost: Decimal, requests: u64) -> Option<Economics> {
    let revenue = money::times(each, Decimal::from(requests))?;
    let margin_usd = money::plus(revenue, -cost)?;
    Some(Economics {
        revenue_per_request_usd: each,
        cost_per_request_usd: divided(cost, Decimal::from(requests)),
        margin_usd,
        margin_share: divided(margin_usd, revenue),
    })
}

fn per_1k(cost: Decimal, requests: u64) -> Option<Decimal> {
    divided(money::times(cost, Decimal::from(1_000))?, Decimal::from(requests))
}

fn divided(value: Decimal, by: Decimal) -> Option<Decimal> {
    value.checked_div(by).map(|quotient| quotient.round_dp(PLACES).normalize())
}

fn called(name: Option<&String>) -> String {
    name.cloned().unwrap_or_else(|| "none".to_owned())
}
