//! Fisher's exact test of a table of two by two: for shares of so few values that χ² is not one.
//!
//! Two-sided as scipy's `fisher_exact`: all tables with the same margins that are at most as probable. `statrs` has one that differs in
//! what it takes for equally probable.

use super::binomial::hypergeometric;

/// Tables whose probabilities differ by less are equally probable: rounding must not decide.
const EQUAL: f64 = 1.0 + 1e-11;

/// The p-value of `[[a, b], [c, d]]`; 1 if a row or column is empty.
pub fn two_sided(table: [[u64; 2]; 2]) -> f64 {
    let [[a, b], [c, d]] = table;
    let (marked, unmarked, drawn) = (a + b, c + d, a + c);
    if marked == 0 || unmarked == 0 || drawn == 0 || b + d == 0 {
        return 1.0;
    }
    let probability = |x: u64| hypergeometric(x, marked, unmarked, drawn);
    let (low, high) = (drawn.saturating_sub(unmarked), marked.min(drawn));
    let mode = ((u128::from(drawn) + 1) * (u128::from(marked) + 1) / (u128::from(marked + unmarked) + 2)) as u64;
    let observed = probability(a);
    let border = observed * EQUAL;
    if probability(mode) <= border {
        return 1.0;
    }
    let own = if a < mode { tail(probability, a, low) } else { tail(probability, a, high) };
    // On the other side of the mode the probabilities fall monotonically: the first that is small enough.
    let other = if a < mode {
        first(mode, high, |x| probability(x) <= border).map(|x| tail(probability, x, high))
    } else {
        first(0, mode - low, |gap| probability(mode - gap) <= border).map(|gap| tail(probability, mode - gap, low))
    };
    (own + other.unwrap_or(0.0)).min(1.0)
}

/// The sum from `from` outwards to `end`, until nothing is added.
fn tail(probability: impl Fn(u64) -> f64, from: u64, end: u64) -> f64 {
    let mut sum = 0.0;
    for gap in 0..=from.abs_diff(end) {
        let term = probability(if end < from { from - gap } else { from + gap });
        sum += term;
        if term <= sum * 1e-18 {
            break;
        }
    }
    sum
}

/// The first place of `low..=high` where a predicate that stays true becomes true.
fn first(mut low: u64, mut high: u64, holds: impl Fn(u64) -> bool) -> Option<u64> {
    if !holds(high) {
        return None;
    }
    while low < high {
        let middle = u64::midpoint(low, high);
        if holds(middle) { high = middle } else { low = middle + 1 }
    }
    Some(high)
}

#[cfg(test)]
mod tests {
    use super::two_sided;

    #[test]
    fn the_lady_tasting_tea() {
        fn check(table: [[u64; 2]; 2], expected: f64) {
            let found = two_sided(table);
            assert!((found - expected).abs() < 1e-12, "{table:?}: {found} is not {expected}");
        }
        check([[3, 1], [1, 3]], 34.0 / 70.0);
        check([[4, 0], [0, 4]], 2.0 / 70.0);
        check([[2, 2], [2, 2]], 1.0);
        check([[0, 0], [3, 4]], 1.0);
    }
}
