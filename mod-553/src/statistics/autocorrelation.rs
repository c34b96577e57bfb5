//! How long a series remembers. Values that follow each other are alike, and a test that takes them for independent calls every slow
//! wave a drift: Kolmogorov–Smirnov at 5 % rejects one null in three when neighbours correlate at 0.7.
//!
//! The answer is blocks that lie so far apart that they are as good as independent; `permutation` exchanges those.

/// Lags that must all be quiet before the memory is said to have ended (Politis & White, Econometric Reviews 23(1), 2004, footnote c).
const QUIET_LAGS: usize = 5;

/// Blocks of one length, with gaps between them that are thrown away. Without gaps neighbouring blocks touch, their means correlate, and
/// the permutation test rejects too often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blocks {
    /// Values in a block.
    pub length: usize,
    /// Values thrown away after each.
    pub gap: usize,
}

impl Blocks {
    /// Blocks for a series that remembers `memory` values: a gap twice as long, and blocks four times as long as the gap. Without memory
    /// every value is a block.
    pub fn for_memory(memory: usize) -> Self {
        let gap = 2 * memory;
        Self { length: (4 * gap).max(1), gap }
    }

    /// How many fit into a series.
    pub fn count(self, values: usize) -> usize {
        (values + self.gap) / (self.length + self.gap)
    }

    /// How many values a series needs for so many.
    pub fn values_for(self, blocks: usize) -> usize {
        blocks * (self.length + self.gap)
    }

    /// The blocks of a series.
    pub fn of(self, series: &[f64]) -> impl Iterator<Item = &[f64]> {
        let step = self.length + self.gap;
        (0..self.count(series.len())).map(move |place| &series[place * step..place * step + self.length])
    }
}

/// What a series remembers.
#[derive(Clone, Debug, PartialEq)]
pub struct Memory {
    /// The lag after which autocorrelation is lost in noise; 0 for independent values.
    pub lag: usize,
    /// By how much longer the series would have to be to say as much as independent values: 1 + 2 Σ ρ.
    pub inflation: f64,
}

/// The memory of a series in time order, by the autocorrelation of its ranks (an outlier cannot hide it): the last lag beyond 2 √(log₁₀ n / n)
/// before five quiet ones (Politis & White 2004, section 3.2). At most a quarter of the series is searched.
pub fn memory(series: &[f64]) -> Memory {
    let ranks = centered_ranks(series);
    let n = ranks.len();
    let variance: f64 = ranks.iter().map(|rank| rank * rank).sum();
    if n < 8 || variance <= 0.0 {
        return Memory { lag: 0, inflation: 1.0 };
    }
    let border = 2.0 * ((n as f64).log10() / n as f64).sqrt();
    let (mut last, mut quiet, mut sum, mut until_last) = (0, 0, 0.0, 0.0);
    for lag in 1..=n / 4 {
        let products: f64 = ranks.iter().zip(&ranks[lag..]).map(|(one, other)| one * other).sum();
        let correlation = products / variance;
        sum += correlation;
        if correlation.abs() > border {
            (last, quiet, until_last) = (lag, 0, sum);
        } else {
            quiet += 1;
            if quiet == QUIET_LAGS {
                break;
            }
        }
    }
    Memory { lag: last, inflation: (1.0 + 2.0 * until_last).max(1.0) }
}

/// Midranks less their mean; what is not a number has rank 0, the middle.
fn centered_ranks(series: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..series.len()).filter(|place| !series[*place].is_nan()).collect();
    order.sort_by(|a, b| series[*a].total_cmp(&series[*b]));
    let middle = (order.len() as f64 - 1.0) / 2.0;
    let mut ranks = vec![0.0; series.len()];
    let mut start = 0;
    for tied in order.chunk_by(|a, b| series[*a] == series[*b]) {
        let rank = start as f64 + (tied.len() as f64 - 1.0) / 2.0 - middle;
        tied.iter().for_each(|place| ranks[*place] = rank);
        start += tied.len();
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(correlation: f64, seed: u64) -> Vec<f64> {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut value = 0.0;
        (0..1000)
            .map(|_| {
                value = correlation * value + (0..12).map(|_| random.f64()).sum::<f64>() - 6.0;
                value
            })
            .collect()
    }

    #[test]
    fn longer_correlation_is_a_longer_memory() {
        assert!(memory(&series(0.0, 1)).lag <= 2);
        let middle = memory(&series(0.7, 1));
        assert!((3..12).contains(&middle.lag), "{middle:?}");
        // (1 + ρ)/(1 − ρ) is 5.7.
        assert!((2.5..9.0).contains(&middle.inflation), "{middle:?}");
        assert!(memory(&series(0.95, 1)).lag > 15);
        assert_eq!(memory(&[5.0; 100]), Memory { lag: 0, inflation: 1.0 });
    }

    #[test]
    fn one_outlier_does_not_hide_it() {
        let mut values = series(0.7, 1);
        values[500] = 1e12;
        assert_eq!(memory(&values).lag, memory(&series(0.7, 1)).lag);
    }

    #[test]
    fn blocks_keep_their_distance() {
        let blocks = Blocks { length: 3, gap: 2 };
        let series: Vec<f64> = (0..13).map(f64::from).collect();
        assert_eq!(blocks.of(&series).collect::<Vec<_>>(), [[0.0, 1.0, 2.0], [5.0, 6.0, 7.0], [10.0, 11.0, 12.0]]);
        assert_eq!(Blocks::for_memory(0), Blocks { length: 1, gap: 0 });
    }
}
