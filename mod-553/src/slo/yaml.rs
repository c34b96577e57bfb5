//! Plain data as YAML, in the block style that people read. Only what generated files need: mappings, lists, texts, numbers and flags.

use serde_json::Value;
use std::fmt::Write;

/// A document.
pub(super) fn document(heading: &str, value: &Value) -> String {
    let mut text = heading.lines().map(|line| format!("# {line}\n")).collect::<String>();
    block(&mut text, value, 0);
    text
}

fn block(text: &mut String, value: &Value, depth: usize) {
    let indent = "  ".repeat(depth);
    // Writing to a string cannot fail.
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let _ = write!(text, "{indent}{}:", scalar(name));
                after(text, value, depth);
            }
        }
        Value::Array(items) => {
            for item in items {
                if !is_leaf(item) && !is_empty(item) {
                    let mut inner = String::new();
                    block(&mut inner, item, depth + 1);
                    // The first line of the item stands behind its dash.
                    let _ = write!(text, "{indent}- {}", inner.trim_start());
                } else {
                    let _ = write!(text, "{indent}-");
                    after(text, item, depth);
                }
            }
        }
        leaf => {
            let _ = writeln!(text, "{indent}{}", plain(leaf));
        }
    }
}

/// What follows a name or a dash.
fn after(text: &mut String, value: &Value, depth: usize) {
    match value {
        Value::String(lines) if lines.contains('\n') => {
            text.push_str(" |-\n");
            for line in lines.lines() {
                let _ = writeln!(text, "{}{line}", "  ".repeat(depth + 1));
            }
        }
        value if is_leaf(value) || is_empty(value) => {
            let _ = writeln!(text, " {}", plain(value));
        }
        value => {
            text.push('\n');
            block(text, value, depth + 1);
        }
    }
}

fn is_leaf(value: &Value) -> bool {
    !matches!(value, Value::Object(_) | Value::Array(_))
}

fn is_empty(value: &Value) -> bool {
    matches!(value, Value::Object(fields) if fields.is_empty())
        || matches!(value, Value::Array(items) if items.is_empty())
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => scalar(text),
        other => other.to_string(),
    }
}

/// A text as it is where nothing in it means anything to YAML, else in double quotes, whose escapes are JSON's.
fn scalar(text: &str) -> String {
    let letters = |character: char| character.is_ascii_alphanumeric() || "_-./ ".contains(character);
    let safe = text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.chars().all(letters)
        && !text.ends_with(' ')
        && !["true", "false", "null", "yes", "no", "on", "off", "y", "n"].contains(&text.to_lowercase().as_str());
    if safe { text.to_owned() } else { Value::String(text.to_owned()).to_string() }
}

#[cfg(test)]
mod tests {
    use super::document;
    use serde_json::{Value, json};

    #[test]
    fn what_is_written_is_read_back() {
        let value = json!({
            "text": "a: b # c", "flag": true, "word": "no", "number": 14.4, "empty": [], "none": {}, "code": "0012",
            "lines": "sum(\n  x{a=\"b\"}\n) > 1", "list": [{ "a": 1, "b": ["x", { "c": "d e" }] }, "plain", [1, 2]],
        });
        let text = document("Generated.", &value);
        let read: Value = serde_saphyr::from_str(&text).unwrap();
        assert_eq!(read, value, "{text}");
        insta::assert_snapshot!(text);
    }
}
