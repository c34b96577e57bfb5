//! What may count as evidence. Every piece is checked twice: that it exists, when the file is read, and what the run says of it, at
//! the end. A human's sign-off is evidence too, but only with a name and a date; until then the line waits for it.

use crate::{
    labs::Lab,
    results::{Claim, EvidenceResult, Results, Standing},
    verdict::Verdict,
};
use serde::Deserialize;
use std::path::Path;

/// One piece of evidence.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Raw")]
pub enum Evidence {
    /// A check of a lab, such as `mod-106/lab-1/server-speaks-mlflow`.
    Check(String),
    /// Every check of a lab.
    Lab(String),
    /// Every mutant of a lab dies, and every check kills one.
    Mutants(String),
    /// A file of the repository that holds this text.
    File(String, Option<String>),
    /// A test, as `file.rs::function`; `cargo xtask test` runs it, validate does not.
    Test(String),
    /// Somebody who answers for what no program can see.
    SignOff {
        /// The role that must sign.
        role: String,
        /// Who has signed, and when.
        signed: Option<(String, jiff::civil::Date)>,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    check: Option<String>,
    lab: Option<String>,
    mutants: Option<String>,
    file: Option<String>,
    holds: Option<String>,
    test: Option<String>,
    sign_off: Option<String>,
    by: Option<String>,
    date: Option<String>,
}

impl TryFrom<Raw> for Evidence {
    type Error = String;

    fn try_from(raw: Raw) -> Result<Self, String> {
        let signed = match (raw.by, raw.date) {
            (None, None) => None,
            (Some(by), Some(date)) => {
                let date = date.parse().map_err(|_| format!("`date` is `{date}`: expected a day like 2026-11-21"))?;
                Some((by, date))
            }
            _ => return Err("a sign-off has both `by` and `date`, or neither yet".to_owned()),
        };
        match (raw.check, raw.lab, raw.mutants, raw.file, raw.test, raw.sign_off) {
            (Some(check), None, None, None, None, None) => Ok(Self::Check(check)),
            (None, Some(lab), None, None, None, None) => Ok(Self::Lab(lab)),
            (None, None, Some(lab), None, None, None) => Ok(Self::Mutants(lab)),
            (None, None, None, Some(file), None, None) => Ok(Self::File(file, raw.holds)),
            (None, None, None, None, Some(test), None) => Ok(Self::Test(test)),
            (None, None, None, None, None, Some(role)) => Ok(Self::SignOff { role, signed }),
            _ => Err("expected exactly one of `check`, `lab`, `mutants`, `file`, `test`, `sign_off`".to_owned()),
        }
    }
}

/// What evidence may come from: every lab there is, and the repository.
#[derive(Clone, Copy)]
pub struct Known<'a> {
    labs: &'a [Lab],
    repository: &'a Path,
}

impl<'a> Known<'a> {
    /// All labs, and the repository's root.
    #[must_use]
    pub fn new(labs: &'a [Lab], repository: &'a Path) -> Self {
        Self { labs, repository }
    }

    fn lab(&self, id: &str) -> Result<&Lab, String> {
        let known = || self.labs.iter().map(|lab| lab.manifest.id.as_str()).collect::<Vec<_>>().join(", ");
        let found = self.labs.iter().find(|lab| lab.manifest.id == id);
        found.ok_or_else(|| format!("there is no lab `{id}`: expected one of {}", known()))
    }

    fn read(&self, file: &str) -> Result<String, String> {
        std::fs::read_to_string(self.repository.join(file)).map_err(|error| format!("the file {file}: {error}"))
    }
}

impl Evidence {
    /// Whether it exists.
    ///
    /// # Errors
    /// What does not, and what was expected.
    pub fn exists(&self, known: &Known<'_>) -> Result<(), String> {
        match self {
            Self::Check(id) => {
                let (lab, check) = id.rsplit_once('/').unwrap_or_default();
                let lab = known.lab(lab)?;
                let found = lab.checks.iter().any(|known| known.id == check);
                found.then_some(()).ok_or_else(|| format!("{} has no check `{check}`", lab.manifest.id))
            }
            Self::Lab(id) | Self::Mutants(id) => known.lab(id).map(drop),
            Self::File(file, None) => {
                let found = known.repository.join(file).exists();
                found.then_some(()).ok_or_else(|| format!("the file {file} does not exist"))
            }
            Self::File(file, Some(text)) => {
                let found = known.read(file)?.contains(text.as_str());
                found.then_some(()).ok_or_else(|| format!("the file {file} does not hold `{text}`"))
            }
            Self::Test(test) => {
                let (file, name) = test.split_once("::").ok_or("a test is written `file.rs::function`")?;
                let found = known.read(file)?.contains(&format!("fn {name}("));
                found.then_some(()).ok_or_else(|| format!("the file {file} has no test `{name}`"))
            }
            Self::SignOff { role, .. } if role.trim().is_empty() => {
                Err("a sign-off names the role that signs".to_owned())
            }
            Self::SignOff { .. } => Ok(()),
        }
    }

    /// As reports name it; also where the file is pointed at.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Check(name) | Self::Lab(name) | Self::Mutants(name) | Self::Test(name) => name,
            Self::File(file, _) => file,
            Self::SignOff { role, .. } => role,
        }
    }

    /// What a run says of it.
    pub(super) fn judged(&self, results: &Results, known: &Known<'_>) -> EvidenceResult {
        let (what, state, note) = match self {
            Self::Check(id) => {
                let (lab, check) = id.rsplit_once('/').unwrap_or_default();
                (format!("check {id}"), of_check(results, lab, check), None)
            }
            Self::Lab(id) => {
                let checks = known.lab(id).map_or(&[][..], |lab| lab.checks);
                let verdicts: Vec<Standing> = checks.iter().map(|check| of_check(results, id, check.id)).collect();
                let passed = verdicts.iter().filter(|state| **state == Standing::Passed).count();
                let note = format!("{passed} of {} checks passed", checks.len());
                (format!("lab {id}"), whole_lab(results, id, &verdicts), Some(note))
            }
            Self::Mutants(id) => {
                let gates = results.gates.iter().filter(|gate| gate.of_mutants_of(id));
                let holds: Vec<bool> = gates.map(|gate| gate.holds).collect();
                let state = match holds.as_slice() {
                    [] => Standing::NotRun,
                    holds if holds.iter().all(|holds| *holds) => Standing::Passed,
                    _ => Standing::Failed,
                };
                let note = (state == Standing::NotRun).then(|| "run with --mutants".to_owned());
                (format!("the kill matrix of {id}"), state, note)
            }
            Self::File(file, _) => (format!("file {file}"), Standing::Passed, None),
            Self::Test(test) => {
                let note = Some("run by `cargo xtask test`, not by validate".to_owned());
                (format!("test {test}"), Standing::NotRun, note)
            }
            Self::SignOff { role, signed: None } => (format!("sign-off by {role}"), Standing::AwaitingSignOff, None),
            Self::SignOff { role, signed: Some((by, date)) } => {
                (format!("sign-off by {role}"), Standing::Passed, Some(format!("{by}, {date}")))
            }
        };
        EvidenceResult { what, state, note }
    }
}

/// A line with its evidence, judged: as bad as the worst of it.
pub(super) fn claim(id: &str, title: &str, evidence: &[Evidence], results: &Results, known: &Known<'_>) -> Claim {
    let evidence: Vec<EvidenceResult> = evidence.iter().map(|piece| piece.judged(results, known)).collect();
    let state = evidence.iter().map(|piece| piece.state).max().unwrap_or(Standing::Failed);
    Claim { id: id.to_owned(), title: title.to_owned(), state, evidence }
}

/// On every submission and backend that was run: one that failed counts, one that was left out does not.
fn of_check(results: &Results, lab: &str, check: &str) -> Standing {
    let mut verdicts = results.checks.iter().filter(|found| found.lab == lab && found.id == check).map(|it| it.verdict);
    let (mut passed, mut lost) = (false, false);
    verdicts.by_ref().for_each(|verdict| {
        passed |= verdict == Verdict::Passed;
        lost |= verdict.costs_points();
    });
    match (lost, passed) {
        (true, _) => Standing::Failed,
        (false, true) => Standing::Passed,
        (false, false) => Standing::NotRun,
    }
}

/// What nobody claimed leaves a lab, as it leaves its points.
fn whole_lab(results: &Results, lab: &str, checks: &[Standing]) -> Standing {
    let unclaimed = |found: &&crate::results::CheckResult| found.lab == lab && found.verdict == Verdict::NotClaimed;
    let unclaimed: std::collections::BTreeSet<&str> =
        results.checks.iter().filter(unclaimed).map(|found| found.id.as_str()).collect();
    let not_run = checks.iter().filter(|state| **state == Standing::NotRun).count();
    match checks.iter().max() {
        Some(Standing::NotRun) if not_run <= unclaimed.len() && not_run < checks.len() => Standing::Passed,
        Some(worst) => *worst,
        None => Standing::NotRun,
    }
}
