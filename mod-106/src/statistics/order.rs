//! Sorting numbers fast, and quantiles of what is sorted. Everything that compares distributions starts here: most of a drift
//! report's time is spent in `sort`. Numbers that repeat are counted (`counting.rs`).

use super::counting;

/// Below this many values, counting does not pay.
const COUNTED_FROM: usize = 2048;

/// Sorts numbers ascending, −∞ first and +∞ last; −0 becomes +0. `scratch` is kept by the caller, so that the next column reuses
/// its memory. NaN must be gone: it would sort beyond the infinities.
///
/// Measurements have a few decimals, so their values repeat: those are counted, in a sixth of the time that a sort takes. All others
/// are sorted as whole numbers of the same order, which the processor compares without branching: twice as fast as `total_cmp`.
pub fn sort(values: &mut [f64], scratch: &mut Vec<u64>) {
    if values.len() >= COUNTED_FROM && counting::sort(values) {
        return;
    }
    scratch.clear();
    scratch.extend(values.iter().map(|value| key(*value)));
    scratch.sort_unstable();
    values.iter_mut().zip(scratch.iter()).for_each(|(value, key)| *value = number(*key));
}

/// Bits whose order as integers is the order of the numbers.
pub(super) fn key(value: f64) -> u64 {
    let bits = (value + 0.0).to_bits();
    if bits >> 63 == 1 { !bits } else { bits | (1 << 63) }
}

/// The number whose `key` this is.
pub(super) fn number(key: u64) -> f64 {
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
        for count in [0, 1, 2, COUNTED_FROM - 1, COUNTED_FROM, 10_000] {
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
            check_sort(&mut values);
            let mut few: Vec<f64> = values.iter().map(|value| (value * 10.0).round().clamp(-50.0, 50.0)).collect();
            check_sort(&mut few);
        }
    }

    fn check_sort(values: &mut [f64]) {
        let mut expected = values.to_vec();
        expected.sort_by(|a, b| a.partial_cmp(b).expect("no NaN here"));
        sort(values, &mut Vec::new());
        assert_eq!(values, expected);
        assert!(values.iter().all(|value| value.to_bits() != (-0.0_f64).to_bits()), "−0 becomes +0");
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
