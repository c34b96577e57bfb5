//! Separated values. The reader is strict where others guess: a row with too few fields, a byte that is not UTF-8 and a header twice
//! are errors that say where they stand. Quotes, a byte-order mark and rows over several lines are read as RFC 4180 says.

use super::kind::{Builder, Guess, not_of_kind};
use super::{BATCH_ROWS, ENCODING_ADVICE, Each, Field, Found, Kind, Source, Watch, decode, refuse_utf16};
use crate::validation::error::{Error, nearest};
use crate::validation::spec::SourceSpec;
use csv::{ByteRecord, Position, Reader, ReaderBuilder};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

pub(super) fn open(path: &Path, spec: &SourceSpec, watch: &dyn Watch) -> Result<Found, Error> {
    let mut records = Records::start(path, spec)?;
    let names = records.names.clone();
    if let Some(name) = spec.types.keys().find(|name| !names.contains(name)) {
        let near = nearest(name, names.iter().map(String::as_str)).map(|near| format!("did you mean `{near}`?"));
        let found = format!("`types` names a column {name:?}, which is not in the header");
        return Err(Error::spec(format!("{}:1", spec.path), found, near.unwrap_or_default()));
    }
    let mut guesses = vec![Guess::default(); names.len()];
    let mut rows = 0;
    let what = format!("looking through {}", spec.path);
    while records.advance()? {
        for (index, guess) in guesses.iter_mut().enumerate() {
            if let Some(text) = records.text(index)? {
                guess.see(&text);
            }
        }
        rows += 1;
        if rows % BATCH_ROWS as u64 == 0 {
            watch.at(&what, rows);
            if watch.stopped() {
                return Err(Error::Stopped);
            }
        }
    }
    let kind = |name: &String, guess: &Guess| spec.types.get(name).copied().unwrap_or_else(|| guess.kind());
    let fields =
        names.iter().zip(&guesses).map(|(name, guess)| Field { name: name.clone(), kind: kind(name, guess) }).collect();
    Ok(Found { fields, nested: Vec::new(), rows, parquet: None })
}

pub(super) fn scan(source: &Source, columns: &[usize], each: &mut Each<'_>) -> Result<(), Error> {
    let mut records = Records::start(&source.path, &source.spec)?;
    let kinds: Vec<Kind> = columns.iter().map(|column| source.fields[*column].kind).collect();
    let mut builders: Vec<Builder> = kinds.iter().map(|kind| Builder::new(*kind)).collect();
    let mut rows = 0;
    loop {
        let more = records.advance()?;
        if rows == BATCH_ROWS || (!more && rows > 0) {
            let arrays: Vec<_> = builders.iter_mut().map(Builder::finish).collect();
            each(&arrays, rows)?;
            rows = 0;
        }
        if !more {
            return Ok(());
        }
        for (column, builder) in columns.iter().zip(&mut builders) {
            let text = records.text(*column)?;
            builder.push(text.as_deref()).map_err(|kind| {
                not_of_kind(records.place(*column), &source.fields[*column].name, text.as_deref().unwrap_or(""), kind)
            })?;
        }
        rows += 1;
    }
}

/// The rows of a file after its header.
struct Records<'a> {
    spec: &'a SourceSpec,
    names: Vec<String>,
    reader: Reader<File>,
    record: ByteRecord,
    start: Position,
    /// The line on which a row began whose last field runs over several lines.
    open_since: Option<u64>,
    ends_with_quote: bool,
}

impl<'a> Records<'a> {
    fn start(path: &Path, spec: &'a SourceSpec) -> Result<Self, Error> {
        let mut head = [0; 64];
        let mut file = File::open(path).map_err(Error::io(path))?;
        let count = file.read(&mut head).map_err(Error::io(path))?;
        refuse_utf16(&spec.path, &head[..count])?;
        let ends_with_quote = ends_with_quote(&mut file).map_err(Error::io(path))?;
        let file = File::open(path).map_err(Error::io(path))?;
        let mut builder = ReaderBuilder::new();
        builder.has_headers(false).flexible(true).delimiter(spec.delimiter).buffer_capacity(1 << 18);
        let reader = builder.from_reader(file);
        let (record, start) = (ByteRecord::new(), Position::new());
        let names = Vec::new();
        let mut records = Self { spec, names, reader, record, start, open_since: None, ends_with_quote };
        if !records.read()? {
            return Err(Error::data(
                format!("{}:1", spec.path),
                "there is no header",
                "write the names of the columns",
            ));
        }
        let count = records.record.len();
        let names: Result<Vec<_>, _> =
            (0..count).map(|index| records.cell(index).map(std::borrow::Cow::into_owned)).collect();
        records.names = names?;
        if let Some(empty) = records.names.iter().position(String::is_empty) {
            return Err(Error::data(
                records.place(empty),
                format!("column {} has no name", empty + 1),
                "name it in the header",
            ));
        }
        Ok(records)
    }

    fn read(&mut self) -> Result<bool, Error> {
        self.start = self.reader.position().clone();
        let read = self.reader.read_byte_record(&mut self.record);
        if let Some(position) = self.record.position() {
            self.start = position.clone();
        }
        read.map_err(|error| Error::data(format!("{}:{}", self.spec.path, self.start.line()), error.to_string(), ""))
    }

    /// Goes to the next row, which must have as many fields as the header.
    fn advance(&mut self) -> Result<bool, Error> {
        if !self.read()? {
            return match self.open_since.filter(|_| !self.ends_with_quote) {
                Some(line) => {
                    let at = format!("{}:{line}", self.spec.path);
                    Err(Error::data(at, "a quote of this row is never closed", "close it, or write `\"\"` for a quote"))
                }
                None => Ok(false),
            };
        }
        let last = self.record.iter().next_back().unwrap_or_default();
        self.open_since = last.contains(&b'\n').then(|| self.start.line());
        let (found, expected) = (self.record.len(), self.names.len());
        if found == expected {
            return Ok(true);
        }
        let at = format!("{}:{}", self.spec.path, self.start.line());
        let lines = self.reader.position().line().saturating_sub(self.start.line());
        let advice = if lines > 1 {
            format!("the row runs over {lines} lines: is a quote never closed?")
        } else if found == 1 && expected > 1 {
            "is the delimiter another one? Set `delimiter` in the spec".to_owned()
        } else if found > expected {
            "quote fields that hold the delimiter".to_owned()
        } else {
            "write an empty field where there is no value".to_owned()
        };
        Err(Error::data(at, format!("the row has {found} fields and the header {expected}"), advice))
    }

    /// A field's text; nothing, if it is one of the words for nothing.
    fn text(&self, index: usize) -> Result<Option<std::borrow::Cow<'_, str>>, Error> {
        let text = self.cell(index)?;
        Ok(if self.spec.null_values.iter().any(|null| *null == *text) { None } else { Some(text) })
    }

    fn cell(&self, index: usize) -> Result<std::borrow::Cow<'_, str>, Error> {
        let bytes = self.record.get(index).unwrap_or_default();
        decode(bytes, self.spec.encoding).map_err(|good| {
            // Quotes are not in `bytes`, so this is where the row begins, and what is wrong is shown.
            let shown: Vec<String> = bytes[good..].iter().take(4).map(|byte| format!("{byte:02X}")).collect();
            let at = format!("{} (row starts at byte {})", self.place(index), self.start.byte());
            Error::data(at, format!("the bytes {} are not UTF-8", shown.join(" ")), ENCODING_ADVICE)
        })
    }

    /// `path:line:column`, where the column is the field's number.
    fn place(&self, index: usize) -> String {
        format!("{}:{}:{}", self.spec.path, self.start.line(), index + 1)
    }
}

/// Whether the file's last byte, but for line ends, is a quote: a last field of several lines must end so.
fn ends_with_quote(file: &mut File) -> std::io::Result<bool> {
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(16)))?;
    let mut tail = Vec::new();
    file.read_to_end(&mut tail)?;
    Ok(tail.trim_ascii_end().last() == Some(&b'"'))
}
