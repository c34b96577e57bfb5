//! Can the model take these data? Its inputs, as its `MLmodel` file lists them, against the columns of the current data: what is missing,
//! and what would lose something on the way into the type that the model was trained with.
//!
//! The file is MLflow's (<https://mlflow.org/docs/latest/ml/model/signatures/>); `inputs` is a JSON text within YAML.

use super::decide::blank;
use super::error::Error;
use super::measure::facts::FactCount;
use super::outcome::{Expectation, Facts, Signature, SignatureField, Threshold, Verdict};
use super::read::{Kind, Source, Watch};
use super::spec::SignatureSpec;
use serde::Deserialize;
use std::path::Path;

#[derive(Debug, Deserialize)]
struct MlModel {
    signature: Option<Written>,
}

#[derive(Debug, Deserialize)]
struct Written {
    inputs: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Input {
    name: Option<String>,
    #[serde(rename = "type")]
    kind: String,
    required: Option<bool>,
    #[serde(default)]
    optional: bool,
}

/// Reads the signature and holds the data against it.
pub(super) fn signature(
    spec: &SignatureSpec,
    current: &Source,
    folder: &Path,
    watch: &dyn Watch,
) -> Result<(Signature, Expectation), Error> {
    let inputs = inputs(spec, folder)?;
    let mut fields = Vec::new();
    for (index, input) in inputs.iter().enumerate() {
        let name = input.name.clone().unwrap_or_else(|| format!("#{index}"));
        let required = input.required.unwrap_or(!input.optional);
        let column = current.column(&name);
        let facts = match column {
            Some(column) => facts(current, column, watch)?,
            None => Facts::default(),
        };
        let kind = column.map(|column| current.fields[column].kind);
        let nested = current.nested.iter().find(|nested| nested.name == name);
        let (verdict, why) = match nested {
            Some(nested) => (Verdict::Error, format!("the data hold {}, which is not looked into", nested.holds)),
            None => judge(&input.kind, kind, &facts, required),
        };
        let found = nested.map(|_| "other").or(kind.map(Kind::word)).map(str::to_owned);
        let expected = input.kind.clone();
        fields.push(SignatureField { name, expected, found, required, verdict, why });
    }
    let known = |name: &String| inputs.iter().any(|input| input.name.as_ref() == Some(name));
    let all = current.fields.iter().map(|field| &field.name).chain(current.nested.iter().map(|nested| &nested.name));
    let unknown_columns: Vec<String> = all.filter(|name| !known(name)).cloned().collect();
    let worst = [Verdict::Failed, Verdict::Error]
        .into_iter()
        .find(|verdict| fields.iter().any(|field| field.verdict == *verdict));
    let verdict = worst.unwrap_or(Verdict::Passed);
    let wrong: Vec<String> = (fields.iter().filter(|field| field.verdict != Verdict::Passed))
        .map(|field| format!("`{}`: {}", field.name, field.why))
        .collect();
    let why = match wrong.first() {
        None => format!("the data have all {} inputs of {}", fields.len(), spec.model),
        Some(first) if wrong.len() == 1 => first.clone(),
        Some(first) => format!("{first}; and {} more inputs do not fit", wrong.len() - 1),
    };
    let expectation = Expectation {
        verdict,
        measured: Some(wrong.len() as f64),
        threshold: Threshold { min: None, max: Some(0.0), words: Some("every input fits".to_owned()) },
        why,
        examples: wrong.into_iter().take(5).collect(),
        ..blank(&spec.care, "signature", None, "unfit_inputs")
    };
    Ok((Signature { id: spec.care.id.clone(), model: spec.model.clone(), fields, unknown_columns }, expectation))
}

fn inputs(spec: &SignatureSpec, folder: &Path) -> Result<Vec<Input>, Error> {
    let mut path = folder.join(&spec.model);
    if path.is_dir() {
        path = path.join("MLmodel");
    }
    let text = std::fs::read_to_string(&path).map_err(Error::io(&path))?;
    let shown = path.display().to_string();
    let model: MlModel = serde_saphyr::from_str(&text)
        .map_err(|error| Error::data(&shown, format!("this is no MLmodel file: {error}"), "log the model again"))?;
    let Some(inputs) = model.signature.and_then(|signature| signature.inputs) else {
        let advice = "log the model with `signature=` or `input_example=`";
        return Err(Error::data(&shown, "the model has no signature of its inputs", advice));
    };
    serde_json::from_str(&inputs).map_err(|error| {
        Error::data(&shown, format!("the signature's inputs are malformed: {error}"), "log the model again")
    })
}

fn facts(current: &Source, column: usize, watch: &dyn Watch) -> Result<Facts, Error> {
    let mut count = FactCount::default();
    current.scan(&[column], watch, &mut |arrays| {
        arrays.iter().for_each(|array| count.see(array, |_| {}));
        Ok(())
    })?;
    Ok(count.facts())
}

fn judge(expected: &str, found: Option<Kind>, facts: &Facts, required: bool) -> (Verdict, String) {
    let Some(kind) = found else {
        return if required {
            (Verdict::Failed, format!("the data have no such column, and the model needs it ({expected})"))
        } else {
            (Verdict::Passed, "the data have no such column, and the model can do without".to_owned())
        };
    };
    let least = facts.min.unwrap_or(0.0);
    let greatest = facts.max.unwrap_or(0.0);
    let fits_in = |low: f64, high: f64| least >= low && greatest <= high;
    let whole = 9_007_199_254_740_992.0; // 2⁵³: beyond it a double skips whole numbers.
    let fits = match expected {
        "boolean" => kind == Kind::Boolean,
        "integer" => kind == Kind::Integer && fits_in(f64::from(i32::MIN), f64::from(i32::MAX)),
        "long" => kind == Kind::Integer,
        "float" => kind == Kind::Float || (kind == Kind::Integer && fits_in(-16_777_216.0, 16_777_216.0)),
        "double" => kind == Kind::Float || (kind == Kind::Integer && fits_in(-whole, whole)),
        "string" => kind == Kind::Text,
        "datetime" => kind == Kind::Timestamp,
        "binary" | "array" | "object" | "map" | "tensor" | "any" => {
            return (Verdict::Error, format!("columns of type {expected} cannot be checked against these data"));
        }
        other => return (Verdict::Error, format!("{other:?} is no type of MLflow's signatures")),
    };
    if !fits {
        return (Verdict::Failed, format!("the model expects {expected} and the data hold {}", kind.word()));
    }
    if facts.nulls > 0 && matches!(expected, "boolean" | "integer" | "long") {
        return (Verdict::Failed, format!("{} values are null, which no {expected} can be", facts.nulls));
    }
    (Verdict::Passed, format!("{} fits {expected}", kind.word()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_fit_when_nothing_is_lost() {
        fn check(expected: &str, found: Option<Kind>, facts: Facts, verdict: Verdict) {
            assert_eq!(judge(expected, found, &facts, true).0, verdict, "{expected} {found:?}");
        }
        let large = Facts { max: Some(3e9), ..Facts::default() };
        check("long", Some(Kind::Integer), large.clone(), Verdict::Passed);
        check("integer", Some(Kind::Integer), large, Verdict::Failed);
        check("double", Some(Kind::Integer), Facts::default(), Verdict::Passed);
        check("long", Some(Kind::Float), Facts::default(), Verdict::Failed);
        check("long", Some(Kind::Integer), Facts { nulls: 1, ..Facts::default() }, Verdict::Failed);
        check("string", None, Facts::default(), Verdict::Failed);
        check("tensor", Some(Kind::Float), Facts::default(), Verdict::Error);
        assert_eq!(judge("string", None, &Facts::default(), false).0, Verdict::Passed);
    }
}
