//! Every check on every backend at hand, and every mutant, each a test by its own name: `mod-106/lab-1::embedded::<check>` and
//! `mod-106/lab-1::mutant::<mistake>`. One deployment serves all checks of a backend; a test that is run by its exact name brings
//! up one for itself and what it follows. What cannot be had here is ignored, and its kind says why.

use libtest_mimic::{Arguments, Failed, Trial};
use std::sync::{Arc, OnceLock};
use tests::{
    backend::Backend,
    check::Need,
    labs::{self, Lab},
    mutant,
    results::{CheckResult, Fate},
    run::{self, Selection, Source, Surroundings, Target},
    submission::Manifest,
    verdict::Verdict,
};

/// All checks of one backend, run once, when the first test asks for them.
type Shared = Arc<OnceLock<Vec<CheckResult>>>;

/// Every test of every lab.
pub(crate) fn trials(
    arguments: &Arguments,
    around: &Surroundings,
    runtime: &Arc<tokio::runtime::Runtime>,
) -> Vec<Trial> {
    let labs = labs::load_all(&tests::cli::repository()).unwrap();
    let alone = arguments.exact.then(|| arguments.filter.clone()).flatten();
    labs.iter().flat_map(|lab| of_lab(lab, alone.as_deref(), around, runtime)).collect()
}

fn of_lab(lab: &Lab, alone: Option<&str>, around: &Surroundings, runtime: &Arc<tokio::runtime::Runtime>) -> Vec<Trial> {
    let mut trials = Vec::new();
    let mut missing = Vec::new();
    for target in run::targets(lab, &Source::Reference, &Selection::All).unwrap().into_iter().flatten() {
        let reason = runtime.block_on(run::not_at_hand(&target, around));
        trials.extend(of_backend(&target, reason.as_deref(), alone, around, runtime));
        missing.extend(reason.map(|reason| (target.backend, reason)));
    }
    trials.extend(mutants(lab, &missing, around, runtime));
    trials
}

fn of_backend(
    target: &Target,
    missing: Option<&str>,
    alone: Option<&str>,
    around: &Surroundings,
    runtime: &Arc<tokio::runtime::Runtime>,
) -> Vec<Trial> {
    let prefix = format!("{}::{}::", target.lab.manifest.id, target.backend);
    let manifest = target.manifest().unwrap();
    let mut target = target.clone();
    if let Some(check) = alone.and_then(|name| name.strip_prefix(&prefix)) {
        target.lab.checks = run::with_all_it_follows(target.lab.checks, check).leak();
    }
    let shared = Shared::default();
    let checks = target.lab.checks.iter().map(|check| {
        let unclaimed = unclaimed(check.needs, &manifest);
        let ignored = missing.map(|reason| format!("not run: {reason}")).or(unclaimed);
        let (id, target, around) = (check.id, target.clone(), around.clone());
        let (shared, runtime) = (Arc::clone(&shared), Arc::clone(runtime));
        let test = move || {
            let run = || runtime.block_on(run::check_results(&target, &around, &|_| {})).checks;
            verdict(shared.get_or_init(run), id)
        };
        trial(format!("{prefix}{id}"), ignored, test)
    });
    checks.collect()
}

fn mutants(
    lab: &Lab,
    missing: &[(Backend, String)],
    around: &Surroundings,
    runtime: &Arc<tokio::runtime::Runtime>,
) -> Vec<Trial> {
    let all = mutant::load(&lab.folder.join("mutants")).unwrap();
    let trials = all.into_iter().map(|mutant| {
        let ignored = missing.iter().find(|(backend, _)| *backend == mutant.backend);
        let ignored = ignored.map(|(_, reason)| format!("not run: {reason}"));
        let name = format!("{}::mutant::{}", lab.manifest.id, mutant.name);
        let (lab, around, runtime, mutant) = (lab.clone(), around.clone(), Arc::clone(runtime), Arc::new(mutant));
        trial(name, ignored, move || {
            let result = runtime.block_on(run::mutant_result(&lab, Arc::clone(&mutant), &around));
            match result.fate {
                Fate::Killed => Ok(()),
                fate => Err(Failed::from(format!("{fate:?}: {}", result.problem.unwrap_or_default()))),
            }
        })
    });
    trials.collect()
}

fn trial(name: String, ignored: Option<String>, test: impl FnOnce() -> Result<(), Failed> + Send + 'static) -> Trial {
    let kind = ignored.clone().unwrap_or_default();
    Trial::test(name, test).with_kind(kind).with_ignored_flag(ignored.is_some())
}

fn unclaimed(needs: &[Need], manifest: &Manifest) -> Option<String> {
    needs.iter().find_map(|need| match need {
        Need::Claim(claim) if !manifest.capabilities.claims.iter().any(|known| known == claim) => {
            Some(format!("not claimed: {claim}"))
        }
        _ => None,
    })
}

fn verdict(checks: &[CheckResult], id: &str) -> Result<(), Failed> {
    let check = checks.iter().find(|check| check.id == id).ok_or("it was not run")?;
    let words = check.finding.as_ref().map_or(String::new(), |finding| format!(": {}", finding.sentence()));
    match check.verdict {
        Verdict::Passed | Verdict::NotClaimed => Ok(()),
        other => Err(Failed::from(format!("{}{words}", other.words()))),
    }
}
