//! Compares what the same checks saw on different backends. A difference is a failure of its own, because a learner who passes in
//! one world must pass in the others, unless the lab's `parity.toml` names it and says why.

use crate::{
    backend::Backend,
    results::{CheckResult, ParityResult},
    submission::{ManifestError, read_toml},
    verdict::Verdict,
};
use serde::Deserialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

/// The key under which verdicts are compared.
const VERDICT: &str = "verdict";

/// A lab's `parity.toml`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ParityFile {
    /// The differences that are accepted.
    pub allow: Vec<Allowance>,
}

/// One accepted difference.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Allowance {
    /// The check that sees it.
    pub check: String,
    /// The backends that may differ from each other; all of them when left out.
    pub between: Option<Vec<Backend>>,
    /// The observation's key, or `verdict`; every one when left out.
    pub key: Option<String>,
    /// Why it is accepted.
    pub reason: String,
}

impl ParityFile {
    /// Reads a lab's allow-list; a lab without one accepts nothing.
    ///
    /// # Errors
    /// The file is malformed.
    pub fn read(path: &Path) -> Result<Self, Box<ManifestError>> {
        if path.exists() { read_toml(path).map(|(file, _)| file) } else { Ok(Self::default()) }
    }
}

/// Every difference between the backends that a lab ran on.
pub(super) fn differences(lab: &str, checks: &[CheckResult], allowed: &ParityFile) -> Vec<ParityResult> {
    let mut by_check: BTreeMap<&str, BTreeMap<Backend, &CheckResult>> = BTreeMap::new();
    let ran = |verdict: Verdict| matches!(verdict, Verdict::Passed | Verdict::Failed | Verdict::TimedOut);
    for check in checks.iter().filter(|check| check.lab == lab && ran(check.verdict)) {
        by_check.entry(&check.id).or_default().insert(check.backend, check);
    }
    let mut found = Vec::new();
    for (id, runs) in by_check.iter().filter(|(_, runs)| runs.len() > 1) {
        let keys: BTreeSet<&str> = runs.values().flat_map(|run| run.observations.keys().map(String::as_str)).collect();
        // A check that failed somewhere stopped in the middle, and what it had not come to is no difference of its own.
        let all_passed = runs.values().all(|run| run.verdict == Verdict::Passed);
        let keys = keys.into_iter().filter(|_| all_passed);
        for key in keys.chain([VERDICT]) {
            let values: BTreeMap<Backend, String> =
                runs.iter().map(|(backend, run)| (*backend, seen(run, key))).collect();
            if values.values().collect::<BTreeSet<_>>().len() > 1 {
                found.push(difference(lab, id, key, values, allowed));
            }
        }
    }
    found
}

fn seen(run: &CheckResult, key: &str) -> String {
    if key == VERDICT {
        return run.verdict.words().to_owned();
    }
    run.observations.get(key).cloned().unwrap_or_else(|| "(nothing)".to_owned())
}

fn difference(
    lab: &str,
    check: &str,
    key: &str,
    values: BTreeMap<Backend, String>,
    allowed: &ParityFile,
) -> ParityResult {
    let covers = |allowance: &&Allowance| {
        allowance.check == check
            && allowance.key.as_deref().is_none_or(|allowed| allowed == key)
            && allowance.between.as_deref().is_none_or(|between| explains(between, &values))
    };
    let allowance = allowed.allow.iter().find(covers);
    ParityResult {
        lab: lab.to_owned(),
        check: check.to_owned(),
        key: key.to_owned(),
        expected_because: allowance.map(|allowance| allowance.reason.clone()),
        values,
    }
}

/// Whether the difference disappears once the backends of `between` may say what they like, one of them standing for the rest.
fn explains(between: &[Backend], seen: &BTreeMap<Backend, String>) -> bool {
    let others: BTreeSet<&String> =
        seen.iter().filter(|(backend, _)| !between.contains(backend)).map(|(_, value)| value).collect();
    let inside =
        seen.iter().any(|(backend, value)| between.contains(backend) && (others.is_empty() || others.contains(value)));
    others.len() <= 1 && inside
}
