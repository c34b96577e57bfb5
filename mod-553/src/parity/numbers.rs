//! The scores of a column of numbers.

use super::column::Refused;
use super::stat_test::StatTest;
use super::{bins, categories, kernel};
use crate::statistics::sample::{Sorted, ties};
use crate::statistics::{anderson_darling, cramer_von_mises, distances, energy, epps_singleton, mann_whitney, student};
use mod_106::statistics::{ks, wasserstein};

/// More distinct values of the reference than this are binned; fewer are categories.
const BINNED_FROM: usize = 21;

/// Both sides, and how often each distinct value occurs.
pub(super) struct Pooled<'a> {
    reference: Sorted<'a>,
    current: Sorted<'a>,
    table: Vec<(u64, u64)>,
    first: f64,
    last: f64,
    are_integers: bool,
}

impl<'a> Pooled<'a> {
    pub(super) fn of(reference: Sorted<'a>, current: Sorted<'a>, are_integers: bool) -> Self {
        let table = ties(reference, current).map(|tie| (tie.reference as u64, tie.current as u64)).collect();
        let end = |pick: fn(&[f64]) -> Option<&f64>, choose: fn(f64, f64) -> f64, start: f64| {
            [reference, current]
                .iter()
                .filter_map(|side| pick(side.values()))
                .fold(start, |end, value| choose(end, *value))
        };
        let first = end(<[f64]>::first, f64::min, f64::INFINITY);
        let last = end(<[f64]>::last, f64::max, f64::NEG_INFINITY);
        Self { reference, current, table, first, last, are_integers }
    }

    pub(super) fn distinct(&self) -> usize {
        self.table.len()
    }

    fn shares(&self) -> Result<(Vec<f64>, Vec<f64>), Refused> {
        if self.table.iter().filter(|(left, _)| *left > 0).count() < BINNED_FROM {
            return Ok(categories::shares(&self.table));
        }
        let (m, n) = (self.reference.len(), self.current.len());
        let edges = bins::sturges(self.first, self.last, m + n, self.are_integers)?;
        let share = |side: Sorted<'_>| {
            bins::counts(side, &edges).into_iter().map(|count| count / side.len() as f64).collect::<Vec<_>>()
        };
        Ok((share(self.reference), share(self.current)))
    }
}

/// The score of one test.
pub(super) fn score(pooled: &Pooled<'_>, test: StatTest) -> Result<f64, Refused> {
    let (reference, current) = (pooled.reference, pooled.current);
    let undefined = |why| Refused::Values(test.word(), why);
    match test {
        // Three values have no variance to standardise by: NaN, and so no drift.
        StatTest::Anderson if pooled.distinct() > 1 && reference.len() + current.len() == 3 => Ok(f64::NAN),
        StatTest::Anderson => {
            let found = anderson_darling::two_sample(reference, current, anderson_darling::Variant::Midrank);
            found.map(|test| test.p_value).ok_or(undefined("it needs two distinct values, and four altogether"))
        }
        StatTest::CramerVonMises if overflows(reference.len(), current.len()) => {
            Err(undefined("its counts do not fit the type that it chooses for them"))
        }
        StatTest::CramerVonMises => {
            let found = cramer_von_mises::two_sample(reference, current);
            found.map(|test| test.p_value).ok_or(undefined("it needs two values on each side"))
        }
        StatTest::EppsSingleton if iqr_is_zero(reference, current) => {
            Err(undefined("the interquartile range of both sides together is zero"))
        }
        // Too few values are NaN, and so no drift.
        StatTest::EppsSingleton => {
            Ok(epps_singleton::two_sample(reference, current).map_or(f64::NAN, |found| found.test.p_value))
        }
        StatTest::Ks => Ok(ks::two_sample(reference.values(), current.values()).map_or(f64::NAN, |ks| ks.p_value)),
        StatTest::MannWhitney => {
            use mann_whitney::{Alternative, Precision};
            let found = mann_whitney::two_sample(reference, current, Alternative::Less, Precision::Auto);
            Ok(found.map_or(f64::NAN, |test| test.p_value))
        }
        StatTest::TTest => Ok(student::two_sample(reference, current).map_or(f64::NAN, |test| test.p_value)),
        StatTest::Energy => Ok(energy::distance(reference, current).unwrap_or(f64::NAN)),
        StatTest::Wasserstein => {
            let distance = wasserstein::distance(reference.values(), current.values()).unwrap_or(f64::NAN);
            Ok(distance / deviation(reference).max(0.001))
        }
        StatTest::Mmd => Ok(kernel::p_value(reference.values(), current.values())),
        StatTest::Hellinger => hellinger(pooled),
        StatTest::JensenShannon => pooled.shares().map(|(left, right)| bins::jensen_shannon(&left, &right)),
        StatTest::Psi | StatTest::KlDiv => {
            let (mut left, mut right) = pooled.shares()?;
            bins::fill_zeros(&mut left);
            bins::fill_zeros(&mut right);
            let of = if test == StatTest::Psi { bins::psi } else { distances::kullback_leibler };
            Ok(of(&left, &right))
        }
        // Numbers of few values are compared as categories.
        _ => categories::score(&pooled.table, test),
    }
}

/// Evidently counts orders itself for at most 20 values a side, in the smallest type that holds the larger of two bounds. If that is a whole
/// number, numpy refuses to add to it; if not, it is a float of 16 or 32 bits, and the p-value has three or seven digits.
fn overflows(m: usize, n: usize) -> bool {
    let (few, many) = (m.min(n), m.max(n));
    if many > 20 || few < 2 {
        return false;
    }
    let gcd = (1..=few).rev().find(|divisor| few % divisor == 0 && many % divisor == 0).unwrap_or(1);
    let least_common = (m / gcd * n) as f64;
    let orders: f64 = (1..=few).map(|place| (many + place) as f64 / place as f64).product();
    least_common * least_common * (m + n) as f64 >= orders.round()
}

fn iqr_is_zero(reference: Sorted<'_>, current: Sorted<'_>) -> bool {
    let mut values: Vec<f64> = reference.values().iter().chain(current.values()).copied().collect();
    values.sort_unstable_by(f64::total_cmp);
    let at = |share| mod_106::statistics::order::quantile(&values, share);
    at(0.75) == at(0.25)
}

/// The standard deviation of a side, divided by n.
fn deviation(side: Sorted<'_>) -> f64 {
    let values = side.values();
    let count = values.len() as f64;
    let mean = student::sum(values.iter().copied()) / count;
    (student::sum(values.iter().map(|value| (value - mean).powi(2))) / count).sqrt()
}

/// Of densities in bins that count the distinct values only; all of a column, however few values it has.
fn hellinger(pooled: &Pooled<'_>) -> Result<f64, Refused> {
    let edges = bins::sturges(pooled.first, pooled.last, pooled.distinct(), pooled.are_integers)?;
    let (left, right) = (bins::counts(pooled.reference, &edges), bins::counts(pooled.current, &edges));
    let (m, n) = (left.iter().sum::<f64>(), right.iter().sum::<f64>());
    let width = (edges[edges.len() - 1] - edges[0]) / (edges.len() - 1) as f64;
    let overlap: f64 = (left.iter().zip(&right).zip(edges.windows(2)))
        .map(|((p, q), edge)| {
            let own = edge[1] - edge[0];
            (p / own / m * (q / own / n)).sqrt() * width
        })
        .sum();
    Ok((1.0 - overlap.clamp(0.0, 1.0)).sqrt())
}
