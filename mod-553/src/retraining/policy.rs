//! The policy: when a model is retrained, what it may cost, and who has to agree. Strict YAML: a key that nobody knows is refused with
//! its place, for a misspelt `cool_down` that is ignored is an hourly retraining.

use super::error::Error;
use jiff::{SignedDuration, Span, SpanRelativeTo};
use mod_106::promotion::canary::Limits;
use mod_106::validation::spec::MetricName;
use rust_decimal::Decimal;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use std::collections::BTreeSet;
use std::path::Path;

/// The policy of one model.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// The model, as its deployment's manifest is called: `deployments/<model>.json`.
    pub model: String,
    /// The branch that is the truth.
    #[serde(default = "main")]
    pub branch: String,
    /// What can raise a retraining.
    pub triggers: Vec<Trigger>,
    /// How long after a proposal no other is made.
    #[serde(deserialize_with = "duration")]
    pub cool_down: SignedDuration,
    /// What may be spent.
    pub budget: Budget,
    /// How much data the next model learns from; the window ends where the evidence ends.
    #[serde(deserialize_with = "duration")]
    pub data_window: SignedDuration,
    /// What a loss is worth.
    pub impact: Terms,
    /// What one retraining costs.
    pub cost: Cost,
    /// Who has to agree.
    pub approvals: Consent,
    /// How a new model comes to traffic.
    pub canary: Canary,
    /// What must hold afterwards.
    pub verify: Verify,
}

/// Something that can raise a retraining.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trigger {
    /// Its name, in sentences and in the evidence.
    pub name: String,
    /// What it listens to.
    pub source: Source,
    /// Values from here on count towards raising it.
    #[serde(default = "half")]
    pub enter: f64,
    /// Values up to here count towards calming it; between both nothing changes for a raised trigger.
    #[serde(default = "half")]
    pub leave: f64,
    /// So many consecutive windows raise it, and so many calm it.
    #[serde(default = "one")]
    pub windows: u32,
    /// The dead-man's switch: no value for longer than this is a finding of its own.
    #[serde(default, deserialize_with = "maybe_duration")]
    pub silence: Option<SignedDuration>,
}

/// What a trigger listens to, and what its value is.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Source {
    /// Drift reports of this monitor; the value is the share of columns that drifted or broke, 0 to 1.
    Drift {
        /// The monitor's name.
        monitor: String,
    },
    /// Performance, estimated or measured; the value is how much worse this metric is than the reference or its limit, in its unit.
    Performance {
        /// Which metric.
        metric: MetricName,
    },
    /// Alerts of this name; the value is 1 while one of them fires, else 0.
    Alert {
        /// `alertname`.
        name: String,
        /// An alert that always fires, by which one hears that alerts can be heard.
        #[serde(default)]
        heartbeat: Option<String>,
    },
}

/// What may be spent in any stretch of `period`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    /// How long the stretch is.
    #[serde(deserialize_with = "duration")]
    pub period: SignedDuration,
    /// How many retrainings.
    pub retrainings: u32,
    /// How much money, in `cost.currency`.
    #[serde(deserialize_with = "money")]
    pub money: Decimal,
}

/// What a lost unit of the metric is worth.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Terms {
    /// The metric that the business minds.
    pub metric: MetricName,
    /// Predictions a day.
    pub predictions_per_day: u64,
    /// Money for one unit of the metric and one prediction: of accuracy, what one more right prediction is worth.
    #[serde(deserialize_with = "money")]
    pub value_per_prediction: Decimal,
    /// How long the new model is expected to hold, in days.
    pub horizon_days: u32,
    /// The share of the loss that retraining brings back: from and to, 0 to 1.
    #[serde(deserialize_with = "shares")]
    pub recovered: [Decimal; 2],
}

/// What one retraining costs.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cost {
    /// ISO 4217.
    pub currency: String,
    /// Machines.
    #[serde(deserialize_with = "money")]
    pub compute: Decimal,
    /// Labels.
    #[serde(deserialize_with = "money")]
    pub labels: Decimal,
    /// People.
    #[serde(deserialize_with = "money")]
    pub people: Decimal,
}

impl Cost {
    /// All of it.
    pub fn total(&self) -> Decimal {
        self.compute + self.labels + self.people
    }
}

/// Who has to agree.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Consent {
    /// How many people; never the one who proposed.
    pub needed: u32,
    /// How long after it was made a proposal may be approved and begun.
    #[serde(deserialize_with = "duration")]
    pub valid: SignedDuration,
    /// Who may; everybody when it is empty.
    #[serde(default)]
    pub approvers: Vec<String>,
}

/// How a new model comes to traffic.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Canary {
    /// The canary's share of the traffic, above 0 and below 1.
    #[serde(deserialize_with = "share")]
    pub share: Decimal,
    /// How much worse it may be, and how many samples it takes to tell.
    #[serde(default)]
    pub limits: Limits,
}

/// What must hold once all traffic goes to the new model.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verify {
    /// Which metric.
    pub metric: MetricName,
    /// The whole interval must be on the good side of it.
    pub bound: f64,
}

fn main() -> String {
    "main".to_owned()
}

fn half() -> f64 {
    0.5
}

fn one() -> u32 {
    1
}

/// A length of time such as `72h` or `30d`; a day is 24 hours.
///
/// # Errors
/// What it is instead.
fn length(text: &str) -> Result<SignedDuration, String> {
    let wrong = |error: jiff::Error| format!("{text:?} is no length of time such as 72h or 30d ({error})");
    let span: Span = text.parse().map_err(wrong)?;
    let length = span.to_duration(SpanRelativeTo::days_are_24_hours()).map_err(wrong)?;
    if length.as_secs() > 0 { Ok(length) } else { Err(format!("{text:?} is no time at all; give at least 1s")) }
}

fn duration<'de, D: Deserializer<'de>>(from: D) -> Result<SignedDuration, D::Error> {
    length(&String::deserialize(from)?).map_err(D::Error::custom)
}

fn maybe_duration<'de, D: Deserializer<'de>>(from: D) -> Result<Option<SignedDuration>, D::Error> {
    let text = Option::<String>::deserialize(from)?;
    text.map(|text| length(&text)).transpose().map_err(D::Error::custom)
}

fn decimal(text: &str) -> Result<Decimal, String> {
    Decimal::from_str_exact(text.trim()).map_err(|error| format!("{text:?} is no decimal such as \"120.50\" ({error})"))
}

fn money<'de, D: Deserializer<'de>>(from: D) -> Result<Decimal, D::Error> {
    let amount = decimal(&String::deserialize(from)?).map_err(D::Error::custom)?;
    // Products of three such amounts stay far below what 96 bits hold.
    if amount.is_sign_negative() || amount > Decimal::from(1_000_000_000) {
        return Err(D::Error::custom(format!("{amount} is no amount of money; give 0 to 1000000000")));
    }
    Ok(amount)
}

fn share<'de, D: Deserializer<'de>>(from: D) -> Result<Decimal, D::Error> {
    decimal(&String::deserialize(from)?).map_err(D::Error::custom)
}

fn shares<'de, D: Deserializer<'de>>(from: D) -> Result<[Decimal; 2], D::Error> {
    let [low, high] = <[String; 2]>::deserialize(from)?;
    let read = |text: &str| decimal(text).map_err(D::Error::custom);
    Ok([read(&low)?, read(&high)?])
}

impl Policy {
    /// Reads a file.
    ///
    /// # Errors
    /// [`Error::Malformed`] with line and column, or with the field that cannot be meant.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| Error::unreadable(&name, &error))?;
        let policy: Self = serde_saphyr::from_str(&text).map_err(|error| {
            let place = error.location().map_or_else(String::new, |at| format!(":{}:{}", at.line(), at.column()));
            let words = error.without_snippet().to_string();
            let words = words.split(" at line ").next().unwrap_or_default().lines().next().unwrap_or_default();
            Error::malformed(format!("{name}{place}"), words.strip_prefix("error: ").unwrap_or(words))
        })?;
        policy.problem().map_or(Ok(policy), |problem| Err(Error::malformed(&name, problem)))
    }

    /// What about it cannot be meant.
    fn problem(&self) -> Option<String> {
        let names: BTreeSet<&str> = self.triggers.iter().map(|trigger| trigger.name.as_str()).collect();
        if !is_name(&self.model) {
            return Some(format!("model is {:?}; give letters, digits, `.`, `_` and `-`", self.model));
        }
        if self.branch.is_empty() || !git2::Reference::is_valid_name(&format!("refs/heads/{}", self.branch)) {
            return Some(format!("branch is {:?}, which git does not take for one", self.branch));
        }
        if self.triggers.is_empty() {
            return Some("triggers is empty: nothing could ever raise a retraining".to_owned());
        }
        if names.len() < self.triggers.len() {
            return Some("two triggers have the same name".to_owned());
        }
        let trigger = self.triggers.iter().find_map(Trigger::problem);
        let [low, high] = self.impact.recovered;
        let within = |value: Decimal| value >= Decimal::ZERO && value <= Decimal::ONE;
        let approvers = self.approvals.approvers.iter().find(|name| !is_name(name));
        trigger
            .or_else(|| {
                let order = within(low) && within(high) && low <= high;
                (!order).then(|| {
                    format!("impact.recovered is [{low}, {high}]; give two shares from 0 to 1, the lower first")
                })
            })
            .or_else(|| {
                let share = self.canary.share;
                let inside = share > Decimal::ZERO && share < Decimal::ONE;
                (!inside).then(|| format!("canary.share is {share}; give more than 0 and less than 1"))
            })
            .or_else(|| {
                approvers.map(|name| {
                    format!("approvals.approvers has {name:?}; give letters, digits, `.`, `_`, `-` and `@`")
                })
            })
            .or_else(|| {
                let most = self.approvals.approvers.len();
                let enough = most == 0 || self.approvals.needed as usize <= most;
                (!enough).then(|| format!("approvals.needed is {}, but only {most} may approve", self.approvals.needed))
            })
            .or_else(|| (!self.verify.bound.is_finite()).then(|| "verify.bound is not finite".to_owned()))
            .or_else(|| self.canary.limits.problem())
    }
}

impl Trigger {
    fn problem(&self) -> Option<String> {
        let name = &self.name;
        if name.trim().is_empty() {
            return Some("a trigger has an empty name".to_owned());
        }
        if !(self.enter.is_finite() && self.leave.is_finite() && self.leave <= self.enter) {
            let (enter, leave) = (self.enter, self.leave);
            return Some(format!(
                "trigger {name}: enter is {enter} and leave is {leave}; leave must not be above enter"
            ));
        }
        if let Source::Alert { heartbeat, .. } = &self.source {
            if self.windows != 1 {
                let hint = "its hysteresis is `for` and `keep_firing_for` in the rule";
                return Some(format!("trigger {name}: an alert has no windows; {hint}"));
            }
            if self.silence.is_some() && heartbeat.is_none() {
                let hint = "name an alert that always fires as its `heartbeat`";
                return Some(format!("trigger {name}: no alert is the usual case, so silence says nothing; {hint}"));
            }
        }
        (self.windows == 0).then(|| format!("trigger {name}: windows is 0; give at least 1"))
    }
}

/// Whether this can be the name of a model or a person, and of a file.
pub(super) fn is_name(text: &str) -> bool {
    let letter = |letter: char| letter.is_ascii_alphanumeric() || "._-@".contains(letter);
    (1..=64).contains(&text.len()) && text.chars().all(letter) && !text.starts_with('.') && !text.ends_with(".lock")
}
