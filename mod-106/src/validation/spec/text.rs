//! The spec as it is written: what serde reads from YAML, before anything is checked. Every struct refuses unknown keys, so that a
//! misspelt one is found where it stands.

use super::{MetricName, SourceSpec, Task};
use crate::validation::outcome::{Correction, Method, Severity, Side};
use crate::validation::read::{Format, Kind};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor, value::MapAccessDeserializer};
use serde_saphyr::Spanned;
use std::{collections::BTreeMap, fmt, marker::PhantomData};

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Suite {
    pub(super) suite: String,
    pub(super) description: Option<String>,
    pub(super) reference: Option<Short<Source>>,
    pub(super) current: Short<Source>,
    #[serde(default)]
    pub(super) defaults: Defaults,
    #[serde(default)]
    pub(super) expectations: Vec<Spanned<Expectation>>,
    pub(super) drift: Option<Spanned<Drift>>,
    pub(super) performance: Option<Spanned<Performance>>,
    #[serde(default)]
    pub(super) budgets: Vec<Spanned<Budget>>,
    pub(super) signature: Option<Spanned<Short<Signature>>>,
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Source {
    pub(super) path: String,
    pub(super) format: Option<Format>,
    pub(super) delimiter: Option<char>,
    pub(super) null_values: Option<Vec<String>>,
    #[serde(default)]
    pub(super) encoding: Encoding,
    #[serde(default)]
    pub(super) types: BTreeMap<String, Kind>,
}

/// How a text file's bytes are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    /// UTF-8, with or without a byte-order mark.
    #[default]
    Utf8,
    /// ISO 8859-1: each byte is a character.
    Latin1,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Defaults {
    pub(super) severity: Option<Severity>,
    pub(super) owner: Option<String>,
}

/// Every key that some expectation takes; which of them belong together is checked afterwards, for serde's tagged enums forget
/// where a key stood.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Expectation {
    pub(super) expect: Option<Expected>,
    pub(super) id: Option<String>,
    pub(super) severity: Option<Severity>,
    pub(super) owner: Option<String>,
    pub(super) column: Option<String>,
    pub(super) on: Option<Side>,
    #[serde(rename = "type")]
    pub(super) kind: Option<Kind>,
    pub(super) min: Option<f64>,
    pub(super) max: Option<f64>,
    pub(super) max_share: Option<f64>,
    pub(super) values: Option<Vec<Word>>,
    pub(super) pattern: Option<String>,
    pub(super) max_age: Option<String>,
    pub(super) columns: Option<Vec<String>>,
    pub(super) exact: Option<bool>,
}

/// What can be expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Expected {
    Type,
    Nulls,
    Finite,
    Range,
    Mean,
    Unique,
    Categories,
    Pattern,
    Freshness,
    Rows,
    Duplicates,
    Columns,
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Drift {
    pub(super) significance: Option<f64>,
    pub(super) power: Option<f64>,
    #[serde(default)]
    pub(super) correction: Correction,
    pub(super) numeric: Option<Method>,
    pub(super) categorical: Option<Method>,
    pub(super) columns: Option<Columns>,
    #[serde(default)]
    pub(super) exclude: Vec<String>,
    pub(super) effect: Option<f64>,
    pub(super) bins: Option<usize>,
    pub(super) max_categories: Option<usize>,
    pub(super) precision: Option<WantedPrecision>,
    pub(super) severity: Option<Severity>,
    pub(super) owner: Option<String>,
}

/// Which precision the spec wants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WantedPrecision {
    /// Exact as long as a column fits into memory.
    #[default]
    Auto,
    /// Exact, or an error.
    Exact,
    /// Sketched, whatever the size: the time of one pass, and memory that does not grow.
    Sketched,
}

/// `auto`, or a list of columns.
#[derive(Debug)]
pub(super) enum Columns {
    Auto,
    Named(Vec<Short<DriftColumn>>),
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DriftColumn {
    pub(super) column: String,
    pub(super) id: Option<String>,
    pub(super) method: Option<Method>,
    pub(super) effect: Option<f64>,
    pub(super) severity: Option<Severity>,
    pub(super) owner: Option<String>,
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Performance {
    pub(super) task: Task,
    pub(super) label: String,
    pub(super) prediction: Option<String>,
    pub(super) score: Option<String>,
    pub(super) positive: Option<Word>,
    pub(super) threshold: Option<f64>,
    pub(super) confidence: Option<f64>,
    pub(super) metrics: Vec<Spanned<Metric>>,
    #[serde(default)]
    pub(super) slices: Vec<String>,
    pub(super) min_slice_rows: Option<u64>,
    pub(super) severity: Option<Severity>,
    pub(super) owner: Option<String>,
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Metric {
    pub(super) metric: MetricName,
    pub(super) id: Option<String>,
    pub(super) min: Option<f64>,
    pub(super) max: Option<f64>,
    pub(super) severity: Option<Severity>,
    pub(super) owner: Option<String>,
    pub(super) slices: Option<bool>,
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Budget {
    pub(super) id: String,
    pub(super) column: Option<String>,
    pub(super) quantile: Option<f64>,
    pub(super) size_of: Option<String>,
    pub(super) metrics: Option<String>,
    pub(super) key: Option<String>,
    pub(super) max: Word,
    pub(super) unit: Option<String>,
    pub(super) severity: Option<Severity>,
    pub(super) owner: Option<String>,
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Signature {
    pub(super) model: String,
    pub(super) id: Option<String>,
    pub(super) severity: Option<Severity>,
    pub(super) owner: Option<String>,
}

/// A scalar as text, whatever YAML takes it for: `1`, `true`, `basic`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Word(pub(super) String);

impl<'de> Deserialize<'de> for Word {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Scalar;
        impl Visitor<'_> for Scalar {
            type Value = Word;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a word or a number")
            }
            fn visit_str<E>(self, text: &str) -> Result<Word, E> {
                Ok(Word(text.to_owned()))
            }
            fn visit_bool<E>(self, value: bool) -> Result<Word, E> {
                Ok(Word(value.to_string()))
            }
            fn visit_i64<E>(self, value: i64) -> Result<Word, E> {
                Ok(Word(value.to_string()))
            }
            fn visit_u64<E>(self, value: u64) -> Result<Word, E> {
                Ok(Word(value.to_string()))
            }
            fn visit_f64<E>(self, value: f64) -> Result<Word, E> {
                Ok(Word(value.to_string()))
            }
        }
        deserializer.deserialize_any(Scalar)
    }
}

/// A thing that can be written in full, or as the one word that matters most: a path, or a column's name.
#[derive(Debug)]
pub(super) enum Short<T> {
    Word(String),
    Full(T),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Short<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Either<T> {
            type Value = Short<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name or a mapping")
            }
            fn visit_str<E>(self, text: &str) -> Result<Short<T>, E> {
                Ok(Short::Word(text.to_owned()))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Short<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Short::Full)
            }
        }
        deserializer.deserialize_any(Either(PhantomData))
    }
}

impl<'de> Deserialize<'de> for Columns {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Columns;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`auto` or a list of columns")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Columns, E> {
                match text {
                    "auto" => Ok(Columns::Auto),
                    other => Err(E::custom(format!("{other:?} is neither `auto` nor a list of columns"))),
                }
            }
            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, sequence: A) -> Result<Columns, A::Error> {
                Vec::deserialize(serde::de::value::SeqAccessDeserializer::new(sequence)).map(Columns::Named)
            }
        }
        deserializer.deserialize_any(Either)
    }
}

impl Short<Source> {
    /// The source, with what the file's name says about its format.
    pub(super) fn resolve(self) -> Result<SourceSpec, String> {
        let full = match self {
            Self::Word(path) => Source {
                path,
                format: None,
                delimiter: None,
                null_values: None,
                encoding: Encoding::default(),
                types: BTreeMap::new(),
            },
            Self::Full(source) => source,
        };
        let Some(format) = full.format.or_else(|| Format::of_name(&full.path)) else {
            return Err(format!(
                "the name of {:?} does not say its format; add `format: csv`, `parquet`, `arrow` or `jsonl`",
                full.path
            ));
        };
        let delimiter = full.delimiter.unwrap_or(if full.path.ends_with(".tsv") { '\t' } else { ',' });
        let Some(delimiter) = u8::try_from(delimiter).ok().filter(u8::is_ascii) else {
            return Err(format!("the delimiter {delimiter:?} is not one ASCII character"));
        };
        Ok(SourceSpec {
            path: full.path,
            format,
            delimiter,
            null_values: full.null_values.unwrap_or_else(|| vec![String::new()]),
            encoding: full.encoding,
            types: full.types,
        })
    }
}
