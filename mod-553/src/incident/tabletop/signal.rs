//! Alerts from a service's metrics, as rules over them would fire: a window, a least number of events, and how long it must hold.
//! The rules are data, named as those that Prometheus evaluates in production; windows are short, for an exercise is.

use super::super::Error;
use super::super::escalation::After;
use super::super::yaml;
use super::exposition::Scrape;
use jiff::Timestamp;
use mod_106::alerts::Severity;
use serde::Deserialize;
use std::path::Path;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    signals: Vec<Rule>,
}

/// One rule.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    alert: String,
    owner: String,
    severity: Severity,
    summary: String,
    runbook: String,
    measure: Measure,
    /// The window; for what is not counted, nothing.
    over: Option<After>,
    above: Option<f64>,
    below: Option<f64>,
    /// So many times what it was before the exercise.
    times_before: Option<f64>,
    /// Fewer events in the window say nothing.
    events: f64,
    #[serde(rename = "for")]
    lasting: After,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum Measure {
    /// The share of `whole` that is `part`, by their increase.
    Share { part: String, whole: String },
    /// The share of `whole` that is not `part`.
    ShareWithout { part: String, whole: String },
    /// The greatest value of a gauge; `of` counts the events that it stands for.
    Highest { gauge: String, of: String },
    /// The increase itself.
    Increase { of: String },
}

/// All rules, and what they say so far.
#[derive(Debug, Clone)]
pub struct Signals {
    rules: Vec<(Rule, Standing)>,
    scrapes: Vec<(Timestamp, Scrape)>,
    /// How many scrapes there were when the exercise began.
    before: usize,
}

#[derive(Debug, Clone, Default)]
struct Standing {
    since: Option<Timestamp>,
    firing: bool,
    before: Option<f64>,
}

/// What an alert says.
#[derive(Debug, Clone)]
pub(super) struct Told {
    pub(super) alert: String,
    /// Who minds; nobody is named on paper.
    pub(super) owner: Option<String>,
    pub(super) severity: Severity,
    pub(super) summary: String,
    pub(super) runbook: String,
}

/// An alert that begins or ends.
#[derive(Debug, Clone)]
pub(super) struct Change {
    pub(super) told: Told,
    pub(super) fires: bool,
    pub(super) value: f64,
}

impl Signals {
    /// Reads the rules.
    ///
    /// # Errors
    /// [`Error::File`], or [`Error::Malformed`] with its place.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let text = std::fs::read_to_string(path).map_err(|source| Error::file(path, source))?;
        let file: File = yaml::parse(path, &text)?;
        let rules = file.signals.into_iter().map(|rule| (rule, Standing::default())).collect();
        Ok(Self { rules, scrapes: Vec::new(), before: 0 })
    }

    /// Whether there is a rule of this name.
    #[must_use]
    pub fn knows(&self, alert: &str) -> bool {
        self.rules.iter().any(|(rule, _)| rule.alert == alert)
    }

    /// What was measured until now is how it is when nothing is wrong.
    pub(super) fn begin(&mut self) {
        self.before = self.scrapes.len().saturating_sub(1);
        if let (Some((_, first)), Some((_, last))) = (self.scrapes.first(), self.scrapes.last()) {
            for (rule, standing) in &mut self.rules {
                standing.before = rule.measure.value(first, last).map(|(value, _)| value);
            }
        }
    }

    /// Takes what the service told, and says which rules changed their minds.
    pub(super) fn observe(&mut self, at: Timestamp, scrape: Scrape) -> Vec<Change> {
        self.scrapes.push((at, scrape));
        let (_, newest) = &self.scrapes[self.scrapes.len() - 1];
        let mut changes = Vec::new();
        for (rule, standing) in &mut self.rules {
            let begins = rule.over.as_ref().map_or(at, |over| at - over.0);
            let oldest = self.scrapes.iter().rev().find(|(time, _)| *time <= begins).unwrap_or(&self.scrapes[0]);
            // Too few events: no news, good or bad.
            let measured = rule.measure.value(&oldest.1, newest).filter(|(_, events)| *events >= rule.events);
            let Some((value, _)) = measured else { continue };
            let times = rule.times_before.zip(standing.before).map(|(times, before)| times * before);
            let holds = rule.above.is_some_and(|above| value > above)
                || rule.below.is_some_and(|below| value < below)
                || times.is_some_and(|limit| value > limit);
            standing.since = if holds { standing.since.or(Some(at)) } else { None };
            let fires = standing.since.is_some_and(|since| at.duration_since(since) >= rule.lasting.0);
            if fires != standing.firing && (fires || !holds) {
                standing.firing = fires;
                changes.push(Change { told: rule.told(), fires, value });
            }
        }
        changes
    }

    /// Whether any rule fires.
    pub(super) fn any_fires(&self) -> bool {
        self.rules.iter().any(|(_, standing)| standing.firing)
    }

    /// What was told last before the exercise began, and last of all.
    pub(super) fn ends(&self) -> Option<(&Scrape, &Scrape, &Scrape)> {
        let first = self.scrapes.first()?;
        let begins = self.scrapes.get(self.before)?;
        Some((&first.1, &begins.1, &self.scrapes.last()?.1))
    }
}

impl Rule {
    fn told(&self) -> Told {
        let (alert, summary, runbook) = (self.alert.clone(), self.summary.clone(), self.runbook.clone());
        Told { alert, owner: Some(self.owner.clone()), severity: self.severity, summary, runbook }
    }
}

impl Measure {
    /// The value, and how many events it stands on.
    fn value(&self, oldest: &Scrape, newest: &Scrape) -> Option<(f64, f64)> {
        let increase = |wanted: &str| newest.sum(wanted) - oldest.sum(wanted);
        match self {
            Self::Share { part, whole } => {
                let whole = increase(whole);
                (whole > 0.0).then(|| (increase(part) / whole, whole))
            }
            Self::ShareWithout { part, whole } => {
                let whole = increase(whole);
                (whole > 0.0).then(|| (1.0 - increase(part) / whole, whole))
            }
            Self::Highest { gauge, of } => Some((newest.highest(gauge)?, newest.highest(of)?)),
            Self::Increase { of } => Some((increase(of), f64::INFINITY)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::SignedDuration;

    const RULES: &str = "
signals:
  - alert: Failing
    owner: ml-serving
    severity: critical
    summary: too many fail
    runbook: errors
    measure: { share: { part: 'requests{code=\"500\"}', whole: requests } }
    over: 5 min
    above: 0.5
    events: 10
    for: 1 min
";

    #[test]
    fn a_rule_fires_after_its_time_and_ends_with_its_condition() {
        let file: File = yaml::parse(Path::new("signals.yaml"), RULES).unwrap();
        let rules = file.signals.into_iter().map(|rule| (rule, Standing::default())).collect();
        let mut signals = Signals { rules, scrapes: Vec::new(), before: 0 };
        let mut told = Vec::new();
        // Minute by minute: all requests, and those that failed.
        for (minute, all, failed) in
            [(0, 0, 0), (1, 5, 5), (2, 20, 20), (3, 40, 40), (4, 60, 40), (9, 160, 40), (10, 161, 41)]
        {
            let text = format!("requests{{code=\"500\"}} {failed}\nrequests{{code=\"200\"}} {}\n", all - failed);
            let at = Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minute);
            for change in signals.observe(at, Scrape::parse(&text)) {
                told.push((minute, change.fires));
            }
        }
        // At minute 1 there are too few events; from 2 it holds, at 3 it has held for a minute.
        assert_eq!(told, [(3, true), (9, false)]);
    }
}
