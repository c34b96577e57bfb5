//! Token counters, by model and direction: from OpenTelemetry's histogram and from Prometheus' text form. A counter that falls has
//! begun again, and what it counted before is kept; one that has grown past its old value since cannot be told from one that went on,
//! so scrapes must come more often than restarts. A counter below zero is refused. Next on the data's way: `reconcile.rs`.

use super::error::{Error, Place};
use super::money;
use super::usage::Meter;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// The sum of the histogram, as Prometheus calls it.
const SUM: &str = "gen_ai_client_token_usage_sum";
/// The part of the input that came from a cache.
const CACHED: &str = "gen_ai_cached_input_tokens_total";

/// Totals by model and meter: [`Meter::Input`] and [`Meter::Output`] whole, [`Meter::CacheRead`] a subset of the input.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    sums: BTreeMap<(String, Meter), u64>,
    /// The last value of each series that goes on.
    last: BTreeMap<(String, Meter, String), u64>,
}

impl Totals {
    /// Adds tokens.
    ///
    /// # Errors
    /// More than 2⁶⁴ of them.
    pub fn add(&mut self, model: &str, meter: Meter, tokens: u64, place: &Place) -> Result<(), Error> {
        let sum = self.sums.entry((model.to_owned(), meter)).or_default();
        *sum = sum.checked_add(tokens).ok_or_else(|| {
            Error::malformed(place, format!("more than 2^64 tokens of {model}"), "counters of a shorter period")
        })?;
        Ok(())
    }

    /// Sees the next value of a cumulative series: what it grew by counts, and where it fell it began again at zero.
    ///
    /// # Errors
    /// As for [`Self::add`].
    pub fn observe(&mut self, model: &str, meter: Meter, series: &str, value: u64, place: &Place) -> Result<(), Error> {
        let key = (model.to_owned(), meter, series.to_owned());
        let before = self.last.insert(key, value).unwrap_or(0);
        self.add(model, meter, value.checked_sub(before).unwrap_or(value), place)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Meter, u64)> {
        self.sums.iter().map(|((model, meter), tokens)| (model.as_str(), *meter, *tokens))
    }

    /// Reads scrapes in Prometheus' text form, one file after the other in time.
    ///
    /// # Errors
    /// The file and line of what is no sample.
    pub fn scrape(&mut self, path: &Path) -> Result<(), Error> {
        let text = std::fs::read_to_string(path).map_err(|source| Error::file(path, source))?;
        self.scraped(&path.display().to_string(), &text)
    }

    /// As [`Self::scrape`], of a text.
    ///
    /// # Errors
    /// As for [`Self::scrape`].
    pub fn scraped(&mut self, file: &str, text: &str) -> Result<(), Error> {
        let file: Arc<str> = file.into();
        for (line, text) in (1..).zip(text.lines()) {
            let place = Place { file: file.clone(), line };
            let text = text.trim();
            let Some((name, rest)) = text.split_once('{').filter(|(name, _)| [SUM, CACHED].contains(&name.trim()))
            else {
                continue;
            };
            let refuse = |expected: &str| Error::malformed(&place, text, expected);
            let (labels, value) = labels(rest).ok_or_else(|| refuse("labels in braces and a value"))?;
            let value = value.split_whitespace().next().and_then(money::parse).and_then(count);
            let value = value.ok_or_else(|| refuse("a counter: a whole number, not below zero"))?;
            let model = labels.get("gen_ai_request_model").ok_or_else(|| refuse("the label gen_ai_request_model"))?;
            let meter = match (name.trim(), labels.get("gen_ai_token_type").map(String::as_str)) {
                (CACHED, _) => Meter::CacheRead,
                (_, Some("input")) => Meter::Input,
                (_, Some("output")) => Meter::Output,
                _ => return Err(refuse("gen_ai_token_type input or output")),
            };
            let series = labels.iter().map(|(name, value)| format!("{name}={value:?},")).collect::<String>();
            self.observe(model, meter, &series, value, &place)?;
        }
        Ok(())
    }
}

/// Whole numbers that a double holds exactly.
pub(super) fn exact(value: f64) -> Option<u64> {
    let whole = value >= 0.0 && value.fract() == 0.0 && value <= 9_007_199_254_740_992.0;
    whole.then_some(value as u64)
}

fn count(value: Decimal) -> Option<u64> {
    value.is_integer().then(|| value.to_u64()).flatten()
}

/// `a="b",c="d"} 5` as labels and what follows.
fn labels(text: &str) -> Option<(BTreeMap<String, String>, &str)> {
    let (mut labels, mut rest) = (BTreeMap::new(), text);
    loop {
        rest = rest.trim_start_matches([',', ' ']);
        if let Some(after) = rest.strip_prefix('}') {
            return Some((labels, after));
        }
        let (name, after) = rest.split_once("=\"")?;
        let mut value = String::new();
        let mut letters = after.char_indices();
        let end = loop {
            match letters.next()? {
                (_, '\\') => value.push(match letters.next()?.1 {
                    'n' => '\n',
                    other => other,
                }),
                (at, '"') => break at,
                (_, letter) => value.push(letter),
            }
        };
        labels.insert(name.trim().to_owned(), value);
        rest = &after[end + 1..];
    }
}

#[cfg(test)]
mod tests {
    use super::Totals;
    use crate::finops::usage::Meter;

    fn totals(scrapes: &[&str]) -> Result<Vec<(String, Meter, u64)>, String> {
        let mut totals = Totals::default();
        for text in scrapes {
            totals.scraped("scrape.prom", text).map_err(|error| error.to_string())?;
        }
        Ok(totals.iter().map(|(model, meter, tokens)| (model.to_owned(), meter, tokens)).collect())
    }

    fn sum(value: &str) -> String {
        format!(
            "# TYPE x histogram\ngen_ai_client_token_usage_sum{{gen_ai_request_model=\"a \\\"b\\\"\",gen_ai_token_type=\"input\"}} {value}\n"
        )
    }

    #[test]
    fn a_counter_that_falls_has_begun_again() {
        let found = totals(&[&sum("100"), &sum("150"), &sum("30"), &sum("30")]).unwrap();
        assert_eq!(found, [("a \"b\"".to_owned(), Meter::Input, 180)]);
    }

    #[test]
    fn large_counters_are_exact_and_strange_ones_are_refused() {
        assert_eq!(totals(&[&sum("1e+15 1700000000")]).unwrap()[0].2, 1_000_000_000_000_000);
        for value in ["-1", "1.5", "NaN", ""] {
            assert!(totals(&[&sum(value)]).unwrap_err().starts_with("scrape.prom:2: "), "{value}");
        }
    }
}
