//! An estimate beside what is usual: chunks of the reference say what is usual, as NannyML's standard-deviation threshold does; the
//! estimate's band says whether so few rows can tell.

use mod_106::validation::spec::MetricName;
use schemars::JsonSchema;
use serde::Serialize;

/// Chunks whose metric differs by more than so many standard deviations from the reference's chunks are unusual; NannyML's default.
const DEVIATIONS: f64 = 3.0;

/// What may become of an estimate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// As in the reference.
    Usual,
    /// Outside of what is usual, and not by chance.
    Changed,
    /// The metric is not defined here, or its band is too wide to tell.
    Inconclusive,
}

/// One metric of one chunk.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Estimate {
    /// Which metric.
    pub metric: &'static str,
    /// What it is expected to be; nothing where it is not defined, such as the precision of a model that never says yes.
    pub estimated: Option<f64>,
    /// The band in which the real value lies with the confidence asked for.
    pub lower: Option<f64>,
    /// Its other end.
    pub upper: Option<f64>,
    /// What it really was, where labels are known.
    pub realized: Option<f64>,
    /// The mean of the reference's chunks.
    pub reference: f64,
    /// Below this it is unusual.
    pub usual_from: f64,
    /// Above this it is unusual.
    pub usual_to: f64,
    /// What became of it.
    pub state: State,
    /// One sentence.
    pub why: String,
}

/// What is usual of one metric.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Usual {
    mean: f64,
    from: f64,
    to: f64,
}

impl Usual {
    /// From a metric of each chunk of the reference; `most` is the metric's upper limit.
    pub(super) fn of(chunks: &[f64], most: f64) -> Self {
        let n = chunks.len().max(1) as f64;
        let mean = chunks.iter().sum::<f64>() / n;
        let spread = (chunks.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / n).sqrt();
        Self { mean, from: (mean - DEVIATIONS * spread).max(0.0), to: (mean + DEVIATIONS * spread).min(most) }
    }

    /// Judges an estimate and its band.
    pub(super) fn judge(
        &self,
        metric: MetricName,
        estimated: Option<f64>,
        band: Option<(f64, f64)>,
        realized: Option<f64>,
    ) -> Estimate {
        let name = metric.word();
        let Self { mean, from, to } = *self;
        let (state, why) = match (estimated, band) {
            (Some(estimated), Some((lower, upper))) => {
                let figures = format!("{name} is estimated at {estimated:.4} ({lower:.4} to {upper:.4})");
                // Rounding is no change: a metric that never varied has no room between its ends.
                let outside = estimated < from - 1e-9 || estimated > to + 1e-9;
                if !outside {
                    (State::Usual, format!("{figures}, as usual: {from:.4} to {to:.4}"))
                } else if (lower..=upper).contains(&mean) {
                    let why = format!(
                        "{figures}: unusual, but the reference's {mean:.4} is within the band, so more rows are needed"
                    );
                    (State::Inconclusive, why)
                } else {
                    let way = if estimated < from { "below" } else { "above" };
                    (State::Changed, format!("{figures}, {way} what is usual ({from:.4} to {to:.4})"))
                }
            }
            _ => (State::Inconclusive, format!("{name} is not defined on these rows")),
        };
        let (lower, upper) = band.unzip();
        Estimate {
            metric: name,
            estimated,
            lower,
            upper,
            realized,
            reference: mean,
            usual_from: from,
            usual_to: to,
            state,
            why,
        }
    }
}
