//! Equality and order, in three values: true, false, and nothing where that depends on what is unknown.
//!
//! Source: `result.ts` of `@actions/expressions`. Strings are compared in upper case, values of two kinds as numbers, lists and
//! mappings by identity.

use super::value::{Kind, Value};
use std::cmp::Ordering;
use std::rc::Rc;

/// Whether two values are equal.
pub(super) fn equal(left: &Value, right: &Value) -> Option<bool> {
    over_both(left, right, &|left, right| match (left, right) {
        (Value::Array(left), Value::Array(right)) => Rc::ptr_eq(left, right),
        (Value::Object(left), Value::Object(right)) => Rc::ptr_eq(left, right),
        (Value::Null, Value::Null) => true,
        (Value::Bool(left), Value::Bool(right)) => left == right,
        (Value::String(left), Value::String(right)) => upper(left) == upper(right),
        _ => is_number(left) && is_number(right) && left.number() == right.number(),
    })
}

/// Whether the first is in this order to the second.
pub(super) fn ordered(left: &Value, right: &Value, order: Ordering) -> Option<bool> {
    over_both(left, right, &|left, right| match (left, right) {
        (Value::Null, Value::Null) => false,
        (Value::Bool(left), Value::Bool(right)) => left.cmp(right) == order,
        (Value::String(left), Value::String(right)) => {
            upper(left).encode_utf16().cmp(upper(right).encode_utf16()) == order
        }
        _ => is_number(left) && is_number(right) && left.number().partial_cmp(&right.number()) == Some(order),
    })
}

/// Lists and mappings are never coerced.
fn is_number(value: &Value) -> bool {
    !matches!(value, Value::Array(_) | Value::Object(_))
}

/// Tries both values of an unknown boolean: where they agree, the answer is known.
fn over_both(left: &Value, right: &Value, decide: &dyn Fn(&Value, &Value) -> bool) -> Option<bool> {
    let mut answers = possible(left)?.into_iter().flat_map(|left| {
        possible(right).unwrap_or_default().into_iter().map(move |right| (left.clone(), right)).collect::<Vec<_>>()
    });
    let first = answers.next().map(|(left, right)| decide(&left, &right))?;
    answers.all(|(left, right)| decide(&left, &right) == first).then_some(first)
}

fn possible(value: &Value) -> Option<Vec<Value>> {
    match value {
        Value::Unknown(unknown) if unknown.kind == Some(Kind::Bool) => {
            Some(vec![Value::Bool(true), Value::Bool(false)])
        }
        Value::Unknown(_) => None,
        known => Some(vec![known.clone()]),
    }
}

/// Upper case, but for the small dotless ı.
pub(super) fn upper(text: &str) -> String {
    text.split('ı').map(str::to_uppercase).collect::<Vec<_>>().join("ı")
}
