//! Reads a table, Parquet or CSV by its name's ending, into typed Arrow columns.
//!
//! Types are said by whoever reads, not guessed: a customer number with leading zeros must not become a number because one file
//! held only digits. Columns that nobody named are kept as they come. What does not fit is refused with its file, line and column.
//! Next: `as_of.rs`.

use crate::features::definitions::ValueType;
use crate::features::error::Error;
use crate::features::time;
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray, TimestampNanosecondArray};
use arrow::compute::{CastOptions, cast_with_options, concat_batches};
use arrow::csv::ReaderBuilder;
use arrow::csv::reader::Format;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit, TimestampNanosecondType};
use arrow::error::ArrowError;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::fs::File;
use std::io::Seek;
use std::path::Path;
use std::sync::Arc;

/// A column that must be there.
#[derive(Debug, Clone, Copy)]
pub struct Column<'a> {
    /// Its name.
    pub name: &'a str,
    /// What it must hold.
    pub kind: ColumnKind,
}

/// What a column must hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnKind {
    /// A time with a zone, in every row.
    Time,
    /// A value that identifies, in every row.
    Key(ValueType),
    /// A value, or none.
    Value(ValueType),
}

/// The type in which times are kept: nanoseconds, UTC. Its name is an offset, because `UTC` needs a table of zones to be written.
pub(super) fn time_type() -> DataType {
    DataType::Timestamp(TimeUnit::Nanosecond, Some("+00:00".into()))
}

/// The Arrow type of a join key or feature.
pub(super) fn arrow_type(value_type: ValueType) -> DataType {
    match value_type {
        ValueType::Int32 => DataType::Int32,
        ValueType::Int64 => DataType::Int64,
        ValueType::Float32 => DataType::Float32,
        ValueType::Float64 => DataType::Float64,
        ValueType::String => DataType::Utf8,
        ValueType::Bool => DataType::Boolean,
    }
}

/// Reads a whole table; the named columns have their types, the others stay as they came.
///
/// # Errors
/// When the file cannot be read, a column is missing or named twice, or a value does not fit its column.
pub fn read_table(path: &Path, columns: &[Column]) -> Result<RecordBatch, Error> {
    let file = File::open(path).map_err(|reason| Error::file(path, reason))?;
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    let raw = match extension {
        "csv" => read_csv(path, file, columns)?,
        "parquet" => read_parquet(path, file)?,
        _ => return Err(Error::malformed(path.display(), "neither .csv nor .parquet; give a file that ends so")),
    };
    let first_line = if extension == "csv" { 2 } else { 1 };
    let schema = raw.schema();
    let (mut fields, mut arrays) = (schema.fields().to_vec(), raw.columns().to_vec());
    for column in columns {
        let index = schema.index_of(column.name).map_err(|_| missing(path, column.name, &schema))?;
        let place = Place { path, column: column.name, first_line };
        let array = typed(&place, &arrays[index], column.kind)?;
        fields[index] = Arc::new(Field::new(column.name, array.data_type().clone(), true));
        arrays[index] = array;
    }
    let typed = RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays);
    typed.map_err(|error| Error::malformed(path.display(), error.to_string()))
}

/// Where a value stands.
struct Place<'a> {
    path: &'a Path,
    column: &'a str,
    first_line: usize,
}

impl Place<'_> {
    fn error(&self, row: usize, problem: &str) -> Error {
        let word = if self.first_line == 2 { "line" } else { "row" };
        let place = format!("{}, {word} {}, column {:?}", self.path.display(), row + self.first_line, self.column);
        Error::malformed(place, problem)
    }
}

fn missing(path: &Path, column: &str, schema: &Schema) -> Error {
    let found: Vec<_> = schema.fields().iter().map(|field| field.name().as_str()).collect();
    Error::malformed(path.display(), format!("no column {column:?}; found {}", found.join(", ")))
}

fn read_parquet(path: &Path, file: File) -> Result<RecordBatch, Error> {
    let wrong = |error: &dyn std::fmt::Display| Error::malformed(path.display(), format!("not Parquet: {error}"));
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|error| wrong(&error))?;
    let schema = builder.schema().clone();
    let batches: Result<Vec<_>, _> = builder.build().map_err(|error| wrong(&error))?.collect();
    concat_batches(&schema, &batches.map_err(|error| wrong(&error))?).map_err(|error| wrong(&error))
}

fn read_csv(path: &Path, mut file: File, columns: &[Column]) -> Result<RecordBatch, Error> {
    let wrong = |error: ArrowError| {
        let problem = format!("not a regular CSV table: {error}; each line needs as many fields as the header");
        Error::malformed(path.display(), problem)
    };
    let (inferred, _) = Format::default().with_header(true).infer_schema(&file, None).map_err(wrong)?;
    let mut fields = Vec::with_capacity(inferred.fields().len());
    for (index, field) in inferred.fields().iter().enumerate() {
        if inferred.fields()[..index].iter().any(|earlier| earlier.name() == field.name()) {
            return Err(Error::malformed(
                path.display(),
                format!("two columns are named {:?}; rename one", field.name()),
            ));
        }
        // Named columns are read as text and converted below, where the line of a bad value is known.
        let named = columns.iter().any(|column| column.name == field.name());
        let data_type = if named || is_time(field.data_type()) { &DataType::Utf8 } else { field.data_type() };
        fields.push(Field::new(field.name(), data_type.clone(), true));
    }
    let schema: SchemaRef = Arc::new(Schema::new(fields));
    file.rewind().map_err(|reason| Error::file(path, reason))?;
    let reader = ReaderBuilder::new(schema.clone()).with_header(true).with_batch_size(65_536).build(file);
    let batches: Result<Vec<_>, _> = reader.map_err(wrong)?.collect();
    concat_batches(&schema, &batches.map_err(wrong)?).map_err(wrong)
}

/// A time that nobody asked for stays the text it was: reading and writing must not change it.
fn is_time(data_type: &DataType) -> bool {
    data_type.is_temporal()
}

fn typed(place: &Place, array: &ArrayRef, kind: ColumnKind) -> Result<ArrayRef, Error> {
    let (typed, required) = match kind {
        ColumnKind::Time => (times(place, array)?, true),
        ColumnKind::Key(value_type) => (values(place, array, value_type)?, true),
        ColumnKind::Value(value_type) => (values(place, array, value_type)?, false),
    };
    match (0..typed.len()).find(|row| required && typed.is_null(*row)) {
        Some(row) => Err(place.error(row, "empty; each row needs a value here")),
        None => Ok(typed),
    }
}

fn times(place: &Place, array: &ArrayRef) -> Result<ArrayRef, Error> {
    let parsed: TimestampNanosecondArray = match array.data_type() {
        DataType::Utf8 => parse_times(place, array.as_string())?,
        DataType::Timestamp(_, Some(_)) => {
            let cast = cast_with_options(array, &time_type(), &CastOptions { safe: false, ..CastOptions::default() });
            let cast = cast.map_err(|error| place.error(0, &format!("a time is out of range: {error}")))?;
            cast.as_primitive::<TimestampNanosecondType>().clone()
        }
        DataType::Timestamp(_, None) => {
            return Err(place.error(0, "these times have no zone; write them with one (pandas: `tz_localize('UTC')`)"));
        }
        other => return Err(place.error(0, &format!("{other} instead of times; store a timestamp with a time zone"))),
    };
    Ok(Arc::new(parsed.with_timezone("+00:00")))
}

fn parse_times(place: &Place, texts: &StringArray) -> Result<TimestampNanosecondArray, Error> {
    let parse = |(row, text): (usize, Option<&str>)| {
        let text = text.filter(|text| !text.is_empty());
        text.map(|text| time::parse(text).map_err(|problem| place.error(row, &problem))).transpose()
    };
    texts.iter().enumerate().map(parse).collect()
}

fn values(place: &Place, array: &ArrayRef, value_type: ValueType) -> Result<ArrayRef, Error> {
    let wanted = arrow_type(value_type);
    if *array.data_type() == wanted {
        return Ok(array.clone());
    }
    // Safe: what does not convert becomes null, and a null that was none is the value to complain about.
    let cast = cast_with_options(array, &wanted, &CastOptions { safe: true, ..CastOptions::default() });
    let cast = cast.map_err(|_| place.error(0, &format!("{} instead of {value_type:?}", array.data_type())))?;
    let lost = |row: &usize| cast.is_null(*row) && !array.is_null(*row) && !is_empty_text(array, *row);
    match (0..array.len()).find(lost) {
        Some(row) => {
            let found = arrow::util::display::array_value_to_string(array, row).unwrap_or_default();
            Err(place.error(row, &format!("{found:?} is no {value_type:?}")))
        }
        None => Ok(cast),
    }
}

fn is_empty_text(array: &ArrayRef, row: usize) -> bool {
    array.as_string_opt::<i32>().is_some_and(|texts| texts.value(row).is_empty())
}

#[cfg(test)]
mod tests {
    use super::{Column, ColumnKind, read_table};
    use crate::features::definitions::ValueType;

    const COLUMNS: [Column; 3] = [
        Column { name: "customer_id", kind: ColumnKind::Key(ValueType::Int64) },
        Column { name: "event_timestamp", kind: ColumnKind::Time },
        Column { name: "amount", kind: ColumnKind::Value(ValueType::Float64) },
    ];

    fn read(text: &[u8]) -> Result<usize, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows.csv");
        std::fs::write(&path, text).unwrap();
        let place = folder.path().display().to_string();
        let read = read_table(&path, &COLUMNS).map(|table| table.num_rows());
        read.map_err(|error| error.to_string().replace(&place, ""))
    }

    #[test]
    fn bad_tables_are_named_by_line_and_column() {
        fn check(text: &[u8], expected: &str) {
            let found = read(text).unwrap_err();
            assert!(found.contains(expected), "{:?}: {found}", String::from_utf8_lossy(text));
        }
        let good = b"customer_id,event_timestamp,amount\n1,2026-01-01T00:00:00Z,\n2,2026-01-01T00:00:00+02:00,2.5\n";
        assert_eq!(read(good), Ok(2));
        assert_eq!(read(b"customer_id,event_timestamp,amount\n"), Ok(0));
        check(b"customer_id,event_timestamp,amount\n1,2026-01-01T00:00:00Z\n", "as many fields as the header");
        check(b"customer_id,event_timestamp,amount\n1,2026-01-01T00:00:00,1\n", "line 2, column \"event_timestamp\"");
        check(b"customer_id,event_timestamp,amount\n1,2026-01-01T00:00:00,1\n", "has no zone");
        check(b"customer_id,event_timestamp,amount\n1,,1\n", "each row needs a value");
        check(b"customer_id,event_timestamp,amount\n,2026-01-01T00:00:00Z,1\n", "each row needs a value");
        check(b"customer_id,event_timestamp,amount\n1,2026-01-01T00:00:00Z,much\n", "\"much\" is no Float64");
        check(b"customer_id,event_timestamp,amount\nx,2026-01-01T00:00:00Z,1\n", "\"x\" is no Int64");
        check(b"customer_id,amount\n1,1\n", "no column \"event_timestamp\"; found customer_id, amount");
        check(b"customer_id,customer_id,amount\n1,1,1\n", "two columns are named \"customer_id\"");
        check(b"customer_id,event_timestamp,amount\n1,2026-01-01T00:00:00Z,\xff\n", "rows.csv");
        check(b"", "no column");
    }
}
