//! OpenInference's columns of an inference table. A name says what its column is, `:category.type.specifier:name`
//! (<https://github.com/Arize-ai/open-inference-spec>), so that a reader needs nothing else; Arize's and Phoenix's readers, which take a
//! schema besides, get one that names the same columns.

use super::error::Error;
use crate::inference_log::{FEATURE, Shape, ValueKind};
use serde::Serialize;
use std::collections::BTreeMap;

/// The column that names a prediction.
pub(super) const ID: &str = ":id.id:";
/// The time of a prediction: seconds since 1970, with their fraction.
pub(super) const TIMESTAMP: &str = ":timestamp.seconds:";
const LABEL: &str = ":prediction.str.label:prediction_label";
const SCORE: &str = ":prediction.float.score:prediction_score";
const ACTUAL_LABEL: &str = ":actual.str.label:actual_label";
const ACTUAL_SCORE: &str = ":actual.float.score:actual_score";

/// How a column of the log becomes one of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cast {
    /// As it is.
    Same,
    /// As text: labels are categories, whatever they were.
    Text,
    /// As whole numbers.
    Whole,
    /// From a time to seconds.
    Seconds,
}

/// Which columns a table has.
#[derive(Clone, Debug)]
pub struct Columns {
    /// A column of the log, the table's name for it, and what happens on the way.
    pub(super) picked: Vec<(String, String, Cast)>,
    /// Where a label goes, when there are labels.
    pub(super) actual: Option<&'static str>,
    /// What readers are told.
    pub mapping: Mapping,
}

/// The schema that Arize's and Phoenix's readers take (`arize.utils.types.Schema`, `phoenix.Schema`), and what they are told besides.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Mapping {
    /// The model's name, Arize's `model_id`.
    pub model_id: String,
    /// Arize's `ModelTypes`: `NUMERIC`, `BINARY_CLASSIFICATION` or `SCORE_CATEGORICAL`.
    pub model_type: &'static str,
    /// Arize's `Environments`.
    pub environment: &'static str,
    /// Which column is what; the names are those of the readers' fields.
    pub schema: Fields,
}

/// Which column is what.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Fields {
    pub prediction_id_column_name: &'static str,
    pub timestamp_column_name: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prediction_label_column_name: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prediction_score_column_name: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actual_label_column_name: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actual_score_column_name: Option<&'static str>,
    pub feature_column_names: Vec<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub embedding_feature_column_names: BTreeMap<String, Embedding>,
    pub tag_column_names: Vec<String>,
}

/// Where an embedding is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Embedding {
    /// The column of its vectors.
    pub vector_column_name: String,
}

/// What the log says besides, and its name and type as a tag.
const TAGS: [(&str, &str, Cast); 6] = [
    ("model", ":tag.str:inference.model", Cast::Same),
    ("version", ":tag.str:inference.version", Cast::Same),
    ("variant", ":tag.str:inference.variant", Cast::Same),
    ("tenant", ":tag.str:inference.tenant", Cast::Same),
    ("latency_ms", ":tag.float:inference.latency_ms", Cast::Same),
    ("status", ":tag.int:inference.status", Cast::Whole),
];

/// Names that readers cut out of our own columns, or give a meaning of their own: `prompt` and `response` are a language model's.
const TAKEN: [&str; 6] = ["prediction_label", "prediction_score", "actual_label", "actual_score", "prompt", "response"];

impl Columns {
    /// The table of a log of this shape; `labelled` says whether there are labels.
    ///
    /// # Errors
    /// A feature whose name means something else to a reader, or predictions that are vectors: no reader has a column for them.
    pub fn of(model: &str, shape: &Shape, labelled: bool) -> Result<Self, Error> {
        let mut fields =
            Fields { prediction_id_column_name: ID, timestamp_column_name: TIMESTAMP, ..Fields::default() };
        let mut picked = vec![
            ("request_id".to_owned(), ID.to_owned(), Cast::Same),
            ("time".to_owned(), TIMESTAMP.to_owned(), Cast::Seconds),
        ];
        for (name, kind) in &shape.features {
            if TAKEN.contains(&name.as_str()) || name.starts_with("inference.") || name.is_empty() {
                let found = format!("a feature called {name:?}, which means something else in an inference table");
                return Err(Error::malformed("the log", found, "rename the feature before it is logged"));
            }
            let written = match kind {
                ValueKind::Numbers => format!(":feature.float:{name}"),
                ValueKind::Flags => format!(":feature.bool:{name}"),
                ValueKind::Empty | ValueKind::Texts => format!(":feature.str:{name}"),
                ValueKind::Vectors => format!(":feature.[float].embedding:{name}"),
            };
            if *kind == ValueKind::Vectors {
                let embedding = Embedding { vector_column_name: written.clone() };
                fields.embedding_feature_column_names.insert(name.clone(), embedding);
            } else {
                fields.feature_column_names.push(written.clone());
            }
            picked.push((format!("{FEATURE}{name}"), written, Cast::Same));
        }
        let mut pick = |from: &str, to: &str, cast| picked.push((from.to_owned(), to.to_owned(), cast));
        let numeric = shape.prediction == ValueKind::Numbers;
        let model_type = match shape.prediction {
            ValueKind::Vectors => {
                let advice = "export the score or the class that follows from it";
                return Err(Error::malformed("the log", "predictions that are vectors", advice));
            }
            ValueKind::Numbers => "NUMERIC",
            ValueKind::Flags => "BINARY_CLASSIFICATION",
            ValueKind::Empty | ValueKind::Texts => "SCORE_CATEGORICAL",
        };
        fields.prediction_score_column_name = Some(SCORE);
        if numeric {
            pick("prediction", SCORE, Cast::Same);
        } else {
            pick("prediction", LABEL, Cast::Text);
            pick("score", SCORE, Cast::Same);
            fields.prediction_label_column_name = Some(LABEL);
        }
        for (from, to, cast) in TAGS {
            pick(from, to, cast);
            fields.tag_column_names.push(to.to_owned());
        }
        let actual = labelled.then_some(if numeric { ACTUAL_SCORE } else { ACTUAL_LABEL });
        if numeric {
            fields.actual_score_column_name = actual;
        } else {
            fields.actual_label_column_name = actual;
        }
        let mapping = Mapping { model_id: model.to_owned(), model_type, environment: "PRODUCTION", schema: fields };
        Ok(Self { picked, actual, mapping })
    }
}
