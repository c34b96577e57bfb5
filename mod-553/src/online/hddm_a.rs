//! HDDM-A (Frías-Blanco et al., "Online and non-parametric drift detection methods based on Hoeffding's bounds", TKDE 27(3), 2015):
//! the average of the whole stream against its average at the point where it was lowest (or highest), within Hoeffding's bound.

use super::error::{Check, Error};
use super::{Signal, mean::Mean};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// River's parameters of HDDM-A.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// How probable a false alarm is.
    pub drift_confidence: f64,
    /// How probable a false warning is.
    pub warning_confidence: f64,
    /// Whether a decrease is looked for as well.
    pub two_sided_test: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self { drift_confidence: 0.001, warning_confidence: 0.005, two_sided_test: false }
    }
}

impl Settings {
    pub(super) fn check(&self) -> Result<(), Error> {
        let check = Check("hddm_a");
        check.probability("drift_confidence", self.drift_confidence)?;
        check.probability("warning_confidence", self.warning_confidence)
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HddmA {
    pub(super) settings: Settings,
    whole: Mean,
    /// The stream up to where its average was lowest, and highest.
    lowest: Mean,
    highest: Mean,
}

impl HddmA {
    pub(super) fn new(settings: Settings) -> Self {
        let none = Mean::default();
        Self { settings, whole: none, lowest: none, highest: none }
    }

    pub(super) fn update(&mut self, value: f64) -> Signal {
        self.whole.add(value);
        if self.lowest.n == 0.0 {
            self.lowest = self.whole;
        }
        if self.highest.n == 0.0 {
            self.highest = self.whole;
        }
        let around = self.bound(self.whole.n);
        if self.lowest.value + self.bound(self.lowest.n) >= self.whole.value + around {
            self.lowest = self.whole;
        }
        if self.highest.value - self.bound(self.highest.n) <= self.whole.value - around {
            self.highest = self.whole;
        }
        let Settings { drift_confidence, warning_confidence, two_sided_test } = self.settings;
        let moved = |confidence: f64| self.increased(confidence) || (two_sided_test && self.decreased(confidence));
        if moved(drift_confidence) {
            *self = Self::new(self.settings.clone());
            Signal::Drift
        } else if moved(warning_confidence) {
            Signal::Warning
        } else {
            Signal::Quiet
        }
    }

    fn bound(&self, n: f64) -> f64 {
        (1.0 / (2.0 * n) * (1.0 / self.settings.drift_confidence).ln()).sqrt()
    }

    fn increased(&self, confidence: f64) -> bool {
        self.lowest.n != self.whole.n
            && self.whole.value - self.lowest.value >= self.difference_bound(self.lowest.n, confidence)
    }

    fn decreased(&self, confidence: f64) -> bool {
        self.highest.n != self.whole.n
            && self.highest.value - self.whole.value >= self.difference_bound(self.highest.n, confidence)
    }

    /// How far the whole may be from its first `n` values.
    fn difference_bound(&self, n: f64, confidence: f64) -> f64 {
        let m = (self.whole.n - n) / n * (1.0 / self.whole.n);
        (m / 2.0 * (2.0 / confidence).ln()).sqrt()
    }
}
