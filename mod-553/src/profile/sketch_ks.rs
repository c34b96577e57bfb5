//! Kolmogorov–Smirnov between two sketched columns. Each sketch's ranks are off by at most ε with 99 % confidence, so the true distance
//! lies within D ± (ε₁ + ε₂), and there are three answers: drift, none, or unresolved. Taking the sketch for the data would call a
//! drift at 200,000 rows with k = 200 where there is none: its own error exceeds the critical distance there.

use super::numbers::NumberProfile;
use datasketches::kll::KllFloat;
use serde::{Deserialize, Serialize};

/// Where a distance lies beside a threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Tail {
    /// Beyond it, whatever the sketches' error.
    Drift,
    /// Below it, whatever the sketches' error.
    None,
    /// The error reaches across it: only the data can tell.
    Unresolved,
}

/// What two sketches say.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SketchKs {
    /// The largest distance between the two distribution functions, as the sketches have them.
    pub distance: f64,
    /// ε₁ + ε₂; 0 when both sketches hold every value.
    pub error: f64,
}

impl SketchKs {
    /// Compares the true distance, as far as it is known, to a threshold.
    pub fn against(&self, threshold: f64) -> Tail {
        if self.distance - self.error >= threshold {
            Tail::Drift
        } else if self.distance + self.error < threshold {
            Tail::None
        } else {
            Tail::Unresolved
        }
    }
}

/// Compares two columns, infinities included; nothing when one has no number.
pub fn compare(reference: &NumberProfile, current: &NumberProfile) -> Option<SketchKs> {
    let (left, right) = (steps(reference), steps(current));
    let (m, n) = (reference.count() as f64, current.count() as f64);
    if m == 0.0 || n == 0.0 {
        return None;
    }
    let (mut i, mut j) = (0, 0);
    let (mut below_left, mut below_right, mut distance) = (0.0, 0.0, 0.0_f64);
    while i < left.len() || j < right.len() {
        let at = match (left.get(i), right.get(j)) {
            (Some(one), Some(two)) => one.0.min(two.0),
            (Some(one), None) => one.0,
            (None, Some(two)) => two.0,
            (None, None) => break,
        };
        while i < left.len() && left[i].0 <= at {
            below_left = left[i].1 / m;
            i += 1;
        }
        while j < right.len() && right[j].0 <= at {
            below_right = right[j].1 / n;
            j += 1;
        }
        distance = distance.max((below_left - below_right).abs());
    }
    let of_finite = |profile: &NumberProfile, n: f64| profile.rank_error() * profile.moments.count as f64 / n;
    Some(SketchKs { distance, error: of_finite(reference, m) + of_finite(current, n) })
}

/// Values ascending, each with how many values do not exceed it.
fn steps(profile: &NumberProfile) -> Vec<(f64, f64)> {
    let below = profile.negative_infinities as f64;
    let mut steps = Vec::new();
    if profile.negative_infinities > 0 {
        steps.push((f64::NEG_INFINITY, below));
    }
    let view = profile.quantiles.sorted_view();
    let n = profile.moments.count as f64;
    // Each retained item is asked for by the rank in its middle; its own rank then comes from the view.
    let mut last = None;
    for value in retained(profile) {
        if last == Some(value) {
            continue;
        }
        last = Some(value);
        let item = KllFloat::<f64>::new(value).ok();
        let rank = item.and_then(|item| view.rank(&item, datasketches::common::SearchCriteria::Inclusive));
        steps.push((value, below + rank.unwrap_or(0.0) * n));
    }
    if profile.positive_infinities > 0 {
        steps.push((f64::INFINITY, profile.count() as f64));
    }
    steps
}

/// Values that the sketch holds, ascending: ranks as fine as its smallest weight allows find them all but for what 16,384 steps miss,
/// which is far below its error.
fn retained(profile: &NumberProfile) -> Vec<f64> {
    profile.stand_ins(1 << 14)
}

#[cfg(test)]
mod tests {
    use super::{SketchKs, Tail, compare};
    use crate::profile::NumberProfile;
    use mod_106::statistics::{ks, order};

    fn column(seed: u64, count: usize, shift: f64) -> (NumberProfile, Vec<f64>) {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut values: Vec<f64> = (0..count).map(|_| (0..6).map(|_| random.f64()).sum::<f64>() + shift).collect();
        let mut profile = NumberProfile::default();
        values.chunks(1_000).for_each(|part| profile.see(part));
        order::sort(&mut values, &mut Vec::new());
        (profile, values)
    }

    #[test]
    fn the_true_distance_lies_within_the_error() {
        for (seed, shift) in [(1, 0.0), (2, 0.05), (3, 0.2), (4, 1.0), (5, 9.0)] {
            let ((one, left), (two, right)) = (column(seed, 30_000, 0.0), column(seed + 100, 20_000, shift));
            let (found, truth) = (compare(&one, &two).unwrap(), ks::distance(&left, &right));
            // Twice: the bound holds in 99 of 100 sketches, and their coins have no seed.
            assert!((found.distance - truth).abs() <= 2.0 * found.error, "{found:?} and truly {truth}");
            assert!(found.error > 0.0);
        }
    }

    #[test]
    fn what_is_held_whole_is_exact() {
        let ((one, left), (two, right)) = (column(7, 200, 0.0), column(8, 150, 0.3));
        let found = compare(&one, &two).unwrap();
        assert!((found.distance - ks::distance(&left, &right)).abs() < 1e-12 && found.error == 0.0, "{found:?}");
    }

    #[test]
    fn infinities_count() {
        let (mut one, mut two) = (NumberProfile::default(), NumberProfile::default());
        one.see(&[f64::NEG_INFINITY, 1.0]);
        two.see(&[1.0, f64::INFINITY]);
        assert_eq!(compare(&one, &two).map(|found| found.distance), Some(0.5));
    }

    #[test]
    fn a_threshold_within_the_error_is_unresolved() {
        let found = SketchKs { distance: 0.1, error: 0.01 };
        let answers = [0.05, 0.095, 0.105, 0.2].map(|threshold| found.against(threshold));
        assert_eq!(answers, [Tail::Drift, Tail::Unresolved, Tail::Unresolved, Tail::None]);
    }
}
