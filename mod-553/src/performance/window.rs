//! What the labels of a window say, and when they say nothing yet. A window is *pending* while labels are still coming, *measured* when
//! enough have come, and *unlabelled* when the time in which they come is over and too few did: then its performance is unknown, which is
//! a finding of its own.

use super::ledger::{Known, Prediction, text};
use crate::inference_log::Value;
use jiff::{SignedDuration, Timestamp};
use mod_106::validation::metrics::{self, Counts};
use mod_106::validation::outcome::Interval;
use mod_106::validation::spec::MetricName;
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;

/// What is predicted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Task {
    /// Classes; of one of which the score is the probability, and recall and precision are about. Without one, classes count alike.
    Classes {
        /// That class.
        positive: Option<String>,
    },
    /// Numbers.
    Numbers,
}

/// When a window's labels are enough, and what is asked of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Terms {
    /// How long a window is; windows begin at multiples of it since 1970 in UTC.
    pub window: SignedDuration,
    /// How long after a window's end its labels may come.
    pub maturity: SignedDuration,
    /// The share of predictions that must have a label.
    pub least_coverage: f64,
    /// And how many.
    pub least_labels: u64,
    /// How sure the intervals are.
    pub confidence: f64,
    /// What is predicted.
    pub task: Task,
    /// What a metric must reach, or of an error stay below.
    pub limits: BTreeMap<MetricName, f64>,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            window: SignedDuration::from_hours(24),
            maturity: SignedDuration::from_hours(7 * 24),
            least_coverage: 0.8,
            least_labels: 100,
            confidence: 0.95,
            task: Task::Classes { positive: None },
            limits: BTreeMap::new(),
        }
    }
}

/// Where a window stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Labels may still come.
    Pending,
    /// Enough came, and every limit holds.
    Held,
    /// Enough came, and a limit is broken beyond doubt.
    Broken,
    /// Enough came, and a limit lies within an interval.
    Undecided,
    /// Too few came in the time that they had.
    Unlabelled,
}

/// A metric of a window.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Measure {
    /// Which.
    pub metric: &'static str,
    /// Its value; nothing where it is not defined.
    pub value: Option<f64>,
    /// How sure it is.
    pub interval: Option<Interval>,
    /// What it must reach, or stay below.
    pub limit: Option<f64>,
}

/// What is known of a window.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Window {
    /// Its first moment.
    #[schemars(with = "String")]
    pub start: Timestamp,
    /// The first moment after it.
    #[schemars(with = "String")]
    pub end: Timestamp,
    /// When no label is waited for any longer.
    #[schemars(with = "String")]
    pub ripe_at: Timestamp,
    /// Predictions.
    pub predictions: u64,
    /// Those whose label is known.
    pub labelled: u64,
    /// Their share.
    pub coverage: f64,
    /// The share for each predicted class: where they differ, the labels that came are not like those that did not.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub coverage_by_prediction: BTreeMap<String, f64>,
    /// Labels that were known before their prediction was made: a clock that is wrong, or a leak.
    pub known_before: u64,
    /// Where it stands.
    pub standing: Standing,
    /// Empty unless enough labels came.
    pub measures: Vec<Measure>,
    /// One sentence.
    pub why: String,
}

/// Classes whose coverage differs by more are named.
const UNEVEN: f64 = 0.2;
/// More predicted classes than this are not told apart.
const MOST_CLASSES: usize = 50;

type Rows<'a> = [(&'a Prediction, Option<&'a Known>)];

impl Terms {
    /// Which window a moment is in.
    pub(super) fn window_of(&self, time: Timestamp) -> i64 {
        time.as_second().div_euclid(self.window.as_secs().max(1))
    }

    pub(super) fn judge(&self, index: i64, rows: &Rows<'_>, now: Timestamp) -> Window {
        let moment = |index: i64| {
            let seconds = index.saturating_mul(self.window.as_secs().max(1));
            Timestamp::from_second(seconds).unwrap_or(if seconds < 0 { Timestamp::MIN } else { Timestamp::MAX })
        };
        let (start, end) = (moment(index), moment(index + 1));
        let ripe_at = end.saturating_add(self.maturity).unwrap_or(Timestamp::MAX);
        let labelled = rows.iter().filter(|(_, known)| known.is_some()).count() as u64;
        let coverage = labelled as f64 / rows.len().max(1) as f64;
        let enough = labelled >= self.least_labels && coverage >= self.least_coverage;
        let is_over = now >= end;
        let mut window = Window {
            start,
            end,
            ripe_at,
            predictions: rows.len() as u64,
            labelled,
            coverage,
            coverage_by_prediction: self.coverage_by_prediction(rows),
            known_before: rows.iter().filter(|(made, known)| known.is_some_and(|it| it.observed_at < made.time)).count()
                as u64,
            standing: Standing::Pending,
            measures: Vec::new(),
            why: String::new(),
        };
        let came = format!("{labelled} of {} labels came ({:.1} %)", rows.len(), 100.0 * coverage);
        let needed = format!("{:.0} % and {} are needed", 100.0 * self.least_coverage, self.least_labels);
        if is_over && enough {
            window.measures = self.measure(rows);
            (window.standing, window.why) = self.stand(&window.measures, &came);
            window.why.push_str(&uneven(&window.coverage_by_prediction));
        } else if now < ripe_at {
            window.why = format!("{came}, {needed}; labels may come until {ripe_at}");
        } else {
            window.standing = Standing::Unlabelled;
            window.why =
                format!("{came} until {ripe_at}, {needed}: its performance is unknown; ask whoever brings the labels");
        }
        window
    }

    fn stand(&self, measures: &[Measure], came: &str) -> (Standing, String) {
        let mut standing = Standing::Held;
        let mut why = vec![came.to_owned()];
        for Measure { metric, value, interval, limit } in measures {
            let (Some(value), Some(limit)) = (value, limit) else { continue };
            let lower_is_better = is_error(metric);
            let (asked, better) =
                if lower_is_better { ("at most", value <= limit) } else { ("at least", value >= limit) };
            let ends = interval.as_ref().map_or((*value, *value), |interval| (interval.lower, interval.upper));
            let figures = format!("{metric} is {value:.4} ({:.4} to {:.4}), asked for {asked} {limit}", ends.0, ends.1);
            let surely_broken = if lower_is_better { ends.0 > *limit } else { ends.1 < *limit };
            if surely_broken {
                standing = Standing::Broken;
                why.push(figures);
            } else if !better {
                if standing == Standing::Held {
                    standing = Standing::Undecided;
                }
                why.push(format!("{figures}, which may be chance"));
            }
        }
        // A limit on a metric that is not defined here cannot be said to hold.
        let undefined = measures.iter().find(|measure| measure.value.is_none() && measure.limit.is_some());
        if let (Some(Measure { metric, .. }), Standing::Held) = (undefined, standing) {
            standing = Standing::Undecided;
            why.push(format!("{metric} is not defined on them"));
        }
        (standing, why.join("; "))
    }

    fn measure(&self, rows: &Rows<'_>) -> Vec<Measure> {
        let known: Vec<(&Prediction, &Value)> =
            rows.iter().filter_map(|(made, known)| Some((*made, &known.as_ref()?.label))).collect();
        let named = |metric: MetricName, estimate: metrics::Estimate| Measure {
            metric: metric.word(),
            value: estimate.value,
            interval: estimate.interval,
            limit: self.limits.get(&metric).copied(),
        };
        let Task::Classes { positive } = &self.task else {
            let number = |value: &Value| if let Value::Number(number) = value { Some(*number) } else { None };
            let pairs: Vec<(f64, f64)> =
                known.iter().filter_map(|(made, label)| Some((number(label)?, number(&made.predicted)?))).collect();
            return [MetricName::Mae, MetricName::Rmse, MetricName::R2]
                .map(|metric| named(metric, metrics::of_numbers(metric, &pairs, self.confidence)))
                .into();
        };
        let classes: Vec<(String, String)> =
            known.iter().map(|(made, label)| (text(label), text(&made.predicted))).collect();
        let mut names: Vec<&String> =
            classes.iter().flat_map(|(label, predicted)| [label, predicted]).chain(positive).collect();
        names.sort();
        names.dedup();
        let place = |name: &String| names.binary_search(&name).unwrap_or(0);
        let mut counts = Counts { cells: vec![vec![0; names.len()]; names.len()] };
        classes.iter().for_each(|(label, predicted)| counts.cells[place(label)][place(predicted)] += 1);
        let positive_place = positive.as_ref().map(place);
        let mut measures: Vec<Measure> =
            [MetricName::Accuracy, MetricName::Precision, MetricName::Recall, MetricName::F1]
                .map(|metric| named(metric, metrics::of_classes(metric, &counts, positive_place, self.confidence)))
                .into();
        if let Some(positive) = positive {
            let scored: Vec<(f64, bool)> = known
                .iter()
                .filter_map(|(made, label)| {
                    Some((made.score.filter(|score| !score.is_nan())?, text(label) == *positive))
                })
                .collect();
            if !scored.is_empty() {
                let metrics = [MetricName::RocAuc, MetricName::LogLoss, MetricName::Brier];
                measures
                    .extend(metrics.map(|metric| named(metric, metrics::of_scores(metric, &scored, self.confidence))));
            }
        }
        measures
    }

    fn coverage_by_prediction(&self, rows: &Rows<'_>) -> BTreeMap<String, f64> {
        let mut counts: BTreeMap<String, (u64, u64)> = BTreeMap::new();
        if self.task != Task::Numbers {
            for (made, known) in rows {
                let (all, labelled) = counts.entry(text(&made.predicted)).or_default();
                *all += 1;
                *labelled += u64::from(known.is_some());
            }
        }
        if counts.len() > MOST_CLASSES {
            return BTreeMap::new();
        }
        counts.into_iter().map(|(class, (all, labelled))| (class, labelled as f64 / all as f64)).collect()
    }
}

/// Whether less of it is better.
fn is_error(metric: &str) -> bool {
    [MetricName::Mae, MetricName::Rmse, MetricName::LogLoss, MetricName::Brier, MetricName::Ece]
        .iter()
        .any(|error| error.word() == metric)
}

/// Says so when labels came for some predictions rather than for others.
fn uneven(coverage: &BTreeMap<String, f64>) -> String {
    let least = coverage.iter().min_by(|a, b| a.1.total_cmp(b.1));
    let most = coverage.iter().max_by(|a, b| a.1.total_cmp(b.1));
    match (least, most) {
        (Some((least, low)), Some((most, high))) if high - low > UNEVEN => format!(
            "; labels came for {:.0} % of the predictions of {most} and {:.0} % of those of {least}, so these figures lean to {most}",
            100.0 * high,
            100.0 * low
        ),
        _ => String::new(),
    }
}
