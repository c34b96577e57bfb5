//! Count, mean and variance of numbers, merged without loss: the pairwise update of Chan, Golub & LeVeque (1979), which does not
//! cancel as sums of squares do.

use serde::{Deserialize, Serialize};

/// Of finite numbers.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Moments {
    /// How many.
    pub count: u64,
    /// Their mean; 0 when there are none.
    pub mean: f64,
    /// The sum of squared differences from the mean.
    pub m2: f64,
    /// The least; absent when there are none.
    pub min: Option<f64>,
    /// The greatest.
    pub max: Option<f64>,
}

impl Default for Moments {
    fn default() -> Self {
        Self { count: 0, mean: 0.0, m2: 0.0, min: None, max: None }
    }
}

impl Moments {
    /// Of these numbers, which must be finite: twice over them, so that nothing cancels.
    pub fn of(values: &[f64]) -> Self {
        if values.is_empty() {
            return Self::default();
        }
        let count = values.len() as f64;
        // Around the first value, so that neither large numbers nor long columns lose digits.
        let origin = values[0];
        let mean = origin + values.iter().map(|value| (value - origin) / count).sum::<f64>();
        let m2 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
        let min = values.iter().copied().fold(f64::INFINITY, f64::min);
        let max = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        Self { count: values.len() as u64, mean, m2, min: Some(min), max: Some(max) }
    }

    /// Adds what another part of the column has.
    pub fn merge(&mut self, other: &Self) {
        if other.count == 0 {
            return;
        }
        if self.count == 0 {
            *self = *other;
            return;
        }
        let (here, there) = (self.count as f64, other.count as f64);
        let (all, gap) = (here + there, other.mean - self.mean);
        self.mean += gap * there / all;
        self.m2 += other.m2 + gap * gap * here * there / all;
        self.count += other.count;
        let either = |left: Option<f64>, right: Option<f64>, pick: fn(f64, f64) -> f64| match (left, right) {
            (Some(left), Some(right)) => Some(pick(left, right)),
            (one, other) => one.or(other),
        };
        self.min = either(self.min, other.min, f64::min);
        self.max = either(self.max, other.max, f64::max);
    }

    /// The sample variance, divided by n − 1; nothing for fewer than two numbers.
    pub fn variance(&self) -> Option<f64> {
        (self.count > 1).then(|| self.m2 / (self.count as f64 - 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::Moments;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn parts_have_the_moments_of_the_whole(values in prop::collection::vec(-1e6..1e6_f64, 0..60), cut in 0_usize..60) {
            let cut = cut.min(values.len());
            let mut merged = Moments::of(&values[..cut]);
            merged.merge(&Moments::of(&values[cut..]));
            let whole = Moments::of(&values);
            prop_assert_eq!((merged.count, merged.min, merged.max), (whole.count, whole.min, whole.max));
            prop_assert!((merged.mean - whole.mean).abs() <= 1e-6);
            prop_assert!((merged.m2 - whole.m2).abs() <= 1e-6 * whole.m2.max(1.0));
        }
    }

    #[test]
    fn a_large_offset_does_not_cancel() {
        let moments = Moments::of(&[1e9 + 1.0, 1e9 + 2.0, 1e9 + 3.0]);
        assert_eq!(moments.variance(), Some(1.0));
    }
}
