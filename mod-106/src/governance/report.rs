//! What the validation report says, as far as documents repeat it. Read leniently: what a later or another writer adds is not our
//! business, and what is absent stays absent.

use super::dossier::{Dossier, REPORT, digest_of};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A validation report beside what the registry claims about it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// What the registry says: the tag `validation.status`.
    pub claimed_status: Option<String>,
    /// What the registry says: the tag `validation.report_digest`.
    pub claimed_digest: Option<String>,
    /// When, as the tag `validation.time` says.
    pub time: Option<String>,
    /// The digest of the report that lies with the run, computed now.
    pub digest: Option<String>,
    /// What the report itself says.
    pub content: Option<Content>,
    /// Where claim and report disagree. Empty when they do not, and when there is nothing to compare.
    pub contradictions: Vec<String>,
    /// What is not there.
    pub missing: Vec<String>,
}

/// The report's own words.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Content {
    /// `passed`, `failed`, `inconclusive` or `error`.
    pub verdict: String,
    /// The suite's name.
    #[serde(default)]
    pub suite: Option<String>,
    /// Every decision.
    #[serde(default)]
    pub expectations: Vec<Expectation>,
    /// What was measured of the model.
    #[serde(default)]
    pub performance: Option<Performance>,
}

/// One decision.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Expectation {
    /// Its name in the suite.
    pub id: String,
    /// `critical`, `warning` or `info`.
    #[serde(default)]
    pub severity: Option<String>,
    /// As of the whole report.
    pub verdict: String,
    /// What was measured.
    #[serde(default)]
    pub measure: Option<String>,
    /// How much.
    #[serde(default)]
    pub measured: Option<f64>,
    /// What was allowed.
    #[serde(default)]
    pub threshold: Option<Threshold>,
    /// Why it was decided so.
    #[serde(default)]
    pub why: Option<String>,
}

/// What was allowed.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Threshold {
    /// At least.
    #[serde(default)]
    pub min: Option<f64>,
    /// At most.
    #[serde(default)]
    pub max: Option<f64>,
    /// Where numbers do not say it.
    #[serde(default)]
    pub words: Option<String>,
}

/// What was measured of the model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Performance {
    /// Over all rows, and over slices of them.
    #[serde(default)]
    pub metrics: Vec<Metric>,
}

/// A metric, of all rows or of a slice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Metric {
    /// Which.
    pub metric: String,
    /// Columns and their values; empty for all rows.
    #[serde(default)]
    pub slice: BTreeMap<String, String>,
    /// How much.
    #[serde(default)]
    pub value: Option<f64>,
    /// Over how many rows.
    #[serde(default)]
    pub n: Option<u64>,
    /// As of an expectation.
    #[serde(default)]
    pub verdict: Option<String>,
}

impl Report {
    /// The report of a version, compared with what the registry claims.
    pub(super) fn of(dossier: &Dossier) -> Self {
        let owned = |key: &str| dossier.tag(key).map(str::to_owned);
        let mut report = Self {
            claimed_status: owned("validation.status"),
            claimed_digest: owned("validation.report_digest"),
            time: owned("validation.time"),
            digest: dossier.report.as_deref().map(digest_of),
            content: None,
            contradictions: Vec::new(),
            missing: Vec::new(),
        };
        if let Some(bytes) = &dossier.report {
            match serde_json::from_slice(bytes) {
                Ok(content) => report.content = Some(content),
                Err(error) => report.contradictions.push(format!("{REPORT} is no validation report: {error}")),
            }
        }
        report.compare();
        report
    }

    /// Whether a validation passed and everything about it agrees.
    pub fn passed(&self) -> bool {
        self.claimed_status.as_deref() == Some("passed") && self.missing.is_empty() && self.contradictions.is_empty()
    }

    fn compare(&mut self) {
        let absent = |value: &Option<String>, what: &str| value.is_none().then(|| what.to_owned());
        self.missing.extend(absent(&self.claimed_status, "the tag validation.status"));
        self.missing.extend(absent(&self.claimed_digest, "the tag validation.report_digest"));
        self.missing.extend(absent(&self.digest, &format!("the run's artifact {REPORT}")));
        if let (Some(claimed), Some(found)) = (&self.claimed_digest, &self.digest)
            && claimed != found
        {
            let sentence = format!("{REPORT} has the digest {found}, the tag validation.report_digest says {claimed}");
            self.contradictions.push(sentence);
        }
        if let (Some(claimed), Some(content)) = (&self.claimed_status, &self.content)
            && *claimed != content.verdict
        {
            let verdict = &content.verdict;
            self.contradictions.push(format!("{REPORT} says {verdict}, the tag validation.status says {claimed}"));
        }
    }

    /// The verdict on a metric of the run, when the report has one.
    pub(super) fn verdict_on(&self, metric: &str) -> Option<&Expectation> {
        let content = self.content.as_ref()?;
        let names = |expectation: &Expectation| {
            expectation.id == metric
                || expectation.id.strip_prefix("performance.") == Some(metric)
                || expectation.measure.as_deref() == Some(metric)
        };
        content.expectations.iter().find(|expectation| names(expectation))
    }
}
