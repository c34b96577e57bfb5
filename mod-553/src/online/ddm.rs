//! DDM (Gama, Medas, Castillo & Rodrigues, "Learning with drift detection", SBIA 2004): while nothing changes, a model's error rate
//! falls as it learns. An error rate several standard deviations above its lowest is an alarm.

use super::error::{Check, Error};
use super::{Signal, mean::Mean};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// River's parameters of DDM.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Do not look at the first so many values.
    pub warm_start: u32,
    /// Warn from so many standard deviations above the lowest error rate.
    pub warning_threshold: f64,
    /// Alarm from so many.
    pub drift_threshold: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { warm_start: 30, warning_threshold: 2.0, drift_threshold: 3.0 }
    }
}

impl Settings {
    pub(super) fn check(&self) -> Result<(), Error> {
        let check = Check("ddm");
        let positive = |value: f64| value > 0.0 && value.is_finite();
        check.that(positive(self.warning_threshold), "warning_threshold", self.warning_threshold, "above 0")?;
        check.that(positive(self.drift_threshold), "drift_threshold", self.drift_threshold, "above 0")
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Ddm {
    pub(super) settings: Settings,
    error_rate: Mean,
    best: Option<Best>,
}

/// The error rate and its standard deviation when their sum was lowest.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Best {
    rate: f64,
    deviation: f64,
}

impl Ddm {
    pub(super) fn new(settings: Settings) -> Self {
        Self { settings, error_rate: Mean::default(), best: None }
    }

    pub(super) fn update(&mut self, wrong: bool) -> Signal {
        self.error_rate.add(f64::from(u8::from(wrong)));
        let Mean { n, value: rate } = self.error_rate;
        if n <= f64::from(self.settings.warm_start) {
            return Signal::Quiet;
        }
        let deviation = (rate * (1.0 - rate) / n).max(0.0).sqrt();
        let best = match self.best {
            Some(best) if rate + deviation > best.rate + best.deviation => best,
            _ => Best { rate, deviation },
        };
        self.best = Some(best);
        let beyond = |threshold: f64| rate + deviation > best.rate + threshold * best.deviation;
        if beyond(self.settings.drift_threshold) {
            *self = Self::new(self.settings.clone());
            Signal::Drift
        } else if beyond(self.settings.warning_threshold) {
            Signal::Warning
        } else {
            Signal::Quiet
        }
    }
}
