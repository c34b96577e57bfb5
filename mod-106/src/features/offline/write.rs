//! Writes a table, CSV or Parquet by its name's ending, whole or not at all. The digest is that of the file's bytes, which anybody can compute again with `sha256sum`.
//! Next: `lineage.rs` logs it.

use crate::digest::hex;
use crate::documents::Unfinished;
use crate::features::error::Error;
use arrow::array::RecordBatch;
use arrow::csv::WriterBuilder;
use parquet::arrow::ArrowWriter;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{BufWriter, Read, Write};
use std::path::{Path, PathBuf};

/// A file that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Where.
    pub path: PathBuf,
    /// SHA-256 of its bytes, 64 hexadecimal digits.
    pub sha256: String,
}

/// Writes a table in one step and says its digest. The same table gives the same bytes.
///
/// # Errors
/// When the folder cannot be written, or the name ends neither in `.csv` nor in `.parquet`.
pub fn write_table(path: &Path, table: &RecordBatch) -> Result<Written, Error> {
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    if !matches!(extension, "csv" | "parquet") {
        return Err(Error::malformed(path.display(), "neither .csv nor .parquet; give a name that ends so"));
    }
    let mut beside = Unfinished::begin(path)?;
    let encoded = match extension {
        "csv" => write_csv(beside.file(), table),
        _ => write_parquet(beside.file(), table),
    };
    encoded.map_err(|problem| Error::malformed(path.display(), problem))?;
    let sha256 = digest_of_file(beside.place())?;
    beside.finish()?;
    Ok(Written { path: path.to_owned(), sha256 })
}

fn write_csv(file: &mut File, table: &RecordBatch) -> Result<(), String> {
    let mut buffered = BufWriter::new(file);
    let mut writer = WriterBuilder::new().with_header(true).build(&mut buffered);
    writer.write(table).map_err(|error| error.to_string())?;
    drop(writer);
    buffered.flush().map_err(|error| error.to_string())
}

fn write_parquet(file: &mut File, table: &RecordBatch) -> Result<(), String> {
    let mut writer = ArrowWriter::try_new(file, table.schema(), None).map_err(|error| error.to_string())?;
    writer.write(table).and_then(|()| writer.close()).map(drop).map_err(|error| error.to_string())
}

/// SHA-256 of a file's bytes, 64 hexadecimal digits.
///
/// # Errors
/// When it cannot be read.
pub fn digest_of_file(path: &Path) -> Result<String, Error> {
    let failed = |reason| Error::file(path, reason);
    let (mut file, mut hasher) = (File::open(path).map_err(failed)?, Sha256::new());
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer).map_err(failed)? {
            0 => break,
            read => hasher.update(&buffer[..read]),
        }
    }
    Ok(hex(&hasher.finalize()))
}
