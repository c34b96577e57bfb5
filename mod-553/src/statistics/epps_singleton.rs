//! The Epps–Singleton test: the distance of the empirical characteristic functions at two places. It sees differences of shape that
//! distribution functions hide, and works for counts too.
//!
//! Source: Epps & Singleton, "An omnibus test for the two-sample problem using the empirical characteristic function", J. Statist. Comput.
//! Simul. 26, 1986; Goerg & Kaiser, Stata Journal 9(3), 2009. As scipy's `epps_singleton_2samp` with t = (0.4, 0.8).

use super::Test;
use super::sample::Sorted;
use mod_106::statistics::{chi_squared, order};

const PLACES: [f64; 2] = [0.4, 0.8];
/// Cosines and sines at both places.
const SIZE: usize = 4;
/// numpy's `pinv` takes singular values below this share of the largest for zero.
const SINGULAR: f64 = 1e-15;

type Vector = [f64; SIZE];
type Matrix = [Vector; SIZE];

/// What the test says, and how far its covariance matrix is from singular.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EppsSingleton {
    /// W and its p-value.
    pub test: Test,
    /// The smallest share that an eigenvalue is of the largest. Near 10⁻¹⁵ (a handful of distinct values) the rank, and with it the
    /// p-value, is decided by rounding.
    pub conditioning: f64,
}

/// W and its p-value. Nothing for fewer than five values, infinite ones, two constants, or an interquartile range of 0: the test measures
/// in it.
pub fn two_sample(reference: Sorted<'_>, current: Sorted<'_>) -> Option<EppsSingleton> {
    let (m, n) = (reference.len(), current.len());
    if m < 5 || n < 5 || !reference.is_finite() || !current.is_finite() {
        return None;
    }
    let mut pooled: Vec<f64> = reference.values().iter().chain(current.values()).copied().collect();
    order::sort(&mut pooled, &mut Vec::new());
    let range = order::quantile(&pooled, 0.75)? - order::quantile(&pooled, 0.25)?;
    if range <= 0.0 || !range.is_finite() {
        return None;
    }
    let (one, two) = (Side::of(reference.values(), range / 2.0), Side::of(current.values(), range / 2.0));
    let (m, n) = (m as f64, n as f64);
    let total = m + n;
    let mut covariance = [[0.0; SIZE]; SIZE];
    for (row, out) in covariance.iter_mut().enumerate() {
        for (column, entry) in out.iter_mut().enumerate() {
            *entry = total / m * one.covariance[row][column] + total / n * two.covariance[row][column];
        }
    }
    let (values, vectors) = eigen(covariance);
    let largest = values.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
    let gap: Vector = std::array::from_fn(|place| one.mean[place] - two.mean[place]);
    let (mut statistic, mut rank) = (0.0, 0);
    for (value, vector) in values.iter().zip(vectors) {
        if *value > SINGULAR * largest {
            rank += 1;
            let along: f64 = vector.iter().zip(gap).map(|(part, gap)| part * gap).sum();
            statistic += total * along * along / value;
        }
    }
    if rank == 0 {
        return None;
    }
    if m.max(n) < 25.0 {
        statistic /= 1.0 + total.powf(-0.45) + 10.1 * (m.powf(-1.7) + n.powf(-1.7));
    }
    let conditioning = values.iter().fold(f64::INFINITY, |least, value| least.min(*value)) / largest;
    let p_value = chi_squared::survival(statistic, f64::from(rank));
    Some(EppsSingleton { test: Test { statistic, p_value }, conditioning })
}

/// Means and covariances (divided by n) of the four waves.
struct Side {
    mean: Vector,
    covariance: Matrix,
}

impl Side {
    fn of(values: &[f64], scale: f64) -> Self {
        let waves: Vec<Vector> = values
            .iter()
            .map(|value| {
                let [one, two] = PLACES.map(|place| (place / scale * value).sin_cos());
                [one.1, two.1, one.0, two.0]
            })
            .collect();
        let count = values.len() as f64;
        let mean: Vector = std::array::from_fn(|place| waves.iter().map(|wave| wave[place]).sum::<f64>() / count);
        let mut covariance = [[0.0; SIZE]; SIZE];
        for wave in &waves {
            let centered: Vector = std::array::from_fn(|place| wave[place] - mean[place]);
            for (row, out) in covariance.iter_mut().enumerate() {
                for (column, entry) in out.iter_mut().enumerate() {
                    *entry += centered[row] * centered[column] / count;
                }
            }
        }
        Self { mean, covariance }
    }
}

/// Eigenvalues and eigenvectors of a symmetric matrix by Jacobi's rotations (Golub & Van Loan, section 8.5).
fn eigen(mut matrix: Matrix) -> (Vector, Matrix) {
    let mut vectors: Matrix =
        std::array::from_fn(|row| std::array::from_fn(|column| f64::from(u8::from(row == column))));
    for _ in 0..60 {
        let off: f64 =
            (0..SIZE).flat_map(|p| (p + 1..SIZE).map(move |q| (p, q))).map(|(p, q)| matrix[p][q].abs()).sum();
        if off == 0.0 {
            break;
        }
        for p in 0..SIZE {
            for q in p + 1..SIZE {
                rotate(&mut matrix, &mut vectors, p, q);
            }
        }
    }
    (std::array::from_fn(|place| matrix[place][place]), vectors)
}

fn rotate(matrix: &mut Matrix, vectors: &mut Matrix, p: usize, q: usize) {
    if matrix[p][q] == 0.0 {
        return;
    }
    let theta = (matrix[q][q] - matrix[p][p]) / (2.0 * matrix[p][q]);
    let tangent = theta.signum() / (theta.abs() + (theta * theta + 1.0).sqrt());
    let tangent = if theta == 0.0 { 1.0 } else { tangent };
    let cosine = 1.0 / (tangent * tangent + 1.0).sqrt();
    let sine = tangent * cosine;
    for row in matrix.iter_mut() {
        (row[p], row[q]) = (cosine * row[p] - sine * row[q], sine * row[p] + cosine * row[q]);
    }
    for column in 0..SIZE {
        let (upper, lower) = (matrix[p][column], matrix[q][column]);
        matrix[p][column] = cosine * upper - sine * lower;
        matrix[q][column] = sine * upper + cosine * lower;
        let (upper, lower) = (vectors[p][column], vectors[q][column]);
        vectors[p][column] = cosine * upper - sine * lower;
        vectors[q][column] = sine * upper + cosine * lower;
    }
    matrix[p][q] = 0.0;
    matrix[q][p] = 0.0;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::sample::Sample;

    #[test]
    fn eigenvalues_of_a_known_matrix() {
        let matrix = [[2.0, 1.0, 0.0, 0.0], [1.0, 2.0, 0.0, 0.0], [0.0, 0.0, 5.0, 0.0], [0.0, 0.0, 0.0, 7.0]];
        let mut values = eigen(matrix).0;
        values.sort_by(f64::total_cmp);
        assert!(values.iter().zip([1.0, 3.0, 5.0, 7.0]).all(|(one, other)| (one - other).abs() < 1e-14), "{values:?}");
    }

    #[test]
    fn no_range_no_test() {
        let constant = Sample::of(&[3.0; 10]);
        assert_eq!(two_sample(constant.sorted(), constant.sorted()), None);
        assert_eq!(two_sample(constant.sorted(), Sample::of(&[1.0, 2.0]).sorted()), None);
    }
}
