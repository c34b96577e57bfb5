//! The log as columns: what records hold, one array for each, with features as `feature.<name>`. The shape for large windows, as Parquet
//! or Arrow.

use super::read::{Error, open};
use super::record::{Record, Usage, Value};
use arrow::array::Float64Builder;
use arrow::array::{
    ArrayRef, BooleanArray, Float64Array, Int32Array, Int64Array, ListBuilder, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Records a batch.
const BATCH_ROWS: usize = 16_384;
/// Before each feature's name.
pub const FEATURE: &str = "feature.";

/// What a column of values holds, found from all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ValueKind {
    /// Nothing but nulls so far.
    #[default]
    Empty,
    /// True or false.
    Flags,
    /// Numbers.
    Numbers,
    /// Categories; also what holds more than one kind.
    Texts,
    /// Embeddings.
    Vectors,
}

impl ValueKind {
    fn see(&mut self, value: &Value) {
        let found = match value {
            Value::Null => return,
            Value::Flag(_) => Self::Flags,
            Value::Number(_) => Self::Numbers,
            Value::Text(_) => Self::Texts,
            Value::Vector(_) => Self::Vectors,
        };
        *self = if *self == Self::Empty || *self == found { found } else { Self::Texts };
    }

    fn data_type(self) -> DataType {
        match self {
            Self::Flags => DataType::Boolean,
            Self::Numbers => DataType::Float64,
            Self::Empty | Self::Texts => DataType::Utf8,
            Self::Vectors => DataType::List(Arc::new(Field::new_list_field(DataType::Float64, true))),
        }
    }
}

/// Which columns a log has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shape {
    /// Features by name.
    pub features: BTreeMap<String, ValueKind>,
    /// Predictions.
    pub prediction: ValueKind,
}

impl Shape {
    /// Looks at a record.
    pub fn see(&mut self, record: &Record) {
        for (name, value) in &record.features {
            match self.features.get_mut(name) {
                Some(kind) => kind.see(value),
                None => self.features.entry(name.clone()).or_default().see(value),
            }
        }
        if let Some(prediction) = &record.prediction {
            self.prediction.see(prediction);
        }
    }

    /// The columns' names and types.
    pub fn schema(&self) -> Arc<Schema> {
        let field = |name: &str, data_type, nullable| Field::new(name, data_type, nullable);
        let mut fields = vec![
            field("time", DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())), false),
            field("request_id", DataType::Utf8, false),
            field("model", DataType::Utf8, false),
            field("version", DataType::Utf8, false),
            field("variant", DataType::Utf8, false),
            field("tenant", DataType::Utf8, true),
        ];
        fields.extend(
            self.features.iter().map(|(name, kind)| field(&format!("{FEATURE}{name}"), kind.data_type(), true)),
        );
        fields.extend([
            field("prediction", self.prediction.data_type(), true),
            field("score", DataType::Float64, true),
            field("latency_ms", DataType::Float64, false),
            field("status", DataType::Int32, false),
        ]);
        fields.push(field("usage.model", DataType::Utf8, true));
        fields.extend(USAGE.iter().map(|(name, _)| field(name, DataType::Int64, true)));
        fields.push(field("usage.cost_usd", DataType::Utf8, true));
        Arc::new(Schema::new(fields))
    }

    /// Records as one batch of these columns.
    ///
    /// # Errors
    /// None for records that the shape has seen.
    pub fn batch(&self, records: &[Record]) -> Result<RecordBatch, arrow::error::ArrowError> {
        let texts =
            |each: fn(&Record) -> Option<&str>| Arc::new(records.iter().map(each).collect::<StringArray>()) as ArrayRef;
        let times = records.iter().map(|record| record.time.as_microsecond());
        let mut columns: Vec<ArrayRef> = vec![
            Arc::new(TimestampMicrosecondArray::from_iter_values(times).with_timezone("UTC")),
            texts(|record| Some(&record.request_id)),
            texts(|record| Some(&record.model)),
            texts(|record| Some(&record.version)),
            texts(|record| Some(&record.variant)),
            texts(|record| record.tenant.as_deref()),
        ];
        for (name, kind) in &self.features {
            let values: Vec<Option<&Value>> = records.iter().map(|record| record.features.get(name)).collect();
            columns.push(array(*kind, &values));
        }
        let predictions: Vec<Option<&Value>> = records.iter().map(|record| record.prediction.as_ref()).collect();
        columns.push(array(self.prediction, &predictions));
        columns.push(Arc::new(records.iter().map(|record| record.score).collect::<Float64Array>()));
        columns.push(Arc::new(Float64Array::from_iter_values(records.iter().map(|record| record.latency_ms))));
        columns.push(Arc::new(Int32Array::from_iter_values(records.iter().map(|record| i32::from(record.status)))));
        columns.push(texts(|record| record.usage.as_ref()?.model.as_deref()));
        for (_, tokens) in USAGE {
            let count =
                |record: &Record| record.usage.as_ref().map(|usage| i64::try_from(tokens(usage)).unwrap_or(i64::MAX));
            columns.push(Arc::new(records.iter().map(count).collect::<Int64Array>()));
        }
        let cost = |record: &Record| record.usage.as_ref()?.cost_usd.map(|cost| cost.to_string());
        columns.push(Arc::new(records.iter().map(cost).collect::<StringArray>()));
        RecordBatch::try_new(self.schema(), columns)
    }
}

/// A column's name and what it holds.
type TokenCount = (&'static str, fn(&Usage) -> u64);

/// Token counts of a language model.
const USAGE: [TokenCount; 4] = [
    ("usage.input_tokens", |usage| usage.input_tokens),
    ("usage.output_tokens", |usage| usage.output_tokens),
    ("usage.cached_input_tokens", |usage| usage.cached_input_tokens),
    ("usage.reasoning_tokens", |usage| usage.reasoning_tokens),
];

fn array(kind: ValueKind, values: &[Option<&Value>]) -> ArrayRef {
    match kind {
        ValueKind::Flags => {
            let flag = |value: &Option<&Value>| if let Some(Value::Flag(flag)) = value { Some(*flag) } else { None };
            Arc::new(values.iter().map(flag).collect::<BooleanArray>())
        }
        ValueKind::Numbers => {
            let number =
                |value: &Option<&Value>| if let Some(Value::Number(number)) = value { Some(*number) } else { None };
            Arc::new(values.iter().map(number).collect::<Float64Array>())
        }
        ValueKind::Empty | ValueKind::Texts => {
            Arc::new(values.iter().map(|value| value.and_then(text)).collect::<StringArray>())
        }
        ValueKind::Vectors => {
            let mut lists = ListBuilder::new(Float64Builder::new());
            for value in values {
                match value {
                    Some(Value::Vector(vector)) => lists.append_value(vector.iter().copied().map(Some)),
                    _ => lists.append_null(),
                }
            }
            Arc::new(lists.finish())
        }
    }
}

/// A value as text; of a column that holds more than one kind, every value keeps what it says.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::Flag(flag) => Some(flag.to_string()),
        Value::Number(number) => Some(number.to_string()),
        Value::Text(text) => Some(text.clone()),
        Value::Vector(vector) => Some(serde_json::to_string(vector).unwrap_or_default()),
    }
}

/// Writes logs of JSON Lines as one Parquet file: read twice, for the columns and then for the rows, in constant memory.
///
/// # Errors
/// The first line that is not a record, or a file that cannot be read or written.
pub fn to_parquet(logs: &[PathBuf], to: &Path) -> Result<u64, Error> {
    let mut shape = Shape::default();
    for log in logs {
        for record in open(log)? {
            shape.see(&record?);
        }
    }
    let unwritable =
        |error: &dyn std::fmt::Display| Error::Unwritable { path: to.to_owned(), reason: error.to_string() };
    let file = std::fs::File::create(to).map_err(|error| unwritable(&error))?;
    let properties = parquet::file::properties::WriterProperties::builder()
        .set_compression(parquet::basic::Compression::SNAPPY)
        .build();
    let mut writer = parquet::arrow::ArrowWriter::try_new(file, shape.schema(), Some(properties))
        .map_err(|error| unwritable(&error))?;
    let (mut rows, mut held) = (0, Vec::with_capacity(BATCH_ROWS));
    let mut write = |held: &mut Vec<Record>| {
        let batch = shape.batch(held).map_err(|error| unwritable(&error))?;
        held.clear();
        writer.write(&batch).map_err(|error| unwritable(&error))
    };
    for log in logs {
        for record in open(log)? {
            held.push(record?);
            rows += 1;
            if held.len() == BATCH_ROWS {
                write(&mut held)?;
            }
        }
    }
    if !held.is_empty() {
        write(&mut held)?;
    }
    writer.close().map_err(|error| unwritable(&error))?;
    Ok(rows)
}
