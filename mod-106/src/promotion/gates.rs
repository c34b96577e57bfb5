//! Gates: each answers pass, fail or unknown, and says why in a sentence. Pure.
//!
//! *Unknown* does not let anybody through: a gate that nobody could look at has not been passed. It is told apart from *fail*
//! because the next step is another one: look again, rather than train again.

use super::facts::{Evidence, Facts};
use super::policy::Policy;
use super::slots::Stage;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A question that must be answered with yes before a version may go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Gate {
    /// It was never rolled back.
    NotPoisoned,
    /// Its tests passed.
    Tests,
    /// Its validation passed, and the report is the one that was written then.
    Validation,
    /// It says what goes in and what comes out.
    Signature,
    /// The validation is recent.
    Freshness,
    /// Enough people other than its author approved this report.
    Approvals,
    /// The reviewers of GitHub's environment approved the run.
    EnvironmentApproval,
}

/// A gate's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Yes.
    Pass,
    /// No.
    Fail,
    /// Nobody could tell.
    Unknown,
}

/// A gate with its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Which gate.
    pub gate: Gate,
    /// Its answer.
    pub outcome: Outcome,
    /// Why.
    pub sentence: String,
}

/// A clock may run ahead of ours by this much.
const SKEW_S: i64 = 300;

/// Judges every gate that the policy puts before a stage.
pub fn judge(facts: &Facts, stage: Stage, policy: &Policy, now: jiff::Timestamp) -> Vec<Finding> {
    let mut gates = policy.gates_of(stage).to_vec();
    if facts.review.is_some() && stage >= Stage::Canary && !gates.contains(&Gate::EnvironmentApproval) {
        gates.push(Gate::EnvironmentApproval);
    }
    gates
        .into_iter()
        .map(|gate| {
            let (outcome, sentence) = match gate {
                Gate::NotPoisoned => poison(facts),
                Gate::Tests => tests(facts),
                Gate::Validation => validation(facts),
                Gate::Signature => signature(facts),
                Gate::Freshness => freshness(facts, policy, now),
                Gate::Approvals => approvals(facts, policy),
                Gate::EnvironmentApproval => environment(facts),
            };
            Finding { gate, outcome, sentence }
        })
        .collect()
}

type Answer = (Outcome, String);

fn pass(sentence: impl Into<String>) -> Answer {
    (Outcome::Pass, sentence.into())
}

fn fail(sentence: impl Into<String>) -> Answer {
    (Outcome::Fail, sentence.into())
}

fn unknown(sentence: impl Into<String>) -> Answer {
    (Outcome::Unknown, sentence.into())
}

fn poison(facts: &Facts) -> Answer {
    match &facts.poisoned {
        None => pass("it was never rolled back"),
        Some(mark) => fail(format!("it was rolled back: {mark}")),
    }
}

fn tests(facts: &Facts) -> Answer {
    match facts.tests.as_deref() {
        Some("passed") => pass("its tests passed"),
        Some("failed") => fail("its tests failed"),
        Some(other) => unknown(format!("the tag tests.status says {other:?}, which is neither passed nor failed")),
        None => unknown("nobody says that it was tested: the tag tests.status is absent"),
    }
}

fn validation(facts: &Facts) -> Answer {
    match facts.validation.as_deref() {
        Some("passed") => {}
        Some("failed") => return fail("its validation failed"),
        Some("inconclusive") => return unknown("its validation was inconclusive: give it more data"),
        Some(other) => return unknown(format!("the tag validation.status says {other:?}, which is no outcome")),
        None => return unknown("nobody says that it was validated: the tag validation.status is absent"),
    }
    let Some(digest) = facts.report_digest.as_deref() else {
        return unknown("it says that it passed, but names no report: the tag validation.report_digest is absent");
    };
    if !is_digest(digest) {
        return unknown(format!("validation.report_digest is {digest:?}, not sha256: and 64 hexadecimal digits"));
    }
    match &facts.report {
        Evidence::Found(found) if found == digest => pass(format!("its validation passed; the report is {digest}")),
        Evidence::Found(found) => {
            fail(format!("the report with the run has the digest {found}, the tag says {digest}"))
        }
        Evidence::Absent => unknown("its report is not with the run: validation/report.json is absent"),
        Evidence::Unknown(reason) => unknown(format!("its report could not be read: {reason}")),
    }
}

fn signature(facts: &Facts) -> Answer {
    match &facts.signature {
        Evidence::Found(true) => pass("it has a signature with inputs and outputs"),
        Evidence::Found(false) => fail("its MLmodel file has no signature with inputs and outputs"),
        Evidence::Absent => fail("its source holds no MLmodel file, so it has no signature"),
        Evidence::Unknown(reason) => unknown(format!("its MLmodel file could not be read: {reason}")),
    }
}

fn freshness(facts: &Facts, policy: &Policy, now: jiff::Timestamp) -> Answer {
    let Some(text) = facts.validated.as_deref() else {
        return unknown("nobody says when it was validated: the tag validation.time is absent");
    };
    let Ok(time) = text.parse::<jiff::Timestamp>() else {
        return unknown(format!("validation.time is {text:?}, not a time such as 2026-01-02T03:04:05Z"));
    };
    let age_s = now.as_second() - time.as_second();
    let hours = |seconds: i64| seconds as f64 / 3600.0;
    if age_s < -SKEW_S {
        // A report from the future would stay fresh for ever.
        return fail(format!("it was validated {:.1} hours in the future: a clock is wrong", hours(-age_s)));
    }
    if hours(age_s) > policy.max_age_hours {
        return fail(format!(
            "it was validated {:.1} hours ago, and {} are allowed: validate it again",
            hours(age_s),
            policy.max_age_hours
        ));
    }
    pass(format!("it was validated {:.1} hours ago; {} are allowed", hours(age_s.max(0)), policy.max_age_hours))
}

fn approvals(facts: &Facts, policy: &Policy) -> Answer {
    let Some(digest) = facts.report_digest.as_deref() else {
        return unknown("there is no validation report yet that anybody could have approved");
    };
    let Some(author) = facts.author.as_deref() else {
        return unknown("nobody says who made it, so nobody can be told apart from its author: set promotion.author");
    };
    let (mut approved, mut set_aside) = (BTreeSet::new(), Vec::new());
    for approval in &facts.approvals {
        if same_person(&approval.approver, author) {
            set_aside.push(format!("{} made it", approval.approver));
        } else if approval.version != facts.version {
            set_aside.push(format!("{} approved version {}", approval.approver, approval.version));
        } else if approval.digest != digest {
            set_aside.push(format!("{} approved another report", approval.approver));
        } else {
            approved.insert(approval.approver.to_lowercase());
        }
    }
    set_aside.extend(facts.unreadable_approvals.iter().map(|key| format!("{key} cannot be read")));
    let counted = approved.len();
    let names = approved.into_iter().collect::<Vec<_>>().join(", ");
    if counted >= policy.approvals as usize {
        return pass(if names.is_empty() {
            "no approval is asked for".to_owned()
        } else {
            format!("approved by {names}")
        });
    }
    let mut sentence = format!("{counted} of {} approvals of this report", policy.approvals);
    if !set_aside.is_empty() {
        sentence.push_str(&format!("; not counted: {}", set_aside.join(", ")));
    }
    fail(sentence)
}

fn environment(facts: &Facts) -> Answer {
    match &facts.review {
        Some(Evidence::Found(review)) if !review.rejected_by.is_empty() => {
            fail(format!("refused by {} on GitHub", review.rejected_by.join(", ")))
        }
        Some(Evidence::Found(review)) => {
            let author = facts.author.as_deref().unwrap_or_default();
            let others = review.approved_by.iter().filter(|name| !same_person(name, author)).cloned();
            let others: Vec<_> = others.collect();
            if others.is_empty() {
                return fail("nobody but its author approved the run on GitHub");
            }
            pass(format!("approved on GitHub by {}", others.join(", ")))
        }
        Some(Evidence::Absent) => fail("no reviewer has approved the run on GitHub yet"),
        Some(Evidence::Unknown(reason)) => unknown(format!("GitHub could not be asked: {reason}")),
        None => unknown("GitHub was not asked: give --github and --github-run"),
    }
}

/// GitHub and most directories ignore case in names; so must a rule about who is who.
fn same_person(one: &str, other: &str) -> bool {
    one.trim().to_lowercase() == other.trim().to_lowercase()
}

pub(super) fn is_digest(text: &str) -> bool {
    let digits = |digits: &str| digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    text.strip_prefix("sha256:").is_some_and(digits)
}
