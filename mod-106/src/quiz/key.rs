//! The key: right answers, explanations and references, read from a folder that instructors name.
//!
//! Letters are the bank's; `grade` translates them to a paper's. Short answers are compared by patterns that must match the whole
//! answer, after both case and Unicode's many spellings of one character are set aside.

use super::error::Error;
use icu_normalizer::ComposingNormalizerBorrowed;
use regex::{Regex, RegexBuilder};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

/// All entries, by question.
#[derive(Debug, Clone, Default)]
pub struct Key {
    /// What is right, by the question's id.
    pub entries: BTreeMap<String, Entry>,
}

/// What is right, and why.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The content item in whose file it stands.
    pub item: String,
    /// What is right.
    pub right: Right,
    /// Why.
    pub explanation: String,
    /// Where the world can read it up.
    pub reference: String,
}

/// What is right.
#[derive(Debug, Clone)]
pub enum Right {
    /// This letter.
    Single(char),
    /// These letters and no others.
    Multiple(Vec<char>),
    /// The letters in this order.
    Ordering(Vec<char>),
    /// This number, give or take.
    Number {
        /// The number.
        value: f64,
        /// The largest difference that still counts.
        tolerance: f64,
    },
    /// Words.
    Words(Words),
}

/// Accepted words.
#[derive(Debug, Clone)]
pub struct Words {
    /// What matches one of these, whole, is right.
    pub accepted: Vec<Regex>,
    /// What a key shows.
    pub model: String,
    /// Other right answers, for the bank's own tests.
    pub variants: Vec<String>,
    /// Wrong answers, for the bank's own tests.
    pub refused: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    item: String,
    key: Vec<Raw>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    id: String,
    answer: Option<char>,
    answers: Option<Vec<char>>,
    order: Option<Vec<char>>,
    value: Option<f64>,
    tolerance: Option<f64>,
    accepted: Option<Vec<String>>,
    model: Option<String>,
    #[serde(default)]
    variants: Vec<String>,
    #[serde(default)]
    refused: Vec<String>,
    explanation: String,
    reference: String,
}

impl Key {
    /// Reads every `.toml` file of a folder.
    ///
    /// # Errors
    /// Names the file and what is wrong in it.
    pub fn read(folder: &Path) -> Result<Self, Error> {
        let listing = std::fs::read_dir(folder).map_err(|error| Error::reading(folder, error))?;
        let mut paths = Vec::new();
        for entry in listing {
            let path = entry.map_err(|error| Error::reading(folder, error))?.path();
            if path.extension().is_some_and(|extension| extension == "toml") {
                paths.push(path);
            }
        }
        paths.sort();
        if paths.is_empty() {
            return Err(Error::malformed(folder, "holds no .toml file: name the folder of the key"));
        }
        let mut key = Self::default();
        for path in paths {
            let text = std::fs::read_to_string(&path).map_err(|error| Error::reading(&path, error))?;
            key.add(&path, &text)?;
        }
        Ok(key)
    }

    pub(super) fn add(&mut self, path: &Path, text: &str) -> Result<(), Error> {
        let file: File = toml::from_str(text).map_err(|error| Error::malformed(path, error))?;
        for raw in file.key {
            let id = raw.id.clone();
            let entry = entry(&file.item, raw)
                .map_err(|problem| Error::malformed(path, format!("the key of {id:?} {problem}")))?;
            if self.entries.insert(id.clone(), entry).is_some() {
                return Err(Error::malformed(path, format!("the key of {id:?} is there twice")));
            }
        }
        Ok(())
    }
}

fn entry(item: &str, raw: Raw) -> Result<Entry, String> {
    let Raw { answer, answers, order, value, tolerance, accepted, model, variants, refused, .. } = raw;
    let right = match (answer, answers, order, value.zip(tolerance), accepted.zip(model)) {
        (Some(letter), None, None, None, None) => Right::Single(letter),
        (None, Some(letters), None, None, None) => Right::Multiple(letters),
        (None, None, Some(letters), None, None) => Right::Ordering(letters),
        (None, None, None, Some((value, tolerance)), None) => Right::Number { value, tolerance },
        (None, None, None, None, Some((accepted, model))) => {
            let accepted = accepted.iter().map(|text| pattern(text)).collect::<Result<_, _>>()?;
            Right::Words(Words { accepted, model, variants, refused })
        }
        _ => {
            return Err(
                "needs exactly one of: answer; answers; order; value and tolerance; accepted and model".to_owned()
            );
        }
    };
    Ok(Entry { item: item.to_owned(), right, explanation: raw.explanation, reference: raw.reference })
}

fn pattern(text: &str) -> Result<Regex, String> {
    // Anchored, or "not concept drift" would be an answer. The regex crate runs in linear time, whatever a learner writes.
    let anchored = RegexBuilder::new(&format!("^(?:{text})$")).case_insensitive(true).size_limit(1 << 20).build();
    anchored.map_err(|error| format!("has a pattern that cannot be used: {error}"))
}

impl Words {
    /// Whether an answer is accepted.
    pub fn accepts(&self, answer: &str) -> bool {
        let answer = normalise(answer);
        self.accepted.iter().any(|pattern| pattern.is_match(&answer))
    }
}

/// One spelling for what reads the same: Unicode's NFKC, ASCII hyphens and quotes, single spaces, no full stop at the end.
pub fn normalise(text: &str) -> String {
    let composed = ComposingNormalizerBorrowed::new_nfkc().normalize(text);
    let plain: String = composed
        .chars()
        .map(|character| match character {
            '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
            '\u{2018}' | '\u{2019}' => '\'',
            '\u{201c}' | '\u{201d}' => '"',
            other => other,
        })
        .collect();
    let quotes = |character: char| matches!(character, '"' | '`' | '\'' | '.' | '!');
    plain.split_whitespace().collect::<Vec<_>>().join(" ").trim_matches(quotes).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::{Key, normalise};
    use std::path::Path;

    #[test]
    fn spellings_of_one_answer_are_one() {
        fn check(text: &str, expected: &str) {
            assert_eq!(normalise(text), expected);
        }
        check("  point\u{2013}in\u{2011}time   join. ", "point-in-time join");
        check("\u{ff2f}\u{ff29}\u{ff24}\u{ff23}", "OIDC");
        check("\u{201c}cafe\u{301}\u{201d}", "caf\u{e9}");
        check("`MLFLOW_TRACKING_URI`", "MLFLOW_TRACKING_URI");
    }

    #[test]
    fn a_bad_key_is_named() {
        fn check(entry: &str, expected: &str) {
            let text = format!("item = \"i\"\n[[key]]\nid = \"q\"\nexplanation = \"\"\nreference = \"\"\n{entry}");
            let error = Key::default().add(Path::new("k.toml"), &text).unwrap_err().to_string();
            assert!(error.contains("k.toml") && error.contains(expected), "{error}");
        }
        check("", "exactly one of");
        check("answer = \"a\"\nvalue = 1\ntolerance = 1", "exactly one of");
        check("value = 1", "exactly one of");
        check("accepted = [\"(\"]\nmodel = \"m\"", "the key of \"q\" has a pattern");
        check("answer = \"ab\"", "line 6");
        let twice = "answer = \"a\"\n[[key]]\nid = \"q\"\nexplanation = \"\"\nreference = \"\"\nanswer = \"b\"";
        check(twice, "there twice");
        let error = Key::read(Path::new("/no/such/folder")).unwrap_err().to_string();
        assert!(error.contains("/no/such/folder"), "{error}");
    }
}
