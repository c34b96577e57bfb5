//! Taking up what was left lying, after a kill or a night: looks how far the open proposal is, and takes every step for which there is
//! something to go by. It asks the repository alone; nobody has to know where somebody else stopped.

use super::act::{Answer, Desk, Outcome};
use super::error::Error;
use super::proposal::digest;
use super::roll::standing_now;
use super::rollout::{Candidate, Phase};
use std::path::PathBuf;

/// What there is to go by; each is looked at when its step is due.
#[derive(Debug, Clone, Default)]
pub struct Inputs {
    /// What the training made.
    pub candidate: Option<PathBuf>,
    /// What was seen of canary and baseline.
    pub observations: Option<PathBuf>,
    /// Estimates after all traffic went to it.
    pub performance: Option<PathBuf>,
}

impl Desk {
    /// Goes on with the open proposal as far as the inputs lead; answers with the last step, or what is missing.
    ///
    /// # Errors
    /// What the steps refuse.
    pub fn resume(&self, by: &str, inputs: &Inputs) -> Result<Answer, Error> {
        let mut last: Option<Answer> = None;
        loop {
            let open = self.known(&self.store.snapshot()?)?.past.into_iter().find(|past| past.is_open(self.now));
            let Some(open) = open else {
                return last.map_or_else(|| self.over(inputs), Ok);
            };
            let next = match open.phase {
                None => inputs.candidate.as_deref().map(|file| self.begin(&open.id, by, &Candidate::read(file)?)),
                Some(Phase::Canary) => inputs.observations.as_deref().map(|file| self.judge_canary(&open.id, by, file)),
                Some(_) => inputs.performance.as_deref().map(|file| self.verify(&open.id, by, file)),
            };
            let Some(answer) = next.transpose()? else {
                let missing = match open.phase {
                    None => "a candidate",
                    Some(Phase::Canary) => "observations of the canary",
                    Some(_) => "estimates to verify it by",
                };
                let waits = format!("proposal {} waits for {missing}", open.id);
                return Ok(last.unwrap_or_else(|| Answer::of(Outcome::Already, Some(&open.id), waits)));
            };
            // A step that changed nothing would not change more if it were taken again.
            if answer.commit.is_none() {
                return Ok(answer);
            }
            last = Some(answer);
        }
    }

    /// The answer when nothing is open. Whoever was killed after the last step, and asks again with the file that it was taken by, gets
    /// the answer of that step.
    fn over(&self, inputs: &Inputs) -> Result<Answer, Error> {
        let now = self.store.snapshot()?;
        let given = [&inputs.observations, &inputs.performance].into_iter().flatten();
        let given: Vec<String> =
            given.filter_map(|file| std::fs::read(file).ok()).map(|bytes| digest(&bytes)).collect();
        let past = self.known(&now)?.past;
        let latest = past.iter().filter(|past| past.phase.is_some()).max_by_key(|past| past.proposed_at);
        if let Some(latest) = latest {
            let rollout = self.rollout(&now, &latest.id)?;
            let seen = rollout.steps.last().and_then(|step| step.seen.as_ref());
            if seen.is_some_and(|seen| given.contains(seen)) {
                return Ok(standing_now(&rollout));
            }
        }
        Ok(Answer::of(Outcome::Already, None, "nothing is open"))
    }
}
