//! Controls as data: files as `mod_106::governance` reads them, with the kinds of evidence that monitoring has.
//!
//! ```toml
//! title = "Monitoring of models in production"
//! [[control]]
//! id = "MON-1"
//! title = "Inputs are compared with the training data every day"
//! framework = "EU AI Act, article 72: providers monitor what they have put on the market"
//! needs = [{ kind = "drift", monitor = "payments", within_hours = 25 }]
//! ```

use mod_106::alerts::Severity;
use mod_106::governance::Kind;
use serde::{Deserialize, Serialize};

/// What must hold, shown by evidence of monitoring.
pub type Controls = mod_106::governance::Controls<Need>;

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

impl Kind for Need {
    fn sensible(&self) -> Result<(), String> {
        match self {
            Self::Drift { within_hours: span, .. } | Self::Answered { within_minutes: span, .. }
                if !(span.is_finite() && *span > 0.0 && *span < 1e6) =>
            {
                Err(format!("gives {span} as a span of time; write a number above 0 and below 1,000,000"))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Kind, Need};

    #[test]
    fn a_span_of_time_is_one() {
        for (within_hours, sensible) in [(0.0, false), (1.0, true), (f64::NAN, false), (1e6, false)] {
            let need = Need::Drift { monitor: "m".to_owned(), within_hours, stable: false };
            assert_eq!(need.sensible().is_ok(), sensible, "{:?}", need.sensible());
        }
    }
}
