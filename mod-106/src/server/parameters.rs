//! A request's fields, read as MLflow reads them: from the query of a GET, else from a JSON body.
//!
//! MLflow parses bodies into protobuf messages and then checks them against a schema; the same leniencies hold here
//! (integers may be text, unknown fields are ignored, a body that is no JSON is an empty one) and the same messages come
//! back. Ask for fields in the order of MLflow's schema, so that the first complaint is the same one.

use crate::server::error::ApiError;
use crate::server::python_text::{compact_json, type_name};
use serde_json::{Map, Value};

const SEE_DOCS: &str = " See the API docs for more information about request parameters.";

/// The fields of one request, or of one object inside a request.
#[derive(Debug, Default, Clone)]
pub struct Parameters {
    fields: Map<String, Value>,
    from_query: bool,
}

impl Parameters {
    /// Reads a query string; a repeated key becomes a list.
    #[must_use]
    pub fn from_query(query: &str) -> Self {
        let mut fields = Map::new();
        for (key, value) in url::form_urlencoded::parse(query.as_bytes()) {
            let value = Value::String(value.into_owned());
            match fields.get_mut(key.as_ref()) {
                None => {
                    fields.insert(key.into_owned(), value);
                }
                Some(Value::Array(values)) => values.push(value),
                Some(first) => *first = Value::Array(vec![first.take(), value]),
            }
        }
        Self { fields, from_query: true }
    }

    /// Reads a JSON body. What is no JSON counts as empty, so that the answer names the first missing field.
    ///
    /// # Errors
    /// When the body is JSON but no object.
    pub fn from_body(body: &[u8]) -> Result<Self, ApiError> {
        let mut value = serde_json::from_slice(body).unwrap_or(Value::Null);
        // Old clients encode twice: the body is a JSON text that holds JSON.
        if let Value::String(text) = &value {
            value = serde_json::from_str(text)
                .map_err(|error| ApiError::invalid(format!("The request body is text that holds no JSON: {error}")))?;
        }
        match value {
            Value::Null => Ok(Self::default()),
            Value::Object(fields) => Ok(Self { fields, from_query: false }),
            other => Err(ApiError::invalid(format!(
                "The request body must be a JSON object, got a {}.{SEE_DOCS}",
                type_name(&other)
            ))),
        }
    }

    /// Whether the request names this field at all.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.fields.get(name).is_some_and(|value| !value.is_null())
    }

    /// A field as it was sent.
    #[must_use]
    pub fn raw(&self, name: &str) -> Option<&Value> {
        match self.fields.get(name) {
            // A query key that comes twice where one is expected: the first counts.
            Some(Value::Array(values)) if self.from_query => values.first(),
            Some(Value::Null) | None => None,
            Some(value) => Some(value),
        }
    }

    /// A text that may be absent.
    ///
    /// # Errors
    /// When it is no text.
    pub fn text(&self, name: &str) -> Result<Option<&str>, ApiError> {
        match self.raw(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(wrong_type(name, other)),
        }
    }

    /// A text that must be there and not be empty.
    ///
    /// # Errors
    /// When it is absent, empty or no text.
    pub fn required_text(&self, name: &str) -> Result<&str, ApiError> {
        self.text(name)?.filter(|text| !text.is_empty()).ok_or_else(|| missing_value(name))
    }

    /// An experiment's id, which old clients send as a number.
    ///
    /// # Errors
    /// When it is neither text nor a number.
    pub fn experiment_id(&self, name: &str) -> Result<Option<String>, ApiError> {
        match self.raw(name) {
            Some(Value::Number(number)) => Ok(Some(number.to_string())),
            _ => Ok(self.text(name)?.map(str::to_owned)),
        }
    }

    /// A run's id: `run_id`, or `run_uuid` as old clients call it.
    ///
    /// # Errors
    /// When neither is there, or it is no text.
    pub fn run_id(&self) -> Result<&str, ApiError> {
        if self.has("run_id") || !self.has("run_uuid") {
            self.required_text("run_id")
        } else {
            self.required_text("run_uuid")
        }
    }

    /// A 64-bit integer that may be absent. JSON numbers and texts are both read.
    ///
    /// # Errors
    /// When it is no integer.
    pub fn integer(&self, name: &str) -> Result<Option<i64>, ApiError> {
        self.raw(name).map(|value| integer(value).ok_or_else(|| wrong_type(name, value))).transpose()
    }

    /// A 64-bit integer that must be there.
    ///
    /// # Errors
    /// When it is absent or no integer.
    pub fn required_integer(&self, name: &str) -> Result<i64, ApiError> {
        self.integer(name)?.ok_or_else(|| missing_value(name))
    }

    /// A number that must be there; `"NaN"`, `"Infinity"` and `"-Infinity"` are numbers too.
    ///
    /// # Errors
    /// When it is absent or no number.
    pub fn required_float(&self, name: &str) -> Result<f64, ApiError> {
        let value = self.raw(name).filter(|value| value.as_str() != Some("")).ok_or_else(|| missing_value(name))?;
        float(value).ok_or_else(|| wrong_type(name, value))
    }

    /// A truth value that may be absent.
    ///
    /// # Errors
    /// When it is something else.
    pub fn boolean(&self, name: &str) -> Result<Option<bool>, ApiError> {
        match self.raw(name) {
            None => Ok(None),
            Some(Value::Bool(value)) => Ok(Some(*value)),
            Some(other) => Err(wrong_type(name, other)),
        }
    }

    /// A list of texts; absent is empty, and a query may give just one.
    ///
    /// # Errors
    /// When it is no list, or holds something else than texts.
    pub fn texts(&self, name: &str) -> Result<Vec<String>, ApiError> {
        match self.fields.get(name) {
            None | Some(Value::Null) => Ok(Vec::new()),
            Some(Value::String(text)) if self.from_query => Ok(vec![text.clone()]),
            Some(list @ Value::Array(values)) => values
                .iter()
                .map(|value| match value {
                    Value::String(text) => Ok(text.clone()),
                    // Experiment ids were numbers once.
                    Value::Number(number) if name == "experiment_ids" => Ok(number.to_string()),
                    _ => Err(wrong_type(name, list)),
                })
                .collect(),
            Some(other) => Err(wrong_type(name, other)),
        }
    }

    /// An object that may be absent.
    ///
    /// # Errors
    /// When it is something else.
    pub fn object(&self, name: &str) -> Result<Option<Parameters>, ApiError> {
        match self.raw(name) {
            None => Ok(None),
            Some(Value::Object(fields)) => Ok(Some(Self { fields: fields.clone(), from_query: false })),
            Some(other) => Err(wrong_type(name, other)),
        }
    }

    /// A list of objects; absent is empty.
    ///
    /// # Errors
    /// When it is no list, or holds something else than objects.
    pub fn objects(&self, name: &str) -> Result<Vec<Parameters>, ApiError> {
        match self.fields.get(name) {
            None | Some(Value::Null) => Ok(Vec::new()),
            Some(list @ Value::Array(values)) => values
                .iter()
                .map(|value| match value {
                    Value::Object(fields) => Ok(Self { fields: fields.clone(), from_query: false }),
                    _ => Err(wrong_type(name, list)),
                })
                .collect(),
            Some(other) => Err(wrong_type(name, other)),
        }
    }
}

/// "Missing value for required parameter …", as MLflow says it.
#[must_use]
pub fn missing_value(name: &str) -> ApiError {
    ApiError::invalid(format!("Missing value for required parameter '{name}'.{SEE_DOCS}"))
}

/// "Invalid value … for parameter … supplied", as MLflow says it.
#[must_use]
pub fn wrong_type(name: &str, value: &Value) -> ApiError {
    ApiError::invalid(format!(
        "Invalid value {} for parameter '{name}' supplied:  Hint: Value was of type '{}'.{SEE_DOCS}",
        compact_json(value),
        type_name(value)
    ))
}

fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64().or_else(|| whole(number.as_f64()?)),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

fn whole(number: f64) -> Option<i64> {
    // 2^63 itself does not fit; the cast below is exact within these bounds.
    let bound = 2_f64.powi(63);
    let fits = number.fract() == 0.0 && (-bound..bound).contains(&number);
    fits.then_some(number as i64)
}

fn float(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => match text.as_str() {
            "NaN" => Some(f64::NAN),
            "Infinity" => Some(f64::INFINITY),
            "-Infinity" => Some(f64::NEG_INFINITY),
            // Rust would also read "inf" and "nan" in any spelling; protobuf does not.
            text if text.chars().any(|c| c.is_ascii_alphabetic() && c != 'e' && c != 'E') => None,
            text => text.parse().ok(),
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::Parameters;
    use serde_json::json;

    fn body(value: &serde_json::Value) -> Parameters {
        Parameters::from_body(value.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn integers_may_be_text_or_whole_floats() {
        let parameters = body(&json!({"a": "12", "b": 3, "c": 4.0, "d": 4.5, "e": "x", "f": null}));
        assert_eq!(parameters.integer("a").unwrap(), Some(12));
        assert_eq!(parameters.integer("b").unwrap(), Some(3));
        assert_eq!(parameters.integer("c").unwrap(), Some(4));
        assert!(parameters.integer("d").is_err());
        assert!(parameters.integer("e").is_err());
        assert_eq!(parameters.integer("f").unwrap(), None);
    }

    #[test]
    fn floats_know_their_specials() {
        let parameters = body(&json!({"nan": "NaN", "inf": "-Infinity", "text": "1.5e3", "bad": "nan", "word": "one"}));
        assert!(parameters.required_float("nan").unwrap().is_nan());
        assert_eq!(parameters.required_float("inf").unwrap(), f64::NEG_INFINITY);
        assert_eq!(parameters.required_float("text").unwrap(), 1500.0);
        assert!(parameters.required_float("bad").is_err());
        assert!(parameters.required_float("word").is_err());
    }

    #[test]
    fn messages_are_the_ones_mlflow_gives() {
        let parameters = body(&json!({"name": 123, "empty": ""}));
        assert_eq!(
            parameters.required_text("name").unwrap_err().to_string(),
            "Invalid value 123 for parameter 'name' supplied:  Hint: Value was of type 'int'. \
             See the API docs for more information about request parameters."
        );
        assert_eq!(
            parameters.required_text("empty").unwrap_err().to_string(),
            "Missing value for required parameter 'empty'. \
             See the API docs for more information about request parameters."
        );
    }

    #[test]
    fn bodies_that_are_no_objects() {
        assert!(!Parameters::from_body(b"{not json").unwrap().has("name"));
        assert!(Parameters::from_body(br#""{\"name\": \"twice\"}""#).unwrap().has("name"));
        assert!(Parameters::from_body(b"[1]").is_err());
    }

    #[test]
    fn queries_repeat_keys() {
        let parameters = Parameters::from_query("order_by=a&order_by=b%20c&path=x+y&stages=one");
        assert_eq!(parameters.texts("order_by").unwrap(), ["a", "b c"]);
        assert_eq!(parameters.texts("stages").unwrap(), ["one"]);
        assert_eq!(parameters.text("path").unwrap(), Some("x y"));
    }
}
