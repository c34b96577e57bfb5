//! What all triggers of a model have heard: `signals/<model>.json` in the repository. Pure: readings and a clock go in, streaks come out.
//!
//! A window is counted once, and in the order of time: a report that comes twice, late, or that overlaps with one already counted, is
//! ignored with its reason. An alert is known by its fingerprint and its start, for Alertmanager delivers at least once.
//!
//! The dead-man's switch looks at the last window that *could tell*: a monitor that reports "inconclusive" every hour because no labels
//! come is as dead as one that reports nothing.

use super::error::Error;
use super::policy::{Policy, Source, Trigger};
use super::proposal::{Evidence, VERSION, Window};
use super::signal::{Observation, Reading};
use super::trigger::State;
use crate::slo::Received;
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Clocks of different machines may differ by so much.
pub(super) const SKEW: SignedDuration = SignedDuration::from_mins(5);

/// Alerts that ended are remembered up to so many, against their redelivery.
const ENDED_KEPT: usize = 1000;

/// What has been heard.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ledger {
    /// The version of this shape.
    pub version: u32,
    /// Of which model.
    pub model: String,
    /// When something was last written down, RFC 3339.
    #[schemars(with = "String")]
    pub at: Timestamp,
    /// Each trigger, by name.
    pub triggers: BTreeMap<String, Heard>,
}

/// What one trigger has heard.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Heard {
    /// Since when it listens.
    #[schemars(with = "String")]
    pub since: Timestamp,
    /// Until when it knows something: the end of the last window that could tell.
    #[schemars(with = "Option<String>")]
    pub known_until: Option<Timestamp>,
    /// The last window that was counted.
    pub last: Option<Window>,
    /// Where it stands.
    pub state: State,
    /// Alerts by fingerprint.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub alerts: BTreeMap<String, Alerted>,
}

/// The latest that is known of one alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Alerted {
    /// When it began.
    #[schemars(with = "String")]
    pub starts_at: Timestamp,
    /// Whether it has ended.
    pub ended: bool,
}

/// A signal that changed nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Ignored {
    /// The file.
    pub file: String,
    /// Why, in one sentence.
    pub why: String,
}

impl Ledger {
    /// Nothing was heard yet.
    pub fn begin(policy: &Policy, now: Timestamp) -> Self {
        let mut ledger = Self { version: VERSION, model: policy.model.clone(), at: now, triggers: BTreeMap::new() };
        ledger.follow(policy, now);
        ledger
    }

    /// Triggers that are new in the policy begin to listen; those that left it are forgotten.
    fn follow(&mut self, policy: &Policy, now: Timestamp) {
        self.triggers.retain(|name, _| policy.triggers.iter().any(|trigger| trigger.name == *name));
        for trigger in &policy.triggers {
            self.triggers.entry(trigger.name.clone()).or_insert_with(|| Heard {
                since: now,
                known_until: None,
                last: None,
                state: State::default(),
                alerts: BTreeMap::new(),
            });
        }
    }

    /// Takes in signals, in the order of their windows; says which changed nothing, and why.
    ///
    /// # Errors
    /// [`Error::Malformed`] for a signal from the future, or an estimate that does not say of which time it is.
    pub fn hear(&mut self, policy: &Policy, readings: &[Reading], now: Timestamp) -> Result<Vec<Ignored>, Error> {
        let before = self.clone();
        self.follow(policy, now);
        let mut ordered: Vec<(Timestamp, &Reading)> =
            readings.iter().map(|reading| Ok((end_of(reading, now)?, reading))).collect::<Result<_, Error>>()?;
        ordered.sort_by(|one, other| (one.0, &one.1.digest).cmp(&(other.0, &other.1.digest)));
        let mut ignored = Vec::new();
        for (_, reading) in ordered {
            let mut whys = Vec::new();
            let mut listened = false;
            for trigger in &policy.triggers {
                let Some(heard) = self.triggers.get_mut(&trigger.name) else { continue };
                let Some(taken) = heard.take(trigger, reading, now) else { continue };
                listened = true;
                whys.extend(taken.err().map(|why| format!("{}: {why}", trigger.name)));
            }
            if !listened {
                whys.push("no trigger of the policy listens to it".to_owned());
            }
            ignored.extend(whys.into_iter().map(|why| Ignored { file: reading.file.clone(), why }));
        }
        if self.triggers != before.triggers {
            self.at = now;
        }
        Ok(ignored)
    }

    /// What the dead-man's switches find: one sentence for each trigger that has known nothing for too long.
    pub fn silent(&self, policy: &Policy, now: Timestamp) -> Vec<(String, String)> {
        let found = policy.triggers.iter().filter_map(|trigger| {
            let most = trigger.silence?;
            let heard = self.triggers.get(&trigger.name)?;
            let known = heard.known_until.unwrap_or(heard.since);
            let quiet = now.duration_since(known);
            (quiet > most).then(|| {
                let sentence = format!(
                    "{}: nothing is known since {known}, for {:#}; at most {most:#} are expected: look whether its signal still runs",
                    trigger.name, SignedDuration::from_secs(quiet.as_secs())
                );
                (trigger.name.clone(), sentence)
            })
        });
        found.collect()
    }
}

/// The time by which a signal is put in order.
fn end_of(reading: &Reading, now: Timestamp) -> Result<Timestamp, Error> {
    let end = match &reading.says {
        Observation::Drift { window, .. } => window.end,
        Observation::Performance { window, .. } => {
            window
                .ok_or_else(|| {
                    Error::malformed(&reading.file, "does not say of which `window` it is; give --window START/END")
                })?
                .end
        }
        Observation::Alerts(alerts) => alerts.iter().map(|alert| alert.starts_at).max().unwrap_or(now),
    };
    if end > now.saturating_add(SKEW).unwrap_or(now) {
        let problem = format!("is about {end}, which is in the future of {now}; is a clock wrong?");
        return Err(Error::malformed(&reading.file, problem));
    }
    Ok(end)
}

impl Heard {
    /// Takes in one signal; `None` when the trigger does not listen to it, else why it changed nothing, if so.
    fn take(&mut self, trigger: &Trigger, reading: &Reading, now: Timestamp) -> Option<Result<(), String>> {
        match (&trigger.source, &reading.says) {
            (Source::Drift { monitor }, Observation::Drift { monitor: of, window, share, why }) if monitor == of => {
                Some(self.window(trigger, reading, *window, *share, why.clone()))
            }
            (Source::Performance { metric }, Observation::Performance { window: Some(window), metrics }) => {
                let seen = metrics.iter().find(|seen| seen.metric == *metric)?;
                let loss = seen.loss.map(|loss| loss.point);
                let says = loss.map_or_else(
                    || format!("nothing can be told of {}", metric.word()),
                    |loss| format!("{} is {loss:.4} worse than it should be", metric.word()),
                );
                Some(self.window(trigger, reading, *window, loss, says))
            }
            (Source::Alert { name, heartbeat }, Observation::Alerts(alerts)) => {
                let named = |wanted: &str| {
                    let wanted = wanted.to_owned();
                    move |alert: &&Received| alert.labels.get("alertname") == Some(&wanted)
                };
                let alive = heartbeat.as_ref().is_some_and(|beat| alerts.iter().any(|alert| named(beat)(&alert)));
                let mine: Vec<&Received> = alerts.iter().filter(named(name)).collect();
                // A delivery has no time of its own, so without a heartbeat it is no sign of life: it may be an old one once more.
                if heartbeat.is_some() && (alive || !mine.is_empty()) {
                    self.known_until = self.known_until.max(Some(now));
                }
                if mine.is_empty() {
                    return alive.then_some(Ok(()));
                }
                let changed = mine.into_iter().filter(|alert| self.alert(trigger, reading, alert)).count();
                let known = "its alerts were counted already: Alertmanager delivers at least once".to_owned();
                Some(if changed > 0 { Ok(()) } else { Err(known) })
            }
            _ => None,
        }
    }

    fn window(
        &mut self,
        trigger: &Trigger,
        reading: &Reading,
        window: Window,
        value: Option<f64>,
        says: String,
    ) -> Result<(), String> {
        if let Some(last) = self.last {
            if window.end == last.end {
                return Err(format!("the window that ends at {} was counted already", last.end));
            }
            if window.end < last.end {
                return Err(format!(
                    "it ends at {}, but a later window, to {}, was counted already",
                    window.end, last.end
                ));
            }
            if window.start < last.end {
                return Err(format!("it overlaps with a window that was counted already, {last}"));
            }
        }
        self.last = Some(window);
        if value.is_some() {
            self.known_until = self.known_until.max(Some(window.end));
        }
        let evidence = evidence(trigger, reading, window, value.unwrap_or_default(), says);
        self.state.observe(trigger, value, evidence);
        Ok(())
    }

    /// Takes in one alert; false when it is known.
    fn alert(&mut self, trigger: &Trigger, reading: &Reading, alert: &Received) -> bool {
        let ended = alert.status == "resolved";
        let seen = Alerted { starts_at: alert.starts_at, ended };
        let newer = self.alerts.get(&alert.fingerprint).is_none_or(|known| {
            seen.starts_at > known.starts_at || seen.starts_at == known.starts_at && seen.ended && !known.ended
        });
        if !newer {
            return false;
        }
        self.alerts.insert(alert.fingerprint.clone(), seen);
        self.forget();
        let firing = self.alerts.values().any(|known| !known.ended);
        let value = f64::from(u8::from(firing));
        let end = if ended { alert.ends_at.max(alert.starts_at) } else { alert.starts_at };
        let said = alert.annotations.get("summary").or(alert.labels.get("alertname")).cloned().unwrap_or_default();
        let window = Window { start: alert.starts_at, end };
        self.last = self.last.max(Some(window));
        self.state.observe(trigger, Some(value), evidence(trigger, reading, window, value, said));
        true
    }

    /// The oldest that ended are forgotten first; what fires never is.
    fn forget(&mut self) {
        while self.alerts.len() > ENDED_KEPT {
            let ended = self.alerts.iter().filter(|(_, known)| known.ended);
            let Some(oldest) = ended.min_by_key(|(_, known)| known.starts_at).map(|(name, _)| name.clone()) else {
                return;
            };
            self.alerts.remove(&oldest);
        }
    }
}

fn evidence(trigger: &Trigger, reading: &Reading, window: Window, value: f64, says: String) -> Evidence {
    let (trigger, file, digest) = (trigger.name.clone(), reading.file.clone(), reading.digest.clone());
    Evidence { trigger, file, digest, window, value, says }
}
