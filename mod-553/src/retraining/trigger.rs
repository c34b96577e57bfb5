//! One trigger: raised after so many consecutive windows at or above `enter`, calm after so many at or below `leave`. Pure.
//!
//! Two thresholds and not one, because a value that trembles about a single threshold raises and calms a retraining every hour. A window
//! that is too poor to tell (too few rows, no labels) moves nothing in either direction: it is no sign of calm.

use super::policy::Trigger;
use super::proposal::Evidence;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Whether it asks for a retraining.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// It does not.
    #[default]
    Calm,
    /// It does.
    Raised,
}

/// Where a trigger stands.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// Whether it asks for a retraining.
    pub level: Level,
    /// Consecutive windows that would change that.
    pub streak: u32,
    /// The latest windows that raised it or keep it raised: as many as it takes, the oldest first.
    pub evidence: Vec<Evidence>,
}

/// What a window did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Nothing changed.
    Stays,
    /// It asks for a retraining now.
    Rises,
    /// It asks no longer.
    Calms,
}

impl State {
    /// Takes in one window; `None` is a window that could not tell.
    pub fn observe(&mut self, trigger: &Trigger, value: Option<f64>, evidence: Evidence) -> Step {
        let Some(value) = value else { return Step::Stays };
        let (loud, quiet) = (value >= trigger.enter, value <= trigger.leave && value < trigger.enter);
        if loud {
            self.evidence.push(evidence);
            let surplus = self.evidence.len().saturating_sub(trigger.windows as usize);
            self.evidence.drain(..surplus);
        }
        match self.level {
            Level::Calm if loud => {
                self.streak += 1;
                if self.streak < trigger.windows {
                    return Step::Stays;
                }
                (self.level, self.streak) = (Level::Raised, 0);
                Step::Rises
            }
            Level::Calm => {
                self.streak = 0;
                self.evidence.clear();
                Step::Stays
            }
            Level::Raised if quiet => {
                self.streak += 1;
                if self.streak < trigger.windows {
                    return Step::Stays;
                }
                *self = Self::default();
                Step::Calms
            }
            Level::Raised => {
                self.streak = 0;
                Step::Stays
            }
        }
    }
}
