//! Rows of a file or of standard input, one value each, with the line they stand on.

use super::super::Ended;
use super::Format;
use anyhow::{Context, Result};
use std::fs::File;
use std::io::{BufRead, BufReader, Read};

/// A row's line, from 1, and its value if it has one.
pub(super) struct Row {
    pub(super) line: u64,
    pub(super) value: Option<f64>,
}

/// Rows in order.
pub(super) struct Rows {
    name: String,
    shape: Shape,
}

enum Shape {
    Csv { records: csv::StringRecordsIntoIter<Box<dyn Read>>, column: usize },
    Lines { reader: BufReader<Box<dyn Read>>, line: u64, path: Option<String> },
}

impl Rows {
    /// Opens a file, or standard input by the name `-`. CSV and JSON Lines need a column.
    pub(super) fn open(name: &str, format: Format, column: Option<&str>) -> Result<Self> {
        let input: Box<dyn Read> = if name == "-" {
            Box::new(std::io::stdin())
        } else {
            let wrong = |error| Ended { code: 2, message: format!("cannot read {name}: {error}") };
            Box::new(File::open(name).map_err(wrong)?)
        };
        let column = column.unwrap_or_default();
        let shape = match format {
            Format::Csv => csv_records(name, input, column)?,
            Format::Jsonl => Shape::Lines { reader: BufReader::new(input), line: 0, path: Some(column.to_owned()) },
            Format::Values => Shape::Lines { reader: BufReader::new(input), line: 0, path: None },
        };
        Ok(Self { name: name.to_owned(), shape })
    }

    fn malformed(&self, line: u64, found: &str) -> anyhow::Error {
        Ended { code: 2, message: format!("{}:{line}: {found}", self.name) }.into()
    }
}

fn csv_records(name: &str, input: Box<dyn Read>, column: &str) -> Result<Shape> {
    let wrong = |found: String| Ended { code: 2, message: format!("{name}: {found}") };
    let mut reader = csv::Reader::from_reader(input);
    let header = reader.headers().map_err(|error| wrong(error.to_string()))?;
    let Some(index) = header.iter().position(|name| name.trim_start_matches('\u{feff}') == column) else {
        let names: Vec<&str> = header.iter().collect();
        return Err(wrong(format!("there is no column {column:?}; there are: {}", names.join(", "))).into());
    };
    Ok(Shape::Csv { records: reader.into_records(), column: index })
}

impl Iterator for Rows {
    type Item = Result<Row>;

    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.shape {
            Shape::Csv { records, column } => {
                let record = match records.next()? {
                    Ok(record) => record,
                    Err(error) => {
                        let line = error.position().map_or(0, csv::Position::line);
                        return Some(Err(self.malformed(line, &error.to_string())));
                    }
                };
                let line = record.position().map_or(0, csv::Position::line);
                let text = record.get(*column).unwrap_or_default();
                let value = number(text);
                Some(value.map(|value| Row { line, value }).map_err(|found| self.malformed(line, &found)))
            }
            Shape::Lines { reader, line, path } => {
                let (text, line) = match next_line(reader, line) {
                    Ok(text) => (text?, *line),
                    Err(error) => return Some(Err(error).with_context(|| format!("cannot read {}", self.name))),
                };
                let value = match path {
                    None => number(&text),
                    Some(path) => field(&text, path),
                };
                Some(value.map(|value| Row { line, value }).map_err(|found| self.malformed(line, &found)))
            }
        }
    }
}

/// The next line that is not blank, without its end.
fn next_line(reader: &mut impl BufRead, line: &mut u64) -> std::io::Result<Option<String>> {
    let mut text = String::new();
    while text.trim().is_empty() {
        text.clear();
        if reader.read_line(&mut text)? == 0 {
            return Ok(None);
        }
        *line += 1;
    }
    Ok(Some(text))
}

/// A number, an answer that was right or wrong, or nothing.
fn number(text: &str) -> Result<Option<f64>, String> {
    match text.trim() {
        "" | "null" => Ok(None),
        "true" => Ok(Some(1.0)),
        "false" => Ok(Some(0.0)),
        text => text.parse().map(Some).map_err(|_| format!("{text:?} is not a number")),
    }
}

/// The same of a JSON object's field; what is not there is nothing.
fn field(line: &str, path: &str) -> Result<Option<f64>, String> {
    let object: serde_json::Value =
        serde_json::from_str(line).map_err(|error| format!("not a JSON object: {error}"))?;
    let value = match object.get(path) {
        Some(value) => Some(value),
        None => path.split('.').try_fold(&object, |inner, name| inner.get(name)),
    };
    match value {
        None | Some(serde_json::Value::Null) => Ok(None),
        Some(serde_json::Value::Bool(flag)) => Ok(Some(f64::from(u8::from(*flag)))),
        Some(serde_json::Value::Number(number)) => Ok(number.as_f64()),
        Some(other) => Err(format!("{path} is {other}, not a number")),
    }
}

#[cfg(test)]
mod tests {
    use super::{field, number};

    #[test]
    fn numbers_answers_and_nothing() {
        assert_eq!(number(" 1.5 "), Ok(Some(1.5)));
        assert_eq!(number("true"), Ok(Some(1.0)));
        assert_eq!(number(""), Ok(None));
        assert!(number("1,5").is_err());
        assert_eq!(field(r#"{"features":{"x":2}}"#, "features.x"), Ok(Some(2.0)));
        assert_eq!(field(r#"{"a.b":3}"#, "a.b"), Ok(Some(3.0)));
        assert_eq!(field("{}", "x"), Ok(None));
        assert!(field(r#"{"x":"two"}"#, "x").is_err());
        assert!(field("[", "x").is_err());
    }
}
