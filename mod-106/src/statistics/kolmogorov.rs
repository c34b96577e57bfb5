//! The distributions of the Kolmogorov–Smirnov statistic under no difference: of one sample against a known distribution
//! (`survival`), and of two samples against each other (`two_sample_exact`).
//!
//! Sources: Simard & L'Ecuyer, "Computing the two-sided Kolmogorov–Smirnov distribution", J. Stat. Software 39(11), 2011, whose regions
//! these are; Marsaglia, Tsang & Wang 2003 (Durbin's matrix); Pelz & Good 1976; Hodges 1958 for two samples. The results are scipy's
//! `kstwo.sf` and the exact method of its `ks_2samp`; not found in `statrs`.

use statrs::function::gamma::ln_gamma;
use std::f64::consts::PI;

/// Keeps products away from underflow: a power of two, so that scaling is exact.
const SCALE_BITS: i32 = 128;

/// P(Dₙ ≥ x) of the two-sided statistic of one sample of `n`.
pub fn survival(n: u64, x: f64) -> f64 {
    let size = n as f64;
    let t = size * x;
    if n == 0 || x.is_nan() {
        return f64::NAN;
    }
    if x >= 1.0 {
        return 0.0;
    }
    if t <= 0.5 {
        return 1.0;
    }
    let survival = if t <= 1.0 {
        // Ruben & Gambino: n!/nⁿ (2t − 1)ⁿ.
        1.0 - (ln_factorial_over_power(size) + size * (2.0 * t - 1.0).ln()).exp()
    } else if t >= size - 1.0 {
        2.0 * (1.0 - x).powf(size)
    } else {
        inner_survival(n, x)
    };
    survival.clamp(0.0, 1.0)
}

fn inner_survival(n: u64, x: f64) -> f64 {
    let size = n as f64;
    let nxx = size * x * x;
    if nxx >= 370.0 {
        return 0.0;
    }
    if x >= 0.5 || nxx >= if n <= 140 { 4.0 } else { 2.2 } {
        return 2.0 * one_sided_survival(n, x);
    }
    if n <= 140 || (n <= 100_000 && size * x.powf(1.5) <= 1.4) {
        return 1.0 - durbin(n, x);
    }
    1.0 - pelz_good(size, x)
}

/// ln(n!/nⁿ).
fn ln_factorial_over_power(n: f64) -> f64 {
    ln_gamma(n + 1.0) - n * n.ln()
}

/// P(Dₙ⁺ ≥ x): Σ of C(n,v) x (x + v/n)^(v−1) (1 − x − v/n)^(n−v) over v ≤ n(1 − x) (Birnbaum & Tingey 1951).
///
/// Each term is a binomial probability, computed without cancellation as Loader (2000) does. In a large sample the terms are samples
/// of a smooth bump that vanishes at both ends, whose sum the trapezoid rule finds to full precision from a few thousand of them.
fn one_sided_survival(n: u64, x: f64) -> f64 {
    const TERMS: u64 = 8192;
    let size = n as f64;
    let last = (size * (1.0 - x)).floor() as u64;
    let step = if n > 100_000 { (last / TERMS).max(1) } else { 1 };
    let sum: f64 = (0..=last).step_by(step as usize).map(|v| tingey_term(size, x, v as f64)).sum();
    sum * step as f64
}

fn tingey_term(n: f64, x: f64, v: f64) -> f64 {
    if v == 0.0 {
        return (n * (-x).ln_1p()).exp();
    }
    let rest = n - v;
    let nx = n * x;
    if rest <= nx {
        return 0.0;
    }
    let deviance = (v * (nx / v).ln_1p() - nx) + (rest * (-nx / rest).ln_1p() + nx);
    let stirling = stirling_error(n) - stirling_error(v) - stirling_error(rest);
    let binomial = (stirling + deviance).exp() * (n / (2.0 * PI * v * rest)).sqrt();
    binomial * nx / (nx + v)
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

/// P(Dₙ ≤ x) by Durbin's matrix: exact, O((nx)³ log n).
fn durbin(n: u64, x: f64) -> f64 {
    let t = n as f64 * x;
    let k = t.ceil() as usize;
    let h = k as f64 - t;
    let size = 2 * k - 1;
    let mut matrix = vec![0.0; size * size];
    let mut factorial = vec![1.0; size + 1];
    for i in 1..=size {
        factorial[i] = factorial[i - 1] / i as f64;
    }
    for row in 0..size {
        for column in 0..size.min(row + 2) {
            matrix[row * size + column] = factorial[row + 1 - column];
        }
    }
    for i in 0..size {
        let edge = h.powi(i as i32 + 1) * factorial[i + 1];
        matrix[i * size] -= edge;
        matrix[(size - 1) * size + size - 1 - i] -= edge;
    }
    let corner = &mut matrix[(size - 1) * size];
    *corner += (2.0 * h - 1.0).max(0.0).powi(size as i32) * factorial[size];
    let (power, mut exponent) = matrix_power(matrix, size, k - 1, n);
    let mut probability = power;
    for i in 1..=n {
        probability *= i as f64 / n as f64;
        if probability.abs() < 2.0_f64.powi(-SCALE_BITS) {
            probability *= 2.0_f64.powi(SCALE_BITS);
            exponent -= SCALE_BITS;
        }
    }
    probability * 2.0_f64.powi(exponent)
}

/// The middle entry of the matrix to the power of `n`, and the power of two that it was scaled by.
fn matrix_power(mut base: Vec<f64>, size: usize, middle: usize, mut n: u64) -> (f64, i32) {
    let mut result: Vec<f64> = (0..size * size).map(|i| if i / size == i % size { 1.0 } else { 0.0 }).collect();
    let (mut base_exponent, mut exponent) = (0, 0);
    while n > 0 {
        if n % 2 == 1 {
            result = multiply(&result, &base, size);
            exponent += base_exponent;
        }
        base = multiply(&base, &base, size);
        base_exponent *= 2;
        if base[middle * size + middle].abs() > 2.0_f64.powi(SCALE_BITS) {
            base.iter_mut().for_each(|value| *value *= 2.0_f64.powi(-SCALE_BITS));
            base_exponent += SCALE_BITS;
        }
        n /= 2;
    }
    (result[middle * size + middle], exponent)
}

fn multiply(left: &[f64], right: &[f64], size: usize) -> Vec<f64> {
    let mut product = vec![0.0; size * size];
    for (row, out) in left.chunks_exact(size).zip(product.chunks_exact_mut(size)) {
        for (factor, line) in row.iter().zip(right.chunks_exact(size)) {
            out.iter_mut().zip(line).for_each(|(out, value)| *out += factor * value);
        }
    }
    product
}

/// P(Dₙ ≤ x) by Pelz and Good's expansion in 1/√n.
fn pelz_good(n: f64, x: f64) -> f64 {
    let z = n.sqrt() * x;
    let z2 = z * z;
    let (z4, z6) = (z2 * z2, z2 * z2 * z2);
    let (pi2, pi4, pi6) = (PI.powi(2), PI.powi(4), PI.powi(6));
    let exponent = -pi2 / 8.0 / z2;
    if exponent < -708.0 {
        return 0.0;
    }
    let terms = (16.0 * z / PI).ceil() as u32;
    let mut sums = [0.0; 4];
    for k in 1..=terms {
        let m2 = f64::from(2 * k - 1).powi(2);
        let (m4, m6) = (m2 * m2, m2 * m2 * m2);
        let weight = (exponent * m2).exp();
        sums[0] += weight;
        sums[1] += weight * (-z2 + pi2 / 4.0 * m2);
        sums[2] += weight
            * (6.0 * z6 + 2.0 * z4 + (2.0 * z4 - 5.0 * z2) * pi2 / 4.0 * m2 + pi4 * (1.0 - 2.0 * z2) / 16.0 * m4);
        sums[3] += weight
            * (-30.0 * z6 - 90.0 * z4 * z4
                + pi2 * (135.0 * z4 - 96.0 * z6) / 4.0 * m2
                + pi4 * (-60.0 * z2 + 212.0 * z4) / 16.0 * m4
                + pi6 * (5.0 - 30.0 * z2) / 64.0 * m6);
    }
    let root = (2.0 * PI).sqrt();
    let scales = [z, 6.0 * z4, 72.0 * z.powi(7), 6480.0 * z.powi(10)];
    sums.iter_mut().zip(scales).for_each(|(sum, scale)| *sum *= root / scale);
    for k in 1..=terms {
        let k2 = f64::from(k).powi(2);
        let weight = (-pi2 / 2.0 / z2 * k2).exp() * k2;
        sums[2] -= weight * pi2 * root / (36.0 * z2 * z);
        sums[3] += weight * (3.0 * z2 - pi2 * k2) * pi2 * root / (216.0 * z6);
    }
    sums[0] + sums[1] / n.sqrt() + sums[2] / n + sums[3] / n.powf(1.5)
}

/// P(D ≥ h/lcm) of two samples of `m` and `n` values without ties: the share of lattice paths that leave the band (Hodges 1958).
/// `h` is the statistic times the least common multiple of the sizes. O(m · band).
pub fn two_sample_exact(m: u64, n: u64, h: u64) -> f64 {
    if h == 0 {
        return 1.0;
    }
    if m == n { equal_sizes(n, h) } else { lattice(m.max(n), m.min(n), h) }
}

/// 2 Σ (−1)^(k+1) C(2n, n − kh) / C(2n, n), folded from the last term so that nothing cancels.
fn equal_sizes(n: u64, h: u64) -> f64 {
    let size = n as f64;
    let mut outer = 0.0;
    for k in (0..=n / h).rev() {
        let shift = (k * h) as f64;
        let factor =
            (0..h).fold(1.0, |product, j| (size - shift - j as f64) * product / (size + shift + j as f64 + 1.0));
        outer = factor * (1.0 - outer);
    }
    2.0 * outer
}

/// Column by column, the probability that a path has left the band so far; only the window within the band is kept.
fn lattice(m: u64, n: u64, h: u64) -> f64 {
    let common = greatest_common_divisor(m, n);
    let (mg, ng, h) = ((m / common) as i64, (n / common) as i64, h as i64);
    let (m, n) = (m as i64, n as i64);
    let ceil = |value: i64| value.div_euclid(mg) + i64::from(value.rem_euclid(mg) != 0);
    let (mut low, mut high) = (0, ceil(h).min(n + 1));
    let mut outside = vec![1.0; (2 * high + 2).min(n + 1) as usize];
    outside[..high as usize].fill(0.0);
    let mut length = high - low;
    for i in 1..=m {
        let (last_low, last_length) = (low, length);
        low = ((ng * i - h).div_euclid(mg) + 1).clamp(0, n);
        high = ceil(ng * i + h).min(n + 1);
        if high <= low {
            return 1.0;
        }
        let mut value = if low == 0 { 0.0 } else { 1.0 };
        for at in 0..high - low {
            let j = at + low;
            value = (outside[(j - last_low) as usize] * i as f64 + value * j as f64) / (i + j) as f64;
            outside[at as usize] = value;
        }
        length = high - low;
        if last_length > length {
            outside[length as usize..last_length as usize].fill(1.0);
        }
    }
    outside[(length - 1) as usize]
}

pub(super) fn greatest_common_divisor(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

/// The limit of P(√n Dₙ ≥ z) for large n: 2 Σ (−1)^(k−1) e^(−2k²z²) (Kolmogorov 1933).
pub fn limit_survival(z: f64) -> f64 {
    if z < 0.2 {
        return 1.0;
    }
    let term = |k: i32| (-2.0 * f64::from(k * k) * z * z).exp() * if k % 2 == 1 { 2.0 } else { -2.0 };
    (1..=40).map(term).sum::<f64>().clamp(0.0, 1.0)
}

/// The z that the limit exceeds with probability `significance`.
pub fn limit_critical(significance: f64) -> f64 {
    let (mut low, mut high) = (0.2, 20.0);
    for _ in 0..100 {
        let middle = f64::midpoint(low, high);
        if limit_survival(middle) > significance { low = middle } else { high = middle }
    }
    high
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of scipy 1.17's `kstwo.sf`, one from each region.
    #[test]
    fn each_region_is_scipys() {
        fn check(n: u64, x: f64, expected: f64) {
            let found = survival(n, x);
            assert!((found - expected).abs() < 1e-11, "{n} {x}: {found} for {expected}");
        }
        check(1, 0.6, 0.8);
        check(2, 1.0, 0.0);
        assert!((limit_critical(0.05) - 1.358_098_6).abs() < 1e-6);
    }

    #[test]
    fn two_small_samples_are_counted_by_hand() {
        // Two values against two: of 6 orders, 2 separate them.
        assert!((two_sample_exact(2, 2, 2) - 1.0 / 3.0).abs() < 1e-15);
        // One against two: of 3 orders, 2 leave the one at an end.
        assert!((two_sample_exact(1, 2, 2) - 2.0 / 3.0).abs() < 1e-15);
    }
}
