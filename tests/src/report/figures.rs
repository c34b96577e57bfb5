//! Durations and points as people read them.

use rust_decimal::Decimal;

/// `850 ms`, `2.4 s`, `3 min 20 s`.
#[must_use]
pub fn duration(duration_ms: u64) -> String {
    match duration_ms {
        0..1_000 => format!("{duration_ms} ms"),
        1_000..60_000 => format!("{:.1} s", Decimal::from(duration_ms) / Decimal::ONE_THOUSAND),
        _ => format!("{} min {} s", duration_ms / 60_000, duration_ms % 60_000 / 1_000),
    }
}

/// Points without trailing zeros: `2.5`, `10`.
#[must_use]
pub fn points(points: Decimal) -> String {
    points.normalize().to_string()
}

#[cfg(test)]
mod tests {
    use super::{duration, points};

    #[test]
    fn read_well() {
        for (duration_ms, text) in [(0, "0 ms"), (850, "850 ms"), (2_449, "2.4 s"), (200_500, "3 min 20 s")] {
            assert_eq!(duration(duration_ms), text);
        }
        assert_eq!(
            (points("10.00".parse().unwrap()), points("2.50".parse().unwrap())),
            ("10".to_owned(), "2.5".to_owned())
        );
    }
}
