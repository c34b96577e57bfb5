//! Controls as data: a TOML file of what must hold, each control with the evidence that shows it. The shape is that of
//! `mod_106::governance`, with the kinds of evidence that monitoring has.
//!
//! ```toml
//! title = "Monitoring of models in production"
//! [[control]]
//! id = "MON-1"
//! title = "Inputs are compared with the training data every day"
//! framework = "EU AI Act, article 72: providers monitor what they have put on the market"
//! needs = [{ kind = "drift", monitor = "payments", within_hours = 25 }]
//! ```

use super::error::Error;
use mod_106::alerts::Severity;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::path::Path;

/// What must hold.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Controls {
    /// What the controls are for.
    pub title: String,
    /// At least one.
    #[serde(rename = "control")]
    pub controls: Vec<Control>,
}

/// One control.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Control {
    /// Its id, unique in the file.
    pub id: String,
    /// What must hold, as a sentence.
    pub title: String,
    /// Where the demand comes from, in one's own words.
    #[serde(default)]
    pub framework: Option<String>,
    /// The evidence that shows it; all of it is needed.
    pub needs: Vec<Need>,
}

/// A kind of evidence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum Need {
    /// The monitor has looked, not too long ago.
    Drift {
        /// Its name.
        monitor: String,
        /// The last look is at most this old.
        within_hours: f64,
        /// Whether it must have found nothing: `false` asks only that somebody looks.
        #[serde(default)]
        stable: bool,
    },
    /// Every incident that is at least this bad was in somebody's hands in time.
    Answered {
        /// At least this bad.
        severity: Severity,
        /// Minutes from its beginning.
        within_minutes: f64,
    },
    /// Every incident that is at least this bad and over has a postmortem, and no action of it is overdue or unfounded.
    Postmortem {
        /// At least this bad.
        severity: Severity,
    },
    /// An audit trail holds, and has an entry with this action.
    Audit {
        /// Such as `incident.acknowledged` or `promotion.completed`.
        action: String,
    },
    /// This file is there; its digest says which.
    File {
        /// Relative to the file of controls.
        path: String,
    },
}

impl Need {
    /// The word in reports.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Drift { .. } => "drift",
            Self::Answered { .. } => "answered",
            Self::Postmortem { .. } => "postmortem",
            Self::Audit { .. } => "audit",
            Self::File { .. } => "file",
        }
    }
}

impl Controls {
    /// Reads a file of controls.
    ///
    /// # Errors
    /// What is malformed, with its line and column; a file without a control, with an id twice, or with a span that is no span.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let text =
            std::fs::read_to_string(path).map_err(|source| Error::Unreadable { path: path.to_owned(), source })?;
        Self::parse(&path.display().to_string(), &text)
    }

    /// Reads a text; `name` is for messages.
    ///
    /// # Errors
    /// As [`Controls::read`].
    pub fn parse(name: &str, text: &str) -> Result<Self, Error> {
        let wrong = |found: String, advice: &str| Error::malformed(name, found, advice);
        let controls: Self = toml::from_str(text).map_err(|error| {
            wrong(error.to_string().trim_end().to_owned(), "correct it; the lab's brief has the form")
        })?;
        if controls.controls.is_empty() {
            return Err(wrong("there is no [[control]]".to_owned(), "evidence without a control would prove nothing"));
        }
        let mut ids = BTreeSet::new();
        for control in &controls.controls {
            let id = &control.id;
            if !ids.insert(id) {
                return Err(wrong(format!("the control {id:?} stands there twice"), "give each an id of its own"));
            }
            if control.needs.is_empty() {
                return Err(wrong(format!("the control {id:?} needs no evidence"), "name at least one kind"));
            }
            for need in &control.needs {
                if let Need::Drift { within_hours: span, .. } | Need::Answered { within_minutes: span, .. } = need
                    && !(span.is_finite() && *span > 0.0 && *span < 1e6)
                {
                    let found = format!("the control {id:?} gives {span} as a span of time");
                    return Err(wrong(found, "write a number above 0 and below 1,000,000"));
                }
            }
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
            let error = Controls::parse("c.toml", text).unwrap_err();
            assert_eq!(error.exit_code(), 2);
            assert!(error.to_string().starts_with("c.toml: ") && error.to_string().contains(expected), "{error}");
        }
        let control = |id: &str, needs: &str| format!("[[control]]\nid = \"{id}\"\ntitle = \"t\"\nneeds = [{needs}]\n");
        let file = r#"{ kind = "file", path = "a" }"#;
        check("title = 1", "line 1, column 9");
        check("title = \"t\"\ncontrol = []", "there is no [[control]]");
        check(&format!("title = \"t\"\n{}{}", control("A", file), control("A", file)), "stands there twice");
        check(&format!("title = \"t\"\n{}", control("A", "")), "needs no evidence");
        check(&format!("title = \"t\"\n{}", control("A", r#"{ kind = "rumour" }"#)), "unknown variant `rumour`");
        let never = r#"{ kind = "drift", monitor = "m", within_hours = nan }"#;
        check(&format!("title = \"t\"\n{}", control("A", never)), "gives NaN as a span of time");
    }
}
