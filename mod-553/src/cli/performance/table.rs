//! Columns of a CSV, Parquet or JSON Lines file as the estimators take them.

use super::super::Ended;
use crate::multivariate::Column;
use anyhow::Result;
use arrow::array::{Array, AsArray};
use arrow::datatypes::{DataType, Float64Type, Int64Type, TimestampMicrosecondType};
use mod_106::validation::read::{Format, Source, Unwatched};
use mod_106::validation::spec::{Encoding, SourceSpec};
use std::collections::BTreeMap;
use std::path::Path;

/// An opened file.
pub(super) struct Table {
    name: String,
    source: Source,
}

impl Table {
    pub(super) fn open(name: &str) -> Result<Self> {
        let Some(format) = Format::of_name(name) else {
            let message = format!("{name}: the ending says nothing; name it .csv, .parquet or .jsonl");
            return Err(Ended { code: 2, message }.into());
        };
        let delimiter = if name.ends_with(".tsv") { b'\t' } else { b',' };
        let spec = SourceSpec {
            path: name.to_owned(),
            format,
            delimiter,
            null_values: vec![String::new()],
            encoding: Encoding::Utf8,
            types: BTreeMap::new(),
        };
        Ok(Self { name: name.to_owned(), source: Source::open(&spec, Path::new(""), &Unwatched)? })
    }

    pub(super) fn has(&self, column: &str) -> bool {
        self.source.column(column).is_some()
    }

    /// A column, whole: numbers (answers of yes or no are 1 and 0), or else text.
    pub(super) fn column(&self, name: &str) -> Result<Column> {
        let Some(index) = self.source.column(name) else {
            let names: Vec<&str> = self.source.fields.iter().map(|field| field.name.as_str()).collect();
            let message = format!("{}: there is no column {name:?}; there are: {}", self.name, names.join(", "));
            return Err(Ended { code: 2, message }.into());
        };
        let (mut numbers, mut texts) = (Vec::new(), Vec::new());
        self.source.scan(&[index], &Unwatched, &mut |arrays| {
            let array = &arrays[0];
            match array.data_type() {
                DataType::Boolean => {
                    numbers.extend(array.as_boolean().iter().map(|value| value.map(|flag| f64::from(u8::from(flag)))));
                }
                DataType::Int64 => {
                    numbers
                        .extend(array.as_primitive::<Int64Type>().iter().map(|value| value.map(|whole| whole as f64)));
                }
                DataType::Float64 => numbers.extend(array.as_primitive::<Float64Type>().iter()),
                DataType::Utf8 => texts.extend(array.as_string::<i32>().iter().map(|text| text.map(str::to_owned))),
                _ => {
                    let times = array.as_primitive::<TimestampMicrosecondType>();
                    numbers.extend(times.iter().map(|value| value.map(|microseconds| microseconds as f64)));
                }
            }
            Ok(())
        })?;
        Ok(if texts.is_empty() { Column::Numbers(numbers) } else { Column::Categories(texts) })
    }

    /// A column of numbers.
    pub(super) fn numbers(&self, name: &str) -> Result<Vec<Option<f64>>> {
        match self.column(name)? {
            Column::Numbers(numbers) => Ok(numbers),
            Column::Categories(_) => {
                let message = format!("{}: column {name:?} holds text, and numbers are needed", self.name);
                Err(Ended { code: 2, message }.into())
            }
        }
    }

    /// A column as words: 1 and 1.0 are `1`.
    pub(super) fn words(&self, name: &str) -> Result<Vec<Option<String>>> {
        Ok(match self.column(name)? {
            Column::Categories(texts) => texts,
            Column::Numbers(numbers) => {
                numbers.into_iter().map(|value| value.map(|number| number.to_string())).collect()
            }
        })
    }
}
