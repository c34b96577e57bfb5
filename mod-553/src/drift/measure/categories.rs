//! Two samples of categories as one table of counts. Categories that are too rare for χ² are counted together, and so are those beyond
//! the number that is asked for: one row of a new level must not make p = 0.

use super::Measured;
use super::numbers::apart;
use super::sample::Sample;
use super::table::{counts, measures};
use mod_106::validation::outcome::{Bin, BinKind};
use std::collections::{HashMap, HashSet};

/// Bars shown of a distribution.
const SHOWN: usize = 20;
/// New categories that are named.
const NAMED: usize = 10;
/// Categories expected fewer times than this are counted together (Cochran 1954).
const LEAST_EXPECTED: f64 = 5.0;

type Counts = HashMap<String, u64>;

/// Compares them.
pub(super) fn compare(
    (reference, left): (&Sample, &Counts),
    (current, right): (&Sample, &Counts),
    most: usize,
) -> Measured {
    let error = reference.error + current.error;
    let table = table((reference.n, left), (current.n, right), most);
    let taken = measures(&table, error);
    let counts = counts(&table);
    let mut distribution = shown(table);
    distribution.extend(apart(reference, current));
    Measured {
        measures: taken,
        n: (reference.n, current.n),
        table: counts,
        error,
        sketch: (error > 0.0).then_some("frequent items"),
        distribution,
        new_categories: new_categories(left, right),
        facts: (reference.facts.clone(), current.facts.clone()),
    }
}

fn table((m, left): (u64, &Counts), (n, right): (u64, &Counts), most: usize) -> Vec<Bin> {
    let names: HashSet<&String> = left.keys().chain(right.keys()).collect();
    let count = |side: &Counts, name: &String| side.get(name).copied().unwrap_or(0);
    let mut rows: Vec<(&String, u64, u64)> =
        names.into_iter().map(|name| (name, count(left, name), count(right, name))).collect();
    rows.sort_unstable_by(|a, b| (b.1 + b.2).cmp(&(a.1 + a.2)).then_with(|| a.0.cmp(b.0)));
    let smaller = if m + n > 0 { m.min(n) as f64 / (m + n) as f64 } else { 0.0 };
    let bin =
        |label: String, kind, reference, current| Bin { label, lower: None, upper: None, kind, reference, current };
    let mut table: Vec<Bin> = (rows.iter().take(most))
        // The first two stay whatever they are: a table of one category compares nothing.
        .enumerate()
        .take_while(|(place, row)| *place < 2 || (row.1 + row.2) as f64 * smaller >= LEAST_EXPECTED)
        .map(|(_, (name, left, right))| bin((*name).clone(), BinKind::Category, *left, *right))
        .collect();
    let left_over = m.saturating_sub(table.iter().map(|bin| bin.reference).sum());
    let right_over = n.saturating_sub(table.iter().map(|bin| bin.current).sum());
    if left_over + right_over > 0 {
        table.push(bin("other".to_owned(), BinKind::Other, left_over, right_over));
    }
    table
}

/// What a person can look at: the most frequent, everything else in one bar.
fn shown(table: Vec<Bin>) -> Vec<Bin> {
    let mut bins: Vec<Bin> = Vec::new();
    let mut rest = (0, 0);
    for bin in table {
        if bin.kind == BinKind::Category && bins.len() < SHOWN {
            bins.push(bin);
        } else {
            rest = (rest.0 + bin.reference, rest.1 + bin.current);
        }
    }
    if rest != (0, 0) {
        let (label, kind) = ("other".to_owned(), BinKind::Other);
        bins.push(Bin { label, lower: None, upper: None, kind, reference: rest.0, current: rest.1 });
    }
    bins
}

fn new_categories(left: &Counts, right: &Counts) -> Vec<String> {
    let mut new: Vec<(&String, &u64)> = right.iter().filter(|(name, _)| !left.contains_key(*name)).collect();
    new.sort_unstable_by(|a, b| b.1.cmp(a.1).then_with(|| a.0.cmp(b.0)));
    new.into_iter().take(NAMED).map(|(name, _)| name.clone()).collect()
}
