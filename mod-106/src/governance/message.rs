//! Messages to people: a release, an incident, a deprecation. A message is refused when the records do not bear it out: announcing
//! a release of what is not in production is the mistake that templates filled by hand make.

use super::approval::ApprovalRecord;
use super::card::{Pair, version_link};
use super::dossier::{Dossier, tag};
use super::error::Error;
use super::report::Report;
use super::stated::stated;
use super::trail::TrailFacts;
use crate::client::{ModelVersion, Run};
use serde::Serialize;

/// Which message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum MessageKind {
    /// A version went into production.
    Release,
    /// A version was taken out of production because of what it did.
    Incident,
    /// A version will go away.
    Deprecation,
}

/// A message and its facts.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Message {
    /// Which.
    pub kind: MessageKind,
    /// Its subject line.
    pub subject: String,
    /// The model.
    pub model: String,
    /// The version.
    pub version: String,
    /// Where to see it.
    pub link: String,
    /// Who answers for the model.
    pub owner: Option<String>,
    /// Where its owners are reached.
    pub contact: Option<String>,
    /// The version in production now.
    pub champion: Option<String>,
    /// The version that was there before.
    pub previous: Option<String>,
    /// What the version is for.
    pub intended_use: Option<String>,
    /// Known limits.
    pub limitations: Option<String>,
    /// What the version itself says.
    pub description: Option<String>,
    /// Metrics of the version, and of the one before.
    pub metrics: Vec<Change>,
    /// Params that differ.
    pub params: Vec<Change>,
    /// The validation's outcome.
    pub validation: Option<String>,
    /// The validation report's digest.
    pub digest: Option<String>,
    /// Whose approvals count.
    pub approvers: Vec<String>,
    /// Why it was taken out, when, by whom: from the registry.
    pub poisoned: Option<Poisoned>,
    /// When it goes away: the tag `retire_on`.
    pub retire_on: Option<String>,
    /// The audit trail's entries about the version, the last ones.
    pub events: Vec<Pair>,
}

/// A figure before and now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// What.
    pub key: String,
    /// In the version before.
    pub before: Option<String>,
    /// In this one.
    pub now: Option<String>,
}

/// The mark of a rollback: the tag `promotion.poisoned`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct Poisoned {
    /// When.
    pub time: String,
    /// Who.
    pub actor: String,
    /// Why.
    #[serde(default)]
    pub reason: String,
}

impl Message {
    /// Fills a message. `before` is the run of the previous champion, for comparison.
    ///
    /// # Errors
    /// [`Error::Refused`] when the records do not bear it out.
    pub fn new(
        kind: MessageKind,
        dossier: &Dossier,
        before: Option<&Run>,
        trail: &TrailFacts,
        approvals: &ApprovalRecord,
    ) -> Result<Self, Error> {
        let (model, version) = (dossier.model.name.to_string(), dossier.version.version);
        let champion = dossier.alias("champion");
        let poisoned = poisoned(dossier)?;
        let refused = |sentence: String| Err(Error::Refused(sentence));
        match kind {
            MessageKind::Release if champion != Some(version) => {
                let now = champion.map_or_else(|| "no version".to_owned(), |champion| format!("version {champion}"));
                return refused(format!(
                    "no release to announce: the alias champion of {model:?} points at {now}, not at {version}; promote it first"
                ));
            }
            MessageKind::Incident if poisoned.is_none() => {
                return refused(format!(
                    "no incident on record: version {version} of {model:?} was never rolled back (its tag promotion.poisoned is absent)"
                ));
            }
            MessageKind::Deprecation if champion == Some(version) || champion.is_none() => {
                return refused(format!(
                    "nothing replaces version {version} of {model:?}: the alias champion points at {}; promote its successor first",
                    champion.map_or_else(|| "nothing".to_owned(), |champion| format!("version {champion}"))
                ));
            }
            _ => {}
        }
        let report = Report::of(dossier);
        let facts = stated(dossier);
        let fact = |key: &str| facts.iter().find(|fact| fact.key == key).and_then(|fact| fact.value.clone());
        let counted = approvals.approvals.iter().filter(|approval| approval.counts);
        Ok(Self {
            kind,
            subject: subject_line(kind, &model, version.0),
            link: version_link(dossier),
            owner: fact("owner"),
            contact: fact("contact"),
            champion: champion.map(|version| version.to_string()),
            previous: dossier.alias("previous-champion").map(|version| version.to_string()),
            intended_use: fact("intended_use"),
            limitations: fact("limitations"),
            description: Some(dossier.version.description.clone()).filter(|text| !text.trim().is_empty()),
            metrics: metrics(dossier.run.as_ref(), before),
            params: params(dossier.run.as_ref(), before),
            validation: report.claimed_status,
            digest: report.digest,
            approvers: counted.map(|approval| approval.approver.clone()).collect(),
            poisoned,
            retire_on: tag(&dossier.version.tags, "retire_on").map(str::to_owned),
            events: events(trail, &super::card::subject(dossier)),
            model,
            version: version.to_string(),
        })
    }
}

/// The version that a release is compared with.
pub(super) fn compared_with(dossier: &Dossier) -> Option<&ModelVersion> {
    let previous = dossier.alias("previous-champion")?;
    dossier.versions.iter().find(|version| version.version == previous)
}

fn subject_line(kind: MessageKind, model: &str, version: u64) -> String {
    match kind {
        MessageKind::Release => format!("{model} version {version} is in production"),
        MessageKind::Incident => format!("{model} version {version} was taken out of production"),
        MessageKind::Deprecation => format!("{model} version {version} will go away"),
    }
}

fn poisoned(dossier: &Dossier) -> Result<Option<Poisoned>, Error> {
    let Some(text) = tag(&dossier.version.tags, "promotion.poisoned") else { return Ok(None) };
    let read = serde_json::from_str(text);
    read.map(Some).map_err(|error| Error::Refused(format!("the tag promotion.poisoned cannot be read: {error}")))
}

fn metrics(now: Option<&Run>, before: Option<&Run>) -> Vec<Change> {
    let values = |run: Option<&Run>| -> Vec<(String, String)> {
        run.map_or_else(Vec::new, |run| {
            run.data.metrics.iter().map(|metric| (metric.key.clone(), metric.value.to_string())).collect()
        })
    };
    changes(values(now), &values(before))
}

/// Only params that differ: the others are in the card.
fn params(now: Option<&Run>, before: Option<&Run>) -> Vec<Change> {
    let values = |run: Option<&Run>| -> Vec<(String, String)> {
        run.map_or_else(Vec::new, |run| {
            run.data.params.iter().map(|param| (param.key.clone(), param.value.clone())).collect()
        })
    };
    let mut changes = changes(values(now), &values(before));
    changes.retain(|change| change.before != change.now);
    changes
}

fn changes(now: Vec<(String, String)>, before: &[(String, String)]) -> Vec<Change> {
    let earlier = |key: &str| before.iter().find(|(known, _)| known == key).map(|(_, value)| value.clone());
    let gone: Vec<_> = before.iter().filter(|(key, _)| now.iter().all(|(known, _)| known != key)).cloned().collect();
    let mut changes: Vec<_> = now
        .into_iter()
        .map(|(key, value)| Change { before: earlier(&key), key, now: Some(value) })
        .chain(gone.into_iter().map(|(key, value)| Change { key, before: Some(value), now: None }))
        .collect();
    changes.sort_by(|one, other| one.key.cmp(&other.key));
    changes
}

fn events(trail: &TrailFacts, subject: &str) -> Vec<Pair> {
    let entries = trail.about(subject);
    let last = entries.iter().skip(entries.len().saturating_sub(5));
    last.map(|entry| Pair { key: entry.time.to_string(), value: format!("{} by {}", entry.action, entry.actor) })
        .collect()
}
