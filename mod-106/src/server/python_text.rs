//! Values as Python writes them, because MLflow's error messages quote them so: `repr` of text and lists, `json.dumps`.
//!
//! Only what messages need; no general formatter.

use serde_json::Value;

/// `json.dumps(value, sort_keys=True, separators=(",", ":"))`: compact, keys sorted, everything beyond ASCII escaped.
#[must_use]
pub fn compact_json(value: &Value) -> String {
    let mut escaped = String::new();
    for character in value.to_string().chars() {
        if character.is_ascii() {
            escaped.push(character);
        } else {
            for unit in character.encode_utf16(&mut [0; 2]) {
                escaped.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    escaped
}

/// The name of a JSON value's type in Python.
#[must_use]
pub fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "NoneType",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float",
        Value::Number(_) => "int",
        Value::String(_) => "str",
        Value::Array(_) => "list",
        Value::Object(_) => "dict",
    }
}

/// `repr` of a text: single quotes, unless it holds one and no double quote.
#[must_use]
pub fn quoted(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut written = String::from(quote);
    for character in text.chars() {
        match character {
            '\\' => written.push_str("\\\\"),
            '\n' => written.push_str("\\n"),
            '\r' => written.push_str("\\r"),
            '\t' => written.push_str("\\t"),
            character if character == quote => written.extend(['\\', character]),
            character if (character as u32) < 0x20 || character as u32 == 0x7f => {
                written.push_str(&format!("\\x{:02x}", character as u32));
            }
            character => written.push(character),
        }
    }
    written.push(quote);
    written
}

/// `repr` of a list of texts.
#[must_use]
pub fn quoted_list<T: AsRef<str>>(texts: &[T]) -> String {
    let quoted: Vec<String> = texts.iter().map(|text| quoted(text.as_ref())).collect();
    format!("[{}]", quoted.join(", "))
}

#[cfg(test)]
mod tests {
    use super::{compact_json, quoted, quoted_list};
    use serde_json::json;

    #[test]
    fn json_is_compact_and_ascii() {
        assert_eq!(compact_json(&json!({"b": [1, "é𝄞"], "a": null})), r#"{"a":null,"b":[1,"\u00e9\ud834\udd1e"]}"#);
    }

    #[test]
    fn texts_are_quoted_as_python_does() {
        assert_eq!(quoted("plain"), "'plain'");
        assert_eq!(quoted("it's"), "\"it's\"");
        assert_eq!(quoted("it's \"so\"\n"), "'it\\'s \"so\"\\n'");
        assert_eq!(quoted_list(&["a", "b"]), "['a', 'b']");
    }
}
