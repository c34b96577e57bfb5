//! The steps before anything is rolled out: decide, propose, approve. Each looks at the branch, judges by pure functions, and makes at
//! most one commit. Next: `roll.rs`.

use super::approval::{Approval, count, objection};
use super::error::Error;
use super::impact::{Worth, impact};
use super::ledger::{Ledger, SKEW};
use super::policy::{Policy, is_name};
use super::proposal::{Proposal, VERSION, digest, is_id, written};
use super::rollout::{Poison, Rollout};
use super::signal::{Files, performance_of};
use super::standing::{Past, Standing, Why, standing};
use super::store::{Change, Snapshot, Store};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};
use std::path::Path;

/// Whoever takes a step: the policy, the repository, and the clock.
pub struct Desk {
    /// The policy.
    pub policy: Policy,
    /// The repository.
    pub store: Store,
    /// The time.
    pub now: Timestamp,
}

/// What became of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Outcome {
    Due,
    Wait,
    Proposed,
    Approved,
    Canary,
    Full,
    Verified,
    RolledBack,
    /// It had been done before; nothing was changed.
    Already,
    Inconclusive,
    Refused,
}

/// The answer to a step.
#[derive(Debug, Clone, Serialize)]
pub struct Answer {
    /// What became of it.
    pub outcome: Outcome,
    /// In one sentence.
    pub why: String,
    /// Which proposal it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proposal: Option<String>,
    /// The commit that was made; nothing when nothing was changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// What else there is to say.
    #[serde(flatten)]
    pub detail: serde_json::Map<String, Value>,
    /// 0 done · 1 refused, rolled back, or a dead-man's switch · 4 inconclusive.
    #[serde(skip)]
    pub exit: u8,
}

impl Answer {
    pub(super) fn of(outcome: Outcome, proposal: Option<&str>, why: impl Into<String>) -> Self {
        let exit = match outcome {
            Outcome::Refused | Outcome::RolledBack => 1,
            Outcome::Inconclusive => 4,
            _ => 0,
        };
        let proposal = proposal.map(str::to_owned);
        Self { outcome, why: why.into(), proposal, commit: None, detail: serde_json::Map::new(), exit }
    }

    pub(super) fn with(mut self, key: &str, value: impl Serialize) -> Self {
        self.detail.insert(key.to_owned(), json!(value));
        self
    }

    pub(super) fn exiting(self, exit: u8) -> Self {
        Self { exit, ..self }
    }
}

/// All that the branch knows of one model.
pub(super) struct Known {
    pub(super) ledger: Option<Ledger>,
    pub(super) past: Vec<Past>,
    pub(super) poison: Poison,
}

impl Desk {
    /// Takes a step that makes at most one commit.
    pub(super) fn step(
        &self,
        decide: impl FnMut(&Snapshot<'_>) -> Result<(Answer, Option<Change>), Error>,
    ) -> Result<Answer, Error> {
        let (answer, commit) = self.store.land(decide)?;
        Ok(Answer { commit: commit.map(|id| id.to_string()), ..answer })
    }

    /// What the branch knows. A clock before what was written down is refused: with it, cool-downs and expiries would run backwards.
    pub(super) fn known(&self, now: &Snapshot<'_>) -> Result<Known, Error> {
        let model = &self.policy.model;
        let ledger = now.read::<Ledger>(&format!("signals/{model}.json"))?.map(|(ledger, _)| ledger);
        let poison = now.read::<Poison>(&Poison::path(model))?.map(|(poison, _)| poison).unwrap_or_default();
        let mut past = Vec::new();
        let mut latest = ledger.as_ref().map(|ledger| ledger.at);
        for path in now.list("proposals")? {
            let Some((proposal, _)) = now.read::<Proposal>(&path)? else { continue };
            if proposal.model != *model {
                continue;
            }
            let rollout = now.read::<Rollout>(&Rollout::path(&proposal.id))?.map(|(rollout, _)| rollout);
            let last = rollout.as_ref().and_then(|rollout| rollout.steps.last()).map(|step| step.at);
            latest = latest.max(Some(proposal.proposed_at)).max(last);
            past.push(Past {
                cost: proposal.cost(),
                id: proposal.id,
                proposed_at: proposal.proposed_at,
                expires_at: proposal.expires_at,
                phase: rollout.map(|rollout| rollout.phase),
            });
        }
        match latest {
            Some(latest) if self.now.saturating_add(SKEW).unwrap_or(self.now) < latest => Err(Error::Refused(format!(
                "the clock says {}, but something was written down at {latest} already; mend the clock",
                self.now
            ))),
            _ => Ok(Known { ledger, past, poison }),
        }
    }

    /// The commit that a step makes.
    pub(super) fn change(&self, step: &str, id: Option<&str>, by: &str, title: String, body: Vec<String>) -> Change {
        let mut trailers = vec![("Retraining-Step", step.to_owned()), ("Retraining-Model", self.policy.model.clone())];
        trailers.extend(id.map(|id| ("Retraining-Proposal", id.to_owned())));
        Change { files: Vec::new(), title, body, trailers, by: by.to_owned(), at: self.now }
    }

    /// The proposal of this id, and the digest of its bytes.
    pub(super) fn proposal(&self, now: &Snapshot<'_>, id: &str) -> Result<(Proposal, String), Error> {
        if !is_id(id) {
            return Err(Error::malformed("--proposal", format!("{id:?} is no id; expected 16 hexadecimal digits")));
        }
        let path = Proposal::path(id);
        let Some((proposal, bytes)) = now.read::<Proposal>(&path)? else {
            return Err(Error::Refused(format!("there is no proposal {id} in {}", now.place("proposals"))));
        };
        if proposal.id != id || proposal.model != self.policy.model {
            let (found, model) = (&proposal.id, &proposal.model);
            return Err(Error::malformed(now.place(&path), format!("is proposal {found} of {model}")));
        }
        Ok((proposal, digest(&bytes)))
    }

    /// Takes in signals and says whether a retraining is due. What was heard is one commit, unless it was all known.
    ///
    /// # Errors
    /// Signals that make no sense, and whatever the repository refuses.
    pub fn decide(&self, files: &Files) -> Result<Answer, Error> {
        let readings = files.read()?;
        self.step(|now| {
            let known = self.known(now)?;
            let begun = known.ledger.clone();
            let mut ledger = begun.clone().unwrap_or_else(|| Ledger::begin(&self.policy, self.now));
            let ignored = ledger.hear(&self.policy, &readings, self.now)?;
            let stands = standing(&self.policy, &ledger, &known.past, &known.poison.poisoned, self.now);
            let answer = decided(self, &ledger, &stands).with("ignored", &ignored);
            if begun.as_ref() == Some(&ledger) {
                return Ok((answer, None));
            }
            let title = format!("Hear signals of {}", self.policy.model);
            let mut change = self.change("heard", None, "retraining", title, vec![stands.sentence.clone()]);
            change.files.push((format!("signals/{}.json", self.policy.model), written(&ledger)));
            Ok((answer, Some(change)))
        })
    }

    /// Where it stands, without changing anything.
    ///
    /// # Errors
    /// Whatever the repository refuses.
    pub fn status(&self) -> Result<Answer, Error> {
        self.step(|now| {
            let known = self.known(now)?;
            let ledger = known.ledger.unwrap_or_else(|| Ledger::begin(&self.policy, self.now));
            let stands = standing(&self.policy, &ledger, &known.past, &known.poison.poisoned, self.now);
            let answer = decided(self, &ledger, &stands);
            let Some(open) = known.past.iter().find(|past| past.is_open(self.now)) else { return Ok((answer, None)) };
            let (proposal, digest) = self.proposal(now, &open.id)?;
            let approvals = count(&self.policy, &proposal, &digest, &self.approvals(now, &open.id)?);
            let phase = open.phase.map_or("proposed", super::rollout::Phase::word);
            let answer = Answer { proposal: Some(open.id.clone()), ..answer };
            Ok((answer.with("phase", phase).with("approvals", &approvals), None))
        })
    }

    /// Proposes what is due, if it is worth its money. The performance file says how much of the metric is lost.
    ///
    /// # Errors
    /// [`Error::Refused`] with the reason why nothing is due or worth it.
    pub fn propose(&self, by: &str, performance: &Path) -> Result<Answer, Error> {
        named("--by", by)?;
        let (reading, seen) = performance_of(performance, self.policy.impact.metric)?;
        self.step(|now| {
            let known = self.known(now)?;
            let Some(ledger) = known.ledger else {
                return Err(Error::Refused(format!("nothing was heard of {} yet; decide first", self.policy.model)));
            };
            let stands = standing(&self.policy, &ledger, &known.past, &known.poison.poisoned, self.now);
            if let (Why::Open, Some(open)) = (stands.why, known.past.iter().find(|past| past.is_open(self.now))) {
                return Ok((Answer::of(Outcome::Already, Some(&open.id), stands.sentence), None));
            }
            let (Why::Due, Some(id), Some(data_window)) = (stands.why, &stands.id, stands.data_window) else {
                return Err(Error::Refused(stands.sentence));
            };
            if seen.loss.is_none() {
                let why = format!(
                    "{} cannot be told from these estimates, so nobody knows what doing nothing costs",
                    seen.metric.word()
                );
                return Ok((Answer::of(Outcome::Inconclusive, None, why), None));
            }
            let impact = impact(&self.policy, &seen, &reading.digest)
                .map_err(|problem| Error::malformed(performance.display(), problem))?;
            match impact.worth() {
                Worth::Yes => {}
                Worth::No => return Err(Error::Refused(format!("not worth it: {}", impact.sentence()))),
                Worth::Unclear => {
                    let why = format!("it cannot be told whether it is worth it: {}", impact.sentence());
                    return Ok((Answer::of(Outcome::Inconclusive, None, why).with("impact", &impact), None));
                }
            }
            let why = format!("{}; {}", stands.sentence, impact.sentence());
            let proposal = Proposal {
                version: VERSION,
                id: id.clone(),
                model: self.policy.model.clone(),
                why: why.clone(),
                evidence: stands.evidence.clone(),
                data_window,
                impact,
                proposed_by: by.to_owned(),
                proposed_at: self.now,
                expires_at: self.now.saturating_add(self.policy.approvals.valid).unwrap_or(Timestamp::MAX),
                approvals_needed: self.policy.approvals.needed,
            };
            let title = format!("Propose to retrain {}", self.policy.model);
            let mut change = self.change("proposed", Some(id), by, title, vec![why.clone()]);
            change.files.push((Proposal::path(id), written(&proposal)));
            Ok((Answer::of(Outcome::Proposed, Some(id), why).with("impact", &proposal.impact), Some(change)))
        })
    }

    /// Approves a proposal as it is now.
    ///
    /// # Errors
    /// [`Error::Refused`] for the proposer, for strangers, and after its time.
    pub fn approve(&self, id: &str, by: &str) -> Result<Answer, Error> {
        named("--by", by)?;
        self.step(|now| {
            let known = self.known(now)?;
            let (proposal, digest) = self.proposal(now, id)?;
            let path = Approval::path(id, by);
            let before = now.read::<Approval>(&path)?.map(|(approval, _)| approval);
            if before.is_some_and(|before| before.proposal_digest == digest) {
                return Ok((Answer::of(Outcome::Already, Some(id), format!("{by} approved it before")), None));
            }
            if let Some(objection) = objection(&self.policy, &proposal, by, self.now) {
                return Err(Error::Refused(objection));
            }
            if known.past.iter().any(|past| past.id == id && past.phase.is_some()) {
                return Err(Error::Refused(format!("proposal {id} was begun already")));
            }
            let approval = Approval {
                version: VERSION,
                proposal: id.to_owned(),
                proposal_digest: digest,
                by: by.to_owned(),
                at: self.now,
            };
            let title = format!("Approve the retraining of {}", self.policy.model);
            let mut change = self.change(
                "approved",
                Some(id),
                by,
                title,
                vec![format!("{by} approves {}.", approval.proposal_digest)],
            );
            change.files.push((path, written(&approval)));
            Ok((Answer::of(Outcome::Approved, Some(id), format!("{by} approves proposal {id}")), Some(change)))
        })
    }

    /// The approvals of a proposal, with their paths.
    pub(super) fn approvals(&self, now: &Snapshot<'_>, id: &str) -> Result<Vec<(String, Approval)>, Error> {
        let mut found = Vec::new();
        for path in now.list(&Approval::folder(id))? {
            found.extend(now.read::<Approval>(&path)?.map(|(approval, _)| (path, approval)));
        }
        Ok(found)
    }
}

/// The answer of `decide` and `status`.
fn decided(desk: &Desk, ledger: &Ledger, stands: &Standing) -> Answer {
    let silent = ledger.silent(&desk.policy, desk.now);
    let outcome = if stands.why == Why::Due { Outcome::Due } else { Outcome::Wait };
    let names: Vec<&str> = silent.iter().map(|(name, _)| name.as_str()).collect();
    let mut sentences = vec![stands.sentence.clone()];
    sentences.extend(silent.iter().map(|(_, sentence)| sentence.clone()));
    let levels = ledger.triggers.iter().map(|(name, heard)| {
        let said =
            json!({ "level": heard.state.level, "streak": heard.state.streak, "known_until": heard.known_until });
        (name.clone(), said)
    });
    let levels: serde_json::Map<String, Value> = levels.collect();
    let answer = Answer::of(outcome, stands.id.as_deref().filter(|_| outcome == Outcome::Due), sentences.join("; "));
    let answer = answer.with("reason", stands.why).with("silent", &names).with("triggers", levels);
    if silent.is_empty() { answer } else { answer.exiting(1) }
}

/// Refuses a name that could not be a file's.
pub(super) fn named(option: &str, name: &str) -> Result<(), Error> {
    let problem = || format!("{name:?} is no name; give up to 64 letters, digits, `.`, `_`, `-` and `@`");
    if is_name(name) { Ok(()) } else { Err(Error::malformed(option, problem())) }
}
