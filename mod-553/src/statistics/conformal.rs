//! A bet against "nothing has changed" that may be looked at every day. Each new value is ranked among all that came before it, reference
//! included; if nothing has changed these ranks are independent and uniform, whatever the distribution, ties and outliers included. The
//! bet is on ranks that are not uniform, and its wealth is an e-process: the probability that it ever reaches 1/α is at most α.
//!
//! Sources: Vovk, Gammerman & Shafer, "Algorithmic Learning in a Random World", 2005, chapter 7 (smoothed ranks); Fedorova et al., "Plug-in
//! martingales for testing exchangeability on-line", ICML 2012; Krichevsky & Trofimov 1981 (betting on a histogram nobody knows yet); for
//! starting anew at every look, Vovk, "Testing randomness online", Statistical Science 36(4), 2021. Ville's inequality, 1939.
//!
//! The values must be exchangeable: of a series that remembers, give every n-th (`autocorrelation`).

use fastrand::Rng;
use serde::{Deserialize, Serialize};
use statrs::function::gamma::ln_gamma;

/// Bins of the ranks.
const BINS: usize = 10;
/// How firmly each of three bettors believes that ranks are uniform, in counts a bin: the first finds large drifts in few values, the last
/// small ones in many.
const BELIEFS: [f64; 3] = [0.5, 5.0, 50.0];
/// At most so many values of a reference are kept, drawn at random.
pub const MOST_REFERENCE: usize = 50_000;
/// At most so many values of one look are bet on, drawn at random: the process keeps them all.
pub const MOST_LOOK: usize = 2_000;

/// The state of one bet. It can be written down and read again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Process {
    seed: u64,
    /// All that came before, ascending.
    pool: Vec<f64>,
    /// How many ranks fell into each bin, after each look.
    counts: Vec<[u64; BINS]>,
}

impl Process {
    /// A bet against a reference; NaN are left out. The seed breaks ties.
    pub fn new(reference: &[f64], seed: u64) -> Self {
        let mut random = Rng::with_seed(seed);
        let mut pool = drawn(reference, MOST_REFERENCE, &mut random);
        pool.sort_unstable_by(f64::total_cmp);
        Self { seed, pool, counts: Vec::new() }
    }

    /// Bets on the values of one look, in the order in which they arrived, and says what the bet is worth.
    pub fn look(&mut self, values: &[f64]) -> f64 {
        // A generator of its own for each look: the state needs no more than the seed.
        let mut random = Rng::with_seed(self.seed ^ (self.counts.len() as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let batch = drawn(values, MOST_LOOK, &mut random);
        let mut counts = self.counts.last().copied().unwrap_or_default();
        let mut seen = Seen::of(&batch);
        for (place, value) in batch.iter().enumerate() {
            let (before, equal) = seen.rank(*value);
            let below = self.pool.partition_point(|other| other < value);
            let tied = self.pool.partition_point(|other| other <= value) - below + equal;
            let past = self.pool.len() + place;
            let rank = ((below + before) as f64 + random.f64() * (tied + 1) as f64) / (past + 1) as f64;
            counts[((rank * BINS as f64) as usize).min(BINS - 1)] += 1;
            seen.add(*value);
        }
        self.counts.push(counts);
        self.pool = merged(&self.pool, seen.distinct, &seen.counts);
        self.e_value()
    }

    /// What the bet is worth after all looks: the mean of bets that start at each look, of which the j-th has 1/(j(j + 1)) of the stake.
    /// A drift that begins on day 30 is then not held against 29 days without one.
    pub fn e_value(&self) -> f64 {
        let Some(last) = self.counts.last() else { return 1.0 };
        let looks = self.counts.len();
        let not_started = 1.0 / (looks as f64 + 1.0);
        let started: f64 = (1..=looks)
            .map(|start| {
                let stake = 1.0 / (start as f64 * (start as f64 + 1.0));
                let before = if start == 1 { [0; BINS] } else { self.counts[start - 2] };
                let since: [u64; BINS] = std::array::from_fn(|bin| last[bin] - before[bin]);
                let wealth: f64 = BELIEFS.iter().map(|belief| log_wealth(&since, *belief).exp()).sum();
                stake * wealth / BELIEFS.len() as f64
            })
            .sum();
        (started + not_started).min(f64::MAX)
    }

    /// How often it was looked at.
    pub fn looks(&self) -> usize {
        self.counts.len()
    }
}

/// The logarithm of what 1 has become that was bet on each next bin as often as it came up before: the Dirichlet-multinomial likelihood over
/// the uniform one.
fn log_wealth(counts: &[u64; BINS], belief: f64) -> f64 {
    let total = counts.iter().sum::<u64>() as f64;
    let size = BINS as f64;
    let bins: f64 = counts.iter().map(|count| ln_gamma(*count as f64 + belief) - ln_gamma(belief)).sum();
    bins + ln_gamma(size * belief) - ln_gamma(size * belief + total) + total * size.ln()
}

/// At most so many values, drawn at random, in their order; infinities become the largest numbers, which keeps their rank and can be written
/// down.
fn drawn(values: &[f64], most: usize, random: &mut Rng) -> Vec<f64> {
    let kept: Vec<f64> =
        (values.iter().filter(|value| !value.is_nan())).map(|value| value.clamp(f64::MIN, f64::MAX) + 0.0).collect();
    if kept.len() <= most {
        return kept;
    }
    // Knuth's selection sampling (algorithm S) keeps the order.
    let (mut left, mut wanted) = (kept.len(), most);
    kept.into_iter()
        .filter(|_| {
            let take = random.usize(0..left) < wanted;
            left -= 1;
            wanted -= usize::from(take);
            take
        })
        .collect()
}

/// The values of a batch seen so far, ranked in O(log n): a Fenwick tree over the batch's distinct values.
struct Seen {
    distinct: Vec<f64>,
    counts: Vec<usize>,
    tree: Vec<usize>,
}

impl Seen {
    fn of(batch: &[f64]) -> Self {
        let mut distinct = batch.to_vec();
        distinct.sort_unstable_by(f64::total_cmp);
        distinct.dedup();
        Self { counts: vec![0; distinct.len()], tree: vec![0; distinct.len() + 1], distinct }
    }

    fn place(&self, value: f64) -> usize {
        self.distinct.partition_point(|other| *other < value)
    }

    /// How many are smaller, and how many are equal.
    fn rank(&self, value: f64) -> (usize, usize) {
        let place = self.place(value);
        let mut below = 0;
        let mut node = place;
        while node > 0 {
            below += self.tree[node];
            node &= node - 1;
        }
        (below, self.counts[place])
    }

    fn add(&mut self, value: f64) {
        let place = self.place(value);
        self.counts[place] += 1;
        let mut node = place + 1;
        while node < self.tree.len() {
            self.tree[node] += 1;
            node += node & node.wrapping_neg();
        }
    }
}

fn merged(pool: &[f64], distinct: Vec<f64>, counts: &[usize]) -> Vec<f64> {
    let mut merged = Vec::with_capacity(pool.len() + counts.iter().sum::<usize>());
    let mut rest = pool;
    for (value, count) in distinct.into_iter().zip(counts) {
        let before = rest.partition_point(|other| *other <= value);
        merged.extend_from_slice(&rest[..before]);
        merged.extend(std::iter::repeat_n(value, *count));
        rest = &rest[before..];
    }
    merged.extend_from_slice(rest);
    merged
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normal(random: &mut Rng, shift: f64) -> f64 {
        (0..12).map(|_| random.f64()).sum::<f64>() - 6.0 + shift
    }

    fn days(random: &mut Rng, count: usize, shift: f64) -> Vec<f64> {
        (0..count).map(|_| normal(random, shift)).collect()
    }

    #[test]
    fn a_drift_pays_and_none_does_not() {
        let mut random = Rng::with_seed(3);
        let mut process = Process::new(&days(&mut random, 2000, 0.0), 1);
        let quiet: Vec<f64> = (0..30).map(|_| process.look(&days(&mut random, 200, 0.0))).collect();
        assert!(quiet.iter().all(|e| *e < 20.0), "{quiet:?}");
        let drifted: Vec<f64> = (0..5).map(|_| process.look(&days(&mut random, 200, 0.5))).collect();
        assert!(drifted.last().unwrap() > &1000.0, "{drifted:?}");
    }

    #[test]
    fn one_outlier_pays_nothing() {
        let mut random = Rng::with_seed(3);
        let mut process = Process::new(&days(&mut random, 2000, 0.0), 1);
        let mut day = days(&mut random, 200, 0.0);
        day.extend([1e12, f64::INFINITY, f64::NAN]);
        assert!(process.look(&day) < 2.0);
    }

    #[test]
    fn it_can_be_written_down_between_looks() {
        let mut random = Rng::with_seed(3);
        let mut process = Process::new(&[1.0, 2.0, f64::INFINITY], 1);
        process.look(&[1.0, f64::NEG_INFINITY]);
        let mut other: Process = serde_json::from_str(&serde_json::to_string(&process).unwrap()).unwrap();
        let day = days(&mut random, 50, 0.0);
        assert_eq!(process.look(&day).to_bits(), other.look(&day).to_bits());
        assert_eq!(process.looks(), 2);
    }

    #[test]
    fn its_mean_is_at_most_one() {
        // Ties, a tiny reference, three looks.
        let runs = 3000;
        let mut random = Rng::with_seed(5);
        let mut sum = 0.0;
        for seed in 0..runs {
            let mut day = |count: usize| (0..count).map(|_| f64::from(random.u8(0..4))).collect::<Vec<_>>();
            let mut process = Process::new(&day(10), seed);
            process.look(&day(5));
            process.look(&day(20));
            sum += process.look(&day(5));
        }
        let mean = sum / f64::from(runs as u32);
        assert!((0.8..1.15).contains(&mean), "{mean}");
    }
}
