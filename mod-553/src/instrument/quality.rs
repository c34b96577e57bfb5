//! What is wrong with a feature's value, against what the training data held.

use crate::inference_log::Value;
use serde::Serialize;
use std::collections::BTreeSet;

/// What training saw of a feature.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Expected {
    /// A number between these two.
    Number {
        /// The smallest that training saw.
        min: f64,
        /// The largest.
        max: f64,
    },
    /// One of these categories.
    Category {
        /// Their names.
        levels: BTreeSet<String>,
    },
}

/// What can be said of one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quality {
    /// As in training.
    Ok,
    /// Nothing was there: absent, null or not a number.
    Null,
    /// A number that training never came near to.
    OutOfRange,
    /// A category that training never saw.
    Unseen,
    /// A text for a number, or the other way round: the caller's mistake.
    WrongType,
}

impl Quality {
    /// All that a value can be, so that counters begin at 0.
    pub const ALL: [Self; 5] = [Self::Ok, Self::Null, Self::OutOfRange, Self::Unseen, Self::WrongType];

    /// The word on the label `state`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Null => "null",
            Self::OutOfRange => "out_of_range",
            Self::Unseen => "unseen",
            Self::WrongType => "wrong_type",
        }
    }
}

impl Expected {
    /// Judges one value.
    pub fn judge(&self, value: Option<&Value>) -> Quality {
        match (self, value) {
            (_, None | Some(Value::Null)) => Quality::Null,
            (Self::Number { .. }, Some(Value::Number(number))) if number.is_nan() => Quality::Null,
            (Self::Number { min, max }, Some(Value::Number(number))) => {
                if (*min..=*max).contains(number) {
                    Quality::Ok
                } else {
                    Quality::OutOfRange
                }
            }
            (Self::Category { levels }, Some(Value::Text(text))) => {
                if levels.contains(text) {
                    Quality::Ok
                } else {
                    Quality::Unseen
                }
            }
            _ => Quality::WrongType,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Expected, Quality};
    use crate::inference_log::Value;

    #[test]
    fn each_fault_has_a_name_of_its_own() {
        fn check(expected: &Expected, value: Option<Value>, quality: Quality) {
            assert_eq!(expected.judge(value.as_ref()), quality, "{value:?}");
        }
        let number = Expected::Number { min: 0.0, max: 10.0 };
        check(&number, Some(Value::Number(10.0)), Quality::Ok);
        check(&number, Some(Value::Number(10.1)), Quality::OutOfRange);
        check(&number, Some(Value::Number(f64::NEG_INFINITY)), Quality::OutOfRange);
        check(&number, Some(Value::Number(f64::NAN)), Quality::Null);
        check(&number, None, Quality::Null);
        check(&number, Some(Value::Text("7".to_owned())), Quality::WrongType);
        let category = Expected::Category { levels: ["web".to_owned()].into() };
        check(&category, Some(Value::Text("web".to_owned())), Quality::Ok);
        check(&category, Some(Value::Text("fax".to_owned())), Quality::Unseen);
        check(&category, Some(Value::Null), Quality::Null);
        check(&category, Some(Value::Number(1.0)), Quality::WrongType);
    }
}
