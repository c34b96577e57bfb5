//! The Cramér–von Mises test of two samples: the squared distance of the distribution functions, everywhere alike.
//!
//! Sources: Anderson, "On the distribution of the two-sample Cramér–von Mises criterion", Ann. Math. Statist. 33(3), 1962; Xiao, Gordon &
//! Yakovlev, "A C++ program for the Cramér–von Mises two-sample test", J. Stat. Software 17(8), 2006 (exact). As scipy's
//! `cramervonmises_2samp`: exact up to 20 values a side.

use super::Test;
use super::bessel::scaled_k_quarter;
use super::sample::{Sorted, ties};
use statrs::function::gamma::ln_gamma;
use std::f64::consts::PI;

/// Up to this many values a side, all orders are counted.
const EXACT_UP_TO: usize = 20;
/// Where scipy stops adding terms of the limit's series; its p-value is too large by as much, never too small.
const LEAST_TERM: f64 = 1e-7;

/// Anderson's T and its p-value; nothing, if a side has fewer than two values.
pub fn two_sample(reference: Sorted<'_>, current: Sorted<'_>) -> Option<Test> {
    let (m, n) = (reference.len(), current.len());
    if m < 2 || n < 2 {
        return None;
    }
    let quadruple = quadruple_u(reference, current);
    let (mf, nf) = (m as f64, n as f64);
    let (product, total) = (mf * nf, mf + nf);
    let statistic = quadruple as f64 / 4.0 / (product * total) - (4.0 * product - 1.0) / (6.0 * total);
    let p_value =
        if m.max(n) <= EXACT_UP_TO { exact(quadruple, m as i128, n as i128) } else { asymptotic(statistic, mf, nf) };
    Some(Test { statistic, p_value })
}

/// 4·U of Anderson's equation (10), a whole number also where midranks are halves.
fn quadruple_u(reference: Sorted<'_>, current: Sorted<'_>) -> i128 {
    let (m, n) = (reference.len() as i128, current.len() as i128);
    let (mut below_reference, mut below_current) = (0_i128, 0_i128);
    let (mut of_reference, mut of_current) = (0_i128, 0_i128);
    for tie in ties(reference, current) {
        let (left, right) = (tie.reference as i128, tie.current as i128);
        let twice_rank = 2 * (below_reference + below_current) + left + right + 1;
        let squares =
            |below: i128, count: i128| (1..=count).map(|place| (twice_rank - 2 * (below + place)).pow(2)).sum::<i128>();
        of_reference += squares(below_reference, left);
        of_current += squares(below_current, right);
        below_reference += left;
        below_current += right;
    }
    m * of_reference + n * of_current
}

fn asymptotic(statistic: f64, m: f64, n: f64) -> f64 {
    let (product, total) = (m * n, m + n);
    let mean = (1.0 + 1.0 / total) / 6.0;
    let variance = (total + 1.0) * (4.0 * product * total - 3.0 * (m * m + n * n) - 2.0 * product)
        / (45.0 * total * total * 4.0 * product);
    let normalised = 1.0 / 6.0 + (statistic - mean) / (45.0 * variance).sqrt();
    // Below, the distribution function is smaller than 10⁻¹⁷.
    if normalised < 0.003 { 1.0 } else { (1.0 - limit(normalised)).max(0.0) }
}

/// The limit of the one-sample statistic: Csörgő & Faraway, JRSS-B 58(1), 1996, equation (1.3).
fn limit(x: f64) -> f64 {
    let mut total = 0.0;
    let mut k = 0.0;
    loop {
        let factor = (ln_gamma(k + 0.5) - ln_gamma(k + 1.0)).exp() / (PI.powf(1.5) * x.sqrt());
        let y = 4.0 * k + 1.0;
        let q = y * y / (16.0 * x);
        let term = factor * y.sqrt() * (-2.0 * q).exp() * scaled_k_quarter(q);
        total += term;
        if term.abs() < LEAST_TERM {
            return total;
        }
        k += 1.0;
    }
}

/// A value of the statistic, and how many orders have it.
type Frequencies = Vec<(i128, f64)>;

/// The share of all orders whose statistic is as large: algorithm 1 of Xiao et al.
fn exact(quadruple_u: i128, m: i128, n: i128) -> f64 {
    let least_common = m / greatest_common_divisor(m, n) * n;
    let (step_current, step_reference) = (least_common / m, least_common / n);
    let product = m * n;
    let bound = (least_common.pow(2) * (m + n) * (6 * quadruple_u - 4 * product * (4 * product - 1)))
        .div_euclid(24 * product * product);
    let mut row: Vec<Frequencies> = vec![Vec::new(); m as usize + 1];
    row[0].push((0, 1.0));
    for u in 0..=n {
        let mut before: Frequencies = Vec::new();
        for (v, cell) in row.iter_mut().enumerate() {
            let square = (step_current * v as i128 - step_reference * u).pow(2);
            before = merged(&before, cell);
            before.iter_mut().for_each(|entry| entry.0 += square);
            cell.clone_from(&before);
        }
    }
    let all: f64 = row[m as usize].iter().map(|entry| entry.1).sum();
    let extreme: f64 = row[m as usize].iter().filter(|entry| entry.0 >= bound).map(|entry| entry.1).sum();
    extreme / all
}

fn merged(left: &[(i128, f64)], right: &[(i128, f64)]) -> Frequencies {
    let mut merged = Vec::with_capacity(left.len() + right.len());
    let (mut i, mut j) = (0, 0);
    while i < left.len() || j < right.len() {
        let from_left = j == right.len() || (i < left.len() && left[i].0 <= right[j].0);
        let (value, mut count) = if from_left { left[i] } else { right[j] };
        if from_left {
            i += 1;
            if j < right.len() && right[j].0 == value {
                count += right[j].1;
                j += 1;
            }
        } else {
            j += 1;
        }
        merged.push((value, count));
    }
    merged
}

fn greatest_common_divisor(a: i128, b: i128) -> i128 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::sample::Sample;

    #[test]
    fn all_orders_of_two_and_two() {
        // Of the six orders of two and two, two separate the samples.
        let found = two_sample(Sample::of(&[1.0, 2.0]).sorted(), Sample::of(&[3.0, 4.0]).sorted()).unwrap();
        assert!((found.p_value - 2.0 / 6.0).abs() < 1e-15, "{found:?}");
        assert_eq!(two_sample(Sample::of(&[1.0]).sorted(), Sample::of(&[3.0, 4.0]).sorted()), None);
    }
}
