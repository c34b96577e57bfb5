//! The kill matrix. Each mutant is the reference with one mistake in it; only the check that it is meant for and those which that
//! one follows are put to it. They must pass, and it must not: a check that passes a known-bad submission proves nothing.

use super::{
    instance::{Instance, Surroundings},
    plan::{Selection, Source, Target, targets},
    schedule::{self, Outcome},
};
use crate::{
    backend::Backend,
    labs::Lab,
    mutant::Mutant,
    results::{Fate, MutantResult},
    submission::StartError,
    verdict::Verdict,
};
use futures::{StreamExt, stream};
use std::{sync::Arc, time::Instant};

/// The first check of every submission, which no `lab.toml` lists: it starts.
pub(super) const STARTS: &str = "submission-starts";

/// How many mutants run at once, by what one of them costs.
fn at_once(backend: Backend) -> usize {
    match backend {
        Backend::Embedded => 6,
        Backend::Process => 2,
        Backend::Containers => 1,
    }
}

/// Runs the mutants that belong to `backend`.
pub(super) async fn run(
    lab: &Lab,
    mutants: Vec<Mutant>,
    backend: Backend,
    around: &Surroundings,
    tell: impl Fn(&MutantResult),
) -> Vec<MutantResult> {
    let results = stream::iter(mutants).map(|mutant| one(lab, Arc::new(mutant), around));
    let mut results = results.buffer_unordered(at_once(backend));
    let mut all = Vec::new();
    while let Some(result) = results.next().await {
        tell(&result);
        all.push(result);
    }
    all.sort_by(|left, right| left.id.cmp(&right.id));
    all
}

/// Runs one mutant.
pub async fn one(lab: &Lab, mutant: Arc<Mutant>, around: &Surroundings) -> MutantResult {
    let begun = Instant::now();
    let checks = schedule::with_all_it_follows(lab.checks, &mutant.meant_for);
    let mut result = blank(lab, &mutant);
    if checks.is_empty() {
        result.problem = Some(format!("there is no check `{}` in this lab", mutant.meant_for));
        return result;
    }
    match target(lab, mutant.backend) {
        Err(reason) => result.problem = Some(reason),
        Ok(target) => match Instance::open(&target, Some(mutant), around).await {
            Ok(instance) => {
                let outcomes = schedule::run(&checks, &instance.deployment, around, |_| {}).await;
                instance.close().await;
                decide(&mut result, &outcomes);
            }
            Err(error) => not_started(&mut result, error),
        },
    }
    result.duration_ms = millis(begun.elapsed());
    result
}

/// A mutant of a backend that this run leaves out.
pub(super) fn left_out(lab: &Lab, mutant: &Mutant) -> MutantResult {
    let problem = format!("this run leaves the backend {} out; add --backend {}", mutant.backend, mutant.backend);
    MutantResult { fate: Fate::NotRun, problem: Some(problem), ..blank(lab, mutant) }
}

fn blank(lab: &Lab, mutant: &Mutant) -> MutantResult {
    MutantResult {
        id: mutant.name.clone(),
        lab: lab.manifest.id.clone(),
        backend: mutant.backend,
        mistake: mutant.mistake.clone(),
        meant_for: mutant.meant_for.clone(),
        killed_by: Vec::new(),
        fate: Fate::Broken,
        problem: None,
        duration_ms: 0,
    }
}

fn target(lab: &Lab, backend: Backend) -> Result<Target, String> {
    let groups =
        targets(lab, &Source::Reference, &Selection::These(vec![backend])).map_err(|error| error.to_string())?;
    groups.into_iter().flatten().next().ok_or_else(|| format!("the reference has no variant for {backend}"))
}

/// Whether the right check killed it, and those it follows passed.
fn decide(result: &mut MutantResult, outcomes: &[Outcome]) {
    let killed = |verdict: Verdict| matches!(verdict, Verdict::Failed | Verdict::TimedOut);
    let killers = outcomes.iter().filter(|outcome| killed(outcome.verdict));
    result.killed_by = killers.map(|outcome| outcome.check.id.to_owned()).collect();
    let words = |outcome: &Outcome| {
        let seen = outcome.finding.as_ref().map_or(String::new(), |finding| format!(": {}", finding.sentence()));
        format!("`{}` reads {}{seen}", outcome.check.id, outcome.verdict.words())
    };
    let meant = outcomes.iter().find(|outcome| outcome.check.id == result.meant_for);
    let before =
        outcomes.iter().find(|outcome| outcome.check.id != result.meant_for && outcome.verdict != Verdict::Passed);
    (result.fate, result.problem) = match (before, meant) {
        (Some(before), _) if killed(before.verdict) => (Fate::KilledByAnother, Some(words(before))),
        (Some(other), _) => (unfinished(other.verdict), Some(words(other))),
        (None, Some(meant)) if killed(meant.verdict) => (Fate::Killed, None),
        (None, Some(meant)) if meant.verdict == Verdict::Passed => (Fate::Survived, Some(words(meant))),
        (None, Some(meant)) => (unfinished(meant.verdict), Some(words(meant))),
        (None, None) => (Fate::Broken, Some("its check was not run".to_owned())),
    };
}

fn unfinished(verdict: Verdict) -> Fate {
    if verdict == Verdict::NotRun { Fate::NotRun } else { Fate::Broken }
}

fn not_started(result: &mut MutantResult, error: StartError) {
    (result.fate, result.problem) = match error {
        StartError::Manifest(error) => (Fate::Broken, Some(error.to_string())),
        StartError::Fault(fault) => (unfinished(schedule::judge(fault.clone()).0), Some(fault.to_string())),
    };
}

/// A duration as reports give it.
pub(super) fn millis(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
