//! Samples as tests want them: sorted, and without NaN. A NaN has no place in an order; sorted silently it becomes the largest value
//! and "drifts". It is counted instead, and refused where nobody counted it.

use mod_106::statistics::order;

/// Values in ascending order, −∞ first and +∞ last, none of them NaN.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sorted<'a>(&'a [f64]);

impl<'a> Sorted<'a> {
    /// Takes values that are sorted already; nothing, if they are not, or one is NaN.
    pub fn new(values: &'a [f64]) -> Option<Self> {
        let ordered = values.windows(2).all(|pair| pair[0] <= pair[1]);
        (ordered && !values.first().is_some_and(|first| first.is_nan())).then_some(Self(values))
    }

    /// The values.
    pub fn values(self) -> &'a [f64] {
        self.0
    }

    /// How many there are.
    pub fn len(self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// Whether none is infinite.
    pub fn is_finite(self) -> bool {
        self.0.first().is_none_or(|first| first.is_finite()) && self.0.last().is_none_or(|last| last.is_finite())
    }

    /// Those that are finite.
    pub fn finite(self) -> Self {
        let start = self.0.partition_point(|value| *value == f64::NEG_INFINITY);
        let end = self.0.partition_point(|value| *value < f64::INFINITY);
        Self(&self.0[start..end])
    }
}

/// Values put in order, and how many were NaN.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sample {
    values: Vec<f64>,
    /// How many were NaN.
    pub nan: u64,
}

impl Sample {
    /// Sorts values; NaN are counted and left out.
    pub fn of(values: &[f64]) -> Self {
        let mut kept: Vec<f64> = values.iter().copied().filter(|value| !value.is_nan()).collect();
        order::sort(&mut kept, &mut Vec::new());
        Self { nan: (values.len() - kept.len()) as u64, values: kept }
    }

    /// What can be compared.
    pub fn sorted(&self) -> Sorted<'_> {
        Sorted(&self.values)
    }
}

/// One value, and how often each side has it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tie {
    /// The value.
    pub value: f64,
    /// How often the reference has it.
    pub reference: usize,
    /// How often the current data have it.
    pub current: usize,
}

impl Tie {
    /// How often both have it.
    pub fn both(self) -> usize {
        self.reference + self.current
    }
}

/// Walks over the distinct values of both samples in ascending order.
pub fn ties<'a>(reference: Sorted<'a>, current: Sorted<'a>) -> impl Iterator<Item = Tie> + use<'a> {
    let (mut left, mut right) = (reference.0, current.0);
    std::iter::from_fn(move || {
        let value = match (left.first(), right.first()) {
            (Some(one), Some(two)) => one.min(*two),
            (Some(one), None) | (None, Some(one)) => *one,
            (None, None) => return None,
        };
        Some(Tie { value, reference: take(&mut left, value), current: take(&mut right, value) })
    })
}

/// The share of values that another one equals.
pub fn tied_share(reference: Sorted<'_>, current: Sorted<'_>) -> f64 {
    let tied: usize = ties(reference, current).map(Tie::both).filter(|both| *both > 1).sum();
    tied as f64 / (reference.len() + current.len()).max(1) as f64
}

fn take(values: &mut &[f64], value: f64) -> usize {
    let count = values.iter().take_while(|next| **next == value).count();
    *values = &values[count..];
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nan_is_counted_and_never_sorted() {
        let sample = Sample::of(&[2.0, f64::NAN, f64::NEG_INFINITY, 1.0, f64::INFINITY]);
        assert_eq!((sample.nan, sample.sorted().values()), (1, &[f64::NEG_INFINITY, 1.0, 2.0, f64::INFINITY][..]));
        assert_eq!(sample.sorted().finite().values(), [1.0, 2.0]);
        assert_eq!(Sorted::new(&[1.0, f64::NAN]), None);
        assert_eq!(Sorted::new(&[f64::NAN]), None);
        assert_eq!(Sorted::new(&[2.0, 1.0]), None);
        assert!(Sorted::new(&[]).is_some());
    }

    #[test]
    fn ties_are_walked_once() {
        let (a, b) = (Sample::of(&[1.0, 2.0, 2.0]), Sample::of(&[2.0, 3.0]));
        let found: Vec<_> = ties(a.sorted(), b.sorted()).map(|tie| (tie.value, tie.reference, tie.current)).collect();
        assert_eq!(found, [(1.0, 1, 0), (2.0, 2, 1), (3.0, 0, 1)]);
    }
}
