//! What is known at a point of a path: the contexts of an expression, and what conditions and texts with expressions come to there.

use super::expression::{self, Atom, Choice, Error, Kind, Object, Scope, Unknown, Value};
use super::matrix::Matrix;
use super::model::{Body, Input, Trigger};
use super::plan::{Files, Plan};
use super::read::expressions;
use github_actions_expressions::call::Function;
use github_actions_expressions::{Expr, SpannedExpr};
use serde_json::{Map, Value as Json};
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

/// How a job ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Its condition was false.
    Skipped,
    /// It ended well.
    Success,
    /// It did not, or nobody approved it.
    Failure,
}

/// A point of a path.
#[derive(Debug)]
pub(super) struct Facts<'a> {
    /// All workflows.
    pub files: &'a Files,
    /// The run.
    pub plan: &'a Plan,
    /// What started it.
    pub trigger: &'a Trigger,
    /// How the jobs before ended.
    pub outcomes: &'a [Option<Outcome>],
    /// What was decided.
    pub assumed: &'a HashMap<String, Value>,
    /// Which leg of which job is looked at, where it has legs.
    pub leg: Option<(usize, &'a Map<String, Json>)>,
}

/// A part of an expression's names, each unknown until a run, and the same in all jobs.
const SHARED: [&str; 2] = ["vars", "secrets"];
/// The same, but each job has its own: that two jobs call them alike does not make them equal.
const OWN: [&str; 6] = ["env", "steps", "job", "runner", "matrix", "strategy"];

impl Facts<'_> {
    /// Whether a job goes on: the truth of its `if`, with the `success()` that is implied.
    ///
    /// # Errors
    /// What makes the condition fail at GitHub.
    pub(super) fn condition(&self, node: usize, condition: Option<&str>) -> Result<Value, Error> {
        let contexts = self.contexts(node)?;
        let scope = self.scope(node, &contexts, condition.unwrap_or_default());
        let Some(text) = condition.map(str::trim).filter(|text| !text.is_empty()) else { return Ok(scope.success) };
        let inner = match whole(text) {
            Some(inner) => inner,
            // Text around the braces makes it text, and text that is not empty is true.
            None if text.contains("${{") => return Ok(Value::Bool(true)),
            None => text,
        };
        let expression = Expr::parse(inner.trim())?;
        if asks_for_status(&expression) {
            return scope.evaluate(&expression);
        }
        match scope.success.truth() {
            Some(false) => Ok(scope.success),
            _ => scope.evaluate(&expression),
        }
    }

    /// A text with expressions in it.
    ///
    /// # Errors
    /// What makes one of them fail.
    pub(super) fn text(&self, node: usize, text: &str) -> Result<Value, Error> {
        let contexts = self.contexts(node)?;
        fill(&self.scope(node, &contexts, text), text)
    }

    fn scope<'b>(&'b self, node: usize, contexts: &'b Object, text: &str) -> Scope<'b> {
        let own = &self.plan.nodes[node];
        let before = &own.before;
        let ended = |outcome| before.iter().any(|each| self.outcomes[*each] == Some(outcome));
        Scope {
            contexts,
            // A job that was skipped anywhere before is no success either.
            success: Value::Bool(!ended(Outcome::Failure) && !ended(Outcome::Skipped)),
            failure: Value::Bool(ended(Outcome::Failure)),
            cancelled: Value::unknown("cancelled()", Some(Kind::Bool)),
            assumed: self.assumed,
            place: if OWN.iter().any(|name| names(text, name)) { &own.title } else { &own.place },
        }
    }

    fn contexts(&self, node: usize) -> Result<Object, Error> {
        let mut pairs: Vec<(Rc<str>, Value)> = vec![
            ("github".into(), self.github()),
            ("inputs".into(), self.inputs(node)?),
            ("needs".into(), self.needs(node)?),
        ];
        pairs.extend(SHARED.map(|name| (name.into(), open(name, Vec::new()))));
        for name in OWN {
            let named = format!("{}: {name}", self.plan.nodes[node].title);
            let value = if name == "matrix" { self.matrix(node, &named)? } else { open(&named, Vec::new()) };
            pairs.push((name.into(), value));
        }
        Ok(Object::new(pairs))
    }

    /// The leg that is looked at. Where none is, as for what a call hands on, it is one question which leg it is.
    fn matrix(&self, node: usize, name: &str) -> Result<Value, Error> {
        let own = &self.plan.nodes[node];
        let Some(matrix) = &self.files.workflows[own.workflow].jobs[own.job].matrix else {
            return Ok(open(name, Vec::new()));
        };
        let pairs = match self.leg.filter(|(of, _)| *of == node) {
            Some((_, leg)) => leg.iter().map(|(key, value)| Ok((key.as_str().into(), read(value)?))).collect(),
            None => which(matrix, name),
        }?;
        Ok(if matrix.open { open(name, pairs) } else { object(pairs) })
    }

    fn github(&self) -> Value {
        let mut known: Vec<(Rc<str>, Value)> = vec![("event_name".into(), Value::text(self.trigger.event.as_str()))];
        if let [branch] = self.trigger.branches.as_slice()
            && self.trigger.event == "push"
            && !branch.contains(['*', '?', '[', '!', '+'])
        {
            known.push(("ref".into(), Value::text(format!("refs/heads/{branch}"))));
            known.push(("ref_name".into(), Value::text(branch.as_str())));
            known.push(("ref_type".into(), "branch".into()));
        }
        open("github", known)
    }

    fn inputs(&self, node: usize) -> Result<Value, Error> {
        let Some(parent) = self.plan.nodes[node].parent else {
            let each = self.trigger.inputs.iter().map(|input| (input.name.as_str().into(), typed_in(input)));
            return Ok(object(each));
        };
        let caller = &self.plan.nodes[parent];
        let Body::Call { uses, with, .. } = &self.files.workflows[caller.workflow].jobs[caller.job].body else {
            return Ok(Value::Null);
        };
        let called = self.files.called(caller.workflow, uses);
        let declared = called.and_then(|called| self.files.workflows[called].call.as_deref()).unwrap_or_default();
        let contexts = self.contexts(parent)?;
        let mut pairs = Vec::new();
        for input in declared {
            let given = with.iter().find(|(name, _)| name.eq_ignore_ascii_case(&input.name));
            let value = match given.map(|(_, value)| value).or(input.default.as_ref()) {
                Some(Json::String(text)) => fill(&self.scope(parent, &contexts, text), text)?,
                Some(other) => read(other)?,
                None => match input.kind.as_str() {
                    "boolean" => Value::Bool(false),
                    "number" => Value::Number(0.0),
                    _ => Value::text(""),
                },
            };
            pairs.push((input.name.as_str().into(), value));
        }
        Ok(object(pairs))
    }

    fn needs(&self, node: usize) -> Result<Value, Error> {
        let own = &self.plan.nodes[node];
        let mut pairs = Vec::new();
        for need in &own.needs {
            let job = &self.files.workflows[own.workflow].jobs[self.plan.nodes[*need].job];
            let name = if own.place.is_empty() { String::new() } else { format!("{}: ", own.place) };
            let name = format!("{name}needs.{}.outputs", job.id.to_lowercase());
            let outcome = self.outcomes[*need];
            let (result, outputs) = match (outcome, &job.body) {
                (Some(Outcome::Skipped), _) => ("skipped", object([])),
                (Some(Outcome::Success), Body::Steps { outputs, .. }) => {
                    ("success", self.outputs(*need, &name, outputs)?)
                }
                (Some(Outcome::Success), Body::Call { .. }) => ("success", open(&name, Vec::new())),
                _ => ("failure", open(&name, Vec::new())),
            };
            let facts = object([("result".into(), result.into()), ("outputs".into(), outputs)]);
            pairs.push((job.id.as_str().into(), facts));
        }
        Ok(object(pairs))
    }

    /// What a job that ended well leaves: known where it does not depend on its steps.
    fn outputs(&self, node: usize, name: &str, outputs: &[(String, String)]) -> Result<Value, Error> {
        let mut pairs = Vec::new();
        for (output, text) in outputs {
            let value = match self.text(node, text)? {
                Value::Unknown(_) => Value::unknown(format!("{name}.{}", output.to_lowercase()), Some(Kind::String)),
                known => Value::String(known.coerced()),
            };
            pairs.push((output.as_str().into(), value));
        }
        Ok(object(pairs))
    }
}

fn object(pairs: impl IntoIterator<Item = (Rc<str>, Value)>) -> Value {
    Value::Object(Rc::new(Object::new(pairs)))
}

fn open(name: &str, pairs: Vec<(Rc<str>, Value)>) -> Value {
    Value::Object(Rc::new(Object::open(name, pairs)))
}

/// Whether an expression in this text has to do with a context.
fn names(text: &str, context: &str) -> bool {
    let text = text.to_lowercase();
    text.match_indices(context).any(|(at, _)| text[at + context.len()..].starts_with(['.', '[']))
}

fn read(value: &Json) -> Result<Value, Error> {
    expression::from_json(&value.to_string())
}

/// Each key of a matrix, with one answer for each leg; the answer for one key is the answer for all.
fn which(matrix: &Matrix, name: &str) -> Result<Vec<(Rc<str>, Value)>, Error> {
    let key_of = |key: &str| format!("{name}.{}", key.to_lowercase());
    let keys: BTreeSet<&str> = matrix.legs.iter().flat_map(|leg| leg.keys().map(String::as_str)).collect();
    let mut pairs = Vec::new();
    for key in &keys {
        let mut choices = Vec::new();
        for leg in &matrix.legs {
            let value = |key: &&str| Ok((key_of(key), leg.get(*key).map_or(Ok(Value::Null), read)?));
            let known = keys.iter().map(value).collect::<Result<_, Error>>()?;
            choices.push(Choice { label: format!("{name} is {}", leg_label(leg)), known });
        }
        let atom = Rc::new(Atom { key: key_of(key), choices });
        pairs.push(((*key).into(), Value::Unknown(Unknown { kind: None, truth: None, atom, whole: true })));
    }
    Ok(pairs)
}

/// A leg as GitHub shows it behind the job's name.
pub(super) fn leg_label(leg: &Map<String, Json>) -> String {
    let plain = |value: &Json| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    format!("({})", leg.values().map(plain).collect::<Vec<_>>().join(", "))
}

/// What a person may have typed.
fn typed_in(input: &Input) -> Value {
    let key = format!("inputs.{}", input.name.to_lowercase());
    match (input.kind.as_str(), input.options.as_slice()) {
        ("boolean", _) => Value::unknown(key, Some(Kind::Bool)),
        ("choice", options @ [_, ..]) => {
            let choices = options.iter().map(|option| Choice {
                label: format!("{key} is {option}"),
                known: vec![(key.clone(), Value::text(option.as_str()))],
            });
            let atom = Rc::new(Atom { choices: choices.collect(), key });
            Value::Unknown(Unknown { kind: Some(Kind::String), truth: None, atom, whole: true })
        }
        ("number", _) => Value::unknown(key, Some(Kind::Number)),
        _ => Value::unknown(key, Some(Kind::String)),
    }
}

/// The inside, where braces stand around all of a text.
pub(super) fn whole(text: &str) -> Option<&str> {
    let inner = text.trim().strip_prefix("${{")?.strip_suffix("}}")?;
    (expressions(text).as_slice() == [inner]).then_some(inner)
}

fn fill(scope: &Scope<'_>, text: &str) -> Result<Value, Error> {
    if let Some(inner) = whole(text) {
        return expression::evaluate(inner, scope);
    }
    let mut filled = String::new();
    let mut rest = text;
    for inner in expressions(text) {
        let (before, after) = rest.split_once("${{").unwrap_or((rest, ""));
        filled.push_str(before);
        match expression::evaluate(inner, scope)? {
            Value::Unknown(unknown) => {
                return Ok(Value::Unknown(Unknown { kind: Some(Kind::String), truth: None, whole: false, ..unknown }));
            }
            known => filled.push_str(&known.coerced()),
        }
        rest = &after[inner.len() + 2..];
    }
    filled.push_str(rest);
    Ok(Value::text(filled))
}

/// Whether a condition asks how the jobs before ended: only then `success()` is not implied.
fn asks_for_status(expression: &SpannedExpr<'_>) -> bool {
    match &expression.inner {
        Expr::Call(call) => {
            let status = [Function::Success, Function::Failure, Function::Always, Function::Cancelled];
            status.contains(&call.func) || call.args.iter().any(asks_for_status)
        }
        Expr::Context(context) => context.parts.iter().any(asks_for_status),
        Expr::Index(index) => asks_for_status(index),
        Expr::BinExpr(binary) => asks_for_status(&binary.lhs) || asks_for_status(&binary.rhs),
        Expr::UnExpr { expr, .. } => asks_for_status(expr),
        _ => false,
    }
}
