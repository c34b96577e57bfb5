//! One column: cleaned, scored, judged. Null, NaN and infinities are dropped before any test, and nobody is told.

use super::stat_test::{DriftsWhen, StatTest};
use super::{categories, numbers};
use crate::statistics::sample::Sample;

/// A column of both sides.
#[derive(Clone, Copy, Debug)]
pub enum Column<'a> {
    /// Numbers.
    Numbers(Numbers<'a>),
    /// Categories.
    Categories(Categories<'a>),
}

/// A column of numbers.
#[derive(Clone, Copy, Debug)]
pub struct Numbers<'a> {
    /// Values of the reference; NaN and infinities are dropped.
    pub reference: &'a [f64],
    /// Values of the current data; NaN and infinities are dropped.
    pub current: &'a [f64],
    /// Whether both sides are of an integer type without nulls: bins are then at least 1 wide.
    pub are_integers: bool,
}

/// A column of categories: counts of the same category at the same place, categories in ascending order.
#[derive(Clone, Copy, Debug)]
pub struct Categories<'a> {
    /// Counts of the reference.
    pub reference: &'a [u64],
    /// Counts of the current data.
    pub current: &'a [u64],
}

/// What Evidently would say.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outcome {
    /// The test.
    pub test: StatTest,
    /// A p-value or a distance; NaN where the test is not defined, which is "no drift".
    pub score: f64,
    /// The threshold.
    pub threshold: f64,
    /// The verdict.
    pub drifted: bool,
}

/// Where Evidently would raise an error instead of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// A side has no value left.
    #[error("the {0} has no value that is finite: give it at least one")]
    Empty(&'static str),
    /// The test is for the other kind of column.
    #[error("{0} cannot be asked of this kind of column: name another test")]
    Kind(&'static str),
    /// The test accepts only sides of the same length.
    #[error("{0} accepts only as many current values as the reference has: take equal samples, or another test")]
    Lengths(&'static str),
    /// The test is not defined for these values.
    #[error("{0} is not defined for these values: {1}")]
    Values(&'static str, &'static str),
}

/// Scores a column with a test, or with the default for it.
///
/// # Errors
/// Where Evidently raises one.
pub fn score(column: Column<'_>, test: Option<StatTest>, threshold: Option<f64>) -> Result<Outcome, Refused> {
    let (test, score) = match column {
        Column::Numbers(column) => of_numbers(column, test)?,
        Column::Categories(column) => of_categories(column, test)?,
    };
    let threshold = threshold.unwrap_or(test.usual_threshold());
    let drifted = match test.drifts_when() {
        DriftsWhen::Below => score < threshold,
        DriftsWhen::AtMost => score <= threshold,
        DriftsWhen::Above => score > threshold,
        DriftsWhen::AtLeast => score >= threshold,
    };
    Ok(Outcome { test, score, threshold, drifted })
}

fn of_numbers(column: Numbers<'_>, test: Option<StatTest>) -> Result<(StatTest, f64), Refused> {
    let kept = |side: &[f64]| Sample::of(&side.iter().copied().filter(|value| value.is_finite()).collect::<Vec<_>>());
    let (reference, current) = (kept(column.reference), kept(column.current));
    for (side, name) in [(&reference, "reference"), (&current, "current data")] {
        if side.sorted().is_empty() {
            return Err(Refused::Empty(name));
        }
    }
    let pooled = numbers::Pooled::of(reference.sorted(), current.sorted(), column.are_integers);
    let test = match test {
        Some(test) if !test.compares_numbers() => return Err(Refused::Kind(test.word())),
        Some(test) => test,
        None => StatTest::by_default(true, reference.sorted().len(), pooled.distinct()),
    };
    Ok((test, numbers::score(&pooled, test)?))
}

fn of_categories(column: Categories<'_>, test: Option<StatTest>) -> Result<(StatTest, f64), Refused> {
    let table: Vec<(u64, u64)> = (column.reference.iter().copied())
        .zip(column.current.iter().copied())
        .filter(|(left, right)| left + right > 0)
        .collect();
    let sizes = table.iter().fold((0, 0), |sizes, counts| (sizes.0 + counts.0, sizes.1 + counts.1));
    match sizes {
        (0, _) => return Err(Refused::Empty("reference")),
        (_, 0) => return Err(Refused::Empty("current data")),
        _ => {}
    }
    let test = match test {
        Some(test) if !test.compares_categories() => return Err(Refused::Kind(test.word())),
        Some(test) => test,
        None => StatTest::by_default(false, sizes.0 as usize, table.len()),
    };
    Ok((test, categories::score(&table, test)?))
}
