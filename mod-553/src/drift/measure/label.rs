//! Bins of numbers as people read them.

/// `≤ 2`, `(2, 3.5]`, `= 4`, `> 9`.
pub(super) fn interval(lower: f64, upper: f64) -> String {
    match (lower.is_finite(), upper.is_finite()) {
        (false, true) => format!("≤ {}", short(upper)),
        (true, false) => format!("> {}", short(lower)),
        (true, true) if lower.next_up() == upper => format!("= {}", short(upper)),
        (true, true) => format!("({}, {}]", short(lower), short(upper)),
        (false, false) => "all".to_owned(),
    }
}

/// Four significant digits.
fn short(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let magnitude = value.abs().log10().floor();
    if (-4.0..6.0).contains(&magnitude) {
        let decimals = (3.0 - magnitude).max(0.0) as usize;
        let text = format!("{value:.decimals$}");
        if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
    } else {
        format!("{value:.3e}")
    }
}

#[cfg(test)]
mod tests {
    use super::interval;

    #[test]
    fn bins_read_as_people_write_them() {
        let bins = [(f64::NEG_INFINITY, 2.0), (2.0, 3.1419), (4_f64.next_down(), 4.0), (1e9, f64::INFINITY)];
        let labels = bins.map(|(lower, upper)| interval(lower, upper));
        assert_eq!(labels, ["≤ 2", "(2, 3.142]", "= 4", "> 1.000e9"]);
    }
}
