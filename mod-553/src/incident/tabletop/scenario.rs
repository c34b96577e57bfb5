//! A scenario file: what breaks when, what a responder can do about it, and what would have been right.

use super::super::Error;
use super::super::escalation::After;
use super::super::yaml;
use mod_106::alerts::Severity;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::path::Path;

/// An exercise.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// Its name.
    pub name: String,
    /// One line.
    pub title: String,
    /// What is told at the beginning.
    pub story: String,
    /// When it begins, by the schedule's clock: who is on call follows from it.
    pub starts: String,
    /// How long it lasts at most.
    pub lasts: After,
    /// How many times faster than life it is played.
    #[serde(default = "usual_speed")]
    pub speed: f64,
    /// Who calls the service meanwhile; on paper there is none.
    pub traffic: Option<Flow>,
    /// What fires when, instead of a service: then it is played on paper.
    #[serde(default)]
    pub alerts: Vec<PaperAlert>,
    /// What breaks, in order.
    pub faults: Vec<Fault>,
    /// What would be right.
    pub expects: Expects,
    /// What can be done.
    pub actions: Vec<Action>,
    /// What it could be.
    pub causes: Vec<Cause>,
}

fn usual_speed() -> f64 {
    60.0
}

/// An alert of an exercise on paper.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PaperAlert {
    /// Its name.
    pub alert: String,
    /// How bad it says it is.
    pub severity: Severity,
    /// One line.
    pub summary: String,
    /// What to do about it.
    pub runbook: String,
    /// How long after the first fault it fires, unless somebody mitigated before.
    pub fires: After,
    /// How long after the first mitigating action it ends.
    pub clears: After,
}

/// The callers.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flow {
    /// Payments a second of real time.
    pub per_second: f64,
    /// Whether they ask for explanations, which cost tokens.
    #[serde(default)]
    pub explain: bool,
}

/// Something breaks.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// How long after the beginning.
    pub at: After,
    /// Which knobs of the service are turned.
    #[serde(default)]
    pub set: Map<String, Value>,
}

/// What would be right.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expects {
    /// The alert that fires.
    pub alert: String,
    /// How bad it is.
    pub severity: Severity,
    /// The runbook.
    pub runbook: String,
    /// The cause, one of [`Scenario::causes`].
    pub cause: String,
}

/// Something that can be done.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Action {
    /// What responders call it.
    pub id: String,
    /// One line.
    pub title: String,
    /// What it is worth.
    pub kind: Effect,
    /// Which knobs it turns.
    #[serde(default)]
    pub effect: Map<String, Value>,
    /// Why it is harmful, told after the exercise.
    #[serde(default)]
    pub why: Option<String>,
}

/// What an action is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// It ends or lessens the impact.
    Mitigates,
    /// It does no harm, and does not help.
    Useless,
    /// It makes things worse, or hides them.
    Harmful,
}

/// Something that it could be.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cause {
    /// What responders call it.
    pub id: String,
    /// One line.
    pub title: String,
}

impl Scenario {
    /// Reads a scenario.
    ///
    /// # Errors
    /// [`Error::File`], or [`Error::Malformed`] with its place.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let text = std::fs::read_to_string(path).map_err(|source| Error::file(path, source))?;
        let scenario: Self = yaml::parse(path, &text)?;
        let refuse =
            |problem: String| Err(Error::Malformed { mistakes: vec![format!("{}: {problem}", path.display())] });
        if !(1.0..=3600.0).contains(&scenario.speed) {
            return refuse(format!("speed: found {}, expected 1 to 3600", scenario.speed));
        }
        match &scenario.traffic {
            Some(flow) if !(flow.per_second > 0.0 && flow.per_second <= 10_000.0) => {
                return refuse(format!("traffic.per_second: found {}, expected more than 0", flow.per_second));
            }
            None if scenario.alerts.is_empty() => {
                return refuse("found neither traffic nor alerts, expected one: a service, or paper".to_owned());
            }
            Some(_) if !scenario.alerts.is_empty() => {
                return refuse("found traffic and alerts, expected one: a service, or paper".to_owned());
            }
            _ => {}
        }
        if scenario.faults.is_empty() {
            return refuse("faults: found none, expected something that breaks".to_owned());
        }
        let causes: Vec<_> = scenario.causes.iter().map(|cause| cause.id.as_str()).collect();
        if !causes.contains(&scenario.expects.cause.as_str()) {
            return refuse(format!(
                "expects.cause: found {:?}, expected one of {}",
                scenario.expects.cause,
                causes.join(", ")
            ));
        }
        if !scenario.actions.iter().any(|action| action.kind == Effect::Mitigates) {
            return refuse("actions: found none that mitigates, expected at least one".to_owned());
        }
        for knobs in scenario.faults.iter().map(|fault| &fault.set).chain(scenario.actions.iter().map(|it| &it.effect))
        {
            let read = serde_json::from_value::<crate::inference::Faults>(Value::Object(knobs.clone()));
            if let Err(error) = read {
                return refuse(format!("the service has no such knob: {error}"));
            }
        }
        Ok(scenario)
    }

    /// An action by its name.
    #[must_use]
    pub fn action(&self, id: &str) -> Option<&Action> {
        self.actions.iter().find(|action| action.id == id)
    }
}
