//! Points in time as nanoseconds since 1970, and lengths of time such as `30d`.
//!
//! A time without a zone is refused. The tempting wrong choice is Feast's: it reads one as UTC, and a training set from a
//! machine on local time then sees hours of the future. Next: `definitions.rs`.

use jiff::Timestamp;
use std::time::Duration;

/// Nanoseconds since 1970: exact for every time that Parquet and pandas write.
pub type Nanoseconds = i64;

const ZONE_WANTED: &str = "give a time with its zone, such as 2026-03-01T09:30:00Z or 2026-03-01 09:30:00+02:00";

/// Reads RFC 3339, with a `T` or a space between date and time.
///
/// # Errors
/// What is wrong, in words that follow a place: no zone, or no time at all.
pub fn parse(text: &str) -> Result<Nanoseconds, String> {
    match text.trim().parse::<Timestamp>() {
        Ok(time) => i64::try_from(time.as_nanosecond())
            .map_err(|_| format!("the time {text:?} is out of range; give one between the years 1678 and 2261")),
        Err(_) if text.trim().parse::<jiff::civil::DateTime>().is_ok() => {
            Err(format!("the time {text:?} has no zone; {ZONE_WANTED}"))
        }
        Err(_) => Err(format!("{text:?} is not a time; {ZONE_WANTED}")),
    }
}

/// Writes RFC 3339 in UTC, with as many fractional digits as it takes.
pub fn format(nanoseconds: Nanoseconds) -> String {
    Timestamp::from_nanosecond(i128::from(nanoseconds))
        .map_or_else(|_| nanoseconds.to_string(), |time| time.to_string())
}

/// Now.
pub fn now() -> Nanoseconds {
    i64::try_from(Timestamp::now().as_nanosecond()).unwrap_or(i64::MAX)
}

/// Reads a length of time: a whole number and `s`, `m`, `h`, `d` or `w`; a bare `0` means *for ever*.
///
/// # Errors
/// What was found and what is accepted.
pub fn parse_length(text: &str) -> Result<Duration, String> {
    let wrong =
        || format!("{text:?} is not a length of time; give a whole number and s, m, h, d or w, such as 36h, or 0");
    let text_ = text.trim();
    if text_ == "0" {
        return Ok(Duration::ZERO);
    }
    let unit_at = text_.len() - text_.chars().next_back().map_or(0, char::len_utf8);
    let (number, unit) = text_.split_at(unit_at);
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        "w" => 604_800,
        _ => return Err(wrong()),
    };
    let number: u64 = number.parse().map_err(|_| wrong())?;
    number.checked_mul(seconds).map(Duration::from_secs).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::{format, parse, parse_length};

    #[test]
    fn times_have_a_zone() {
        fn check(text: &str, expected: Result<i64, &str>) {
            match (parse(text), expected) {
                (Ok(found), Ok(expected)) => assert_eq!(found, expected, "{text}"),
                (Err(found), Err(expected)) => assert!(found.contains(expected), "{text}: {found}"),
                (found, expected) => panic!("{text}: {found:?}, expected {expected:?}"),
            }
        }
        check("1970-01-01T00:00:01Z", Ok(1_000_000_000));
        check("1970-01-01 02:00:00.000000001+02:00", Ok(1));
        check("2026-03-01T09:30:00", Err("has no zone"));
        check("2026-03-01", Err("has no zone"));
        check("yesterday", Err("is not a time"));
        check("", Err("is not a time"));
        assert_eq!(format(1_500_000_000), "1970-01-01T00:00:01.5Z");
    }

    #[test]
    fn lengths_have_a_unit() {
        fn check(text: &str, expected: Option<u64>) {
            assert_eq!(parse_length(text).ok().map(|length| length.as_secs()), expected, "{text}");
        }
        check("0", Some(0));
        check("90s", Some(90));
        check("36h", Some(129_600));
        check("30d", Some(2_592_000));
        check("30", None);
        check("-1d", None);
        check("d", None);
        check("", None);
        check("99999999999999999w", None);
    }
}
