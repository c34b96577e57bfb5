//! The names of things as types, so that a run id cannot be handed over where an experiment id belongs.
//!
//! Constructors refuse what MLflow refuses; what a server *answers* is taken as it comes. Next: `values.rs`, numbers on the wire.

use super::error::Error;
use serde::de::{self, Deserialize, Deserializer, Visitor};
use serde::{Serialize, Serializer};
use std::fmt;

/// Writes a newtype over `String`: a function cannot define a type, and three hand-written copies would drift apart.
macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $what:literal, $accepts:expr, $rule:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Takes the text when MLflow would.
            ///
            /// # Errors
            /// [`Error::Refused`] says which text was refused and what is accepted.
            pub fn parse(text: impl Into<String>) -> Result<Self, Error> {
                let text = text.into();
                let accepts: fn(&str) -> bool = $accepts;
                if accepts(&text) { Ok(Self(text)) } else { Err(Error::refused($what, &text, $rule)) }
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = Error;

            fn from_str(text: &str) -> Result<Self, Error> {
                Self::parse(text)
            }
        }
    };
}

text_id!(
    /// An experiment's id, such as `0` (the default experiment).
    ExperimentId,
    "experiment id",
    |text| is_id(text, 64),
    "give 1 to 64 letters, digits, `_` or `-`; `mod-106 experiments list` shows them"
);
text_id!(
    /// A run's id, usually 32 hexadecimal digits.
    RunId,
    "run id",
    |text| is_id(text, 256),
    "give 1 to 256 letters, digits, `_` or `-`; `mod-106 runs list` shows them"
);
text_id!(
    /// A registered model's name, which is also its id.
    ModelName,
    "model name",
    |text| !text.trim().is_empty(),
    "give a name that is not empty"
);

/// MLflow's rule for ids: a letter or digit first, so that an id can never be read as an option or a hidden file.
fn is_id(text: &str, longest: usize) -> bool {
    text.len() <= longest
        && text.starts_with(|first: char| first.is_ascii_alphanumeric())
        && text.chars().all(|character| character.is_ascii_alphanumeric() || matches!(character, '_' | '-'))
}

/// A model version's number, counted from 1. MLflow writes it as a string and takes a number too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct VersionNumber(pub u64);

impl fmt::Display for VersionNumber {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl std::str::FromStr for VersionNumber {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        text.parse().map(Self).map_err(|_| Error::refused("model version", text, "give a whole number, such as 3"))
    }
}

impl Serialize for VersionNumber {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for VersionNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumberOrText;
        impl Visitor<'_> for NumberOrText {
            type Value = VersionNumber;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a model version as a number or a string")
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<VersionNumber, E> {
                Ok(VersionNumber(number))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<VersionNumber, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_any(NumberOrText)
    }
}

#[cfg(test)]
mod tests {
    use super::{ExperimentId, ModelName, RunId, VersionNumber};

    #[test]
    fn ids_follow_mlflow() {
        fn check(text: &str, accepted: bool) {
            assert_eq!(RunId::parse(text).is_ok(), accepted, "{text:?}");
        }
        check("0123456789abcdef0123456789abcdef", true);
        check("a_b-C", true);
        check("", false);
        check("-x", false);
        check("../x", false);
        check(&"a".repeat(257), false);
        assert!(ExperimentId::parse("a".repeat(65)).is_err());
        assert!(ModelName::parse("fraud détection").is_ok());
        assert!(ModelName::parse(" ").is_err());
    }

    #[test]
    fn a_version_is_read_as_number_or_text_and_written_as_text() {
        fn check(json: &str, expected: Option<u64>) {
            assert_eq!(serde_json::from_str::<VersionNumber>(json).ok().map(|version| version.0), expected, "{json}");
        }
        check("7", Some(7));
        check("\"7\"", Some(7));
        check("\"seven\"", None);
        check("-1", None);
        assert_eq!(serde_json::to_string(&VersionNumber(7)).unwrap(), "\"7\"");
    }

    #[test]
    fn a_refusal_names_the_value_and_the_way_out() {
        let message = RunId::parse("../etc").unwrap_err().to_string();
        assert!(message.contains("../etc") && message.contains("mod-106 runs list"), "{message}");
    }
}
