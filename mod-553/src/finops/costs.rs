//! Cost tables read again: ours or anybody's in FOCUS columns, CSV or Parquet. Only what budgets, forecasts and reconciliation need is
//! read; a table may have any other column. Credits and corrections are negative costs, and count as such.

use super::error::Error;
use super::focus::PLACES;
use super::money;
use arrow::array::{Array, AsArray};
use arrow::datatypes::{DataType, Decimal128Type, TimeUnit, TimestampMicrosecondType};
use jiff::Timestamp;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use rust_decimal::Decimal;
use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

/// A cost, and what it is of.
#[derive(Clone, Debug, PartialEq)]
pub struct Cost {
    /// The charge period's first moment.
    pub start: Timestamp,
    /// The first moment behind it.
    pub end: Timestamp,
    /// US dollars.
    pub billed: Decimal,
    /// How much was consumed, in `unit`.
    pub quantity: Option<Decimal>,
    /// `Tokens` or `Hours`.
    pub unit: Option<String>,
    /// What was counted.
    pub meter: Option<String>,
    /// By which model, or for it.
    pub model: Option<String>,
    /// For whom.
    pub tenant: Option<String>,
}

/// One line, by column.
type Line = BTreeMap<&'static str, String>;

/// Columns that are looked at, and whether a table must have them.
const COLUMNS: [(&str, bool); 10] = [
    ("BilledCost", true),
    ("BillingCurrency", false),
    ("ChargePeriodStart", true),
    ("ChargePeriodEnd", true),
    ("ConsumedQuantity", false),
    ("ConsumedUnit", false),
    ("SkuMeter", false),
    ("SubAccountId", false),
    ("x_Model", false),
    ("ChargeCategory", false),
];

/// Reads a table; what its name ends in says how.
///
/// # Errors
/// The file, the line and the column of what is no cost.
pub fn read(path: &Path) -> Result<Vec<Cost>, Error> {
    let lines = if path.extension().is_some_and(|ending| ending == "parquet") { parquet(path)? } else { csv(path)? };
    lines.iter().map(|(number, line)| cost(path, *number, line)).collect()
}

fn cost(path: &Path, number: u64, line: &Line) -> Result<Cost, Error> {
    let place = format!("{}:{number}", path.display());
    let text = |name: &str| line.get(name).filter(|text| !text.is_empty()).cloned();
    let refuse = |name: &str, expected: &str| {
        let found = format!("{name} is `{}`", text(name).unwrap_or_default());
        Error::malformed(&place, found, expected)
    };
    let money = |name: &str| text(name).as_deref().and_then(money::parse);
    let time = |name: &str| {
        text(name).and_then(|text| text.parse::<Timestamp>().ok()).ok_or_else(|| refuse(name, "2026-01-31T00:00:00Z"))
    };
    if text("BillingCurrency").is_some_and(|currency| currency != "USD") {
        return Err(refuse("BillingCurrency", "USD; nothing here converts currencies"));
    }
    let (start, end) = (time("ChargePeriodStart")?, time("ChargePeriodEnd")?);
    if end <= start {
        return Err(refuse("ChargePeriodEnd", "a time after ChargePeriodStart"));
    }
    let quantity = match text("ConsumedQuantity") {
        Some(_) => Some(money("ConsumedQuantity").ok_or_else(|| refuse("ConsumedQuantity", "a decimal number"))?),
        None => None,
    };
    Ok(Cost {
        start,
        end,
        billed: money("BilledCost").ok_or_else(|| refuse("BilledCost", "a decimal number"))?,
        quantity,
        unit: text("ConsumedUnit"),
        meter: text("SkuMeter"),
        model: text("x_Model"),
        tenant: text("SubAccountId"),
    })
}

fn csv(path: &Path) -> Result<Vec<(u64, Line)>, Error> {
    let file = File::open(path).map_err(|source| Error::file(path, source))?;
    let broken = |error: csv::Error| {
        let place = error
            .position()
            .map_or_else(|| path.display().to_string(), |at| format!("{}:{}", path.display(), at.line()));
        Error::malformed(place, error.to_string(), "CSV with a header, as many fields in each line")
    };
    let mut reader = csv::Reader::from_reader(file);
    let header = reader.headers().map_err(broken)?.clone();
    let place = |name: &str| header.iter().position(|found| found == name);
    for (name, must) in COLUMNS {
        if must && place(name).is_none() {
            return Err(Error::malformed(
                format!("{}:1", path.display()),
                format!("no column {name}"),
                "the columns of FOCUS",
            ));
        }
    }
    let columns: Vec<_> = COLUMNS.iter().filter_map(|(name, _)| Some((*name, place(name)?))).collect();
    let mut lines = Vec::new();
    for record in reader.records() {
        let record = record.map_err(broken)?;
        let line = columns.iter().map(|(name, at)| (*name, record.get(*at).unwrap_or_default().to_owned())).collect();
        lines.push((record.position().map_or(0, csv::Position::line), line));
    }
    Ok(lines)
}

fn parquet(path: &Path) -> Result<Vec<(u64, Line)>, Error> {
    let refuse = |reason: String| Error::Table { path: path.to_owned(), reason };
    let file = File::open(path).map_err(|source| Error::file(path, source))?;
    let reader = ParquetRecordBatchReaderBuilder::try_new(file);
    let reader = reader.and_then(ParquetRecordBatchReaderBuilder::build).map_err(|error| refuse(error.to_string()))?;
    let mut lines: Vec<(u64, Line)> = Vec::new();
    for batch in reader {
        let batch = batch.map_err(|error| refuse(error.to_string()))?;
        let first = lines.len();
        lines.extend((1..=batch.num_rows()).map(|row| ((first + row) as u64, Line::new())));
        for (name, must) in COLUMNS {
            let Some(column) = batch.column_by_name(name) else {
                if must {
                    return Err(refuse(format!("no column {name}; expected the columns of FOCUS")));
                }
                continue;
            };
            for row in 0..batch.num_rows() {
                if column.is_valid(row) {
                    let text = shown(column, row).ok_or_else(|| {
                        refuse(format!(
                            "{name} is {}; expected text, decimal(38, 18) or microseconds",
                            column.data_type()
                        ))
                    })?;
                    lines[first + row].1.insert(name, text);
                }
            }
        }
    }
    Ok(lines)
}

fn shown(column: &dyn Array, row: usize) -> Option<String> {
    match column.data_type() {
        DataType::Utf8 => Some(column.as_string::<i32>().value(row).to_owned()),
        DataType::Decimal128(_, places) if *places == PLACES => {
            let value = column.as_primitive::<Decimal128Type>().value(row);
            let (mut value, mut scale) = (value, u32::from(PLACES.unsigned_abs()));
            while scale > 0 && value % 10 == 0 {
                (value, scale) = (value / 10, scale - 1);
            }
            Decimal::try_from_i128_with_scale(value, scale).ok().map(|value| value.to_string())
        }
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            let value = column.as_primitive::<TimestampMicrosecondType>().value(row);
            Timestamp::from_microsecond(value).ok().map(|time| time.to_string())
        }
        _ => None,
    }
}
