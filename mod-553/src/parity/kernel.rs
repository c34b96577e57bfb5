//! Evidently's `empirical_mmd`: the maximum mean discrepancy under a Gaussian kernel whose width is the median distance within the
//! *reference* alone. Its p-value comes of 100 permutations from a generator that nobody seeds, so it differs from run to run; ours is
//! seeded, and the statistic is what can be compared.

use fastrand::Rng;

const PERMUTATIONS: usize = 100;
const SEED: u64 = 0;

/// The statistic, without the diagonal.
pub fn statistic(reference: &[f64], current: &[f64]) -> f64 {
    Kernel::of(reference, current).statistic(|place| place)
}

/// The share of permutations with a statistic as large.
pub(super) fn p_value(reference: &[f64], current: &[f64]) -> f64 {
    let kernel = Kernel::of(reference, current);
    let observed = kernel.statistic(|place| place);
    let mut random = Rng::with_seed(SEED);
    let mut order: Vec<usize> = (0..kernel.values.len()).collect();
    let extreme = (0..PERMUTATIONS)
        .filter(|_| {
            random.shuffle(&mut order);
            observed <= kernel.statistic(|place| order[place])
        })
        .count();
    extreme as f64 / PERMUTATIONS as f64
}

struct Kernel {
    values: Vec<f64>,
    reference: usize,
    gamma: f64,
}

impl Kernel {
    fn of(reference: &[f64], current: &[f64]) -> Self {
        let mut squares: Vec<f64> =
            reference.iter().flat_map(|x| reference.iter().map(move |y| y * y - 2.0 * (x * y) + x * x)).collect();
        // numpy's percentile with method `nearest`: a half goes to the even place.
        let last = squares.len() - 1;
        let place = if last.is_multiple_of(2) || (last / 2).is_multiple_of(2) { last / 2 } else { last / 2 + 1 };
        let (_, median, _) = squares.select_nth_unstable_by(place, f64::total_cmp);
        let width = (0.5 * *median).sqrt();
        let width = if width == 0.0 { 0.5_f64.sqrt() } else { width };
        Self {
            values: reference.iter().chain(current).copied().collect(),
            reference: reference.len(),
            gamma: 1.0 / (2.0 * width * width),
        }
    }

    fn statistic(&self, at: impl Fn(usize) -> usize) -> f64 {
        let (m, n) = (self.reference, self.values.len() - self.reference);
        let (mut within_reference, mut within_current, mut between) = (0.0, 0.0, 0.0);
        for i in 0..m + n {
            let x = self.values[at(i)];
            for j in i + 1..m + n {
                let y = self.values[at(j)];
                let entry = (-self.gamma * (y * y - 2.0 * (x * y) + x * x)).exp();
                match (i < m, j < m) {
                    (true, true) => within_reference += entry,
                    (false, false) => within_current += entry,
                    _ => between += entry,
                }
            }
        }
        let (m, n) = (m as f64, n as f64);
        2.0 * within_reference / (m * (m - 1.0)) + 2.0 * within_current / (n * (n - 1.0)) - 2.0 * between / (m * n)
    }
}
