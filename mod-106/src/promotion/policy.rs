//! How strict to be: a YAML file, or the defaults. Unknown keys are refused, so that a misspelt limit is not silently the default.

use super::canary::Limits;
use super::error::Error;
use super::gates::Gate;
use super::slots::Stage;
use serde::Deserialize;
use std::path::Path;

/// How strict to be.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// How many people must approve before the canary; its author is not one of them.
    pub approvals: u32,
    /// How old a validation may be.
    pub max_age_hours: f64,
    /// Which gates stand before which stage.
    pub gates: Gates,
    /// How the canary is compared with the champion.
    pub canary: Limits,
}

/// Which gates stand before which stage.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Gates {
    /// Before candidate.
    pub candidate: Vec<Gate>,
    /// Before staging.
    pub staging: Vec<Gate>,
    /// Before the canary.
    pub canary: Vec<Gate>,
    /// Before champion; the canary's own verdict comes on top.
    pub champion: Vec<Gate>,
}

impl Default for Gates {
    fn default() -> Self {
        let staging = vec![Gate::NotPoisoned, Gate::Tests, Gate::Validation, Gate::Signature, Gate::Freshness];
        let later = [staging.clone(), vec![Gate::Approvals]].concat();
        Self { candidate: vec![Gate::NotPoisoned], staging, canary: later.clone(), champion: later }
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self { approvals: 1, max_age_hours: 168.0, gates: Gates::default(), canary: Limits::default() }
    }
}

impl Policy {
    /// The gates before a stage.
    pub fn gates_of(&self, stage: Stage) -> &[Gate] {
        match stage {
            Stage::Candidate => &self.gates.candidate,
            Stage::Staging => &self.gates.staging,
            Stage::Canary => &self.gates.canary,
            Stage::Champion => &self.gates.champion,
        }
    }

    /// Reads a policy.
    ///
    /// # Errors
    /// [`Error::File`] with line and column.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let policy: Self = read_yaml(path)?;
        let problem = if !(policy.max_age_hours > 0.0 && policy.max_age_hours.is_finite()) {
            Some(format!("max_age_hours is {}; give a number above 0", policy.max_age_hours))
        } else {
            policy.canary.problem()
        };
        match problem {
            Some(problem) => Err(Error::File { path: path.to_owned(), problem }),
            None => Ok(policy),
        }
    }
}

/// Reads YAML, of which JSON is a part; mistakes come with line and column.
pub(super) fn read_yaml<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, Error> {
    let failed = |problem: String| Error::File { path: path.to_owned(), problem };
    let text = std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
    serde_saphyr::from_str(&text).map_err(|error| failed(error.to_string()))
}
