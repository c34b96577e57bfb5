//! Predictions and labels, joined by their request whenever either comes: in any order, more than once, late, or never. What was fed
//! says what is known, never the order in which it was fed.

use super::window::{Terms, Window};
use crate::inference_log::{Label, Record, Value};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// All that is known of requests. Its JSON is its state: a service may keep it and go on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ledger {
    predictions: BTreeMap<String, Prediction>,
    /// Also of requests that nobody has told of yet; each in the order in which it came to be known.
    labels: BTreeMap<String, Vec<Known>>,
    anomalies: Anomalies,
}

/// What was answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Prediction {
    pub(super) time: Timestamp,
    pub(super) predicted: Value,
    pub(super) score: Option<f64>,
}

/// What was true.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Known {
    pub(super) label: Value,
    pub(super) observed_at: Timestamp,
}

impl Prediction {
    /// The earliest counts; of several at one moment, any, but always the same.
    fn rank(&self) -> (Timestamp, String, Option<u64>) {
        (self.time, text(&self.predicted), self.score.map(f64::to_bits))
    }
}

impl Known {
    /// Labels in the order in which they came to be known; of several at one moment, in any, but always the same.
    fn rank(&self) -> (Timestamp, String) {
        (self.observed_at, text(&self.label))
    }
}

/// What was odd; nothing of it stops anything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Anomalies {
    /// Requests that were refused or failed: they have no answer that could be right.
    pub unanswered: u64,
    /// Records of a request that was there already; the earliest counts.
    pub repeated_predictions: u64,
    /// Labels that were told twice.
    pub repeated_labels: u64,
    /// Requests whose label was another one later; the latest counts.
    pub corrected_labels: u64,
    /// Labels that are null: nothing came to be known.
    pub empty_labels: u64,
}

impl Ledger {
    /// Takes a record of the inference log.
    pub fn predict(&mut self, record: &Record) {
        let Some(predicted) = record.prediction.clone().filter(|value| *value != Value::Null) else {
            self.anomalies.unanswered += 1;
            return;
        };
        let new = Prediction { time: record.time, predicted, score: record.score };
        match self.predictions.get_mut(&record.request_id) {
            Some(old) => {
                self.anomalies.repeated_predictions += 1;
                if new.rank() < old.rank() {
                    *old = new;
                }
            }
            None => {
                self.predictions.insert(record.request_id.clone(), new);
            }
        }
    }

    /// Takes a label.
    pub fn label(&mut self, label: &Label) {
        if label.label == Value::Null {
            self.anomalies.empty_labels += 1;
            return;
        }
        let new = Known { label: label.label.clone(), observed_at: label.observed_at };
        let known = self.labels.entry(label.request_id.clone()).or_default();
        match known.binary_search_by(|old| old.rank().cmp(&new.rank())) {
            Ok(_) => self.anomalies.repeated_labels += 1,
            Err(place) => known.insert(place, new),
        }
    }

    /// What the windows' labels say, as it was known at a moment: each window that has a prediction, the oldest first.
    pub fn windows(&self, terms: &Terms, now: Timestamp) -> Vec<Window> {
        let mut windows: BTreeMap<i64, Vec<(&Prediction, Option<&Known>)>> = BTreeMap::new();
        for (request, prediction) in &self.predictions {
            let labels = self.labels.get(request).map_or(&[][..], Vec::as_slice);
            let known = labels.iter().rfind(|known| known.observed_at <= now);
            windows.entry(terms.window_of(prediction.time)).or_default().push((prediction, known));
        }
        windows.into_iter().map(|(index, rows)| terms.judge(index, &rows, now)).collect()
    }

    /// What was odd so far.
    pub fn anomalies(&self) -> Anomalies {
        let corrected = |known: &&Vec<Known>| known.windows(2).any(|pair| pair[0].label != pair[1].label);
        Anomalies { corrected_labels: self.labels.values().filter(corrected).count() as u64, ..self.anomalies }
    }

    /// Labels of requests that nobody has told of.
    pub fn orphans(&self) -> usize {
        self.labels.keys().filter(|request| !self.predictions.contains_key(*request)).count()
    }

    /// Forgets requests before a moment, and their labels: a service does so with windows that are ripe and reported.
    pub fn forget_before(&mut self, time: Timestamp) {
        let labels = &mut self.labels;
        self.predictions.retain(|request, prediction| {
            let stays = prediction.time >= time;
            if !stays {
                labels.remove(request);
            }
            stays
        });
    }
}

/// A value as one word.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Flag(flag) => flag.to_string(),
        Value::Number(number) => number.to_string(),
        Value::Text(text) => text.clone(),
        Value::Vector(vector) => format!("{vector:?}"),
    }
}
