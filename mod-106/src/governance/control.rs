//! Controls as data: a TOML file of what must hold, each control with the evidence that shows it.
//!
//! ```toml
//! title = "Release of a credit model"
//! [[control]]
//! id = "DATA-1"
//! title = "The training data is known by its digest"
//! framework = "EU AI Act, article 10: training data must be governed"
//! needs = [{ kind = "dataset", context = "training" }]
//! ```

use super::error::Error;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::path::Path;

/// What must hold.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Controls<N = Need> {
    /// What the controls are for.
    pub title: String,
    /// At least one.
    #[serde(rename = "control")]
    pub controls: Vec<Control<N>>,
}

/// One control.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Control<N = Need> {
    /// Its id, unique in the file.
    pub id: String,
    /// What must hold, as a sentence.
    pub title: String,
    /// Where the demand comes from, in one's own words.
    #[serde(default)]
    pub framework: Option<String>,
    /// The evidence that shows it; all of it is needed.
    pub needs: Vec<N>,
}

/// A kind of evidence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum Need {
    /// The run that made the version exists and finished.
    Run {},
    /// The run read a dataset in this role, and recorded its digest.
    Dataset {
        /// The dataset's tag `mlflow.data.context`.
        context: String,
    },
    /// The run keeps this file; with `digest_tag`, its digest is the one that the tag says.
    Artifact {
        /// Below the run's artifacts.
        path: String,
        /// A tag of the version or its run.
        #[serde(default)]
        digest_tag: Option<String>,
    },
    /// The run logged this metric, within bounds.
    Metric {
        /// The metric's key.
        key: String,
        /// At least.
        #[serde(default)]
        min: Option<f64>,
        /// At most.
        #[serde(default)]
        max: Option<f64>,
    },
    /// The version, its model or its run has this tag.
    Tag {
        /// The tag's key.
        key: String,
        /// What it must say; absent: anything that is not blank.
        #[serde(default)]
        equals: Option<String>,
    },
    /// The validation passed, and its report is the one that the registry names.
    Validation {},
    /// Enough people other than the author approved, and nobody approved their own work.
    Approval {
        /// How many.
        #[serde(default = "one")]
        minimum: usize,
    },
    /// The audit trail holds, and has an entry about this version with this action.
    Audit {
        /// Such as `promotion.completed`.
        action: String,
    },
    /// The version's tests passed.
    Test {},
}

fn one() -> usize {
    1
}

/// A kind of evidence that controls may ask for. Other modules have kinds of their own.
pub trait Kind: DeserializeOwned {
    /// Whether what is asked makes sense.
    ///
    /// # Errors
    /// What was found and what was expected.
    fn sensible(&self) -> Result<(), String> {
        Ok(())
    }
}

impl Kind for Need {}

impl<N: Kind> Controls<N> {
    /// Reads a file of controls.
    ///
    /// # Errors
    /// [`Error::Input`] with line and column of what is malformed, for files without a control or with an id twice, and for controls that
    /// ask for nothing, or for what makes no sense.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let failed = |problem: String| Error::Input { path: path.to_owned(), problem };
        let text = std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
        Self::parse(&text).map_err(failed)
    }

    fn parse(text: &str) -> Result<Self, String> {
        let controls: Self = toml::from_str(text).map_err(|error| error.to_string().trim_end().to_owned())?;
        if controls.controls.is_empty() {
            return Err("there is no [[control]]: a report without controls would prove nothing".to_owned());
        }
        let mut ids = BTreeSet::new();
        for Control { id, needs, .. } in &controls.controls {
            if !ids.insert(id) {
                return Err(format!("the control {id:?} stands there twice; give each an id of its own"));
            }
            if needs.is_empty() {
                return Err(format!("the control {id:?} needs no evidence; name at least one kind"));
            }
            needs.iter().try_for_each(N::sensible).map_err(|problem| format!("the control {id:?} {problem}"))?;
        }
        Ok(controls)
    }
}

#[cfg(test)]
mod tests {
    use super::Controls;

    #[test]
    fn a_broken_file_is_refused_with_what_is_wrong() {
        fn check(text: &str, expected: &str) {
            let error = Controls::<super::Need>::parse(text).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
        let control = |id: &str, needs: &str| format!("[[control]]\nid = \"{id}\"\ntitle = \"t\"\nneeds = [{needs}]\n");
        let run = r#"{ kind = "run" }"#;
        check("title = 1", "line 1, column 9");
        check("title = \"t\"\ncontrol = []", "there is no [[control]]");
        check(&format!("title = \"t\"\n{}{}", control("A", run), control("A", run)), "stands there twice");
        check(&format!("title = \"t\"\n{}", control("A", "")), "needs no evidence");
        check(&format!("title = \"t\"\n{}", control("A", r#"{ kind = "rumour" }"#)), "unknown variant `rumour`");
    }
}
