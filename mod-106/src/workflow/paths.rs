//! The feasible paths of a run: every way in which jobs may run, be skipped, end well or fail, with what is unknown decided both ways.
//!
//! A condition that depends on what only a run can tell splits the path at that question, and the answer holds wherever the question
//! turns up again on the same path. What is not modelled errs towards *feasible*: two questions that in truth exclude each other may both
//! be answered yes. A job that nothing waits for is not split by how it ends. Next: `rules` judges the visits.

use super::expression::{Atom, Error, Unknown, Value};
use super::facts::{Facts, Outcome};
use super::model::{Body, Job, Trigger};
use super::plan::{Files, Operation, Plan};
use super::policy::{Duties, Policy, is_named};
use std::collections::HashMap;

/// Production was reached.
#[derive(Debug)]
pub struct Visit {
    /// The job that reached it.
    pub node: usize,
    /// It, or a job before it, waited for approval and got it.
    pub approved: bool,
    /// Tests ran before, passed, and would have stopped it.
    pub tested: bool,
    /// A few got the release before.
    pub canaried: bool,
    /// Whether it is only clear at run time that this is production.
    pub perhaps: bool,
    /// The way there.
    pub path: Vec<String>,
}

/// All visits to production of one workflow's runs.
#[derive(Debug, Default)]
pub struct Walk {
    /// In the order in which they were found.
    pub visits: Vec<Visit>,
    /// How many paths were walked to their end.
    pub explored: usize,
    /// Whether these are all.
    pub complete: bool,
}

/// A point from which a path goes on.
#[derive(Debug, Clone)]
struct Point {
    operation: usize,
    outcomes: Vec<Option<Outcome>>,
    approved: Vec<bool>,
    tested: Vec<bool>,
    canaried: Vec<bool>,
    assumed: HashMap<String, Value>,
    path: Vec<String>,
}

/// What a point leads to.
enum Step {
    /// Nothing to decide.
    On(Point),
    /// A question was in the way.
    Split(Vec<Point>),
}

/// What one run is walked with.
struct Walker<'a> {
    files: &'a Files,
    plan: &'a Plan,
    policy: &'a Policy,
    duties: &'a [Duties],
    trigger: &'a Trigger,
    visits: Vec<Visit>,
}

/// Walks the paths of a workflow for each of its triggers, at most `bound` in all.
pub fn walk(files: &Files, workflow: usize, plan: &Plan, policy: &Policy, bound: usize) -> Walk {
    let duties: Vec<_> = plan.nodes.iter().map(|node| policy.duties(job(files, node.workflow, node.job))).collect();
    let mut walk = Walk { complete: true, ..Walk::default() };
    for trigger in &files.workflows[workflow].triggers {
        let mut walker = Walker { files, plan, policy, duties: &duties, trigger, visits: Vec::new() };
        let nodes = plan.nodes.len();
        let name = &files.workflows[workflow].name;
        let mut points = vec![Point {
            operation: 0,
            outcomes: vec![None; nodes],
            approved: vec![false; nodes],
            tested: vec![false; nodes],
            canaried: vec![false; nodes],
            assumed: HashMap::new(),
            path: vec![started(name, trigger)],
        }];
        while let Some(point) = points.pop() {
            if point.operation == plan.operations.len() {
                walk.explored += 1;
                continue;
            }
            if walk.explored >= bound {
                walk.complete = false;
                break;
            }
            match walker.step(point) {
                Step::On(point) => points.push(point),
                // The last is looked at first: better news comes last, so that witnesses are short.
                Step::Split(next) => points.extend(next),
            }
        }
        walk.visits.append(&mut walker.visits);
    }
    walk
}

fn started(name: &str, trigger: &Trigger) -> String {
    let branches = trigger.branches.join(", ");
    if branches.is_empty() {
        format!("{} starts {name}", trigger.event)
    } else {
        format!("{} to {branches} starts {name}", trigger.event)
    }
}

fn job(files: &Files, workflow: usize, job: usize) -> &Job {
    &files.workflows[workflow].jobs[job]
}

impl<'a> Walker<'a> {
    fn step(&mut self, mut point: Point) -> Step {
        match self.plan.operations[point.operation] {
            Operation::Leave(node) => {
                let inner: Vec<_> =
                    (0..self.plan.nodes.len()).filter(|each| self.plan.nodes[*each].parent == Some(node)).collect();
                let any = |outcome| inner.iter().any(|each| point.outcomes[*each] == Some(outcome));
                let ended = match (point.outcomes[node], any(Outcome::Failure), any(Outcome::Success)) {
                    (Some(Outcome::Skipped), ..) | (_, false, false) => Outcome::Skipped,
                    (_, true, _) => Outcome::Failure,
                    _ => Outcome::Success,
                };
                point.outcomes[node] = Some(ended);
                point.operation += 1;
                Step::On(point)
            }
            Operation::Enter(node) | Operation::Job(node) => {
                let parent = self.plan.nodes[node].parent;
                if parent.is_some_and(|parent| point.outcomes[parent] == Some(Outcome::Skipped)) {
                    return Step::On(end(point, node, Outcome::Skipped, None));
                }
                let condition = self.job(node).condition.as_deref();
                let title = &self.plan.nodes[node].title;
                match self.decide(&point, node, condition) {
                    Decision::Yes => self.run(point, node),
                    Decision::No => {
                        Step::On(end(point, node, Outcome::Skipped, Some(format!("job {title} is skipped"))))
                    }
                    Decision::Fails(error) => {
                        Step::On(end(point, node, Outcome::Failure, Some(format!("job {title} fails: {error}"))))
                    }
                    Decision::Ask(unknown) => Step::Split(split(&point, &unknown.atom)),
                }
            }
        }
    }

    fn job(&self, node: usize) -> &'a Job {
        job(self.files, self.plan.nodes[node].workflow, self.plan.nodes[node].job)
    }

    fn facts<'b>(&'b self, point: &'b Point) -> Facts<'b> {
        let (files, plan, trigger) = (self.files, self.plan, self.trigger);
        Facts { files, plan, trigger, outcomes: &point.outcomes, assumed: &point.assumed }
    }

    fn decide(&self, point: &Point, node: usize, condition: Option<&str>) -> Decision {
        match self.facts(point).condition(node, condition) {
            Err(error) => Decision::Fails(error),
            Ok(value) => match (value.truth(), value) {
                (Some(true), _) => Decision::Yes,
                (Some(false), _) => Decision::No,
                (None, Value::Unknown(unknown)) => Decision::Ask(unknown),
                (None, _) => Decision::No,
            },
        }
    }

    fn run(&mut self, mut point: Point, node: usize) -> Step {
        let Body::Steps { steps, environment, continues, .. } = &self.job(node).body else {
            if matches!(self.plan.operations[point.operation], Operation::Job(_)) {
                // A workflow of another repository: what it does is not known, and it counts for nothing.
                return self.ends(point, node, &[], false);
            }
            point.outcomes[node] = Some(Outcome::Success);
            point.operation += 1;
            return Step::On(point);
        };
        let environment = match environment.as_deref().map(|name| self.facts(&point).text(node, name)) {
            None => None,
            Some(Ok(Value::Unknown(unknown))) if is_closed(&unknown.atom) => {
                return Step::Split(split(&point, &unknown.atom));
            }
            Some(Ok(name)) => Some(name),
            Some(Err(_)) => None,
        };
        // Which tests run at all.
        let mut ran = Vec::new();
        for test in &self.duties[node].tests {
            let condition = steps[test.step].condition.as_deref().filter(|text| !is_usual(text));
            match condition.map_or(Decision::Yes, |text| self.decide(&point, node, Some(text))) {
                Decision::Yes => {
                    ran.push((test.step, test.swallowed || continues_on_error(&steps[test.step].continues)));
                }
                Decision::No | Decision::Fails(_) => {
                    let title = &self.plan.nodes[node].title;
                    point.path.push(format!("the tests in job {title} are skipped"));
                }
                Decision::Ask(unknown) => return Step::Split(split(&point, &unknown.atom)),
            }
        }
        self.visit(&point, node, environment.as_ref(), &ran);
        let protected = environment.as_ref().is_some_and(|name| self.is(name, &self.policy.protected));
        point.approved[node] = protected;
        point.canaried[node] =
            self.duties[node].canaries || environment.as_ref().is_some_and(|name| self.is(name, &self.policy.canary));
        self.ends(point, node, &ran, continues_on_error(continues))
    }

    fn is(&self, name: &Value, names: &[String]) -> bool {
        name.kind().is_some() && !matches!(name, Value::Unknown(_)) && is_named(&name.coerced(), names)
    }

    /// Notes that production is reached, if this job does so.
    fn visit(&mut self, point: &Point, node: usize, environment: Option<&Value>, ran: &[(usize, bool)]) {
        let duties = &self.duties[node];
        let perhaps = matches!(environment, Some(Value::Unknown(_)));
        let named = environment.is_some_and(|name| self.is(name, &self.policy.production));
        // Going back to what was approved and tested before asks for neither again.
        let back = duties.rolls_back && !duties.promotes;
        if back || !(named || duties.promotes || perhaps) || self.is_gate(node) {
            return;
        }
        let before = self.plan.ancestors(node);
        let own_tests = ran.iter().any(|(_, swallowed)| !swallowed);
        let title = &self.plan.nodes[node].title;
        let mut path = point.path.clone();
        path.push(format!("job {title} goes to production"));
        self.visits.push(Visit {
            node,
            approved: before.iter().any(|each| point.approved[*each])
                || environment.is_some_and(|name| self.is(name, &self.policy.protected)),
            tested: own_tests || before.iter().any(|each| point.tested[*each]),
            canaried: before.iter().any(|each| point.canaried[*each]),
            perhaps: perhaps && !duties.promotes,
            path,
        });
    }

    /// A job that only waits for approval: it has the environment, and neither uses nor runs anything that could deploy.
    fn is_gate(&self, node: usize) -> bool {
        let Body::Steps { steps, .. } = &self.job(node).body else { return false };
        steps.iter().all(|step| {
            let said = |line: &str| {
                line.is_empty() || ["#", "echo ", "printf ", "true", ":"].iter().any(|start| line.starts_with(start))
            };
            step.uses.is_none() && step.run.as_deref().is_some_and(|run| run.lines().all(|line| said(line.trim())))
        })
    }

    /// Splits a path by how a job that runs may end.
    fn ends(&self, point: Point, node: usize, ran: &[(usize, bool)], continues: bool) -> Step {
        let title = &self.plan.nodes[node].title;
        let counts = ran.iter().any(|(_, swallowed)| !swallowed);
        let mut well = point.clone();
        well.tested[node] = counts;
        let label = if well.approved[node] {
            format!("job {title} is approved and succeeds")
        } else {
            format!("job {title} succeeds")
        };
        let well = end(well, node, Outcome::Success, Some(label));
        if !self.plan.nodes[node].feeds {
            return Step::On(well);
        }
        let mut badly = point;
        let refused = badly.approved[node];
        (badly.approved[node], badly.tested[node], badly.canaried[node]) = (false, false, false);
        let word = match (refused, continues) {
            (_, true) => "fails, and counts as a success",
            (true, false) => "is not approved or fails",
            (false, false) => "fails",
        };
        let outcome = if continues { Outcome::Success } else { Outcome::Failure };
        Step::Split(vec![well, end(badly, node, outcome, Some(format!("job {title} {word}")))])
    }
}

enum Decision {
    Yes,
    No,
    Fails(Error),
    Ask(Unknown),
}

fn end(mut point: Point, node: usize, outcome: Outcome, said: Option<String>) -> Point {
    point.outcomes[node] = Some(outcome);
    if outcome != Outcome::Success {
        (point.approved[node], point.tested[node], point.canaried[node]) = (false, false, false);
    }
    point.path.extend(said);
    point.operation += 1;
    point
}

/// One point for each answer.
fn split(point: &Point, atom: &Atom) -> Vec<Point> {
    let each = atom.choices.iter().map(|choice| {
        let mut next = point.clone();
        next.assumed.extend(choice.known.iter().cloned());
        next.path.push(choice.label.clone());
        next
    });
    each.collect()
}

/// Whether its answers name every value that it can have.
fn is_closed(atom: &Atom) -> bool {
    let known = |value: &Value| !matches!(value, Value::Unknown(_));
    !atom.choices.is_empty() && atom.choices.iter().all(|choice| choice.known.iter().all(|(_, value)| known(value)))
}

/// Conditions of steps that never keep a step from running where all before it went well.
fn is_usual(condition: &str) -> bool {
    let bare: String = condition.chars().filter(|character| !character.is_whitespace()).collect();
    let bare = bare.trim_start_matches("${{").trim_end_matches("}}");
    matches!(bare, "success()" | "always()" | "!cancelled()")
}

/// Anything but a plain `false` may go on.
pub fn continues_on_error(text: &str) -> bool {
    text.trim() != "false"
}
