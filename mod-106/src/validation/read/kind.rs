//! What type a column of text has, and text into typed columns.
//!
//! Types come from every value of a column: guessing from the first thousand rows fails in row 1,001. Numbers with leading zeros
//! are text, for they are codes, and 007 is not 7.

use super::super::error::Error;
use arrow::array::{
    ArrayRef, BooleanBuilder, Float64Builder, Int64Builder, StringBuilder, TimestampMicrosecondBuilder,
};
use std::sync::Arc;

/// The type of a column's values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// True or false.
    Boolean,
    /// A whole number of 64 bits.
    Integer,
    /// A number.
    Float,
    /// Anything else.
    #[default]
    Text,
    /// A date or a time.
    Timestamp,
}

impl Kind {
    /// The word in specs and reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Boolean => "boolean",
            Self::Integer => "integer",
            Self::Float => "float",
            Self::Text => "text",
            Self::Timestamp => "timestamp",
        }
    }

    /// Whether its values are numbers.
    pub fn is_number(self) -> bool {
        matches!(self, Self::Integer | Self::Float)
    }

    /// Whether a text is a value of this type.
    pub fn admits(self, text: &str) -> bool {
        match self {
            Self::Boolean => boolean(text).is_some(),
            Self::Integer => integer(text).is_some(),
            Self::Float => float(text).is_some(),
            Self::Timestamp => timestamp_us(text).is_some(),
            Self::Text => true,
        }
    }
}

/// Narrows down what a column may be, value by value.
#[derive(Clone, Debug, Default)]
pub(super) struct Guess {
    /// Candidates are tried in this order; the first that admitted every value wins.
    excluded: usize,
    seen: bool,
}

const CANDIDATES: [Kind; 5] = [Kind::Boolean, Kind::Integer, Kind::Float, Kind::Timestamp, Kind::Text];

impl Guess {
    /// Looks at one value. A column that admitted only whole numbers may still turn out to hold fractions; one that held both numbers
    /// and times holds neither.
    pub(super) fn see(&mut self, text: &str) {
        let first = !std::mem::replace(&mut self.seen, true);
        let candidate = CANDIDATES[self.excluded];
        if candidate.admits(text) {
            return;
        }
        let next = CANDIDATES.iter().position(|kind| kind.admits(text)).unwrap_or(4);
        // Whole numbers are fractions too; nothing else contains anything else but text.
        let widened = candidate == Kind::Integer && next == 2 || candidate == Kind::Float && next == 1;
        self.excluded = if first || widened { next.max(if first { 0 } else { 2 }) } else { 4 };
    }

    /// What it is; a column without values is text.
    pub(super) fn kind(&self) -> Kind {
        if self.seen { CANDIDATES[self.excluded] } else { Kind::Text }
    }
}

fn boolean(text: &str) -> Option<bool> {
    match text.len() {
        4 if text.eq_ignore_ascii_case("true") => Some(true),
        5 if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

fn is_code(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text).as_bytes();
    digits.len() > 1 && digits[0] == b'0' && digits[1].is_ascii_digit()
}

fn integer(text: &str) -> Option<i64> {
    if is_code(text) { None } else { text.parse().ok() }
}

fn float(text: &str) -> Option<f64> {
    if is_code(text) { None } else { text.parse().ok() }
}

/// Microseconds since 1970 of a date, a time with its offset, or a time without one, which is taken for UTC.
pub fn timestamp_us(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    if bytes.len() < 10 || bytes[4] != b'-' || !bytes[0].is_ascii_digit() {
        return None;
    }
    if let Ok(time) = text.parse::<jiff::Timestamp>() {
        return Some(time.as_microsecond());
    }
    let utc = |civil: jiff::civil::DateTime| civil.to_zoned(jiff::tz::TimeZone::UTC).ok();
    utc(text.parse().ok()?).map(|zoned| zoned.timestamp().as_microsecond())
}

/// Collects the values of one column of one batch.
#[derive(Debug)]
pub(super) enum Builder {
    Boolean(BooleanBuilder),
    Integer(Int64Builder),
    Float(Float64Builder),
    Text(StringBuilder),
    Timestamp(TimestampMicrosecondBuilder),
}

impl Builder {
    pub(super) fn new(kind: Kind) -> Self {
        match kind {
            Kind::Boolean => Self::Boolean(BooleanBuilder::new()),
            Kind::Integer => Self::Integer(Int64Builder::new()),
            Kind::Float => Self::Float(Float64Builder::new()),
            Kind::Text => Self::Text(StringBuilder::new()),
            Kind::Timestamp => Self::Timestamp(TimestampMicrosecondBuilder::new()),
        }
    }

    /// Adds a value, or nothing.
    ///
    /// # Errors
    /// When the text is not of the column's type; the caller knows where it stands.
    pub(super) fn push(&mut self, text: Option<&str>) -> Result<(), Kind> {
        fn read<T>(text: Option<&str>, kind: Kind, parse: impl Fn(&str) -> Option<T>) -> Result<Option<T>, Kind> {
            text.map(|text| parse(text).ok_or(kind)).transpose()
        }
        match self {
            Self::Boolean(builder) => builder.append_option(read(text, Kind::Boolean, boolean)?),
            Self::Integer(builder) => builder.append_option(read(text, Kind::Integer, integer)?),
            Self::Float(builder) => builder.append_option(read(text, Kind::Float, float)?),
            Self::Timestamp(builder) => builder.append_option(read(text, Kind::Timestamp, timestamp_us)?),
            Self::Text(builder) => builder.append_option(text),
        }
        Ok(())
    }

    pub(super) fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Boolean(builder) => Arc::new(builder.finish()),
            Self::Integer(builder) => Arc::new(builder.finish()),
            Self::Float(builder) => Arc::new(builder.finish()),
            Self::Text(builder) => Arc::new(builder.finish()),
            Self::Timestamp(builder) => Arc::new(builder.finish()),
        }
    }
}

/// What is said of a value that is not of its column's type.
pub(super) fn not_of_kind(at: String, column: &str, text: &str, kind: Kind) -> Error {
    let short: String = text.chars().take(40).collect();
    let found = format!("{short:?} in column `{column}` is not of type {}", kind.word());
    Error::data(at, found, "correct it, or change the column's type under `types` in the spec")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_come_from_every_value() {
        fn check(values: &[&str], expected: Kind) {
            let mut guess = Guess::default();
            values.iter().for_each(|value| guess.see(value));
            assert_eq!(guess.kind(), expected, "{values:?}");
        }
        check(&[], Kind::Text);
        check(&["1", "-2"], Kind::Integer);
        check(&["1", "2.5", "3"], Kind::Float);
        check(&["2.5", "NaN", "-inf", "1"], Kind::Float);
        check(&["1", "x"], Kind::Text);
        check(&["true", "False"], Kind::Boolean);
        check(&["true", "1"], Kind::Text);
        check(&["007", "12"], Kind::Text);
        check(&["12", "007"], Kind::Text);
        check(&["0.5", "-0.25", "0"], Kind::Float);
        check(&["2026-01-02", "2026-01-02T03:04:05Z", "2026-01-02 03:04:05"], Kind::Timestamp);
        check(&["2026-01-02", "7"], Kind::Text);
        check(&["9223372036854775808"], Kind::Float);
    }
}
