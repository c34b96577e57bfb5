//! For whoever looks every hour: thirty looks at 5 % alarm falsely with a chance of 0.7. With `policy.looks: repeated` each column has a
//! watch, a bet against "no drift" that grows only when the values keep surprising; e-BH then holds over all looks and all columns.
//!
//! A watch sees the first few hundred values of each window, in the order of their arrival: which ones come first does not depend on what
//! they are. Of categories it sees how frequent each was in the reference.

use crate::decision::{Looks, Watch};
use crate::drift::spec::Spec;
use crate::inference_log::{FEATURE, Record, Value};
use crate::profile::{Frequent, Profile, Values};
use std::collections::{BTreeMap, HashMap};

/// Values of a window that a watch sees.
const SEEN_A_WINDOW: usize = 300;
/// Values of the reference that it keeps.
const KEPT_OF_REFERENCE: usize = 1_000;
/// Ties are broken by a fixed seed: the same records have the same verdict.
const SEED: u64 = 553;

/// How a column's values are seen by its watch.
#[derive(Clone, Debug)]
pub(super) enum Seen {
    /// As they are.
    Numbers,
    /// By their place among the reference's categories, the most frequent first.
    Categories(HashMap<String, f64>),
}

/// The features that are watched; none, when the spec looks once.
pub(super) fn seen(spec: &Spec, reference: &Profile) -> BTreeMap<String, Seen> {
    if spec.policy.looks != Looks::Repeated {
        return BTreeMap::new();
    }
    let features = reference.columns.iter().filter(|(name, _)| name.starts_with(FEATURE));
    let seen = |values: &Values| match values {
        Values::Numbers(_) => Seen::Numbers,
        Values::Categories(categories) => {
            let places = categories.frequent().into_iter().enumerate();
            Seen::Categories(places.map(|(place, it)| (it.category, place as f64)).collect())
        }
    };
    features.map(|(name, column)| (name.clone(), seen(&column.values))).collect()
}

/// A watch that has not looked yet.
pub(super) fn watch(reference: &Values) -> Watch {
    let kept = match reference {
        Values::Numbers(numbers) => numbers.stand_ins(KEPT_OF_REFERENCE),
        Values::Categories(categories) => {
            let each = KEPT_OF_REFERENCE as f64 / categories.count().max(1) as f64;
            let frequent = categories.frequent().into_iter().enumerate();
            let repeat = |(place, it): (usize, Frequent)| {
                std::iter::repeat_n(place as f64, (it.count as f64 * each).round() as usize)
            };
            frequent.flat_map(repeat).collect()
        }
    };
    Watch::new(&kept, SEED)
}

/// The first values of a window, by column.
pub(super) type Arrived = BTreeMap<String, Vec<f64>>;

/// Keeps a record's values while there is room.
pub(super) fn keep(arrived: &mut Arrived, seen: &BTreeMap<String, Seen>, record: &Record) {
    for (name, seen) in seen {
        let value = name.strip_prefix(FEATURE).and_then(|name| record.features.get(name));
        let kept = arrived.entry(name.clone()).or_default();
        if kept.len() < SEEN_A_WINDOW {
            kept.extend(value.and_then(|value| number(seen, value)));
        }
    }
}

fn number(seen: &Seen, value: &Value) -> Option<f64> {
    // A category that the reference does not have is rarer than all of them.
    let place = |places: &HashMap<String, f64>, word: &str| places.get(word).copied().unwrap_or(f64::from(u32::MAX));
    match (seen, value) {
        (Seen::Numbers, Value::Number(number)) if number.is_finite() => Some(*number),
        (Seen::Categories(places), Value::Text(word)) => Some(place(places, word)),
        (Seen::Categories(places), Value::Flag(flag)) => Some(place(places, &flag.to_string())),
        (Seen::Categories(places), Value::Number(number)) => Some(place(places, &number.to_string())),
        _ => None,
    }
}
