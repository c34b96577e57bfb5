//! Arrow's file format, as `pyarrow.ipc.new_file` and Feather write it: batches of columns, each widened to one of five types. A stream
//! without a footer is not read: nobody can tell where it breaks off.

use super::foreign::unpanicked;
use super::parquet::{canonical, holds_single_values, kind, shortened};
use super::{Each, Field, Found, Nested, Source};
use crate::validation::error::Error;
use crate::validation::spec::SourceSpec;
use arrow::array::ArrayRef;
use arrow_ipc::reader::{FileReader, read_footer_length};
use arrow_ipc::{Block, root_as_footer};
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::Path;

pub(super) fn open(path: &Path, spec: &SourceSpec) -> Result<Found, Error> {
    let mut file = File::open(path).map_err(Error::io(path))?;
    guarded(spec, || {
        refuse_impossible(&mut file, spec)?;
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

/// Refuses a file whose footer speaks of more bytes than there are, before anybody makes room for them.
fn refuse_impossible(file: &mut File, spec: &SourceSpec) -> Result<(), Error> {
    let mut read = || -> std::io::Result<Option<String>> {
        let bytes = file.metadata()?.len();
        let mut end = [0; 10];
        if bytes < 18 {
            return Ok(Some("it is shorter than any Arrow file".to_owned()));
        }
        file.seek(SeekFrom::End(-10))?;
        file.read_exact(&mut end)?;
        let Ok(length) = read_footer_length(end) else { return Ok(Some("it does not end as one".to_owned())) };
        if length as u64 > bytes - 10 {
            return Ok(Some("its footer is longer than the file".to_owned()));
        }
        let mut footer = vec![0; length];
        file.seek(SeekFrom::End(-10 - length as i64))?;
        file.read_exact(&mut footer)?;
        file.rewind()?;
        let footer = match root_as_footer(&footer) {
            Ok(footer) => footer,
            Err(error) => return Ok(Some(error.to_string())),
        };
        let lies_within = |block: &Block| {
            let parts = [block.offset(), i64::from(block.metaDataLength()), block.bodyLength()];
            let end = parts.into_iter().try_fold(0_u64, |sum, part| sum.checked_add(u64::try_from(part).ok()?));
            end.is_some_and(|end| end <= bytes)
        };
        let blocks = footer.recordBatches().into_iter().chain(footer.dictionaries()).flatten();
        let beyond = blocks.into_iter().any(|block| !lies_within(block));
        Ok(beyond.then(|| "its footer speaks of bytes beyond its end".to_owned()))
    };
    match read() {
        Ok(None) => Ok(()),
        Ok(Some(problem)) => Err(malformed(spec, &problem)),
        Err(error) => Err(malformed(spec, &error)),
    }
}

/// The decoder may panic on a file that lies about itself; that is a malformed file, and no reason to go down.
fn guarded<T>(spec: &SourceSpec, read: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    unpanicked(read).unwrap_or_else(|| Err(malformed(spec, &"its batches contradict its footer")))
}

fn malformed(spec: &SourceSpec, error: &dyn std::fmt::Display) -> Error {
    let found = format!("this is no Arrow file that can be read: {error}");
    Error::data(&spec.path, found, "write it again as a file, uncompressed, or as Parquet")
}
