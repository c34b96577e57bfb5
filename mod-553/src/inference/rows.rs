//! Payments with the truth about them, as a training job takes them: drawn from the population, or read from a CSV file.
//!
//! The file has a header with every feature and `fraud`, in any order; other columns are refused, for a column that nobody reads is a
//! column that somebody believes in. An empty field is a null. What does not fit is named with its file, line and column.

use super::error::Error;
use super::population::Population;
use crate::inference_log::Value;
use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

/// Features that are numbers, and whether a logarithm suits them.
pub(super) const NUMBERS: [(&str, bool); 4] =
    [("account_age_days", true), ("amount_usd", true), ("attempts_24h", false), ("hour", false)];
/// Features that are categories.
pub(super) const CATEGORIES: [&str; 2] = ["channel", "merchant"];
/// The column of the truth.
const LABEL: &str = "fraud";

/// A payment whose truth is known.
#[derive(Clone, Debug, PartialEq)]
pub struct Labelled {
    /// By name; a null is absent.
    pub features: BTreeMap<String, Value>,
    /// Whether it was fraud.
    pub fraud: bool,
}

impl Labelled {
    pub(super) fn number(&self, name: &str) -> Option<f64> {
        match self.features.get(name) {
            Some(Value::Number(number)) => Some(*number),
            _ => None,
        }
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        match self.features.get(name) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }
}

/// So many payments of the population that a seed stands for.
pub fn drawn(rows: usize, seed: u64) -> Vec<Labelled> {
    let mut population = Population::new(seed);
    let labelled = |payment: super::Payment| Labelled { features: payment.features(), fraud: payment.fraud };
    (0..rows).map(|_| labelled(population.draw())).collect()
}

/// Reads a file.
///
/// # Errors
/// The first thing that does not fit, with its place.
pub(super) fn read(path: &Path) -> Result<Vec<Labelled>, Error> {
    let file = File::open(path).map_err(|source| Error::Read { path: path.to_owned(), source })?;
    let mut reader = csv::Reader::from_reader(file);
    let refuse = |line: u64, reason: String| Error::Data { path: path.to_owned(), line, reason };
    let broken = |error: csv::Error| refuse(error.position().map_or(1, csv::Position::line), error.to_string());
    let header = reader.headers().map_err(broken)?.clone();
    let known: Vec<&str> = NUMBERS.iter().map(|(name, _)| *name).chain(CATEGORIES).chain([LABEL]).collect();
    if let Some(missing) = known.iter().find(|name| header.iter().filter(|found| found == *name).count() != 1) {
        return Err(refuse(1, format!("column {missing}: expected once in the header, among {}", known.join(", "))));
    }
    if let Some(surplus) = header.iter().find(|name| !known.contains(name)) {
        return Err(refuse(1, format!("column {surplus}: nobody reads it; expected {}", known.join(", "))));
    }
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(broken)?;
        let line = record.position().map_or(0, csv::Position::line);
        let fields: BTreeMap<&str, &str> = header.iter().zip(record.iter()).collect();
        rows.push(row(&fields).map_err(|reason| refuse(line, reason))?);
    }
    Ok(rows)
}

/// Writes a file that training reads, whole or not at all.
///
/// # Errors
/// When it cannot be written.
pub fn write(path: &Path, rows: &[Labelled]) -> Result<(), Error> {
    let names: Vec<&str> = NUMBERS.iter().map(|(name, _)| *name).chain(CATEGORIES).collect();
    let mut text = format!("{},{LABEL}\n", names.join(","));
    for row in rows {
        let field = |name: &&str| match row.features.get(*name) {
            Some(Value::Number(number)) => number.to_string(),
            Some(Value::Text(text)) => text.clone(),
            _ => String::new(),
        };
        let fields: Vec<String> = names.iter().map(field).collect();
        text.push_str(&format!("{},{}\n", fields.join(","), row.fraud));
    }
    Ok(mod_106::documents::write(path, text.as_bytes())?)
}

fn row(fields: &BTreeMap<&str, &str>) -> Result<Labelled, String> {
    let mut features = BTreeMap::new();
    for (name, field) in fields.iter().filter(|(name, field)| **name != LABEL && !field.is_empty()) {
        let value = if CATEGORIES.contains(name) {
            Value::Text((*field).to_owned())
        } else {
            let number = field.parse().ok().filter(|number: &f64| number.is_finite());
            Value::Number(number.ok_or_else(|| format!("column {name}: found `{field}`; expected a number"))?)
        };
        features.insert((*name).to_owned(), value);
    }
    let fraud = match fields[LABEL] {
        "true" | "1" => true,
        "false" | "0" => false,
        other => return Err(format!("column {LABEL}: found `{other}`; expected true or false")),
    };
    Ok(Labelled { features, fraud })
}

#[cfg(test)]
mod tests {
    use super::{drawn, read, write};

    #[test]
    fn what_is_written_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("payments.csv");
        let mut rows = drawn(50, 3);
        rows[7].features.remove("channel");
        write(&path, &rows).unwrap();
        assert_eq!(read(&path).unwrap(), rows);
    }

    #[test]
    fn what_does_not_fit_is_named_with_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("payments.csv");
        write(&path, &drawn(9, 3)).unwrap();
        let good = std::fs::read_to_string(&path).unwrap();
        let check = |text: String, expected: &[&str]| {
            std::fs::write(&path, text).unwrap();
            let error = read(&path).unwrap_err();
            let said = error.to_string();
            assert!(error.exit_code() == 2 && expected.iter().all(|part| said.contains(part)), "{said}");
        };
        check(good.replacen("hour", "our", 1), &["payments.csv:1", "column hour: expected once"]);
        check(good.replacen("fraud", "fraud,note", 1).replace("e\n", "e,x\n"), &["column note: nobody reads it"]);
        check(good.clone() + "x,1,1,1,web,travel,true\n", &["payments.csv:11", "column account_age_days: found `x`"]);
        check(good.clone() + "1,1,1,NaN,web,travel,true\n", &["payments.csv:11", "column hour: found `NaN`"]);
        check(good.clone() + "1,1,1,1,web,travel,maybe\n", &["column fraud: found `maybe`"]);
        check(good + "1,1\n", &["payments.csv:11"]);
    }
}
