//! Parquet: only the columns that are asked for are read and decoded. Types come from the file; each is widened to one of five. Structs,
//! lists, maps and bytes are no single values: such columns are named, and passed over.

use super::foreign::unpanicked;
use super::{BATCH_ROWS, Each, Field, Found, Kind, Nested, Source};
use crate::validation::error::Error;
use crate::validation::spec::SourceSpec;
use arrow::array::ArrayRef;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Schema, TimeUnit};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

/// The file's footer, parsed once.
#[derive(Debug)]
pub(super) struct Metadata {
    footer: ArrowReaderMetadata,
    /// The same, with text read as the dictionaries that it is written with.
    dictionaries: ArrowReaderMetadata,
    /// Of each field, its place in the file.
    roots: Vec<usize>,
}

pub(super) fn open(path: &Path, spec: &SourceSpec) -> Result<Found, Error> {
    let file = File::open(path).map_err(Error::io(path))?;
    let footer = guarded(spec, || {
        ArrowReaderMetadata::load(&file, ArrowReaderOptions::new()).map_err(|error| malformed(spec, &error))
    })?;
    let (mut fields, mut nested, mut roots) = (Vec::new(), Vec::new(), Vec::new());
    for (place, field) in footer.schema().fields().iter().enumerate() {
        let (name, data_type) = (field.name().clone(), field.data_type());
        if holds_single_values(data_type) {
            fields.push(Field { name, kind: kind(data_type) });
            roots.push(place);
        } else {
            nested.push(Nested { name, place, holds: shortened(&data_type.to_string()) });
        }
    }
    let rows = footer.metadata().file_metadata().num_rows().unsigned_abs();
    let dictionaries = with_dictionaries(spec, &footer)?;
    Ok(Found { fields, nested, rows, parquet: Some(Metadata { footer, dictionaries, roots }) })
}

pub(super) fn scan(
    source: &Source,
    metadata: &Metadata,
    dictionaries: bool,
    columns: &[usize],
    each: &mut Each<'_>,
) -> Result<(), Error> {
    let spec = &source.spec;
    let file = File::open(&source.path).map_err(Error::io(&source.path))?;
    guarded(spec, || {
        let footer = if dictionaries { &metadata.dictionaries } else { &metadata.footer };
        let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, footer.clone());
        let roots = columns.iter().map(|column| metadata.roots[*column]);
        let mask = ProjectionMask::roots(builder.parquet_schema(), roots);
        let reader = builder.with_projection(mask).with_batch_size(BATCH_ROWS).build();
        // Projected columns come in the file's order; ours may be another.
        let mut order: Vec<usize> = columns.to_vec();
        order.sort_unstable();
        order.dedup();
        for batch in reader.map_err(|error| malformed(spec, &error))? {
            let batch = batch.map_err(|error| malformed(spec, &error))?;
            let arrays = columns.iter().map(|column| {
                let array = batch.column(order.binary_search(column).unwrap_or_default());
                if dictionaries && *array.data_type() == dictionary() {
                    return Ok(array.clone());
                }
                let field = &source.fields[*column];
                let read = canonical(array, field.kind);
                read.map_err(|error| malformed(spec, &format!("column `{}`: {error}", field.name)))
            });
            let arrays = arrays.collect::<Result<Vec<ArrayRef>, Error>>()?;
            each(&arrays, batch.num_rows())?;
        }
        Ok(())
    })
}

/// The same footer, with text read as dictionaries.
fn with_dictionaries(spec: &SourceSpec, metadata: &ArrowReaderMetadata) -> Result<ArrowReaderMetadata, Error> {
    let fields = metadata.schema().fields().iter().map(|field| match field.data_type() {
        DataType::Utf8 | DataType::LargeUtf8 => Arc::new(field.as_ref().clone().with_data_type(dictionary())),
        _ => field.clone(),
    });
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let options = ArrowReaderOptions::new().with_schema(schema);
    ArrowReaderMetadata::try_new(metadata.metadata().clone(), options).map_err(|error| malformed(spec, &error))
}

fn dictionary() -> DataType {
    DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8))
}

/// The decoder may panic on a file that lies about itself; that is a malformed file, and no reason to go down.
fn guarded<T>(spec: &SourceSpec, read: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    unpanicked(read).unwrap_or_else(|| Err(malformed(spec, &"its pages contradict its footer")))
}

fn malformed(spec: &SourceSpec, error: &dyn std::fmt::Display) -> Error {
    Error::data(&spec.path, format!("this is no Parquet file that can be read: {error}"), "write it again")
}

/// A struct's type lists all that is in it.
pub(super) fn shortened(text: &str) -> String {
    if text.chars().count() > 60 { text.chars().take(59).chain(['…']).collect() } else { text.to_owned() }
}

pub(super) fn holds_single_values(data_type: &DataType) -> bool {
    use DataType as T;
    match data_type {
        T::Dictionary(_, values) => holds_single_values(values),
        T::Binary | T::LargeBinary | T::FixedSizeBinary(_) | T::BinaryView | T::RunEndEncoded(..) => false,
        other => !other.is_nested(),
    }
}

pub(super) fn kind(data_type: &DataType) -> Kind {
    use DataType as T;
    match data_type {
        T::Boolean => Kind::Boolean,
        T::Int8 | T::Int16 | T::Int32 | T::Int64 | T::UInt8 | T::UInt16 | T::UInt32 => Kind::Integer,
        T::UInt64 | T::Float16 | T::Float32 | T::Float64 => Kind::Float,
        T::Decimal32(..) | T::Decimal64(..) | T::Decimal128(..) | T::Decimal256(..) => Kind::Float,
        T::Timestamp(..) | T::Date32 | T::Date64 => Kind::Timestamp,
        T::Dictionary(_, values) => kind(values),
        _ => Kind::Text,
    }
}

pub(super) fn canonical(array: &ArrayRef, kind: Kind) -> Result<ArrayRef, arrow::error::ArrowError> {
    let wanted = match kind {
        Kind::Boolean => DataType::Boolean,
        Kind::Integer => DataType::Int64,
        Kind::Float => DataType::Float64,
        Kind::Text => DataType::Utf8,
        Kind::Timestamp => {
            // A time with a zone is an instant already; only the zone's name is dropped.
            let instant = match array.data_type() {
                DataType::Timestamp(unit, Some(_)) => cast(array, &DataType::Timestamp(*unit, Some("UTC".into())))?,
                _ => array.clone(),
            };
            return cast(&instant, &DataType::Timestamp(TimeUnit::Microsecond, None));
        }
    };
    if *array.data_type() == wanted { Ok(array.clone()) } else { cast(array, &wanted) }
}
