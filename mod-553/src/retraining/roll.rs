//! The steps of a rollout: canary, verdict, verification, and back. Each is one commit that changes the manifest and its record together,
//! so that no kill can leave a model served that nobody answers for.

use super::act::{Answer, Desk, Outcome, named};
use super::approval::count;
use super::error::Error;
use super::proposal::{Proposal, VERSION, digest};
use super::rollout::{Candidate, Manifest, Phase, Poison, Poisoned, Rollout, Served, Taken};
use super::signal::{more_is_better, performance_of};
use super::store::{Change, Snapshot};
use mod_106::promotion::canary::{Observations, Side, Verdict, judge};
use std::path::Path;

/// Why a step is taken, and what was looked at.
struct Because<'a> {
    by: &'a str,
    why: String,
    seen: Option<String>,
}

impl Desk {
    /// Sends a part of the traffic to what the training made.
    ///
    /// # Errors
    /// [`Error::Refused`] without enough approvals, after its time, for other data than was proposed, and for what is poisoned.
    pub fn begin(&self, id: &str, by: &str, candidate: &Candidate) -> Result<Answer, Error> {
        named("--by", by)?;
        self.step(|now| {
            let known = self.known(now)?;
            let (proposal, digest) = self.proposal(now, id)?;
            if let Some((rollout, _)) = now.read::<Rollout>(&Rollout::path(id))? {
                if rollout.candidate != *candidate {
                    let (begun, version) = (rollout.candidate.version, candidate.version);
                    return Err(Error::Refused(format!("proposal {id} was begun with version {begun}, not {version}")));
                }
                return Ok((standing_now(&rollout), None));
            }
            if let Some(bad) = known.poison.poisoned.iter().find(|bad| bad.digest == candidate.digest) {
                let Poisoned { digest, proposal, at, reason, .. } = bad;
                return Err(Error::Refused(format!(
                    "{digest} is poisoned since proposal {proposal} was rolled back at {at}: {reason}"
                )));
            }
            if let Some(bad) = known.poison.poisoned.iter().find(|bad| bad.data_window == candidate.data_window) {
                return Err(Error::Refused(format!("the data window {} is poisoned: {}", bad.data_window, bad.reason)));
            }
            if candidate.data_window != proposal.data_window {
                let (found, approved) = (candidate.data_window, proposal.data_window);
                return Err(Error::Refused(format!("the candidate learned from {found}, but {approved} was approved")));
            }
            let approved_by = self.approved(now, &proposal, &digest)?;
            self.canary(now, &proposal, by, candidate, approved_by)
        })
    }

    /// Who approved it, if they are enough and it is not too late.
    fn approved(&self, now: &Snapshot<'_>, proposal: &Proposal, digest: &str) -> Result<Vec<String>, Error> {
        let id = &proposal.id;
        if self.now >= proposal.expires_at {
            return Err(Error::Refused(format!(
                "proposal {id} ran out at {}; it has to be proposed anew",
                proposal.expires_at
            )));
        }
        let judged = count(&self.policy, proposal, digest, &self.approvals(now, id)?);
        let counting: Vec<String> = judged.iter().filter(|one| one.counts).map(|one| one.by.clone()).collect();
        // Whichever is stricter: the policy of then, which is in the proposal, or the policy of now.
        let needed = proposal.approvals_needed.max(self.policy.approvals.needed) as usize;
        if counting.len() >= needed {
            return Ok(counting);
        }
        let others = judged.iter().filter(|one| !one.counts).map(|one| format!("; {}", one.why)).collect::<String>();
        Err(Error::Refused(format!("{} of {needed} approvals of proposal {id}{others}", counting.len())))
    }

    fn canary(
        &self,
        now: &Snapshot<'_>,
        proposal: &Proposal,
        by: &str,
        candidate: &Candidate,
        approved_by: Vec<String>,
    ) -> Result<(Answer, Option<Change>), Error> {
        let (id, share) = (proposal.id.as_str(), self.policy.canary.share);
        let (place, manifest) = self.manifest(now)?;
        let stable = manifest.stable(&place)?;
        if let Some(other) = manifest.canary(&place)? {
            return Err(Error::Refused(format!("{place} has a canary already: version {}", other.version)));
        }
        let why =
            format!("{share} of the traffic to version {}, approved by {}", candidate.version, approved_by.join(", "));
        let canary =
            Served { version: candidate.version, digest: candidate.digest.clone(), share: Some(share.to_string()) };
        let rollout = Rollout {
            version: VERSION,
            proposal: id.to_owned(),
            phase: Phase::Canary,
            candidate: candidate.clone(),
            previous: stable.clone(),
            approved_by,
            steps: Vec::new(),
        };
        let title = format!("Send {share} of the traffic of {} to version {}", self.policy.model, candidate.version);
        let because = Because { by, why: why.clone(), seen: None };
        let mut change = self.moving(&rollout, Phase::Canary, title, because);
        change.files.push((Manifest::path(&self.policy.model), manifest.serving(&stable, Some(&canary)).bytes()));
        Ok((Answer::of(Outcome::Canary, Some(id), why), Some(change)))
    }

    /// Judges the canary: all traffic, back, or wait for more.
    ///
    /// # Errors
    /// Observations of other versions, or of a proposal that has no canary.
    pub fn judge_canary(&self, id: &str, by: &str, file: &Path) -> Result<Answer, Error> {
        named("--by", by)?;
        let place = file.display().to_string();
        let seen = Observations::read(file).map_err(|error| Error::malformed(&place, error))?;
        let bytes = std::fs::read(file).map_err(|error| Error::unreadable(&place, &error))?;
        self.step(|now| {
            self.known(now)?;
            let rollout = self.rollout(now, id)?;
            if rollout.phase != Phase::Canary {
                return Ok((standing_now(&rollout), None));
            }
            let about = |side: &Side, name: &str, expected: &Served| {
                let (found, expected) = (side.version, expected.version);
                let problem = || Error::malformed(&place, format!("{name} is version {found}; expected {expected}"));
                if found == expected { Ok(()) } else { Err(problem()) }
            };
            let (at, manifest) = self.manifest(now)?;
            let stable = manifest.stable(&at)?;
            let canary = manifest.canary(&at)?.filter(|canary| canary.digest == rollout.candidate.digest);
            let canary =
                canary.ok_or_else(|| Error::Refused(format!("{at} no longer has the canary of proposal {id}")))?;
            about(&seen.baseline, "baseline", &stable)?;
            about(&seen.canary, "canary", &canary)?;
            let judgement = judge(&seen, &self.policy.canary.limits);
            let said: Vec<&str> = judgement.measures.iter().map(|measured| measured.sentence.as_str()).collect();
            let because = Because { by, why: said.join("; "), seen: Some(digest(&bytes)) };
            let version = rollout.candidate.version;
            let (answer, change) = match judgement.verdict {
                Verdict::Inconclusive => (Answer::of(Outcome::Inconclusive, Some(id), because.why), None),
                Verdict::Fail => self.back(now, &rollout, because)?,
                Verdict::Pass => {
                    let why = because.why.clone();
                    let title = format!("Send all traffic of {} to version {version}", self.policy.model);
                    let mut change = self.moving(&rollout, Phase::Full, title, because);
                    let full = Served { share: None, ..canary };
                    change.files.push((Manifest::path(&self.policy.model), manifest.serving(&full, None).bytes()));
                    (Answer::of(Outcome::Full, Some(id), why), Some(change))
                }
            };
            Ok((answer.with("canary", &judgement), change))
        })
    }

    /// Verifies that all is well with all traffic; if it is not, goes back.
    ///
    /// # Errors
    /// Estimates that do not hold the policy's metric, or a proposal that is not fully rolled out.
    pub fn verify(&self, id: &str, by: &str, file: &Path) -> Result<Answer, Error> {
        named("--by", by)?;
        let terms = &self.policy.verify;
        let (reading, seen) = performance_of(file, terms.metric)?;
        self.step(|now| {
            self.known(now)?;
            let rollout = self.rollout(now, id)?;
            match rollout.phase {
                Phase::Canary => {
                    return Err(Error::Refused(format!("proposal {id} is a canary still; judge it first")));
                }
                Phase::Verified | Phase::RolledBack => return Ok((standing_now(&rollout), None)),
                Phase::Full => {}
            }
            let (metric, bound) = (terms.metric.word(), terms.bound);
            let Some([low, high]) = seen.interval else {
                let why = format!("{metric} cannot be told from these estimates");
                return Ok((Answer::of(Outcome::Inconclusive, Some(id), why), None));
            };
            let (good, bad, side) = if more_is_better(terms.metric) {
                (low >= bound, high < bound, "at least")
            } else {
                (high <= bound, low > bound, "at most")
            };
            let why = format!("{metric} is between {low} and {high}; {side} {bound} is asked for");
            let because = Because { by, why: why.clone(), seen: Some(reading.digest.clone()) };
            if bad {
                return self.back(now, &rollout, because);
            }
            if !good {
                return Ok((Answer::of(Outcome::Inconclusive, Some(id), why), None));
            }
            let title = format!("Verify version {} of {}", rollout.candidate.version, self.policy.model);
            let change = self.moving(&rollout, Phase::Verified, title, because);
            Ok((Answer::of(Outcome::Verified, Some(id), why), Some(change)))
        })
    }

    /// Takes a rollout back, whatever its figures say.
    ///
    /// # Errors
    /// [`Error::Refused`] when nothing was rolled out, or somebody has changed since what is served.
    pub fn roll_back(&self, id: &str, by: &str, reason: &str) -> Result<Answer, Error> {
        named("--by", by)?;
        if reason.trim().is_empty() {
            return Err(Error::malformed("--reason", "is empty; say why, for whoever meets the poison list later"));
        }
        self.step(|now| {
            self.known(now)?;
            let rollout = self.rollout(now, id)?;
            if rollout.phase == Phase::RolledBack {
                return Ok((standing_now(&rollout).exiting(0), None));
            }
            let (answer, change) = self.back(now, &rollout, Because { by, why: reason.to_owned(), seen: None })?;
            Ok((answer.exiting(0), change))
        })
    }

    /// Reverts what the rollout changed, and poisons it, in one commit.
    fn back(
        &self,
        now: &Snapshot<'_>,
        rollout: &Rollout,
        because: Because<'_>,
    ) -> Result<(Answer, Option<Change>), Error> {
        let (id, path) = (rollout.proposal.as_str(), Manifest::path(&self.policy.model));
        let (place, manifest) = self.manifest(now)?;
        let steps = [Phase::Full, Phase::Canary].into_iter().filter_map(|phase| {
            let lines = [format!("Retraining-Step: {}", phase.word()), format!("Retraining-Proposal: {id}")];
            now.commit_saying(&lines).transpose()
        });
        let steps = steps.collect::<Result<Vec<_>, Error>>()?;
        let (Some(last), Some(first)) = (steps.first().copied(), steps.last().copied()) else {
            return Err(Error::Refused(format!(
                "no commit says `Retraining-Step: canary` for proposal {id}; was history rewritten?"
            )));
        };
        let [before, _] = now.around(first, &path)?;
        let [_, after] = now.around(last, &path)?;
        let (served, left) = (manifest.stable(&place)?, manifest.canary(&place)?);
        let ours = after.as_deref().map(|bytes| Manifest::parse(&place, bytes)).transpose()?;
        let ours = ours.map(|ours| Ok::<_, Error>((ours.stable(&place)?, ours.canary(&place)?))).transpose()?;
        if ours != Some((served, left)) {
            let hint = "revert by hand what came after, then roll back again";
            return Err(Error::Refused(format!("somebody changed what {place} serves since proposal {id}; {hint}")));
        }
        // Untouched since: the very bytes of before. Touched elsewhere: only what is ours goes back.
        let restored = match before {
            Some(before) if now.bytes(&path)? == after => before,
            _ => manifest.serving(&rollout.previous, None).bytes(),
        };
        let Because { by, why, .. } = &because;
        let (by, why) = ((*by).to_owned(), why.clone());
        let poisoned = Poisoned {
            proposal: id.to_owned(),
            digest: rollout.candidate.digest.clone(),
            data_window: rollout.candidate.data_window,
            reason: why.clone(),
            by,
            at: self.now,
        };
        let poison =
            now.read::<Poison>(&Poison::path(&self.policy.model))?.map(|(poison, _)| poison).unwrap_or_default();
        let title =
            format!("Revert \"Send traffic of {} to version {}\"", self.policy.model, rollout.candidate.version);
        let mut change = self.moving(rollout, Phase::RolledBack, title, because);
        change
            .body
            .insert(0, steps.iter().map(|step| format!("This reverts commit {step}.")).collect::<Vec<_>>().join("\n"));
        change.files.push((path, restored));
        change.files.push((Poison::path(&self.policy.model), super::proposal::written(&poison.with(poisoned))));
        Ok((Answer::of(Outcome::RolledBack, Some(id), format!("rolled back: {why}")), Some(change)))
    }

    /// The commit that moves a rollout on; the manifest is the caller's.
    fn moving(&self, rollout: &Rollout, to: Phase, title: String, because: Because<'_>) -> Change {
        let Because { by, why, seen } = because;
        let mut rollout = Rollout { phase: to, ..rollout.clone() };
        rollout.steps.push(Taken { to, at: self.now, by: by.to_owned(), why: why.clone(), seen });
        let mut change = self.change(to.word(), Some(&rollout.proposal), by, title, vec![why]);
        change.files.push((Rollout::path(&rollout.proposal), super::proposal::written(&rollout)));
        change
    }

    /// How far a proposal came.
    pub(super) fn rollout(&self, now: &Snapshot<'_>, id: &str) -> Result<Rollout, Error> {
        self.proposal(now, id)?;
        let found = now.read::<Rollout>(&Rollout::path(id))?.map(|(rollout, _)| rollout);
        found.ok_or_else(|| Error::Refused(format!("proposal {id} was not begun: give --candidate first")))
    }

    fn manifest(&self, now: &Snapshot<'_>) -> Result<(String, Manifest), Error> {
        let path = Manifest::path(&self.policy.model);
        let place = now.place(&path);
        let bytes = now.bytes(&path)?;
        let bytes = bytes
            .ok_or_else(|| Error::Refused(format!("there is no {place}; push the deployment's manifest first")))?;
        Ok((place.clone(), Manifest::parse(&place, &bytes)?))
    }
}

/// The answer to a step that was taken before: how far the rollout is. Rolled back reads as it did the first time.
pub(super) fn standing_now(rollout: &Rollout) -> Answer {
    let why = rollout.steps.last().map(|step| step.why.clone()).unwrap_or_default();
    let outcome = if rollout.phase == Phase::RolledBack { Outcome::RolledBack } else { Outcome::Already };
    Answer::of(outcome, Some(&rollout.proposal), why).with("phase", rollout.phase)
}
