//! The decision: each measure against its margin, then all of them together.
//!
//! To pass, *every* measure must pass at the full confidence: an intersection–union test, which needs no correction (Berger 1982).
//! To fail, *one* is enough, so each is asked at a confidence corrected for their number (Bonferroni); otherwise a good canary would
//! be thrown out by chance more often the more is measured.

use super::interval::{Interval, difference_of_means, difference_of_proportions};
use super::observations::{Observations, Side};
use serde::{Deserialize, Serialize};

/// What is compared and how much worse the canary may be.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Which measures count.
    pub measures: Vec<Measure>,
    /// Two-sided, such as 0.95.
    pub confidence: f64,
    /// Fewer requests or samples on either side are inconclusive, whatever they say.
    pub min_samples: u64,
    /// How much the share of errors may rise: 0.01 is one more in a hundred requests.
    pub error_rate_margin: f64,
    /// How much the typical latency may grow: 1.1 is a tenth.
    pub latency_ratio: f64,
    /// How much the mean quality may sink.
    pub quality_margin: f64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            measures: vec![Measure::ErrorRate, Measure::Latency, Measure::Quality],
            confidence: 0.95,
            min_samples: 200,
            error_rate_margin: 0.01,
            latency_ratio: 1.1,
            quality_margin: 0.02,
        }
    }
}

impl Limits {
    /// What about these limits cannot be meant.
    pub fn problem(&self) -> Option<String> {
        let inside = |name: &str, value: f64, low: f64, high: f64| {
            let bad = !(value >= low && value < high);
            bad.then(|| format!("canary.{name} is {value}; give at least {low} and less than {high}"))
        };
        if self.measures.is_empty() {
            return Some("canary.measures is empty: a canary without measures would always pass".to_owned());
        }
        inside("confidence", self.confidence, 0.5, 1.0)
            .or_else(|| inside("error_rate_margin", self.error_rate_margin, 0.0, 1.0))
            .or_else(|| inside("latency_ratio", self.latency_ratio, 1.0, 1000.0))
            .or_else(|| inside("quality_margin", self.quality_margin, 0.0, f64::MAX))
            .or_else(|| (self.min_samples < 2).then(|| "canary.min_samples is below 2".to_owned()))
    }
}

/// Something to compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// The share of failed requests: Newcombe's interval for the difference of two proportions.
    ErrorRate,
    /// The typical latency: Welch's interval for the ratio of two geometric means, for latencies are skewed.
    Latency,
    /// The mean score: Welch's interval for the difference of two means.
    Quality,
}

/// What a comparison says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Not worse than the margin.
    Pass,
    /// Worse than the margin.
    Fail,
    /// Not enough was seen to tell.
    Inconclusive,
}

/// One measure, compared.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Measured {
    /// Which measure.
    pub measure: Measure,
    /// What it says.
    pub verdict: Verdict,
    /// How much worse the canary is; of latency, as a ratio. Absent when there were too few samples.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub estimate: Option<f64>,
    /// The interval at the confidence that the verdict was asked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval: Option<[f64; 2]>,
    /// How much worse it may be.
    pub margin: f64,
    /// Samples of the canary and of the baseline.
    pub samples: [u64; 2],
    /// The statistics, by name.
    pub method: &'static str,
    /// Why, for people.
    pub sentence: String,
}

/// All measures, and what they say together.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Judgement {
    /// Together.
    pub verdict: Verdict,
    /// Each.
    pub measures: Vec<Measured>,
}

/// Compares both sides.
pub fn judge(observations: &Observations, limits: &Limits) -> Judgement {
    let measures: Vec<_> = limits.measures.iter().map(|measure| compare(*measure, observations, limits)).collect();
    let any = |verdict| measures.iter().any(|measured| measured.verdict == verdict);
    let verdict = match (any(Verdict::Fail), any(Verdict::Inconclusive)) {
        (true, _) => Verdict::Fail,
        (false, true) => Verdict::Inconclusive,
        (false, false) => Verdict::Pass,
    };
    Judgement { verdict, measures }
}

fn compare(measure: Measure, observations: &Observations, limits: &Limits) -> Measured {
    let (canary, baseline) = (&observations.canary, &observations.baseline);
    let samples = [canary, baseline].map(|side| match measure {
        Measure::ErrorRate => side.requests,
        Measure::Latency => side.latency_ms.len() as u64,
        Measure::Quality => side.quality.len() as u64,
    });
    let (margin, method) = match measure {
        Measure::ErrorRate => (limits.error_rate_margin, "difference of proportions, Newcombe's hybrid score interval"),
        Measure::Latency => (limits.latency_ratio, "ratio of geometric means, Welch's interval on logarithms"),
        Measure::Quality => (limits.quality_margin, "loss of the mean, Welch's interval"),
    };
    let blank = Measured {
        measure,
        verdict: Verdict::Inconclusive,
        estimate: None,
        interval: None,
        margin,
        samples,
        method,
        sentence: format!(
            "{} samples of the canary and {} of the baseline; {} of each are needed",
            samples[0], samples[1], limits.min_samples
        ),
    };
    if samples.iter().any(|count| *count < limits.min_samples) {
        return blank;
    }
    let doubt = 1.0 - limits.confidence;
    let corrected = 1.0 - doubt / limits.measures.len() as f64;
    let at = |confidence| interval(measure, canary, baseline, confidence);
    let (Some(plain), Some(strict)) = (at(limits.confidence), at(corrected)) else { return blank };
    let (verdict, shown, confidence) = if plain.high <= margin {
        (Verdict::Pass, plain, limits.confidence)
    } else if strict.low > margin {
        (Verdict::Fail, strict, corrected)
    } else {
        (Verdict::Inconclusive, plain, limits.confidence)
    };
    let sentence = format!(
        "{} {:.4}, between {:.4} and {:.4} at {:.1} % confidence; at most {margin} is allowed{}",
        match measure {
            Measure::ErrorRate => "the share of errors rose by",
            Measure::Latency => "the typical latency is the baseline's times",
            Measure::Quality => "the mean quality sank by",
        },
        shown.estimate,
        shown.low,
        shown.high,
        confidence * 100.0,
        if verdict == Verdict::Inconclusive { ": more traffic will tell" } else { "" }
    );
    Measured { verdict, estimate: Some(shown.estimate), interval: Some([shown.low, shown.high]), sentence, ..blank }
}

/// How much worse the canary is.
fn interval(measure: Measure, canary: &Side, baseline: &Side, confidence: f64) -> Option<Interval> {
    match measure {
        Measure::ErrorRate => Some(difference_of_proportions(
            (canary.errors, canary.requests),
            (baseline.errors, baseline.requests),
            confidence,
        )),
        Measure::Latency => {
            let logarithms = |side: &Side| side.latency_ms.iter().map(|value| value.ln()).collect::<Vec<_>>();
            let logs = difference_of_means(&logarithms(canary), &logarithms(baseline), confidence)?;
            Some(Interval { estimate: logs.estimate.exp(), low: logs.low.exp(), high: logs.high.exp() })
        }
        // Loss is baseline minus canary: more is worse, as with the other two.
        Measure::Quality => difference_of_means(&baseline.quality, &canary.quality, confidence),
    }
}

#[cfg(test)]
mod tests {
    use super::{Limits, Measure, Observations, Side, Verdict, judge};
    use crate::client::VersionNumber;

    fn side(version: u64, requests: u64, errors: u64, latency_ms: f64, quality: f64, seed: u64) -> Side {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut noise = || (0..6).map(|_| random.f64()).sum::<f64>() / 6.0 - 0.5;
        let latencies = (0..requests).map(|_| latency_ms * (1.0 + 0.4 * noise())).collect();
        let scores = (0..requests).map(|_| quality + 0.2 * noise()).collect();
        Side { version: VersionNumber(version), requests, errors, latency_ms: latencies, quality: scores }
    }

    fn check(canary: Side, expected: Verdict) {
        let baseline = side(1, 5000, 25, 20.0, 0.9, 7);
        let judgement = judge(&Observations { baseline, canary }, &Limits::default());
        assert_eq!(judgement.verdict, expected, "{judgement:#?}");
    }

    #[test]
    fn each_measure_can_pass_fail_and_be_inconclusive() {
        check(side(2, 5000, 27, 20.5, 0.9, 8), Verdict::Pass);
        check(side(2, 5000, 250, 20.0, 0.9, 8), Verdict::Fail);
        check(side(2, 5000, 25, 26.0, 0.9, 8), Verdict::Fail);
        check(side(2, 5000, 25, 20.0, 0.8, 8), Verdict::Fail);
        check(side(2, 199, 0, 20.0, 0.9, 8), Verdict::Inconclusive);
        check(side(2, 300, 5, 20.0, 0.9, 8), Verdict::Inconclusive);
    }

    #[test]
    fn what_was_not_measured_is_inconclusive_and_never_a_pass() {
        check(Side { quality: Vec::new(), ..side(2, 5000, 25, 20.0, 0.9, 8) }, Verdict::Inconclusive);
        let limits = Limits { measures: Vec::new(), ..Limits::default() };
        assert!(limits.problem().unwrap().contains("would always pass"));
    }

    #[test]
    fn a_good_canary_is_rarely_thrown_out_and_a_bad_one_rarely_kept() {
        let mut random = fastrand::Rng::with_seed(1);
        let mut errors = |rate: f64| (0..4000).filter(|_| random.f64() < rate).count() as u64;
        let limits = Limits { measures: vec![Measure::ErrorRate], ..Limits::default() };
        let (mut thrown, mut kept) = (0, 0);
        for _ in 0..300 {
            let mut verdict = |rate: f64| {
                let bare = |version, errors| Side { errors, ..side(version, 4000, 0, 20.0, 0.9, 1) };
                let (baseline, canary) = (bare(1, errors(0.02)), bare(2, errors(rate)));
                let bare = |side: Side| Side { latency_ms: Vec::new(), quality: Vec::new(), ..side };
                judge(&Observations { baseline: bare(baseline), canary: bare(canary) }, &limits).verdict
            };
            // Exactly at the margin both errors are as likely as the confidence says: 2.5 % each.
            match verdict(0.03) {
                Verdict::Fail => thrown += 1,
                Verdict::Pass => kept += 1,
                Verdict::Inconclusive => {}
            }
        }
        assert!(thrown <= 20 && kept <= 20, "{thrown} thrown out, {kept} kept, of 300 at the margin");
    }
}
