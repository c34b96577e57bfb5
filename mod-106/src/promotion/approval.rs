//! An approval: a person says that this version, with this report, may go on.
//!
//! It is bound to the digest of the validation report that the person saw. The tempting wrong choice binds it to the version alone:
//! a report written anew afterwards would then be approved unseen. An approval in a tag is as trustworthy as the write permission
//! on the model; where that is not enough, require GitHub's environment reviewers too (`gates.rs`, `environment-approval`).

use crate::client::{Tag, VersionNumber};
use crate::digest::hex;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// What a tag `approval.<approver>` holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// Who.
    pub approver: String,
    /// Which version.
    pub version: VersionNumber,
    /// The validation report that was approved: `sha256:` and 64 hexadecimal digits.
    pub digest: String,
    /// When.
    pub time: jiff::Timestamp,
    /// Free text.
    #[serde(default)]
    pub comment: String,
}

const PREFIX: &str = "approval.";

/// The tag's key for an approver. MLflow allows few characters in keys, and two people must never share one.
pub fn key_of(approver: &str) -> String {
    let allowed = |character: char| character.is_ascii_alphanumeric() || matches!(character, '_' | '.' | '-');
    if approver.chars().all(allowed) {
        return format!("{PREFIX}{approver}");
    }
    let plain: String = approver.chars().map(|character| if allowed(character) { character } else { '-' }).collect();
    let suffix = hex(&Sha256::digest(approver.as_bytes())[..4]);
    let short: String = plain.chars().take(200).collect();
    format!("{PREFIX}{short}-{suffix}")
}

/// The approvals among a version's tags, and the keys of those that cannot be read.
pub(super) fn among(tags: &[Tag]) -> (Vec<Approval>, Vec<String>) {
    let (mut approvals, mut unreadable) = (Vec::new(), Vec::new());
    for tag in tags.iter().filter(|tag| tag.key.starts_with(PREFIX)) {
        match serde_json::from_str(&tag.value) {
            Ok(approval) => approvals.push(approval),
            Err(_) => unreadable.push(tag.key.clone()),
        }
    }
    (approvals, unreadable)
}

#[cfg(test)]
mod tests {
    use super::key_of;

    #[test]
    fn keys_keep_people_apart() {
        assert_eq!(key_of("ada.l"), "approval.ada.l");
        assert_ne!(key_of("ada@x"), key_of("ada/x"));
        assert!(key_of("ada@x").starts_with("approval.ada-x-"));
    }
}
