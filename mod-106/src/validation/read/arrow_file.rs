//! Arrow's file format, as `pyarrow.ipc.new_file` and Feather write it: batches of columns, each widened to one of five types. A stream
//! without a footer is not read: nobody can tell where it breaks off.

use super::parquet::{canonical, holds_single_values, kind, shortened};
use super::{Each, Field, Found, Nested, Source};
use crate::validation::error::Error;
use crate::validation::spec::SourceSpec;
use arrow::array::ArrayRef;
use arrow_ipc::reader::FileReader;
use std::fs::File;
use std::io::BufReader;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

pub(super) fn open(path: &Path, spec: &SourceSpec) -> Result<Found, Error> {
    let file = File::open(path).map_err(Error::io(path))?;
    guarded(spec, || {
        let reader = FileReader::try_new(BufReader::new(file), None).map_err(|error| malformed(spec, &error))?;
        let (mut fields, mut nested) = (Vec::new(), Vec::new());
        for (place, field) in reader.schema().fields().iter().enumerate() {
            let (name, data_type) = (field.name().clone(), field.data_type());
            if holds_single_values(data_type) {
                fields.push(Field { name, kind: kind(data_type) });
            } else {
                nested.push(Nested { name, place, holds: shortened(&data_type.to_string()) });
            }
        }
        let mut rows = 0;
        for batch in reader {
            rows += batch.map_err(|error| malformed(spec, &error))?.num_rows() as u64;
        }
        Ok(Found { fields, nested, rows, parquet: None })
    })
}

pub(super) fn scan(source: &Source, columns: &[usize], each: &mut Each<'_>) -> Result<(), Error> {
    let spec = &source.spec;
    let file = File::open(&source.path).map_err(Error::io(&source.path))?;
    guarded(spec, || {
        let reader = FileReader::try_new(BufReader::new(file), None).map_err(|error| malformed(spec, &error))?;
        let holds = |place: &usize| holds_single_values(reader.schema().field(*place).data_type());
        let roots: Vec<usize> = (0..reader.schema().fields().len()).filter(holds).collect();
        for batch in reader {
            let batch = batch.map_err(|error| malformed(spec, &error))?;
            let arrays = columns.iter().map(|column| {
                canonical(batch.column(roots[*column]), source.fields[*column].kind)
                    .map_err(|error| malformed(spec, &error))
            });
            let arrays = arrays.collect::<Result<Vec<ArrayRef>, Error>>()?;
            each(&arrays, batch.num_rows())?;
        }
        Ok(())
    })
}

/// The decoder may panic on a file that lies about itself; that is a malformed file, and no reason to go down.
fn guarded<T>(spec: &SourceSpec, read: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| Err(malformed(spec, &"its batches contradict its footer")))
}

fn malformed(spec: &SourceSpec, error: &dyn std::fmt::Display) -> Error {
    let found = format!("this is no Arrow file that can be read: {error}");
    Error::data(&spec.path, found, "write it again as a file, uncompressed, or as Parquet")
}
