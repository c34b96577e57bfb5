//! The maximum mean discrepancy (Gretton, Borgwardt, Rasch, Schölkopf & Smola, "A kernel two-sample test", JMLR 13, 2012): how far two
//! clouds are apart in the space of a Gaussian kernel. Squared and unbiased (their equation 3), with k(x, y) = exp(−|x − y|²/m) and m the
//! median of the squared distances of all pairs. Its p-value is by permutation, and so right for any size.

use super::Error;
use super::points::{Points, comparable};
use fastrand::Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// After so many arrangements as extreme as the observed one, the p-value is known well enough (Besag & Clifford 1991).
const EXTREME_ENOUGH: u32 = 20;

/// How to compare.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Mmd {
    /// Of larger sides, so many rows are drawn: time and memory are quadratic.
    pub most_rows: usize,
    /// The most arrangements that are looked at; the smallest p-value is one of so many and one.
    pub arrangements: u32,
    /// What rows and arrangements are drawn with.
    pub seed: u64,
}

impl Default for Mmd {
    fn default() -> Self {
        Self { most_rows: 500, arrangements: 999, seed: 553 }
    }
}

/// How far apart two clouds are.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Discrepancy {
    /// MMD², unbiased: around 0 when nothing changed, and then also below.
    pub squared: f64,
    /// The share of arrangements that are as far apart.
    pub p_value: f64,
    /// The median of the squared distances; 0 when all points are equal.
    pub bandwidth: f64,
    /// How many arrangements were looked at.
    pub arrangements: u32,
    /// Rows of the reference that were used.
    pub reference_n: usize,
    /// Rows of the current data that were used.
    pub current_n: usize,
}

impl Mmd {
    /// Compares two clouds.
    ///
    /// # Errors
    /// Fewer than two points on a side, or two spaces.
    pub fn compare(&self, reference: &Points, current: &Points) -> Result<Discrepancy, Error> {
        comparable(reference, current, 2)?;
        let mut random = Rng::with_seed(self.seed);
        let most = self.most_rows.max(2);
        let (reference, current) = (reference.thinned(most, &mut random), current.thinned(most, &mut random));
        let (m, n) = (reference.len(), current.len());
        let kernel = Kernel::of(&reference.followed_by(&current));
        let mut order: Vec<usize> = (0..m + n).collect();
        let squared = kernel.discrepancy(&order[..m]);
        // Sums of the same numbers in another order may differ by rounding; such are equal.
        let border = squared - 1e-12 * kernel.total / (m + n) as f64;
        let (mut extreme, mut arrangements) = (0, 0);
        while arrangements < self.arrangements && extreme < EXTREME_ENOUGH {
            random.shuffle(&mut order);
            arrangements += 1;
            extreme += u32::from(kernel.discrepancy(&order[..m]) >= border);
        }
        let p_value = if extreme == EXTREME_ENOUGH {
            f64::from(extreme) / f64::from(arrangements)
        } else {
            f64::from(extreme + 1) / f64::from(arrangements + 1)
        };
        Ok(Discrepancy { squared, p_value, bandwidth: kernel.bandwidth, arrangements, reference_n: m, current_n: n })
    }
}

/// The kernel of all pairs, and its sums.
struct Kernel {
    size: usize,
    values: Vec<f64>,
    row_sums: Vec<f64>,
    total: f64,
    bandwidth: f64,
}

impl Kernel {
    fn of(points: &Points) -> Self {
        let size = points.len();
        let mut values = vec![0.0; size * size];
        let mut distances = Vec::with_capacity(size * (size - 1) / 2);
        for i in 0..size {
            for j in 0..i {
                let distance = squared_distance(points.row(i), points.row(j));
                distances.push(distance);
                values[i * size + j] = distance;
                values[j * size + i] = distance;
            }
        }
        let bandwidth = median(&mut distances);
        // Where at least half of the pairs are equal, any other pair is far apart.
        let kernel = |distance: f64| {
            if bandwidth > 0.0 { (-distance / bandwidth).exp() } else { f64::from(u8::from(distance == 0.0)) }
        };
        values.iter_mut().for_each(|value| *value = kernel(*value));
        let row_sums: Vec<f64> = values.chunks_exact(size).map(|row| row.iter().sum()).collect();
        Self { size, values, total: row_sums.iter().sum(), row_sums, bandwidth }
    }

    /// MMD² between those named and the others. One sum of pairs is enough: the others follow from sums of rows.
    fn discrepancy(&self, side: &[usize]) -> f64 {
        let mut inside = 0.0;
        for (index, i) in side.iter().enumerate() {
            let row = &self.values[i * self.size..(i + 1) * self.size];
            inside += side[..index].iter().map(|j| row[*j]).sum::<f64>();
        }
        let (m, n) = (side.len() as f64, (self.size - side.len()) as f64);
        // Diagonals are 1.
        let within = 2.0 * inside;
        let touching: f64 = side.iter().map(|i| self.row_sums[*i]).sum();
        let across = touching - within - m;
        let outside = self.total - touching - across - n;
        within / (m * (m - 1.0)) + outside / (n * (n - 1.0)) - 2.0 * across / (m * n)
    }
}

fn squared_distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}

/// The middle of distances; of an even number, the mean of the two in the middle.
fn median(distances: &mut [f64]) -> f64 {
    let is_even = distances.len().is_multiple_of(2);
    let middle = distances.len() / 2;
    let (below, upper, _) = distances.select_nth_unstable_by(middle, f64::total_cmp);
    if is_even { f64::midpoint(below.iter().copied().fold(0.0, f64::max), *upper) } else { *upper }
}
