//! The area under the ROC curve: how probably a positive scores higher than a negative, ties counted half. With the variance of
//! DeLong, DeLong & Clarke-Pearson 1988 in O(n log n), after Sun & Xu 2014.

use super::interval::{Ends, normal_quantile};

/// An area and how sure it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Area {
    /// Between 0 and 1; 0.5 is chance.
    pub value: f64,
    /// The variance of the estimate.
    pub variance: f64,
}

impl Area {
    /// DeLong's interval, kept within 0 and 1 by working on the logit (Pepe 2003); an area at an end has its plain one.
    pub fn interval(&self, confidence: f64) -> Ends {
        let z = normal_quantile(f64::midpoint(1.0, confidence));
        let spread = self.variance.sqrt();
        let inside = self.value * (1.0 - self.value);
        if inside <= 0.0 {
            return Ends { lower: (self.value - z * spread).max(0.0), upper: (self.value + z * spread).min(1.0) };
        }
        let (logit, half) = ((self.value / (1.0 - self.value)).ln(), z * spread / inside);
        let back = |x: f64| 1.0 / (1.0 + (-x).exp());
        Ends { lower: back(logit - half), upper: back(logit + half) }
    }
}

/// The area of scores and labels; nothing, when one class is absent. Scores must not be NaN.
pub fn area(scored: &[(f64, bool)]) -> Option<Area> {
    let mut sorted = scored.to_vec();
    sorted.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let positives = sorted.iter().filter(|(_, positive)| *positive).count();
    let negatives = sorted.len() - positives;
    if positives == 0 || negatives == 0 {
        return None;
    }
    let (m, n) = (positives as f64, negatives as f64);
    // For each positive, the share of negatives below it; for each negative, the share of positives above it. Means and squares
    // of those are all that is needed.
    let (mut below_negative, mut below_positive) = (0_u64, 0_u64);
    let (mut of_positives, mut of_negatives) = (Moments::default(), Moments::default());
    for tied in sorted.chunk_by(|a, b| a.0 == b.0) {
        let positive = tied.iter().filter(|(_, positive)| *positive).count() as u64;
        let negative = tied.len() as u64 - positive;
        of_positives.add((below_negative as f64 + negative as f64 / 2.0) / n, positive);
        of_negatives.add((m - below_positive as f64 - positive as f64 / 2.0) / m, negative);
        below_positive += positive;
        below_negative += negative;
    }
    Some(Area { value: of_positives.mean(), variance: of_positives.variance() / m + of_negatives.variance() / n })
}

/// Sums around ½, near which most of these shares lie.
#[derive(Default)]
struct Moments {
    count: f64,
    sum: f64,
    squares: f64,
}

impl Moments {
    fn add(&mut self, share: f64, times: u64) {
        let (centered, times) = (share - 0.5, times as f64);
        self.count += times;
        self.sum += centered * times;
        self.squares += centered * centered * times;
    }

    fn mean(&self) -> f64 {
        0.5 + self.sum / self.count
    }

    fn variance(&self) -> f64 {
        if self.count < 2.0 {
            return 0.25;
        }
        ((self.squares - self.sum * self.sum / self.count) / (self.count - 1.0)).max(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn areas_by_hand() {
        fn check(scored: &[(f64, bool)], expected: Option<f64>) {
            assert_eq!(area(scored).map(|area| area.value), expected);
        }
        check(&[(0.1, false), (0.4, false), (0.35, true), (0.8, true)], Some(0.75));
        check(&[(0.5, false), (0.5, true)], Some(0.5));
        check(&[(0.5, true)], None);
        check(&[(0.2, false), (0.9, true)], Some(1.0));
    }
}
