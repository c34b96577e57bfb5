//! Page–Hinkley (Page, "Continuous inspection schemes", Biometrika 41, 1954): deviations from the mean so far are summed up with a
//! slow forgetting; when the sum is far above its lowest point, or far below its highest, the mean has moved.

use super::error::{Check, Error};
use super::{Signal, mean::Mean};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// River's parameters of Page–Hinkley.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Do not look before this many values have come.
    pub min_instances: u32,
    /// Deviations smaller than this are tolerated, in the unit of the values.
    pub delta: f64,
    /// How far the sum may move, in the unit of the values.
    pub threshold: f64,
    /// What remains of the sum at each value.
    pub alpha: f64,
    /// Which way the mean may not move.
    pub mode: Direction,
}

/// Which way a mean may not move.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// An increase is an alarm.
    Up,
    /// A decrease is.
    Down,
    /// Both are.
    #[default]
    Both,
}

impl Default for Settings {
    fn default() -> Self {
        Self { min_instances: 30, delta: 0.005, threshold: 50.0, alpha: 1.0 - 0.0001, mode: Direction::Both }
    }
}

impl Settings {
    pub(super) fn check(&self) -> Result<(), Error> {
        let check = Check("page_hinkley");
        check.that(self.delta >= 0.0 && self.delta.is_finite(), "delta", self.delta, "at least 0")?;
        check.that(self.threshold > 0.0 && self.threshold.is_finite(), "threshold", self.threshold, "above 0")?;
        check.that(self.alpha > 0.0 && self.alpha <= 1.0, "alpha", self.alpha, "above 0 and at most 1")
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PageHinkley {
    pub(super) settings: Settings,
    mean: Mean,
    /// Deviations less `delta`, and the lowest that their sum has been; nothing before the first value.
    risen: f64,
    lowest: Option<f64>,
    /// Deviations plus `delta`, and the highest; it begins at −1, as River's does.
    fallen: f64,
    highest: f64,
}

impl PageHinkley {
    pub(super) fn new(settings: Settings) -> Self {
        Self { settings, mean: Mean::default(), risen: 0.0, lowest: None, fallen: 0.0, highest: -1.0 }
    }

    #[inline]
    pub(super) fn update(&mut self, value: f64) -> Signal {
        let Settings { min_instances, delta, threshold, alpha, mode } = self.settings;
        self.mean.add(value);
        let deviation = value - self.mean.value;
        self.risen = alpha * self.risen + deviation - delta;
        self.fallen = alpha * self.fallen + deviation + delta;
        let lowest = self.lowest.map_or(self.risen, |lowest| if self.risen < lowest { self.risen } else { lowest });
        self.lowest = Some(lowest);
        if self.fallen > self.highest {
            self.highest = self.fallen;
        }
        if self.mean.n < f64::from(min_instances) {
            return Signal::Quiet;
        }
        let up = mode != Direction::Down && self.risen - lowest > threshold;
        let down = mode != Direction::Up && self.highest - self.fallen > threshold;
        if !up && !down {
            return Signal::Quiet;
        }
        *self = Self::new(self.settings.clone());
        Signal::Drift
    }
}
