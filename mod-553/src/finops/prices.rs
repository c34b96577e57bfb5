//! The dated price map: what a token cost, and when. Each entry has the shape of LiteLLM's map (`input_cost_per_token`,
//! `cache_read_input_token_cost_above_200k_tokens_batches`: US dollars a token) and the dates between which it held, so that last
//! month's usage keeps last month's price. Numbers are read as they are written, digit by digit.
//!
//! The tempting wrong choice is to ask the provider's current list: a price cut then changes the past, and no bill reconciles.

use super::error::Error;
use super::money;
use super::usage::{Meter, Tier};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use rust_decimal::Decimal;
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;
use std::path::Path;

/// Prices by model, each with the dates between which it held.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PriceMap {
    /// Where the prices come from, and when they were fetched.
    pub source: String,
    entries: BTreeMap<String, Vec<Entry>>,
}

/// What a model cost between two dates.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Only at this provider, in OpenTelemetry's words; at any, when absent.
    pub provider: Option<String>,
    /// Who sells it where a call does not say.
    pub seller: String,
    /// The first moment at which it holds.
    pub valid_from: Timestamp,
    /// The first moment at which it does not any more; still holds, when absent.
    pub valid_until: Option<Timestamp>,
    /// By meter and tier: prices by the number of input tokens that a call must exceed.
    prices: BTreeMap<(Meter, Tier), BTreeMap<u64, Decimal>>,
}

/// A price, and what it belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Price {
    /// US dollars a token.
    pub usd: Decimal,
    /// For calls with more input tokens than this.
    pub above: u64,
}

impl Entry {
    /// The price of a token at this meter for a call of this tier with so many input tokens: of those that the map has, the one with
    /// the largest threshold that the call exceeds. Exactly at the threshold is not above it. A part without a price of its own in this
    /// tier costs what its whole costs.
    ///
    /// # Errors
    /// The key that the map should have.
    pub fn price(&self, meter: Meter, tier: Tier, input_tokens: u64) -> Result<Price, String> {
        let own = |meter: Meter| {
            let prices = self.prices.get(&(meter, tier))?;
            let fits = prices.iter().rev().find(|(above, _)| **above == 0 || **above < input_tokens);
            fits.map(|(above, usd)| Price { usd: *usd, above: *above })
        };
        own(meter).or_else(|| own(meter.whole())).ok_or_else(|| key(meter.whole(), tier))
    }

    /// Whether a call's length changes its price, so that totals alone cannot be priced.
    pub fn depends_on_length(&self) -> bool {
        self.prices.values().any(|prices| prices.keys().any(|above| *above > 0))
    }
}

impl PriceMap {
    /// Reads a map.
    ///
    /// # Errors
    /// The file, and what is wrong in it: a price that is no number, dates that overlap, a model without any price.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let text = std::fs::read_to_string(path).map_err(|source| Error::file(path, source))?;
        Self::parse(&path.display().to_string(), &text)
    }

    /// Reads a text; `place` is what mistakes call it.
    ///
    /// # Errors
    /// As for [`Self::read`].
    pub fn parse(place: &str, text: &str) -> Result<Self, Error> {
        let file: File = super::yaml::parse(place, text)?;
        let mut entries: BTreeMap<String, Vec<Entry>> = BTreeMap::new();
        for read in file.prices {
            let EntryFile { model, entry } = read;
            if model.is_empty() {
                return Err(Error::malformed(place, "a price without `model`", "the model's name"));
            }
            if !entry.prices.contains_key(&(Meter::Input, Tier::Standard)) {
                return Err(Error::malformed(place, format!("no price of {model}"), "`input_cost_per_token`"));
            }
            if entry.valid_until.is_some_and(|until| until <= entry.valid_from) {
                let found = format!("a price of {model} that ends before it begins");
                return Err(Error::malformed(place, found, "`valid_until` after `valid_from`"));
            }
            let others = entries.entry(model.clone()).or_default();
            if let Some(other) = others.iter().find(|other| overlap(other, &entry)) {
                let found = format!("two prices of {model} from {} and from {}", other.valid_from, entry.valid_from);
                return Err(Error::malformed(place, found, "`valid_until` of the first where the second begins"));
            }
            others.push(entry);
        }
        Ok(Self { source: file.source, entries })
    }

    /// What held for this model at this time: at this provider, or at any.
    ///
    /// # Errors
    /// What is missing, in words.
    pub fn at(&self, model: &str, provider: Option<&str>, at: Timestamp) -> Result<&Entry, String> {
        let Some(entries) = self.entries.get(model) else { return Err(format!("the price map has no {model}")) };
        let holds = |entry: &&Entry| entry.valid_from <= at && entry.valid_until.is_none_or(|until| at < until);
        let mine = entries.iter().filter(|entry| entry.provider.is_some() && entry.provider.as_deref() == provider);
        let anywhere = entries.iter().filter(|entry| entry.provider.is_none());
        mine.chain(anywhere).find(holds).ok_or_else(|| {
            let provider = provider.unwrap_or("any provider");
            format!("the price map has {model}, but no price of it at {provider} for {at}")
        })
    }

    /// Models that have a price.
    pub fn models(&self) -> impl Iterator<Item = &str> {
        self.entries.keys().map(String::as_str)
    }
}

fn overlap(one: &Entry, other: &Entry) -> bool {
    let begins_before_end = |one: &Entry, other: &Entry| other.valid_until.is_none_or(|until| one.valid_from < until);
    one.provider == other.provider && begins_before_end(one, other) && begins_before_end(other, one)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    source: String,
    prices: Vec<EntryFile>,
}

struct EntryFile {
    model: String,
    entry: Entry,
}

impl<'de> Deserialize<'de> for EntryFile {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EntryVisitor)
    }
}

struct EntryVisitor;

impl<'de> Visitor<'de> for EntryVisitor {
    type Value = EntryFile;

    fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("a model, the dates between which its prices hold, and prices in US dollars a token")
    }

    /// Keys that are no price of tokens (images, context lengths) are LiteLLM's, and not for us.
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<EntryFile, A::Error> {
        use serde::de::Error as _;
        let (mut model, mut seller, mut provider, mut from, mut until) = (String::new(), None, None, None, None);
        let mut prices: BTreeMap<(Meter, Tier), BTreeMap<u64, Decimal>> = BTreeMap::new();
        while let Some(name) = map.next_key::<String>()? {
            match name.as_str() {
                "model" => model = map.next_value()?,
                "provider" => provider = map.next_value::<Option<String>>()?,
                "litellm_provider" => seller = map.next_value::<Option<String>>()?,
                "valid_from" => from = Some(map.next_value::<String>()?),
                "valid_until" => until = map.next_value::<Option<String>>()?,
                _ => match meaning(&name) {
                    Some((meter, tier, above)) => {
                        let text: String = map.next_value()?;
                        let usd = money::parse(&text).filter(|usd| !usd.is_sign_negative());
                        let usd = usd.ok_or_else(|| {
                            A::Error::custom(format!("{name} of {model} is {text}; expected US dollars"))
                        })?;
                        prices.entry((meter, tier)).or_default().insert(above, usd);
                    }
                    None => drop(map.next_value::<IgnoredAny>()?),
                },
            }
        }
        let moment = |text: String| {
            moment(&text)
                .ok_or_else(|| A::Error::custom(format!("`{text}` of {model} is no date; expected 2026-01-31")))
        };
        let from =
            from.ok_or_else(|| A::Error::custom(format!("{model} has no `valid_from`; since when did it cost that?")))?;
        let seller = provider.clone().or(seller);
        let seller = seller.ok_or_else(|| {
            A::Error::custom(format!("{model} has neither `provider` nor `litellm_provider`; who sells it?"))
        })?;
        let entry =
            Entry { provider, seller, valid_from: moment(from)?, valid_until: until.map(moment).transpose()?, prices };
        Ok(EntryFile { model, entry })
    }
}

/// A date begins at midnight in UTC.
fn moment(text: &str) -> Option<Timestamp> {
    let date = |date: Date| date.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp());
    text.parse().ok().or_else(|| text.parse().ok().and_then(date))
}

/// LiteLLM's keys, and what they are prices of.
const FAMILIES: [(&str, Meter); 5] = [
    ("input_cost_per_token", Meter::Input),
    ("cache_read_input_token_cost", Meter::CacheRead),
    ("cache_creation_input_token_cost", Meter::CacheCreation),
    ("output_cost_per_token", Meter::Output),
    ("output_cost_per_reasoning_token", Meter::Reasoning),
];

/// Which meter and tier a key prices, and above how many input tokens.
fn meaning(key: &str) -> Option<(Meter, Tier, u64)> {
    let (meter, mut rest) = FAMILIES.iter().find_map(|(name, meter)| Some((*meter, key.strip_prefix(name)?)))?;
    let mut above = 0;
    if let Some(tail) = rest.strip_prefix("_above_") {
        let (thousands, tail) = tail.split_once("k_tokens")?;
        (above, rest) = (thousands.parse::<u64>().ok()?.checked_mul(1_000)?, tail);
    }
    let tier = if rest.is_empty() { Tier::Standard } else { Tier::of(rest.strip_prefix('_')?)? };
    Some((meter, tier, above))
}

fn key(meter: Meter, tier: Tier) -> String {
    let name = FAMILIES.iter().find(|(_, found)| *found == meter).map_or("?", |(name, _)| name);
    if tier == Tier::Standard { format!("`{name}`") } else { format!("`{name}_{}`", tier.word()) }
}

#[cfg(test)]
mod tests {
    use super::{PriceMap, meaning};
    use crate::finops::usage::{Meter, Tier};

    const MAP: &str = r#"{"source": "made up", "prices": [
        {"model": "m", "litellm_provider": "p", "valid_from": "2026-01-01", "valid_until": "2026-03-01", "input_cost_per_token": 1e-06, "output_cost_per_token": 2e-06},
        {"model": "m", "litellm_provider": "p", "valid_from": "2026-03-01", "input_cost_per_token": 1.25e-06, "input_cost_per_token_above_200k_tokens": 2.5e-06,
         "input_cost_per_token_batches": 6.25e-07, "output_cost_per_token": 1e-05, "cache_read_input_token_cost": 1.25e-07,
         "max_tokens": 8192, "search_context_cost_per_query": {"low": 0.03}}]}"#;

    fn price(at: &str, meter: Meter, tier: Tier, input: u64) -> Result<String, String> {
        let map = PriceMap::parse("map", MAP).unwrap();
        map.at("m", None, at.parse().unwrap())
            .and_then(|entry| entry.price(meter, tier, input))
            .map(|price| price.usd.to_string())
    }

    #[test]
    fn the_price_is_that_of_the_day() {
        let of = |at: &str| price(at, Meter::Input, Tier::Standard, 1);
        assert_eq!(of("2026-02-28T23:59:59.999Z").unwrap(), "0.000001");
        assert_eq!(of("2026-03-01T00:00:00Z").unwrap(), "0.00000125");
        assert!(of("2025-12-31T23:59:59Z").unwrap_err().contains("no price of it"));
    }

    #[test]
    fn exactly_two_hundred_thousand_is_not_above() {
        let of = |input| price("2026-04-01T00:00:00Z", Meter::Input, Tier::Standard, input).unwrap();
        assert_eq!(
            [of(0), of(199_999), of(200_000), of(200_001)],
            ["0.00000125", "0.00000125", "0.00000125", "0.0000025"]
        );
    }

    #[test]
    fn a_part_without_a_price_costs_what_its_whole_costs() {
        let of = |meter, tier| price("2026-04-01T00:00:00Z", meter, tier, 10);
        assert_eq!(of(Meter::CacheRead, Tier::Standard).unwrap(), "0.000000125");
        assert_eq!(of(Meter::CacheRead, Tier::Batches).unwrap(), "0.000000625");
        assert_eq!(of(Meter::Reasoning, Tier::Standard).unwrap(), "0.00001");
        assert_eq!(of(Meter::Output, Tier::Batches).unwrap_err(), "`output_cost_per_token_batches`");
    }

    #[test]
    fn dates_that_overlap_and_prices_that_are_none_are_refused() {
        let check = |from: &str, to: &str, expected: &str| {
            let error = PriceMap::parse("map", &MAP.replace(from, to)).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        };
        check("\"valid_until\": \"2026-03-01\"", "\"valid_until\": \"2026-03-02\"", "two prices of m");
        check("2e-06", "\"two\"", "expected US dollars");
        check("2e-06", "-2e-06", "expected US dollars");
        check("\"valid_from\": \"2026-01-01\", ", "", "no `valid_from`");
        check("\"2026-01-01\"", "\"soon\"", "is no date");
    }

    #[test]
    fn keys_of_others_are_not_ours() {
        assert_eq!(meaning("cache_creation_input_token_cost_above_1hr"), None);
        assert_eq!(
            meaning("input_cost_per_token_above_272k_tokens_priority"),
            Some((Meter::Input, Tier::Priority, 272_000))
        );
        assert_eq!(meaning("input_cost_per_audio_token"), None);
    }
}
