//! The run at a glance, and the exit code that follows from it. Pure.

use crate::{
    labs::Lab,
    results::{Fate, Gate, MutantResult, ParityResult, Results, Summary},
    verdict::Verdict,
};
use std::collections::BTreeSet;

/// Everything that ran has passed.
pub const ALL_PASSED: u8 = 0;
/// A check failed, a mutant survived, a starter passed, or backends differ.
pub const FAILED: u8 = 1;
/// Wrong usage, or a malformed manifest.
pub const WRONG_USAGE: u8 = 2;
/// Nothing ran, a world was not to be had, or the harness itself failed.
pub const NOT_TO_BE_HAD: u8 = 3;

/// Counts the verdicts, adds the points and decides the exit code.
pub(super) fn summarise(results: &Results, require_all: bool) -> Summary {
    let count = |verdict: Verdict| results.checks.iter().filter(|check| check.verdict == verdict).count() as u64;
    let mut summary = Summary {
        verdicts: Verdict::ALL.into_iter().map(|verdict| (verdict, count(verdict))).collect(),
        points: results.submissions.iter().map(|submission| submission.points).sum(),
        max_points: results.submissions.iter().map(|submission| submission.max_points).sum(),
        complete: results.submissions.iter().all(|submission| submission.complete),
        exit_code: ALL_PASSED,
    };
    summary.exit_code = exit_code(results, &summary, require_all);
    summary
}

fn exit_code(results: &Results, summary: &Summary, require_all: bool) -> u8 {
    let count = |verdict: Verdict| summary.verdicts.get(&verdict).copied().unwrap_or_default();
    let lost: u64 = Verdict::ALL.into_iter().filter(|verdict| verdict.costs_points()).map(count).sum();
    let left_out = count(Verdict::NotRun) > 0 || results.mutants.iter().any(|mutant| mutant.fate == Fate::NotRun);
    let not_to_be_had = count(Verdict::EnvironmentNotReady) + count(Verdict::HarnessError) > 0
        || count(Verdict::Passed) == 0
        || require_all && left_out;
    if lost > 0 || results.gates.iter().any(|gate| !gate.holds) {
        FAILED
    } else if not_to_be_had {
        NOT_TO_BE_HAD
    } else {
        ALL_PASSED
    }
}

/// Every mutant dies by the check meant for it, and every check kills one.
pub(super) fn mutant_gates(lab: &Lab, mutants: &[MutantResult]) -> [Gate; 2] {
    let id = &lab.manifest.id;
    let of_lab = || mutants.iter().filter(|mutant| mutant.lab == *id);
    let alive = of_lab().filter(|mutant| !matches!(mutant.fate, Fate::Killed | Fate::NotRun));
    let alive = alive.map(|mutant| format!("{}: {}", mutant.id, mutant.problem.clone().unwrap_or_default()));
    let killers: BTreeSet<&str> = of_lab().flat_map(|mutant| mutant.killed_by.iter().map(String::as_str)).collect();
    // A check whose mutant could not be run here is neither proven nor unproven.
    let left_out = of_lab().filter(|mutant| mutant.fate == Fate::NotRun);
    let undecided: BTreeSet<&str> = left_out.map(|mutant| mutant.meant_for.as_str()).collect();
    let unproven =
        lab.checks.iter().map(|check| check.id).filter(|id| !killers.contains(id) && !undecided.contains(id));
    let [die, kill] = Gate::MUTANTS.map(|(before, after)| format!("{before}{id}{after}"));
    [gate(die, alive.collect()), gate(kill, unproven.map(str::to_owned).collect())]
}

/// Backends differ only where the lab says why.
pub(super) fn parity_gate(lab: &str, found: &[ParityResult]) -> Gate {
    let unexpected = found.iter().filter(|difference| difference.expected_because.is_none());
    let named = unexpected.map(|difference| format!("{}: {} differs", difference.check, difference.key));
    gate(format!("Every backend of {lab} shows the same, but for what parity.toml allows"), named.collect())
}

fn gate(title: String, problems: Vec<String>) -> Gate {
    Gate { title, holds: problems.is_empty(), problems }
}
