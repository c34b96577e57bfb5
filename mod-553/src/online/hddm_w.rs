//! HDDM-W (Frías-Blanco et al., TKDE 27(3), 2015): as HDDM-A, with exponentially weighted averages, whose bound is McDiarmid's. It
//! finds gradual changes sooner, since the past fades.

use super::Signal;
use super::error::{Check, Error};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// River's parameters of HDDM-W.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// How probable a false alarm is.
    pub drift_confidence: f64,
    /// How probable a false warning is.
    pub warning_confidence: f64,
    /// The weight of the newest value.
    pub lambda_val: f64,
    /// Whether a decrease is looked for as well.
    pub two_sided_test: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self { drift_confidence: 0.001, warning_confidence: 0.005, lambda_val: 0.05, two_sided_test: false }
    }
}

impl Settings {
    pub(super) fn check(&self) -> Result<(), Error> {
        let check = Check("hddm_w");
        check.probability("drift_confidence", self.drift_confidence)?;
        check.probability("warning_confidence", self.warning_confidence)?;
        check.probability("lambda_val", self.lambda_val)
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HddmW {
    pub(super) settings: Settings,
    whole: Sample,
    /// The stream before and since the point where its upper bound was lowest.
    low: Option<Cut>,
    /// The same where its lower bound was highest.
    high: Option<Cut>,
}

/// A stream cut in two.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cut {
    bound: f64,
    before: Sample,
    since: Sample,
}

/// An exponentially weighted mean, and the sum of the squares of its weights, which McDiarmid's bound needs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sample {
    mean: Option<f64>,
    weights: f64,
}

impl Sample {
    const EMPTY: Self = Self { mean: None, weights: 1.0 };

    fn add(&mut self, value: f64, lambda: f64) {
        let rest = 1.0 - lambda;
        self.mean = Some(self.mean.map_or(value, |mean| lambda * value + rest * mean));
        self.weights = lambda * lambda + rest * rest * self.weights;
    }
}

impl HddmW {
    pub(super) fn new(settings: Settings) -> Self {
        Self { settings, whole: Sample::EMPTY, low: None, high: None }
    }

    pub(super) fn update(&mut self, value: f64) -> Signal {
        let Settings { drift_confidence, warning_confidence, lambda_val, two_sided_test } = self.settings;
        self.whole.add(value, lambda_val);
        let mean = self.whole.mean.unwrap_or(value);
        let half = bound(self.whole.weights, drift_confidence);
        let (upper, lower) = (mean + half, mean - half);
        let renewed = |bound: f64| Some(Cut { bound, before: self.whole, since: Sample::EMPTY });
        match &mut self.low {
            Some(cut) if upper >= cut.bound => cut.since.add(value, lambda_val),
            low => *low = renewed(upper),
        }
        match &mut self.high {
            Some(cut) if lower <= cut.bound => cut.since.add(value, lambda_val),
            high => *high = renewed(lower),
        }
        let moved = |confidence: f64| {
            let up = self.low.is_some_and(|cut| is_above(cut.before, cut.since, confidence));
            up || (two_sided_test && self.high.is_some_and(|cut| is_above(cut.since, cut.before, confidence)))
        };
        if moved(drift_confidence) {
            *self = Self::new(self.settings.clone());
            Signal::Drift
        } else if moved(warning_confidence) {
            Signal::Warning
        } else {
            Signal::Quiet
        }
    }
}

/// Whether the second mean is above the first by more than chance explains.
fn is_above(first: Sample, second: Sample, confidence: f64) -> bool {
    let (Some(low), Some(high)) = (first.mean, second.mean) else { return false };
    high - low > bound(first.weights + second.weights, confidence)
}

fn bound(weights: f64, confidence: f64) -> f64 {
    (weights * (1.0 / confidence).ln() / 2.0).sqrt()
}
