//! Evidence of values that follow each other, or the clock. Tests of independent values call every slow wave a drift, and every
//! Monday morning; these exchange what is exchangeable: blocks that lie apart, and the same hour of other weeks.

use super::measure::ARRANGEMENTS;
use super::{Aspect, Evidence, Method, Question};
use crate::statistics::autocorrelation::{self, Blocks};
use crate::statistics::permutation::{self, Distance, Permutation, Unit};
use mod_106::statistics::power;
use std::collections::BTreeMap;

/// Fewer blocks than this on a side cannot be exchanged often enough to mean anything.
const LEAST_BLOCKS: usize = 5;
/// Hours of a week.
pub const HOURS_OF_WEEK: u16 = 168;

/// Compares two series in time order by exchanging blocks that are as good as independent. The effect is D.
pub fn autocorrelated(column: &str, reference: &[f64], current: &[f64], question: &Question, seed: u64) -> Evidence {
    let (left, right) = (autocorrelation::memory(reference), autocorrelation::memory(current));
    let blocks = Blocks::for_memory(left.lag.max(right.lag));
    let present = |values: &[f64]| values.iter().copied().filter(|value| !value.is_nan()).collect::<Vec<_>>();
    let units: Vec<Unit> = [(reference, false), (current, true)]
        .into_iter()
        .flat_map(|(series, is_current)| {
            blocks.of(series).map(move |block| Unit { stratum: 0, is_current, values: present(block) })
        })
        .collect();
    let found = permutation::exchange(&units, Distance::Ks, ARRANGEMENTS, seed);
    let independent = independent_effective(question);
    // Of five blocks a side the effective size is half of their values; gaps say nothing.
    let lost = (blocks.length + blocks.gap) as f64 / blocks.length as f64;
    let least = blocks.values_for(LEAST_BLOCKS) as f64 / if blocks.gap == 0 { f64::INFINITY } else { 1.0 };
    let needed = (independent * left.inflation.max(right.inflation) * lost).max(least);
    let words = if blocks.gap == 0 {
        "permutation of single values".to_owned()
    } else {
        format!("permutation of {} blocks of {}", units.len(), blocks.length)
    };
    let count = |series: &[f64]| series.iter().filter(|value| !value.is_nan()).count() as u64;
    evidence(column, question, words, found, (count(reference), count(current)), needed)
}

/// The values of one hour of one week.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// From Monday 00:00, 0 to 167, in the time zone in which the season lives.
    pub hour_of_week: u16,
    /// Its values; NaN are left out.
    pub values: Vec<f64>,
}

/// Compares each hour of the current window with the same hour of other weeks, all together: hours are exchanged with hours, so that
/// neither the season nor what the values of one hour have in common looks like drift. Hours that the reference does not have say
/// nothing. The effect is D, the reference weighted as the current hours are.
///
/// A whole day that is off (a holiday) moves all its hours together and is called a drift: that is what it is.
pub fn hour_of_week(column: &str, reference: &[Cell], current: &[Cell], question: &Question, seed: u64) -> Evidence {
    let unit = |is_current: bool| {
        move |cell: &Cell| Unit {
            stratum: usize::from(cell.hour_of_week % HOURS_OF_WEEK),
            is_current,
            values: cell.values.iter().copied().filter(|value| !value.is_nan()).collect(),
        }
    };
    let units: Vec<Unit> = reference
        .iter()
        .map(unit(false))
        .chain(current.iter().map(unit(true)))
        .filter(|unit| !unit.values.is_empty())
        .collect();
    let mut strata: BTreeMap<usize, (u64, u64)> = BTreeMap::new();
    for unit in &units {
        let sizes = strata.entry(unit.stratum).or_default();
        *(if unit.is_current { &mut sizes.1 } else { &mut sizes.0 }) += unit.values.len() as u64;
    }
    let shared = strata.values().filter(|(left, right)| *left > 0 && *right > 0);
    let (hours, m, n) = shared.fold((0, 0, 0), |(hours, m, n), (left, right)| (hours + 1, m + left, n + right));
    let found = permutation::exchange(&units, Distance::Ks, ARRANGEMENTS, seed);
    let needed = independent_effective(question) * alike_within(&units);
    evidence(column, question, format!("permutation within {hours} hours of the week"), found, (m, n), needed)
}

/// How many values of one hour are worth one independent value: the variance of the hours' mean ranks within a stratum, over what it
/// would be for independent values (Kish's design effect); 1 where no stratum has two hours on the reference's side.
fn alike_within(units: &[Unit]) -> f64 {
    let mut sorted: Vec<f64> = units.iter().flat_map(|unit| unit.values.iter().copied()).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let rank = |value: f64| {
        let below = sorted.partition_point(|other| *other < value);
        let upto = sorted.partition_point(|other| *other <= value);
        f64::midpoint(below as f64, upto as f64) / sorted.len() as f64
    };
    let mut strata: BTreeMap<usize, Vec<(f64, f64, f64)>> = BTreeMap::new();
    for unit in units.iter().filter(|unit| !unit.is_current) {
        let ranks: Vec<f64> = unit.values.iter().map(|value| rank(*value)).collect();
        let size = ranks.len() as f64;
        let mean = ranks.iter().sum::<f64>() / size;
        let within = ranks.iter().map(|rank| (rank - mean).powi(2)).sum::<f64>();
        strata.entry(unit.stratum).or_default().push((size, mean, within));
    }
    let (mut between, mut between_freedom, mut within, mut within_freedom) = (0.0, 0.0, 0.0, 0.0);
    for cells in strata.values().filter(|cells| cells.len() > 1) {
        let total: f64 = cells.iter().map(|cell| cell.0).sum();
        let mean = cells.iter().map(|cell| cell.0 * cell.1).sum::<f64>() / total;
        between += cells.iter().map(|cell| cell.0 * (cell.1 - mean).powi(2)).sum::<f64>();
        between_freedom += cells.len() as f64 - 1.0;
        within += cells.iter().map(|cell| cell.2).sum::<f64>();
        within_freedom += total - cells.len() as f64;
    }
    if between_freedom < 1.0 || within_freedom < 1.0 || within <= 0.0 {
        return 1.0;
    }
    ((between / between_freedom) / (within / within_freedom)).max(1.0)
}

fn independent_effective(question: &Question) -> f64 {
    power::ks_effective(power::Question {
        significance: question.significance,
        power: question.power,
        effect: question.least_effect,
    })
}

fn evidence(
    column: &str,
    question: &Question,
    test: String,
    found: Option<Permutation>,
    (reference_n, current_n): (u64, u64),
    needed_effective: f64,
) -> Evidence {
    Evidence {
        column: column.to_owned(),
        aspect: Aspect::Values,
        method: Method::Ks,
        test,
        statistic: found.map(|found| found.statistic),
        p_value: found.map(|found| found.p_value),
        e_value: None,
        effect: found.map(|found| found.statistic),
        effect_name: Method::Ks.effect_name().to_owned(),
        least_effect: question.least_effect,
        effect_error: 0.0,
        effect_radius: None,
        reference_n,
        current_n,
        needed_effective,
    }
}
