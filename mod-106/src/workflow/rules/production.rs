//! What has to come before production, judged by the paths that reach it.

use super::{Entry, list};
use crate::workflow::finding::{Finding, Rule};
use crate::workflow::paths::Visit;
use crate::workflow::plan::Files;
use crate::workflow::policy::Policy;
use crate::workflow::source::Part;
use std::collections::BTreeMap;

/// What must hold of each visit: the rule where it never does, the rule where it does not always, the words for both.
type Demand = (fn(&Visit) -> bool, &'static Rule, &'static Rule, &'static str, &'static str);

const DEMANDS: [Demand; 3] = [
    (
        |visit| visit.tested,
        &list::NO_TESTS,
        &list::TESTS_BYPASSED,
        "goes to production, and depends on no test",
        "goes to production without passed tests",
    ),
    (
        |visit| visit.approved,
        &list::APPROVAL_MISSING,
        &list::APPROVAL_BYPASSED,
        "goes to production, and nobody has to approve it",
        "goes to production without approval",
    ),
    (
        |visit| visit.canaried,
        &list::NO_ROLLOUT,
        &list::ROLLOUT_BYPASSED,
        "goes to production, and no canary comes before",
        "goes to production without a canary that succeeded",
    ),
];

pub(super) fn apply(files: &Files, entries: &[Entry], policy: &Policy, findings: &mut Vec<Finding>) {
    let mut visits: BTreeMap<(usize, usize), Vec<&Visit>> = BTreeMap::new();
    for entry in entries {
        for visit in &entry.walk.visits {
            let node = &entry.plan.nodes[visit.node];
            visits.entry((node.workflow, node.job)).or_default().push(visit);
        }
    }
    for ((workflow, job), visits) in &visits {
        let workflow = &files.workflows[*workflow];
        let id = &workflow.jobs[*job].id;
        let place = workflow.source.at(&[Part::Key("jobs"), Part::Key(id)]);
        let perhaps = if visits.iter().any(|visit| visit.perhaps) { "may be one that " } else { "" };
        for (holds, never, sometimes, words_never, words_sometimes) in DEMANDS {
            // The shortest path says it best.
            let Some(shown) = visits.iter().filter(|visit| !holds(visit)).min_by_key(|visit| visit.path.len()) else {
                continue;
            };
            let (rule, words) = if visits.iter().any(|visit| holds(visit)) {
                (sometimes, words_sometimes)
            } else {
                (never, words_never)
            };
            findings.push(rule.shown(place.clone(), format!("job `{id}` {perhaps}{words}"), shown.path.clone()));
        }
    }
    let Some(first) = files.workflows.first() else { return };
    if visits.is_empty() {
        if entries.iter().any(|entry| !entry.walk.complete) {
            return;
        }
        let message = format!("no job reaches production ({})", policy.production.join(", "));
        findings.push(list::NO_PRODUCTION.at(first.source.at(&[]), message));
        return;
    }
    let back = |entry: &Entry| {
        let mut jobs = entry.plan.nodes.iter().map(|node| &files.workflows[node.workflow].jobs[node.job]);
        jobs.any(|job| policy.duties(job).rolls_back)
    };
    if !entries.iter().any(back) {
        findings.push(list::NO_ROLLBACK.at(first.source.at(&[]), "no job of these workflows rolls back"));
    }
}
