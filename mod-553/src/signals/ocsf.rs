//! A Detection Finding of the Open Cybersecurity Schema Framework, version 1.7.0, class 2004
//! (<https://schema.ocsf.io/1.7.0/classes/detection_finding>): the fields that monitoring can fill honestly, and no others. A security
//! team's tools read it as they read findings of any product.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The schema's version.
pub(super) const VERSION: &str = "1.7.0";
const CLASS: u32 = 2004;

/// One finding, as it began, changed or ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DetectionFinding {
    /// 2004.
    pub class_uid: u32,
    /// `Detection Finding`.
    pub class_name: String,
    /// 2.
    pub category_uid: u32,
    /// `Findings`.
    pub category_name: String,
    /// 1 created, 2 updated, 3 closed.
    pub activity_id: u32,
    /// In words.
    pub activity_name: String,
    /// The class times 100, and the activity.
    pub type_uid: u32,
    /// In words.
    pub type_name: String,
    /// When it happened, in milliseconds since 1970.
    pub time: i64,
    /// 1 informational, 2 low, 3 medium, 4 high, 5 critical.
    pub severity_id: u32,
    /// In words.
    pub severity: String,
    /// 1 new, 2 in progress, 3 suppressed, 4 resolved.
    pub status_id: u32,
    /// In words.
    pub status: String,
    /// One sentence.
    pub message: String,
    /// About the event.
    pub metadata: Metadata,
    /// About the finding: the same in all of its events.
    pub finding_info: FindingInfo,
    /// What it is about.
    pub resources: Vec<Resource>,
    /// What it was found from.
    pub evidences: Vec<Artifact>,
}

/// About the event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Metadata {
    /// The schema's version.
    pub version: String,
    /// What made it.
    pub product: Product,
    /// Names this event. Made from what it says: who receives it twice has received one.
    pub uid: String,
    /// What holds the finding's events together.
    pub correlation_uid: String,
    /// Who noticed: a drift monitor, Alertmanager, the incident journal.
    pub log_name: String,
}

/// What made an event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Product {
    /// `mod-553`.
    pub name: String,
    /// Who makes it.
    pub vendor_name: String,
    /// Its version.
    pub version: String,
}

/// About a finding.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FindingInfo {
    /// Names the finding.
    pub uid: String,
    /// One line.
    pub title: String,
    /// More.
    pub desc: String,
    /// When it began, in milliseconds since 1970.
    pub created_time: i64,
    /// What kind it is: `Data Drift`, `Alert`, `Incident`, `Audit Trail Tampering`.
    pub types: Vec<String>,
    /// What found it.
    pub analytic: Analytic,
}

/// What found something.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Analytic {
    /// The test, rule or policy.
    pub name: String,
    /// 1 a rule, 3 statistics.
    pub type_id: u32,
    /// In words.
    #[serde(rename = "type")]
    pub kind: String,
}

/// What a finding is about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Resource {
    /// `column`, `service` or `audit trail`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Who looks after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<Owner>,
}

/// Who looks after something.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Owner {
    /// A person or a team.
    pub name: String,
}

/// What a finding was found from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Artifact {
    /// Measures and labels, by name.
    pub data: BTreeMap<String, serde_json::Value>,
}

/// What happened to a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Activity {
    Create,
    Update,
    Close,
}

impl Activity {
    pub(super) fn id(self) -> u32 {
        match self {
            Self::Create => 1,
            Self::Update => 2,
            Self::Close => 3,
        }
    }

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Create => "Create",
            Self::Update => "Update",
            Self::Close => "Close",
        }
    }

    /// The type that goes with it, as number and in words.
    pub(super) fn type_of(self) -> (u32, String) {
        (CLASS * 100 + self.id(), format!("Detection Finding: {}", self.word()))
    }
}

/// Where a finding stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    New,
    InProgress,
    Suppressed,
    Resolved,
}

impl Status {
    pub(super) fn words(self) -> (u32, &'static str) {
        match self {
            Self::New => (1, "New"),
            Self::InProgress => (2, "In Progress"),
            Self::Suppressed => (3, "Suppressed"),
            Self::Resolved => (4, "Resolved"),
        }
    }
}

/// The class, as number and in words, and its category.
pub(super) fn class() -> (u32, String, u32, String) {
    (CLASS, "Detection Finding".to_owned(), 2, "Findings".to_owned())
}
