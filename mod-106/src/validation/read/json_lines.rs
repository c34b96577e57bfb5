//! One JSON object a line. Columns are the keys of all lines, in the order they first appear; a key that a line lacks is null there.
//! What is nested is read as text.

use super::kind::{Builder, Guess, not_of_kind};
use super::{BATCH_ROWS, ENCODING_ADVICE, Each, Field, Found, Source, Watch, decode, refuse_utf16};
use crate::validation::error::Error;
use crate::validation::spec::SourceSpec;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::fmt;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

pub(super) fn open(path: &Path, spec: &SourceSpec, watch: &dyn Watch) -> Result<Found, Error> {
    let mut lines = Lines::start(path, spec)?;
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut columns: Vec<(String, Guess)> = Vec::new();
    let mut rows = 0;
    let what = format!("looking through {}", spec.path);
    while let Some(object) = lines.next_object()? {
        for (key, value) in object {
            let place = *places.entry(key).or_insert_with_key(|key| {
                columns.push((key.clone(), Guess::default()));
                columns.len() - 1
            });
            if let Some(text) = text(&value) {
                columns[place].1.see(&text);
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
    let kind = |name: &String, guess: Guess| spec.types.get(name).copied().unwrap_or_else(|| guess.kind());
    let fields = columns.into_iter().map(|(name, guess)| Field { kind: kind(&name, guess), name }).collect();
    Ok(Found { fields, nested: Vec::new(), rows, parquet: None })
}

pub(super) fn scan(source: &Source, columns: &[usize], each: &mut Each<'_>) -> Result<(), Error> {
    let mut lines = Lines::start(&source.path, &source.spec)?;
    let fields: Vec<&Field> = columns.iter().map(|column| &source.fields[*column]).collect();
    let mut builders: Vec<Builder> = fields.iter().map(|field| Builder::new(field.kind)).collect();
    let mut rows = 0;
    loop {
        let object = lines.next_object()?;
        if rows == BATCH_ROWS || (object.is_none() && rows > 0) {
            let arrays: Vec<_> = builders.iter_mut().map(Builder::finish).collect();
            each(&arrays, rows)?;
            rows = 0;
        }
        let Some(object) = object else { return Ok(()) };
        for (field, builder) in fields.iter().zip(&mut builders) {
            let value = object.get(&field.name).and_then(text);
            builder.push(value.as_deref()).map_err(|kind| {
                let at = format!("{}:{}", source.given, lines.number);
                not_of_kind(at, &field.name, value.as_deref().unwrap_or(""), kind)
            })?;
        }
        rows += 1;
    }
}

/// A value as text; null is nothing.
fn text(value: &Value) -> Option<std::borrow::Cow<'_, str>> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.into()),
        other => Some(other.to_string().into()),
    }
}

/// A line's keys, each once: of two values of one key, the first would be lost without a word.
struct Object(Map<String, Value>);

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Keys;
        impl<'de> Visitor<'de> for Keys {
            type Value = Object;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Object, A::Error> {
                let mut map = Map::new();
                while let Some((key, value)) = access.next_entry::<String, Value>()? {
                    if map.contains_key(&key) {
                        return Err(serde::de::Error::custom(format!("the key {key:?} stands twice")));
                    }
                    map.insert(key, value);
                }
                Ok(Object(map))
            }
        }
        deserializer.deserialize_map(Keys)
    }
}

struct Lines<'a> {
    spec: &'a SourceSpec,
    file: BufReader<File>,
    buffer: Vec<u8>,
    number: u64,
    byte: u64,
}

impl<'a> Lines<'a> {
    fn start(path: &Path, spec: &'a SourceSpec) -> Result<Self, Error> {
        let file = File::open(path).map_err(Error::io(path))?;
        let mut file = BufReader::with_capacity(1 << 18, file);
        let start = file.fill_buf().map_err(Error::io(path))?;
        refuse_utf16(&spec.path, &start[..start.len().min(64)])?;
        Ok(Self { spec, file, buffer: Vec::new(), number: 0, byte: 0 })
    }

    /// The next line that is not blank.
    fn next_object(&mut self) -> Result<Option<Map<String, Value>>, Error> {
        loop {
            self.byte += self.buffer.len() as u64;
            self.buffer.clear();
            let read = self.file.read_until(b'\n', &mut self.buffer);
            if read.map_err(Error::io(Path::new(&self.spec.path)))? == 0 {
                return Ok(None);
            }
            self.number += 1;
            let line = if self.number == 1 { self.buffer.strip_prefix(b"\xEF\xBB\xBF") } else { None };
            let line = line.unwrap_or(&self.buffer);
            if line.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            let at = |column: usize| format!("{}:{}:{column}", self.spec.path, self.number);
            let text = decode(line, self.spec.encoding).map_err(|good| {
                let at = format!("{} (byte {})", at(good + 1), self.byte + good as u64);
                Error::data(at, "the bytes here are not UTF-8", ENCODING_ADVICE)
            })?;
            return serde_json::from_str(&text).map(|Object(map)| Some(map)).map_err(|error| {
                let advice = match &text {
                    text if text.contains("NaN") || text.contains("Infinity") => {
                        "JSON has no NaN and no Infinity; write null, or a text"
                    }
                    text if text.trim_start().starts_with('[') => "write one object a line, without a list around them",
                    _ => "write one JSON object a line",
                };
                let message = error.to_string();
                let message = message.split(" at line ").next().unwrap_or_default().to_owned();
                Error::data(at(error.column()), message, advice)
            });
        }
    }
}
