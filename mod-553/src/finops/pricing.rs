//! From calls to cost rows: each token at the meter, tier and day at which it was consumed, added up by charge period. A call that
//! cannot be priced is no row and no zero: it is kept, with the reason. Next on the data's way: `focus.rs` writes rows.

use super::error::Error;
use super::money;
use super::prices::PriceMap;
use super::usage::{Call, Meter, Tier};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use rust_decimal::Decimal;
use serde::Serialize;
use std::collections::BTreeMap;

/// How long a row's charge period is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Period {
    /// An hour of the clock on the wall.
    Hour,
    /// A day of the calendar, of 23, 24 or 25 hours.
    #[default]
    Day,
}

/// What rows are added up by.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The charge period.
    pub period: Period,
    /// Whose calendar.
    pub zone: TimeZone,
    /// Who is billed.
    pub account: String,
}

/// So much at one price.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The charge period's first moment.
    pub start: Timestamp,
    /// The first moment behind it.
    pub end: Timestamp,
    /// Who sold it.
    pub provider: String,
    /// Tokens or machine hours.
    pub kind: Kind,
    /// The model that it was consumed by, or for.
    pub model: Option<String>,
    /// For whom.
    pub tenant: Option<String>,
    /// What was counted.
    pub meter: String,
    /// What the price depends on besides.
    pub terms: Terms,
    /// How much.
    pub quantity: Decimal,
    /// US dollars for one.
    pub unit_price: Decimal,
    /// Quantity times unit price, with every digit.
    pub cost: Decimal,
}

/// What a row counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Tokens of a language model.
    Tokens,
    /// Hours of a machine.
    Hours,
}

/// What a price depends on besides what is counted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Terms {
    /// How urgently.
    pub tier: Tier,
    /// For calls with more input tokens than this; 0 for all.
    pub above: u64,
    /// Since when the price holds.
    pub valid_from: Timestamp,
}

/// A call without a price.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unpriced {
    /// Where it stands.
    pub place: String,
    /// What names it.
    pub id: String,
    /// When it began.
    pub at: Timestamp,
    /// The model.
    pub model: String,
    /// Who sold it, where that is known.
    pub provider: Option<String>,
    /// For whom.
    pub tenant: Option<String>,
    /// How urgently.
    pub tier: Tier,
    /// All input tokens.
    pub input_tokens: u64,
    /// All output tokens.
    pub output_tokens: u64,
    /// What is missing.
    pub reason: String,
}

/// Rows, and what could not become any.
#[derive(Clone, Debug, Default)]
pub struct Priced {
    /// In the order of time, then of names.
    pub rows: Vec<Row>,
    /// In the order of the files.
    pub unpriced: Vec<Unpriced>,
}

/// Rows that differ in nothing else are added up.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    start: Timestamp,
    end: Timestamp,
    provider: String,
    model: String,
    tenant: Option<String>,
    meter: Meter,
    terms: Terms,
}

/// Prices calls.
///
/// # Errors
/// A time out of any calendar's range, or a figure with too many digits; a missing price is none.
pub fn price(calls: &[Call], map: &PriceMap, settings: &Settings) -> Result<Priced, Error> {
    let mut sums: BTreeMap<Key, (Decimal, Decimal)> = BTreeMap::new();
    let mut unpriced = Vec::new();
    for call in calls {
        match lines(call, map) {
            Err(reason) => unpriced.push(Unpriced {
                place: call.place.to_string(),
                id: call.id.clone(),
                at: call.at,
                model: call.model.clone(),
                provider: call.provider.clone(),
                tenant: call.tenant.clone(),
                tier: call.tier,
                input_tokens: call.tokens.input(),
                output_tokens: call.tokens.output(),
                reason,
            }),
            Ok(lines) => {
                let (start, end) = charge_period(call.at, settings)
                    .ok_or_else(|| Error::malformed(&call.place, call.at.to_string(), "a time within the calendar"))?;
                for Line { meter, provider, count, usd, terms } in lines {
                    let (model, tenant) = (call.model.clone(), call.tenant.clone());
                    let key = Key { start, end, provider, model, tenant, meter, terms };
                    let sum = sums.entry(key).or_insert((Decimal::ZERO, usd));
                    sum.0 = money::plus(sum.0, Decimal::from(count)).ok_or_else(|| too_large(call))?;
                }
            }
        }
    }
    let row = |(key, (quantity, unit_price)): (Key, (Decimal, Decimal))| {
        let what = || Error::TooLarge { what: format!("the cost of {quantity} tokens of {}", key.model) };
        Ok(Row {
            cost: money::times(quantity, unit_price).ok_or_else(what)?,
            start: key.start,
            end: key.end,
            provider: key.provider,
            kind: Kind::Tokens,
            model: Some(key.model),
            tenant: key.tenant,
            meter: key.meter.word().to_owned(),
            terms: key.terms,
            quantity,
            unit_price,
        })
    };
    Ok(Priced { rows: sums.into_iter().map(row).collect::<Result<_, Error>>()?, unpriced })
}

fn too_large(call: &Call) -> Error {
    Error::TooLarge { what: format!("the tokens of {} up to {}", call.model, call.place) }
}

/// What one call is charged at one meter.
struct Line {
    meter: Meter,
    provider: String,
    count: u64,
    usd: Decimal,
    terms: Terms,
}

fn lines(call: &Call, map: &PriceMap) -> Result<Vec<Line>, String> {
    let entry = map.at(&call.model, call.provider.as_deref(), call.at)?;
    let consumed = call.tokens.by_meter().into_iter().filter(|(_, count)| *count > 0);
    let line = |(meter, count)| {
        let price = entry.price(meter, call.tier, call.tokens.input());
        let price = price.map_err(|key| format!("the price map has {}, but no {key} of it", call.model))?;
        let terms = Terms { tier: call.tier, above: price.above, valid_from: entry.valid_from };
        let provider = call.provider.clone().unwrap_or_else(|| entry.seller.clone());
        Ok(Line { meter, provider, count, usd: price.usd, terms })
    };
    consumed.map(line).collect()
}

/// The hour or day that a moment falls into.
pub(super) fn charge_period(at: Timestamp, settings: &Settings) -> Option<(Timestamp, Timestamp)> {
    let zoned = at.to_zoned(settings.zone.clone());
    match settings.period {
        Period::Day => {
            let start = zoned.start_of_day().ok()?;
            let end = start.tomorrow().ok()?.start_of_day().ok()?;
            Some((start.timestamp(), end.timestamp()))
        }
        Period::Hour => {
            let offset = i64::from(zoned.offset().seconds());
            let start = (at.as_second() + offset).div_euclid(3_600) * 3_600 - offset;
            Some((Timestamp::from_second(start).ok()?, Timestamp::from_second(start + 3_600).ok()?))
        }
    }
}

/// The calendar month that a moment falls into.
pub(super) fn month(at: Timestamp, zone: &TimeZone) -> Option<(Timestamp, Timestamp)> {
    let first = |zoned: Zoned| zoned.first_of_month().ok()?.start_of_day().ok();
    let start = first(at.to_zoned(zone.clone()))?;
    let end = first(start.checked_add(jiff::Span::new().months(1)).ok()?)?;
    Some((start.timestamp(), end.timestamp()))
}

#[cfg(test)]
mod tests {
    use super::{Kind, Period, Settings, charge_period, month, price};
    use crate::finops::error::Place;
    use crate::finops::prices::PriceMap;
    use crate::finops::usage::{Call, Tier, Tokens};
    use jiff::tz::TimeZone;
    use proptest::prelude::*;
    use rust_decimal::Decimal;

    fn settings(period: Period, zone: &str) -> Settings {
        Settings { period, zone: TimeZone::get(zone).unwrap(), account: "a".to_owned() }
    }

    fn call(index: usize, at: &str, model: &str, tokens: Tokens) -> Call {
        Call {
            at: at.parse().unwrap(),
            id: index.to_string(),
            provider: None,
            model: model.to_owned(),
            tenant: None,
            tier: Tier::Standard,
            tokens,
            place: Place { file: "usage".into(), line: index as u64 },
        }
    }

    fn map() -> PriceMap {
        let text = r#"{"source": "made up", "prices": [{"model": "m", "litellm_provider": "p", "valid_from": "2026-01-01",
            "input_cost_per_token": 3e-06, "input_cost_per_token_above_200k_tokens": 6e-06, "cache_read_input_token_cost": 3e-07,
            "output_cost_per_token": 1.5e-05, "output_cost_per_reasoning_token": 2e-05}]}"#;
        PriceMap::parse("map", text).unwrap()
    }

    #[test]
    fn days_have_the_hours_that_the_calendar_gives_them() {
        let hours = |at: &str| {
            let (start, end) = charge_period(at.parse().unwrap(), &settings(Period::Day, "Europe/Berlin")).unwrap();
            (end.as_second() - start.as_second()) / 3_600
        };
        assert_eq!(
            [hours("2026-03-29T12:00:00Z"), hours("2026-06-01T12:00:00Z"), hours("2026-10-25T12:00:00Z")],
            [23, 24, 25]
        );
        let (start, end) =
            month("2026-02-28T23:30:00Z".parse().unwrap(), &TimeZone::get("Europe/Berlin").unwrap()).unwrap();
        assert_eq!([start.to_string(), end.to_string()], ["2026-02-28T23:00:00Z", "2026-03-31T22:00:00Z"]);
        let (start, _) =
            charge_period("2026-01-01T00:10:00Z".parse().unwrap(), &settings(Period::Hour, "Asia/Kolkata")).unwrap();
        assert_eq!(start.to_string(), "2025-12-31T23:30:00Z");
    }

    #[test]
    fn each_token_is_charged_once_at_its_own_price() {
        let tokens = Tokens::new(1_000, 500, 400, 0, 200).unwrap();
        let priced =
            price(&[call(1, "2026-05-01T10:00:00Z", "m", tokens)], &map(), &settings(Period::Day, "UTC")).unwrap();
        let costs: Vec<_> = priced.rows.iter().map(|row| (row.meter.as_str(), row.cost.to_string())).collect();
        let expected = [("input", "0.0018"), ("cache_read", "0.00012"), ("output", "0.0045"), ("reasoning", "0.004")];
        assert_eq!(costs, expected.map(|(meter, cost)| (meter, cost.to_owned())));
        assert!(priced.rows.iter().all(|row| row.kind == Kind::Tokens && row.provider == "p"));
    }

    #[test]
    fn a_model_without_a_price_is_kept_and_nothing_is_zero() {
        let tokens = Tokens::new(10, 1, 0, 0, 0).unwrap();
        let calls = [call(1, "2026-05-01T00:00:00Z", "new", tokens), call(2, "2025-05-01T00:00:00Z", "m", tokens)];
        let priced = price(&calls, &map(), &settings(Period::Day, "UTC")).unwrap();
        assert!(priced.rows.is_empty() && priced.unpriced.len() == 2);
        assert_eq!(priced.unpriced[0].reason, "the price map has no new");
        assert!(priced.unpriced[1].reason.contains("no price of it at any provider for 2025"));
    }

    #[test]
    fn usage_of_nothing_costs_nothing_and_huge_usage_is_exact() {
        let none =
            price(&[call(1, "2026-05-01T00:00:00Z", "m", Tokens::default())], &map(), &settings(Period::Day, "UTC"))
                .unwrap();
        assert!(none.rows.is_empty() && none.unpriced.is_empty());
        let huge = Tokens::new(1_000_000_000_000_001, 0, 0, 0, 0).unwrap();
        let priced =
            price(&[call(1, "2026-05-01T00:00:00Z", "m", huge)], &map(), &settings(Period::Day, "UTC")).unwrap();
        assert_eq!(priced.rows[0].cost.to_string(), "6000000000.000006");
    }

    proptest! {
        #[test]
        fn rows_hold_every_token_and_cost_what_calls_cost(parts in proptest::collection::vec((0_u64..300_000, 0_u64..1_000, 0_u64..1_000, 0_u64..72), 1..60)) {
            let calls: Vec<_> = (1..).zip(&parts).map(|(index, (fresh, cached, reasoning, hour))| {
                let at = format!("2026-05-0{}T{:02}:00:00Z", hour / 24 + 1, hour % 24);
                call(index, &at, "m", Tokens::new(fresh + cached, reasoning + 7, *cached, 0, *reasoning).unwrap())
            }).collect();
            let priced = price(&calls, &map(), &settings(Period::Day, "America/New_York")).unwrap();
            let quantity: Decimal = priced.rows.iter().map(|row| row.quantity).sum();
            let tokens: u64 = calls.iter().map(|call| call.tokens.input() + call.tokens.output()).sum();
            prop_assert_eq!(quantity, Decimal::from(tokens));
            // In units of 1e-7 dollars, by whole numbers alone.
            let expected: u64 = parts.iter().map(|(fresh, cached, reasoning, _)| {
                let input = if fresh + cached > 200_000 { 60 } else { 30 };
                fresh * input + cached * 3 + reasoning * 200 + 7 * 150
            }).sum();
            let cost: Decimal = priced.rows.iter().map(|row| row.cost).sum();
            prop_assert_eq!(cost, Decimal::from_i128_with_scale(i128::from(expected), 7).normalize());
        }
    }
}
