//! KSWIN (Raab, Heusinger & Schleif, "Reactive soft prototype computing for concept drift streams", Neurocomputing 2020): the newest
//! values of a window against as many that are drawn from the older ones, by the Kolmogorov–Smirnov test. What is drawn is what River
//! draws with the same seed: the sample is Python's `random.sample`.

use super::error::{Check, Error};
use super::{Signal, twister::Twister};
use mod_106::statistics::{ks, order};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// River's parameters of KSWIN; its seed has a default here, so that a run can be repeated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// How probable a false alarm is at each value; small, since every value is looked at.
    pub alpha: f64,
    /// How many values the window holds.
    pub window_size: u32,
    /// How many of them are the newest; at most half.
    pub stat_size: u32,
    /// What the sample of the older ones is drawn with.
    pub seed: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { alpha: 0.005, window_size: 100, stat_size: 30, seed: 0 }
    }
}

const CHECK: Check = Check("kswin");
/// Distances up to this are never an alarm, however many values there are.
const LEAST_DISTANCE: f64 = 0.1;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Kswin {
    pub(super) settings: Settings,
    window: VecDeque<f64>,
    random: Twister,
    /// The largest distance that is not an alarm, once it is known: p falls as the distance grows.
    #[serde(skip)]
    tolerated: Option<f64>,
}

impl Kswin {
    pub(super) fn new(settings: Settings) -> Self {
        let random = Twister::new(settings.seed);
        Self { settings, window: VecDeque::new(), random, tolerated: None }
    }

    pub(super) fn check(&self) -> Result<(), Error> {
        let Settings { alpha, window_size, stat_size, .. } = self.settings;
        CHECK.probability("alpha", alpha)?;
        CHECK.that(stat_size > 0, "stat_size", f64::from(stat_size), "at least 1")?;
        CHECK.that(stat_size <= 10_000, "stat_size", f64::from(stat_size), "at most 10000")?;
        CHECK.that(window_size / 2 >= stat_size, "stat_size", f64::from(stat_size), "at most half of window_size")?;
        CHECK.that(window_size <= 1_000_000, "window_size", f64::from(window_size), "at most 1000000")?;
        CHECK.state(self.window.len() <= window_size as usize, "its window is longer than window_size")?;
        CHECK.state(self.random.is_whole(), "its random numbers are not a Mersenne Twister's")
    }

    pub(super) fn update(&mut self, value: f64) -> Signal {
        let Settings { window_size, stat_size, .. } = self.settings;
        let (size, newest) = (window_size as usize, stat_size as usize);
        if self.window.len() == size {
            self.window.pop_front();
        }
        self.window.push_back(value);
        if self.window.len() < size {
            return Signal::Quiet;
        }
        let drawn = self.random.sample(size - newest, newest);
        let mut older: Vec<f64> = drawn.into_iter().map(|index| self.window[index]).collect();
        let mut newer: Vec<f64> = self.window.iter().skip(size - newest).copied().collect();
        let mut scratch = Vec::new();
        order::sort(&mut older, &mut scratch);
        order::sort(&mut newer, &mut scratch);
        if ks::distance(&older, &newer) <= self.tolerated() {
            return Signal::Quiet;
        }
        let tolerated = self.tolerated;
        *self = Self { tolerated, ..Self::new(self.settings.clone()) };
        Signal::Drift
    }

    /// Distances of two samples of n are multiples of 1/n: the smallest with p ≤ α and above the least is looked for once.
    fn tolerated(&mut self) -> f64 {
        let n = u64::from(self.settings.stat_size);
        let alpha = self.settings.alpha;
        *self.tolerated.get_or_insert_with(|| {
            let distance = |steps: u64| steps as f64 / n as f64;
            let alarms = |steps: u64| distance(steps) > LEAST_DISTANCE && ks::p_value(distance(steps), n, n).0 <= alpha;
            // Nothing alarms when not even the greatest distance does.
            let (mut quiet, mut loud) = (0, n + 1);
            while loud - quiet > 1 {
                let middle = u64::midpoint(quiet, loud);
                if alarms(middle) { loud = middle } else { quiet = middle }
            }
            f64::midpoint(distance(quiet), distance(quiet + 1))
        })
    }
}
