//! P-values by exchange: if nothing changed, any unit of the current data might as well have been one of the reference. A unit is
//! one value, a block of a series, or one hour of one week; it is exchanged within its stratum only (the same hour of other weeks).
//!
//! Sources: Fisher 1935; Ernst, "Permutation methods", Statistical Science 19(4), 2004; for when to stop, Besag & Clifford, "Sequential Monte
//! Carlo p-values", Biometrika 78(2), 1991.

use fastrand::Rng;

/// After so many arrangements as extreme as the observed one, the p-value is known well enough.
const EXTREME_ENOUGH: u32 = 10;

/// Values that move together.
#[derive(Clone, Debug, PartialEq)]
pub struct Unit {
    /// Units are exchanged only with those of the same stratum.
    pub stratum: usize,
    /// Which side it is on.
    pub is_current: bool,
    /// Its values, in any order, none of them NaN.
    pub values: Vec<f64>,
}

/// What is measured of each arrangement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Distance {
    /// The largest distance of the distribution functions.
    Ks,
    /// √2 times their L² distance.
    Energy,
}

/// What the exchange says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Permutation {
    /// The observed distance. Where there are strata, the reference's values are weighted so that each stratum has the weight that it has
    /// in the current data: busy hours then do not look like drift.
    pub statistic: f64,
    /// The share of arrangements that are as far apart.
    pub p_value: f64,
    /// How many arrangements were looked at.
    pub arrangements: u32,
}

/// Exchanges units at most `most` times. Strata that only one side has are left out; nothing, if nothing is left.
///
/// The arrangements are drawn from the seed and from the values. From a seed alone, every data set would be judged by the same few
/// arrangements, and of values that come sorted these look alike from one data set to the next: the two hundred that decide about 5 %
/// then put the border anywhere between 3 % and 7 %, and always at the same place.
pub fn exchange(units: &[Unit], distance: Distance, most: u32, seed: u64) -> Option<Permutation> {
    let mut pooled = Pooled::of(units)?;
    let observed = pooled.distance(distance);
    // Sums of the same numbers in another order may differ by rounding; such are equal.
    let border = observed * (1.0 - 1e-9);
    let mut random = Rng::with_seed(pooled.values.iter().fold(seed, |mixed, (value, _)| mix(mixed, value.to_bits())));
    let mut extreme = 0;
    for arrangement in 1..=most {
        pooled.shuffle(&mut random);
        if pooled.distance(distance) >= border {
            extreme += 1;
            if extreme == EXTREME_ENOUGH {
                let p_value = f64::from(extreme) / f64::from(arrangement);
                return Some(Permutation { statistic: observed, p_value, arrangements: arrangement });
            }
        }
    }
    let p_value = f64::from(extreme + 1) / f64::from(most + 1);
    Some(Permutation { statistic: observed, p_value, arrangements: most })
}

/// A word stirred into others (the finaliser of SplitMix64; Steele, Lea & Flood 2014).
fn mix(mixed: u64, word: u64) -> u64 {
    let word = (mixed ^ word).wrapping_add(0x9e37_79b9_7f4a_7c15);
    let word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

/// All values in order, each with its unit.
struct Pooled {
    /// Ascending: a value and its unit.
    values: Vec<(f64, u32)>,
    /// Units of each stratum.
    strata: Vec<Vec<usize>>,
    sizes: Vec<f64>,
    is_current: Vec<bool>,
    /// What one value of a unit adds to F − G.
    weights: Vec<f64>,
}

impl Pooled {
    fn of(units: &[Unit]) -> Option<Self> {
        let count = units.iter().map(|unit| unit.stratum + 1).max()?;
        let mut strata: Vec<Vec<usize>> = vec![Vec::new(); count];
        for (place, unit) in units.iter().enumerate().filter(|(_, unit)| !unit.values.is_empty()) {
            strata[unit.stratum].push(place);
        }
        let both_sides = |stratum: &Vec<usize>| {
            stratum.iter().any(|place| units[*place].is_current)
                && stratum.iter().any(|place| !units[*place].is_current)
        };
        strata.retain(both_sides);
        let mut values: Vec<(f64, u32)> = (strata.iter().flatten())
            .flat_map(|place| units[*place].values.iter().map(|value| (*value, *place as u32)))
            .collect();
        values.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        (!values.is_empty()).then(|| Self {
            values,
            strata,
            sizes: units.iter().map(|unit| unit.values.len() as f64).collect(),
            is_current: units.iter().map(|unit| unit.is_current).collect(),
            weights: vec![0.0; units.len()],
        })
    }

    /// Deals the sides anew within each stratum.
    fn shuffle(&mut self, random: &mut Rng) {
        for stratum in &self.strata {
            for last in (1..stratum.len()).rev() {
                self.is_current.swap(stratum[last], stratum[random.usize(0..=last)]);
            }
        }
    }

    fn weigh(&mut self) {
        let size = |stratum: &[usize], current: bool| -> f64 {
            stratum.iter().filter(|unit| self.is_current[**unit] == current).map(|unit| self.sizes[*unit]).sum()
        };
        let all: f64 = self.strata.iter().map(|stratum| size(stratum, true)).sum();
        let shares: Vec<(f64, f64)> =
            self.strata.iter().map(|stratum| (size(stratum, true) / all, size(stratum, false))).collect();
        for (stratum, (share, reference)) in self.strata.iter().zip(shares) {
            for unit in stratum {
                self.weights[*unit] = if self.is_current[*unit] { -1.0 / all } else { share / reference };
            }
        }
    }

    fn distance(&mut self, distance: Distance) -> f64 {
        self.weigh();
        let (mut gap, mut largest, mut area) = (0.0_f64, 0.0_f64, 0.0);
        let mut last = self.values[0].0;
        for (value, unit) in &self.values {
            if *value > last {
                largest = largest.max(gap.abs());
                area += gap * gap * (value - last);
                last = *value;
            }
            gap += self.weights[*unit as usize];
        }
        match distance {
            Distance::Ks => largest,
            Distance::Energy => (2.0 * area).sqrt(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn singles(reference: &[f64], current: &[f64]) -> Vec<Unit> {
        let unit = |is_current| move |value: &f64| Unit { stratum: 0, is_current, values: vec![*value] };
        reference.iter().map(unit(false)).chain(current.iter().map(unit(true))).collect()
    }

    #[test]
    fn statistics_are_those_of_the_samples() {
        let (a, b) = ([1.0, 2.0, 3.0, 7.0], [2.0, 4.0, 9.0]);
        let ks = exchange(&singles(&a, &b), Distance::Ks, 10, 1).unwrap();
        assert!((ks.statistic - mod_106::statistics::ks::distance(&a, &b)).abs() < 1e-12);
        let energy = exchange(&singles(&a, &b), Distance::Energy, 10, 1).unwrap();
        let sorted = |values| crate::statistics::sample::Sorted::new(values).unwrap();
        let expected = crate::statistics::energy::distance(sorted(&a), sorted(&b)).unwrap();
        assert!((energy.statistic - expected).abs() < 1e-12);
    }

    #[test]
    fn separated_samples_are_found_and_equal_ones_are_not() {
        let (a, b): (Vec<f64>, Vec<f64>) = ((0..20).map(f64::from).collect(), (30..50).map(f64::from).collect());
        assert!(exchange(&singles(&a, &b), Distance::Ks, 999, 1).unwrap().p_value < 0.01);
        assert!(exchange(&singles(&a, &a), Distance::Ks, 999, 1).unwrap().p_value > 0.5);
        assert_eq!(exchange(&singles(&a, &[]), Distance::Ks, 999, 1), None);
    }

    #[test]
    fn each_data_set_has_arrangements_of_its_own() {
        // With the same arrangements for all, one seed rejects 3 % of sorted nulls and another 8 %.
        for seed in 1..=4 {
            let mut random = Rng::with_seed(seed);
            let mut sorted = |count: usize| {
                let mut values: Vec<f64> = (0..count).map(|_| random.f64()).collect();
                values.sort_unstable_by(f64::total_cmp);
                values
            };
            let rejected = (0..1500)
                .filter(|_| {
                    exchange(&singles(&sorted(40), &sorted(25)), Distance::Energy, 999, seed).unwrap().p_value <= 0.05
                })
                .count();
            // 75 expected, with a standard error of 8.4.
            assert!((50..=100).contains(&rejected), "seed {seed}: {rejected} of 1500");
        }
    }

    #[test]
    fn a_busy_hour_is_no_drift() {
        // Stratum 1 has larger values, and the current data have more of it.
        let unit = |stratum: usize, is_current: bool, count: usize| Unit {
            stratum,
            is_current,
            values: (0..count).map(|place| stratum as f64 * 100.0 + (place % 7) as f64).collect(),
        };
        let units = [unit(0, false, 70), unit(1, false, 70), unit(0, true, 7), unit(1, true, 70)];
        let found = exchange(&units, Distance::Ks, 99, 1).unwrap();
        assert!(found.statistic < 1e-9, "{found:?}");
    }
}
