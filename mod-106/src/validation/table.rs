//! Two samples of finite numbers, counted in the same bins: what divergences are computed from, and what a reader sees as bars.

use super::outcome::{Bin, BinKind};
use crate::statistics::bins::Edges;

/// Both sides' counts in at most `bins` bins (more where a value is frequent) that are fixed on the reference's quantiles. Each side is
/// sorted, and stands for so many values: as many as it has, or more where a sketch gave them.
pub fn of_numbers((left, reference): (&[f64], u64), (right, current): (&[f64], u64), bins: usize) -> Vec<Bin> {
    let edges = Edges::of_reference(left, bins);
    let counted = edges.counts(left).into_iter().zip(edges.counts(right)).enumerate();
    let bin = |(bin, (one, two))| {
        let (lower, upper) = edges.bounds(bin);
        Bin {
            label: interval(lower, upper),
            lower: lower.is_finite().then_some(lower),
            upper: upper.is_finite().then_some(upper),
            kind: BinKind::Numbers,
            reference: scaled(one, left.len(), reference),
            current: scaled(two, right.len(), current),
        }
    };
    counted.map(bin).collect()
}

/// Of stand-ins, what they stand for.
fn scaled(count: u64, of: usize, n: u64) -> u64 {
    if of as u64 == n || of == 0 { count } else { (count as f64 * n as f64 / of as f64).round() as u64 }
}

/// `≤ 2`, `(2, 3.5]`, `= 4`, `> 9`.
fn interval(lower: f64, upper: f64) -> String {
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
    use super::{interval, of_numbers};

    #[test]
    fn bins_read_as_people_write_them() {
        let bins = [(f64::NEG_INFINITY, 2.0), (2.0, 3.1419), (4_f64.next_down(), 4.0), (1e9, f64::INFINITY)];
        let labels = bins.map(|(lower, upper)| interval(lower, upper));
        assert_eq!(labels, ["≤ 2", "(2, 3.142]", "= 4", "> 1.000e9"]);
    }

    #[test]
    fn stand_ins_are_counted_as_what_they_stand_for() {
        let table = of_numbers((&[1.0, 2.0, 3.0, 4.0], 400), (&[1.0, 1.0], 2), 2);
        let counts: Vec<(u64, u64)> = table.iter().map(|bin| (bin.reference, bin.current)).collect();
        assert_eq!(counts, [(200, 2), (200, 0)]);
    }
}
