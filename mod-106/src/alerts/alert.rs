//! An alert: something that is wrong, how badly, and whose it is. Its fingerprint tells whether two alerts are the same one.
//!
//! The fingerprint covers the name, the severity, the owner and the labels, and nothing that changes while an alert lasts: the
//! tempting wrong choice is to include the summary, whose figures differ on each run, so that nothing is ever a duplicate.
//! The severity belongs to it, as in Alertmanager: a warning that becomes critical is another alert, and may go elsewhere.

use super::error::Error;
use crate::digest::hex;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// How bad it is; the words are those of PagerDuty's Events API v2. The worst is the greatest.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    clap::ValueEnum,
    schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Worth a look this week.
    Warning,
    /// Worth a look today.
    Error,
    /// Worth waking somebody.
    Critical,
}

impl Severity {
    /// The word on the wire.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Critical => "critical",
        }
    }
}

/// Whether an alert still holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It does.
    Firing,
    /// It does not any more.
    Resolved,
}

impl Status {
    /// The word on the wire.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Firing => "firing",
            Self::Resolved => "resolved",
        }
    }
}

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Alert {
    /// What kind of thing it is, such as `DataDrift`.
    pub name: String,
    /// How bad it is.
    pub severity: Severity,
    /// Who minds: a team or a person.
    pub owner: String,
    /// One line.
    pub summary: String,
    /// As many lines as needed.
    #[serde(default)]
    pub description: String,
    /// What tells it from others of its kind: model, column, slice. Part of its identity.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// What helps whoever reads it: a link to the report, a runbook. Not part of its identity.
    #[serde(default)]
    pub annotations: BTreeMap<String, String>,
    /// Since when. Without it: since it was first sent.
    #[serde(default)]
    pub starts_at: Option<Timestamp>,
    /// Until when. Once that has passed, it is resolved.
    #[serde(default)]
    pub ends_at: Option<Timestamp>,
}

/// The name of an alert that sums up others; nobody else may use it.
pub(super) const SUMMARY: &str = "AlertsHeldBack";
/// Labels that an alert has by itself.
pub(super) const OWN_LABELS: [&str; 3] = ["alertname", "severity", "owner"];

impl Alert {
    /// An alert without labels that has just begun.
    pub fn new(
        name: impl Into<String>,
        severity: Severity,
        owner: impl Into<String>,
        summary: impl Into<String>,
    ) -> Self {
        Self {
            name: name.into(),
            severity,
            owner: owner.into(),
            summary: summary.into(),
            description: String::new(),
            labels: BTreeMap::new(),
            annotations: BTreeMap::new(),
            starts_at: None,
            ends_at: None,
        }
    }

    /// What the same alert has in common with itself on another day.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        let own = [self.name.as_str(), self.severity.word(), &self.owner];
        let labels = self.labels.iter().flat_map(|(key, value)| [key.as_str(), value.as_str()]);
        Fingerprint(digest(own.into_iter().chain(labels)))
    }

    /// Whether it still holds.
    #[must_use]
    pub fn status(&self, now: Timestamp) -> Status {
        if self.ends_at.is_some_and(|end| end <= now) { Status::Resolved } else { Status::Firing }
    }

    /// All labels, its own among them, as Alertmanager knows an alert.
    #[must_use]
    pub fn all_labels(&self) -> BTreeMap<String, String> {
        let own = [("alertname", self.name.as_str()), ("severity", self.severity.word()), ("owner", &self.owner)];
        let own = own.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned()));
        self.labels.clone().into_iter().chain(own).collect()
    }

    /// Refuses what some receiver could not take.
    ///
    /// # Errors
    /// [`Error::Alert`] names the field.
    pub fn check(&self) -> Result<(), Error> {
        let refuse = |field: String, found: &str, expected: &str| {
            Err(Error::Alert { name: self.name.clone(), field, found: found.to_owned(), expected: expected.to_owned() })
        };
        for (field, text) in [("name", &self.name), ("owner", &self.owner), ("summary", &self.summary)] {
            if text.trim().is_empty() {
                return refuse(field.to_owned(), text, "a text that is not empty");
            }
        }
        if self.name == SUMMARY {
            return refuse("name".to_owned(), SUMMARY, "another name: this one is for what was held back");
        }
        for (key, value) in &self.labels {
            if !is_label_name(key) {
                return refuse(
                    format!("labels.{key}"),
                    key,
                    "a name of letters, digits and _ that begins with no digit",
                );
            }
            if OWN_LABELS.contains(&key.as_str()) {
                return refuse(format!("labels.{key}"), value, "a label other than alertname, severity and owner");
            }
            if value.is_empty() {
                return refuse(
                    format!("labels.{key}"),
                    value,
                    "a value that is not empty: to Alertmanager, no value is no label",
                );
            }
        }
        if let Some(key) = self.annotations.keys().find(|key| !is_label_name(key)) {
            return refuse(
                format!("annotations.{key}"),
                key,
                "a name of letters, digits and _ that begins with no digit",
            );
        }
        match (self.starts_at, self.ends_at) {
            (Some(start), Some(end)) if end < start => {
                refuse("ends_at".to_owned(), &end.to_string(), &format!("a time not before starts_at, {start}"))
            }
            _ => Ok(()),
        }
    }
}

/// 32 hexadecimal digits for a list of texts.
pub(super) fn digest<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    let mut digest = Sha256::new();
    for text in texts {
        // With its length in front, so that no two lists read alike.
        digest.update((text.len() as u64).to_be_bytes());
        digest.update(text.as_bytes());
    }
    hex(&digest.finalize()[..16])
}

/// Prometheus's rule for label names.
fn is_label_name(text: &str) -> bool {
    let mut characters = text.chars();
    characters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && characters.all(|next| next.is_ascii_alphanumeric() || next == '_')
}

/// By what an alert is known again: 32 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for Fingerprint {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drift() -> Alert {
        let mut alert = Alert::new("DataDrift", Severity::Warning, "fraud", "amount moved by 0.4 σ");
        alert.labels.insert("column".to_owned(), "amount".to_owned());
        alert
    }

    #[test]
    fn the_same_alert_has_the_same_fingerprint_whatever_its_words_and_times() {
        let mut later = drift();
        later.summary = "amount moved by 0.5 σ".to_owned();
        later.description = "more".to_owned();
        later.annotations.insert("report".to_owned(), "https://example.org".to_owned());
        later.starts_at = Some(Timestamp::UNIX_EPOCH);
        assert_eq!(drift().fingerprint(), later.fingerprint());
        // Written down: a new version that changed it would open every incident a second time.
        assert_eq!(drift().fingerprint().as_str(), "c47c360b00dab8e0aabd7d7833df922c");
    }

    #[test]
    fn whatever_identifies_it_changes_the_fingerprint() {
        fn check(change: impl Fn(&mut Alert)) {
            let mut other = drift();
            change(&mut other);
            assert_ne!(drift().fingerprint(), other.fingerprint(), "{other:?}");
        }
        check(|alert| alert.name = "DataDrif".to_owned());
        check(|alert| alert.severity = Severity::Critical);
        check(|alert| alert.owner = "risk".to_owned());
        check(|alert| drop(alert.labels.insert("column".to_owned(), "age".to_owned())));
        // The same letters, cut elsewhere.
        check(|alert| alert.labels = BTreeMap::from([("columna".to_owned(), "mount".to_owned())]));
    }

    #[test]
    fn what_a_receiver_could_not_take_is_refused_with_its_field() {
        fn check(change: impl Fn(&mut Alert), field: &str) {
            let mut alert = drift();
            change(&mut alert);
            let error = alert.check().unwrap_err().to_string();
            assert!(error.contains(field), "{error}");
        }
        assert!(drift().check().is_ok());
        check(|alert| alert.summary = " ".to_owned(), "summary");
        check(|alert| drop(alert.labels.insert("2nd".to_owned(), "x".to_owned())), "labels.2nd");
        check(|alert| drop(alert.labels.insert("owner".to_owned(), "x".to_owned())), "labels.owner");
        check(|alert| drop(alert.labels.insert("slice".to_owned(), String::new())), "labels.slice");
        check(|alert| drop(alert.annotations.insert("a b".to_owned(), String::new())), "annotations.a b");
        check(
            |alert| {
                alert.starts_at = Some("2026-01-02T00:00:00Z".parse().unwrap());
                alert.ends_at = Some("2026-01-01T00:00:00Z".parse().unwrap());
            },
            "ends_at",
        );
    }
}
