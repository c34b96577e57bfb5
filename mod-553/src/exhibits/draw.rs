//! Data by seed.

use fastrand::Rng;
use std::f64::consts::PI;

/// A source of data.
pub(super) struct Draw(Rng);

impl Draw {
    pub(super) fn with_seed(seed: u64) -> Self {
        Self(Rng::with_seed(seed))
    }

    /// Between 0 and 1.
    pub(super) fn uniform(&mut self) -> f64 {
        self.0.f64()
    }

    pub(super) fn below(&mut self, end: usize) -> usize {
        self.0.usize(0..end)
    }

    /// Standard normal (Box & Muller 1958).
    pub(super) fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.0.f64()).ln()).sqrt();
        radius * (2.0 * PI * self.0.f64()).cos()
    }

    pub(super) fn normals(&mut self, count: usize, shift: f64) -> Vec<f64> {
        (0..count).map(|_| self.normal() + shift).collect()
    }

    /// Poisson with mean 1: mostly 0, 1 and 2, so that nearly all values are ties.
    pub(super) fn poisson(&mut self, count: usize) -> Vec<f64> {
        let one = |draw: &mut Self| {
            let (mut product, mut arrivals) = (draw.0.f64(), 0.0);
            while product > (-1.0_f64).exp() {
                product *= draw.0.f64();
                arrivals += 1.0;
            }
            arrivals
        };
        (0..count).map(|_| one(self)).collect()
    }

    /// A series whose neighbours correlate (AR(1)), begun in its stationary distribution.
    pub(super) fn slow(&mut self, count: usize, correlation: f64) -> Vec<f64> {
        let mut value = self.normal() / (1.0 - correlation * correlation).sqrt();
        (0..count)
            .map(|_| {
                value = correlation * value + self.normal();
                value
            })
            .collect()
    }

    /// Counts of `count` values over levels of equal probability.
    pub(super) fn levels(&mut self, count: usize, levels: usize) -> Vec<u64> {
        let mut counts = vec![0; levels];
        (0..count).for_each(|_| counts[self.below(levels)] += 1);
        counts
    }

    /// Counts of `count` values over levels of which the k-th has probability proportional to 1/k.
    pub(super) fn zipf(&mut self, count: usize, levels: usize) -> Vec<u64> {
        let total: f64 = (1..=levels).map(|level| 1.0 / level as f64).sum();
        let cumulative: Vec<f64> = (1..=levels)
            .scan(0.0, |sum, level| {
                *sum += 1.0 / level as f64 / total;
                Some(*sum)
            })
            .collect();
        let mut counts = vec![0; levels];
        (0..count).for_each(|_| {
            let place = cumulative.partition_point(|end| *end < self.0.f64());
            counts[place.min(levels - 1)] += 1;
        });
        counts
    }
}
