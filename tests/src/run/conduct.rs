//! Goes through a whole run: every lab on every backend that was asked for, then the gates, and at the end one value that holds
//! it all. It decides what was not the learner's fault, and nothing about how a report looks.

use super::{
    event::{CheckLine, Event, Listener},
    instance::{Instance, Surroundings},
    matrix::{self, STARTS, millis},
    parity::{self, ParityFile},
    plan::{Origin, Selection, Source, Target, targets},
    schedule::{self, Outcome, judge},
    starter, summary,
};
use crate::{
    backend::Backend,
    grade::{grade_line, shares},
    labs::Lab,
    module::About,
    mutant,
    results::{
        CheckResult, Finding, LineState, MutantResult, Results, RubricResult, SCHEMA_VERSION, SubmissionResult, Summary,
    },
    submission::{ManifestError, StartError},
    verdict::Verdict,
};
use rust_decimal::Decimal;
use std::{collections::BTreeMap, time::Instant};

/// What a run is asked for.
#[derive(Clone)]
pub struct Request {
    /// Which labs.
    pub labs: Vec<Lab>,
    /// What is asked of their modules as a whole.
    pub about: About,
    /// Whose submission.
    pub source: Source,
    /// On which backends.
    pub selection: Selection,
    /// Whether to run the mutants and the starter.
    pub mutants: bool,
    /// Whether to compare backends.
    pub parity: bool,
    /// Whether a backend that is not to be had fails the run.
    pub require_all: bool,
    /// The same run again, as typed.
    pub replay: String,
    /// Binaries, seed, parallelism.
    pub around: Surroundings,
}

/// The run cannot be made at all: wrong usage.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum RunError {
    /// A manifest is malformed.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Manifest(#[from] Box<ManifestError>),
    /// Mutants cannot be read.
    #[error("{0}")]
    Mutants(#[from] mutant::MutantError),
}

/// One submission, run and graded.
#[derive(Clone, Debug)]
pub struct Run {
    /// The submission, with its rubric.
    pub submission: SubmissionResult,
    /// Every check, in declared order; the first one is that it starts.
    pub checks: Vec<CheckResult>,
}

/// Runs everything that was asked for.
///
/// # Errors
/// See [`RunError`]; whatever happens to a submission is a verdict and no error.
pub async fn conduct(request: &Request, listener: &Listener) -> Result<Results, RunError> {
    let (begun, started_at) = (Instant::now(), jiff::Timestamp::now());
    let mut results = Results {
        schema_version: SCHEMA_VERSION,
        harness_version: env!("CARGO_PKG_VERSION").to_owned(),
        started_at,
        duration_ms: 0,
        seed: request.around.seed,
        replay: request.replay.clone(),
        submissions: Vec::new(),
        checks: Vec::new(),
        mutants: Vec::new(),
        parity: Vec::new(),
        gates: Vec::new(),
        modules: Vec::new(),
        summary: Summary::default(),
    };
    for lab in &request.labs {
        let mut backends = Vec::new();
        for group in targets(lab, &request.source, &request.selection)? {
            let run = first_at_hand(&group, &request.around, listener.as_ref()).await?;
            backends.push(run.submission.backend);
            results.submissions.push(run.submission);
            results.checks.extend(run.checks);
        }
        if request.mutants {
            run_gates(lab, request, &backends, &mut results, listener).await?;
        }
        if request.parity {
            let allowed = ParityFile::read(&lab.folder.join("parity.toml"))?;
            let found = parity::differences(&lab.manifest.id, &results.checks, &allowed);
            found.iter().for_each(|difference| listener(&Event::Difference(Box::new(difference.clone()))));
            results.gates.push(summary::parity_gate(&lab.manifest.id, &found));
            results.parity.extend(found);
        }
    }
    results.modules = request.about.judged(&results, request.source == Source::Reference);
    results.gates.iter().for_each(|gate| listener(&Event::Gate(gate.clone())));
    results.summary = summary::summarise(&results, request.require_all);
    results.duration_ms = millis(begun.elapsed());
    listener(&Event::Finished { seed: results.seed, summary: Box::new(results.summary.clone()) });
    Ok(results)
}

/// Of several backends that would do, the first that is to be had; when none is, the last one says why.
async fn first_at_hand(
    group: &[Target],
    around: &Surroundings,
    tell: &(dyn Fn(&Event) + Send + Sync),
) -> Result<Run, RunError> {
    let mut last = None;
    for target in group {
        let run = check_results(target, around, tell).await;
        let at_hand = run.checks.iter().any(|check| check.verdict != Verdict::NotRun);
        last = Some(run);
        if at_hand {
            break;
        }
    }
    last.ok_or_else(|| {
        RunError::Manifest(Box::new(ManifestError::whole(std::path::Path::new("submission.toml"), "expected one")))
    })
}

/// Brings one submission up, puts every check to it, takes it down and grades it.
pub async fn check_results(target: &Target, around: &Surroundings, tell: &(dyn Fn(&Event) + Send + Sync)) -> Run {
    let (lab, backend) = (target.lab.manifest.id.clone(), target.backend);
    let submission = target.label.clone();
    tell(&Event::Starting { lab: lab.clone(), backend, submission, checks: target.lab.checks.len() });
    let mut checks = Vec::new();
    let (mut startup_ms, mut sandbox) = (0, String::new());
    match Instance::open(target, None, around).await {
        Ok(instance) => {
            let ready = millis(instance.ready);
            if !matches!(target.origin, Origin::Attached(_)) {
                startup_ms = ready;
                checks.push(starts(target, Verdict::Passed, None, ready));
            }
            sandbox.clone_from(&instance.isolation);
            tell(&Event::Ready { lab, backend, ready_ms: ready });
            let say = |outcome: &Outcome| tell(&Event::Checked(CheckLine::from(&result(outcome, target))));
            let outcomes = schedule::run(target.lab.checks, &instance.deployment, around, say).await;
            instance.close().await;
            checks.extend(outcomes.iter().map(|outcome| result(outcome, target)));
        }
        Err(error) => {
            checks = not_started(target, error);
            checks.iter().for_each(|check| tell(&Event::Checked(CheckLine::from(check))));
        }
    }
    let rubric = grade(&target.lab, &mut checks);
    let submission = SubmissionResult {
        lab: target.lab.manifest.id.clone(),
        title: target.lab.manifest.title.clone(),
        backend,
        submission: target.label.clone(),
        sandbox,
        environment: BTreeMap::from([("operating system".to_owned(), std::env::consts::OS.to_owned())]),
        startup_ms,
        points: rubric.iter().map(|line| line.points).sum(),
        max_points: rubric.iter().map(|line| line.max_points).sum(),
        complete: rubric.iter().all(|line| line.state != LineState::Undecided),
        rubric,
    };
    Run { submission, checks }
}

/// Judges every rubric line, and gives each check its share of the points.
fn grade(lab: &Lab, checks: &mut [CheckResult]) -> Vec<RubricResult> {
    let verdict_of = |checks: &[CheckResult], id: &String| {
        checks.iter().find(|check| check.id == *id).map_or(Verdict::NotRun, |check| check.verdict)
    };
    let mut lines = Vec::new();
    for line in &lab.manifest.rubric {
        let verdicts: Vec<Verdict> = line.checks.iter().map(|id| verdict_of(checks, id)).collect();
        let judged = grade_line(&line.id, &line.title, line.points, &line.checks, &verdicts);
        let reached = shares(judged.points, line.checks.len()).into_iter();
        let at_stake = shares(judged.max_points, line.checks.len()).into_iter();
        for (id, (points, max_points)) in line.checks.iter().zip(reached.zip(at_stake)) {
            if let Some(check) = checks.iter_mut().find(|check| check.id == *id) {
                check.points += points;
                check.max_points += max_points;
            }
        }
        lines.push(judged);
    }
    lines
}

/// A submission that did not come up: its first check says why, and all others wait for it.
fn not_started(target: &Target, error: StartError) -> Vec<CheckResult> {
    let (verdict, finding) = match error {
        StartError::Manifest(error) => {
            let expected = Some("a well-formed submission.toml".to_owned());
            (
                Verdict::Failed,
                Some(Finding { what: "submission.toml".to_owned(), expected, actual: Some(error.to_string()) }),
            )
        }
        StartError::Fault(fault) => judge(fault),
    };
    let (rest, reason) = match (verdict, &finding) {
        (Verdict::Failed, _) => (Verdict::Blocked, format!("it follows `{STARTS}`, which reads: failed")),
        (_, Some(finding)) => (verdict, finding.what.clone()),
        (_, None) => (verdict, String::new()),
    };
    let mut checks = vec![starts(target, verdict, finding, 0)];
    let rest = target.lab.checks.iter().map(|check| Outcome::unasked(*check, rest, reason.clone()));
    checks.extend(rest.map(|outcome| result(&outcome, target)));
    checks
}

fn starts(target: &Target, verdict: Verdict, finding: Option<Finding>, ready_ms: u64) -> CheckResult {
    let hint = "run the start command by hand in a copy of the folder, with the variables that the brief lists, and read its output";
    CheckResult {
        id: STARTS.to_owned(),
        lab: target.lab.manifest.id.clone(),
        backend: target.backend,
        submission: target.label.clone(),
        title: "The submission starts and answers".to_owned(),
        verdict,
        points: Decimal::ZERO,
        max_points: Decimal::ZERO,
        duration_ms: ready_ms,
        finding,
        hint: verdict.costs_points().then(|| hint.to_owned()),
        observations: BTreeMap::new(),
        transcript: Vec::new(),
    }
}

fn result(outcome: &Outcome, target: &Target) -> CheckResult {
    let asked = matches!(outcome.verdict, Verdict::Failed | Verdict::TimedOut);
    CheckResult {
        id: outcome.check.id.to_owned(),
        lab: target.lab.manifest.id.clone(),
        backend: target.backend,
        submission: target.label.clone(),
        title: outcome.check.title.to_owned(),
        verdict: outcome.verdict,
        points: Decimal::ZERO,
        max_points: Decimal::ZERO,
        duration_ms: millis(outcome.duration),
        finding: outcome.finding.clone(),
        hint: target.lab.manifest.hints.get(outcome.check.id).filter(|_| asked).cloned(),
        observations: outcome.observations.clone(),
        transcript: outcome.transcript.clone(),
    }
}

/// The kill matrix and the starter.
async fn run_gates(
    lab: &Lab,
    request: &Request,
    backends: &[Backend],
    results: &mut Results,
    listener: &Listener,
) -> Result<(), RunError> {
    let mutants = mutant::load(&lab.folder.join("mutants"))?;
    let (here, elsewhere): (Vec<_>, Vec<_>) =
        mutants.into_iter().partition(|mutant| backends.contains(&mutant.backend));
    listener(&Event::Mutants { lab: lab.manifest.id.clone(), count: here.len() });
    for backend in Backend::ALL {
        let of_backend: Vec<_> = here.iter().filter(|mutant| mutant.backend == backend).cloned().collect();
        let say = |result: &MutantResult| listener(&Event::Mutant(Box::new(result.clone())));
        results.mutants.extend(matrix::run(lab, of_backend, backend, &request.around, say).await);
    }
    results.mutants.extend(elsewhere.iter().map(|mutant| matrix::left_out(lab, mutant)));
    results.gates.extend(summary::mutant_gates(lab, &results.mutants));
    results.gates.extend(starter::run(lab, &request.around).await);
    Ok(())
}
