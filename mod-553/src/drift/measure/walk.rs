//! One pass over two sorted samples, in which everything is found that depends on the order of both together: Kolmogorov–Smirnov's
//! distance, the Wasserstein distance, and the Wasserstein distance of values moved into a range.
//!
//! The pass has no branch that depends on the values: which of two random samples holds the next value is a coin that no processor
//! foresees, and being wrong each second time costs more than all the rest. A step over equal values has the width 0, and adds nothing.
//! Where values repeat, as measurements with a few decimals do, the pass goes from one different value to the next instead.

/// What one pass finds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Walk {
    /// The largest distance between the distribution functions.
    pub(super) distance: f64,
    /// The area between them.
    pub(super) area: f64,
    /// The area between them within a range.
    pub(super) area_within: f64,
}

/// Values repeat when a sample has so many times as many values as different ones.
const REPEATED: usize = 8;

/// Walks over two sorted samples of finite values, neither empty; `range` is where `area_within` is counted.
pub(super) fn walk(left: &[f64], right: &[f64], range: (f64, f64)) -> Walk {
    match (runs(left), runs(right)) {
        (Some(one), Some(two)) => by_runs(&one, &two, range),
        _ => by_values(left, right, range),
    }
}

/// The different values, each with how many do not exceed it; nothing, when values hardly repeat.
fn runs(sorted: &[f64]) -> Option<Vec<(f64, usize)>> {
    let most = sorted.len() / REPEATED;
    let mut runs = Vec::new();
    let mut start = 0;
    while let Some(value) = sorted.get(start) {
        if runs.len() == most {
            return None;
        }
        // Twice as far each time, until the run is behind: long runs cost no more than short ones.
        let mut far = 1;
        while sorted.get(start + far).is_some_and(|other| other == value) {
            far *= 2;
        }
        let (from, to) = (start + far / 2, (start + far).min(sorted.len()));
        start = from + sorted[from..to].partition_point(|other| other <= value);
        runs.push((*value, start));
    }
    Some(runs)
}

fn by_runs(left: &[(f64, usize)], right: &[(f64, usize)], range: (f64, f64)) -> Walk {
    let all = |runs: &[(f64, usize)]| runs.last().map_or(0, |run| run.1) as i64;
    let (m, n) = (all(left), all(right));
    let (mut i, mut j) = (0, 0);
    let (mut below_left, mut below_right, mut largest) = (0_i64, 0_i64, 0_i64);
    let (mut area, mut within) = (0.0_f64, 0.0_f64);
    let value = |runs: &[(f64, usize)], place: usize| runs.get(place).map_or(f64::INFINITY, |run| run.0);
    let mut at = value(left, 0).min(value(right, 0));
    while at < f64::INFINITY {
        if value(left, i) <= at {
            below_left = left[i].1 as i64;
            i += 1;
        }
        if value(right, j) <= at {
            below_right = right[j].1 as i64;
            j += 1;
        }
        let size = (below_left * n - below_right * m).abs();
        largest = largest.max(size);
        let next = value(left, i).min(value(right, j));
        if next < f64::INFINITY {
            area += size as f64 * (next - at);
            within += size as f64 * (next.min(range.1) - at.max(range.0)).max(0.0);
        }
        at = next;
    }
    let whole = m as f64 * n as f64;
    Walk { distance: largest as f64 / whole, area: area / whole, area_within: within / whole }
}

fn by_values(left: &[f64], right: &[f64], range: (f64, f64)) -> Walk {
    let (m, n) = (left.len() as i64, right.len() as i64);
    let (mut i, mut j) = (0_usize, 0_usize);
    // In units of 1/(m·n), whole numbers: of two samples of 10⁹ values they still fit.
    let (mut gap, mut largest) = (0_i64, 0_i64);
    let (mut area, mut within) = (0.0_f64, 0.0_f64);
    let unit = 1.0 / (m as f64 * n as f64);
    let (mut one, mut two) = (left[0], right[0]);
    let mut at = one.min(two);
    loop {
        let (from_left, from_right) = (i64::from(one <= at), i64::from(two <= at));
        i += from_left as usize;
        j += from_right as usize;
        gap += from_left * n - from_right * m;
        one = left.get(i).copied().unwrap_or(f64::INFINITY);
        two = right.get(j).copied().unwrap_or(f64::INFINITY);
        let next = one.min(two);
        if next == f64::INFINITY {
            break;
        }
        let width = next - at;
        let size = gap.abs();
        largest = largest.max(if width > 0.0 { size } else { 0 });
        area += size as f64 * width;
        within += size as f64 * (next.min(range.1) - at.max(range.0)).max(0.0);
        at = next;
    }
    let distance = largest as f64 / (m as f64 * n as f64);
    Walk { distance, area: area * unit, area_within: within * unit }
}

#[cfg(test)]
mod tests {
    use super::{by_values, walk};
    use mod_106::statistics::{ks, order, wasserstein};
    use proptest::prelude::*;

    fn sorted(mut values: Vec<f64>) -> Vec<f64> {
        order::sort(&mut values, &mut Vec::new());
        values
    }

    proptest! {
        #[test]
        fn one_pass_finds_what_three_find(
            left in prop::collection::vec(prop_oneof![-5..5_i32, -5..5_i32, -90_000..90_000_i32], 1..60),
            right in prop::collection::vec(prop_oneof![-5..5_i32, -5..5_i32, -90_000..90_000_i32], 1..60),
        ) {
            let (left, right) = (sorted(left.into_iter().map(f64::from).collect()), sorted(right.into_iter().map(f64::from).collect()));
            let found = walk(&left, &right, (-4.0, 4.0));
            prop_assert_eq!(found.distance, ks::distance(&left, &right));
            let area = wasserstein::distance(&left, &right).unwrap();
            prop_assert!((found.area - area).abs() <= 1e-9 * area.max(1.0), "{} {}", found.area, area);
            let clamp = |values: &[f64]| values.iter().map(|value| value.clamp(-4.0, 4.0)).collect::<Vec<f64>>();
            let within = wasserstein::distance(&clamp(&left), &clamp(&right)).unwrap();
            prop_assert!((found.area_within - within).abs() <= 1e-9, "{} {}", found.area_within, within);
            // Each value twenty times: the same distributions, by runs.
            let often = |values: &[f64]| values.iter().flat_map(|value| [*value; 20]).collect::<Vec<f64>>();
            let (left, right) = (often(&left), often(&right));
            let (runs, values) = (walk(&left, &right, (-4.0, 4.0)), by_values(&left, &right, (-4.0, 4.0)));
            prop_assert_eq!(runs.distance, values.distance);
            prop_assert!((runs.area - values.area).abs() <= 1e-9 * values.area.max(1.0));
            prop_assert!((runs.area_within - values.area_within).abs() <= 1e-9);
        }
    }
}
