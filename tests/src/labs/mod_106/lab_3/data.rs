//! Tables by seed, as CSV, JSON Lines and Parquet, for this lab and for others that compare data. Numbers are written with all their
//! digits, so that a submission reads what the check has.

use crate::check::Fault;
use arrow::{
    array::{ArrayRef, Float64Array, Int64Array, StringArray, TimestampMicrosecondArray},
    record_batch::RecordBatch,
};
use fastrand::Rng;
use parquet::{arrow::ArrowWriter, basic::Compression, file::properties::WriterProperties};
use serde_json::{Map, Value};
use std::{fmt::Write, sync::Arc};

/// Rows of a row group: several a file, so that whoever reads only the first is found out.
const ROW_GROUP: usize = 64;

/// One value of a table.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cell {
    Nothing,
    Number(f64),
    Whole(i64),
    Text(String),
}

/// Named columns of one length.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    pub(crate) names: Vec<String>,
    pub(crate) columns: Vec<Vec<Cell>>,
}

/// Normally distributed, by Box and Muller.
pub(crate) fn normal(rng: &mut Rng, mean: f64, deviation: f64) -> f64 {
    let (u, v) = (1.0 - rng.f64(), rng.f64());
    mean + deviation * (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()
}

/// A column of normal numbers.
pub(crate) fn normals(rng: &mut Rng, rows: usize, mean: f64, deviation: f64) -> Vec<Cell> {
    (0..rows).map(|_| Cell::Number(normal(rng, mean, deviation))).collect()
}

/// A column of words, each with its share of a hundred.
pub(crate) fn words(rng: &mut Rng, rows: usize, shares: &[(&str, u32)]) -> Vec<Cell> {
    let whole = shares.iter().map(|(_, share)| share).sum();
    let draw = |rng: &mut Rng| {
        let mut left = rng.u32(0..whole);
        let chosen = shares.iter().find(|(_, share)| {
            let here = left < *share;
            left = left.saturating_sub(*share);
            here
        });
        Cell::Text(chosen.map_or("", |(word, _)| word).to_owned())
    };
    (0..rows).map(|_| draw(rng)).collect()
}

impl Table {
    pub(crate) fn with(mut self, name: &str, column: Vec<Cell>) -> Self {
        self.names.push(name.to_owned());
        self.columns.push(column);
        self
    }

    pub(crate) fn rows(&self) -> usize {
        self.columns.first().map_or(0, Vec::len)
    }

    pub(crate) fn column(&mut self, name: &str) -> &mut Vec<Cell> {
        let at = self.names.iter().position(|known| known == name).expect("a check names its own columns");
        &mut self.columns[at]
    }

    pub(crate) fn csv(&self) -> String {
        let mut text = self.names.join(",") + "\n";
        for row in 0..self.rows() {
            for (index, column) in self.columns.iter().enumerate() {
                let comma = if index == 0 { "" } else { "," };
                // Writing to a string cannot fail.
                let _ = match &column[row] {
                    Cell::Nothing => write!(text, "{comma}"),
                    Cell::Number(number) => write!(text, "{comma}{number:?}"),
                    Cell::Whole(number) => write!(text, "{comma}{number}"),
                    Cell::Text(word) => write!(text, "{comma}{word}"),
                };
            }
            text.push('\n');
        }
        text
    }

    pub(crate) fn json_lines(&self) -> String {
        let value = |cell: &Cell| match cell {
            Cell::Nothing => Value::Null,
            Cell::Number(number) => (*number).into(),
            Cell::Whole(number) => (*number).into(),
            Cell::Text(word) => word.clone().into(),
        };
        let line = |row: usize| {
            let fields = self.names.iter().zip(&self.columns).map(|(name, column)| (name.clone(), value(&column[row])));
            Value::Object(fields.collect::<Map<_, _>>()).to_string() + "\n"
        };
        (0..self.rows()).map(line).collect()
    }

    /// Parquet as a warehouse writes it: compressed, several row groups, each column with the type of what it holds.
    pub(crate) fn parquet(&self) -> Result<Vec<u8>, Fault> {
        let broken = |error: &dyn std::fmt::Display| Fault::Harness(format!("a check's table as Parquet: {error}"));
        let columns = self.names.iter().zip(&self.columns).map(|(name, column)| (name, array(column)));
        let batch = RecordBatch::try_from_iter_with_nullable(columns.map(|(name, array)| (name, array, true)));
        let batch = batch.map_err(|error| broken(&error))?;
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_max_row_group_row_count(Some(ROW_GROUP))
            .build();
        let mut bytes = Vec::new();
        let mut writer =
            ArrowWriter::try_new(&mut bytes, batch.schema(), Some(properties)).map_err(|error| broken(&error))?;
        writer.write(&batch).map_err(|error| broken(&error))?;
        writer.close().map_err(|error| broken(&error))?;
        Ok(bytes)
    }
}

/// A column of one type: whole numbers, numbers, times, or text.
fn array(cells: &[Cell]) -> ArrayRef {
    let all = |fits: fn(&Cell) -> bool| cells.iter().all(fits);
    if all(|cell| matches!(cell, Cell::Nothing | Cell::Whole(_))) {
        let whole = |cell: &Cell| if let Cell::Whole(number) = cell { Some(*number) } else { None };
        return Arc::new(cells.iter().map(whole).collect::<Int64Array>());
    }
    if all(|cell| !matches!(cell, Cell::Text(_))) {
        let number = |cell: &Cell| match cell {
            Cell::Number(number) => Some(*number),
            Cell::Whole(number) => Some(*number as f64),
            _ => None,
        };
        return Arc::new(cells.iter().map(number).collect::<Float64Array>());
    }
    if all(|cell| matches!(cell, Cell::Nothing) || time_us(cell).is_some()) {
        return Arc::new(cells.iter().map(time_us).collect::<TimestampMicrosecondArray>().with_timezone("UTC"));
    }
    let text = |cell: &Cell| match cell {
        Cell::Nothing => None,
        Cell::Text(word) => Some(word.clone()),
        Cell::Number(number) => Some(format!("{number:?}")),
        Cell::Whole(number) => Some(number.to_string()),
    };
    Arc::new(cells.iter().map(text).collect::<StringArray>())
}

fn time_us(cell: &Cell) -> Option<i64> {
    let Cell::Text(text) = cell else { return None };
    Some(text.parse::<jiff::Timestamp>().ok()?.as_microsecond())
}
