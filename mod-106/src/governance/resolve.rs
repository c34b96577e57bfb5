//! Controls become evidence. Pure: everything was read and hashed before. A piece of evidence is *found*, *missing* (nobody recorded
//! it) or *contradicted* (two records disagree, or one says no); a control is as good as its worst piece.

use super::approval::{ApprovalRecord, ApprovalRules};
use super::card::{run_link, subject, version_link};
use super::control::{Control, Controls, Need};
use super::dossier::{Dossier, REPORT, tag};
use super::report::Report;
use super::trail::{ChainState, TrailFacts};
use crate::client::{CONTEXT_TAG, RunStatus};
use crate::documents;
use jiff::Timestamp;
use serde::Serialize;

/// What became of a piece of evidence, and of a control.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Finding {
    /// It is there and holds.
    Resolved,
    /// Nobody recorded it.
    Missing,
    /// Records disagree, or say no.
    Contradicted,
}

/// A compliance report.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Compliance {
    /// What the controls are for.
    pub title: String,
    /// The model.
    pub model: String,
    /// The version.
    pub version: String,
    /// Where to see it.
    pub link: String,
    /// Whether every control is resolved.
    pub resolved: bool,
    /// How many are.
    pub resolved_controls: usize,
    /// One for each control, in the file's order.
    pub controls: Vec<Line>,
}

/// A control with its evidence.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Line {
    /// The control's id.
    pub id: String,
    /// What must hold.
    pub title: String,
    /// Where the demand comes from.
    pub framework: Option<String>,
    /// As its worst evidence.
    pub finding: Finding,
    /// Its evidence.
    pub evidence: Vec<Evidence>,
}

/// A piece of evidence.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Evidence {
    /// Which kind was asked for.
    pub kind: &'static str,
    /// What became of it.
    pub finding: Finding,
    /// What was found, or what was not.
    pub sentence: String,
    /// Where to see it.
    pub link: Option<String>,
    /// Its digest, computed again now where there are bytes to compute it of.
    pub digest: Option<String>,
    /// What to do, unless it is resolved.
    pub next: Option<String>,
}

impl Compliance {
    /// Resolves every control.
    pub fn resolve(
        controls: &Controls,
        dossier: &Dossier,
        trail: &TrailFacts,
        rules: ApprovalRules,
        now: Timestamp,
    ) -> Self {
        let case = Case { dossier, trail, rules, now, report: Report::of(dossier) };
        let lines: Vec<_> = controls.controls.iter().map(|control| case.line(control)).collect();
        let resolved_controls = lines.iter().filter(|line| line.finding == Finding::Resolved).count();
        Self {
            title: controls.title.clone(),
            model: dossier.model.name.to_string(),
            version: dossier.version.version.to_string(),
            link: version_link(dossier),
            resolved: resolved_controls == lines.len(),
            resolved_controls,
            controls: lines,
        }
    }
}

/// What evidence is looked for in.
struct Case<'a> {
    dossier: &'a Dossier,
    trail: &'a TrailFacts,
    rules: ApprovalRules,
    now: Timestamp,
    report: Report,
}

impl Case<'_> {
    fn line(&self, control: &Control) -> Line {
        let evidence: Vec<_> = control.needs.iter().map(|need| self.evidence(need)).collect();
        let finding = evidence.iter().map(|evidence| evidence.finding).max().unwrap_or(Finding::Missing);
        let (id, title, framework) = (control.id.clone(), control.title.clone(), control.framework.clone());
        Line { id, title, framework, finding, evidence }
    }

    fn evidence(&self, need: &Need) -> Evidence {
        match need {
            Need::Run {} => self.run(),
            Need::Dataset { context } => self.dataset(context),
            Need::Artifact { path, digest_tag } => self.artifact(path, digest_tag.as_deref()),
            Need::Metric { key, min, max } => self.metric(key, *min, *max),
            Need::Tag { key, equals } => self.tag(key, equals.as_deref()),
            Need::Validation {} => self.validation(),
            Need::Approval { minimum } => self.approval(*minimum),
            Need::Audit { action } => self.audit(action),
            Need::Test {} => self.test(),
        }
    }

    fn run(&self) -> Evidence {
        let Some(run) = &self.dossier.run else {
            return missing(
                "run",
                "the version names no run that exists",
                "register the version from the run that made it",
            );
        };
        let id = &run.info.run_id;
        if run.info.status != RunStatus::Finished {
            let sentence = format!("run {id} has not finished well: it is {:?}", run.info.status).to_lowercase();
            return contradicted("run", sentence, "register a version from a run that finished")
                .at(run_link(self.dossier));
        }
        found("run", format!("run {id} made it and finished")).at(run_link(self.dossier))
    }

    fn dataset(&self, context: &str) -> Evidence {
        let inputs = self.dossier.run.iter().flat_map(|run| &run.inputs.dataset_inputs);
        let in_role = inputs.filter(|input| tag(&input.tags, CONTEXT_TAG) == Some(context));
        let datasets: Vec<_> = in_role.map(|input| &input.dataset).collect();
        let Some(first) = datasets.first() else {
            let sentence = format!("the run names no dataset in the role {context}");
            return missing("dataset", sentence, "log it to the run with its digest and this role (runs/log-inputs)");
        };
        if let Some(nameless) = datasets.iter().find(|dataset| dataset.digest.trim().is_empty()) {
            let sentence = format!("the dataset {} has no digest", nameless.name);
            return missing("dataset", sentence, "log the dataset with the digest of its content")
                .at(run_link(self.dossier));
        }
        let names = datasets.iter().map(|dataset| format!("{} ({})", dataset.name, dataset.digest));
        let sentence = format!("read as {context}: {}", names.collect::<Vec<_>>().join(", "));
        found("dataset", sentence).at(run_link(self.dossier)).hashed(Some(first.digest.clone()))
    }

    fn artifact(&self, path: &str, digest_tag: Option<&str>) -> Evidence {
        let Some(file) = self.dossier.file(path) else {
            let next = "log the file to the run that made the version";
            return missing("artifact", format!("the run keeps no file {path}"), next).at(run_link(self.dossier));
        };
        let here = |evidence: Evidence| evidence.at(run_link(self.dossier)).hashed(file.digest.clone());
        let Some(digest) = &file.digest else {
            let next = "let the tracking server serve its artifacts, so that they can be hashed";
            return here(missing("artifact", format!("{path} is listed, but the server does not hand it out"), next));
        };
        let Some(key) = digest_tag else {
            return here(found("artifact", format!("{path} is with the run")));
        };
        match self.dossier.tag(key) {
            None => {
                let next = format!("set the tag {key} of the version to the digest that was reviewed");
                here(missing("artifact", format!("{path} is there, but no tag {key} says which digest it had"), &next))
            }
            Some(claimed) if claimed == digest => here(found("artifact", format!("{path} is what the tag {key} says"))),
            Some(claimed) => {
                let sentence = format!("{path} has the digest {digest}, the tag {key} says {claimed}");
                here(contradicted("artifact", sentence, "find out who changed the file, and put the reviewed one back"))
            }
        }
    }

    fn metric(&self, key: &str, min: Option<f64>, max: Option<f64>) -> Evidence {
        let Some(value) = self.dossier.run.as_ref().and_then(|run| run.metric(key)) else {
            return missing("metric", format!("the run logged no metric {key}"), "log it to the run")
                .at(run_link(self.dossier));
        };
        // Not `value < min`: NaN is within no bounds.
        let holds = min.is_none_or(|min| value >= min) && max.is_none_or(|max| value <= max) && !value.is_nan();
        let bound =
            |word: &str, bound: Option<f64>| bound.map_or_else(String::new, |bound| format!(", {word} {bound}"));
        let sentence = format!("{key} is {value}{}{}", bound("at least", min), bound("at most", max));
        let evidence = if holds {
            found("metric", sentence)
        } else {
            contradicted("metric", sentence, "train a version that does")
        };
        evidence.at(run_link(self.dossier))
    }

    fn tag(&self, key: &str, equals: Option<&str>) -> Evidence {
        let value = self.dossier.tag(key).or_else(|| tag(&self.dossier.model.tags, key));
        let link = Some(version_link(self.dossier));
        let evidence = match (value, equals) {
            (None, _) => missing("tag", format!("there is no tag {key}"), "set it on the version or on its model"),
            (Some(value), Some(wanted)) if value != wanted => {
                let sentence = format!("the tag {key} says {value:?}, not {wanted:?}");
                contradicted("tag", sentence, "do what the tag asks for before it is changed")
            }
            (Some(value), _) => found("tag", format!("the tag {key} says {value:?}")),
        };
        evidence.at(link)
    }

    fn validation(&self) -> Evidence {
        let report = &self.report;
        let next = "validate the version again and log the report: mod-106 validate SPEC --log-to-run …";
        let evidence = if let Some(contradiction) = report.contradictions.first() {
            contradicted("validation", contradiction.clone(), next)
        } else if !report.missing.is_empty() {
            missing("validation", format!("absent: {}", report.missing.join(", ")), next)
        } else if report.passed() {
            found("validation", format!("{REPORT} says passed, and is the one that the registry names"))
        } else {
            let status = report.claimed_status.as_deref().unwrap_or("nothing");
            contradicted("validation", format!("the validation says {status}"), next)
        };
        evidence.at(run_link(self.dossier)).hashed(report.digest.clone())
    }

    fn approval(&self, minimum: usize) -> Evidence {
        let rules = ApprovalRules { needed: minimum, ..self.rules };
        let record = ApprovalRecord::judge(self.dossier, rules, self.now);
        let counted = record.approvals.iter().filter(|approval| approval.counts);
        let names: Vec<_> =
            counted.map(|approval| format!("{} on {}", approval.approver, day(&approval.time))).collect();
        let next = record.next.clone().unwrap_or_default();
        let evidence = if !record.violations.is_empty() {
            contradicted("approval", record.violations.join("; "), &next)
        } else if record.approved {
            found("approval", format!("approved by {}", names.join(", ")))
        } else {
            let others = record.approvals.iter().filter_map(|approval| {
                approval.reason.as_ref().map(|reason| format!("{}: {reason}", approval.approver))
            });
            let others: Vec<_> = others.collect();
            let aside = if others.is_empty() { String::new() } else { format!("; not counted: {}", others.join(", ")) };
            missing("approval", format!("{} of {minimum} approvals{aside}", record.counting), &next)
        };
        evidence.at(Some(version_link(self.dossier))).hashed(record.digest)
    }

    fn audit(&self, action: &str) -> Evidence {
        match self.trail.chain {
            ChainState::NotGiven => missing("audit", "no audit trail was given", "give it with --trail FILE"),
            ChainState::Broken => {
                let problem = self.trail.problem.clone().unwrap_or_default();
                let next = "compare the trail with a copy from before, and find out who changed it";
                contradicted("audit", format!("the audit trail is broken: {problem}"), next)
            }
            ChainState::Verified => {
                let subject = subject(self.dossier);
                let entry =
                    self.trail.entries.iter().rev().find(|entry| entry.action == action && entry.subject == subject);
                let Some(entry) = entry else {
                    let sentence = format!("the audit trail holds no entry {action} about {subject}");
                    return missing(
                        "audit",
                        sentence,
                        "do it with the commands that write the trail, such as mod-106 promote",
                    );
                };
                let sentence = format!(
                    "entry {}: {} by {} at {}",
                    entry.sequence,
                    action,
                    entry.actor,
                    documents::time(entry.time)
                );
                found("audit", sentence).hashed(Some(entry.digest.clone()))
            }
        }
    }

    fn test(&self) -> Evidence {
        let url = self.dossier.tag("tests.url").filter(|url| url.starts_with("https://") || url.starts_with("http://"));
        let link = url.map(str::to_owned).or_else(|| Some(version_link(self.dossier)));
        let evidence = match self.dossier.tag("tests.status") {
            Some("passed") => found("test", "its tests passed".to_owned()),
            Some(other) => {
                contradicted("test", format!("the tag tests.status says {other:?}"), "mend it and test it again")
            }
            None => missing("test", "nobody says that it was tested", "let the pipeline set the tag tests.status"),
        };
        evidence.at(link)
    }
}

fn found(kind: &'static str, sentence: String) -> Evidence {
    Evidence { kind, finding: Finding::Resolved, sentence, link: None, digest: None, next: None }
}

fn missing(kind: &'static str, sentence: impl Into<String>, next: &str) -> Evidence {
    let (sentence, next) = (sentence.into(), Some(next.to_owned()));
    Evidence { kind, finding: Finding::Missing, sentence, link: None, digest: None, next }
}

fn contradicted(kind: &'static str, sentence: String, next: &str) -> Evidence {
    Evidence { finding: Finding::Contradicted, ..missing(kind, sentence, next) }
}

impl Evidence {
    fn at(mut self, link: Option<String>) -> Self {
        self.link = link;
        self
    }

    fn hashed(mut self, digest: Option<String>) -> Self {
        self.digest = digest;
        self
    }
}

/// A time as people read it; one that cannot be read, as it stands.
fn day(text: &str) -> String {
    text.parse().map_or_else(|_| text.to_owned(), documents::time)
}
