//! What happened in an exercise: a line of JSON for each thing, and the same for people.

use super::super::schedule::WallClock;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One thing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// When, on the exercise's clock.
    pub at: Timestamp,
    /// What.
    #[serde(flatten)]
    pub what: What,
}

/// What can happen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub enum What {
    /// The scenario broke something; responders are not told.
    Broken {
        /// The knobs.
        set: serde_json::Map<String, serde_json::Value>,
    },
    /// An alert fires.
    Fired {
        /// Which.
        alert: String,
        /// Who minds, where the rules say so.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        owner: Option<String>,
        /// How bad it says it is.
        severity: String,
        /// What it says.
        summary: String,
        /// What was measured.
        value: f64,
    },
    /// An alert has ended.
    Cleared {
        /// Which.
        alert: String,
        /// What was measured.
        value: f64,
    },
    /// The escalation did something.
    Escalation {
        /// What, in words.
        text: String,
    },
    /// The responder decided something.
    Decided {
        /// Who.
        by: String,
        /// What kind: `acknowledge`, `severity`, `runbook`, `act`, `tell`, `cause`, `resolve`.
        word: String,
        /// What about it.
        value: String,
    },
    /// A decision could not be carried out.
    Refused {
        /// Why.
        reason: String,
    },
    /// The exercise has ended.
    Over {
        /// Why.
        reason: String,
    },
}

impl What {
    /// In words.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Broken { set } => format!("(the scenario) {}", serde_json::Value::Object(set.clone())),
            Self::Fired { alert, owner, severity, summary, value } => {
                let owner = owner.as_ref().map_or_else(String::new, |owner| format!(", {owner}"));
                let measured = mod_106::documents::number(*value);
                format!("ALERT {alert} ({severity}{owner}): {summary}; measured {measured}")
            }
            Self::Cleared { alert, value } => {
                format!("{alert} has ended; measured {}", mod_106::documents::number(*value))
            }
            Self::Escalation { text } => text.clone(),
            Self::Decided { by, word, value } => format!("{by}: {word} {value}").trim_end().to_owned(),
            Self::Refused { reason } => format!("refused: {reason}"),
            Self::Over { reason } => format!("the exercise is over: {reason}"),
        }
    }
}

/// The timeline as a Markdown table.
#[must_use]
pub fn markdown(title: &str, entries: &[Entry], clock: &WallClock) -> String {
    let mut text = format!("# {}\n\n| Time | What happened |\n|---|---|\n", mod_106::documents::markdown(title));
    for entry in entries {
        text += &format!("| {} | {} |\n", clock.show(entry.at), mod_106::documents::markdown(&entry.what.words()));
    }
    text
}
