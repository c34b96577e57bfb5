//! Whether evidence is there. A claim that cannot be found is no evidence, whoever makes it.

use super::super::Error;
use mod_106::audit;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// What shows that an action was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Evidence {
    /// A commit in the repository.
    Commit(String),
    /// A test, by the file that holds it.
    Test {
        /// From the repository's root.
        file: PathBuf,
        /// The function, or the name that it runs under.
        name: String,
    },
    /// A rule that fires.
    AlertRule {
        /// From the repository's root: a file of rules.
        file: PathBuf,
        /// The alert.
        name: String,
    },
    /// An entry in an audit trail.
    Audit {
        /// From the repository's root.
        trail: PathBuf,
        /// What was done.
        action: String,
        /// To what.
        subject: String,
    },
}

/// Where evidence is looked for.
#[derive(Debug, Clone)]
pub struct Look {
    /// The repository's root.
    pub root: PathBuf,
}

impl Evidence {
    /// In words.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Commit(id) => format!("commit {id}"),
            Self::Test { file, name } => format!("test {name} in {}", file.display()),
            Self::AlertRule { file, name } => format!("alert {name} in {}", file.display()),
            Self::Audit { trail, action, subject } => format!("{action} of {subject} in {}", trail.display()),
        }
    }
}

impl Look {
    /// Nothing when the evidence is there; else why it is not.
    #[must_use]
    pub fn missing(&self, evidence: &Evidence) -> Option<String> {
        let looked = match evidence {
            Evidence::Commit(id) => self.commit(id),
            Evidence::Test { file, name } => self.test(file, name),
            Evidence::AlertRule { file, name } => self.alert_rule(file, name),
            Evidence::Audit { trail, action, subject } => self.audited(trail, action, subject),
        };
        looked.err().map(|why| format!("{}: {why}", evidence.words()))
    }

    fn commit(&self, id: &str) -> Result<(), String> {
        // A branch moves; evidence stays.
        if id.len() < 7 || !id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err("expected at least seven hexadecimal digits of a commit".to_owned());
        }
        let repository = git2::Repository::discover(&self.root).map_err(|error| error.message().to_owned())?;
        let found = repository.revparse_single(id).and_then(|object| object.peel_to_commit());
        found.map(drop).map_err(|_| "there is no such commit in the repository".to_owned())
    }

    fn test(&self, file: &Path, name: &str) -> Result<(), String> {
        let text = self.read(file)?;
        let defined = [format!("fn {name}("), format!("\"{name}\""), format!("def {name}(")];
        let there = defined.iter().any(|wanted| text.contains(wanted));
        if there { Ok(()) } else { Err("the file holds no test of this name".to_owned()) }
    }

    fn alert_rule(&self, file: &Path, name: &str) -> Result<(), String> {
        let text = self.read(file)?;
        let rules: serde_json::Value = serde_saphyr::from_str(&text).map_err(|error| error.to_string())?;
        if names(&rules, name) { Ok(()) } else { Err("the file holds no rule of this name".to_owned()) }
    }

    fn audited(&self, trail: &Path, action: &str, subject: &str) -> Result<(), String> {
        let path = self.root.join(trail);
        if !path.exists() {
            return Err("there is no such trail".to_owned());
        }
        let reading = audit::verify(&path, None).map_err(|error| Error::from(error).to_string())?;
        let there = reading.entries.iter().any(|entry| entry.action == action && entry.subject == subject);
        if there { Ok(()) } else { Err("the trail holds no such entry".to_owned()) }
    }

    fn read(&self, file: &Path) -> Result<String, String> {
        std::fs::read_to_string(self.root.join(file)).map_err(|error| error.to_string())
    }
}

/// Whether some object in there is a rule of this name.
fn names(value: &serde_json::Value, name: &str) -> bool {
    match value {
        serde_json::Value::Object(fields) => {
            fields.get("alert").is_some_and(|alert| alert == name) || fields.values().any(|inner| names(inner, name))
        }
        serde_json::Value::Array(items) => items.iter().any(|inner| names(inner, name)),
        _ => false,
    }
}
