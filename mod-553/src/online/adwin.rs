//! ADWIN (Bifet & Gavaldà, "Learning from time-changing data with adaptive windowing", SDM 2007, section 4): a window of the newest
//! values, kept as sums over runs of 2^i values. Wherever the window can be cut into two parts whose means differ by more than
//! chance explains, its oldest run goes.

use super::Signal;
use super::error::{Check, Error};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// River's parameters of ADWIN.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// How probable a false alarm is at each look.
    pub delta: f64,
    /// Look at every so many values; 1 is every value.
    pub clock: u32,
    /// How many runs of each length are kept; more find a change sooner, and take longer.
    pub max_buckets: u32,
    /// Parts shorter than this are not compared.
    pub min_window_length: u32,
    /// Do not look before more than this many values have come.
    pub grace_period: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self { delta: 0.002, clock: 32, max_buckets: 5, min_window_length: 5, grace_period: 10 }
    }
}

/// The most levels that a window can have: 2^52 values, and no sum of counts is rounded.
const LEVELS: usize = 52;
const CHECK: Check = Check("adwin");

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Adwin {
    pub(super) settings: Settings,
    /// Level `i` holds runs of 2^i values, the oldest first; the oldest values are in the last level.
    levels: Vec<Level>,
    width: f64,
    total: f64,
    /// The sum of squared deviations from the window's mean.
    variance: f64,
    /// Values until the next look.
    until_look: u32,
}

/// Runs of equal length: the sum of each, and its sum of squared deviations.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Level {
    totals: Vec<f64>,
    variances: Vec<f64>,
}

impl Adwin {
    pub(super) fn new(settings: Settings) -> Self {
        let until_look = settings.clock;
        Self { settings, levels: vec![Level::default()], width: 0.0, total: 0.0, variance: 0.0, until_look }
    }

    pub(super) fn check(&self) -> Result<(), Error> {
        let Settings { delta, clock, max_buckets, min_window_length, .. } = self.settings;
        CHECK.probability("delta", delta)?;
        CHECK.that(clock > 0, "clock", f64::from(clock), "at least 1")?;
        CHECK.that((1..=1 << 16).contains(&max_buckets), "max_buckets", f64::from(max_buckets), "1 to 65536")?;
        CHECK.that(min_window_length > 0, "min_window_length", f64::from(min_window_length), "at least 1")?;
        CHECK.state((1..=LEVELS).contains(&self.levels.len()), "it has no level, or too many")?;
        let fits =
            |level: &Level| level.totals.len() == level.variances.len() && level.totals.len() <= max_buckets as usize;
        CHECK.state(self.levels.iter().all(fits), "a level holds more runs than max_buckets, or half a run")?;
        let last_is_used = self.levels.len() == 1 || self.levels.last().is_some_and(|level| !level.totals.is_empty());
        CHECK.state(last_is_used, "its last level is empty")?;
        let counted: f64 = (self.levels.iter().enumerate()).map(|(i, level)| run(i) * level.totals.len() as f64).sum();
        CHECK.state(counted == self.width, "its width is not the length of its runs")?;
        CHECK.state((1..=clock).contains(&self.until_look), "its next look lies further away than its clock")
    }

    #[inline]
    pub(super) fn update(&mut self, value: f64) -> Signal {
        self.insert(value);
        self.until_look -= 1;
        if self.until_look > 0 {
            return Signal::Quiet;
        }
        self.until_look = self.settings.clock;
        if self.width <= f64::from(self.settings.grace_period) || !self.shrink() {
            return Signal::Quiet;
        }
        *self = Self::new(self.settings.clone());
        Signal::Drift
    }

    #[inline]
    fn insert(&mut self, value: f64) {
        self.levels[0].totals.push(value);
        self.levels[0].variances.push(0.0);
        self.width += 1.0;
        if self.width > 1.0 {
            let difference = value - self.total / (self.width - 1.0);
            self.variance += (self.width - 1.0) * difference * difference / self.width;
        }
        self.total += value;
        self.compress();
    }

    /// Where a level holds one run too many, its two oldest become one of the next level.
    fn compress(&mut self) {
        let most = self.settings.max_buckets as usize;
        let mut index = 0;
        while self.levels[index].totals.len() > most {
            let length = run(index);
            let level = &mut self.levels[index];
            let difference = level.totals[0] / length - level.totals[1] / length;
            let total = level.totals[0] + level.totals[1];
            let variance = level.variances[0] + level.variances[1] + length * 0.5 * difference * difference;
            level.totals.drain(..2);
            level.variances.drain(..2);
            index += 1;
            if index == self.levels.len() {
                self.levels.push(Level::default());
            }
            self.levels[index].totals.push(total);
            self.levels[index].variances.push(variance);
        }
    }

    /// Lets the oldest run go as long as a cut tells two means apart; whether one did.
    fn shrink(&mut self) -> bool {
        let mut shrunk = false;
        while self.has_cut() {
            self.remove_oldest();
            shrunk = true;
        }
        shrunk
    }

    /// Whether some cut has means that differ by more than `epsilon_cut` of the paper's equation for large windows.
    fn has_cut(&self) -> bool {
        let shortest = f64::from(self.settings.min_window_length);
        // What does not depend on the cut is computed once; products are taken in River's order, so that they round alike.
        let confidence = (2.0 * self.width.ln() / self.settings.delta).ln();
        let (spread, linear) = (self.variance / self.width, 2.0 / 3.0 * confidence);
        let (mut n0, mut n1, mut sum0, mut sum1) = (0.0, self.width, 0.0, self.total);
        for (index, level) in self.levels.iter().enumerate().rev() {
            let length = run(index);
            for total in &level.totals {
                n0 += length;
                n1 -= length;
                sum0 += total;
                sum1 -= total;
                if n1 < shortest {
                    return false;
                }
                if n0 < shortest {
                    continue;
                }
                let difference = sum0 / n0 - sum1 / n1;
                let harmonic = 1.0 / (n0 - shortest + 1.0) + 1.0 / (n1 - shortest + 1.0);
                let epsilon = (2.0 * harmonic * spread * confidence).sqrt() + linear * harmonic;
                if difference.abs() > epsilon {
                    return true;
                }
            }
        }
        false
    }

    fn remove_oldest(&mut self) {
        let last = self.levels.len() - 1;
        let length = run(last);
        let level = &mut self.levels[last];
        let (total, variance) = (level.totals.remove(0), level.variances.remove(0));
        self.width -= length;
        self.total -= total;
        let (mean, rest) = (total / length, self.total / self.width);
        self.variance -= variance + length * self.width * (mean - rest) * (mean - rest) / (length + self.width);
        while self.levels.len() > 1 && self.levels.last().is_some_and(|level| level.totals.is_empty()) {
            self.levels.pop();
        }
    }
}

/// The length of the runs of a level.
fn run(level: usize) -> f64 {
    (1_u64 << level) as f64
}
