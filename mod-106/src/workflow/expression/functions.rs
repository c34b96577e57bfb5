//! The functions of expressions, on values of which parts may be unknown.
//!
//! Source: `funcs/*.ts` of `@actions/expressions`, mistakes included. What a function gives for an unknown argument is unknown, but of a
//! known kind.

use super::compare::{equal, upper};
use super::value::{Kind, Unknown, Value};
use super::{Error, json, number};
use github_actions_expressions::call::Function;

/// Calls a function that looks at its arguments only.
///
/// # Errors
/// Text that is no JSON, a format string that names no argument, a `case` whose condition is no boolean.
pub(super) fn call(function: Function, arguments: &[Value]) -> Result<Value, Error> {
    match (function, arguments) {
        (Function::Contains, [search, item]) => Ok(contains(search, item)),
        (Function::StartsWith, [text, start]) => Ok(affix(text, start, |text, start| text.starts_with(start))),
        (Function::EndsWith, [text, end]) => Ok(affix(text, end, |text, end| text.ends_with(end))),
        (Function::Format, [pattern, arguments @ ..]) => format(pattern, arguments),
        (Function::Join, [list, rest @ ..]) => Ok(join(list, rest.first())),
        (Function::ToJSON, [value]) => Ok(match partial(value) {
            Some(unknown) => unknown.derived(Some(Kind::String), Some(true)),
            None => Value::text(json::write(value)),
        }),
        (Function::FromJSON, [text]) => from_json(text),
        (Function::Case, arguments) => case(arguments),
        _ => Err(Error::Arity(function)),
    }
}

/// The unknown in a value, one that stands for an open mapping's other properties included.
fn partial(value: &Value) -> Option<Unknown> {
    value.first_unknown().cloned().or_else(|| {
        let open = match value {
            Value::Object(object) => object.rest().map(str::to_owned).or_else(|| inner(object.values())),
            Value::Array(array) => inner(array.items.iter()),
            _ => None,
        }?;
        let Value::Unknown(unknown) = Value::unknown(open, None) else { return None };
        Some(unknown)
    })
}

fn inner<'a>(mut values: impl Iterator<Item = &'a Value>) -> Option<String> {
    values.find_map(|value| partial(value).map(|unknown| unknown.atom.key.clone()))
}

fn unknown_bool(unknown: &Unknown) -> Value {
    unknown.derived(Some(Kind::Bool), None)
}

fn contains(search: &Value, item: &Value) -> Value {
    match (search, item) {
        (Value::Unknown(unknown), _) => unknown_bool(unknown),
        (Value::Array(list), item) => {
            let answers: Vec<_> = list.items.iter().map(|each| equal(item, each)).collect();
            match (answers.contains(&Some(true)), answers.contains(&None)) {
                (true, _) => Value::Bool(true),
                (false, false) => Value::Bool(false),
                (false, true) => {
                    item.first_unknown().or_else(|| search.first_unknown()).map_or(Value::Bool(false), unknown_bool)
                }
            }
        }
        (Value::Object(_), _) => Value::Bool(false),
        (_, Value::Unknown(unknown)) => unknown_bool(unknown),
        (_, Value::Array(_) | Value::Object(_)) => Value::Bool(false),
        (text, part) => Value::Bool(text.coerced().to_lowercase().contains(&part.coerced().to_lowercase())),
    }
}

fn affix(text: &Value, part: &Value, holds: fn(&str, &str) -> bool) -> Value {
    match (text, part) {
        _ if text.is_primitive() == Some(false) || part.is_primitive() == Some(false) => Value::Bool(false),
        (Value::Unknown(unknown), _) | (_, Value::Unknown(unknown)) => unknown_bool(unknown),
        _ => Value::Bool(holds(&upper(&text.coerced()), &upper(&part.coerced()))),
    }
}

fn join(list: &Value, separator: Option<&Value>) -> Value {
    match (list, separator) {
        (Value::Unknown(unknown), _) => unknown.derived(Some(Kind::String), None),
        (Value::Object(_), _) => Value::text(""),
        (Value::Array(list), Some(Value::Unknown(unknown))) if list.items.len() > 1 => {
            unknown.derived(Some(Kind::String), None)
        }
        (Value::Array(list), separator) => {
            if let Some(unknown) = list.items.iter().find_map(|item| match item {
                Value::Unknown(unknown) => Some(unknown),
                _ => None,
            }) {
                return unknown.derived(Some(Kind::String), None);
            }
            let separator = separator.filter(|separator| separator.is_primitive() == Some(true)).map(Value::coerced);
            let items: Vec<_> = list.items.iter().map(Value::coerced).collect();
            Value::text(items.join(separator.as_deref().unwrap_or(",")))
        }
        (primitive, _) => Value::String(primitive.coerced()),
    }
}

fn from_json(text: &Value) -> Result<Value, Error> {
    if let Value::Unknown(unknown) = text {
        return Ok(unknown.derived(None, None));
    }
    let text = text.coerced();
    if text.trim_matches(number::is_white).is_empty() {
        return Err(Error::EmptyJson);
    }
    json::read(&text).map_err(Error::Json)
}

/// All arguments are evaluated, also those that are not chosen.
fn case(arguments: &[Value]) -> Result<Value, Error> {
    let (default, pairs) = arguments.split_last().ok_or(Error::Arity(Function::Case))?;
    for pair in pairs.chunks_exact(2) {
        match &pair[0] {
            Value::Bool(true) => return Ok(pair[1].clone()),
            Value::Bool(false) => {}
            Value::Unknown(unknown) => return Ok(unknown.derived(None, None)),
            _ => return Err(Error::Case),
        }
    }
    Ok(default.clone())
}

fn format(pattern: &Value, arguments: &[Value]) -> Result<Value, Error> {
    if let Value::Unknown(unknown) = pattern {
        return Ok(unknown.derived(Some(Kind::String), None));
    }
    let pattern = pattern.coerced();
    let mut text = String::new();
    let mut first_unknown: Option<Unknown> = None;
    let mut rest = &*pattern;
    while let Some(at) = rest.find(['{', '}']) {
        text.push_str(&rest[..at]);
        let (brace, after) = rest[at..].split_at(1);
        if let Some(doubled) = after.strip_prefix(brace) {
            text.push_str(brace);
            rest = doubled;
            continue;
        }
        let invalid = || Error::Format(pattern.to_string());
        // After the digits anything may stand before the brace: GitHub's package skips it.
        let inside = (brace == "{").then(|| after.split_once('}')).flatten();
        let (inside, after) = inside.ok_or_else(invalid)?;
        let digits = inside.len() - inside.trim_start_matches(|character: char| character.is_ascii_digit()).len();
        let index: usize = inside[..digits].parse().map_err(|_| invalid())?;
        let argument = arguments.get(index).ok_or_else(|| Error::FormatArguments(pattern.to_string()))?;
        if let Value::Unknown(unknown) = argument {
            first_unknown.get_or_insert_with(|| unknown.clone());
        }
        text.push_str(&argument.coerced());
        rest = after;
    }
    text.push_str(rest);
    Ok(match first_unknown {
        // An unknown argument may be empty; what stands around it is not.
        Some(unknown) => {
            let certain = text.chars().any(|character| character != '?');
            unknown.derived(Some(Kind::String), certain.then_some(true))
        }
        None => Value::text(text),
    })
}
