//! Controls resolved to evidence: which record shows what must hold, when it was made, where it is and what its digest is. The words
//! are those of `mod_106::governance`, so a governance module reads and renders both alike. Next: `judge.rs` looks at one need.

use super::control::Controls;
use super::identity;
use super::sources::{Postmortem, Report, Source, Trail};
use jiff::Timestamp;
use mod_106::governance;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The version of this shape; it rises when a reader of an older export would misread a newer one.
pub(super) const VERSION: u32 = 1;

/// Evidence for a set of controls.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Export {
    /// The version of this shape.
    pub version: u32,
    /// `mod-553 <version>`.
    pub tool: String,
    /// What the controls are for.
    pub title: String,
    /// The model.
    pub model: String,
    /// Its version.
    pub model_version: String,
    /// The time that `within` is counted back from, RFC 3339.
    #[schemars(with = "String")]
    pub as_of: Timestamp,
    /// Whether every control is resolved.
    pub resolved: bool,
    /// How many are.
    pub resolved_controls: usize,
    /// One for each control, in the file's order.
    pub controls: Vec<Line>,
}

/// A control with its evidence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Line {
    /// The control's id.
    pub id: String,
    /// What must hold.
    pub title: String,
    /// Where the demand comes from.
    pub framework: Option<String>,
    /// As its worst evidence.
    pub finding: Finding,
    /// Its evidence; at least one piece.
    pub evidence: Vec<Evidence>,
}

/// A piece of evidence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Evidence {
    /// Made from the control, the need and the record: the same record for the same need has the same id in every export.
    pub id: String,
    /// `drift`, `answered`, `postmortem`, `audit` or `file`.
    pub kind: String,
    /// What became of it.
    pub finding: Finding,
    /// What was found, or what was not.
    pub sentence: String,
    /// When the record was made, as it says itself; absent where it does not say.
    #[schemars(with = "Option<String>")]
    pub time: Option<Timestamp>,
    /// The file that was read.
    pub source: Option<String>,
    /// `sha256:…` of that file as it is now.
    pub digest: Option<String>,
    /// What to do, unless it is resolved.
    pub next: Option<String>,
}

/// What became of a piece of evidence, and of a control.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Finding {
    /// It is there and holds.
    Resolved,
    /// Nobody recorded it.
    Missing,
    /// The record says no, or cannot be believed.
    Contradicted,
}

/// All that was read, for the controls to be held against.
#[derive(Clone, Debug)]
pub struct Dossier {
    /// The model.
    pub model: String,
    /// Its version.
    pub model_version: String,
    /// Where paths of [`super::Need::File`] begin.
    pub folder: PathBuf,
    /// What `within` is counted back from.
    pub now: Timestamp,
    /// Drift reports.
    pub drift: Vec<Source<Report>>,
    /// Journals of incidents.
    pub journals: Vec<Source<Trail>>,
    /// Audit trails of other parts.
    pub trails: Vec<Source<Trail>>,
    /// Postmortems.
    pub postmortems: Vec<Source<Postmortem>>,
}

impl Dossier {
    /// Resolves every control.
    pub fn resolve(&self, controls: &Controls) -> Export {
        let line = |control: &governance::Control<super::Need>| {
            let evidence: Vec<_> = control.needs.iter().map(|need| self.evidence(&control.id, need)).collect();
            let finding = evidence.iter().map(|evidence| evidence.finding).max().unwrap_or(Finding::Missing);
            let (id, title, framework) = (control.id.clone(), control.title.clone(), control.framework.clone());
            Line { id, title, framework, finding, evidence }
        };
        let lines: Vec<Line> = controls.controls.iter().map(line).collect();
        let resolved_controls = lines.iter().filter(|line| line.finding == Finding::Resolved).count();
        Export {
            version: VERSION,
            tool: concat!("mod-553 ", env!("CARGO_PKG_VERSION")).to_owned(),
            title: controls.title.clone(),
            model: self.model.clone(),
            model_version: self.model_version.clone(),
            as_of: self.now,
            resolved: resolved_controls == lines.len(),
            resolved_controls,
            controls: lines,
        }
    }

    fn evidence(&self, control: &str, need: &super::Need) -> Evidence {
        let found = self.judge(need);
        let wanted = serde_json::to_string(need).unwrap_or_default();
        let (source, digest) = match found.record {
            Some((source, digest)) => (Some(source), Some(digest)),
            None => (None, None),
        };
        Evidence {
            id: identity::name(32, &[control, &wanted, digest.as_deref().unwrap_or_default()]),
            kind: need.kind().to_owned(),
            finding: found.finding,
            sentence: found.sentence,
            time: found.time,
            source,
            digest,
            next: found.next,
        }
    }
}

impl Export {
    /// The same as the report that `mod_106::governance` renders as Markdown and as a page.
    pub fn compliance(&self) -> governance::Compliance {
        let evidence = |evidence: &Evidence| governance::Evidence {
            kind: KINDS.into_iter().find(|kind| *kind == evidence.kind).unwrap_or("evidence"),
            finding: evidence.finding.into(),
            sentence: evidence.sentence.clone(),
            link: evidence.source.clone(),
            digest: evidence.digest.clone(),
            next: evidence.next.clone(),
        };
        let line = |line: &Line| governance::Line {
            id: line.id.clone(),
            title: line.title.clone(),
            framework: line.framework.clone(),
            finding: line.finding.into(),
            evidence: line.evidence.iter().map(evidence).collect(),
        };
        governance::Compliance {
            title: self.title.clone(),
            model: self.model.clone(),
            version: self.model_version.clone(),
            link: format!("models:/{}/{}", self.model, self.model_version),
            resolved: self.resolved,
            resolved_controls: self.resolved_controls,
            controls: self.controls.iter().map(line).collect(),
        }
    }
}

const KINDS: [&str; 5] = ["drift", "answered", "postmortem", "audit", "file"];

impl From<Finding> for governance::Finding {
    fn from(finding: Finding) -> Self {
        match finding {
            Finding::Resolved => Self::Resolved,
            Finding::Missing => Self::Missing,
            Finding::Contradicted => Self::Contradicted,
        }
    }
}
