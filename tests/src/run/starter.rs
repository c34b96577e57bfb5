//! What a learner begins with must fail, and every failure must come with a hint: an empty hand-in that passes a check would mean
//! that the check asks nothing.

use super::{
    conduct::check_results,
    instance::Surroundings,
    plan::{Selection, Source, targets},
};
use crate::{labs::Lab, results::Gate, verdict::Verdict};

/// Runs the starter of a lab; none where the lab has none.
pub(super) async fn run(lab: &Lab, around: &Surroundings) -> Option<Gate> {
    let folder = lab.folder.join("starter");
    if !folder.join("submission.toml").exists() {
        return None;
    }
    let title = format!("The starter of {} fails, and every failure has a hint", lab.manifest.id);
    let target = match targets(lab, &Source::Folder(folder), &Selection::Cheapest) {
        Ok(groups) => groups.into_iter().flatten().next()?,
        Err(error) => return Some(Gate { title, holds: false, problems: vec![error.to_string()] }),
    };
    let run = check_results(&target, around, &|_| {}).await;
    let failed = || run.checks.iter().filter(|check| matches!(check.verdict, Verdict::Failed | Verdict::TimedOut));
    let silent = failed().filter(|check| check.hint.is_none());
    let mut problems: Vec<String> = silent.map(|check| format!("`{}` fails without a hint", check.id)).collect();
    if failed().next().is_none() {
        problems.push("no check fails".to_owned());
        let reasons =
            run.checks.iter().filter(|check| !check.verdict.counts()).filter_map(|check| check.finding.as_ref());
        problems.extend(reasons.take(1).map(super::super::results::Finding::sentence));
    }
    Some(Gate { title, holds: problems.is_empty(), problems })
}
