//! Rows against counters: what was charged must be what was counted, model by model and direction by direction. Tokens of calls without
//! a price are counted beside the rows, because they were consumed; every difference is named, however small.

use super::costs::Cost;
use super::counters::Totals;
use super::error::Error;
use super::money;
use super::usage::Meter;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// One model and direction, on both sides.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Line {
    /// The model.
    pub model: String,
    /// `input` (cached included), `cache_read` (a subset of it), or `output` (reasoning included).
    pub tokens: &'static str,
    /// What counters say; absent where they do not know the model.
    pub counted: Option<u64>,
    /// What rows charge.
    pub charged: Decimal,
    /// What was consumed and has no price.
    pub unpriced: Decimal,
    /// Counted less charged and unpriced; zero is agreement.
    pub difference: Decimal,
}

/// What an unpriced call took.
#[derive(Deserialize)]
struct Left {
    model: String,
    input_tokens: u64,
    output_tokens: u64,
}

/// Adds the tokens of a file that `price` wrote beside its rows.
///
/// # Errors
/// The file and line of what is none.
pub fn unpriced(path: &Path) -> Result<BTreeMap<(String, Meter), Decimal>, Error> {
    let text = std::fs::read_to_string(path).map_err(|source| Error::file(path, source))?;
    let mut sums = BTreeMap::new();
    for (number, line) in (1..).zip(text.lines()) {
        let place = format!("{}:{number}", path.display());
        let left: Left = serde_json::from_str(line)
            .map_err(|error| Error::malformed(&place, error.to_string(), "a line that `finops price` wrote"))?;
        for (meter, tokens) in [(Meter::Input, left.input_tokens), (Meter::Output, left.output_tokens)] {
            *sums.entry((left.model.clone(), meter)).or_insert(Decimal::ZERO) += Decimal::from(tokens);
        }
    }
    Ok(sums)
}

/// Compares.
///
/// # Errors
/// [`Error::TooLarge`] where a sum does not fit.
pub fn reconcile(
    costs: &[Cost],
    unpriced: &BTreeMap<(String, Meter), Decimal>,
    totals: &Totals,
) -> Result<Vec<Line>, Error> {
    let mut charged = BTreeMap::<(String, Meter), Decimal>::new();
    for cost in costs.iter().filter(|cost| cost.unit.as_deref() == Some("Tokens")) {
        let (Some(model), Some(quantity)) = (&cost.model, cost.quantity) else { continue };
        let Some(meter) = cost.meter.as_deref().and_then(Meter::of) else { continue };
        // What was read from the cache is part of the input, and a line of its own besides.
        let lines = [Some(meter.whole()), (meter == Meter::CacheRead).then_some(meter)];
        for meter in lines.into_iter().flatten() {
            let sum = charged.entry((model.clone(), meter)).or_default();
            *sum = money::plus(*sum, quantity)
                .ok_or_else(|| Error::TooLarge { what: format!("the tokens of {model}") })?;
        }
    }
    let counted: BTreeMap<(String, Meter), u64> =
        totals.iter().map(|(model, meter, tokens)| ((model.to_owned(), meter), tokens)).collect();
    let knows_cached = counted.keys().any(|(_, meter)| *meter == Meter::CacheRead);
    let all: BTreeSet<_> = charged.keys().chain(unpriced.keys()).chain(counted.keys()).collect();
    // Spans know more about caches than many counters do: without any counter of them there is nothing to compare.
    let all = all.into_iter().filter(|(_, meter)| knows_cached || *meter != Meter::CacheRead);
    let line = |key: &(String, Meter)| {
        let zero = |sums: &BTreeMap<(String, Meter), Decimal>| sums.get(key).copied().unwrap_or_default();
        let (charged, unpriced, counted) = (zero(&charged), zero(unpriced), counted.get(key).copied());
        let difference = money::sum([Decimal::from(counted.unwrap_or(0)), -charged, -unpriced]);
        let difference = difference.ok_or_else(|| Error::TooLarge { what: format!("the tokens of {}", key.0) })?;
        Ok(Line { model: key.0.clone(), tokens: key.1.word(), counted, charged, unpriced, difference })
    };
    all.map(line).collect()
}
