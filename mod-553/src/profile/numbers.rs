//! A column of numbers as sketches: its quantiles (KLL, Karnin, Lang & Liberty 2016) and how many different values it has
//! (HyperLogLog), beside exact counts and moments.

use super::error::Error;
use super::moments::Moments;
use datasketches::common::SearchCriteria;
use datasketches::hash::value::canonical_float;
use datasketches::hll::{HllSketch, HllType, HllUnion};
use datasketches::kll::{KllFloat, KllSketch};

/// Of KLL: about 23 KB a column, and ranks that are off by at most 0.36 % with 99 % confidence.
pub(super) const KLL_K: u16 = 1000;
/// Of HyperLogLog: 4,096 registers, 1.6 % standard error.
pub(super) const LG_K: u8 = 12;

/// A column of numbers.
#[derive(Clone, Debug)]
pub struct NumberProfile {
    /// Not a number.
    pub nans: u64,
    /// +∞.
    pub positive_infinities: u64,
    /// −∞.
    pub negative_infinities: u64,
    /// Of the finite ones.
    pub moments: Moments,
    pub(super) quantiles: KllSketch<KllFloat<f64>>,
    pub(super) distinct: HllSketch,
}

impl Default for NumberProfile {
    fn default() -> Self {
        Self {
            nans: 0,
            positive_infinities: 0,
            negative_infinities: 0,
            moments: Moments::default(),
            quantiles: KllSketch::new(KLL_K).expect("k lies between 8 and 65,535"),
            distinct: empty_distinct(),
        }
    }
}

/// A HyperLogLog sketch that has seen nothing.
pub(super) fn empty_distinct() -> HllSketch {
    HllSketch::new(LG_K, HllType::Hll8).expect("lg k lies between 4 and 21")
}

/// Both sketches' different values together.
pub(super) fn union(left: &HllSketch, right: &HllSketch) -> HllSketch {
    let mut union = HllUnion::new(LG_K).expect("lg k lies between 4 and 21");
    union.update(left);
    union.update(right);
    union.to_sketch(HllType::Hll8)
}

impl NumberProfile {
    /// Looks at some numbers, of any kind.
    pub fn see(&mut self, values: &[f64]) {
        let mut finite = Vec::with_capacity(values.len());
        for value in values {
            if value.is_finite() {
                finite.push(value + 0.0);
            } else if value.is_nan() {
                self.nans += 1;
            } else if *value > 0.0 {
                self.positive_infinities += 1;
            } else {
                self.negative_infinities += 1;
            }
        }
        self.moments.merge(&Moments::of(&finite));
        let mut last = f64::NAN;
        for value in finite {
            if let Ok(item) = KllFloat::<f64>::new(value) {
                self.quantiles.update(item);
            }
            if value != last {
                self.distinct.update(canonical_float::from_f64(value));
                last = value;
            }
        }
    }

    /// Adds what another part of the column has.
    ///
    /// # Errors
    /// When together they would have seen more than 2⁶⁴ numbers.
    pub fn merge(&mut self, other: &Self) -> Result<(), Error> {
        self.quantiles.merge(&other.quantiles).map_err(|error| Error::malformed("KLL sketches", error))?;
        self.nans += other.nans;
        self.positive_infinities += other.positive_infinities;
        self.negative_infinities += other.negative_infinities;
        self.moments.merge(&other.moments);
        self.distinct = union(&self.distinct, &other.distinct);
        Ok(())
    }

    /// How many numbers were seen, infinities among them and NaN not.
    pub fn count(&self) -> u64 {
        self.moments.count + self.positive_infinities + self.negative_infinities
    }

    /// The value that this share of the finite numbers do not exceed; nothing when there are none.
    pub fn quantile(&self, share: f64) -> Option<f64> {
        let found = self.quantiles.quantile(share.clamp(0.0, 1.0), SearchCriteria::Inclusive);
        found.ok().flatten().map(KllFloat::into_inner)
    }

    /// Values at `count` evenly spaced ranks, ascending: they stand for the column where sorted samples are compared.
    pub fn stand_ins(&self, count: usize) -> Vec<f64> {
        let view = self.quantiles.sorted_view();
        let count = count.min(usize::try_from(self.moments.count).unwrap_or(usize::MAX));
        let at = |place: usize| {
            let rank = (place as f64 + 0.5) / count as f64;
            view.quantile(rank, SearchCriteria::Inclusive).ok().flatten().map(KllFloat::into_inner)
        };
        (0..count).filter_map(at).collect()
    }

    /// How far a rank may be off, as a share, with 99 % confidence; 0 while every value is held.
    pub fn rank_error(&self) -> f64 {
        if self.quantiles.is_estimation_mode() { self.quantiles.normalized_rank_error() } else { 0.0 }
    }

    /// About how many different finite values there are.
    pub fn distinct(&self) -> f64 {
        self.distinct.estimate()
    }

    /// The bytes of its KLL sketch: `kll_doubles_sketch` of Java, C++ and Python.
    pub fn quantile_bytes(&self) -> Vec<u8> {
        self.quantiles.serialize()
    }
}

#[cfg(test)]
mod tests {
    use super::NumberProfile;
    use proptest::prelude::*;

    fn profile(values: &[f64]) -> NumberProfile {
        let mut profile = NumberProfile::default();
        profile.see(values);
        profile
    }

    fn merged(parts: &[&NumberProfile]) -> NumberProfile {
        let mut all = NumberProfile::default();
        parts.iter().for_each(|part| all.merge(part).unwrap());
        all
    }

    /// The largest distance between a sketch's ranks and the true ones.
    fn rank_gap(profile: &NumberProfile, sorted: &[f64]) -> f64 {
        let gap = |place: usize| {
            let share = place as f64 / 100.0;
            let value = profile.quantile(share).unwrap();
            // The value's ranks are a stretch where it has ties; within it nothing is wrong.
            let low = sorted.partition_point(|other| *other < value) as f64 / sorted.len() as f64;
            let high = sorted.partition_point(|other| *other <= value) as f64 / sorted.len() as f64;
            (low - share).max(share - high).max(0.0)
        };
        (1..100).map(gap).fold(0.0, f64::max)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn merging_is_associative_and_commutative_within_its_error(seed in any::<u64>(), cuts in (1_usize..9_000, 1_usize..9_000)) {
            let mut random = fastrand::Rng::with_seed(seed);
            let mut values: Vec<f64> = (0..9_000).map(|_| (random.f64() * 1000.0).floor() * random.f64().ln()).collect();
            let (one, two) = (cuts.0.min(cuts.1), cuts.0.max(cuts.1));
            let [a, b, c] = [&values[..one], &values[one..two], &values[two..]].map(profile);
            let orders = [merged(&[&a, &b, &c]), merged(&[&c, &b, &a]), merged(&[&a, &merged(&[&b, &c])])];
            values.sort_by(f64::total_cmp);
            for order in &orders {
                prop_assert_eq!(order.count(), 9_000);
                prop_assert_eq!(order.moments.min, Some(values[0]));
                // The registers are the same; before there are any, small counts are estimated in another way.
                prop_assert!((order.distinct() / orders[0].distinct() - 1.0).abs() < 0.01);
                // Three times the 99 % bound: a hundred quantiles of 72 sketches are asked.
                prop_assert!(rank_gap(order, &values) <= 3.0 * order.rank_error());
            }
        }
    }

    #[test]
    fn what_is_no_finite_number_is_counted_apart() {
        let profile = profile(&[1.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY, 2.0]);
        assert_eq!((profile.nans, profile.positive_infinities, profile.negative_infinities), (1, 1, 2));
        assert_eq!((profile.count(), profile.moments.count), (5, 2));
        assert_eq!(profile.quantile(1.0), Some(2.0));
    }
}
