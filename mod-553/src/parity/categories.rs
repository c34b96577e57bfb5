//! The scores of a column of categories, and of numbers that are so few that they count as categories.

use super::column::Refused;
use super::stat_test::StatTest;
use super::{bins, twister};
use crate::statistics::{contingency, distances, fisher, proportions};

/// The score of one test of a table of counts, reference and current, categories in ascending order.
pub(super) fn score(table: &[(u64, u64)], test: StatTest) -> Result<f64, Refused> {
    let (m, n) = sizes(table);
    let floats = |side: fn(&(u64, u64)) -> u64, factor: f64| {
        table.iter().map(|counts| side(counts) as f64 * factor).collect::<Vec<f64>>()
    };
    match test {
        StatTest::ChiSquare => {
            let expected = floats(|counts| counts.0, n as f64 / m as f64);
            Ok(contingency::against_expected(&floats(|counts| counts.1, 1.0), &expected).p_value)
        }
        StatTest::G if m.abs_diff(n) as f64 > m.min(n) as f64 * f64::EPSILON.sqrt() => {
            Err(Refused::Lengths(test.word()))
        }
        StatTest::G => {
            Ok(contingency::g_against_expected(&floats(|counts| counts.1, 1.0), &floats(|counts| counts.0, 1.0))
                .p_value)
        }
        StatTest::FisherExact => fisher(table, m == n),
        StatTest::Z => Ok(z(table, (m, n))),
        StatTest::Tvd => Ok(twister::total_variation_p_value(table)),
        StatTest::Hellinger => {
            let (left, right) = shares(table);
            let overlap: f64 = left.iter().zip(&right).map(|(p, q)| (p * q).sqrt()).sum();
            Ok((1.0 - overlap.clamp(0.0, 1.0)).sqrt())
        }
        StatTest::JensenShannon => {
            let (left, right) = shares(table);
            Ok(bins::jensen_shannon(&left, &right))
        }
        StatTest::Psi | StatTest::KlDiv => {
            let (mut left, mut right) = shares(table);
            bins::fill_zeros(&mut left);
            bins::fill_zeros(&mut right);
            let of = if test == StatTest::Psi { bins::psi } else { distances::kullback_leibler };
            Ok(of(&left, &right))
        }
        _ => Err(Refused::Kind(test.word())),
    }
}

/// Shares of each category on both sides.
pub(super) fn shares(table: &[(u64, u64)]) -> (Vec<f64>, Vec<f64>) {
    let (m, n) = sizes(table);
    table.iter().map(|(left, right)| (*left as f64 / m as f64, *right as f64 / n as f64)).unzip()
}

fn sizes(table: &[(u64, u64)]) -> (u64, u64) {
    table.iter().fold((0, 0), |sizes, counts| (sizes.0 + counts.0, sizes.1 + counts.1))
}

fn fisher(table: &[(u64, u64)], same_length: bool) -> Result<f64, Refused> {
    let word = StatTest::FisherExact.word();
    let kinds = |side: fn(&(u64, u64)) -> u64| table.iter().filter(|counts| side(counts) > 0).count();
    if kinds(|counts| counts.0) > 2 || kinds(|counts| counts.1) > 2 {
        return Err(Refused::Values(word, "a side has more than two categories"));
    }
    if !same_length {
        return Err(Refused::Lengths(word));
    }
    match *table {
        // One category, and a placeholder that nobody has.
        [_] => Ok(1.0),
        [one, other] => Ok(fisher::two_sided([[other.1, one.1], [other.0, one.0]])),
        // Two on each side and three or four together: which of them are counted hangs on the order of a Python set.
        _ => Err(Refused::Values(word, "both sides together have more than two categories")),
    }
}

/// Whether a value is the first category, or any other.
fn z(table: &[(u64, u64)], (m, n): (u64, u64)) -> f64 {
    match table {
        [_] => 1.0,
        [first, ..] => proportions::z((m - first.0, n - first.1), (m, n)).p_value,
        [] => f64::NAN,
    }
}
