//! One answer: read from a sheet's value or from a typed line, against the question that it answers.
//!
//! Whether it is right is not known here; `grade` asks the key.

use super::bank::Kind;
use super::paper::Asked;

/// The longest answer in words; more is a mistake, or an essay.
const LONGEST_TEXT: usize = 200;

/// An answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// None: worth nothing, and no mistake of form.
    Blank,
    /// The letters that were chosen, or all of them in order.
    Letters(Vec<char>),
    /// A finite number, in the question's unit.
    Number(f64),
    /// Words.
    Text(String),
}

impl Answer {
    /// Reads a sheet's value.
    ///
    /// # Errors
    /// Says what was found and what the question asks for.
    pub fn from_value(asked: &Asked, value: &toml::Value) -> Result<Self, String> {
        let wrong = |found: &str| Err(format!("question {:?} takes {}; found {found}", asked.id, expected(asked)));
        match (asked.kind, value) {
            (_, toml::Value::String(text)) if text.trim().is_empty() => Ok(Self::Blank),
            (Kind::Multiple | Kind::Ordering, toml::Value::Array(letters)) if letters.is_empty() => Ok(Self::Blank),
            (Kind::Numeric, toml::Value::Float(number)) => finite(asked, *number),
            // Beyond 2^53 an integer is no longer exact as a float; no question asks for such a number.
            (Kind::Numeric, toml::Value::Integer(number)) => finite(asked, *number as f64),
            (Kind::Short, toml::Value::String(text)) => words(asked, text),
            (Kind::Single, toml::Value::String(text)) => letters(asked, &[text.as_str()]),
            (Kind::Multiple | Kind::Ordering, toml::Value::Array(items)) => {
                let texts: Option<Vec<_>> = items.iter().map(toml::Value::as_str).collect();
                match texts {
                    Some(texts) => letters(asked, &texts),
                    None => wrong("a list that holds something else than strings"),
                }
            }
            (_, value) => wrong(&format!("{} ({value})", value.type_str())),
        }
    }

    /// Reads what somebody typed: `b`, `a c d`, `acd`, `a,c,d`, `12.5 %`, or words.
    ///
    /// # Errors
    /// Says what was found and what the question asks for.
    pub fn from_line(asked: &Asked, line: &str) -> Result<Self, String> {
        let line = line.trim();
        match asked.kind {
            _ if line.is_empty() => Ok(Self::Blank),
            Kind::Short => words(asked, line),
            Kind::Numeric => {
                let bare = line.strip_suffix(asked.unit.as_str()).unwrap_or(line).trim_end();
                let number = bare.replace('−', "-").parse();
                match number {
                    Ok(number) => finite(asked, number),
                    Err(_) => Err(format!("{line:?} is not a number: write it like 12960 or 0.5, without commas")),
                }
            }
            Kind::Single | Kind::Multiple | Kind::Ordering => {
                let letter = |character: &char| !character.is_whitespace() && !matches!(character, ',' | ';' | '>');
                let typed: Vec<String> = line.chars().filter(letter).map(String::from).collect();
                letters(asked, &typed.iter().map(String::as_str).collect::<Vec<_>>())
            }
        }
    }

    /// As a sheet's value.
    pub fn to_value(&self, asked: &Asked) -> toml::Value {
        match self {
            Self::Letters(letters) if asked.kind == Kind::Single => letters.iter().collect::<String>().into(),
            Self::Letters(letters) => letters.iter().map(char::to_string).collect::<Vec<_>>().into(),
            Self::Number(number) => (*number).into(),
            Self::Text(text) => text.clone().into(),
            Self::Blank if matches!(asked.kind, Kind::Multiple | Kind::Ordering) => toml::Value::Array(Vec::new()),
            Self::Blank => "".into(),
        }
    }

    /// As people read it.
    pub fn to_text(&self, asked: &Asked) -> String {
        match self {
            Self::Blank => "–".to_owned(),
            Self::Text(text) => text.clone(),
            Self::Number(number) => format!("{number} {}", asked.unit).trim_end().to_owned(),
            Self::Letters(letters) => {
                let between = if asked.kind == Kind::Ordering { " > " } else { " " };
                letters.iter().map(char::to_string).collect::<Vec<_>>().join(between)
            }
        }
    }

    /// Whether there is one.
    pub fn is_blank(&self) -> bool {
        *self == Self::Blank
    }
}

/// What a question takes, in words.
pub fn expected(asked: &Asked) -> String {
    let last = asked.options.last().map_or('a', |choice| choice.letter);
    match asked.kind {
        Kind::Single => format!("one letter from \"a\" to \"{last}\""),
        Kind::Multiple => format!("a list of letters from \"a\" to \"{last}\", each once"),
        Kind::Ordering => format!("a list of all letters from \"a\" to \"{last}\" in order, each once"),
        Kind::Numeric if asked.unit.is_empty() => "a number".to_owned(),
        Kind::Numeric => format!("a number, in {}", asked.unit),
        Kind::Short => "a few words, as a string".to_owned(),
    }
}

fn finite(asked: &Asked, number: f64) -> Result<Answer, String> {
    if number.is_finite() {
        return Ok(Answer::Number(number));
    }
    Err(format!("question {:?} takes {}; found {number}", asked.id, expected(asked)))
}

fn words(asked: &Asked, text: &str) -> Result<Answer, String> {
    let length = text.trim().chars().count();
    if length <= LONGEST_TEXT {
        return Ok(Answer::Text(text.trim().to_owned()));
    }
    Err(format!("question {:?} takes at most {LONGEST_TEXT} characters; found {length}", asked.id))
}

fn letters(asked: &Asked, texts: &[&str]) -> Result<Answer, String> {
    let wrong = |found: String| Err(format!("question {:?} takes {}; found {found}", asked.id, expected(asked)));
    let mut letters = Vec::with_capacity(texts.len());
    for text in texts {
        let lower = text.trim().to_lowercase();
        let Some(choice) = asked.options.iter().find(|choice| lower == choice.letter.to_string()) else {
            return wrong(format!("{text:?}"));
        };
        if letters.contains(&choice.letter) {
            return wrong(format!("{lower:?} twice"));
        }
        letters.push(choice.letter);
    }
    match asked.kind {
        Kind::Single if letters.len() != 1 => wrong(format!("{} letters", letters.len())),
        Kind::Ordering if letters.len() != asked.options.len() => {
            wrong(format!("{} of {} letters", letters.len(), asked.options.len()))
        }
        Kind::Multiple => {
            letters.sort_unstable();
            Ok(Answer::Letters(letters))
        }
        _ => Ok(Answer::Letters(letters)),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::Answer;
    use crate::quiz::bank::{Difficulty, Kind};
    use crate::quiz::paper::{Asked, Choice};

    /// A question with four options where its kind has any.
    pub(in crate::quiz) fn question(kind: Kind, unit: &str) -> Asked {
        let choice = |letter| Choice { letter, text: format!("option {letter}"), in_bank: letter };
        Asked {
            id: "q".to_owned(),
            item: "Item".to_owned(),
            objective: "Objective".to_owned(),
            kind,
            difficulty: Difficulty::Apply,
            points: 2,
            text: "What?".to_owned(),
            options: if kind.has_options() { ('a'..='d').map(choice).collect() } else { Vec::new() },
            unit: unit.to_owned(),
        }
    }

    #[test]
    fn typed_lines_are_read() {
        fn check(kind: Kind, line: &str, expected: Result<Answer, &str>) {
            let read = Answer::from_line(&question(kind, "%"), line);
            match (read, expected) {
                (Ok(read), Ok(expected)) => assert_eq!(read, expected, "{line}"),
                (Err(error), Err(expected)) => assert!(error.contains(expected), "{error}"),
                (read, expected) => panic!("{line}: {read:?}, not {expected:?}"),
            }
        }
        let letters = |text: &str| Ok(Answer::Letters(text.chars().collect()));
        check(Kind::Single, " B ", letters("b"));
        check(Kind::Single, "bc", Err("one letter"));
        check(Kind::Single, "e", Err("found \"e\""));
        check(Kind::Multiple, "d, a", letters("ad"));
        check(Kind::Multiple, "aa", Err("\"a\" twice"));
        check(Kind::Ordering, "d > a > c > b", letters("dacb"));
        check(Kind::Ordering, "dac", Err("3 of 4 letters"));
        check(Kind::Numeric, "40 %", Ok(Answer::Number(40.0)));
        check(Kind::Numeric, "40%", Ok(Answer::Number(40.0)));
        check(Kind::Numeric, "−1e3", Ok(Answer::Number(-1000.0)));
        check(Kind::Numeric, "12,960", Err("without commas"));
        check(Kind::Numeric, "inf", Err("found inf"));
        check(Kind::Short, " concept drift ", Ok(Answer::Text("concept drift".to_owned())));
        check(Kind::Short, &"x".repeat(201), Err("found 201"));
        check(Kind::Short, "  ", Ok(Answer::Blank));
    }

    #[test]
    fn sheet_values_are_read_and_written() {
        fn check(kind: Kind, value: &str, expected: Result<(), &str>) {
            let asked = question(kind, "");
            let table: toml::Table = format!("v = {value}").parse().unwrap();
            match (Answer::from_value(&asked, &table["v"]), expected) {
                (Ok(read), Ok(())) => assert_eq!(Answer::from_value(&asked, &read.to_value(&asked)), Ok(read)),
                (Err(error), Err(expected)) => assert!(error.contains(expected), "{error}"),
                (read, expected) => panic!("{value}: {read:?}, not {expected:?}"),
            }
        }
        check(Kind::Single, "\"c\"", Ok(()));
        check(Kind::Single, "[\"c\"]", Err("found array"));
        check(Kind::Single, "3", Err("found integer (3)"));
        check(Kind::Single, "\"\"", Ok(()));
        check(Kind::Multiple, "[\"c\", \"a\"]", Ok(()));
        check(Kind::Multiple, "\"a\"", Err("found string"));
        check(Kind::Multiple, "[1]", Err("something else than strings"));
        check(Kind::Multiple, "[]", Ok(()));
        check(Kind::Ordering, "[\"c\", \"a\", \"b\", \"d\"]", Ok(()));
        check(Kind::Numeric, "3", Ok(()));
        check(Kind::Numeric, "nan", Err("found NaN"));
        check(Kind::Numeric, "\"3\"", Err("found string"));
        check(Kind::Short, "\"words\"", Ok(()));
        check(Kind::Short, "true", Err("found boolean"));
    }
}
