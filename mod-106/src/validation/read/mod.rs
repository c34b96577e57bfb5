//! Data sets as streams of columns: CSV, Parquet, Arrow and JSON Lines behind one type. A file is opened once, which finds its columns, their
//! types and its rows; then it is scanned as often as needed, a batch and some columns at a time, so memory does not grow with it.
//!
//! | File | What it reads |
//! |---|---|
//! | `arrow_file` | Arrow's file format |
//! | `csv` | separated values, with the line and column of whatever is wrong |
//! | `json_lines` | one object a line |
//! | `parquet` | Parquet, only the columns asked for |
//! | `foreign` | decoders that may panic on broken files |
//! | `columns` | which columns there are, and those that hold no single values |
//! | `kind` | what type a column of text has, and text into typed columns |
//!
//! Every scan hands out arrays of five shapes only: Boolean, Int64, Float64, Utf8, Timestamp (µs). Who counts categories asks for text as
//! dictionaries, where the file has them.

mod arrow_file;
mod columns;
mod csv;
pub mod foreign;
mod json_lines;
mod kind;
mod parquet;

pub use columns::{Field, Nested};
pub use kind::{Kind, timestamp_us};

use super::error::{Error, nearest};
use super::spec::SourceSpec;
use crate::digest::hex;
use arrow::array::ArrayRef;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

/// How many rows are held at once.
const BATCH_ROWS: usize = 32_768;

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Comma-separated values, RFC 4180.
    Csv,
    /// Apache Parquet.
    Parquet,
    /// Apache Arrow's file format.
    Arrow,
    /// One JSON object a line.
    #[serde(alias = "ndjson")]
    Jsonl,
}

impl Format {
    /// What a name's ending says.
    pub fn of_name(path: &str) -> Option<Self> {
        match Path::new(path).extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "csv" | "tsv" => Some(Self::Csv),
            "parquet" | "pq" => Some(Self::Parquet),
            "arrow" | "feather" | "ipc" => Some(Self::Arrow),
            "jsonl" | "ndjson" => Some(Self::Jsonl),
            _ => None,
        }
    }

    /// The word in specs and reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Parquet => "parquet",
            Self::Arrow => "arrow",
            Self::Jsonl => "jsonl",
        }
    }
}

/// Somebody who watches, and may ask to stop.
pub trait Watch {
    /// What is being done, and how many rows of it are done.
    fn at(&self, what: &str, rows: u64);
    /// Whether to stop.
    fn stopped(&self) -> bool;
}

/// Nobody watches.
#[derive(Clone, Copy, Debug)]
pub struct Unwatched;

impl Watch for Unwatched {
    fn at(&self, _what: &str, _rows: u64) {}
    fn stopped(&self) -> bool {
        false
    }
}

/// An opened data set.
#[derive(Debug)]
pub struct Source {
    /// As the spec gives it.
    pub given: String,
    /// Where it is.
    pub path: PathBuf,
    /// How it is written, and what it holds.
    pub spec: SourceSpec,
    /// Its columns of single values.
    pub fields: Vec<Field>,
    /// Its other columns.
    pub nested: Vec<Nested>,
    /// How many rows it has.
    pub rows: u64,
    /// The file's size.
    pub bytes: u64,
    /// `sha256:<hex>` of the file's bytes.
    pub digest: String,
    places: HashMap<String, usize>,
    parquet: Option<parquet::Metadata>,
}

/// What opening a file finds.
struct Found {
    fields: Vec<Field>,
    nested: Vec<Nested>,
    rows: u64,
    parquet: Option<parquet::Metadata>,
}

impl Source {
    /// Opens a data set; text formats are read once to know their columns' types from every row, not from the first few.
    ///
    /// # Errors
    /// The file and the place where it is not what it should be.
    pub fn open(spec: &SourceSpec, folder: &Path, watch: &dyn Watch) -> Result<Self, Error> {
        let path = folder.join(&spec.path);
        let bytes = size(spec, &path)?;
        let digest = digest(&path, watch)?;
        let found = match spec.format {
            Format::Csv => csv::open(&path, spec, watch)?,
            Format::Jsonl => json_lines::open(&path, spec, watch)?,
            Format::Parquet => parquet::open(&path, spec)?,
            Format::Arrow => arrow_file::open(&path, spec)?,
        };
        let Found { fields, nested, rows, parquet } = found;
        let places = columns::by_name(spec, &fields, &nested)?;
        let given = spec.path.clone();
        Ok(Self { given, path, spec: spec.clone(), fields, nested, rows, bytes, digest, places, parquet })
    }

    /// Where a column of single values is.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.places.get(name).copied()
    }

    /// Whether there is such a column, of whatever type.
    pub fn has(&self, name: &str) -> bool {
        self.places.contains_key(name) || self.nested.iter().any(|nested| nested.name == name)
    }

    /// Refuses a nested column that a spec speaks of, for nothing can be said of its values.
    ///
    /// # Errors
    /// The column, its type, and what to do.
    pub fn refuse_nested(&self, name: &str) -> Result<(), Error> {
        match self.nested.iter().find(|nested| nested.name == name) {
            None => Ok(()),
            Some(nested) => {
                let found = format!("the spec speaks of `{name}`, which holds {}, not single values", nested.holds);
                let advice =
                    "write its parts as columns of their own, or take it out of the spec: it is passed over then";
                Err(Error::data(&self.given, found, advice))
            }
        }
    }

    /// Whether reading one column costs about as much as reading all.
    pub fn is_text(&self) -> bool {
        self.spec.format != Format::Parquet
    }

    /// Streams some columns, in the order asked for, a batch of rows at a time.
    ///
    /// # Errors
    /// What `each` returns, and what is wrong with the file.
    pub fn scan(
        &self,
        columns: &[usize],
        watch: &dyn Watch,
        each: &mut dyn FnMut(&[ArrayRef]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.scan_as(false, columns, watch, each)
    }

    /// As [`scan`](Self::scan); but columns of text may come as `Dictionary(Int32, Utf8)`, which Parquet holds them as: to count categories,
    /// no text needs to be made of a row.
    ///
    /// # Errors
    /// What `each` returns, and what is wrong with the file.
    pub fn scan_dictionaries(
        &self,
        columns: &[usize],
        watch: &dyn Watch,
        each: &mut dyn FnMut(&[ArrayRef]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.scan_as(true, columns, watch, each)
    }

    fn scan_as(
        &self,
        dictionaries: bool,
        columns: &[usize],
        watch: &dyn Watch,
        each: &mut dyn FnMut(&[ArrayRef]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut rows = 0;
        let what = format!("reading {}", self.given);
        let mut watched = |arrays: &[ArrayRef], count: usize| {
            if watch.stopped() {
                return Err(Error::Stopped);
            }
            rows += count as u64;
            watch.at(&what, rows);
            each(arrays)
        };
        match (self.spec.format, &self.parquet) {
            (Format::Csv, _) => csv::scan(self, columns, &mut watched),
            (Format::Jsonl, _) => json_lines::scan(self, columns, &mut watched),
            (Format::Parquet, Some(metadata)) => parquet::scan(self, metadata, dictionaries, columns, &mut watched),
            (Format::Arrow, _) => arrow_file::scan(self, columns, &mut watched),
            (Format::Parquet, None) => Err(Error::data(&self.given, "it was opened as something else", "")),
        }
    }
}

/// What a format's scan calls with each batch: the arrays and how many rows they have.
type Each<'a> = dyn FnMut(&[ArrayRef], usize) -> Result<(), Error> + 'a;

/// The size of a file that is there and holds something.
fn size(spec: &SourceSpec, path: &Path) -> Result<u64, Error> {
    match std::fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => Err(Error::data(
            &spec.path,
            "this is a folder, not a file",
            "name one file in it: CSV, Parquet or JSON Lines",
        )),
        Ok(metadata) if metadata.len() == 0 => {
            Err(Error::data(&spec.path, "the file is empty", "write at least its header"))
        }
        Ok(metadata) => Ok(metadata.len()),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            let beside = std::fs::read_dir(folder).into_iter().flatten().flatten();
            let names: Vec<String> = beside.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
            let name = Path::new(&spec.path).file_name().unwrap_or_default().to_string_lossy();
            let advice = match nearest(&name, names.iter().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "paths are looked for beside the spec".to_owned(),
            };
            Err(Error::data(&spec.path, format!("there is no such file ({})", path.display()), advice))
        }
        Err(error) => Err(Error::io(path)(error)),
    }
}

fn digest(path: &Path, watch: &dyn Watch) -> Result<String, Error> {
    let mut file = File::open(path).map_err(Error::io(path))?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        if watch.stopped() {
            return Err(Error::Stopped);
        }
        match file.read(&mut buffer).map_err(Error::io(path))? {
            0 => return Ok(format!("sha256:{}", hex(&hasher.finalize()))),
            count => hasher.update(&buffer[..count]),
        }
    }
}

/// Text of a file in the encoding that the spec names; nothing, where UTF-8 breaks off: then how many bytes were good.
fn decode(bytes: &[u8], encoding: super::spec::Encoding) -> Result<std::borrow::Cow<'_, str>, usize> {
    match encoding {
        super::spec::Encoding::Utf8 => std::str::from_utf8(bytes).map(Into::into).map_err(|error| error.valid_up_to()),
        super::spec::Encoding::Latin1 => Ok(bytes.iter().map(|byte| char::from(*byte)).collect::<String>().into()),
    }
}

/// What to do about bytes that are not UTF-8.
const ENCODING_ADVICE: &str = "write `encoding: latin1` in the spec, or convert it: `iconv -f ORIGINAL -t UTF-8`";

/// The mark that UTF-16 files begin with; without it, their every other byte is zero.
fn refuse_utf16(given: &str, start: &[u8]) -> Result<(), Error> {
    if start.starts_with(&[0xFF, 0xFE]) || start.starts_with(&[0xFE, 0xFF]) {
        let advice = "convert it: `iconv -f UTF-16 -t UTF-8`";
        return Err(Error::data(format!("{given}:1:1 (byte 0)"), "this is UTF-16, not UTF-8", advice));
    }
    if let Some(zero) = start.iter().position(|byte| *byte == 0) {
        let advice = "is it UTF-16 without its mark? `iconv -f UTF-16LE -t UTF-8` converts it";
        return Err(Error::data(
            format!("{given}:1 (byte {zero})"),
            "there is a zero byte, which no text holds",
            advice,
        ));
    }
    Ok(())
}
