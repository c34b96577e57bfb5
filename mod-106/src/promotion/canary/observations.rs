//! What was seen of both sides: a YAML or JSON file, read strictly. What cannot be a measurement is refused with its place.

use super::super::error::Error;
use super::super::policy::read_yaml;
use crate::client::VersionNumber;
use serde::Deserialize;
use std::path::Path;

/// Both sides, seen over the same time.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Observations {
    /// The champion's share of the traffic.
    pub baseline: Side,
    /// The canary's.
    pub canary: Side,
}

/// What was seen of one version.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Side {
    /// Which version this was, so that old figures cannot speak for a new version.
    pub version: VersionNumber,
    /// How many requests it took.
    pub requests: u64,
    /// How many of them failed.
    pub errors: u64,
    /// Latencies of requests or of a random sample of them, in milliseconds.
    #[serde(default)]
    pub latency_ms: Vec<f64>,
    /// One score a request or sample; more is better. 0 and 1 for wrong and right.
    #[serde(default)]
    pub quality: Vec<f64>,
}

impl Observations {
    /// Reads a file.
    ///
    /// # Errors
    /// [`Error::File`] with line and column, or with the field that cannot be.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let observations: Self = read_yaml(path)?;
        let problem = observations.baseline.problem("baseline").or_else(|| observations.canary.problem("canary"));
        match problem {
            Some(problem) => Err(Error::File { path: path.to_owned(), problem }),
            None => Ok(observations),
        }
    }
}

impl Side {
    fn problem(&self, name: &str) -> Option<String> {
        if self.errors > self.requests {
            return Some(format!("{name}.errors is {}, more than its {} requests", self.errors, self.requests));
        }
        let latency = self.latency_ms.iter().position(|value| !(value.is_finite() && *value > 0.0));
        if let Some(place) = latency {
            let value = self.latency_ms[place];
            return Some(format!("{name}.latency_ms[{place}] is {value}; give milliseconds above 0"));
        }
        let quality = self.quality.iter().position(|value| !value.is_finite());
        quality.map(|place| format!("{name}.quality[{place}] is {}; give finite numbers", self.quality[place]))
    }
}
