//! What machines cost: hours of replicas at the price of their day, shared among the models that run on them. Hours are kept to nine
//! decimal places, and they are what is shared out, by largest remainder: so each share times the price is exact, and the shares are
//! the whole. The tempting wrong choice is to divide the money, which leaves a part of a cent that nobody pays.

use super::error::Error;
use super::money;
use super::pricing::{Kind, Row, Settings, Terms, charge_period};
use super::usage::Tier;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use rust_decimal::Decimal;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

/// Machines, and what an hour of them costs.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Machines {
    /// By kind of machine: dated prices.
    prices: Vec<HourlyPrice>,
    /// What ran.
    used: Vec<Use>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct HourlyPrice {
    machine: String,
    provider: String,
    valid_from: Date,
    valid_until: Option<Date>,
    usd_per_hour: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Use {
    machine: String,
    replicas: u64,
    from: Timestamp,
    until: Timestamp,
    tenant: Option<String>,
    /// Models that share it, each with its weight: its requests, say.
    models: BTreeMap<String, u64>,
}

/// Of an hour.
const PLACES: u32 = 9;

/// Reads machines, and charges what ran, day by day.
///
/// # Errors
/// The file, and what is wrong in it; a machine without a price on a day is named with that day.
pub fn charge(path: &Path, settings: &Settings) -> Result<Vec<Row>, Error> {
    let machines: Machines = super::yaml::read(path)?;
    let place = path.display().to_string();
    let mut rows = Vec::new();
    for used in &machines.used {
        let refuse = |found: String, expected: &str| Err(Error::malformed(&place, found, expected));
        if used.until <= used.from || used.models.values().all(|weight| *weight == 0) {
            return refuse(
                format!("{} from {} until {}", used.machine, used.from, used.until),
                "a stretch of time, and models with a weight",
            );
        }
        let mut at = used.from;
        while at < used.until {
            let Some((start, end)) = charge_period(at, settings) else {
                return refuse(at.to_string(), "a time within the calendar");
            };
            let until = end.min(used.until);
            let Some((price, valid_from, usd)) = machines.prices.iter().find_map(|price| price.at(&used.machine, at))
            else {
                return refuse(
                    format!("no price of {} for {at}", used.machine),
                    "`usd_per_hour` with dates that hold then",
                );
            };
            // A period's price is that of its first moment; prices change at midnight.
            let seconds = Decimal::from((until.as_second() - at.as_second()).unsigned_abs() * used.replicas);
            let hours = (seconds / Decimal::from(3_600)).round_dp(PLACES);
            for (model, share) in shares(hours, &used.models) {
                let cost = money::times(share, usd)
                    .ok_or_else(|| Error::TooLarge { what: format!("the cost of {}", used.machine) })?;
                rows.push(Row {
                    start,
                    end,
                    provider: price.provider.clone(),
                    kind: Kind::Hours,
                    model: Some(model.to_owned()),
                    tenant: used.tenant.clone(),
                    meter: used.machine.clone(),
                    terms: Terms { tier: Tier::Standard, above: 0, valid_from },
                    quantity: share,
                    unit_price: usd,
                    cost,
                });
            }
            at = until;
        }
    }
    Ok(rows)
}

impl HourlyPrice {
    fn at(&self, machine: &str, at: Timestamp) -> Option<(&Self, Timestamp, Decimal)> {
        let midnight = |date: Date| date.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp());
        let from = midnight(self.valid_from)?;
        let until = self.valid_until.and_then(midnight);
        let holds = self.machine == machine && from <= at && until.is_none_or(|until| at < until);
        holds.then(|| money::parse(&self.usd_per_hour)).flatten().map(|usd| (self, from, usd))
    }
}

/// Hours by weight, in billionths, so that they add up: the largest remainders get what is left.
fn shares(hours: Decimal, weights: &BTreeMap<String, u64>) -> Vec<(&str, Decimal)> {
    let mut scaled = hours;
    scaled.rescale(PLACES);
    let (whole, all) = (scaled.mantissa(), weights.values().map(|weight| i128::from(*weight)).sum::<i128>());
    let mut parts: Vec<(&str, i128, i128)> = weights
        .iter()
        .map(|(model, weight)| (model.as_str(), whole * i128::from(*weight) / all, whole * i128::from(*weight) % all))
        .collect();
    let mut left = whole - parts.iter().map(|(_, part, _)| part).sum::<i128>();
    parts.sort_by(|one, other| other.2.cmp(&one.2).then(one.0.cmp(other.0)));
    for part in &mut parts {
        if left > 0 {
            (part.1, left) = (part.1 + 1, left - 1);
        }
    }
    parts.sort();
    let used = parts.into_iter().filter(|(_, part, _)| *part > 0);
    used.map(|(model, part, _)| (model, Decimal::from_i128_with_scale(part, PLACES).normalize())).collect()
}

#[cfg(test)]
mod tests {
    use super::{PLACES, shares};
    use proptest::prelude::*;
    use rust_decimal::Decimal;

    proptest! {
        #[test]
        fn shares_are_the_whole(weights in proptest::collection::btree_map("[a-f]", 0_u64..1_000_000, 1..6), billionths in 0_i64..1_000_000_000_000) {
            prop_assume!(weights.values().any(|weight| *weight > 0));
            let hours = Decimal::new(billionths, PLACES);
            let sum: Decimal = shares(hours, &weights).iter().map(|(_, share)| share).sum();
            prop_assert_eq!(sum, hours);
        }
    }
}
