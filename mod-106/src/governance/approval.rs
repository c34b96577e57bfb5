//! Which approvals of a version count, and why the others do not. Pure; the rules are those of promotion's gate, and expiry on top:
//! a document that is read months later must not show an approval that nobody would give today.
//!
//! An approval counts when somebody other than the author gave it, to this version, having seen the validation report that lies
//! with the run now.

use super::dossier::Dossier;
use super::report::Report;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// How many approvals are needed, and how long one holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ApprovalRules {
    /// How many people other than the author.
    pub needed: usize,
    /// For how many days.
    pub valid_days: u32,
}

/// All approvals of a version, judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ApprovalRecord {
    /// The model.
    pub model: String,
    /// The version.
    pub version: String,
    /// Who made it.
    pub author: Option<String>,
    /// The digest of the validation report that approvals must name.
    pub digest: Option<String>,
    /// How many are needed.
    pub needed: usize,
    /// For how many days one holds.
    pub valid_days: u32,
    /// Whether enough count.
    pub approved: bool,
    /// How many people's approvals count.
    pub counting: usize,
    /// Every approval there is, in the order it was given.
    pub approvals: Vec<Approval>,
    /// What breaks a rule, not merely does not count: approving one's own work, records that cannot be read.
    pub violations: Vec<String>,
    /// What to do when too few count.
    pub next: Option<String>,
}

/// One approval, judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Approval {
    /// Who.
    pub approver: String,
    /// When, as it was recorded.
    pub time: String,
    /// When it stops to hold.
    pub expires: Option<String>,
    /// Of which version.
    pub version: String,
    /// Of which report.
    pub digest: String,
    /// What the approver added.
    pub comment: String,
    /// Whether it counts.
    pub counts: bool,
    /// Why not.
    pub reason: Option<String>,
}

/// What a tag `approval.<approver>` holds.
#[derive(Deserialize)]
struct Recorded {
    approver: String,
    version: serde_json::Value,
    #[serde(default)]
    digest: String,
    #[serde(default)]
    time: String,
    #[serde(default)]
    comment: String,
}

const PREFIX: &str = "approval.";

impl ApprovalRecord {
    /// Judges the approvals of a version at a time.
    pub fn judge(dossier: &Dossier, rules: ApprovalRules, now: Timestamp) -> Self {
        let report = Report::of(dossier);
        let mut record = Self {
            model: dossier.model.name.to_string(),
            version: dossier.version.version.to_string(),
            author: dossier.author().map(str::to_owned),
            digest: report.digest.clone().or_else(|| report.claimed_digest.clone()),
            needed: rules.needed,
            valid_days: rules.valid_days,
            approved: false,
            counting: 0,
            approvals: Vec::new(),
            violations: report.contradictions,
            next: None,
        };
        for tag in dossier.version.tags.iter().filter(|tag| tag.key.starts_with(PREFIX)) {
            match serde_json::from_str::<Recorded>(&tag.value) {
                Ok(recorded) => record.approvals.push(record.judge_one(recorded, rules, now)),
                Err(error) => record.violations.push(format!("the tag {} holds no approval: {error}", tag.key)),
            }
        }
        record.approvals.sort_by(|one, other| (&one.time, &one.approver).cmp(&(&other.time, &other.approver)));
        let people: BTreeSet<_> = record
            .approvals
            .iter()
            .filter(|approval| approval.counts)
            .map(|approval| folded(&approval.approver))
            .collect();
        record.counting = people.len();
        if let Some(author) = record.author.as_deref() {
            let own = record.approvals.iter().filter(|approval| folded(&approval.approver) == folded(author));
            let own = own.map(|approval| format!("{} approved a version of their own", approval.approver));
            record.violations.extend(own.collect::<Vec<_>>());
        }
        record.approved = record.counting >= rules.needed;
        record.next = (!record.is_clean()).then(|| record.next_step());
        record
    }

    /// Whether enough people approved and nothing breaks a rule.
    pub fn is_clean(&self) -> bool {
        self.approved && self.violations.is_empty()
    }

    fn judge_one(&self, recorded: Recorded, rules: ApprovalRules, now: Timestamp) -> Approval {
        let version = match recorded.version {
            serde_json::Value::String(text) => text,
            other => other.to_string(),
        };
        let given = recorded.time.parse::<Timestamp>();
        let holds = SignedDuration::from_hours(24 * i64::from(rules.valid_days));
        let expires = given.as_ref().ok().and_then(|given| given.checked_add(holds).ok());
        let reason = match &self.author {
            None => Some("nobody says who made the version, so nobody can be told apart from its author".to_owned()),
            Some(author) if folded(author) == folded(&recorded.approver) => Some("its own author".to_owned()),
            _ if version != self.version => Some(format!("approved version {version}, not {}", self.version)),
            _ if self.digest.is_none() => {
                Some("there is no validation report that could have been approved".to_owned())
            }
            _ if Some(&recorded.digest) != self.digest.as_ref() => Some("approved another report".to_owned()),
            _ if given.is_err() => Some("its time cannot be read".to_owned()),
            _ if given.is_ok_and(|given| given > now) => Some("given in the future".to_owned()),
            _ if expires.is_some_and(|expires| expires <= now) => Some("expired".to_owned()),
            _ => None,
        };
        Approval {
            approver: recorded.approver,
            time: recorded.time,
            expires: expires.map(|expires| expires.to_string()),
            version,
            digest: recorded.digest,
            comment: recorded.comment,
            counts: reason.is_none(),
            reason,
        }
    }

    fn next_step(&self) -> String {
        if self.author.is_none() {
            return "set the tag promotion.author of the version to who made it".to_owned();
        }
        if self.digest.is_none() {
            return "validate the version and log its report to the run: mod-106 validate SPEC --log-to-run …"
                .to_owned();
        }
        let missing = self.needed.saturating_sub(self.counting);
        if missing > 0 {
            return format!(
                "have {missing} more of those who did not make it approve: mod-106 approve MODEL --version N"
            );
        }
        "remove what violates the rules, and note in the audit trail why it was there".to_owned()
    }
}

/// Directories ignore case in names; so must a rule about who is who.
fn folded(name: &str) -> String {
    name.trim().to_lowercase()
}
