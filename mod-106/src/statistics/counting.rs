//! Sorts numbers that repeat: each different one is counted in a hash table that fits into the processor's second cache, and only
//! those few are sorted. Columns of measurements are like that: 1,000,000 temperatures with one decimal are 1,000 numbers.

use super::order::{key, number};

/// Twice as many places as numbers, so that a search ends soon.
const PLACES_BITS: u32 = 15;
/// With more different numbers than this, a sort is faster.
const MOST_DIFFERENT: usize = 1 << (PLACES_BITS - 1);
/// A search that takes longer has met numbers that were chosen to collide.
const LONGEST_SEARCH: usize = 64;

/// A number's key and how often it was seen; a count of zero is a free place.
#[derive(Clone, Copy)]
struct Place {
    key: u64,
    count: usize,
}

/// Sorts `values`, and returns whether it did: with too many different ones they are left as they were.
pub(super) fn sort(values: &mut [f64]) -> bool {
    let most = MOST_DIFFERENT.min(values.len() / 8);
    let Some(mut counted) = count(values, most) else { return false };
    counted.sort_unstable_by_key(|place| place.key);
    let mut rest = values;
    for place in counted {
        let (same, others) = rest.split_at_mut(place.count);
        same.fill(number(place.key));
        rest = others;
    }
    true
}

/// The different numbers, in no order; nothing when there are more than `most`.
fn count(values: &[f64], most: usize) -> Option<Vec<Place>> {
    let mut places = vec![Place { key: 0, count: 0 }; 1 << PLACES_BITS];
    let mut different = 0;
    for value in values {
        let key = key(*value);
        let place = find(&mut places, key)?;
        if place.count == 0 {
            different += 1;
            if different > most {
                return None;
            }
            place.key = key;
        }
        place.count += 1;
    }
    places.retain(|place| place.count > 0);
    Some(places)
}

/// The place of a key, or the free one where it belongs: the next that fits after where its hash points (linear probing).
fn find(places: &mut [Place], key: u64) -> Option<&mut Place> {
    // Fibonacci hashing (Knuth, The Art of Computer Programming, volume 3, section 6.4).
    let home = (key.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (u64::BITS - PLACES_BITS)) as usize;
    let mask = places.len() - 1;
    let index = (0..LONGEST_SEARCH)
        .map(|step| (home + step) & mask)
        .find(|index| places[*index].count == 0 || places[*index].key == key)?;
    Some(&mut places[index])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_repeat_are_sorted_and_others_left_alone() {
        let mut few: Vec<f64> = (0..8000).map(|i| f64::from(i * 7919 % 1000) - 500.0).collect();
        let mut expected = few.clone();
        expected.sort_by(f64::total_cmp);
        assert!(sort(&mut few));
        assert_eq!(few, expected);
        let many: Vec<f64> = (0..8000).map(|i| f64::from(i * 7919 % 8000)).collect();
        let mut untouched = many.clone();
        assert!(!sort(&mut untouched));
        assert_eq!(untouched, many);
    }

    #[test]
    fn numbers_chosen_to_collide_are_given_up_soon() {
        // Keys whose hashes all begin with the same bits: multiples of the multiplier's inverse.
        let inverse =
            (0..6).fold(1_u64, |x, _| x.wrapping_mul(2_u64.wrapping_sub(0x9E37_79B9_7F4A_7C15_u64.wrapping_mul(x))));
        let mut places = vec![Place { key: 0, count: 0 }; 1 << PLACES_BITS];
        let found = (0..1000_u64).take_while(|i| {
            let key = inverse.wrapping_mul(i + 1);
            find(&mut places, key).is_some_and(|place| {
                *place = Place { key, count: 1 };
                true
            })
        });
        assert_eq!(found.count(), LONGEST_SEARCH);
    }
}
