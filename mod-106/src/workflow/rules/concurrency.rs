//! Whether two deployments wait for each other, and whether a newer one cuts an older one off.
//!
//! GitHub keeps one running and one waiting in a group; a third takes the place of the one that waits. Groups ignore case.

use super::{Entry, list};
use crate::workflow::expression::Value;
use crate::workflow::facts::Facts;
use crate::workflow::finding::{Finding, Place};
use crate::workflow::model::Concurrency;
use crate::workflow::plan::{Files, Plan};
use crate::workflow::policy::Policy;
use crate::workflow::source::Part;
use std::collections::{BTreeSet, HashMap};

/// A group that a job is in.
struct Group {
    /// Nothing where it depends on the run.
    name: Option<String>,
    written: String,
    cancels: bool,
    at: (String, Place),
}

pub(super) fn apply(files: &Files, entries: &[Entry], policy: &Policy, findings: &mut Vec<Finding>) {
    let mut shared: Option<BTreeSet<String>> = None;
    for entry in entries {
        let visited: BTreeSet<usize> = entry.walk.visits.iter().map(|visit| visit.node).collect();
        for (node, place) in entry.plan.nodes.iter().enumerate() {
            let job = &files.workflows[place.workflow].jobs[place.job];
            if !visited.contains(&node) && !policy.duties(job).rolls_back {
                continue;
            }
            let source = &files.workflows[place.workflow].source;
            let at = source.at(&[Part::Key("jobs"), Part::Key(&job.id)]);
            let groups = groups(files, entry, node);
            for group in groups.iter().filter(|group| group.cancels) {
                let message = format!("a newer run may cancel job `{}` while it changes production", job.id);
                findings.push(list::CONCURRENCY_CANCELS.at(group.at.clone(), message));
            }
            for (position, group) in groups.iter().enumerate() {
                if group.name.is_some() && groups[..position].iter().any(|other| other.name == group.name) {
                    let message =
                        format!("group `{}` is taken again below a workflow or job that holds it", group.written);
                    findings.push(list::CONCURRENCY_DEADLOCK.at(group.at.clone(), message));
                }
            }
            let fixed: BTreeSet<String> = groups.iter().filter_map(|group| group.name.clone()).collect();
            match (groups.first(), fixed.is_empty(), &shared) {
                (None, ..) => {
                    let message = format!("job `{}` changes production, and is in no concurrency group", job.id);
                    findings.push(list::CONCURRENCY_MISSING.at(at, message));
                }
                (Some(group), true, _) => {
                    let message = format!("group `{}` of job `{}` is not the same in every run", group.written, job.id);
                    findings.push(list::CONCURRENCY_VARIES.at(group.at.clone(), message));
                }
                (_, false, None) => shared = Some(fixed),
                (Some(group), false, Some(others)) if others.is_disjoint(&fixed) => {
                    let names = |names: &BTreeSet<String>| names.iter().cloned().collect::<Vec<_>>().join("`, `");
                    let message = format!(
                        "job `{}` is in group `{}`, and others that change production are in `{}`",
                        job.id,
                        names(&fixed),
                        names(others)
                    );
                    findings.push(list::CONCURRENCY_DIFFERS.at(group.at.clone(), message));
                }
                (_, false, Some(others)) => shared = Some(others.intersection(&fixed).cloned().collect()),
            }
        }
    }
}

/// All groups that a job is in, from the run's own to the job's.
fn groups(files: &Files, entry: &Entry, node: usize) -> Vec<Group> {
    let plan = &entry.plan;
    let own = &plan.nodes[node];
    let workflow = &files.workflows[own.workflow];
    let mut groups = own.parent.map_or_else(Vec::new, |parent| self::groups(files, entry, parent));
    let job = &workflow.jobs[own.job];
    let key = Part::Key("concurrency");
    // A workflow's group does not see the jobs, so any of its nodes will do to evaluate it.
    for (given, route) in
        [(&workflow.concurrency, vec![key]), (&job.concurrency, vec![Part::Key("jobs"), Part::Key(&job.id), key])]
    {
        let Some(given) = given else { continue };
        let (name, cancels) = evaluate(files, entry, plan, node, given);
        groups.push(Group { name, written: given.group.clone(), cancels, at: workflow.source.at(&route) });
    }
    groups
}

/// The group's name where every run has the same, and whether any run cancels.
fn evaluate(files: &Files, entry: &Entry, plan: &Plan, node: usize, given: &Concurrency) -> (Option<String>, bool) {
    let outcomes = vec![None; plan.nodes.len()];
    let assumed = HashMap::new();
    let mut names = BTreeSet::new();
    let mut cancels = false;
    for trigger in &files.workflows[entry.workflow].triggers {
        let facts = Facts { files, plan, trigger, outcomes: &outcomes, assumed: &assumed, leg: None };
        names.insert(match facts.text(node, &fixed(&given.group)) {
            Ok(Value::Unknown(_)) | Err(_) => None,
            Ok(name) => Some(name.coerced().to_lowercase()),
        });
        cancels |= given.cancels != "false" && facts.text(node, &given.cancels).is_ok_and(|value| !is_false(&value));
    }
    let name = if names.len() == 1 { names.into_iter().next().flatten() } else { None };
    (name, cancels)
}

fn is_false(value: &Value) -> bool {
    value.truth() == Some(false) || matches!(value, Value::String(text) if &**text == "false")
}

/// The repository is not known here, but it is the same in every run.
fn fixed(group: &str) -> String {
    ["github.repository", "github.repository_owner", "github.repository_id"]
        .iter()
        .fold(group.to_owned(), |group, name| {
            group.replace(&format!("${{{{ {name} }}}}"), name).replace(&format!("${{{{{name}}}}}"), name)
        })
}
