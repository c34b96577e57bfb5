//! Numbers as MLflow writes them: int64 as a JSON number (proto's string form is accepted), and floats that JSON has no word for.
//!
//! A metric that is not finite travels as the string `"NaN"`, `"Infinity"` or `"-Infinity"`, as the Python client sends it;
//! `null` (serde_json's own choice) would be refused. Servers store ±∞ as ±[`f64::MAX`]. Next: `tracking.rs`' types use these.

use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serializer};
use std::fmt;

/// Writes a metric's value.
pub(super) fn write_float<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    if value.is_finite() {
        serializer.serialize_f64(*value)
    } else if value.is_nan() {
        serializer.serialize_str("NaN")
    } else {
        serializer.serialize_str(if *value > 0.0 { "Infinity" } else { "-Infinity" })
    }
}

/// Reads a metric's value: a number, or one of the words.
pub(super) fn read_float<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    struct NumberOrWord;
    impl Visitor<'_> for NumberOrWord {
        type Value = f64;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("a number, \"NaN\", \"Infinity\" or \"-Infinity\"")
        }

        fn visit_f64<E: de::Error>(self, value: f64) -> Result<f64, E> {
            Ok(value)
        }

        // MLflow prints 3.0 as 3.0, but other servers print 3; both mean the same metric.
        fn visit_i64<E: de::Error>(self, value: i64) -> Result<f64, E> {
            Ok(value as f64)
        }

        fn visit_u64<E: de::Error>(self, value: u64) -> Result<f64, E> {
            Ok(value as f64)
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<f64, E> {
            text.parse().map_err(|_| E::invalid_value(de::Unexpected::Str(text), &self))
        }
    }
    deserializer.deserialize_any(NumberOrWord)
}

/// Reads an int64 that may be absent, `null`, a number or a string.
pub(super) fn read_int64<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    Ok(Option::<Int64>::deserialize(deserializer)?.map(|number| number.0))
}

/// Reads an int64 whose absence means 0, as proto3 has it.
pub(super) fn read_int64_or_zero<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    read_int64(deserializer).map(Option::unwrap_or_default)
}

struct Int64(i64);

impl<'de> Deserialize<'de> for Int64 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumberOrText;
        impl Visitor<'_> for NumberOrText {
            type Value = Int64;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a 64-bit whole number, or one in a string")
            }

            fn visit_i64<E: de::Error>(self, value: i64) -> Result<Int64, E> {
                Ok(Int64(value))
            }

            fn visit_u64<E: de::Error>(self, value: u64) -> Result<Int64, E> {
                i64::try_from(value).map(Int64).map_err(|_| E::invalid_value(de::Unexpected::Unsigned(value), &self))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Int64, E> {
                text.parse().map(Int64).map_err(|_| E::invalid_value(de::Unexpected::Str(text), &self))
            }
        }
        deserializer.deserialize_any(NumberOrText)
    }
}

#[cfg(test)]
mod tests {
    use crate::client::Metric;

    fn metric(value: f64) -> Metric {
        Metric { key: "m".to_owned(), value, timestamp: 1, step: -2 }
    }

    #[test]
    fn floats_are_written_so_that_python_reads_them_back() {
        fn check(value: f64, expected: &str) {
            let json = serde_json::to_string(&metric(value)).unwrap();
            assert_eq!(json, format!(r#"{{"key":"m","value":{expected},"timestamp":1,"step":-2}}"#));
        }
        check(0.1, "0.1");
        check(3.0, "3.0");
        check(f64::NAN, "\"NaN\"");
        check(f64::INFINITY, "\"Infinity\"");
        check(f64::NEG_INFINITY, "\"-Infinity\"");
    }

    #[test]
    fn floats_are_read_in_every_form() {
        fn check(json: &str, expected: f64) {
            let metric: Metric = serde_json::from_str(&format!(r#"{{"key":"m","value":{json}}}"#)).unwrap();
            assert_eq!(metric.value.total_cmp(&expected), std::cmp::Ordering::Equal, "{json}");
        }
        check("3", 3.0);
        check("-3", -3.0);
        check("1.7976931348623157e308", f64::MAX);
        check("0.30000000000000004", 0.1 + 0.2);
        check("\"NaN\"", f64::NAN);
        check("\"Infinity\"", f64::INFINITY);
        check("\"-Infinity\"", f64::NEG_INFINITY);
    }

    #[test]
    fn int64_is_a_number_a_string_or_absent() {
        fn check(json: &str, expected: Option<i64>) {
            let metric = serde_json::from_str::<Metric>(&format!(r#"{{"key":"m","value":1{json}}}"#));
            assert_eq!(metric.ok().map(|metric| metric.step), expected, "{json}");
        }
        check("", Some(0));
        check(",\"step\":null", Some(0));
        check(",\"step\":9223372036854775807", Some(i64::MAX));
        check(",\"step\":\"-9223372036854775808\"", Some(i64::MIN));
        check(",\"step\":9223372036854775808", None);
        check(",\"step\":\"x\"", None);
    }

    proptest::proptest! {
        #[test]
        fn every_float_survives(bits: u64) {
            let value = f64::from_bits(bits);
            let read: Metric = serde_json::from_str(&serde_json::to_string(&metric(value)).unwrap()).unwrap();
            proptest::prop_assert!(read.value.to_bits() == bits || (read.value.is_nan() && value.is_nan()));
        }
    }
}
