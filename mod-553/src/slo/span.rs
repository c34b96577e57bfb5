//! Stretches of time as Prometheus writes them: `5m`, `1h`, `30d`. One number and one unit, which is all that rules need.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A stretch of time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Span {
    seconds: u64,
    text: String,
}

const UNITS: [(char, u64); 5] = [('s', 1), ('m', 60), ('h', 3_600), ('d', 86_400), ('w', 604_800)];

impl Span {
    /// How long it is.
    pub fn seconds(&self) -> u64 {
        self.seconds
    }
}

impl TryFrom<String> for Span {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let refuse =
            || format!("`{text}` is no stretch of time; expected a whole number and s, m, h, d or w, such as 5m");
        let unit = text.chars().last().and_then(|last| UNITS.iter().find(|(unit, _)| *unit == last));
        let (unit, seconds) = unit.ok_or_else(refuse)?;
        let count: u64 = text.trim_end_matches(*unit).parse().map_err(|_| refuse())?;
        let seconds = count.checked_mul(*seconds).filter(|seconds| *seconds > 0).ok_or_else(refuse)?;
        Ok(Self { seconds, text })
    }
}

impl From<Span> for String {
    fn from(span: Span) -> Self {
        span.text
    }
}

impl fmt::Display for Span {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::Span;

    #[test]
    fn one_number_and_one_unit() {
        fn check(text: &str, seconds: Option<u64>) {
            assert_eq!(Span::try_from(text.to_owned()).ok().map(|span| span.seconds()), seconds, "{text}");
        }
        check("5m", Some(300));
        check("3d", Some(259_200));
        check("1h30m", None);
        check("0m", None);
        check("m", None);
        check("", None);
        check("5", None);
        check("99999999999999999999w", None);
    }
}
