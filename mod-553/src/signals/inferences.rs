//! The inference log in OpenInference's columns, as Parquet or JSON Lines: read twice, for the columns and then for the rows. Records
//! that came twice are written once; labels are joined by their request, and those whose request is not in the log are written apart,
//! as late ones.

use super::columns::{Cast, Columns, ID};
use super::error::Error;
use crate::inference_log::{self, Label, Record, Shape, Value};
use arrow::array::{ArrayRef, AsArray, Float64Array, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema, TimestampMicrosecondType};
use mod_106::documents::Unfinished;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Records a batch.
const BATCH_ROWS: usize = 16_384;

/// What was written.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Written {
    /// The table.
    pub table: PathBuf,
    /// Its rows.
    pub inferences: u64,
    /// Requests that got no prediction. Readers refuse a row without one; these stand in a table of their own.
    pub unanswered: u64,
    /// Records that were there twice, word for word, and were left out.
    pub duplicates: u64,
    /// Rows with a label.
    pub labelled: u64,
    /// Labels whose request is not in the log; they stand in a table of their own.
    pub late_labels: usize,
}

/// Writes `inferences.parquet` (or `.jsonl`), `schema.json`, and where there are any, `unanswered.parquet` and `actuals.parquet`.
///
/// # Errors
/// The first line that is not a record; a request that two records tell differently; more than one model, unless one is asked for.
pub fn export(
    logs: &[PathBuf],
    labels: &[PathBuf],
    model: Option<&str>,
    to: &Path,
    lines: bool,
) -> Result<Written, Error> {
    let First { model: name, shape, duplicates } = First::read(logs, model)?;
    let mut known = known_labels(labels)?;
    let columns = Columns::of(&name, &shape, !labels.is_empty())?;
    let path = |name: &str| to.join(format!("{name}.{}", if lines { "jsonl" } else { "parquet" }));
    let mut answered = Rows::begin(&path("inferences"), lines, &shape, &columns)?;
    let mut unanswered = Rows::begin(&path("unanswered"), lines, &shape, &columns)?;
    let mut seen = BTreeSet::new();
    for record in records(logs, model) {
        let record = record?.2;
        if seen.insert(short(record.request_id.as_bytes())) {
            let empty = matches!(record.prediction, None | Some(Value::Null));
            let rows = if empty { &mut unanswered } else { &mut answered };
            rows.push(record, &mut known)?;
        }
    }
    let (inferences, labelled) = answered.finish(&mut known)?;
    let (without, labelled_without) = unanswered.finish(&mut known)?;
    late(&path("actuals"), lines, &known, columns.actual)?;
    let mapping = serde_json::to_string_pretty(&columns.mapping).unwrap_or_default() + "\n";
    let schema = to.join("schema.json");
    mod_106::documents::write(&schema, mapping.as_bytes()).map_err(|error| Error::unwritable(&schema, error))?;
    Ok(Written {
        table: path("inferences"),
        inferences,
        unanswered: without,
        duplicates,
        labelled: labelled + labelled_without,
        late_labels: known.len(),
    })
}

/// A table as its rows come.
struct Rows<'a> {
    shape: &'a Shape,
    columns: &'a Columns,
    table: Table,
    held: Vec<Record>,
    rows: u64,
    labelled: u64,
}

impl<'a> Rows<'a> {
    fn begin(path: &Path, lines: bool, shape: &'a Shape, columns: &'a Columns) -> Result<Self, Error> {
        Ok(Self { shape, columns, table: Table::begin(path, lines)?, held: Vec::new(), rows: 0, labelled: 0 })
    }

    fn push(&mut self, record: Record, known: &mut BTreeMap<String, Label>) -> Result<(), Error> {
        self.held.push(record);
        if self.held.len() == BATCH_ROWS { self.flush(known) } else { Ok(()) }
    }

    fn flush(&mut self, known: &mut BTreeMap<String, Label>) -> Result<(), Error> {
        let batch = batch(self.shape, self.columns, &self.held, known, &mut self.labelled);
        let batch = batch.map_err(|error| self.table.failed(&error))?;
        self.rows += self.held.len() as u64;
        self.held.clear();
        self.table.write(&batch)
    }

    /// Rows, and those with a label. A table without rows is no file, and leaves none of an earlier export behind.
    fn finish(mut self, known: &mut BTreeMap<String, Label>) -> Result<(u64, u64), Error> {
        if !self.held.is_empty() {
            self.flush(known)?;
        }
        if self.rows == 0 {
            absent(&self.table.path)?;
        } else {
            self.table.finish()?;
        }
        Ok((self.rows, self.labelled))
    }
}

/// Removes what an earlier export left.
fn absent(path: &Path) -> Result<(), Error> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Error::unwritable(path, error)),
        _ => Ok(()),
    }
}

/// What the first reading finds out.
struct First {
    model: String,
    shape: Shape,
    duplicates: u64,
}

impl First {
    fn read(logs: &[PathBuf], model: Option<&str>) -> Result<Self, Error> {
        let (mut shape, mut count, mut duplicates) = (Shape::default(), 0, 0);
        let (mut said, mut models) = (HashMap::new(), BTreeSet::new());
        for record in records(logs, model) {
            let (path, number, record) = record?;
            let content = short(serde_json::to_string(&record).unwrap_or_default().as_bytes());
            match said.insert(short(record.request_id.as_bytes()), content) {
                Some(before) if before == content => duplicates += 1,
                Some(_) => {
                    let at = format!("{}, record {number}", path.display());
                    let found = format!("the request {:?} again, with other words", record.request_id);
                    return Err(Error::malformed(at, found, "give each request a name of its own, and log it once"));
                }
                None => {}
            }
            shape.see(&record);
            count += 1;
            models.insert(record.model);
        }
        if models.len() > 1 {
            let found =
                format!("records of {} models: {}", models.len(), models.into_iter().collect::<Vec<_>>().join(", "));
            return Err(Error::malformed("the log", found, "say which with --model: a table is of one model"));
        }
        let named = models.pop_first().or_else(|| model.map(str::to_owned));
        let model = named.ok_or_else(|| Error::malformed("the log", "no record", "give a log that has some"))?;
        match count {
            0 => Err(Error::malformed("the log", format!("no record of {model:?}"), "look at the model's name")),
            _ => Ok(Self { model, shape, duplicates }),
        }
    }
}

/// A record with its file and its number in it.
type Read<'a> = Result<(&'a Path, usize, Record), Error>;

/// All records with their file and their number in it, of one model where it is asked for.
fn records<'a>(logs: &'a [PathBuf], model: Option<&'a str>) -> impl Iterator<Item = Read<'a>> {
    let opened = logs.iter().flat_map(|path| -> Box<dyn Iterator<Item = Read<'a>> + 'a> {
        match inference_log::open(path) {
            Ok(records) => {
                let numbered = records.zip(1_usize..);
                Box::new(numbered.map(move |(record, number)| Ok((path.as_path(), number, record?))))
            }
            Err(error) => Box::new(std::iter::once(Err(error.into()))),
        }
    });
    opened.filter(move |record| match record {
        Ok((_, _, record)) => model.is_none_or(|model| record.model == model),
        Err(_) => true,
    })
}

/// 16 bytes that stand for these: two of a billion texts are alike by chance with a probability below 1e-20.
fn short(bytes: &[u8]) -> [u8; 16] {
    let digest = Sha256::digest(bytes);
    std::array::from_fn(|place| digest[place])
}

/// Labels by request; of several, the one that was known last.
fn known_labels(files: &[PathBuf]) -> Result<BTreeMap<String, Label>, Error> {
    let mut known: BTreeMap<String, Label> = BTreeMap::new();
    for file in files {
        for label in inference_log::read_labels(file)? {
            let newer = known.get(&label.request_id).is_none_or(|before| before.observed_at <= label.observed_at);
            if newer {
                known.insert(label.request_id.clone(), label);
            }
        }
    }
    Ok(known)
}

/// Records as rows of the table; the labels that are used leave `known`.
fn batch(
    shape: &Shape,
    columns: &Columns,
    records: &[Record],
    known: &mut BTreeMap<String, Label>,
    labelled: &mut u64,
) -> Result<RecordBatch, arrow::error::ArrowError> {
    let log = shape.batch(records)?;
    let mut fields = Vec::new();
    for (from, to, how) in &columns.picked {
        let column = log.column_by_name(from).expect("the shape has its own columns");
        let column = match how {
            Cast::Same => Arc::clone(column),
            Cast::Text => cast(column, &DataType::Utf8)?,
            Cast::Whole => cast(column, &DataType::Int64)?,
            Cast::Seconds => {
                let times = column.as_primitive::<TimestampMicrosecondType>();
                Arc::new(Float64Array::from_iter_values(times.values().iter().map(|time| *time as f64 / 1e6)))
            }
        };
        fields.push((to.clone(), column));
    }
    if let Some(name) = columns.actual {
        let labels: Vec<_> = records.iter().map(|record| known.remove(&record.request_id)).collect();
        *labelled += labels.iter().flatten().count() as u64;
        fields.push((
            name.to_owned(),
            actuals(name, labels.iter().map(|label| label.as_ref().map(|label| &label.label))),
        ));
    }
    let schema = fields.iter().map(|(name, column)| Field::new(name, column.data_type().clone(), *name != ID));
    let schema = Arc::new(Schema::new(schema.collect::<Vec<_>>()));
    RecordBatch::try_new(schema, fields.into_iter().map(|(_, column)| column).collect())
}

/// Labels as numbers where predictions are, as categories otherwise.
fn actuals<'a>(name: &str, labels: impl Iterator<Item = Option<&'a Value>>) -> ArrayRef {
    if name.starts_with(":actual.float") {
        let number = |label: Option<&Value>| if let Some(Value::Number(number)) = label { Some(*number) } else { None };
        return Arc::new(labels.map(number).collect::<Float64Array>());
    }
    let text = |label: Option<&Value>| match label? {
        Value::Null => None,
        Value::Flag(flag) => Some(flag.to_string()),
        Value::Number(number) => Some(number.to_string()),
        Value::Text(text) => Some(text.clone()),
        Value::Vector(vector) => Some(serde_json::to_string(vector).unwrap_or_default()),
    };
    Arc::new(labels.map(text).collect::<StringArray>())
}

/// Labels whose request is not in the log: Arize joins them to what it has. None leaves no file of an earlier export behind.
fn late(path: &Path, lines: bool, known: &BTreeMap<String, Label>, actual: Option<&str>) -> Result<(), Error> {
    let Some(name) = actual.filter(|_| !known.is_empty()) else {
        return absent(path);
    };
    let ids: ArrayRef = Arc::new(known.keys().map(Some).collect::<StringArray>());
    let labels = actuals(name, known.values().map(|label| Some(&label.label)));
    let batch =
        RecordBatch::try_from_iter([(ID, ids), (name, labels)]).map_err(|error| Error::unwritable(path, error))?;
    let mut out = Table::begin(path, lines)?;
    out.write(&batch)?;
    out.finish()
}

/// A table that has its name only once it is whole.
struct Table {
    path: PathBuf,
    file: Unfinished,
    parquet: Option<parquet::arrow::ArrowWriter<std::fs::File>>,
    lines: bool,
}

impl Table {
    fn begin(path: &Path, lines: bool) -> Result<Self, Error> {
        let file = Unfinished::begin(path).map_err(|error| Error::unwritable(path, error))?;
        Ok(Self { path: path.to_owned(), file, parquet: None, lines })
    }

    fn failed(&self, error: &dyn std::fmt::Display) -> Error {
        Error::unwritable(&self.path, error)
    }

    fn write(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        if self.lines {
            // Nulls are written: a column that a row does not name would be read as one that is not there.
            let builder = arrow::json::WriterBuilder::new().with_explicit_nulls(true);
            let mut bytes = Vec::new();
            let mut writer = builder.build::<_, arrow::json::writer::LineDelimited>(&mut bytes);
            let made = writer.write(batch).and_then(|()| writer.finish());
            made.map_err(|error| Error::unwritable(&self.path, error))?;
            drop(writer);
            return self.file.file().write_all(&bytes).map_err(|error| Error::unwritable(&self.path, error));
        }
        if self.parquet.is_none() {
            let file = self.file.file().try_clone().map_err(|error| Error::unwritable(&self.path, error))?;
            let properties = parquet::file::properties::WriterProperties::builder()
                .set_compression(parquet::basic::Compression::SNAPPY)
                .build();
            let writer = parquet::arrow::ArrowWriter::try_new(file, batch.schema(), Some(properties));
            self.parquet = Some(writer.map_err(|error| Error::unwritable(&self.path, error))?);
        }
        let writer = self.parquet.as_mut().expect("it was made above");
        writer.write(batch).map_err(|error| Error::unwritable(&self.path, error))
    }

    fn finish(self) -> Result<(), Error> {
        if let Some(writer) = self.parquet {
            writer.close().map_err(|error| Error::unwritable(&self.path, error))?;
        }
        self.file.finish().map_err(|error| Error::unwritable(&self.path, error))
    }
}
