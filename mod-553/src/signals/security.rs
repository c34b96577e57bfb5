//! What security should know, as findings: columns that drifted or broke, alerts as they begin and end, incidents with every step of
//! their escalation, and audit trails that were changed. Pure: the same sources give the same findings with the same ids, in the order
//! of their times.

use super::identity;
use super::ocsf::{
    self, Activity, Analytic, Artifact, DetectionFinding, FindingInfo, Metadata, Owner, Product, Resource, Status,
};
use super::sources::{Report, Source, Trail};
use crate::drift::outcome::Column;
use crate::incident::escalation::{Event, Incident, sentence};
use crate::incident::schedule::WallClock;
use crate::slo::Folded;
use jiff::Timestamp;
use mod_106::alerts::Severity;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// What findings are made of.
#[derive(Clone, Debug, Default)]
pub struct Watched {
    /// Drift reports.
    pub drift: Vec<Source<Report>>,
    /// Alert inboxes.
    pub alerts: Vec<Source<Vec<Folded>>>,
    /// Journals of incidents.
    pub journals: Vec<Source<Trail>>,
}

/// A finding before it is written in the schema's words.
struct Draft {
    /// What names the finding, in all of its events.
    finding: Vec<String>,
    /// What names this event among them.
    event: Vec<String>,
    activity: Activity,
    status: Status,
    severity: Severity,
    at: Timestamp,
    began: Timestamp,
    message: String,
    title: String,
    kind: &'static str,
    log: &'static str,
    analytic: (String, u32, &'static str),
    resource: Resource,
    data: BTreeMap<String, Value>,
}

impl Watched {
    /// The findings by time; what comes twice is folded.
    pub fn findings(&self, clock: &WallClock) -> Vec<DetectionFinding> {
        let drift = self.drift.iter().flat_map(|source| {
            let columns = source.content.outcome.columns.iter().filter(|column| column.verdict.is_concern());
            columns.map(|column| drifted(&source.content, column))
        });
        let alerts = self.alerts.iter().flat_map(|source| source.content.iter().map(alert));
        let journals = self.journals.iter().flat_map(|source| {
            let incidents = source.content.incidents.0.values();
            let steps = incidents.flat_map(|incident| escalation(incident, clock));
            steps.chain((!source.content.is_sound()).then(|| tampered(source))).collect::<Vec<_>>()
        });
        let mut findings: Vec<DetectionFinding> = drift.chain(alerts).chain(journals).map(Draft::written).collect();
        findings.sort_by(|left, right| (left.time, &left.metadata.uid).cmp(&(right.time, &right.metadata.uid)));
        let mut seen = BTreeSet::new();
        findings.retain(|finding| seen.insert(finding.metadata.uid.clone()));
        // An incident's steps in the same millisecond keep the order in which they happened.
        findings.sort_by_key(|finding| (finding.time, order(finding)));
        findings
    }
}

fn order(finding: &DetectionFinding) -> u64 {
    let step = finding.evidences.first().and_then(|artifact| artifact.data.get("step"));
    step.and_then(Value::as_u64).unwrap_or(0)
}

impl Draft {
    fn written(self) -> DetectionFinding {
        let words = |words: &[String]| identity::name(32, &words.iter().map(String::as_str).collect::<Vec<_>>());
        let uid = words(&self.finding);
        let event = words(&[self.finding, self.event].concat());
        let (class_uid, class_name, category_uid, category_name) = ocsf::class();
        let (type_uid, type_name) = self.activity.type_of();
        let (status_id, status) = self.status.words();
        let (severity_id, severity) = severity(self.severity);
        DetectionFinding {
            class_uid,
            class_name,
            category_uid,
            category_name,
            activity_id: self.activity.id(),
            activity_name: self.activity.word().to_owned(),
            type_uid,
            type_name,
            time: self.at.as_millisecond(),
            severity_id,
            severity: severity.to_owned(),
            status_id,
            status: status.to_owned(),
            metadata: Metadata {
                version: ocsf::VERSION.to_owned(),
                product: Product {
                    name: "mod-553".to_owned(),
                    vendor_name: "Machine learning operations".to_owned(),
                    version: env!("CARGO_PKG_VERSION").to_owned(),
                },
                uid: event,
                correlation_uid: uid.clone(),
                log_name: self.log.to_owned(),
            },
            finding_info: FindingInfo {
                uid,
                desc: self.message.clone(),
                title: self.title,
                created_time: self.began.as_millisecond(),
                types: vec![self.kind.to_owned()],
                analytic: Analytic {
                    name: self.analytic.0,
                    type_id: self.analytic.1,
                    kind: self.analytic.2.to_owned(),
                },
            },
            message: self.message,
            resources: vec![self.resource],
            evidences: vec![Artifact { data: self.data }],
        }
    }
}

/// A page is at least high: somebody is woken.
fn severity(severity: Severity) -> (u32, &'static str) {
    match severity {
        Severity::Info => (1, "Informational"),
        Severity::Warning => (3, "Medium"),
        Severity::Error => (4, "High"),
        Severity::Critical => (5, "Critical"),
    }
}

fn level(word: &str) -> Severity {
    match word {
        "info" => Severity::Info,
        "error" => Severity::Error,
        "critical" | "page" => Severity::Critical,
        _ => Severity::Warning,
    }
}

fn data(value: Value) -> BTreeMap<String, Value> {
    let Value::Object(map) = value else { return BTreeMap::new() };
    map.into_iter().filter(|(_, value)| !value.is_null()).collect()
}

fn drifted(report: &Report, column: &Column) -> Draft {
    let outcome = &report.outcome;
    let decision = column.values.as_ref().or(column.missing.as_ref()).map(|decision| &decision.evidence);
    // A window is looked at again when late records come: it is one finding. Files are known by what they hold.
    let of = match &outcome.window {
        Some(window) => format!("{}/{}", window.start, window.end),
        None => outcome.current.digest.clone().unwrap_or_else(|| outcome.started_at.clone()),
    };
    Draft {
        finding: vec!["drift".to_owned(), outcome.monitor.clone(), column.column.clone(), of],
        event: vec![column.verdict.word().to_owned(), column.why.clone()],
        activity: Activity::Create,
        status: Status::New,
        severity: level(&column.severity),
        at: report.at,
        began: report.at,
        message: column.why.clone(),
        title: format!("{}: {} {}", outcome.monitor, column.column, column.verdict.word()),
        kind: "Data Drift",
        log: "drift",
        analytic: (decision.map_or("schema", |evidence| evidence.test.as_str()).to_owned(), 3, "Statistical"),
        resource: Resource {
            kind: "column".to_owned(),
            name: column.column.clone(),
            owner: (!column.owner.is_empty()).then(|| Owner { name: column.owner.clone() }),
        },
        data: data(json!({
            "monitor": outcome.monitor, "verdict": column.verdict.word(), "reference": outcome.reference.digest,
            "current": outcome.current.digest, "rows": outcome.current.rows,
            "effect_name": decision.map(|evidence| &evidence.effect_name),
            "effect": decision.and_then(|evidence| evidence.effect),
            "least_effect": decision.map(|evidence| evidence.least_effect),
            "p_value": decision.and_then(|evidence| evidence.p_value),
        })),
    }
}

fn alert(alert: &Folded) -> Draft {
    let label = |name: &str| alert.labels.get(name).cloned();
    let name = label("alertname").unwrap_or_else(|| "an alert without a name".to_owned());
    let told = alert.annotations.get("summary").or_else(|| alert.annotations.get("description"));
    let said = told.cloned().unwrap_or_else(|| name.clone());
    let (activity, status, at, phase) = match alert.ended_at {
        Some(at) => (Activity::Close, Status::Resolved, at, "ended"),
        None => (Activity::Create, Status::New, alert.key.starts_at, "began"),
    };
    Draft {
        finding: vec!["alert".to_owned(), alert.key.fingerprint.clone(), alert.key.starts_at.to_string()],
        event: vec![phase.to_owned()],
        activity,
        status,
        severity: label("severity").map_or(Severity::Warning, |word| level(&word)),
        at,
        began: alert.key.starts_at,
        message: format!("{phase}: {said}"),
        title: name.clone(),
        kind: "Alert",
        log: "alertmanager",
        analytic: (name, 1, "Rule"),
        resource: Resource {
            kind: "service".to_owned(),
            name: label("service").or_else(|| label("job")).unwrap_or_else(|| "unknown".to_owned()),
            owner: label("owner").map(|name| Owner { name }),
        },
        data: data(json!(alert.labels)),
    }
}

/// Every step, but notes: they are words among those who work on it.
fn escalation<'a>(incident: &'a Incident, clock: &'a WallClock) -> impl Iterator<Item = Draft> + use<'a> {
    let steps = incident.timeline.iter().enumerate();
    steps.filter(|(_, (_, event))| !matches!(event, Event::Noted { .. })).scan(
        None,
        move |severity, (step, (at, event))| {
            if let Event::Opened { severity: said, .. } | Event::Reclassified { severity: said, .. } = event {
                *severity = Some(*said);
            }
            let (activity, status) = match event {
                Event::Opened { .. } => (Activity::Create, Status::New),
                Event::Held { .. } | Event::Snoozed { .. } => (Activity::Update, Status::Suppressed),
                Event::Acknowledged { .. } | Event::HandedOver { .. } => (Activity::Update, Status::InProgress),
                Event::Resolved { .. } => (Activity::Close, Status::Resolved),
                _ => (Activity::Update, Status::New),
            };
            let written = serde_json::to_value(event).unwrap_or_default();
            let kind = written["event"].as_str().unwrap_or_default().to_owned();
            Some(Draft {
                finding: vec![
                    "incident".to_owned(),
                    incident.id.clone(),
                    incident.key.clone(),
                    incident.opened_at.to_string(),
                ],
                event: vec![step.to_string(), at.to_string(), written.to_string()],
                activity,
                status,
                severity: severity.unwrap_or(incident.severity),
                at: *at,
                began: incident.opened_at,
                message: format!("{}: {}", incident.id, sentence(event, clock)),
                title: incident.title.clone(),
                kind: "Incident",
                log: "incidents",
                analytic: ("escalation policy".to_owned(), 1, "Rule"),
                resource: Resource { kind: "service".to_owned(), name: incident.service.clone(), owner: None },
                data: data(json!({ "incident": incident.id, "key": incident.key, "step": step, "event": kind })),
            })
        },
    )
}

fn tampered(source: &Source<Trail>) -> Draft {
    let facts = &source.content.facts;
    let problem = facts.problem.clone().unwrap_or_else(|| "its chain does not hold".to_owned());
    // The last entry that can be believed: after it, somebody changed something.
    let at = facts.entries.last().map_or(Timestamp::UNIX_EPOCH, |entry| entry.time);
    Draft {
        finding: vec!["trail".to_owned(), facts.head.clone().unwrap_or_default(), source.digest.clone()],
        event: vec![problem.clone()],
        activity: Activity::Create,
        status: Status::New,
        severity: Severity::Critical,
        at,
        began: at,
        message: format!("an audit trail was changed: {problem}"),
        title: "An audit trail cannot be believed".to_owned(),
        kind: "Audit Trail Tampering",
        log: "incidents",
        analytic: ("digest chain".to_owned(), 1, "Rule"),
        resource: Resource { kind: "audit trail".to_owned(), name: source.path.clone(), owner: None },
        data: data(json!({ "digest": source.digest, "sound_entries": facts.entries.len(), "head": facts.head })),
    }
}
