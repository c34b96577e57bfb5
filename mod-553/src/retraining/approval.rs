//! Approvals: `approvals/<id>/<person>.json`, one commit each, whose author approved. An approval names the digest of the proposal's
//! bytes: whoever changes the proposal afterwards has lost its approvals. Who somebody is, the git server must know; here it is only
//! decided whose word counts.

use super::policy::Policy;
use super::proposal::{Proposal, is_digest};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Somebody agreed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// The version of this shape.
    pub version: u32,
    /// With which proposal.
    pub proposal: String,
    /// `sha256:` and the digest of the proposal's bytes.
    pub proposal_digest: String,
    /// Who.
    pub by: String,
    /// When, RFC 3339.
    #[schemars(with = "String")]
    pub at: Timestamp,
}

impl Approval {
    /// Where it lies. Ada and ADA are one person.
    pub(super) fn path(id: &str, by: &str) -> String {
        format!("{}/{}.json", Self::folder(id), by.to_lowercase())
    }

    /// Where all of a proposal lie.
    pub(super) fn folder(id: &str) -> String {
        format!("approvals/{id}")
    }
}

/// An approval, and whether it counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Counted {
    /// Whose.
    pub by: String,
    /// Whether it counts.
    pub counts: bool,
    /// Why not; empty when it does.
    pub why: String,
}

/// Why this person may not approve this proposal at this time.
pub(super) fn objection(policy: &Policy, proposal: &Proposal, by: &str, at: Timestamp) -> Option<String> {
    let is = |other: &str| other.eq_ignore_ascii_case(by);
    let may = &policy.approvals.approvers;
    if is(&proposal.proposed_by) {
        return Some(format!("{by} proposed {}; somebody else has to approve it", proposal.id));
    }
    if !may.is_empty() && !may.iter().any(|other| is(other)) {
        return Some(format!("{by} is not among those who may approve: {}", may.join(", ")));
    }
    (at >= proposal.expires_at).then(|| format!("proposal {} ran out at {}", proposal.id, proposal.expires_at))
}

/// Which approvals count: each file is given with the digest of the proposal as it is now.
pub(super) fn count(policy: &Policy, proposal: &Proposal, digest: &str, found: &[(String, Approval)]) -> Vec<Counted> {
    debug_assert!(is_digest(digest), "made here");
    let judged = found.iter().map(|(path, approval)| {
        let Approval { proposal_digest, by, at, .. } = approval;
        let why = if *path != Approval::path(&proposal.id, by) || approval.proposal != proposal.id {
            Some(format!("it lies at {path}, where an approval of {} by {by} does not belong", approval.proposal))
        } else if proposal_digest != digest {
            Some(format!("{by} approved {proposal_digest}, but the proposal is {digest} now"))
        } else if *at < proposal.proposed_at {
            Some(format!("it is dated {at}, before the proposal"))
        } else {
            objection(policy, proposal, by, *at)
        };
        Counted { by: by.clone(), counts: why.is_none(), why: why.unwrap_or_default() }
    });
    judged.collect()
}
