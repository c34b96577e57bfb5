//! Runs the checks of one lab against one deployment: in parallel as far as what they follow allows, then, alone and in declared
//! order, those that change the deployment under everybody's feet. Each has a clock of its own, and one that runs out or panics
//! takes nobody with it.

use super::instance::Surroundings;
use crate::{
    check::{Check, Fault},
    context::Context,
    patience::stretched,
    results::Finding,
    submission::{Deployment, Unmet},
    verdict::Verdict,
    wire::Exchange,
};
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::task::JoinSet;

/// What became of one check, before points and hints.
#[derive(Clone)]
pub(super) struct Outcome {
    pub(super) check: Check,
    pub(super) verdict: Verdict,
    pub(super) finding: Option<Finding>,
    pub(super) duration: Duration,
    pub(super) observations: BTreeMap<String, String>,
    pub(super) transcript: Vec<Exchange>,
}

impl Outcome {
    /// A check that was never put to the submission.
    pub(super) fn unasked(check: Check, verdict: Verdict, reason: impl Into<String>) -> Self {
        let finding = Some(Finding::reason(reason));
        let (observations, transcript) = (BTreeMap::new(), Vec::new());
        Self { check, verdict, finding, duration: Duration::ZERO, observations, transcript }
    }
}

/// Runs `checks` and hands back their outcomes in declared order; `tell` hears of each as it comes.
pub(super) async fn run(
    checks: &[Check],
    deployment: &Arc<Deployment>,
    around: &Surroundings,
    mut tell: impl FnMut(&Outcome),
) -> Vec<Outcome> {
    let mut done: HashMap<&'static str, Outcome> = HashMap::new();
    let (mut alone, mut waiting): (Vec<Check>, Vec<Check>) = checks.iter().copied().partition(|check| check.exclusive);
    let mut running = JoinSet::new();
    loop {
        let known = |id: &str| done.contains_key(id) || !checks.iter().any(|check| *check.id == *id);
        let startable = waiting.iter().position(|check| check.follows.iter().all(|id| known(id)));
        match startable {
            Some(index) if running.len() < around.jobs.max(1) => {
                let check = waiting.remove(index);
                match refusal(check, &done, deployment) {
                    Some(outcome) => finish(outcome, &mut done, &mut tell),
                    None => drop(running.spawn(ask(check, Arc::clone(deployment), around.seed))),
                }
            }
            _ => match running.join_next().await {
                Some(Ok(outcome)) => finish(outcome, &mut done, &mut tell),
                // Its outcome is missing, and is filled in below.
                Some(Err(_)) => {}
                None => break,
            },
        }
    }
    // What follows an exclusive check could not start before it.
    alone.append(&mut waiting);
    for check in alone {
        let outcome = match refusal(check, &done, deployment) {
            Some(outcome) => outcome,
            None => ask(check, Arc::clone(deployment), around.seed).await,
        };
        finish(outcome, &mut done, &mut tell);
    }
    let lost = |check: &Check| Outcome::unasked(*check, Verdict::HarnessError, "the check's task was lost");
    checks.iter().map(|check| done.remove(check.id).unwrap_or_else(|| lost(check))).collect()
}

fn finish(outcome: Outcome, done: &mut HashMap<&'static str, Outcome>, tell: &mut impl FnMut(&Outcome)) {
    tell(&outcome);
    done.insert(outcome.check.id, outcome);
}

/// Why a check cannot be put: it follows one that did not pass, or needs what is not there.
fn refusal(check: Check, done: &HashMap<&'static str, Outcome>, deployment: &Deployment) -> Option<Outcome> {
    let open = check.follows.iter().filter_map(|id| done.get(id)).find(|before| before.verdict != Verdict::Passed);
    if let Some(before) = open {
        let (id, words) = (before.check.id, before.verdict.words());
        // What was lost for no fault of the learner's stays without fault in all that follow it.
        let verdict = if before.verdict.costs_points() { Verdict::Blocked } else { before.verdict };
        return Some(Outcome::unasked(check, verdict, format!("it follows `{id}`, which reads: {words}")));
    }
    match check.needs.iter().find_map(|need| deployment.unmet(*need))? {
        Unmet::NotClaimed(reason) => Some(Outcome::unasked(check, Verdict::NotClaimed, reason)),
        Unmet::NotRun(reason) => Some(Outcome::unasked(check, Verdict::NotRun, reason)),
    }
}

async fn ask(check: Check, deployment: Arc<Deployment>, seed: u64) -> Outcome {
    let context = Context::new(check.id, seed, Arc::clone(&deployment));
    let begun = Instant::now();
    let mut task = tokio::spawn((check.run)(context.clone()));
    let limit = stretched(check.limit);
    let answer = tokio::time::timeout(limit, &mut task).await;
    let duration = begun.elapsed();
    let (mut verdict, mut finding) = match answer {
        Ok(Ok(Ok(()))) => (Verdict::Passed, None),
        Ok(Ok(Err(fault))) => judge(fault),
        Ok(Err(panic)) => judge(Fault::Harness(format!("the check panicked: {panic}"))),
        Err(_) => {
            task.abort();
            let expected = Some(format!("an end within {limit:?}"));
            let what = "the check's own clock".to_owned();
            (Verdict::TimedOut, Some(Finding { what, expected, actual: Some("no end".to_owned()) }))
        }
    };
    if verdict.costs_points()
        && let Some(reason) = deployment.world_is_gone().await
    {
        (verdict, finding) = judge(Fault::Environment(reason));
    }
    let redactor = deployment.redactor();
    let finding = finding.map(|finding| Finding {
        what: redactor.clean(&finding.what),
        expected: finding.expected.map(|text| redactor.clean(&text)),
        actual: finding.actual.map(|text| redactor.clean(&text)),
    });
    let transcript = if verdict == Verdict::Passed { Vec::new() } else { context.wire().transcript() };
    Outcome { check, verdict, finding, duration, observations: context.observations(), transcript }
}

/// A fault's verdict, and what the report shows of it.
pub(super) fn judge(fault: Fault) -> (Verdict, Option<Finding>) {
    let reason = |what: String| Some(Finding::reason(what));
    match fault {
        Fault::Failed { what, expected, actual } => {
            (Verdict::Failed, Some(Finding { what, expected: Some(expected), actual: Some(actual) }))
        }
        Fault::Environment(what) => (Verdict::EnvironmentNotReady, reason(what)),
        Fault::Harness(what) => (Verdict::HarnessError, reason(what)),
        Fault::NotRun(what) => (Verdict::NotRun, reason(what)),
    }
}

/// A check with everything that it follows, directly or not, in declared order.
#[must_use]
pub fn with_all_it_follows(checks: &[Check], id: &str) -> Vec<Check> {
    let mut wanted = vec![id.to_owned()];
    let mut next = 0;
    while let Some(id) = wanted.get(next).cloned() {
        let follows = checks.iter().find(|check| check.id == id).map_or(&[][..], |check| check.follows);
        for follow in follows {
            if !wanted.iter().any(|known| known == follow) {
                wanted.push((*follow).to_owned());
            }
        }
        next += 1;
    }
    checks.iter().filter(|check| wanted.iter().any(|id| id == check.id)).copied().collect()
}
