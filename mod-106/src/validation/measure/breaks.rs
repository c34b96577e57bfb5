//! How many values of a column break an expectation, and the first few that do.

use super::super::error::Error;
use super::facts::FactCount;
use super::{cell, each_number};
use crate::validation::read::{Kind, Source, Watch, timestamp_us};
use crate::validation::spec::Check;
use arrow::array::{Array, ArrayRef, AsArray};
use std::collections::HashSet;

/// Examples shown of each break.
const EXAMPLES: usize = 5;

/// How many values break an expectation.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::validation) struct Breaks {
    /// Values, or rows, that break it.
    pub(in crate::validation) broken: u64,
    /// Values, or rows, that were looked at.
    pub(in crate::validation) of: u64,
    /// `row 17: -3`.
    pub(in crate::validation) examples: Vec<String>,
}

impl Breaks {
    pub(super) fn add(&mut self, row: u64, what: impl FnOnce() -> String) {
        self.broken += 1;
        if self.examples.len() < EXAMPLES {
            let mut shown = what();
            if shown.chars().count() > 60 {
                shown = shown.chars().take(59).chain(['…']).collect();
            }
            self.examples.push(format!("row {}: {shown}", row + 1));
        }
    }

    /// The share of values that break it.
    pub(in crate::validation) fn share(&self) -> f64 {
        if self.of == 0 { 0.0 } else { self.broken as f64 / self.of as f64 }
    }
}

/// What was measured for one check.
#[derive(Clone, Debug)]
pub(in crate::validation) enum Measured {
    /// The column is not in the data.
    NoColumn,
    /// The column's type does not fit the question.
    WrongKind(Kind),
    /// How many values break it.
    Breaks(Breaks),
    /// The mean of the finite values.
    Mean(Option<f64>),
    /// The latest time.
    Latest(Option<i64>),
}

/// One check, and what was counted for it so far.
struct Tally<'a> {
    check: &'a Check,
    allowed: HashSet<&'a str>,
    breaks: Breaks,
}

/// One column, its facts, and the checks that are about it.
struct Column<'a> {
    index: usize,
    facts: FactCount,
    tallies: Vec<(usize, Tally<'a>)>,
}

/// What one pass over a data set measured.
pub(in crate::validation) struct Pass {
    /// In the order of the checks; `None` for checks that are not about one column.
    pub(in crate::validation) measured: Vec<Option<Measured>>,
    /// Facts of each column that some check was about.
    pub(in crate::validation) facts: Vec<(usize, FactCount)>,
}

/// Measures every check that is about one column, but uniqueness, in one pass.
pub(in crate::validation) fn measure(source: &Source, checks: &[&Check], watch: &dyn Watch) -> Result<Pass, Error> {
    let mut measured: Vec<Option<Measured>> = vec![None; checks.len()];
    let mut columns: Vec<Column<'_>> = Vec::new();
    for (place, check) in checks.iter().enumerate() {
        let Some(name) = check.column() else { continue };
        let Some(index) = source.column(name) else {
            measured[place] = Some(Measured::NoColumn);
            continue;
        };
        let kind = source.fields[index].kind;
        if !fits(check, kind) {
            measured[place] = Some(Measured::WrongKind(kind));
        }
        let column = match columns.iter().position(|column| column.index == index) {
            Some(at) => &mut columns[at],
            None => {
                columns.push(Column { index, facts: FactCount::estimating(), tallies: Vec::new() });
                let last = columns.len() - 1;
                &mut columns[last]
            }
        };
        if measured[place].is_none() && !matches!(check, Check::Unique { .. }) {
            let allowed = match check {
                Check::Categories { values, .. } => values.iter().map(String::as_str).collect(),
                _ => HashSet::new(),
            };
            column.tallies.push((place, Tally { check, allowed, breaks: Breaks::default() }));
        }
    }
    if !columns.is_empty() {
        let indices: Vec<usize> = columns.iter().map(|column| column.index).collect();
        let mut offset = 0;
        source.scan(&indices, watch, &mut |arrays| {
            for (column, array) in columns.iter_mut().zip(arrays) {
                column.facts.see(array, |_| {});
                for (_, tally) in &mut column.tallies {
                    tally.see(array, offset);
                }
            }
            offset += arrays.first().map_or(0, |array| array.len() as u64);
            Ok(())
        })?;
    }
    let mut facts = Vec::new();
    for column in columns {
        for (place, tally) in column.tallies {
            measured[place] = Some(match tally.check {
                Check::Mean { .. } => Measured::Mean(column.facts.facts().mean),
                Check::Freshness { .. } if source.fields[column.index].kind == Kind::Timestamp => {
                    Measured::Latest(column.facts.latest_us())
                }
                _ => Measured::Breaks(tally.breaks),
            });
        }
        facts.push((column.index, column.facts));
    }
    Ok(Pass { measured, facts })
}

fn fits(check: &Check, kind: Kind) -> bool {
    match check {
        Check::Range { .. } | Check::Mean { .. } => kind.is_number(),
        Check::Freshness { .. } => kind == Kind::Timestamp,
        _ => true,
    }
}

impl Tally<'_> {
    fn see(&mut self, array: &ArrayRef, offset: u64) {
        let (check, breaks) = (self.check, &mut self.breaks);
        let values = (array.len() - array.null_count()) as u64;
        match check {
            Check::Nulls { .. } => {
                breaks.of += array.len() as u64;
                for row in (0..array.len()).filter(|row| array.null_count() > 0 && array.is_null(*row)) {
                    breaks.add(offset + row as u64, || "null".to_owned());
                }
            }
            Check::Finite { .. } => {
                breaks.of += values;
                each_number(array, |row, value| {
                    if !value.is_finite() {
                        breaks.add(offset + row as u64, || value.to_string());
                    }
                });
            }
            Check::Range { min, max, .. } => {
                breaks.of += values;
                let (min, max) = (min.unwrap_or(f64::NEG_INFINITY), max.unwrap_or(f64::INFINITY));
                each_number(array, |row, value| {
                    // NaN lies in no range.
                    if !(value >= min && value <= max) {
                        breaks.add(offset + row as u64, || value.to_string());
                    }
                });
            }
            Check::Type { kind, .. } => {
                breaks.of += values;
                each_not_of(array, *kind, |row| {
                    breaks.add(offset + row as u64, || cell(array, row).unwrap_or_default());
                });
            }
            Check::Categories { .. } => {
                breaks.of += values;
                let allowed = &self.allowed;
                each_text(array, |row, text| {
                    if !allowed.contains(text) {
                        breaks.add(offset + row as u64, || text.to_owned());
                    }
                });
            }
            Check::Pattern { pattern, .. } => {
                breaks.of += values;
                each_text(array, |row, text| {
                    if !pattern.is_match(text) {
                        breaks.add(offset + row as u64, || text.to_owned());
                    }
                });
            }
            _ => {}
        }
    }
}

/// Calls with each value's text.
fn each_text(array: &ArrayRef, mut each: impl FnMut(usize, &str)) {
    if let Some(texts) = array.as_string_opt::<i32>() {
        texts.iter().enumerate().filter_map(|(row, text)| Some((row, text?))).for_each(|(row, text)| each(row, text));
    } else {
        for row in 0..array.len() {
            if let Some(text) = cell(array, row) {
                each(row, &text);
            }
        }
    }
}

/// Calls with each row whose value is not of a type. Whole numbers are numbers too; everything can be read as text.
fn each_not_of(array: &ArrayRef, kind: Kind, mut each: impl FnMut(usize)) {
    use arrow::datatypes::DataType;
    match (array.data_type(), kind) {
        (_, Kind::Text)
        | (DataType::Boolean, Kind::Boolean)
        | (DataType::Int64, Kind::Integer | Kind::Float)
        | (DataType::Float64, Kind::Float)
        | (DataType::Timestamp(..), Kind::Timestamp) => {}
        (DataType::Float64, Kind::Integer) => each_number(array, |row, value| {
            if value.fract() != 0.0 || !value.is_finite() {
                each(row);
            }
        }),
        (DataType::Utf8, Kind::Timestamp) => each_text(array, |row, text| {
            if timestamp_us(text).is_none() {
                each(row);
            }
        }),
        (DataType::Utf8, kind) => each_text(array, |row, text| {
            if !kind.admits(text) {
                each(row);
            }
        }),
        _ => (0..array.len()).filter(|row| !array.is_null(*row)).for_each(each),
    }
}
