//! `fromJSON` and `toJSON`: JSON with GitHub's mappings, whose keys ignore case and stand in JavaScript's order.

use super::number;
use super::value::{Object, Value};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::rc::Rc;

/// Reads JSON.
///
/// # Errors
/// What serde_json finds wrong.
pub(super) fn read(text: &str) -> Result<Value, serde_json::Error> {
    serde_json::from_str::<Read>(text).map(|read| read.0)
}

/// Writes a value that is known in every part, two spaces an indent.
pub(super) fn write(value: &Value) -> String {
    let mut text = String::new();
    put(value, 0, &mut text);
    text
}

fn put(value: &Value, depth: usize, text: &mut String) {
    match value {
        Value::Null | Value::Unknown(_) => text.push_str("null"),
        Value::Bool(value) => text.push_str(if *value { "true" } else { "false" }),
        Value::Number(value) if value.is_finite() => text.push_str(&number::exact_text(*value)),
        Value::Number(_) => text.push_str("null"),
        Value::String(value) => text.push_str(&quoted(value)),
        Value::Array(array) => {
            let each = array.items.iter().map(|item| (String::new(), item));
            put_all('[', ']', each, depth, text);
        }
        Value::Object(object) => {
            let each = object.pairs().iter().map(|(key, value)| (format!("{}: ", quoted(key)), value));
            put_all('{', '}', each, depth, text);
        }
    }
}

fn put_all<'a>(
    open: char,
    close: char,
    each: impl ExactSizeIterator<Item = (String, &'a Value)>,
    depth: usize,
    text: &mut String,
) {
    text.push(open);
    let count = each.len();
    for (position, (name, value)) in each.enumerate() {
        text.push_str(if position == 0 { "\n" } else { ",\n" });
        text.push_str(&"  ".repeat(depth + 1));
        text.push_str(&name);
        put(value, depth + 1, text);
    }
    if count > 0 {
        text.push('\n');
        text.push_str(&"  ".repeat(depth));
    }
    text.push(close);
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}

struct Read(Value);

impl<'de> Deserialize<'de> for Read {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader).map(Self)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Value;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    #[expect(clippy::cast_precision_loss, reason = "all numbers are doubles here")]
    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value as f64))
    }

    #[expect(clippy::cast_precision_loss, reason = "all numbers are doubles here")]
    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value as f64))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Number(value))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(Read(item)) = sequence.next_element()? {
            items.push(item);
        }
        Ok(Value::array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut pairs: Vec<(Rc<str>, Value)> = Vec::new();
        while let Some((key, Read(value))) = map.next_entry::<String, Read>()? {
            // Of a key that is written twice JavaScript keeps the first place and the last value.
            match pairs.iter_mut().find(|(name, _)| **name == *key) {
                Some(pair) => pair.1 = value,
                None => pairs.push((key.into(), value)),
            }
        }
        pairs.sort_by_key(|(key, _)| array_index(key).unwrap_or(u32::MAX));
        Ok(Value::Object(Rc::new(Object::new(pairs))))
    }
}

/// Keys that are written as array indices come first in JavaScript, by their number (ECMA-262 §10.1.11.1).
fn array_index(key: &str) -> Option<u32> {
    key.parse::<u32>().ok().filter(|index| *index < u32::MAX && index.to_string() == key)
}
