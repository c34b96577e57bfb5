//! The evaluator: a syntax tree and what is known, to a value that may be unknown.
//!
//! `&&` and `||` give one of their operands and look at the second only where they must; an unknown first operand leaves open which, and
//! the result says what holds either way. Whatever an earlier decision on this path fixed (`assumed`) is used wherever it turns up again.

use super::value::{Atom, Kind, Object, Unknown, Value};
use super::{Error, compare, functions, number};
use github_actions_expressions::call::{Call, Function};
use github_actions_expressions::literal::Literal;
use github_actions_expressions::op::{BinExpr, BinOp};
use github_actions_expressions::{Expr, SpannedExpr};
use std::cmp::Ordering;
use std::collections::HashMap;
use std::rc::Rc;

/// What is known where an expression stands.
#[derive(Debug)]
pub struct Scope<'a> {
    /// `github`, `needs`, `inputs` and the others, by name.
    pub contexts: &'a Object,
    /// What `success()` gives.
    pub success: Value,
    /// What `failure()` gives.
    pub failure: Value,
    /// What `cancelled()` gives.
    pub cancelled: Value,
    /// What was decided on this path, by the atoms' names.
    pub assumed: &'a HashMap<String, Value>,
    /// Where expressions stand that call alike what is not the same: a called workflow's own `needs`.
    pub place: &'a str,
}

impl Scope<'_> {
    /// The value of an expression.
    ///
    /// # Errors
    /// What makes the expression fail at GitHub too.
    pub fn evaluate(&self, expression: &SpannedExpr<'_>) -> Result<Value, Error> {
        let value = match &expression.inner {
            Expr::Literal(literal) => literal_value(literal, expression.origin.raw),
            Expr::Call(call) => self.call(call, expression)?,
            Expr::Identifier(name) => self.contexts.get(name.as_str()).unwrap_or(Value::Null),
            Expr::Context(context) => {
                let (head, accesses) = context.parts.split_first().ok_or(Error::Empty)?;
                let mut value = self.settled(self.evaluate(head)?);
                for access in accesses {
                    value = self.settled(self.access(&value, access)?);
                }
                value
            }
            Expr::BinExpr(BinExpr { lhs, op: BinOp::And, rhs }) => self.logical(lhs, rhs, false)?,
            Expr::BinExpr(BinExpr { lhs, op: BinOp::Or, rhs }) => self.logical(lhs, rhs, true)?,
            Expr::BinExpr(binary) => self.comparison(binary, expression)?,
            Expr::UnExpr { expr, .. } => match self.evaluate(expr)? {
                Value::Unknown(unknown) => match unknown.truth {
                    Some(truth) => Value::Bool(!truth),
                    None => unknown.derived(Some(Kind::Bool), None),
                },
                known => Value::Bool(known.truth() == Some(false)),
            },
            Expr::Star | Expr::Index(_) => return Err(Error::Empty),
        };
        Ok(self.settled(value))
    }

    /// What was decided about an unknown value, where something was.
    fn settled(&self, value: Value) -> Value {
        match &value {
            Value::Unknown(unknown) if unknown.whole => self.assumed.get(&unknown.atom.key).cloned().unwrap_or(value),
            _ => value,
        }
    }

    fn logical(&self, left: &SpannedExpr<'_>, right: &SpannedExpr<'_>, or: bool) -> Result<Value, Error> {
        let left = self.evaluate(left)?;
        match left.truth() {
            Some(truth) if truth == or => Ok(left),
            Some(_) => self.evaluate(right),
            None => {
                let Value::Unknown(unknown) = left else { return Ok(left) };
                // The second operand may never be looked at, so that it fails says nothing yet.
                let right = self.evaluate(right).ok();
                let truth = right.as_ref().and_then(Value::truth).filter(|truth| *truth == or);
                let kind = unknown.kind.filter(|kind| right.as_ref().is_some_and(|right| right.kind() == Some(*kind)));
                Ok(unknown.derived(kind, truth))
            }
        }
    }

    fn comparison(&self, binary: &BinExpr<'_>, whole: &SpannedExpr<'_>) -> Result<Value, Error> {
        let (left, right) = (self.evaluate(&binary.lhs)?, self.evaluate(&binary.rhs)?);
        let equal = || compare::equal(&left, &right);
        let either = |order: Ordering| match (equal(), compare::ordered(&left, &right, order)) {
            (Some(true), _) | (_, Some(true)) => Some(true),
            (Some(false), Some(false)) => Some(false),
            _ => None,
        };
        let answer = match binary.op {
            BinOp::Eq => equal(),
            BinOp::Neq => equal().map(|equal| !equal),
            BinOp::Gt => compare::ordered(&left, &right, Ordering::Greater),
            BinOp::Lt => compare::ordered(&left, &right, Ordering::Less),
            BinOp::Ge => either(Ordering::Greater),
            _ => either(Ordering::Less),
        };
        if let Some(answer) = answer {
            return Ok(Value::Bool(answer));
        }
        Ok(self.undecided(&left, &right, binary, whole))
    }

    /// A comparison that depends on what is unknown: what to decide first.
    fn undecided(&self, left: &Value, right: &Value, binary: &BinExpr<'_>, whole: &SpannedExpr<'_>) -> Value {
        let sides = [(left, right), (right, left)];
        for (side, other) in sides {
            let Value::Unknown(unknown) = side else { continue };
            // Where every value is named, the value is asked for: a comparison's *no* would leave it open.
            if unknown.atom.is_closed() {
                return unknown.derived(Some(Kind::Bool), None);
            }
            let equality = matches!(binary.op, BinOp::Eq | BinOp::Neq) && matches!(other, Value::String(_));
            if equality && unknown.whole {
                let key = format!("{} == '{}'", unknown.atom.key, other.coerced().to_lowercase());
                let atom = Atom::equality(key, &unknown.atom.key, other);
                return self.answer(atom, binary.op == BinOp::Neq);
            }
        }
        self.answer(Atom::question(self.key(whole)), false)
    }

    /// A yes-or-no question, answered if it was decided.
    fn answer(&self, atom: Rc<Atom>, negated: bool) -> Value {
        match self.assumed.get(&atom.key) {
            Some(Value::Bool(answer)) => Value::Bool(*answer != negated),
            _ => Value::Unknown(Unknown { kind: Some(Kind::Bool), truth: None, atom, whole: !negated }),
        }
    }

    fn call(&self, call: &Call<'_>, whole: &SpannedExpr<'_>) -> Result<Value, Error> {
        match call.func {
            Function::Success => return Ok(self.success.clone()),
            Function::Failure => return Ok(self.failure.clone()),
            Function::Cancelled => return Ok(self.cancelled.clone()),
            Function::Always => return Ok(Value::Bool(true)),
            Function::HashFiles => return Ok(Value::unknown(self.key(whole), Some(Kind::String))),
            _ => {}
        }
        let arguments = call.args.iter().map(|argument| self.evaluate(argument)).collect::<Result<Vec<_>, _>>()?;
        Ok(match functions::call(call.func, &arguments)? {
            // A question of its own, unless it passes on what a `case` or a `join` was given.
            Value::Unknown(unknown) if !unknown.whole => {
                let Value::Unknown(own) = Value::unknown(self.key(whole), unknown.kind) else {
                    return Err(Error::Empty);
                };
                Value::Unknown(Unknown { truth: unknown.truth, ..own })
            }
            value => value,
        })
    }

    fn access(&self, value: &Value, access: &SpannedExpr<'_>) -> Result<Value, Error> {
        let index = match &access.inner {
            Expr::Star => None,
            Expr::Identifier(name) => Some(Value::text(name.as_str())),
            Expr::Index(index) if matches!(index.inner, Expr::Star) => None,
            Expr::Index(index) => Some(self.evaluate(index)?),
            _ => return Err(Error::Empty),
        };
        Ok(match (value, index) {
            (Value::Unknown(unknown), index) => {
                let name = match &index {
                    None => "*".to_owned(),
                    Some(Value::Unknown(index)) => index.atom.key.clone(),
                    Some(index) => index.coerced().to_lowercase(),
                };
                Value::unknown(format!("{}.{name}", unknown.atom.key), index.is_none().then_some(Kind::Array))
            }
            (Value::Array(_) | Value::Object(_), Some(Value::Unknown(index))) => {
                Value::unknown(format!("{}[{}]", self.key(access), index.atom.key), None)
            }
            (Value::Array(array), index) if array.filtered => filter(&array.items, index.as_ref()),
            (Value::Array(array), None) => Value::filtered(array.items.clone()),
            (Value::Array(array), Some(index)) => item(&array.items, &index).unwrap_or(Value::Null),
            (Value::Object(object), None) => match (object.all(), object.rest()) {
                (Some(items), _) => Value::filtered(items),
                (None, name) => Value::unknown(format!("{}.*", name.unwrap_or_default()), Some(Kind::Array)),
            },
            (Value::Object(object), Some(index)) if index.is_primitive() == Some(true) => {
                object.get(&index.coerced()).unwrap_or(Value::Null)
            }
            (_, None) => Value::filtered(Vec::new()),
            _ => Value::Null,
        })
    }

    /// What a part of an expression is called: its text, without what does not matter.
    fn key(&self, expression: &SpannedExpr<'_>) -> String {
        let text = expression.origin.raw.split_whitespace().collect::<Vec<_>>().join(" ");
        if self.place.is_empty() { text } else { format!("{}: {text}", self.place) }
    }
}

fn literal_value(literal: &Literal<'_>, raw: &str) -> Value {
    match literal {
        Literal::Null => Value::Null,
        Literal::Boolean(value) => Value::Bool(*value),
        Literal::String(value) => Value::text(&**value),
        // The parser reads `0xFFFFFFFF` as the runner does; GitHub's package is what we are held against.
        Literal::Number(value) => {
            let written =
                raw.trim_matches(|character: char| matches!(character, '(' | ')') || character.is_whitespace());
            Value::Number(if value.is_nan() { *value } else { number::parse(written) })
        }
    }
}

/// An item of a list, by anything that reads as a number.
fn item(items: &[Value], index: &Value) -> Option<Value> {
    let number = index.number();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "beyond what fits there is no item")]
    let position = (number.is_finite() && number >= 0.0).then(|| number.floor() as usize)?;
    items.get(position).cloned()
}

/// A property of each item that has it.
fn filter(items: &[Value], index: Option<&Value>) -> Value {
    let mut found = Vec::new();
    for each in items {
        match (each, index) {
            (Value::Unknown(unknown), _) => {
                let name = index.map_or("*".into(), Value::coerced);
                return Value::unknown(format!("{}.{name}", unknown.atom.key), Some(Kind::Array));
            }
            (Value::Array(array), None) => found.extend(array.items.iter().cloned()),
            (Value::Array(array), Some(index)) => found.extend(item(&array.items, index)),
            (Value::Object(object), None) => match object.all() {
                Some(values) => found.extend(values),
                None => {
                    return Value::unknown(format!("{}.*", object.rest().unwrap_or_default()), Some(Kind::Array));
                }
            },
            (Value::Object(object), Some(index)) if index.is_primitive() == Some(true) => {
                found.extend(object.get(&index.coerced()));
            }
            _ => {}
        }
    }
    Value::filtered(found)
}
