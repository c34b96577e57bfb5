//! From files to a plan: the jobs of one run in an order in which they may happen, called workflows unfolded in their place.

use super::finding::Finding;
use super::model::{Body, Workflow};
use super::read;
use super::rules::list;
use super::source::Part;
use std::path::{Path, PathBuf};

/// GitHub goes no deeper.
const DEEPEST: usize = 10;

/// All files: those that were asked for, and those that they call.
#[derive(Debug, Default)]
pub struct Files {
    /// The workflows.
    pub workflows: Vec<Workflow>,
    /// What is wrong with files, and between them.
    pub found: Vec<Finding>,
}

/// A job of a run, or a call that stands for the jobs of another workflow.
#[derive(Debug)]
pub struct Node {
    /// The workflow in [`Files`].
    pub workflow: usize,
    /// The job in it.
    pub job: usize,
    /// As people see it: `release / test`.
    pub title: String,
    /// What tells apart what called workflows name alike: the caller's title; empty at the top.
    pub place: String,
    /// The call that it belongs to.
    pub parent: Option<usize>,
    /// The jobs it names in `needs`.
    pub needs: Vec<usize>,
    /// All jobs beside it that come before it by `needs`.
    pub before: Vec<usize>,
    /// Whether anything depends on how it ends.
    pub feeds: bool,
}

/// What happens next in a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// A job runs or is skipped.
    Job(usize),
    /// A call begins or is skipped.
    Enter(usize),
    /// A call ends.
    Leave(usize),
}

/// One workflow's run.
#[derive(Debug, Default)]
pub struct Plan {
    /// Its jobs and calls.
    pub nodes: Vec<Node>,
    /// In order.
    pub operations: Vec<Operation>,
}

impl Files {
    /// Reads the files, and every workflow of the repository that they call.
    pub fn read(paths: &[PathBuf]) -> Self {
        let mut files = Self::default();
        for path in paths {
            files.add(path, &path.display().to_string());
        }
        let mut next = 0;
        while next < files.workflows.len() {
            files.follow(next);
            next += 1;
        }
        for workflow in 0..files.workflows.len() {
            files.check_needs(workflow);
        }
        files
    }

    /// Takes workflows that were read elsewhere.
    pub fn of(workflows: Vec<Workflow>) -> Self {
        let mut files = Self { workflows, found: Vec::new() };
        (0..files.workflows.len()).for_each(|workflow| files.check_needs(workflow));
        files
    }

    fn add(&mut self, path: &Path, name: &str) {
        if self.workflows.iter().any(|workflow| same(&workflow.source.path, path)) {
            return;
        }
        match read::workflow(path, name) {
            Ok(workflow) => self.workflows.push(workflow),
            Err(found) => self.found.extend(found),
        }
    }

    fn follow(&mut self, caller: usize) {
        let workflow = &self.workflows[caller];
        let mut called = Vec::new();
        for job in &workflow.jobs {
            let Body::Call { uses, .. } = &job.body else { continue };
            if !is_local(uses) {
                continue;
            }
            let path = local(&workflow.source.path, uses);
            if path.is_file() {
                called.push(path);
            } else {
                let route = [Part::Key("jobs"), Part::Key(&job.id), Part::Key("uses")];
                let message = format!("job `{}` calls {uses}, and there is no {}", job.id, path.display());
                self.found.push(list::WORKFLOW_MISSING.at(workflow.source.at(&route), message));
            }
        }
        for path in called {
            let name = path.display().to_string();
            self.add(&path, &name);
        }
    }

    /// The workflow that a call means, if it is at hand.
    pub fn called(&self, caller: usize, uses: &str) -> Option<usize> {
        let path = is_local(uses).then(|| local(&self.workflows[caller].source.path, uses))?;
        self.workflows.iter().position(|workflow| same(&workflow.source.path, &path))
    }

    fn check_needs(&mut self, at: usize) {
        let workflow = &self.workflows[at];
        let mut found = Vec::new();
        for job in &workflow.jobs {
            let route = [Part::Key("jobs"), Part::Key(&job.id), Part::Key("needs")];
            for need in job.needs.iter().filter(|need| workflow.job(need).is_none()) {
                let names: Vec<_> = workflow.jobs.iter().map(|job| job.id.as_str()).collect();
                let message = format!("job `{}` needs `{need}`, and the jobs here are {}", job.id, names.join(", "));
                found.push(list::NEEDS_UNKNOWN.at(workflow.source.within(&route, need), message));
            }
        }
        let (_, circle) = order(workflow);
        if let Some(first) = circle.first() {
            let route = [Part::Key("jobs"), Part::Key(&workflow.jobs[*first].id), Part::Key("needs")];
            let names: Vec<_> = circle.iter().map(|job| workflow.jobs[*job].id.as_str()).collect();
            let message = format!("these jobs wait for each other: {}", names.join(", "));
            found.push(list::NEEDS_CYCLE.at(workflow.source.at(&route), message));
        }
        for job in &workflow.jobs {
            let Body::Call { uses, .. } = &job.body else { continue };
            let Some(called) = self.called(at, uses) else { continue };
            if self.workflows[called].call.is_none() {
                let route = [Part::Key("jobs"), Part::Key(&job.id), Part::Key("uses")];
                let message = format!("job `{}` calls {uses}, which has no `workflow_call` under `on`", job.id);
                found.push(list::WORKFLOW_MISSING.at(workflow.source.at(&route), message));
            }
        }
        self.found.extend(found);
    }

    /// The plan of a run of this workflow.
    ///
    /// # Errors
    /// A chain of calls that is deeper than GitHub goes, as one that comes back to itself is.
    pub fn plan(&self, workflow: usize) -> Result<Plan, Box<Finding>> {
        let mut plan = Plan::default();
        self.unfold(workflow, None, 0, &mut plan)?;
        Ok(plan)
    }

    fn unfold(&self, at: usize, parent: Option<usize>, depth: usize, plan: &mut Plan) -> Result<(), Box<Finding>> {
        let workflow = &self.workflows[at];
        if depth > DEEPEST {
            let message = format!("workflows call each other more than {DEEPEST} deep, or in a circle");
            return Err(Box::new(list::WORKFLOW_MISSING.at(workflow.source.at(&[]), message)));
        }
        let place = parent.map_or_else(String::new, |parent| plan.nodes[parent].title.clone());
        let feeds_parent = parent.is_some_and(|parent| plan.nodes[parent].feeds);
        let mut node_of = vec![usize::MAX; workflow.jobs.len()];
        for index in order(workflow).0 {
            let job = &workflow.jobs[index];
            let needs: Vec<_> =
                job.needs.iter().filter_map(|need| workflow.job(need)).map(|job| node_of[job]).collect();
            let mut before = needs.clone();
            before.extend(needs.iter().flat_map(|need| plan.nodes[*need].before.clone()));
            before.sort_unstable();
            before.dedup();
            let feeds = feeds_parent
                || workflow.jobs.iter().any(|other| other.needs.iter().any(|need| need.eq_ignore_ascii_case(&job.id)));
            let title = if place.is_empty() { job.id.clone() } else { format!("{place} / {}", job.id) };
            let node = plan.nodes.len();
            node_of[index] = node;
            plan.nodes.push(Node {
                workflow: at,
                job: index,
                title,
                place: place.clone(),
                parent,
                needs,
                before,
                feeds,
            });
            let called = match &job.body {
                Body::Call { uses, .. } => self.called(at, uses),
                Body::Steps { .. } => None,
            };
            match called {
                Some(called) => {
                    plan.operations.push(Operation::Enter(node));
                    self.unfold(called, Some(node), depth + 1, plan)?;
                    plan.operations.push(Operation::Leave(node));
                }
                None => plan.operations.push(Operation::Job(node)),
            }
        }
        Ok(())
    }
}

impl Plan {
    /// All jobs that must have been dealt with before this one, in other workflows of the run too.
    pub fn ancestors(&self, node: usize) -> Vec<usize> {
        let own = &self.nodes[node];
        let mut all = own.before.clone();
        // What a call holds is before whatever needs the call.
        let inside =
            |each: &usize| (0..self.nodes.len()).filter(|inner| self.is_inside(*inner, *each)).collect::<Vec<_>>();
        all.extend(own.before.iter().flat_map(inside));
        all.extend(own.parent.into_iter().flat_map(|parent| self.ancestors(parent)));
        all
    }

    fn is_inside(&self, inner: usize, call: usize) -> bool {
        let parent = self.nodes[inner].parent;
        parent.is_some_and(|parent| parent == call || self.is_inside(parent, call))
    }
}

/// The jobs so that each comes after what it needs, and those that cannot be put in order.
fn order(workflow: &Workflow) -> (Vec<usize>, Vec<usize>) {
    let needs = |job: usize| workflow.jobs[job].needs.iter().filter_map(|need| workflow.job(need));
    let mut ordered: Vec<usize> = Vec::new();
    let mut waiting: Vec<usize> = (0..workflow.jobs.len()).collect();
    loop {
        let ready = waiting.iter().position(|job| needs(*job).all(|need| ordered.contains(&need)));
        let Some(ready) = ready else { return (ordered, waiting) };
        ordered.push(waiting.remove(ready));
    }
}

/// Both name a file of the same repository: as it is checked out, and at the commit of the calling workflow.
pub fn is_local(uses: &str) -> bool {
    uses.starts_with("./") || uses.starts_with("$/")
}

/// Where `./.github/workflows/a.yml` is: below the repository, or beside the caller where there is no repository.
fn local(caller: &Path, uses: &str) -> PathBuf {
    let relative = uses.get(2..).unwrap_or_default();
    let repository = caller.ancestors().find(|folder| folder.ends_with(".github")).and_then(Path::parent);
    match (repository, Path::new(relative).file_name()) {
        (Some(repository), _) => repository.join(relative),
        (None, Some(file)) => caller.with_file_name(file),
        (None, None) => caller.to_owned(),
    }
}

fn same(left: &Path, right: &Path) -> bool {
    left == right
        || std::fs::canonicalize(left).is_ok_and(|left| std::fs::canonicalize(right).is_ok_and(|right| left == right))
}
