//! Sorting numbers fast, and quantiles of what is sorted. Everything that compares distributions starts here: most of a drift
//! report's time is spent in `sort`.

/// Below this many values the standard sort is faster than counting digits.
const RADIX_FROM: usize = 2048;
/// Six digits of eleven bits cover a key of 64.
const DIGIT_BITS: usize = 11;
const DIGITS: usize = 6;
const BUCKETS: usize = 1 << DIGIT_BITS;

/// Sorts numbers ascending, −∞ first and +∞ last; −0 becomes +0. `scratch` is kept by the caller, so that the next column reuses
/// its memory. NaN must be gone: it would sort beyond the infinities.
///
/// A least-significant-digit radix sort on the bits: for values without order it takes half the time of a comparison sort, and the
/// same time whatever the values are. A digit that is the same in all keys costs nothing.
pub fn sort(values: &mut [f64], scratch: &mut Vec<u64>) {
    if values.len() < RADIX_FROM {
        values.iter_mut().for_each(|value| *value += 0.0);
        values.sort_unstable_by(f64::total_cmp);
        return;
    }
    let count = values.len();
    scratch.clear();
    scratch.resize(2 * count, 0);
    let (mut from, mut to) = scratch.split_at_mut(count);
    let mut histograms = vec![[0_usize; BUCKETS]; DIGITS];
    for (slot, value) in from.iter_mut().zip(values.iter()) {
        let key = key(*value);
        *slot = key;
        for (digit, histogram) in histograms.iter_mut().enumerate() {
            histogram[bucket(key, digit)] += 1;
        }
    }
    for (digit, histogram) in histograms.iter_mut().enumerate() {
        if histogram[bucket(from[0], digit)] == count {
            continue;
        }
        let mut start = 0;
        for entry in histogram.iter_mut() {
            start += std::mem::replace(entry, start);
        }
        for key in from.iter() {
            let place = &mut histogram[bucket(*key, digit)];
            to[*place] = *key;
            *place += 1;
        }
        std::mem::swap(&mut from, &mut to);
    }
    for (value, key) in values.iter_mut().zip(from.iter()) {
        *value = number(*key);
    }
}

fn bucket(key: u64, digit: usize) -> usize {
    ((key >> (digit * DIGIT_BITS)) as usize) & (BUCKETS - 1)
}

/// Bits whose order as integers is the order of the numbers.
fn key(value: f64) -> u64 {
    let bits = (value + 0.0).to_bits();
    if bits >> 63 == 1 { !bits } else { bits | (1 << 63) }
}

fn number(key: u64) -> f64 {
    f64::from_bits(if key >> 63 == 1 { key & !(1 << 63) } else { !key })
}

/// The quantile of sorted values, interpolated between neighbours as numpy's default does (type 7 of Hyndman & Fan 1996).
pub fn quantile(sorted: &[f64], share: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let place = share.clamp(0.0, 1.0) * last as f64;
    let (below, above) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
    let part = place - place.floor();
    // Between two equal infinities the difference is not a number.
    Some(if below == above || part == 0.0 { below } else { below + part * (above - below) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sorts_agree() {
        let mut random = fastrand::Rng::with_seed(7);
        for count in [0, 1, 2, RADIX_FROM - 1, RADIX_FROM, 10_000] {
            let mut values: Vec<f64> = (0..count)
                .map(|_| match random.u8(0..8) {
                    0 => f64::INFINITY,
                    1 => f64::NEG_INFINITY,
                    2 => -0.0,
                    3 => 1e12 * random.f64(),
                    4 => f64::from(random.i8(..)),
                    5 => -f64::MIN_POSITIVE / 4.0,
                    _ => random.f64() - 0.5,
                })
                .collect();
            let mut expected = values.clone();
            expected.sort_by(|a, b| a.partial_cmp(b).expect("no NaN here"));
            sort(&mut values, &mut Vec::new());
            assert_eq!(values, expected);
        }
    }

    #[test]
    fn quantiles_are_numpys() {
        fn check(values: &[f64], share: f64, expected: Option<f64>) {
            assert_eq!(quantile(values, share), expected);
        }
        check(&[], 0.5, None);
        check(&[3.0], 0.9, Some(3.0));
        check(&[1.0, 2.0, 3.0, 4.0], 0.5, Some(2.5));
        check(&[1.0, f64::INFINITY, f64::INFINITY], 0.75, Some(f64::INFINITY));
    }
}
