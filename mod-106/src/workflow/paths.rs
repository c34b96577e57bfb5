//! The feasible paths of a run: every way in which jobs may run, be skipped, end well or fail, with what is unknown decided both ways.
//!
//! A condition that depends on what only a run can tell splits the path at that question, and the answer holds wherever the question
//! turns up again on the same path. What is not modelled errs towards *feasible*: two questions that in truth exclude each other may both
//! be answered yes. A job that nothing waits for is not split by how it ends. Next: `rules` judges the visits.

use super::expression::{Atom, Error, Unknown, Value};
use super::facts::{Facts, Outcome, leg_label};
use super::model::{Body, Job, Trigger};
use super::plan::{Files, Operation, Plan};
use super::policy::{Duties, Policy, is_named};
use serde_json::{Map, Value as Json};
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
                match decide(&self.facts(&point, None), node, condition) {
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

    fn facts<'b>(&'b self, point: &'b Point, leg: Option<(usize, &'b Map<String, Json>)>) -> Facts<'b> {
        let (files, plan, trigger) = (self.files, self.plan, self.trigger);
        Facts { files, plan, trigger, outcomes: &point.outcomes, assumed: &point.assumed, leg }
    }

    fn run(&mut self, mut point: Point, node: usize) -> Step {
        if matches!(self.job(node).body, Body::Call { .. }) {
            if matches!(self.plan.operations[point.operation], Operation::Job(_)) {
                // A workflow of another repository: what it does is not known, and it counts for nothing.
                return self.ends(&point, node, &[Leg::default()]);
            }
            point.outcomes[node] = Some(Outcome::Success);
            point.operation += 1;
            return Step::On(point);
        }
        let legs = match &self.job(node).matrix {
            None => self.leg(&point, node, None).map(|leg| vec![leg]),
            // All of them run: what one of them tests is tested, and whose approval one of them needs has to approve.
            Some(matrix) => matrix.legs.iter().map(|leg| self.leg(&point, node, Some(leg))).collect(),
        };
        let legs = match legs {
            Ok(legs) => legs,
            Err(unknown) => return Step::Split(split(&point, &unknown.atom)),
        };
        let title = &self.plan.nodes[node].title;
        let skipped = legs.iter().filter(|leg| leg.skips);
        point.path.extend(skipped.map(|leg| format!("the tests in job {title}{} are skipped", leg.label)));
        for leg in &legs {
            self.visit(&point, node, leg);
        }
        self.ends(&point, node, &legs)
    }

    /// What a leg of a job does on this path, or what has to be decided first.
    fn leg(&self, point: &Point, node: usize, of: Option<&Map<String, Json>>) -> Result<Leg, Unknown> {
        let Body::Steps { steps, environment, continues, .. } = &self.job(node).body else { return Ok(Leg::default()) };
        let facts = self.facts(point, of.map(|leg| (node, leg)));
        let environment = match environment.as_deref().map(|name| facts.text(node, name)) {
            Some(Ok(Value::Unknown(unknown))) if unknown.atom.is_closed() => return Err(unknown),
            Some(Ok(name)) => Some(name),
            Some(Err(_)) | None => None,
        };
        let is = |names: &[String]| environment.as_ref().is_some_and(|name| is(name, names));
        let mut leg = Leg {
            label: of.map_or_else(String::new, |leg| format!(" {}", leg_label(leg))),
            approved: is(&self.policy.protected),
            canaried: self.duties[node].canaries || is(&self.policy.canary),
            production: is(&self.policy.production),
            perhaps: matches!(environment, Some(Value::Unknown(_))),
            continues: goes_on(&facts, node, continues),
            ..Leg::default()
        };
        // Which tests run at all.
        for test in &self.duties[node].tests {
            let condition = steps[test.step].condition.as_deref().filter(|text| !is_usual(text));
            match condition.map_or(Decision::Yes, |text| decide(&facts, node, Some(text))) {
                Decision::Yes => {
                    let swallowed = test.swallowed || goes_on(&facts, node, &steps[test.step].continues) != Some(false);
                    leg.tested |= !swallowed;
                }
                Decision::No | Decision::Fails(_) => leg.skips = true,
                Decision::Ask(unknown) => return Err(unknown),
            }
        }
        Ok(leg)
    }

    /// Notes that production is reached, if this leg of a job does so.
    fn visit(&mut self, point: &Point, node: usize, leg: &Leg) {
        let duties = &self.duties[node];
        // Going back to what was approved and tested before asks for neither again.
        let back = duties.rolls_back && !duties.promotes;
        if back || !(leg.production || duties.promotes || leg.perhaps) || self.is_gate(node) {
            return;
        }
        let before = self.plan.ancestors(node);
        let mut path = point.path.clone();
        path.push(format!("job {}{} goes to production", self.plan.nodes[node].title, leg.label));
        self.visits.push(Visit {
            node,
            approved: leg.approved || before.iter().any(|each| point.approved[*each]),
            tested: leg.tested || before.iter().any(|each| point.tested[*each]),
            canaried: before.iter().any(|each| point.canaried[*each]),
            perhaps: leg.perhaps && !duties.promotes,
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
    fn ends(&self, point: &Point, node: usize, legs: &[Leg]) -> Step {
        let title = &self.plan.nodes[node].title;
        let with = |counts: fn(&Leg) -> bool, outcome, word: &str| {
            let mut point = point.clone();
            let any = |holds: fn(&Leg) -> bool| legs.iter().any(|leg| counts(leg) && holds(leg));
            (point.approved[node], point.tested[node], point.canaried[node]) =
                (any(|leg| leg.approved), any(|leg| leg.tested), any(|leg| leg.canaried));
            end(point, node, outcome, Some(format!("job {title} {word}")))
        };
        let approved = legs.iter().any(|leg| leg.approved);
        let well = with(|_| true, Outcome::Success, if approved { "is approved and succeeds" } else { "succeeds" });
        if !self.plan.nodes[node].feeds {
            return Step::On(well);
        }
        let mut all = vec![well];
        if legs.iter().any(|leg| leg.continues != Some(false)) {
            let sure = |leg: &Leg| leg.continues == Some(false);
            all.push(with(sure, Outcome::Success, "fails, and counts as a success"));
        }
        if legs.iter().any(|leg| leg.continues != Some(true)) {
            let word = if approved { "is not approved or fails" } else { "fails" };
            all.push(with(|_| false, Outcome::Failure, word));
        }
        Step::Split(all)
    }
}

/// What a job does, or one leg of it, where it has a matrix.
struct Leg {
    /// The leg, for people.
    label: String,
    /// It waits for approval.
    approved: bool,
    /// It tests, and would stop what follows.
    tested: bool,
    /// Some test of it is skipped.
    skips: bool,
    /// It gives the release to a few.
    canaried: bool,
    /// It is production.
    production: bool,
    /// Only a run tells whether it is.
    perhaps: bool,
    /// Whether the job goes on when it fails; nothing where only a run tells.
    continues: Option<bool>,
}

impl Default for Leg {
    /// Nothing that counts; where it fails, the job does.
    fn default() -> Self {
        let label = String::new();
        let (approved, tested, skips, canaried, production, perhaps) = (false, false, false, false, false, false);
        Self { label, approved, tested, skips, canaried, production, perhaps, continues: Some(false) }
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

fn decide(facts: &Facts<'_>, node: usize, condition: Option<&str>) -> Decision {
    match facts.condition(node, condition) {
        Err(error) => Decision::Fails(error),
        Ok(value) => match (value.truth(), value) {
            (Some(true), _) => Decision::Yes,
            (Some(false), _) => Decision::No,
            (None, Value::Unknown(unknown)) => Decision::Ask(unknown),
            (None, _) => Decision::No,
        },
    }
}

fn is(name: &Value, names: &[String]) -> bool {
    !matches!(name, Value::Unknown(_)) && is_named(&name.coerced(), names)
}

/// Conditions of steps that never keep a step from running where all before it went well.
fn is_usual(condition: &str) -> bool {
    let bare: String = condition.chars().filter(|character| !character.is_whitespace()).collect();
    let bare = bare.trim_start_matches("${{").trim_end_matches("}}");
    matches!(bare, "success()" | "always()" | "!cancelled()")
}

/// What `continue-on-error` comes to; nothing where only a run tells.
fn goes_on(facts: &Facts<'_>, node: usize, text: &str) -> Option<bool> {
    match facts.text(node, text.trim()).ok()? {
        Value::String(word) => Some(&*word != "false"),
        value => value.truth(),
    }
}
