//! Binomial and hypergeometric probabilities without cancellation, also of millions.
//!
//! Source: Loader, "Fast and accurate computation of binomial probabilities", 2000: Stirling's formula and deviances, so that the large
//! logarithms never appear.

use statrs::function::gamma::ln_gamma;
use std::f64::consts::PI;

/// P(X = x) of `total` items of which `marked` are marked, when `drawn` are drawn.
pub(super) fn hypergeometric(x: u64, marked: u64, unmarked: u64, drawn: u64) -> f64 {
    if x > marked || x > drawn || drawn - x > unmarked {
        return 0.0;
    }
    let share = drawn as f64 / (marked + unmarked) as f64;
    binomial(x, marked, share) * binomial(drawn - x, unmarked, share) / binomial(drawn, marked + unmarked, share)
}

fn binomial(x: u64, n: u64, share: f64) -> f64 {
    let (count, rest, size) = (x as f64, (n - x) as f64, n as f64);
    if x == 0 || x == n {
        // 0⁰ is 1.
        let base = if x == 0 { 1.0 - share } else { share };
        return if n == 0 { 1.0 } else { base.powf(size) };
    }
    let log = stirling_error(size)
        - stirling_error(count)
        - stirling_error(rest)
        - deviance(count, size * share)
        - deviance(rest, size * (1.0 - share));
    log.exp() * (size / (2.0 * PI * count * rest)).sqrt()
}

/// x ln(x/mean) + mean − x.
fn deviance(x: f64, mean: f64) -> f64 {
    if (x - mean).abs() < 0.1 * (x + mean) {
        let v = (x - mean) / (x + mean);
        let mut sum = (x - mean) * v;
        let mut term = 2.0 * x * v;
        for j in 1..1000 {
            term *= v * v;
            let next = sum + term / f64::from(2 * j + 1);
            if next == sum {
                return sum;
            }
            sum = next;
        }
    }
    x * (x / mean).ln() + mean - x
}

/// ln n! minus Stirling's formula for it.
fn stirling_error(n: f64) -> f64 {
    if n < 16.0 {
        return ln_gamma(n + 1.0) - (n + 0.5) * n.ln() + n - 0.5 * (2.0 * PI).ln();
    }
    let square = n * n;
    (1.0 / 12.0 - (1.0 / 360.0 - (1.0 / 1260.0 - (1.0 / 1680.0 - 1.0 / 1188.0 / square) / square) / square) / square)
        / n
}
