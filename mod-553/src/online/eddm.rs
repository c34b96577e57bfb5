//! EDDM (Baena-García et al., "Early drift detection method", IWKDDS 2006): as long as nothing changes, errors come further and
//! further apart. When their distance has shrunk to a share of the longest it ever was, something changed.

use super::error::{Check, Error};
use super::{Signal, mean::Mean};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// River's parameters of EDDM.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Do not look before so many values and so many errors have come.
    pub warm_start: u32,
    /// Warn when the distance is below this share of the longest.
    pub alpha: f64,
    /// Alarm when it is below this share; at most `alpha`.
    pub beta: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { warm_start: 30, alpha: 0.95, beta: 0.9 }
    }
}

impl Settings {
    pub(super) fn check(&self) -> Result<(), Error> {
        let check = Check("eddm");
        check.that(self.alpha > 0.0 && self.alpha <= 1.0, "alpha", self.alpha, "above 0 and at most 1")?;
        check.that(self.beta > 0.0 && self.beta <= self.alpha, "beta", self.beta, "above 0 and at most alpha")
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Eddm {
    pub(super) settings: Settings,
    n: f64,
    last_error: f64,
    /// The distances between errors, and their squared deviations summed up (Welford).
    distances: Mean,
    squares: f64,
    /// Mean + 2 standard deviations at its highest; nothing before there was one.
    highest: Option<f64>,
    /// What was said last: it holds until the next error.
    signal: Signal,
}

impl Eddm {
    pub(super) fn new(settings: Settings) -> Self {
        Self {
            settings,
            n: 0.0,
            last_error: 0.0,
            distances: Mean::default(),
            squares: 0.0,
            highest: None,
            signal: Signal::Quiet,
        }
    }

    pub(super) fn update(&mut self, wrong: bool) -> Signal {
        self.n += 1.0;
        if !wrong {
            return self.signal;
        }
        let (distance, before) = (self.n - self.last_error, self.distances.value);
        self.distances.add(distance);
        self.squares += (distance - before) * (distance - self.distances.value);
        self.last_error = self.n;
        let warm_start = f64::from(self.settings.warm_start);
        if self.n <= warm_start {
            return self.signal;
        }
        let errors = self.distances.n;
        let variance = if errors > 1.0 { self.squares / (errors - 1.0) } else { 0.0 };
        let reach = self.distances.value + 2.0 * variance.max(0.0).sqrt();
        match self.highest {
            Some(highest) if reach <= highest => {
                if errors > warm_start {
                    self.signal = self.judge(reach / highest);
                }
            }
            _ => self.highest = Some(reach),
        }
        if self.signal == Signal::Drift {
            *self = Self::new(self.settings.clone());
            return Signal::Drift;
        }
        self.signal
    }

    fn judge(&self, level: f64) -> Signal {
        if level < self.settings.beta {
            Signal::Drift
        } else if level < self.settings.alpha {
            Signal::Warning
        } else {
            Signal::Quiet
        }
    }
}
